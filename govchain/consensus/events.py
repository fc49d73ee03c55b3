"""Everything that can happen to a replica. Drivers build these; nothing here acts."""

from __future__ import annotations

from enum import Enum

import msgspec

from govchain.consensus.messages import ConsensusMessage, SignedMessage
from govchain.model import BlockHeader, FinalityCertificate, ValidatorSet
from govchain.model.votes import Evidence


class TimerKind(Enum):
    """What a timer is for. One timer of a kind runs at a time; its generation tells stale ones apart."""

    # Each kind is one object; the hash of an enum would be computed in Python wherever timers are looked up.
    __hash__ = object.__hash__

    BATCH_AGE = "batch-age"
    """Transactions have waited `batch_age_ms` behind proposals in flight (rule NC-7)."""
    RETRANSMIT = "retransmit"
    """Votes may have been lost: send own ones again, ask for those of others (rule VC-6)."""
    REQUEST = "request"
    """Something waits to be ordered: half of `view_timeout_ms`, then the other half (rule RQ-3)."""
    VIEW_CHANGE = "view-change"
    """A quorum wants a new view, and its primary owes the certificate (rule VC-4)."""


class Verified(msgspec.Struct, frozen=True, gc=False):
    """A peer message whose signature was checked. Only `verify_message` makes one."""

    message: ConsensusMessage
    signed: SignedMessage


class TransactionsAvailable(msgspec.Struct, frozen=True, gc=False):
    """Admitted transactions that this validator holds, in order of arrival: (id, size in bytes)."""

    entries: tuple[tuple[bytes, int], ...]


class TransactionsDropped(msgspec.Struct, frozen=True, gc=False):
    """Transactions that left the pool without being ordered (expired, rule RQ-3)."""

    ids: tuple[bytes, ...]


class TimerFired(msgspec.Struct, frozen=True, gc=False):
    """A timer that the driver armed has fired."""

    kind: TimerKind
    generation: int


class BlockExecuted(msgspec.Struct, frozen=True, gc=False):
    """The driver executed a decision and made block and state durable; here is its header."""

    header: BlockHeader
    header_digest: bytes
    """Digest of the header, as execution gave it."""
    next_validators: ValidatorSet | None = None
    """The set that this block installs for the blocks above it; None when nothing changes (rule MB-2)."""


class BlockInstalled(msgspec.Struct, frozen=True, gc=False):
    """The driver took a block by certificate from a peer, executed it and made it durable (rule CU-2).

    At a height that was executed before it says: the certificate came from a peer and is durable.
    """

    header: BlockHeader
    transaction_ids: tuple[bytes, ...]
    certificate: FinalityCertificate | None
    """Verified by the driver; a view change begins above the highest one (rule VC-2).

    None for a block that no certificate of its own proves, but the parents of a certified one above it: its
    attestation may be what its certificate still lacks."""
    next_validators: ValidatorSet | None = None
    """As in `BlockExecuted`."""


class EvidenceReceived(msgspec.Struct, frozen=True):
    """A peer says that some validator contradicted itself; the core verifies it (rules EV-1, EV-2)."""

    evidence: Evidence
    peer: int | str
    """Who says so: its index or its network name."""


Happening = (
    TransactionsAvailable
    | TransactionsDropped
    | TimerFired
    | BlockExecuted
    | BlockInstalled
    | EvidenceReceived
)
"""What a replica learns from its driver."""

Event = Verified | Happening
"""Or from a peer."""
