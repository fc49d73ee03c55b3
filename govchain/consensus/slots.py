"""What a replica keeps of one sequence number, of one height, and of one that waits: records without rules.

Rule A: the modules beside this one change these fields; drivers never see them.
"""

from __future__ import annotations

from collections.abc import Container

import msgspec

from govchain.consensus.messages import PreparedCertificate, Proposal, SignedMessage
from govchain.consensus.tally import Tally
from govchain.model import BlockHeader, FinalityCertificate


class ProposalEntry(msgspec.Struct, frozen=True, gc=False):
    """A proposal with its batch digest, computed once on arrival and never taken from the wire."""

    message: Proposal
    signed: SignedMessage
    digest: bytes


class Slot(msgspec.Struct, eq=False, gc=False):
    """One sequence number in the current view: its proposal and the votes on it (rules NC-2 to NC-5)."""

    seq: int
    born: int
    """Retransmit period in which it was opened."""
    prepares: Tally
    commits: Tally
    parked: ProposalEntry | None = None
    """First proposal that arrived and cannot be judged yet: its parent or a transaction is missing."""
    is_fetching: bool = False
    """Missing transactions were asked for; again only when the retransmit timer fires."""
    proposal: ProposalEntry | None = None
    """The accepted one; never replaced within a view (rule NC-3)."""
    own_prepare: SignedMessage | None = None
    own_commit: SignedMessage | None = None
    is_prepared: bool = False
    is_committed: bool = False


class PreparedEntry(msgspec.Struct, frozen=True, gc=False):
    """What was prepared at one seq, in the highest view in which that was seen (rule VC-2)."""

    view: int
    certificate: PreparedCertificate


class Wanted(msgspec.Struct, frozen=True):
    """The last view change of one validator, checked (rule VC-5: one each, whatever views it names)."""

    view: int
    signed: SignedMessage


class HeightRecord(msgspec.Struct, eq=False, gc=False):
    """Attestations of one height (rule CP-1)."""

    born: int
    votes: Tally
    """Emptied once the height is certified."""
    header: BlockHeader | None = None
    """Own executed header."""
    header_digest: bytes = b""
    """Digest of the own executed header; empty before execution."""
    own: SignedMessage | None = None
    is_certified: bool = False
    certificate: FinalityCertificate | None = None
    """Once certified, as far as it was seen: the votes in it may contradict later ones (rule EV-1)."""


class Position(msgspec.Struct, frozen=True, gc=False):
    """Where the executed chain ends."""

    height: int
    batch_digest: bytes
    """Parent of the next proposal; the chain id at height 0."""
    time_ms: int


class Watch(msgspec.Struct):
    """A waiting transaction, and whether the primary prefers others to it (rule RQ-3, situation 49)."""

    id: bytes
    half_periods: int = 0
    """Through which it waited."""
    beside: Container[bytes] | None = None
    """What waited with it when its period was over: whatever comes later must not overtake it."""
    is_overtaken: bool = False
