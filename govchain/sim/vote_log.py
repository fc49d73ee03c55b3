"""Vote log and guard as a simulated validator finds them when it wakes up (rules RC-1, RC-2).

Its counterpart on real processes is `govchain.node.vote_log`. Nothing is judged here.
"""

from __future__ import annotations

import struct
from typing import Final

from govchain.codec import decode, encode
from govchain.consensus import LogEntry, RestoredState, SignedMessage
from govchain.crypto.vote_identity import VoteIdentity
from govchain.ledger import Chain, Ledger
from govchain.model import BlockHeader, FinalityCertificate, Space, Transaction, Write
from govchain.model.votes import NewView
from govchain.storage import MemoryGuard, Store

BODIES: Final = "transactions"
"""Phase under which the bodies of a proposal's transactions are kept beside the vote log."""
_PLACE: Final = struct.Struct(">QQ")
"""Seq and view, so that keys are in order of both."""


def vote_key(seq: int, view: int, phase: str) -> bytes:
    """Key of one entry."""
    return _PLACE.pack(seq, view) + phase.encode("ascii")


class VoteLog:
    """Writes to the vote log of one disk. It knows what is in it, so that nobody has to look."""

    def __init__(self, disk: Store) -> None:
        self._keys: dict[int, dict[bytes, None]] = {}
        """By seq."""
        for key, _ in disk.scan(Space.VOTE):
            self._keys.setdefault(int.from_bytes(key[:8], "big"), {})[key] = None

    def keep(self, entry: LogEntry, bodies: tuple[Transaction, ...]) -> list[Write]:
        """What makes an entry durable, with those bodies of its transactions that are at hand."""
        key = vote_key(entry.seq, entry.view, entry.phase)
        keys = self._keys.setdefault(entry.seq, {})
        keys[key] = None
        writes: list[Write] = [(Space.VOTE, key, encode(entry.signed))]
        if bodies:
            # After a crash of everybody nobody else may have them.
            key = vote_key(entry.seq, entry.view, BODIES)
            keys[key] = None
            writes.append((Space.VOTE, key, encode(bodies)))
        return writes

    def settle(self, height: int) -> list[Write]:
        """What removes the votes of a height; not earlier than with its certificate (rule RC-1)."""
        return [(Space.VOTE, key, None) for key in self._keys.pop(height, ())]


def is_kept(disk: Store, vote: VoteIdentity, signed: SignedMessage) -> bool:
    """Whether a vote is on disk: in the log, or in the new view that stands there (rules RC-1, VC-3)."""
    if disk.get(Space.VOTE, vote_key(vote.seq, vote.view, vote.phase)) is not None:
        return True
    # The primary of a new view may lack batches below: what it carries then stands in the new view alone.
    entries = disk.scan(Space.VOTE, start=b"", limit=None)
    new_views = [decode(value, SignedMessage) for key, value in entries if key.endswith(b"new-view")]
    return any(signed in decode(each.body, NewView).proposals for each in new_views)


def first_uncertified(ledger: Ledger, chain: Chain) -> int:
    """The lowest height without a certificate near the head, at most the one above it."""
    height = ledger.height + 1
    while height > 1 and chain.certificate(height - 1) is None:
        height -= 1
    return height


def restore_from(
    disk: Store, guard: MemoryGuard, ledger: Ledger, chain: Chain
) -> tuple[RestoredState, tuple[Transaction, ...]]:
    """What the core must know of its life before, and the bodies of transactions that wait in proposals."""
    entries: list[LogEntry] = []
    bodies: tuple[Transaction, ...] = ()
    for key, value in disk.scan(Space.VOTE, start=b"", limit=None):
        seq, view = int.from_bytes(key[:8], "big"), int.from_bytes(key[8:16], "big")
        phase = key[16:].decode("ascii")
        if phase == BODIES:
            bodies += decode(value, tuple[Transaction, ...])
        else:
            entries.append(LogEntry(seq=seq, phase=phase, view=view, signed=decode(value, SignedMessage)))
    uncertified = [
        block.header
        for height in range(1, ledger.height + 1)
        if chain.certificate(height) is None and (block := chain.block(height)) is not None
    ]
    resumed = chain.epoch_to_resume(is_head_final=not uncertified)
    restored = RestoredState(
        head=ledger.head,
        head_batch_digest=ledger.head_batch_digest,
        entries=tuple(entries),
        certified=highest_certified(ledger, chain),
        uncertified=tuple(uncertified),
        validators=resumed.validators,
        origin=resumed.origin,
        next_validators=resumed.next_validators,
        promises=tuple(guard.records),
    )
    return restored, bodies


def highest_certified(ledger: Ledger, chain: Chain) -> tuple[BlockHeader, FinalityCertificate] | None:
    """The highest executed header that has its certificate."""
    for height in range(ledger.height, 0, -1):
        block, certificate = chain.block(height), chain.certificate(height)
        if block is not None and certificate is not None:
            return block.header, certificate
    return None
