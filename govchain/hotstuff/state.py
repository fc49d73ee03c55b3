"""Everything that one validator remembers under HotStuff. Nothing is judged here."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from govchain.codec import encode
from govchain.consensus import Note, Output, SignedMessage
from govchain.crypto import Signer, Suite
from govchain.hotstuff.certificates import Judge
from govchain.hotstuff.messages import (
    Block,
    BlockVote,
    HotStuffMessage,
    QuorumCertificate,
    Timeout,
    TimeoutCertificate,
    TimeoutShare,
)
from govchain.hotstuff.tree import BlockTree, Entry
from govchain.hotstuff.waiting import WaitingBook
from govchain.model import BlockHeader, ProtocolParameters, ValidatorSet
from govchain.model.ids import View

STANDING_SEQ: Final = 2**63 - 1
"""Seq of log entries that belong to no height; a later one of a phase replaces the one before it."""


@dataclass(slots=True)
class HeightRecord:
    """What was said about one executed height, here and by others (rule CP-1)."""

    header: BlockHeader | None = None
    header_digest: bytes = b""
    own: SignedMessage | None = None
    votes: dict[int, tuple[bytes, SignedMessage]] = field(default_factory=dict)
    """Validator to the header digest that it attests; the first one counts."""


@dataclass(slots=True, eq=False)
class HotStuffState:
    """State of one validator."""

    suite: Suite
    parameters: ProtocolParameters
    validators: ValidatorSet
    chain_id: bytes
    index: int
    signer: Signer
    tree: BlockTree
    high: QuorumCertificate
    """The highest certificate that is known: the lock (Jolteon, Lock)."""
    view: int = 1
    entered: TimeoutCertificate | None = None
    """Why the view began, unless `high` says so."""
    voted_view: int = 0
    """The highest view in which it voted, or gave up."""
    locked_view: int = 0
    """It signs nothing until it knows a certificate as high as this (rule HS-8)."""
    failed_views: int = 0
    """Views in a row that ended with timeouts."""
    timed_out_views: int = 0
    """Views that this validator saw end with timeouts."""
    candidate: Entry | None = None
    """The block of the current view that may be voted for."""
    own_vote: SignedMessage | None = None
    own_timeout: SignedMessage | None = None
    """Of the current view."""
    votes: dict[int, tuple[BlockVote, bytes]] = field(default_factory=dict)
    """Validator to its vote of the highest view, and the signature."""
    timeouts: dict[int, Timeout] = field(default_factory=dict)
    """Validator to its timeout of the highest view."""
    waiting: WaitingBook = field(default_factory=WaitingBook)
    decided: int = 0
    """Height up to which blocks are decided; the driver executes them."""
    decided_time_ms: int = 0
    head: int = 0
    """Height up to which they are executed."""
    heights: dict[int, HeightRecord] = field(default_factory=dict)
    """Executed heights without certificate, and heights that others attested."""
    certified: int = 0
    """The highest height whose certificate is known here."""
    wanted: bytes | None = None
    """A block that is missing and was asked for."""
    fetching: tuple[bytes, ...] = ()
    """Transactions that are missing and were asked for."""
    hint: int = -1
    """Who spoke last: it is asked first for what its message named and is missing."""
    peer_turn: int = 0
    """Whom to ask next."""
    asks_left: int = 0
    """After a restart each peer is asked for blocks once."""
    view_timer: int = 0
    """View for which the timer runs; 0 when it does not."""
    view_generation: int = 0
    is_retransmit_armed: bool = False
    retransmit_generation: int = 0
    diverged_at: int = 0

    @property
    def judge(self) -> Judge:
        return Judge(self.suite, self.validators, self.chain_id)

    @property
    def is_silent(self) -> bool:
        """It forgot what its guard remembers, and has not learned it again (rule HS-8)."""
        return self.high.view < self.locked_view

    def leader(self, view: int) -> int:
        """Leaders take turns, one view each (rule HS-1)."""
        return self.validators.primary(View(view))

    def sign(self, message: HotStuffMessage | TimeoutShare) -> SignedMessage:
        body = encode(message)
        return SignedMessage(body, self.signer.sign(body))

    def next_peer(self) -> int:
        """Another validator, each in its turn."""
        self.peer_turn = (self.peer_turn + 1) % self.validators.size
        if self.peer_turn == self.index:
            self.peer_turn = (self.peer_turn + 1) % self.validators.size
        return self.peer_turn


def kept_height(block: Block) -> int:
    """The height with whose certificate a logged block may go; that of an empty block is the next one."""
    return block.seq + 1 if block.batch is None else block.seq


def note(output: Output, event: str, **facts: str | int) -> None:
    """Add a structured fact."""
    output.notes.append(Note(event, tuple(facts.items())))
