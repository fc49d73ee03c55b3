"""What a replica wants done. The contract between the core and every driver stands on `Output`."""

from __future__ import annotations

from typing import Final

import msgspec

from govchain.consensus.events import TimerKind
from govchain.consensus.messages import SignedMessage
from govchain.model import Batch, FinalityCertificate
from govchain.model.votes import Evidence

VIEW_ENTRY_SEQ: Final = 2**63 - 1
"""Seq of the two entries that belong to no seq; above every height, so that no height collects them."""


class LogEntry(msgspec.Struct, frozen=True, gc=False):
    """One signed message to keep: an own vote or proposal, or a proposal that was accepted (rule RC-1).

    It may be deleted once its height has its certificate in the store, not before: until then a peer may be
    unable to decide without these votes.

    A `prepared` entry holds the prepares of others that prepared the proposal of this seq and view, as the
    canonical tuple of signed messages under an empty signature: a view change must be able to show them
    (rule VC-2). The entries `view-change`, `new-view` and `base` stand at `VIEW_ENTRY_SEQ` and view 0: a
    later one replaces the one before it, and nothing else removes them (rule VC-6).

    A `proposal` entry names its transactions: the driver keeps their bodies until the height is executed,
    in the pool or beside the entry, because after a crash of everybody nobody else may have them.
    """

    seq: int
    phase: str
    """`proposal`, `prepare`, `prepared` or `commit`, or one of the three about views; with seq and view the
    entry's name."""
    view: int
    signed: SignedMessage
    transaction_ids: tuple[bytes, ...] = ()
    """Transactions of a `proposal` entry; empty for votes."""


class Send(msgspec.Struct, frozen=True, gc=False):
    """A message for one peer, or for all others when `to` is None."""

    signed: SignedMessage
    to: int | None = None


class FetchTransactions(msgspec.Struct, frozen=True):
    """Transactions of a proposal that this validator lacks: ask this peer first, then others.

    Admit what comes back with `Mempool.admit(..., proposed=True)` and report it as `TransactionsAvailable`.
    """

    ids: tuple[bytes, ...]
    peer: int


class Decision(msgspec.Struct, frozen=True, gc=False):
    """A batch is committed: execute it. Leaves in sequence order, without gaps, once (rule NC-6)."""

    batch: Batch
    transaction_ids: tuple[bytes, ...]


class SetTimer(msgspec.Struct, frozen=True, gc=False):
    """Arm a timer, replacing the running one of its kind."""

    kind: TimerKind
    delay_ms: int
    generation: int


class CancelTimer(msgspec.Struct, frozen=True, gc=False):
    kind: TimerKind


class Note(msgspec.Struct, frozen=True, gc=False):
    """A structured fact for logs, metrics, trace and dashboard.

    `event` is one of: proposed, prepared, committed, rejected, behind, uncertified, diverged,
    stable-checkpoint, view-change-started, view-changed, silenced, voting-again, equivocation.
    A `rejected` note carries `code` (one of `REJECTION_CODES`), `rule`, `peer` and `problem`.
    """

    event: str
    facts: tuple[tuple[str, str | int], ...] = ()


class Output(msgspec.Struct, gc=False):
    """Everything one `handle` call asks for. The driver must honour the fields in this order.

    Attributes:
        persist: Make durable before anything in `send` leaves this node (rule RC-1).
        promises: Append to the guard, durably, after `persist` and before `send` (rule RC-2). Not earlier:
            what the guard holds and the store lacks counts as forgotten at the next start.
        send: Attempt delivery; loss, delay, duplication and reordering are allowed.
        fetch: Ask peers for transactions; those that arrive come back as `TransactionsAvailable`.
        forward: Send these transactions to that peer again; it is the primary and may lack them (rule RQ-3).
        decide: Hand to execution in this order, each exactly once; answer with `BlockExecuted` when durable.
        certificates: Store beside the block, with `persist` at the latest when this output is done; from here
            on the height is final and may be announced.
        evidence: Keep it durably, though not before anything else; tell every peer once, which hands it in
            as `EvidenceReceived`; ask the chain to record it (rule EV-1). Drop a piece when one about the
            same epoch, validator and phase is kept, from an earlier life perhaps.
        timers: Arm or cancel; a fired timer returns as `TimerFired` with its generation.
        notes: Turn into logs, metrics and trace.
            A `diverged` note means: stop the node, keep the data (rule CP-3).
            A `behind` note (facts: height, peer) means: fetch certified blocks from that peer.
            An `uncertified` note (facts: height, peer) means: fetch the certificate of an executed height.
    """

    persist: list[LogEntry] = []
    promises: list[bytes] = []
    send: list[Send] = []
    fetch: list[FetchTransactions] = []
    forward: list[tuple[bytes, int]] = []
    """Transaction id and peer."""
    decide: list[Decision] = []
    certificates: list[FinalityCertificate] = []
    evidence: list[Evidence] = []
    timers: list[SetTimer | CancelTimer] = []
    notes: list[Note] = []

    @property
    def is_empty(self) -> bool:
        """Nothing is asked for."""
        return not (
            self.notes
            or self.send
            or self.persist
            or self.promises
            or self.certificates
            or self.decide
            or self.timers
            or self.fetch
            or self.forward
            or self.evidence
        )


NOTHING: Final = Output()
"""What most votes come to: they are counted, and nothing follows. Shared; nobody may add to it."""
