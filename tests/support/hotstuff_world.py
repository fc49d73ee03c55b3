"""Validators under HotStuff on a wire that a test holds in its hands, and forged pieces to put on it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final

import msgspec

from govchain.codec import decode, encode
from govchain.consensus import (
    BlockExecuted,
    Decision,
    LogEntry,
    Note,
    Output,
    RestoredState,
    SetTimer,
    SignedMessage,
    TimerFired,
    TimerKind,
    TransactionsAvailable,
)
from govchain.crypto import chain_id_of, compute_root, derive_secret, digest_of, suite
from govchain.hotstuff import (
    Block,
    BlockProposal,
    BlockVote,
    HotStuff,
    HotStuffMessage,
    QuorumCertificate,
    Timeout,
    TimeoutCertificate,
    verify_hotstuff,
)
from govchain.hotstuff.core import HotStuffEvent
from govchain.hotstuff.messages import TimeoutShare, TimeoutVote
from govchain.model import Batch, BlockHeader, Genesis, ProtocolParameters, Validator, ValidatorSet, Vote
from govchain.model.ids import ZERO_DIGEST

SUITE: Final = suite()
TIME_MS: Final = 1_000
SIGNERS: Final = [SUITE.signer(derive_secret(1, f"hotstuff-{index}")) for index in range(7)]


@dataclass
class Member:
    """One validator: its core, what it executed, its log, its guard and the timers that run."""

    core: HotStuff
    headers: list[BlockHeader] = field(default_factory=list)
    decided: list[Decision] = field(default_factory=list)
    log: dict[tuple[int, str, int], LogEntry] = field(default_factory=dict)
    guard: list[bytes] = field(default_factory=list)
    timers: dict[TimerKind, SetTimer] = field(default_factory=dict)
    notes: list[Note] = field(default_factory=list)
    certified: int = 0


class HotWorld:
    """Delivers nothing by itself."""

    def __init__(self, size: int = 4) -> None:
        members = tuple(Validator(f"validator-{i}", "org", SIGNERS[i].public_key) for i in range(size))
        self.validators = ValidatorSet(0, members)
        parameters = ProtocolParameters()
        self.genesis = Genesis("hotstuff", SUITE.name, TIME_MS, parameters, self.validators, (), ())
        self.chain_id = chain_id_of(SUITE, self.genesis)
        self.wire: list[tuple[int, int, SignedMessage]] = []
        self.listener: Callable[[int, HotStuffEvent, Output], None] | None = None
        self.members = [Member(HotStuff(self.genesis, SUITE, SIGNERS[index])) for index in range(size)]
        for index, member in enumerate(self.members):
            self._honour(index, member.core.start(TIME_MS))

    def handle(self, index: int, event: HotStuffEvent) -> Output:
        """Give one validator an event, and honour what comes of it."""
        output = self.members[index].core.judge(event, TIME_MS)
        if self.listener is not None:
            self.listener(index, event, output)
        self._honour(index, output)
        return output

    def submit(self, *names: str, to: Sequence[int] | None = None) -> None:
        """Transactions become available."""
        entries = tuple((SUITE.digest(name.encode()), 100) for name in names)
        for index in range(len(self.members)) if to is None else to:
            self.handle(index, TransactionsAvailable(entries))

    def give(self, index: int, signed: SignedMessage) -> Output:
        """Deliver one message, through the door."""
        return self.handle(index, verify_hotstuff(SUITE, self.validators, self.chain_id, signed))

    def deliver(self, kind: type[HotStuffMessage] | None = None, *, to: Sequence[int] | None = None) -> int:
        """Deliver what is on the wire now: of one kind, to some; how many that were."""
        chosen = self._choose(kind, to)
        for each in chosen:
            self.wire.remove(each)
            self.give(each[1], each[2])
        return len(chosen)

    def drop(self, kind: type[HotStuffMessage] | None = None, *, to: Sequence[int] | None = None) -> int:
        """Lose what is on the wire now; how many that were."""
        chosen = self._choose(kind, to)
        for each in chosen:
            self.wire.remove(each)
        return len(chosen)

    def _choose(
        self, kind: type[HotStuffMessage] | None, to: Sequence[int] | None
    ) -> list[tuple[int, int, SignedMessage]]:
        return [
            each
            for each in self.wire
            if (to is None or each[1] in to) and (kind is None or isinstance(self.read(each[2]), kind))
        ]

    def deliver_all(self, *, to: Sequence[int] | None = None) -> None:
        while self.deliver(to=to):
            pass

    def read(self, signed: SignedMessage) -> HotStuffMessage:
        return verify_hotstuff(SUITE, self.validators, self.chain_id, signed).message

    def fire(self, kind: TimerKind, *who: int) -> None:
        """Let running timers run out."""
        for index in who:
            timer = self.members[index].timers.pop(kind)
            self.handle(index, TimerFired(kind, timer.generation))

    def restart(self, index: int, *, keep_log: bool = True) -> None:
        """The validator wakes up from its log and its guard."""
        old = self.members[index]
        entries = tuple(old.log.values()) if keep_log else ()
        headers = old.headers if keep_log else []
        head = headers[-1] if headers else None
        restored = RestoredState(
            head=head,
            head_batch_digest=self.chain_id if head is None else head.batch_digest,
            entries=entries,
            uncertified=tuple(header for header in headers if header.height > old.certified),
            promises=tuple(old.guard),
        )
        core = HotStuff(self.genesis, SUITE, SIGNERS[index], restored=restored)
        self.members[index] = Member(core, headers=headers, guard=old.guard, log=old.log)
        self._honour(index, core.start(TIME_MS))

    def _honour(self, index: int, output: Output) -> None:
        member = self.members[index]
        for entry in output.persist:
            member.log[(entry.seq, entry.phase, entry.view)] = entry
        member.guard += output.promises
        for send in output.send:
            others = [i for i in range(len(self.members)) if i != index]
            self.wire += [(index, to, send.signed) for to in (others if send.to is None else [send.to])]
        for timer in output.timers:
            member.timers.pop(timer.kind, None)
            if isinstance(timer, SetTimer):
                member.timers[timer.kind] = timer
        member.notes += output.notes
        for certificate in output.certificates:
            member.certified = certificate.height
        for decision in output.decide:
            member.decided.append(decision)
            member.headers.append(self._header(member, decision.batch))
            header = member.headers[-1]
            self.handle(index, BlockExecuted(header, digest_of(SUITE, header)))

    def _header(self, member: Member, batch: Batch) -> BlockHeader:
        parent = digest_of(SUITE, member.headers[-1]) if member.headers else self.chain_id
        return BlockHeader(
            chain_id=self.chain_id,
            epoch=0,
            height=len(member.headers) + 1,
            parent=parent,
            time_ms=batch.time_ms,
            proposer=batch.proposer,
            batch_digest=digest_of(SUITE, batch),
            transactions_root=batch.transactions_root,
            transaction_count=batch.transaction_count,
            results_root=ZERO_DIGEST,
            state_root=ZERO_DIGEST,
            history_root=ZERO_DIGEST,
        )

    # What somebody signs, right or wrong.

    def sign(self, index: int, message: msgspec.Struct) -> SignedMessage:
        body = encode(message)
        return SignedMessage(body, SIGNERS[index].sign(body))

    @property
    def genesis_qc(self) -> QuorumCertificate:
        return QuorumCertificate(0, self.chain_id, ())

    def qc(self, block: Block, voters: Sequence[int] = (0, 1, 2)) -> QuorumCertificate:
        """A certificate of a block by these voters."""
        digest = digest_of(SUITE, block)
        votes = tuple(
            Vote(each, self.sign(each, BlockVote(self.chain_id, 0, each, block.view, digest)).signature)
            for each in voters
        )
        return QuorumCertificate(block.view, digest, votes)

    def tc(self, view: int, high_views: dict[int, int]) -> TimeoutCertificate:
        """A certificate of timeouts by these validators, with the views of their certificates."""
        votes = tuple(
            TimeoutVote(i, high, self.sign(i, TimeoutShare(self.chain_id, 0, i, view, high)).signature)
            for i, high in high_views.items()
        )
        return TimeoutCertificate(view, votes)

    def block(self, view: int, justify: QuorumCertificate, seq: int, *names: str) -> Block:
        """A block of the leader of a view; an empty one without names."""
        ids = tuple(SUITE.digest(name.encode()) for name in names)
        batch = Batch(
            chain_id=self.chain_id,
            epoch=0,
            seq=seq,
            time_ms=TIME_MS,
            proposer=view % len(self.members),
            transactions_root=compute_root(SUITE, ids),
            transaction_count=len(ids),
        )
        return Block(view, seq, justify, batch if ids else None, ids)

    def proposal(self, block: Block, timeout: TimeoutCertificate | None = None) -> SignedMessage:
        """The proposal of a block by the leader of its view."""
        leader = block.view % len(self.members)
        return self.sign(leader, BlockProposal(self.chain_id, 0, leader, block, timeout))

    def timeout(
        self, index: int, view: int, high: QuorumCertificate, entered: TimeoutCertificate | None = None
    ) -> SignedMessage:
        """A validator gives up a view."""
        share = self.sign(index, TimeoutShare(self.chain_id, 0, index, view, high.view)).signature
        return self.sign(index, Timeout(self.chain_id, 0, index, view, high, share, entered))


def votes_of(output: Output) -> list[BlockVote]:
    """Votes that were made durable, whoever collects them."""
    bodies = [entry.signed.body for entry in output.persist if entry.phase == "vote"]
    return [decode(body, BlockVote) for body in bodies]


def codes_of(output: Output) -> list[str | int]:
    """Codes with which something was refused."""
    return [dict(each.facts)["code"] for each in output.notes if each.event == "rejected"]
