"""The timestamp tokens of the stories: made by the test authority, kept beside the scenarios as files.

After a change, `python -m tests.support.story_tokens` writes them again; a test compares.
"""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime

from tests.support.scenario_texts import PROJECT
from tests.support.timestamp_authority import make_authority

FOLDER = PROJECT / "scenarios" / "files"
AUTHORITY = make_authority("Story TSA")
PAGE = b"<html><body>BETA hit of the week: a melody in D major</body></html>"


def story_files() -> dict[str, bytes]:
    """File name to content: a token over what each story deposits, and the authority's root."""
    return {
        "captured-page.tsr": _stamp(PAGE, datetime(2026, 9, 8, 1, 1, tzinfo=UTC)),
        "contract-of-work.tsr": _stamp(b"contract of work", datetime(2026, 9, 7, 10, 1, tzinfo=UTC)),
        "timestamp-root.crt": AUTHORITY.root_pem,
    }


def _stamp(data: bytes, at: datetime) -> bytes:
    return AUTHORITY.stamp(hashlib.sha256(data).digest(), at=at)


if __name__ == "__main__":
    for name, data in story_files().items():
        (FOLDER / name).write_bytes(data)
