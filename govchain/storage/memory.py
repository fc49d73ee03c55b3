"""A store that forgets: for tests, simulation and rehearsals without a disk.

Same contract as the durable one. Nothing may be added here that the durable one cannot do.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Final

from govchain.errors import StorageFailure
from govchain.model import STAGED, Space, Write


class MemoryView:
    """See `View`."""

    def __init__(self, spaces: dict[Space, dict[bytes, bytes]]) -> None:
        self._spaces = spaces

    def get(self, space: Space, key: bytes) -> bytes | None:
        """Value of a key, or None."""
        return self._spaces[space].get(key)

    def scan(self, space: Space, *, start: bytes, limit: int) -> list[tuple[bytes, bytes]]:
        """See `View.scan`."""
        entries = self._spaces[space]
        chosen = sorted(key for key in entries if key >= start)
        return [(key, entries[key]) for key in chosen[:limit]]

    def close(self) -> None:
        """See `View.close`."""
        self._spaces = {}


MEMORY_GUARD_RECORDS: Final = 256
"""Records after which a guard in memory asks to be written anew."""


class MemoryStore:
    """Dictionaries, one a space."""

    def __init__(self) -> None:
        self._spaces: dict[Space, dict[bytes, bytes]] = {space: {} for space in Space}
        self._is_closed = False

    def get(self, space: Space, key: bytes) -> bytes | None:
        """Value of a key, or None."""
        self._require_open()
        return self._spaces[space].get(key)

    def write(self, writes: Sequence[Write], *, sync: bool) -> None:
        """See `Store.write`; what is in memory is as durable as it will ever be."""
        self._require_open()
        spaces = self._spaces
        for space, key, value in writes:
            if value is None:
                spaces[space].pop(key, None)
            else:
                spaces[space][key] = value

    def scan(
        self, space: Space, *, start: bytes = b"", limit: int | None = None, reverse: bool = False
    ) -> Iterator[tuple[bytes, bytes]]:
        """See `Store.scan`."""
        self._require_open()
        entries = self._spaces[space]
        if reverse:
            chosen = sorted([key for key in entries if not start or key <= start], reverse=True)
        else:
            chosen = sorted([key for key in entries if key >= start])
        return iter([(key, entries[key]) for key in islice(chosen, limit)])

    def view(self) -> MemoryView:
        """See `Store.view`; a copy, so it costs what the store holds."""
        self._require_open()
        return MemoryView({space: dict(entries) for space, entries in self._spaces.items()})

    def clear_staged(self) -> None:
        """See `Store.clear_staged`."""
        self._require_open()
        for _, staged in STAGED:
            self._spaces[staged].clear()

    def adopt_staged(self, writes: Sequence[Write]) -> None:
        """See `Store.adopt_staged`."""
        spaces = self._spaces
        for active, staged in STAGED:
            spaces[active], spaces[staged] = spaces[staged], spaces[active]
        self.write(writes, sync=True)

    def close(self) -> None:
        """See `Store.close`. The content stays, so that a test can open it again with `reopen`."""
        self._is_closed = True

    def reopen(self) -> MemoryStore:
        """The same content in an open store, as a restart of the process would find it."""
        other = MemoryStore()
        other._spaces = self._spaces
        return other

    def copy(self) -> MemoryStore:
        """An open store with the content of this moment: a backup."""
        other = MemoryStore()
        other._spaces = {space: dict(entries) for space, entries in self._spaces.items()}
        return other

    def _require_open(self) -> None:
        if self._is_closed:
            raise StorageFailure("the store in memory is closed")


class MemoryGuard:
    """A guard that forgets, or outlives a stopped validator in the same process."""

    def __init__(self, records: Sequence[bytes] = ()) -> None:
        self.records = list(records)

    @property
    def is_full(self) -> bool:
        """See `Guard.is_full`."""
        return len(self.records) > MEMORY_GUARD_RECORDS

    def append(self, records: Sequence[bytes]) -> None:
        """See `Guard.append`."""
        self.records += records

    def replace(self, records: Sequence[bytes]) -> None:
        """See `Guard.replace`."""
        self.records = list(records)

    def close(self) -> None:
        """See `Guard.close`; the records stay for the next life."""
