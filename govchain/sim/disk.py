"""A simulated disk and its guard: a sync takes time, and what no sync confirmed goes or tears with the power.

The store under it keeps what a database would keep. Which validator loses power is decided elsewhere.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from govchain.model import Space, Write
from govchain.storage import MemoryGuard, MemoryStore, View


class SimDisk:
    """A store that knows how to undo what no sync has confirmed.

    Args:
        store: What the disk holds.
        note_sync: Called at each synced write, if anything.
    """

    def __init__(self, store: MemoryStore, note_sync: Callable[[], None] | None) -> None:
        self._store = store
        self.get = store.get
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
            self._store.write(writes, sync=True)
            if self._undo or self._note_sync is not None:
                self._synced()
            return
        replaced = [(space, key, self._store.get(space, key)) for space, key, _ in writes]
        self._store.write(writes, sync=False)
        self._undo += replaced

    def scan(
        self, space: Space, *, start: bytes = b"", limit: int | None = None, reverse: bool = False
    ) -> Iterator[tuple[bytes, bytes]]:
        """See `Store.scan`."""
        return self._store.scan(space, start=start, limit=limit, reverse=reverse)

    def view(self) -> View:
        """See `Store.view`."""
        return self._store.view()

    def clear_staged(self) -> None:
        """See `Store.clear_staged`; what is staged is never undone, since nothing counts on it."""
        self._store.clear_staged()

    def adopt_staged(self, writes: Sequence[Write]) -> None:
        """See `Store.adopt_staged`."""
        self._store.adopt_staged(writes)
        self._synced()

    def close(self) -> None:
        """See `Store.close`."""
        self._store.close()

    def copy(self) -> MemoryStore:
        """The content of this moment: a backup."""
        return self._store.copy()

    def _synced(self) -> None:
        self._undo.clear()
        if self._note_sync is not None:
            self._note_sync()

    def lose_power(self, *, kept: int = 0) -> None:
        """Undo the unsynced writes, but for the first `kept` of them: a batch may be torn."""
        assert 0 <= kept <= len(self._undo)
        lost = self._undo[kept:]
        self._undo.clear()
        if lost:
            self._store.write(lost[::-1], sync=True)


class SimGuard(MemoryGuard):
    """A guard that notes its syncs; nothing of it is ever lost (rule RC-2).

    Args:
        note_sync: Called at each synced write, if anything.
    """

    def __init__(self, note_sync: Callable[[], None] | None) -> None:
        super().__init__()
        self._note_sync = note_sync

    def append(self, records: Sequence[bytes]) -> None:
        """See `Guard.append`."""
        super().append(records)
        if records and self._note_sync is not None:
            self._note_sync()
