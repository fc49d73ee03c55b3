"""What one replica remembers, and nothing that decides anything.

Rule A: the modules beside this one change these fields; drivers never see them.
Rule B: every container here is bounded by the window, the pool or the validator set.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from govchain.codec import encode
from govchain.consensus.messages import (
    CertifiedHeader,
    Commit,
    ConsensusMessage,
    Prepare,
    Proposal,
    SignedMessage,
)
from govchain.consensus.output import Note, Output
from govchain.consensus.slots import HeightRecord, Position, PreparedEntry, ProposalEntry, Slot, Wanted, Watch
from govchain.consensus.tally import Tally
from govchain.consensus.transactions import TransactionBook
from govchain.crypto import Signer, Suite
from govchain.errors import ProtocolViolation
from govchain.model import BlockHeader, FinalityCertificate, ProtocolParameters, ValidatorSet
from govchain.model.ids import View

IN_FLIGHT_FACTOR: Final = 4
"""Nobody votes further than so many pipelines above a certified height: it bounds view changes (VC-2)."""


OBSERVER: Final = -1
"""Index of a replica whose key is not in the validator set of the epoch."""


@dataclass(slots=True, eq=False)
class ReplicaState:
    """One replica between two events."""

    suite: Suite
    parameters: ProtocolParameters
    validators: ValidatorSet
    chain_id: bytes
    index: int
    signer: Signer
    origin: Position
    """Where this epoch begins: genesis, or the block that installed its validators (rule MB-2)."""
    head: Position
    view: int
    low: int
    """Height of the last stable checkpoint: logs at or below are collected (rule CP-2)."""
    decided: int
    """Last seq handed out as a decision; at least the head (rule NC-6)."""
    tip: int
    """Last seq of the unbroken run of accepted proposals above the head; at least `decided`."""
    final: int
    """Every height up to this one is certified or out of reach of the logs."""
    next_validators: ValidatorSet | None = None
    """Set that the block at the head installs; its epoch begins once that block is final (rule MB-2)."""
    slots: dict[int, Slot] = field(default_factory=dict)
    """By seq in (low, low + 2K]."""
    heights: dict[int, HeightRecord] = field(default_factory=dict)
    """By height in (low - 2K, low + 2K]: kept longer than slots, so late certificates can complete.

    Those without certificate are kept until they have it; `vote_high` bounds how many that can be."""
    transactions: TransactionBook = field(default_factory=TransactionBook)
    highest_attested: dict[int, int] = field(default_factory=dict)
    """By validator: the highest height that it attested with its signature."""
    accused: dict[tuple[int, int, str], None] = field(default_factory=dict)
    """Epoch, validator and phase of which evidence was handed out, a bounded number (rule EV-1)."""
    diverged_at: int = 0
    """Height whose quorum attested another header (rule CP-3); 0 while that never happened."""
    is_batch_due: bool = False
    """The oldest pending transaction has waited `batch_age_ms` (rule NC-7)."""
    is_age_armed: bool = False
    age_generation: int = 0
    period: int = 0
    """Number of the retransmit period; also the timer's generation (rule VC-6)."""
    is_retransmit_armed: bool = False
    moved: int = 0
    """Retransmit period of the last progress."""
    questions: int = 0
    """Periods left in which a restarted replica asks for what it missed (rule RC-4)."""
    answered: dict[int, None] = field(default_factory=dict)
    """Peers whose `Progress` was answered in this period."""
    base: CertifiedHeader | None = None
    """The highest certified header known here, executed or not yet (rule VC-2)."""
    prepared: dict[int, PreparedEntry] = field(default_factory=dict)
    """By seq above the base: what a view change must show."""
    target: int = 0
    """View that is being changed to; 0 in normal operation (rule VC-1)."""
    own_view_change: SignedMessage | None = None
    new_view: SignedMessage | None = None
    """Certificate of the current view; None in view 0 (rule VC-5)."""
    floor: int = 0
    """Height at which the current view began (rule VC-3)."""
    carried_to: int = 0
    """Last seq that the current view took over from those before it."""
    wanted: dict[int, Wanted] = field(default_factory=dict)
    """By validator, the own one included (rule VC-5)."""
    early: dict[int, list[tuple[Proposal | Prepare | Commit, SignedMessage]]] = field(default_factory=dict)
    """By validator: votes of the target view that arrived before its certificate, bounded for each."""
    silent_to: int = 0
    """What was signed up to here is forgotten: no vote until this height is certified (rule RC-2)."""
    guarded_to: int = 0
    """The guard tells of votes up to this seq, which the store forgot."""
    forgot: str = ""
    """Why it is silent, in words; empty when it is not."""
    failed_views: int = 0
    """View changes since the last progress; the exponent of the back-off (rule VC-4)."""
    timer_generation: int = 0
    """Of the request and the view-change timer; only one of them runs."""
    is_request_armed: bool = False
    is_change_armed: bool = False
    request_phase: int = 0
    """Half periods through which something waited: forward, complain (rule RQ-3)."""
    watch: Watch | None = None
    """The transaction that has waited longest, while it waits (rule RQ-3)."""
    slots_to: int = 0
    """No slot above it was ever opened in this epoch."""
    quorum_size: int = field(init=False)
    """Of the validator set; votes ask for it most."""
    epoch: int = field(init=False)
    """Of the validator set."""
    peers: frozenset[int] = field(init=False)
    """Whose votes count here: the other members; nobody for a replica that is none itself (rule MB-2)."""
    in_flight_max: int = field(init=False)
    """Seqs above a certified height that may be voted on: the largest view change (rule VC-2)."""
    is_member: bool = field(init=False)
    """Whether this replica votes in this epoch; one that does not follows by certified blocks."""
    primary: int = field(init=False)
    """Index of the validator that proposes in the current view (rule NC-1)."""
    is_primary: bool = field(init=False)
    """That validator is this one."""
    high: int = field(init=False)
    """High watermark: the last seq that may be voted on (window of 2K, rule CP-2)."""
    counted: frozenset[int] = frozenset()
    """Whose votes may be counted without being judged: all peers or nobody, set after each event (NC-8)."""
    attested_to: int = 0
    """The highest height that anybody attested in this epoch."""
    base_height: int = field(init=False)
    """Height of the highest certified header known here."""

    def __post_init__(self) -> None:
        self.quorum_size = self.validators.quorum_size
        self.in_flight_max = IN_FLIGHT_FACTOR * self.parameters.pipeline
        self.epoch = self.validators.epoch
        self.is_member = self.index != OBSERVER
        self.peers = frozenset(range(self.validators.size)) - {self.index} if self.is_member else frozenset()
        self.base_height = self.origin.height
        self.move_low(self.low)
        self.enter_view(self.view)

    def enter_view(self, view: int) -> None:
        """From now on this is the current view."""
        self.view = view
        self.primary = self.validators.primary(View(view))
        self.is_primary = self.primary == self.index

    def move_low(self, low: int) -> None:
        """From now on this is the last stable checkpoint."""
        self.low = low
        self.high = low + 2 * self.parameters.checkpoint_interval

    def note_attested(self, validator: int, height: int) -> None:
        """A validator says with its signature that it executed this height."""
        if height > self.highest_attested.get(validator, 0):
            self.highest_attested[validator] = height
            self.attested_to = max(height, self.attested_to)

    @property
    def quorum_ahead(self) -> int:
        """Highest height that a weak quorum attested, one of them honest, or that is certified."""
        attested = sorted(self.highest_attested.values(), reverse=True)
        weak = self.validators.weak_quorum_size
        return max(self.base_height, attested[weak - 1] if len(attested) >= weak else 0)

    @property
    def is_syncing(self) -> bool:
        """So far behind that what is missing next is certified: it comes as blocks, not by votes (rule CU-4).

        Nobody votes further than `in_flight_max` above a certified height, so the votes that are sent now are
        about heights that this replica cannot reach before it has fetched those below.
        """
        reach = self.head.height + self.in_flight_max
        # Hardly ever is anybody that far ahead; only then it matters how many are.
        return (self.attested_to > reach or self.base_height > reach) and self.quorum_ahead > reach

    @property
    def vote_high(self) -> int:
        """The last seq that may be accepted now (rules CP-2, CU-4, VC-2, MB-2, RC-2)."""
        if self.is_syncing:
            return self.head.height
        # What lies above what was signed is voted on, so it waits until there is a vote again.
        silent_to = self.silent_to if self.is_silent else self.high
        # A certificate that is missing for long is waited for: what it needs is kept until then (CP-2).
        uncertified = self.final + 4 * self.parameters.checkpoint_interval
        return min(self.high, self.base_height + self.in_flight_max, self.boundary, silent_to, uncertified)

    @property
    def is_silent(self) -> bool:
        """It may have signed what it no longer knows, and signs nothing that could contradict it (RC-2)."""
        return self.base_height < self.silent_to

    @property
    def boundary(self) -> int:
        """Nobody votes above a checkpoint before executing it: it may install others (rule MB-2)."""
        if self.next_validators is not None:
            return self.head.height
        interval = self.parameters.checkpoint_interval
        return (self.head.height // interval + 1) * interval

    @property
    def is_changing(self) -> bool:
        """A view change runs: no votes of any view until the new one is entered (rule VC-1)."""
        return self.target != 0

    def slot(self, seq: int) -> Slot:
        """The slot of a seq inside the window, opened if need be; a new view may begin below the window."""
        slot = self.slots.get(seq)
        if slot is None:
            assert min(self.low, self.floor) < seq <= self.high
            slot = self.open_slot(seq, None)
        return slot

    def open_slot(self, seq: int, parked: ProposalEntry | None) -> Slot:
        """A new slot in place of the one of that seq, if there is one."""
        self.slots_to = max(seq, self.slots_to)
        count = len(self.validators.members)
        tallies = (Tally(count), Tally(count))
        slot = self.slots[seq] = Slot(seq, self.period, *tallies, parked)
        return slot

    def position_at(self, seq: int) -> Position:
        """Batch digest and time at the head or at an accepted seq above it."""
        if seq == self.head.height:
            return self.head
        entry = self.slots[seq].proposal
        assert entry is not None, f"seq {seq} has no accepted proposal"
        return Position(seq, entry.digest, entry.message.batch.time_ms)

    def record(self, height: int) -> HeightRecord:
        """The attestations of a height, opened if need be."""
        record = self.heights.get(height)
        if record is None:
            tally = Tally(len(self.validators.members))
            record = self.heights[height] = HeightRecord(self.period, tally)
        return record

    def certify(self, header: BlockHeader, certificate: FinalityCertificate) -> None:
        """A certificate is known: what was prepared up to it needs no other proof (rule VC-2)."""
        if header.height > self.base_height:
            self.base = CertifiedHeader(header, certificate)
            self.base_height = header.height
            for seq in [seq for seq in self.prepared if seq <= header.height]:
                del self.prepared[seq]

    def sign(self, message: ConsensusMessage) -> SignedMessage:
        """Sign an own message. Equal messages give equal bytes (rule RC-1)."""
        assert self.is_member, "an observer signs nothing (MB-2)"
        assert message.validator == self.index
        body = encode(message)
        return SignedMessage(body, self.signer.sign(body))

    def advance_tip(self) -> None:
        """Move the tip over every accepted proposal that follows it."""
        while (slot := self.slots.get(self.tip + 1)) is not None and slot.proposal is not None:
            self.tip += 1
        assert self.decided <= self.tip <= self.high


def note(output: Output, event: str, **facts: str | int) -> None:
    """Add a structured fact."""
    output.notes.append(Note(event, tuple(facts.items())))


def note_rejection(output: Output, error: ProtocolViolation, **facts: str | int) -> None:
    """Add the `rejected` note of a refused message."""
    peer = error.peer if isinstance(error.peer, int) else str(error.peer)
    note(output, "rejected", code=error.code, rule=error.rule, peer=peer, problem=str(error), **facts)
