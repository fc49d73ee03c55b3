"""The rooms of the key-value store, so that ledger, storage and node name them alike.

Numbers are part of the data format: never reuse one.
"""

from __future__ import annotations

from enum import IntEnum
from typing import Final


class Space(IntEnum):
    """First byte of every key in the store."""

    META = 0
    """Format version, chain id, head."""
    BLOCK = 1
    """Height (8 bytes, big-endian) to canonical block."""
    CERTIFICATE = 2
    """Height to canonical finality certificate."""
    TRANSACTION = 3
    """Transaction id to height and position."""
    STATE = 4
    """State key to value."""
    TREE = 5
    """Nodes of the authenticated state map."""
    HISTORY = 6
    """Nodes of the history tree."""
    VOTE = 7
    """Own votes and accepted proposals above the head (rule RC-1)."""
    EPOCH = 8
    """Epoch (8 bytes, big-endian) to what proves its validator set (rule MB-2)."""
    STAGED_STATE = 9
    """STATE of a snapshot that is being fetched (rule CU-3), until `Store.adopt_staged`."""
    STAGED_TREE = 10
    """TREE of a snapshot that is being fetched."""
    EVIDENCE = 11
    """Epoch, validator and phase to the evidence that is kept (rule EV-1)."""


STAGED: Final = ((Space.STATE, Space.STAGED_STATE), (Space.TREE, Space.STAGED_TREE))
"""Spaces that a snapshot replaces, each with the one in which it is prepared."""


Write = tuple[Space, bytes, bytes | None]
"""One change of the store: space, key, and the value, or None to delete."""
