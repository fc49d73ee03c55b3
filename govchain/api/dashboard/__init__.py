"""The dashboard of a validator: one page that reads the public routes and follows the events.

The page is put together here once. Everything that it shows comes from `/v1`; it has no route of its own.
"""

from __future__ import annotations

from typing import Final

from govchain.webpage import Page, live_page

SCRIPTS: Final = ("words.js", "page.js", "sources.js", "network.js", "traffic.js", "details.js", "main.js")
"""In the order in which they run; each uses what stands before it."""


def dashboard_page() -> Page:
    """The page; the same for every validator."""
    return live_page(__package__, *SCRIPTS)
