"""The dashboard of a validator: one page that reads the public routes and follows the events.

The page is put together here once. Everything that it shows comes from `/v1`; it has no route of its own.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from typing import Final

from govchain.webpage import content_policy, fill_page

SCRIPTS: Final = ("words.js", "page.js", "sources.js", "network.js", "traffic.js", "details.js", "main.js")
"""In the order in which they run; each uses what stands before it."""


@dataclass(frozen=True, slots=True)
class Page:
    """A page and the Content-Security-Policy that goes with it."""

    body: bytes
    policy: str


@lru_cache(maxsize=1)
def dashboard_page() -> Page:
    """The page; the same for every validator."""
    scripts = [_asset(name) for name in SCRIPTS]
    body = fill_page(_asset("page.html"), {"style": _asset("page.css")}, scripts)
    policy = content_policy(scripts, "connect-src 'self'", "frame-ancestors 'none'")
    return Page(body.encode(), policy)


def _asset(name: str) -> str:
    return (files(__package__) / name).read_text(encoding="utf-8")
