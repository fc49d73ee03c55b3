"""One HTML page that needs nothing but itself: data, words, style and scripts in one file, and no network.

The content policy of the page forbids every request and every script but those written here. Data is JSON
in a block that nothing executes; the scripts put it into the page as text, never as markup. What the data
says is not known here.
"""

from __future__ import annotations

import html
from importlib.resources import files
from typing import Any, Final

import msgspec
from plotly.offline import get_plotlyjs

from govchain.webpage import content_policy, fill_page

_SCRIPTS: Final = {"run": ("lanes.js", "run.js"), "sweep": ("sweep.js",)}
"""Kind of page to its own scripts, in order."""
_UNSAFE: Final = {
    ord("<"): "\\u003c",
    ord(">"): "\\u003e",
    ord("&"): "\\u0026",
    0x2028: "\\u2028",
    0x2029: "\\u2029",
}
"""Characters that could end the data block or mean something in markup; JSON spells them otherwise."""


def render_page(kind: str, title: str, data: Any) -> bytes:
    """The page.

    Args:
        kind: `run` or `sweep`; names the scripts of this package that draw it.
        title: Of the browser's tab; any text.
        data: JSON values for the script.
    """
    scripts = [get_plotlyjs(), *(_asset(name) for name in ("words.js", "common.js", *_SCRIPTS[kind]))]
    parts = {
        "policy": content_policy(scripts),
        "title": html.escape(title),
        "style": _asset("page.css"),
        "data": msgspec.json.encode(data).decode().translate(_UNSAFE),
    }
    return fill_page(_asset("page.html"), parts, scripts).encode()


def _asset(name: str) -> str:
    return (files("govchain.report") / "assets" / name).read_text(encoding="utf-8")
