"""A simulated disk: what was not synced when the power went is lost or torn.

The store under it keeps what a database would keep. Which validator loses power is decided elsewhere.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from govchain.model import Space, Write
from govchain.storage import MemoryStore


class SimDisk(MemoryStore):
    """A store in memory that knows how to undo what no sync has confirmed.

    Args:
        note_sync: Called at each synced write, so that the sync costs time.
    """

    def __init__(self, note_sync: Callable[[], None] = lambda: None) -> None:
        super().__init__()
        self._note_sync = note_sync
        self._undo: list[Write] = []
        """What each unsynced write replaced, oldest first."""

    @property
    def unsynced(self) -> int:
        """Single writes that a power cut may take."""
        return len(self._undo)

    def write(self, writes: Sequence[Write], *, sync: bool) -> None:
        """See `Store.write`. A sync confirms everything before it as well, as in a log."""
        if sync:
            self._undo.clear()
            super().write(writes, sync=True)
            self._note_sync()
            return
        for space, key, value in writes:
            self._undo.append((space, key, self.get(space, key)))
            super().write([(space, key, value)], sync=False)

    def lose_power(self, *, kept: int = 0) -> None:
        """Undo the unsynced writes, but for the first `kept` of them: a batch may be torn."""
        assert 0 <= kept <= len(self._undo)
        lost: list[tuple[Space, bytes, bytes | None]] = self._undo[kept:]
        self._undo.clear()
        super().write(list(reversed(lost)), sync=True)
