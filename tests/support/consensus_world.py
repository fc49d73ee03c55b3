"""A world of replicas without network, disk or clock: every message waits until the test delivers it.

It honours the contract on `Output` and judges from outside: whatever a test does, no validator may be seen to
vote twice, no two may decide differently, and every certificate must verify. Execution makes up its headers.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TypeVar

import msgspec

from govchain.codec import decode, encode
from govchain.consensus import (
    BlockExecuted,
    BlockInstalled,
    CancelTimer,
    Decision,
    EarlyMessages,
    Event,
    EvidenceReceived,
    FetchTransactions,
    LogEntry,
    Note,
    Output,
    Replica,
    RestoredState,
    Send,
    SetTimer,
    SignedMessage,
    TimerFired,
    TimerKind,
    TransactionsAvailable,
    Verified,
    verify_message,
)
from govchain.consensus.messages import (
    CertifiedHeader,
    Commit,
    ConsensusMessage,
    NewView,
    Prepare,
    PreparedCertificate,
    Progress,
    Proposal,
    ViewChange,
)
from govchain.consensus.output import VIEW_ENTRY_SEQ
from govchain.crypto import chain_id_of, compute_root, digest_of, suite, verify_finality
from govchain.crypto.evidence import read_evidence, verify_evidence
from govchain.model import (
    Attestation,
    Batch,
    BlockHeader,
    FinalityCertificate,
    Genesis,
    ProtocolParameters,
    Validator,
    ValidatorSet,
)
from govchain.model.ids import ZERO_DIGEST
from govchain.model.votes import Evidence

SUITE = suite()
SIGNERS = [SUITE.signer(bytes([index + 1]) * 32) for index in range(16)]
SPARE_SIGNERS = [SUITE.signer(bytes([index + 101]) * 32) for index in range(16)]
"""Keys that validators hold ready for a rotation (rule MB-4)."""
T = TypeVar("T")
_VIEW_PHASES: dict[type, str] = {ViewChange: "view-change", NewView: "new-view"}
GENESIS_MS = 1_700_000_000_000
SIZE_BYTES = 100
GUARD_RECORDS = 40
"""Records after which a guard is written anew: few, so that tests see it happen."""


def make_genesis(n: int, parameters: ProtocolParameters | None = None) -> Genesis:
    """Genesis with n validators and nobody else."""
    members = tuple(Validator(f"validator-{i}", "org", SIGNERS[i].public_key) for i in range(n))
    return Genesis(
        name="world",
        suite=SUITE.name,
        time_ms=GENESIS_MS,
        parameters=parameters or ProtocolParameters(),
        validators=ValidatorSet(0, members),
        organisations=(),
        keys=(),
    )


def tx(name: str) -> bytes:
    """Id of the transaction that a test calls by this name."""
    return SUITE.digest(name.encode())


@dataclass(frozen=True, slots=True)
class BodiesWanted:
    ids: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class BodiesFound:
    ids: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class Envelope:
    """One message on its way."""

    sender: int
    to: int
    payload: SignedMessage | BodiesWanted | BodiesFound | Evidence
    message: ConsensusMessage | None = None


@dataclass(slots=True)
class Disk:
    """What survives a crash."""

    headers: list[BlockHeader] = field(default_factory=list)
    ids: list[tuple[bytes, ...]] = field(default_factory=list)
    certificates: dict[int, FinalityCertificate] = field(default_factory=dict)
    log: dict[tuple[int, int, str], LogEntry] = field(default_factory=dict)
    evidence: dict[tuple[int, int, str], Evidence] = field(default_factory=dict)
    """By epoch, validator and phase (rule EV-1)."""

    def copy(self) -> Disk:
        """A backup of it, as it is now."""
        copied = Disk(list(self.headers), list(self.ids), dict(self.certificates), dict(self.log))
        copied.evidence = dict(self.evidence)
        return copied

    def certified(self) -> tuple[BlockHeader, FinalityCertificate] | None:
        """The highest header with a certificate."""
        best = max((height for height in self.certificates if height <= len(self.headers)), default=0)
        return (self.headers[best - 1], self.certificates[best]) if best else None


@dataclass(slots=True)
class Member:
    """One validator: its replica while it is up, and what is around it."""

    index: int
    disk: Disk = field(default_factory=Disk)
    guard: list[bytes] = field(default_factory=list)
    """Records of the sign-state guard, which no loss of the disk touches."""
    is_disk_replaced: bool = False
    replica: Replica | None = None
    bodies: dict[bytes, int] = field(default_factory=dict)
    decided: list[Decision] = field(default_factory=list)
    timers: dict[TimerKind, int] = field(default_factory=dict)
    due_ms: dict[TimerKind, int] = field(default_factory=dict)
    notes: list[Note] = field(default_factory=list)
    outputs: list[tuple[str, Output]] = field(default_factory=list)
    early: EarlyMessages = field(default_factory=EarlyMessages)

    def is_proven(self, height: int) -> bool:
        """A certificate of this height, or of one above it whose header leads down to it."""
        return any(each >= height for each in self.disk.certificates if each <= len(self.disk.headers))

    def has_executed(self, id_: bytes) -> bool:
        return any(id_ in ids for ids in self.disk.ids)


class World:
    """Validators, the messages between them, and the judge."""

    def __init__(
        self,
        n: int,
        *,
        parameters: ProtocolParameters | None = None,
        executes: bool = True,
        candidates: int = 0,
    ) -> None:
        self.genesis = make_genesis(n, parameters)
        self.chain_id = chain_id_of(SUITE, self.genesis)
        self.validators = self.genesis.validators
        self.sets = [self.genesis.validators]
        """Validator sets by epoch; more of them come with `plan`."""
        self._plans: dict[int, tuple[Validator, ...]] = {}
        self.now_ms = GENESIS_MS
        self.clock_ms = 0
        """What timers are measured by; stands still but for `advance`."""
        self.executes = executes
        self.installs = True
        self.corrupt: set[int] = set()
        """Validators that execute wrongly, or whose votes the judge must not expect to be honest."""
        self.names: dict[bytes, str] = {}
        self.wire: list[Envelope] = []
        self.members = [Member(index) for index in range(n + candidates)]
        keys = [(SIGNERS[index], SPARE_SIGNERS[index]) for index in range(n + candidates)]
        self._place_of = {each.public_key: index for index, pair in enumerate(keys) for each in pair}
        self._votes: dict[tuple[int, int, int, str], bytes] = {}
        self.view_changes: dict[tuple[int, int], SignedMessage] = {}
        """Every view change that was sent, by validator and view."""
        self._promised: dict[int, tuple[int, int]] = {}
        """By validator: no new vote of it may be of a lower epoch and view (rule VC-1)."""
        self._order: dict[int, tuple[bytes, tuple[bytes, ...]]] = {}
        for member in self.members:
            member.replica = self._replica(member.index, None)
            self.apply(member, "start", member.replica.start(self.now_ms))

    # What a test does to the world.

    def submit(self, *names: str, to: list[int] | None = None, size_bytes: int = SIZE_BYTES) -> None:
        """Make transactions available, in all pools or in those of `to`."""
        for index in range(len(self.members)) if to is None else to:
            member = self.members[index]
            if member.replica is None:
                continue
            entries: list[tuple[bytes, int]] = []
            for name in names:
                self.names[tx(name)] = name
                if member.has_executed(tx(name)):
                    continue  # The pool refuses it: its nonce is used (rule RQ-4).
                member.bodies[tx(name)] = size_bytes
                entries.append((tx(name), size_bytes))
            self.handle(member, TransactionsAvailable(tuple(entries)), "submit " + " ".join(names))

    def deliver(self, envelope: Envelope) -> None:
        """Hand over one message; it leaves the wire."""
        self.wire.remove(envelope)
        self.receive(envelope)

    def receive(self, envelope: Envelope) -> None:
        """Hand over one message, whether or not it is on the wire."""
        member = self.members[envelope.to]
        if member.replica is None:
            return
        cause = f"{self.describe(envelope)} from {envelope.sender}"
        match envelope.payload:
            case SignedMessage():
                self._receive_signed(member, envelope, cause)
            case Evidence():
                self.handle(member, EvidenceReceived(envelope.payload, envelope.sender), cause)
            case BodiesWanted(ids=ids):
                found = tuple(id_ for id_ in ids if id_ in member.bodies)
                if found:
                    self.wire.append(Envelope(envelope.to, envelope.sender, BodiesFound(found)))
            case BodiesFound(ids=ids):
                sizes = self.members[envelope.sender].bodies
                fresh = [(id_, sizes.get(id_, SIZE_BYTES)) for id_ in ids if not member.has_executed(id_)]
                member.bodies.update(fresh)
                self.handle(member, TransactionsAvailable(tuple(fresh)), cause)

    def deliver_all(self) -> None:
        """Deliver in order of sending until nothing is on its way."""
        for _ in range(100_000):
            if not self.wire:
                return
            self.deliver(self.wire[0])
        raise AssertionError("messages never end")

    def fire(self, index: int, kind: TimerKind = TimerKind.RETRANSMIT) -> bool:
        """Let a running timer fire; False when none is running."""
        member = self.members[index]
        if member.replica is None or kind not in member.timers:
            return False
        self.handle(member, TimerFired(kind, member.timers.pop(kind)), f"{kind.value} timer")
        return True

    def advance(self, ms: int) -> None:
        """Let time pass: timers that are due fire, in order, and everything is delivered."""
        end_ms = self.clock_ms + ms
        while due := [
            (member.due_ms[kind], member.index, kind)
            for member in self.members
            if member.replica is not None
            for kind in member.timers
            if member.due_ms[kind] <= end_ms
        ]:
            at_ms, index, kind = min(due, key=lambda each: (each[0], each[1], each[2].value))
            self.clock_ms = max(self.clock_ms, at_ms)
            self.fire(index, kind)
            self.settle()
        self.clock_ms = end_ms

    def settle(self) -> None:
        """Deliver and execute until nothing happens any more."""
        busy = True
        while busy:
            self.deliver_all()
            busy = any([self.execute(member.index) for member in self.members])

    def execute(self, index: int) -> bool:
        """Execute the oldest decision that waits; False when there is none."""
        member = self.members[index]
        if member.replica is None or not member.decided:
            return False
        decision = member.decided.pop(0)
        header = self.make_header(member, decision.batch)
        self._install(member, header, decision.transaction_ids)
        executed = BlockExecuted(header, digest_of(SUITE, header), self.installed_by(header.height))
        self.handle(member, executed, f"executed {header.height}")
        return True

    def crash(self, index: int) -> None:
        """Everything but the disk is gone, and what was on its way to it."""
        member = self.members[index]
        member.replica = None
        member.decided.clear()
        member.timers.clear()
        member.bodies.clear()
        self.wire = [envelope for envelope in self.wire if envelope.to != index]

    def replace_disk(self, index: int, disk: Disk | None = None) -> None:
        """Give a crashed validator an empty disk or an old copy; its guard stays."""
        member = self.members[index]
        assert member.replica is None
        member.disk = Disk() if disk is None else disk.copy()
        member.is_disk_replaced = True

    def restart(self, index: int, *, keeps_bodies: bool = True) -> None:
        """Wake up from the disk."""
        member = self.members[index]
        disk = member.disk
        head = disk.headers[-1] if disk.headers else None
        entries = tuple(entry for entry in disk.log.values() if entry.seq not in disk.certificates)
        uncertified = tuple(header for header in disk.headers if header.height not in disk.certificates)
        validators, origin, coming = self._epoch_on_disk(disk)
        restored = RestoredState(
            validators=validators,
            origin=origin,
            next_validators=coming,
            head=head,
            head_batch_digest=head.batch_digest if head is not None else self.chain_id,
            entries=entries,
            certified=disk.certified(),
            uncertified=uncertified,
            promises=tuple(member.guard),
        )
        member.replica = self._replica(index, restored)
        assert member.is_disk_replaced or not member.replica.forgot, "an intact disk forgets nothing (RC-2)"
        if member.replica.forgot:
            disk.log.clear()
        self.apply(member, "start", member.replica.start(self.now_ms))
        above = [entry for entry in entries if entry.seq > len(disk.headers)]
        kept = [id_ for entry in above for id_ in entry.transaction_ids] if keeps_bodies else []
        if kept:
            member.bodies.update((id_, SIZE_BYTES) for id_ in kept)
            self.handle(
                member, TransactionsAvailable(tuple((id_, SIZE_BYTES) for id_ in kept)), "kept bodies"
            )

    def handle(self, member: Member, event: Event, cause: str) -> Output:
        """Give one event to a replica and do what it asks for."""
        assert member.replica is not None
        output = member.replica.handle(event, self.now_ms)
        self.apply(member, cause, output)
        return output

    # What the driver owes, in the order of `Output`.

    def apply(self, member: Member, cause: str, output: Output) -> None:
        member.outputs.append((cause, output))
        for entry in output.persist:
            if entry.seq == VIEW_ENTRY_SEQ:
                member.disk.log[(entry.seq, 0, entry.phase)] = entry
                continue
            known = member.disk.log.setdefault((entry.seq, entry.view, entry.phase), entry)
            assert known.signed == entry.signed, "a log entry was replaced by another vote (RC-1)"
        self._keep_promises(member, output)
        for send in output.send:
            self._send(member, send)
        for fetch in output.fetch:
            self._fetch(member, fetch)
        for decision in output.decide:
            self._judge_decision(member, decision)
            member.decided.append(decision)
        for certificate in output.certificates:
            header = member.disk.headers[certificate.height - 1]
            verify_finality(SUITE, self.sets[header.epoch], certificate, header)
            member.disk.certificates.setdefault(certificate.height, certificate)
        self._keep_evidence(member, output)
        self._apply_timers(member, output)
        member.notes.extend(output.notes)
        while self.executes and self.execute(member.index):
            pass
        if any(note.event == "epoch-changed" for note in output.notes):
            self._take_early(member)
        for note in output.notes:
            if self.installs and note.event in ("behind", "uncertified"):
                self._ask_for_blocks(member, note)

    def _ask_for_blocks(self, member: Member, note: Note) -> None:
        facts = dict(note.facts)
        peer = self.members[self.place(member, int(facts["peer"]))]
        if peer.replica is None:
            return  # Whoever is down answers nobody; another peer is asked next time.
        if note.event == "behind":
            self.catch_up(member, peer)
        else:
            self.certify(member, peer, int(facts["height"]))

    def _keep_promises(self, member: Member, output: Output) -> None:
        member.guard += output.promises
        if len(member.guard) > GUARD_RECORDS and member.replica is not None:
            member.guard = member.replica.promises()

    def _keep_evidence(self, member: Member, output: Output) -> None:
        for evidence in output.evidence:
            epoch = read_evidence(evidence).epoch
            found = verify_evidence(SUITE, self.sets[epoch], self.chain_id, evidence)
            place = (found.epoch, found.validator, found.phase)
            if place not in member.disk.evidence:
                member.disk.evidence[place] = evidence
                others = [each.index for each in self.members if each is not member]
                self.wire.extend(Envelope(member.index, to, evidence) for to in others)

    def _apply_timers(self, member: Member, output: Output) -> None:
        for timer in output.timers:
            match timer:
                case SetTimer(kind=kind, generation=generation, delay_ms=delay_ms):
                    member.timers[kind] = generation
                    member.due_ms[kind] = self.clock_ms + delay_ms
                case CancelTimer(kind=kind):
                    member.timers.pop(kind, None)

    def catch_up(self, member: Member, peer: Member) -> None:
        """Install every certified block of a peer above the own head."""
        # Installing one may begin an epoch, whose early messages may lead to catching up further.
        while (height := len(member.disk.headers) + 1) <= len(peer.disk.headers):
            certificate = peer.disk.certificates.get(height)
            if member.replica is None or not peer.is_proven(height):
                return
            header, ids = peer.disk.headers[height - 1], peer.disk.ids[height - 1]
            member.decided = [decision for decision in member.decided if decision.batch.seq > height]
            if certificate is not None:
                member.disk.certificates[height] = certificate
            self._install(member, header, ids)
            event = BlockInstalled(header, ids, certificate, self.installed_by(height))
            self.handle(member, event, f"installed {height}")

    def certify(self, member: Member, peer: Member, height: int) -> None:
        """Take a peer's certificate for a height that was executed here."""
        certificate = peer.disk.certificates.get(height)
        if certificate is not None:
            member.disk.certificates[height] = certificate
            header, ids = peer.disk.headers[height - 1], peer.disk.ids[height - 1]
            self.handle(member, BlockInstalled(header, ids, certificate), f"certificate {height}")

    def _send(self, member: Member, send: Send) -> None:
        message = self._judge_vote(member, send.signed)
        for to in range(len(self.members)) if send.to is None else [self.place(member, send.to)]:
            if to != member.index:
                self.wire.append(Envelope(member.index, to, send.signed, message))

    def _fetch(self, member: Member, fetch: FetchTransactions) -> None:
        peer = self.place(member, fetch.peer)
        assert peer != member.index
        self.wire.append(Envelope(member.index, peer, BodiesWanted(fetch.ids)))

    def _install(self, member: Member, header: BlockHeader, ids: tuple[bytes, ...]) -> None:
        assert header.height == len(member.disk.headers) + 1, "blocks are executed in order, once"
        member.disk.headers.append(header)
        member.disk.ids.append(ids)

    def make_header(self, member: Member, batch: Batch) -> BlockHeader:
        """The header that executing this batch next gives."""
        before = member.disk.headers[-1] if member.disk.headers else None
        state = SUITE.digest(b"wrong" if member.index in self.corrupt else b"right")
        return BlockHeader(
            chain_id=self.chain_id,
            epoch=batch.epoch,
            height=len(member.disk.headers) + 1,
            parent=self.chain_id if before is None else digest_of(SUITE, before),
            time_ms=batch.time_ms,
            proposer=batch.proposer,
            batch_digest=digest_of(SUITE, batch),
            transactions_root=batch.transactions_root,
            transaction_count=batch.transaction_count,
            results_root=ZERO_DIGEST,
            state_root=state,
            history_root=ZERO_DIGEST,
        )

    # The judge.

    def _judge_vote(
        self, member: Member, signed: SignedMessage, *, is_carried: bool = False
    ) -> ConsensusMessage:
        epoch = self.decode(signed).epoch
        message = verify_message(SUITE, self.sets[epoch], self.chain_id, signed).message
        sender = self._place_of[self.sets[epoch].members[message.validator].public_key]
        match message:
            case Proposal() | Prepare() | Commit():
                name = (sender, message.view, message.seq, type(message).__name__)
            case Attestation():
                name = (sender, 0, message.height, "Attestation")
            case ViewChange() | NewView():
                name = (sender, epoch * 1000 + message.view, 0, type(message).__name__)
            case Progress():
                return message
        if isinstance(message, NewView):
            for signed_proposal in message.proposals:
                self._judge_vote(member, signed_proposal, is_carried=True)
        if sender == member.index:
            phase = name[3].lower()
            is_new = name not in self._votes
            if is_new and isinstance(message, ViewChange | NewView):
                kept = member.disk.log[(VIEW_ENTRY_SEQ, 0, _VIEW_PHASES[type(message)])]
                assert kept.signed == signed, f"{name} was sent before it was durable"
            if is_new and phase != "attestation":
                self._judge_promise(member, message, signed)
            known = self._votes.setdefault(name, signed.body)
            assert known == signed.body, f"double vote {name}"
            if name[2] == 0 or is_carried:
                return message
            if phase != "attestation" and name[2] > len(member.disk.headers):
                is_kept = (name[2], name[1], phase) in member.disk.log or self._is_in_new_view(member, signed)
                assert is_kept, f"{name} was sent before it was durable"
        return message

    def _is_in_new_view(self, member: Member, signed: SignedMessage) -> bool:
        """A proposal that a view took over is durable with the certificate of the view."""
        entry = member.disk.log.get((VIEW_ENTRY_SEQ, 0, "new-view"))
        if entry is None:
            return False
        message = self.decode(entry.signed)
        return isinstance(message, NewView) and signed in message.proposals

    def _judge_promise(self, member: Member, message: ConsensusMessage, signed: SignedMessage) -> None:
        assert not isinstance(message, Attestation | Progress)
        promised = self._promised.get(member.index, (0, 0))
        place = (message.epoch, message.view)
        assert place >= promised, f"a new vote of epoch and view {place} below the promised {promised}"
        if isinstance(message, ViewChange):
            self.view_changes[(member.index, message.view)] = signed
            self._promised[member.index] = place

    def _judge_decision(self, member: Member, decision: Decision) -> None:
        seq = decision.batch.seq
        before = member.decided[-1].batch.seq if member.decided else len(member.disk.headers)
        assert seq == before + 1, f"validator {member.index} decided {seq} after {before}"
        assert all(id_ in member.bodies for id_ in decision.transaction_ids), (
            "decided without the transactions"
        )
        assert compute_root(SUITE, decision.transaction_ids) == decision.batch.transactions_root
        mine = (digest_of(SUITE, decision.batch), decision.transaction_ids)
        assert self._order.setdefault(seq, mine) == mine, f"two decisions at seq {seq}"
        earlier = [id_ for other, (_, ids) in self._order.items() if other != seq for id_ in ids]
        assert not any(id_ in earlier for id_ in decision.transaction_ids), "a transaction was ordered twice"

    # Other validators (rules MB-1 to MB-5).

    def plan(self, height: int, members: Sequence[Validator]) -> ValidatorSet:
        """The block at this checkpoint will install these members; call it before anyone executes it."""
        assert height % self.genesis.parameters.checkpoint_interval == 0
        self._plans[height] = tuple(members)
        self.sets.append(ValidatorSet(len(self.sets), tuple(members)))
        return self.sets[-1]

    def installed_by(self, height: int) -> ValidatorSet | None:
        """The set that a block installs."""
        heights = sorted(self._plans)
        return self.sets[heights.index(height) + 1] if height in self._plans else None

    def place(self, member: Member, index: int) -> int:
        """Who in this world is the validator with this index in the epoch of a member."""
        assert member.replica is not None
        return self._place_of[member.replica.validators.members[index].public_key]

    def _replica(self, index: int, restored: RestoredState | None) -> Replica:
        spare = (SPARE_SIGNERS[index],)
        return Replica(self.genesis, SUITE, SIGNERS[index], spare_signers=spare, restored=restored)

    def _receive_signed(self, member: Member, envelope: Envelope, cause: str) -> None:
        """Verify under the receiver's epoch; of a later one it is kept, and both sides hear of blocks."""
        signed = envelope.payload
        assert isinstance(signed, SignedMessage)
        assert member.replica is not None
        gap = member.early.keep(envelope.sender, signed, member.replica.validators.epoch)
        if gap is not None:
            ahead = self.members[envelope.sender if gap.is_sender_ahead else envelope.to]
            behind = self.members[envelope.to if gap.is_sender_ahead else envelope.sender]
            if self.installs and behind.replica is not None:
                self._help_across(behind, ahead)
            return
        verified = verify_message(SUITE, member.replica.validators, self.chain_id, signed)
        self.handle(member, verified, cause)

    def _help_across(self, behind: Member, ahead: Member) -> None:
        for height in range(1, len(behind.disk.headers) + 1):
            if height not in behind.disk.certificates:
                self.certify(behind, ahead, height)
        self.catch_up(behind, ahead)

    def _take_early(self, member: Member) -> None:
        for sender, signed in member.early.take():
            assert isinstance(sender, int)
            self.receive(Envelope(sender, member.index, signed, self.decode(signed)))

    def _epoch_on_disk(
        self, disk: Disk
    ) -> tuple[ValidatorSet | None, BlockHeader | None, ValidatorSet | None]:
        """Set of the epoch that runs, header that began it, and the set that is about to begin."""
        validators = origin = None
        for height in sorted(self._plans):
            if height > len(disk.headers):
                break
            if any(each not in disk.certificates for each in range(1, height + 1)) and height == len(
                disk.headers
            ):
                return validators, origin, self.installed_by(height)
            validators, origin = self.installed_by(height), disk.headers[height - 1]
        return validators, origin, None

    # Looking at the world.

    def order(self, index: int) -> list[str]:
        """Names of the transactions that a validator executed, in order."""
        return [self.names.get(id_, id_.hex()[:6]) for ids in self.members[index].disk.ids for id_ in ids]

    def accused(self, index: int) -> list[tuple[int, str]]:
        """Validator and phase of the evidence that a validator keeps, in order."""
        return sorted((validator, phase) for _, validator, phase in self.members[index].disk.evidence)

    def rejections(self, index: int) -> list[str]:
        """Codes of the messages that a validator refused, in order."""
        notes = self.members[index].notes
        return [str(dict(note.facts)["code"]) for note in notes if note.event == "rejected"]

    def replica(self, index: int) -> Replica:
        """A replica that is up."""
        replica = self.members[index].replica
        assert replica is not None
        return replica

    def on_wire(
        self, kind: type | None = None, *, sender: int | None = None, to: int | None = None
    ) -> list[Envelope]:
        """Messages on their way, by type, sender and receiver."""
        return [
            envelope
            for envelope in self.wire
            if (kind is None or isinstance(envelope.message, kind) or isinstance(envelope.payload, kind))
            and sender in (None, envelope.sender)
            and to in (None, envelope.to)
        ]

    def describe(self, envelope: Envelope) -> str:
        """One message in words."""
        match envelope.payload:
            case BodiesWanted(ids=ids):
                return f"wants [{self.name_all(ids)}]"
            case BodiesFound(ids=ids):
                return f"bodies [{self.name_all(ids)}]"
            case Evidence():
                return f"evidence {describe_evidence(envelope.payload)}"
        assert envelope.message is not None
        return self.describe_message(envelope.message)

    def decode(self, signed: SignedMessage) -> ConsensusMessage:
        """The message inside a signed one."""
        message: ConsensusMessage = decode(signed.body, ConsensusMessage)
        return message

    def describe_message(self, message: ConsensusMessage) -> str:
        """One signed message in words."""
        match message:
            case Proposal(seq=seq, transaction_ids=ids):
                where = f" view {message.view}" if message.view else ""
                return f"proposal {seq}{where} [{self.name_all(ids)}]"
            case Attestation(height=height):
                return f"attestation {height}"
            case Progress(head=head, final=final):
                return f"progress {head} (final {final})"
            case ViewChange(view=view, base=base, prepared=prepared):
                height = 0 if base is None else base.header.height
                inner = [self.decode(each.proposal) for each in prepared]
                shown = [f"{each.seq}/{each.view}" for each in inner if isinstance(each, Proposal)]
                return f"view-change {view} (base {height}, prepared {' '.join(shown) or '-'})"
            case NewView(view=view, view_changes=changes, proposals=proposals):
                voters = " ".join(str(self.decode(each).validator) for each in changes)
                carried = ", ".join(self.describe_message(self.decode(each)) for each in proposals)
                return f"new-view {view} (by {voters}; {carried or 'nothing carried'})"
        where = f" view {message.view}" if message.view else ""
        return f"{type(message).__name__.lower()} {message.seq}{where}"

    def name_all(self, ids: tuple[bytes, ...]) -> str:
        """Names of transactions."""
        return " ".join(self.names.get(id_, id_.hex()[:6]) for id_ in ids)

    # Forging, as only a validator with its own key can.

    def make_proposal(
        self, names: list[str], *, seq: int = 1, sender: int = 0, **changes: object
    ) -> Proposal:
        """A proposal to follow genesis; `changes` replace its fields, after `batch_` its batch's."""
        ids = tuple(tx(name) for name in names)
        self.names.update((tx(name), name) for name in names)
        batch = Batch(
            chain_id=self.chain_id,
            epoch=0,
            seq=seq,
            time_ms=self.now_ms,
            proposer=sender,
            transactions_root=compute_root(SUITE, ids),
            transaction_count=len(ids),
        )
        in_batch = {key[6:]: changes.pop(key) for key in list(changes) if key.startswith("batch_")}
        batch = _changed(batch, in_batch)
        proposal = Proposal(
            chain_id=self.chain_id,
            epoch=0,
            validator=sender,
            view=0,
            seq=seq,
            parent=self.chain_id,
            batch=batch,
            transaction_ids=ids,
        )
        return _changed(proposal, changes)

    def make_new_view(
        self, view: int, voters: list[int], names: list[str], *, forged: list[int] | None = None
    ) -> NewView:
        """A new view of the view changes that these voters sent, carrying one transaction a seq from 1 on."""
        primary = view % len(self.members)
        empty = [self.view_change(index, view) for index in forged or ()]
        changes = [SignedMessage(encode(each), bytes(64)) for each in empty]
        changes += [self.view_changes[(index, view)] for index in voters]
        parent, proposals = self.chain_id, []
        for place, name in enumerate(names):
            proposal = self.make_proposal(
                [name], seq=place + 1, sender=primary, view=view, parent=parent, batch_proposer=0
            )
            parent = digest_of(SUITE, proposal.batch)
            proposals.append(self.verified(proposal).signed)
        return NewView(self.chain_id, 0, primary, view, tuple(changes), tuple(proposals))

    def view_change(
        self,
        sender: int,
        view: int = 1,
        base: CertifiedHeader | None = None,
        prepared: tuple[PreparedCertificate, ...] = (),
    ) -> ViewChange:
        return ViewChange(self.chain_id, 0, sender, view, base, prepared)

    def prepared(self, proposal: Proposal, voters: list[int]) -> PreparedCertificate:
        """A prepared certificate by the prepares of these voters."""
        digest = digest_of(SUITE, proposal.batch)
        votes = [self.prepare(sender, digest, seq=proposal.seq, view=proposal.view) for sender in voters]
        return PreparedCertificate(
            self.verified(proposal).signed, tuple(self.verified(vote).signed for vote in votes)
        )

    def prepare(self, sender: int, digest: bytes, *, seq: int = 1, view: int = 0) -> Prepare:
        return Prepare(chain_id=self.chain_id, epoch=0, validator=sender, view=view, seq=seq, digest=digest)

    def commit(self, sender: int, digest: bytes, *, seq: int = 1, view: int = 0) -> Commit:
        return Commit(chain_id=self.chain_id, epoch=0, validator=sender, view=view, seq=seq, digest=digest)

    def attestation(self, sender: int, digest: bytes, height: int = 1) -> Attestation:
        return Attestation(
            chain_id=self.chain_id, epoch=0, height=height, header_digest=digest, validator=sender
        )

    def inject(self, to: int, message: ConsensusMessage) -> Output:
        """Sign a message in its sender's name and hand it to one replica."""
        verified = self.verified(message)
        return self.handle(self.members[to], verified, f"{self.describe_message(message)} forged")

    def verified(self, message: ConsensusMessage) -> Verified:
        """The message as if the verifier had let it through; unknown senders borrow a key."""
        body = encode(message)
        signed = SignedMessage(body, SIGNERS[message.validator % len(SIGNERS)].sign(body))
        return Verified(message, signed)


def describe_evidence(evidence: Evidence) -> str:
    """One piece of evidence in words."""
    found = read_evidence(evidence)
    where = f" {found.seq}" if found.seq else ""
    return f"against {found.validator}: two {found.phase}s{where} view {found.view}"


def _changed(value: T, changes: dict[str, object]) -> T:
    return msgspec.structs.replace(value, **changes)


def small_parameters(**changes: object) -> ProtocolParameters:
    """Small limits, so that tests reach them soon."""
    defaults = ProtocolParameters(checkpoint_interval=4, pipeline=2, batch_records_max=3)
    return msgspec.structs.replace(defaults, **changes)
