"""The portal of a person: one page that asks the gateway it came from who used that person's data.

The page is put together here. It holds no data and knows nobody; what it shows comes from `/v1/portal`, for
the token that is typed into it.
"""

from __future__ import annotations

from typing import Final

from govchain.webpage import Page, live_page

SCRIPTS: Final = ("words.js", "page.js", "portal.js", "main.js")
"""In the order in which they run; each uses what stands before it."""


def portal_page() -> Page:
    """The page; the same for everybody."""
    return live_page(__package__, *SCRIPTS)
