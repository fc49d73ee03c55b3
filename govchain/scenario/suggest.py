"""What an error proposes instead of an unknown word. Words in, a phrase out."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from typing import Final

LISTED_MAX: Final = 12


def suggestion(found: str, known: Iterable[str]) -> str:
    """The nearest known word, or the list when nothing is near."""
    words = list(known)
    close = difflib.get_close_matches(found, words, n=1, cutoff=0.5)
    if close:
        return repr(close[0])
    if not words:
        return "none is defined"
    shown = ", ".join(words[:LISTED_MAX])
    return f"one of: {shown}" + (", …" if len(words) > LISTED_MAX else "")
