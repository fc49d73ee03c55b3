"""Lends a state of this validator to one that is far behind (rule CU-3).

One view of the store at a time, for a bounded time; blocks are executed meanwhile and change nothing in it.
What is handed out is not verified here: whoever takes it checks every row and value.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from govchain.codec import encode
from govchain.model import Space
from govchain.node.finality import Finality
from govchain.node.parts import NodeParts
from govchain.node.wire import (
    CHANGES_MAX,
    CHUNK_BYTES,
    ITEMS_MAX,
    SnapshotChunk,
    SnapshotHead,
    SnapshotWanted,
)
from govchain.storage import View

IDLE_S: Final = 30.0
"""A view that nobody asks for is closed: it keeps data on disk that is out of date."""
AGE_S_MAX: Final = 900.0
SCAN_STEP: Final = 64
NOTHING: Final = SnapshotHead(b"", b"", (), ())


@dataclass(slots=True)
class _Lent:
    view: View
    height: int
    epoch: int
    peaks: tuple[bytes, ...]
    opened_s: float
    used_s: float


class SnapshotServer:
    """Answers questions for snapshots. Times are seconds of a monotonic clock."""

    def __init__(self, parts: NodeParts, finality: Finality) -> None:
        self._parts = parts
        self._finality = finality
        self._lent: _Lent | None = None

    def answer(self, wanted: SnapshotWanted, now_s: float) -> SnapshotHead | SnapshotChunk:
        """The head of a state, or a part of it; empty when there is none."""
        self.tidy(now_s)
        if wanted.part == "head":
            return self._head(int.from_bytes(wanted.start, "big"), now_s)
        lent = self._lent
        if lent is None or lent.height != wanted.height:
            return SnapshotChunk(wanted.height, wanted.part, wanted.start, (), is_last=False)
        lent.used_s = now_s
        return _rows(lent, wanted) if wanted.part == "rows" else _values(lent, wanted)

    def tidy(self, now_s: float) -> None:
        """Close a view that nobody uses, or that is too old."""
        lent = self._lent
        if lent is not None and (now_s - lent.used_s > IDLE_S or now_s - lent.opened_s > AGE_S_MAX):
            self.close()

    def close(self) -> None:
        """Keep nothing open."""
        if self._lent is not None:
            self._lent.view.close()
            self._lent = None

    def _head(self, epoch: int, now_s: float) -> SnapshotHead:
        ledger, store = self._parts.ledger, self._parts.store
        if self._lent is None and ledger.height > 0:
            peaks = tuple(node for _, node in ledger.history.peaks(ledger.height - 1))
            assert ledger.head is not None
            self._lent = _Lent(store.view(), ledger.height, ledger.head.epoch, peaks, now_s, now_s)
        lent = self._lent
        if lent is None or lent.height > self._finality.height:
            return NOTHING  # Its certificate comes within a moment.
        if lent.epoch > epoch + CHANGES_MAX:
            return NOTHING  # Half a proof would look like a lie; blocks lead nearer.
        lent.used_s = now_s
        key = lent.height.to_bytes(8, "big")
        block, certificate = store.get(Space.BLOCK, key), store.get(Space.CERTIFICATE, key)
        assert block is not None, "blocks from a snapshot up are stored"
        assert certificate is not None, "final blocks have certificates"
        return SnapshotHead(block, certificate, lent.peaks, self._changes(epoch, lent.epoch))

    def _changes(self, first: int, last: int) -> tuple[bytes, ...]:
        """What proves the validator sets above the first epoch, up to the last one."""
        changes = [self._parts.chain.validator_change(epoch) for epoch in range(first + 1, last + 1)]
        return tuple(encode(change) for change in changes if change is not None)


def _rows(lent: _Lent, wanted: SnapshotWanted) -> SnapshotChunk:
    found, is_last = _read(lent, Space.TREE, wanted.start)
    return SnapshotChunk(lent.height, "rows", wanted.start, tuple(row for _, row in found), is_last)


def _values(lent: _Lent, wanted: SnapshotWanted) -> SnapshotChunk:
    found, is_last = _read(lent, Space.STATE, wanted.start)
    items = tuple(part for pair in found for part in pair)
    return SnapshotChunk(lent.height, "values", wanted.start, items, is_last)


def _read(lent: _Lent, space: Space, start: bytes) -> tuple[list[tuple[bytes, bytes]], bool]:
    """Entries from a key on, within the bounds of one answer, and whether they are the last."""
    found: list[tuple[bytes, bytes]] = []
    size = 0
    while size < CHUNK_BYTES and 2 * (len(found) + SCAN_STEP) <= ITEMS_MAX:
        more = lent.view.scan(space, start=start, limit=SCAN_STEP)
        found += more
        if len(more) < SCAN_STEP:
            return found, True
        size += sum(len(key) + len(value) for key, value in more)
        start = more[-1][0] + b"\x00"
    return found, False
