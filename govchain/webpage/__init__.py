"""One HTML page that needs nothing but itself: words, style and scripts in one file.

Fills a template and writes the content policy that goes with it; has the style and the first script that live
pages share. What a page shows is not known here.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Final

SHARED: Final = ("page.js",)
"""Scripts that every live page runs; they use the words of the page before them."""


@dataclass(frozen=True, slots=True)
class Page:
    """A page and the Content-Security-Policy that goes with it."""

    body: bytes
    policy: str

    @property
    def headers(self) -> dict[str, str]:
        """With which it is handed out; a browser asks each time whether it is still the same."""
        return {"Content-Security-Policy": self.policy, "Cache-Control": "no-cache"}


@cache
def live_page(package: str, *scripts: str) -> Page:
    """A page that asks the server it came from, and nobody else.

    Args:
        package: Where `page.html` and the scripts are.
        scripts: In the order in which they run; a name of `SHARED` is found here.
    """
    texts = [_asset(__package__ if name in SHARED else package, name) for name in scripts]
    body = fill_page(_asset(package, "page.html"), {"style": _asset(__package__, "page.css")}, texts)
    return Page(body.encode(), content_policy(texts, "connect-src 'self'", "frame-ancestors 'none'"))


def _asset(package: str, name: str) -> str:
    return (files(package) / name).read_text(encoding="utf-8")


def fill_page(template: str, parts: Mapping[str, str], scripts: Sequence[str]) -> str:
    """The page.

    Args:
        template: Its places are `@@name@@`; `@@scripts@@` is where the scripts go.
        parts: Name of a place to what stands there, as HTML.
        scripts: In the order in which they run.
    """
    filled = {**parts, "scripts": "\n".join(f"<script>{script}</script>" for script in scripts)}
    # Split rather than replaced: what is put in may itself look like a place to fill.
    pieces = template.split("@@")
    return "".join(filled[piece] if number % 2 else piece for number, piece in enumerate(pieces))


def content_policy(scripts: Sequence[str], *directives: str) -> str:
    """A Content-Security-Policy under which only these scripts run, and nothing is loaded.

    Args:
        directives: What else the page may do, for example `connect-src 'self'`.
    """
    hashes = " ".join(
        f"'sha256-{base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()}'"
        for script in scripts
    )
    fixed = ("base-uri 'none'", "form-action 'none'")
    return "; ".join(
        (
            "default-src 'none'",
            f"script-src {hashes}",
            "style-src 'unsafe-inline'",
            "img-src data: blob:",
            *directives,
            *fixed,
        )
    )
