"""What travels between simulated validators, and how long it takes.

A latency model answers with integer nanoseconds and holds no state but its own generator, if it needs one:
`seeded_stream` derives it, one for each purpose, so that adding a purpose never disturbs another.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

import msgspec

from govchain.codec import encode
from govchain.config import DurationNs
from govchain.consensus import SignedMessage
from govchain.crypto import Suite
from govchain.model import Block, FinalityCertificate, Transaction
from govchain.model.votes import Evidence
from govchain.reads import ProvenHeight
from govchain.sim.regions import LatencyMatrix


class Gossip(msgspec.Struct, frozen=True, gc=False):
    """An admitted transaction on its way to the other validators (rule RQ-1)."""

    transaction: Transaction


class TransactionsWanted(msgspec.Struct, frozen=True):
    """Transactions of an accepted proposal that the sender lacks."""

    ids: tuple[bytes, ...]


class TransactionsFound(msgspec.Struct, frozen=True):
    """Answer to `TransactionsWanted`: those that the sender holds."""

    transactions: tuple[Transaction, ...]


class BlocksWanted(msgspec.Struct, frozen=True):
    """Final blocks from this height on (rule CU-2)."""

    from_height: int


class BlocksFound(msgspec.Struct, frozen=True):
    """Answer to `BlocksWanted`: blocks in rising order, the last one with its certificate.

    One without is proven by the parents of those above it, up to one that has a certificate.
    """

    blocks: tuple[tuple[Block, FinalityCertificate | None], ...]


class EvidenceFound(msgspec.Struct, frozen=True):
    """Evidence on its way to the other validators (rule EV-1)."""

    evidence: Evidence


class ReadQuestion(msgspec.Struct, frozen=True):
    """How far had you executed when this came? (rule RD-1)"""

    nonce: bytes


class ReadAnswer(msgspec.Struct, frozen=True):
    """Answer to `ReadQuestion`: the highest certified header with its certificate; None at height 0."""

    nonce: bytes
    proven: ProvenHeight | None


Frame = (
    EvidenceFound
    | SignedMessage
    | Gossip
    | TransactionsWanted
    | TransactionsFound
    | BlocksWanted
    | BlocksFound
    | ReadQuestion
    | ReadAnswer
)


FRAME_HEAD_BYTES: Final = 4
"""Length prefix of each frame."""


def frame_bytes(frame: Frame) -> int:
    """What a frame takes on the wire."""
    if isinstance(frame, SignedMessage):
        return FRAME_HEAD_BYTES + len(encode(frame))
    return FRAME_HEAD_BYTES + len(encode(msgspec.structs.astuple(frame)))


@dataclass(frozen=True, slots=True)
class WireFrame:
    """A frame on its way, for whoever watches: sent when, arriving when; not at all when a link lost it."""

    sent_ns: int
    arrivals_ns: tuple[int, ...]
    source: int
    target: int
    frame: Frame


class LatencyModel(Protocol):
    """One-way delay of one frame."""

    def delay_ns(self, source: int, target: int) -> int: ...


@dataclass(frozen=True, slots=True)
class FixedLatency:
    """Every frame takes equally long on every link."""

    one_way_ns: DurationNs

    def delay_ns(self, source: int, target: int) -> int:
        assert source != target
        return self.one_way_ns


class PlacedLatency:
    """Validators stand in regions of a matrix, each in the region of its place in the sequence."""

    def __init__(self, matrix: LatencyMatrix, regions: Sequence[str]) -> None:
        self._rows_ns = [[matrix.one_way_ns[source, target] for target in regions] for source in regions]

    def delay_ns(self, source: int, target: int) -> int:
        assert source != target
        return self._rows_ns[source][target]


def seeded_stream(suite: Suite, seed: int, purpose: str) -> Iterator[int]:
    """Endless 64-bit numbers for one purpose, by hashing seed, purpose and a counter."""
    counter = 0
    while True:
        block = suite.digest(f"govchain.sim/1:{seed}:{purpose}:{counter}".encode())
        for offset in range(0, len(block), 8):
            yield int.from_bytes(block[offset : offset + 8], "big")
        counter += 1
