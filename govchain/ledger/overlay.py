"""State as one transaction sees it: its own changes, over its block's, over recent blocks', over the store.

Nothing here decodes or judges. Changes become writes only when the block is finished.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Final

UNSAVED_BLOCKS_MAX: Final = 4
"""Blocks whose changes stay readable here, because the store may not have them yet."""
KEPT_MAX: Final = 1024
"""Values kept from the store."""
_KEPT: Final = (b"key/", b"organisation/")
"""What every transaction asks for again, and hardly any changes."""


class RecentChanges:
    """The changes of the last few blocks, newest first in force."""

    def __init__(self, read: Callable[[bytes], bytes | None]) -> None:
        self._read = read
        self._blocks: deque[dict[bytes, bytes | None]] = deque(maxlen=UNSAVED_BLOCKS_MAX)
        self._kept: dict[bytes, bytes | None] = {}

    def get(self, key: bytes) -> bytes | None:
        if key in self._kept:
            return self._kept[key]
        for changes in self._blocks:
            if key in changes:
                return changes[key]
        value = self._read(key)
        if key.startswith(_KEPT):
            if len(self._kept) >= KEPT_MAX:
                self._kept.clear()
            self._kept[key] = value
        return value

    def push(self, changes: dict[bytes, bytes | None]) -> None:
        """Lay a finished block's changes on top; the oldest kept block must be in the store by now."""
        self._blocks.appendleft(changes)
        # What is kept is in force: no block in the deque changed it.
        for key in changes:
            self._kept.pop(key, None)


class StateView:
    """Changes of the block in execution: what is settled, and over it what the current transaction tries."""

    __slots__ = ("_base", "_tried", "settled")

    def __init__(self, base: Callable[[bytes], bytes | None]) -> None:
        self._base = base
        self.settled: dict[bytes, bytes | None] = {}
        self._tried: dict[bytes, bytes | None] = {}

    def get(self, key: bytes) -> bytes | None:
        if key in self._tried:
            return self._tried[key]
        if key in self.settled:
            return self.settled[key]
        return self._base(key)

    def put(self, key: bytes, value: bytes | None) -> None:
        """Try a change: a value, or None to delete."""
        self._tried[key] = value

    def commit(self) -> None:
        """Settle what was tried."""
        self.settled.update(self._tried)
        self._tried.clear()

    def rollback(self) -> None:
        """Forget what was tried."""
        self._tried.clear()
