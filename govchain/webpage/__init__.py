"""One HTML page that needs nothing but itself: words, style and scripts in one file.

Fills a template and writes the content policy that goes with it. What a page shows is not known here.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping, Sequence


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
