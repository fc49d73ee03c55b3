"""Which transactions this validator holds and which of them wait, as ids and sizes; bodies are in the pool.

A chain of blocks may be dropped for another, so nothing is taken out before it is decided.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from itertools import islice

from govchain.model import ProtocolParameters


class WaitingBook:
    """Ids in order of arrival. Bounded by the pool, and by the heights that are remembered."""

    def __init__(self) -> None:
        self._held: dict[bytes, int] = {}
        self._faded: dict[bytes, None] = {}
        """Held, and never to be proposed any more."""
        self._decided: dict[bytes, int] = {}

    def __len__(self) -> int:
        return len(self._held) - len(self._faded)

    def add(self, entries: Iterable[tuple[bytes, int]]) -> None:
        """Take newly available transactions; those that are decided are passed over."""
        for id_, size_bytes in entries:
            if id_ not in self._decided:
                self._held.setdefault(id_, size_bytes)

    def drop(self, ids: Iterable[bytes]) -> None:
        """These left the pool: they are proposed no more, though blocks of others may still name them."""
        for id_ in ids:
            if id_ in self._held:
                self._faded[id_] = None

    def decide(self, ids: Iterable[bytes], seq: int) -> None:
        """The transactions are decided at this height."""
        for id_ in ids:
            self._decided[id_] = seq
            self._held.pop(id_, None)
            self._faded.pop(id_, None)

    def collect(self, seq: int) -> None:
        """Forget what was decided up to this height; from here on the pool is the guard (rule RQ-4)."""
        for id_ in [id_ for id_, at in self._decided.items() if at <= seq]:
            del self._decided[id_]

    def is_decided(self, id_: bytes) -> bool:
        return id_ in self._decided

    def missing(self, ids: Iterable[bytes]) -> tuple[bytes, ...]:
        """Those that are neither held nor decided here."""
        return tuple(id_ for id_ in ids if id_ not in self._held and id_ not in self._decided)

    def oldest(self, limit: int) -> tuple[bytes, ...]:
        """Those that have waited longest."""
        return tuple(islice((id_ for id_ in self._held if id_ not in self._faded), limit))

    def next_batch(self, taken: Collection[bytes], parameters: ProtocolParameters) -> tuple[bytes, ...]:
        """What waits and is not in the blocks below, up to the limits; the first one always fits."""
        chosen: list[bytes] = []
        size = 0
        for id_, size_bytes in self._held.items():
            if id_ in taken or id_ in self._faded:
                continue
            is_full = len(chosen) >= parameters.batch_records_max
            if chosen and (is_full or size + size_bytes > parameters.batch_bytes_max):
                break
            chosen.append(id_)
            size += size_bytes
        return tuple(chosen)
