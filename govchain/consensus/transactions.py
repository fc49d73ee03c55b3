"""Which transactions this validator holds, which are ordered, which wait to be (rules NC-2, NC-7, RQ-4).

Ids and sizes only; bodies are in the pool. An id is in at most one open or remembered slot.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice
from typing import Final

FORWARD_MAX: Final = 512
"""Transactions sent to a slow primary again at once (rule RQ-3)."""


class TransactionBook:
    """Ids by what the order knows of them, each map in order of arrival.

    Bounded by the pool (held, pending) and by the window (ordered).
    """

    __slots__ = ("_executed_to", "_held", "_ordered", "_pending", "pending_bytes")

    def __init__(self) -> None:
        self._held: dict[bytes, int] = {}
        self._pending: dict[bytes, int] = {}
        self._ordered: dict[bytes, int] = {}
        self.pending_bytes = 0
        self._executed_to = 0

    @property
    def pending_count(self) -> int:
        """Transactions that are held and in no accepted proposal."""
        return len(self._pending)

    def add(self, entries: Iterable[tuple[bytes, int]], head: int) -> None:
        """Take newly available transactions; those known as executed or held are passed over."""
        for id_, size_bytes in entries:
            if id_ in self._held or self._ordered.get(id_, head + 1) <= head:
                continue
            self._held[id_] = size_bytes
            if id_ not in self._ordered:
                self._pending[id_] = size_bytes
                self.pending_bytes += size_bytes

    def drop(self, ids: Iterable[bytes]) -> None:
        """Forget expired transactions, unless a proposal that was accepted before still needs them."""
        for id_ in ids:
            if id_ not in self._ordered:
                self._unlist(id_)
                self._held.pop(id_, None)

    def order(self, ids: Iterable[bytes], seq: int) -> None:
        """The transactions are in the accepted proposal of this seq."""
        for id_ in ids:
            assert id_ not in self._ordered, "a transaction is in two accepted proposals"
            self._ordered[id_] = seq
            self._unlist(id_)

    def execute(self, ids: Iterable[bytes], seq: int) -> None:
        """The transactions were executed at this seq: remembered until `collect`, no longer held."""
        self._executed_to = max(seq, self._executed_to)
        for id_ in ids:
            self._ordered[id_] = seq
            self._unlist(id_)
            self._held.pop(id_, None)

    def collect(self, low: int) -> None:
        """Forget what was executed up to the low watermark; from here on nonces are the guard (rule RQ-4)."""
        for id_ in [id_ for id_, seq in self._ordered.items() if seq <= low]:
            del self._ordered[id_]

    def release(self, ids: Iterable[bytes], seq: int) -> None:
        """The slot of this seq was replaced: its transactions wait again if they are held."""
        for id_ in ids:
            if self._ordered.get(id_) == seq:
                del self._ordered[id_]
                if id_ in self._held:
                    self._pending[id_] = self._held[id_]
                    self.pending_bytes += self._held[id_]

    def seq_of(self, id_: bytes) -> int | None:
        """Seq whose accepted proposal carries the transaction, as far as the logs reach back."""
        return self._ordered.get(id_)

    def size_of(self, ids: Iterable[bytes]) -> int:
        """Bytes of held transactions."""
        return sum([self._held.get(id_, 0) for id_ in ids])

    def missing(self, ids: Iterable[bytes]) -> tuple[bytes, ...]:
        """Those that this validator does not hold."""
        held = self._held
        return tuple([id_ for id_ in ids if id_ not in held and not self._is_executed(id_)])

    @property
    def oldest(self) -> bytes | None:
        """The pending id that has waited longest."""
        return next(iter(self._pending), None)

    def is_pending(self, id_: bytes) -> bool:
        """Whether a transaction is held and in no accepted proposal."""
        return id_ in self._pending

    def all_pending(self) -> frozenset[bytes]:
        """The pending ids as they are now."""
        return frozenset(self._pending)

    def waiting(self) -> tuple[bytes, ...]:
        """The oldest pending ids, as many as are worth sending again."""
        return tuple(islice(self._pending, FORWARD_MAX))

    def next_batch(self, records_max: int, bytes_max: int) -> tuple[bytes, ...]:
        """Pending ids in order of arrival, up to the limits; the first one always fits."""
        chosen: list[bytes] = []
        size = 0
        for id_, size_bytes in self._pending.items():
            if chosen and (len(chosen) >= records_max or size + size_bytes > bytes_max):
                break
            chosen.append(id_)
            size += size_bytes
        return tuple(chosen)

    def _is_executed(self, id_: bytes) -> bool:
        return self._ordered.get(id_, self._executed_to + 1) <= self._executed_to

    def _unlist(self, id_: bytes) -> None:
        size_bytes = self._pending.pop(id_, None)
        if size_bytes is not None:
            self.pending_bytes -= size_bytes
        assert self.pending_bytes >= 0
