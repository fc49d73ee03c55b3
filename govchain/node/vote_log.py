"""The vote log on disk: own votes, accepted proposals and the bodies of their transactions (rule RC-1).

Bytes and keys only. What may be voted is the replica's business; a log that cannot be read stops the node.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final

from govchain.codec import decode, encode
from govchain.consensus import LogEntry, SignedMessage
from govchain.errors import MalformedBytes, StorageFailure
from govchain.model import Space, Transaction, Write
from govchain.storage import Store

BODIES_PHASE: Final = "transactions"
"""Beside the entry of a proposal: its transactions. After a crash of all, nobody else may have them."""
_SEQ_BYTES: Final = 8
_PHASE_START: Final = 16


class VoteLog:
    """Entries of every height without certificate. Keys are remembered, so removing them needs no scan.

    Args:
        store: Where they are kept.
        find: A transaction by id, from the pool.
    """

    def __init__(self, store: Store, find: Callable[[bytes], Transaction | None]) -> None:
        self._store = store
        self._find = find
        self._keys_by_seq: dict[int, list[bytes]] = {}

    def load(
        self, head_height: int, is_certified: Callable[[int], bool]
    ) -> tuple[tuple[LogEntry, ...], tuple[Transaction, ...]]:
        """Entries of heights without certificate; the transactions kept beside those above the head.

        Raises:
            StorageFailure: An entry is damaged or of another format: voting on would be a guess (rule RC-3).
        """
        entries: list[LogEntry] = []
        bodies: list[Transaction] = []
        for key, value in self._store.scan(Space.VOTE):
            seq, view, phase = _split(key)
            self._keys_by_seq.setdefault(seq, []).append(key)
            if is_certified(seq) or (phase == BODIES_PHASE and seq <= head_height):
                continue
            try:
                if phase == BODIES_PHASE:
                    bodies += decode(value, tuple[Transaction, ...])
                else:
                    entries.append(LogEntry(seq, phase, view, decode(value, SignedMessage)))
            except MalformedBytes as error:
                raise StorageFailure(
                    f"vote log: {phase} at seq {seq} view {view} is damaged: {error}; this validator refuses "
                    "to vote. Restore the data directory from the moment it stopped, never from an older copy"
                ) from error
        return tuple(entries), tuple(bodies)

    def writes(self, entries: Iterable[LogEntry]) -> list[Write]:
        """What makes these entries durable."""
        made: list[Write] = []
        for entry in entries:
            made.append(self._write(entry.seq, entry.view, entry.phase, encode(entry.signed)))
            if entry.transaction_ids:
                held = tuple(filter(None, map(self._find, entry.transaction_ids)))
                made.append(self._write(entry.seq, entry.view, BODIES_PHASE, encode(held)))
        return made

    def removals(self, is_certified: Callable[[int], bool]) -> list[Write]:
        """What removes every entry of a certified height; belongs into the batch that stores the certificate.

        Not earlier: until then a peer may be unable to decide without these votes (rule RC-1).
        """
        settled = [seq for seq in self._keys_by_seq if is_certified(seq)]
        return [(Space.VOTE, key, None) for seq in settled for key in self._keys_by_seq.pop(seq)]

    def clear_if(self, forgot: str) -> None:
        """Drop a log that lacks something: it must not come back as a good one later (rule RC-2)."""
        if forgot:
            self._store.write(self.removals(lambda seq: True), sync=True)

    def _write(self, seq: int, view: int, phase: str, value: bytes) -> Write:
        key = seq.to_bytes(_SEQ_BYTES, "big") + view.to_bytes(8, "big") + phase.encode("ascii")
        keys = self._keys_by_seq.setdefault(seq, [])
        if key not in keys:  # The entries about views are written again and again under one key.
            keys.append(key)
        return Space.VOTE, key, value


def _split(key: bytes) -> tuple[int, int, str]:
    try:
        phase = key[_PHASE_START:].decode("ascii")
    except UnicodeDecodeError:
        phase = ""
    if len(key) <= _PHASE_START or not phase.isascii() or not phase:
        raise StorageFailure(
            f"vote log: key {key.hex()} is not one that this version wrote; refusing to vote"
        )
    return int.from_bytes(key[:_SEQ_BYTES], "big"), int.from_bytes(key[_SEQ_BYTES:_PHASE_START], "big"), phase
