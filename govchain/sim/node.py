"""One simulated validator: honours the contract on `Output` with a simulated disk and a simulated network.

Its counterpart on real processes is `govchain.node`. Time, frames and timers come from the cluster.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from typing import Final, assert_never

from govchain.consensus import (
    BlockExecuted,
    BlockInstalled,
    Decision,
    EarlyMessages,
    Event,
    EvidenceReceived,
    LogEntry,
    Note,
    Output,
    SetTimer,
    SignedMessage,
    TimerFired,
    TimerKind,
    TransactionsAvailable,
    TransactionsDropped,
)
from govchain.crypto import Signer, Suite
from govchain.crypto.block_proof import require_proven, split_by_certificate
from govchain.errors import BadProof, InvalidInput, Unavailable
from govchain.ledger import Chain, ExecutedBlock, Ledger
from govchain.mempool import Mempool, TransactionForm
from govchain.model import Batch, Block, FinalityCertificate, Genesis, Space, Transaction, Write
from govchain.model.ids import View
from govchain.sim.accuser import Accuser
from govchain.sim.disk import SimDisk
from govchain.sim.network import (
    BlocksFound,
    BlocksWanted,
    EvidenceFound,
    Frame,
    Gossip,
    ReadAnswer,
    ReadQuestion,
    TransactionsFound,
    TransactionsWanted,
)
from govchain.sim.proven import Gaps, proven_blocks
from govchain.sim.reads import SimReads
from govchain.sim.vote_log import VoteLog, first_uncertified, restore_from
from govchain.sim.world import World
from govchain.storage import MemoryGuard

BLOCKS_ANSWER_MAX: Final = 64
"""Blocks in one answer to a validator that is behind; after a full one it asks on."""
FORWARD_MAX: Final = 64
"""Waiting transactions that are told to the primary again in one period."""


class SimNode:
    """A validator from power-on to crash. Disk and guard outlive it; everything else is lost.

    Attributes:
        ledger: Executed state.
        chain: Read side over the disk.
        mempool: Admitted transactions.
        accuser: Evidence against other validators.
        replica: The core.
        final_height: Last height with a certificate here.
        reads: Reads at level `latest` (rule RD-1).
    """

    def __init__(
        self,
        index: int,
        genesis: Genesis,
        *,
        suite: Suite,
        signers: Sequence[Signer],
        disk: SimDisk,
        guard: MemoryGuard,
        world: World,
        is_restart: bool,
    ) -> None:
        self.index = index
        self.disk = disk
        self._guard = guard
        self._genesis = genesis
        self._suite = suite
        self._world = world
        self._verify = world.door.verify
        self._own_keys = [signer.public_key for signer in signers]
        self._inbox: deque[Event] = deque()
        self.ledger = Ledger(genesis, suite, disk)
        disk.write(self.ledger.genesis_writes(), sync=True)
        self.chain = Chain(genesis, suite, disk, self.ledger)
        self._read_form = TransactionForm(genesis, suite).read if world.forms is None else world.forms.read
        check = None if world.execution is None else world.execution.admission.of(genesis, self.ledger)
        self.mempool = Mempool(genesis, suite, self.ledger, read=self._read_form, check=check)
        self.accuser = Accuser(
            index,
            world,
            ledger=self.ledger,
            chain=self.chain,
            mempool=self.mempool,
            signers=signers,
            disk=disk,
            put_event=self._inbox.append,
        )
        self.final_height = self.chain.final_height()
        self._gaps = Gaps(self.chain)
        self._early = EarlyMessages()
        self._bodies: tuple[Transaction, ...] = ()
        restored = None
        if is_restart:
            restored, self._bodies = restore_from(disk, guard, self.ledger, self.chain)
        self.replica = world.protocol.make_core(genesis, suite, signers, restored)
        if self.replica.forgot:
            disk.write([(Space.VOTE, key, None) for key, _ in disk.scan(Space.VOTE)], sync=True)
        self._votes = VoteLog(disk)
        self._asked_blocks = (-1, -1)
        self.reads = SimReads(index, suite=suite, world=world, ledger=self.ledger, chain=self.chain)

    def start(self) -> None:
        """Let the core begin; call once."""
        self._honour(self.replica.start(self._world.now_ms(self.index)))
        self._admit(self._bodies, proposed=True)
        self._bodies = ()
        if self._inbox:
            self.take(self._inbox.popleft())

    def submit(self, transaction: Transaction) -> bytes:
        """Admit a client's transaction and gossip it (rule RQ-1); its id.

        Raises:
            InvalidTransaction: It may not enter the pool.
            Unavailable: The pool is full.
        """
        admitted = self.mempool.admit(transaction)
        self._world.send(self.index, None, Gossip(transaction))
        self.take(TransactionsAvailable(((admitted.id, admitted.size_bytes),)))
        return admitted.id

    def receive(self, source: int, frame: Frame) -> None:
        """Take one frame from the network."""
        match frame:
            case SignedMessage():
                self.receive_message(source, frame)
            case Gossip():
                self._admit((frame.transaction,), proposed=False)
            case TransactionsFound():
                self._admit(frame.transactions, proposed=True)
            case TransactionsWanted():
                if found := tuple(filter(None, map(self._body, frame.ids))):
                    self._world.send(self.index, source, TransactionsFound(found))
            case BlocksWanted():
                self._answer_blocks(source, frame.from_height)
            case BlocksFound():
                height = self.ledger.height
                self._install(frame.blocks)
                # What was false or known would only come again (rule CU-5).
                if self.ledger.height > height and len(frame.blocks) == BLOCKS_ANSWER_MAX:
                    self._ask_blocks(source, self.ledger.height + 1)
                if self.ledger.height > height and (gap := self._gaps.first(self.final_height)):
                    self._ask_blocks(source, gap)
            case ReadQuestion() | ReadAnswer():
                self.reads.receive(source, frame)
            case EvidenceFound():
                self.take(EvidenceReceived(frame.evidence, source))
            case _:
                assert_never(frame)

    def fire(self, kind: TimerKind, generation: int) -> None:
        """A timer that this validator armed has fired."""
        if kind is TimerKind.RETRANSMIT:
            self._forward()
        self.accuser.accuse(turn=self.replica.validators.size)
        self.take(TimerFired(kind, generation))

    def _forward(self) -> None:
        """Tell the primary what it may have forgotten or never heard of (rule RQ-3)."""
        waiting = self.mempool.oldest(FORWARD_MAX)
        if not waiting:
            return
        primary = self._place(self.replica.validators.primary(View(self.replica.status().view)))
        if primary == self.index:
            return
        for transaction in filter(None, map(self.mempool.get, waiting)):
            self._world.send(self.index, primary, Gossip(transaction))

    def take(self, event: Event) -> None:
        """Give the core an event, after those that wait, and then all that come of it."""
        inbox = self._inbox
        if inbox:
            inbox.append(event)
            event = inbox.popleft()
        while True:
            self._honour(self.replica.judge(event, self._world.now_ms(self.index)))
            if not inbox:
                return
            event = inbox.popleft()

    def _honour(self, output: Output) -> None:
        # The order of this function is the contract on Output.
        if output.persist or output.certificates or output.promises:
            self._persist(output)
        for send in output.send:
            self._check_vote(send.signed)
            target = None if send.to is None else self._place(send.to)
            self._world.send(self.index, target, send.signed)
        for fetch in output.fetch:
            self._world.send(self.index, self._place(fetch.peer), TransactionsWanted(fetch.ids))
        for id_, peer in output.forward:
            if (transaction := self.mempool.get(id_)) is not None:
                self._world.send(self.index, self._place(peer), Gossip(transaction))
        for decision in output.decide:
            self._execute_decision(decision)
        for evidence in output.evidence:
            self.accuser.take(evidence)
        for timer in output.timers:
            if isinstance(timer, SetTimer):
                self._world.arm(self.index, timer)
            else:
                self._world.cancel(self.index, timer.kind)
        for note in output.notes:
            self._take_note(note)

    def _persist(self, output: Output) -> None:
        if output.persist:
            writes = [write for entry in output.persist for write in self._entry_writes(entry)]
            self.disk.write(writes, sync=True)
        for certificate in output.certificates:
            self._store_certificate(certificate)
        if output.promises:
            self._guard.append(output.promises)
            if self._guard.is_full:
                self._guard.replace(self.replica.promises())

    def receive_message(self, source: int, signed: SignedMessage) -> None:
        """Take one message of another validator's core, which has not only to be counted."""
        try:
            verified = self._verify(self.replica.validators, signed)
        except InvalidInput as error:
            if error.code == "wrong-epoch":
                self._cross_epochs(source, signed)
            self._world.record(self.index, "refused", peer=source, code=error.code)
            return
        self.take(verified)

    def _cross_epochs(self, source: int, signed: SignedMessage) -> None:
        """One of the two is behind a change of validators; only blocks lead across it (rules MB-2, CU-2)."""
        gap = self._early.keep(source, signed, self.replica.validators.epoch)
        if gap is not None and gap.is_sender_ahead:
            self._ask_blocks(source, first_uncertified(self.ledger, self.chain))
        elif gap is not None and gap.final is not None:
            self._answer_blocks(source, gap.final + 1)

    def _place(self, index: int) -> int:
        """Node of the validator with this index in the epoch that runs here."""
        return self._world.node_of(self.replica.validators.members[index].public_key)

    def _admit(self, transactions: Sequence[Transaction], *, proposed: bool) -> None:
        entries: list[tuple[bytes, int]] = []
        for transaction in transactions:
            try:
                if self.chain.locate(self._read_form(transaction)[0]) is not None:
                    continue  # Executed here.
                admitted = self.mempool.admit(transaction, proposed=proposed)
            except (InvalidInput, Unavailable) as error:
                # Gossip crosses execution: what is known or executed here is no news.
                self._world.record(self.index, "not-admitted", code=error.code)
                continue
            entries.append((admitted.id, admitted.size_bytes))
        if entries:
            self.take(TransactionsAvailable(tuple(entries)))

    def _body(self, id_: bytes) -> Transaction | None:
        """A transaction that others may lack: it waits here, or its block has no certificate yet (CU-2)."""
        place = self.chain.locate(id_)
        is_open = place is not None and self.chain.certificate(place[0]) is None
        return self.mempool.get(id_) or (self.chain.transaction(id_) if is_open else None)

    def _execute_decision(self, decision: Decision) -> None:
        # What a new view took over may repeat a transaction (rule VC-3); execution denies it then.
        transactions = [
            self.mempool.get(each) or self.chain.transaction(each) for each in decision.transaction_ids
        ]
        held = [each for each in transactions if each is not None]
        assert len(held) == len(transactions), "NC-2: a batch is voted for only with all its transactions"
        done = self._execute(decision.batch, held, [])
        self._inbox.append(BlockExecuted(done.block.header, done.header_digest, done.next_validators))

    def _execute(self, batch: Batch, transactions: list[Transaction], extra: list[Write]) -> ExecutedBlock:
        shared = self._world.execution
        if shared is None:
            executed = self.ledger.execute(batch, transactions)
        else:
            executed = shared.execute(self.ledger, batch, transactions)
        self._world.spend_apply(self.index, len(transactions))
        header = executed.block.header
        recorded = self.accuser.executed(executed.block)
        self.disk.write([*executed.writes, *extra, *recorded], sync=True)
        ids = tuple(executed.transaction_ids)
        superseded = self.mempool.supersede(ids, executed.block.transactions)
        self.mempool.remove(ids)
        self._world.record(
            self.index, "execute", height=header.height, header=executed.header_digest, count=len(ids)
        )
        self._world.checks.note_executed(self.index, header, ids)
        self._world.checks.note_meaning(self.index, executed)
        if executed.next_validators is not None:
            self._world.checks.note_installed(self.index, executed.next_validators)
        dropped = (*superseded, *self.mempool.expire(header.height))
        if dropped:
            self._inbox.append(TransactionsDropped(dropped))
        return executed

    def _store_certificate(self, certificate: FinalityCertificate) -> None:
        writes = [self.chain.certificate_write(certificate), *self._votes.settle(certificate.height)]
        self.disk.write(writes, sync=True)
        self._note_final(certificate)

    def _note_final(self, certificate: FinalityCertificate) -> None:
        self.final_height = max(self.final_height, certificate.height)
        self.reads.advance()
        self._world.record(self.index, "final", height=certificate.height, header=certificate.header_digest)

    def _answer_blocks(self, peer: int, from_height: int) -> None:
        found = proven_blocks(self.chain, from_height, BLOCKS_ANSWER_MAX)
        if found:
            self._world.send(self.index, peer, BlocksFound(found))

    def _install(self, blocks: Sequence[tuple[Block, FinalityCertificate | None]]) -> None:
        """Take proven blocks (rule CU-2), or only the certificates of those executed here."""
        for group in split_by_certificate(blocks):
            try:
                require_proven(self._suite, self.ledger.validators_of, group)
            except BadProof:
                self._world.record(self.index, "refused-block", height=group[-1][0].header.height)
                return
            for each in group:
                self._install_proven(*each)

    def _install_proven(self, block: Block, certificate: FinalityCertificate | None) -> None:
        height = block.header.height
        if height > self.ledger.height + 1 or self.chain.certificate(height) is not None:
            return
        extra: list[Write] = []
        if certificate is not None and height > self.ledger.height:
            extra = [self.chain.certificate_write(certificate), *self._votes.settle(height)]
        elif certificate is not None:
            self._store_certificate(certificate)
            self.take(BlockInstalled(block.header, (), certificate))
        if height <= self.ledger.height:
            return
        executed = self._execute(block.batch, list(block.transactions), extra)
        if certificate is not None:
            self._note_final(certificate)
        ids = tuple(executed.transaction_ids)
        self.take(BlockInstalled(executed.block.header, ids, certificate, executed.next_validators))

    def _take_note(self, note: Note) -> None:
        facts = dict(note.facts)
        if self._world.is_traced:
            self._world.record(self.index, f"note-{note.event}", **facts)
        if note.event == "epoch-changed":
            for source, signed in self._early.take():
                assert isinstance(source, int)
                self.receive_message(source, signed)
        elif note.event == "behind":
            self._ask_blocks(self._place(int(facts["peer"])), self.ledger.height + 1)
        elif note.event == "uncertified":
            self._ask_blocks(self._place(int(facts["peer"])), int(facts["height"]))

    def _ask_blocks(self, peer: int, from_height: int) -> None:
        asked = (self._world.now_ms(self.index), from_height)
        if asked != self._asked_blocks:
            self._asked_blocks = asked
            self._world.send(self.index, peer, BlocksWanted(from_height))

    def _check_vote(self, signed: SignedMessage) -> None:
        vote = self._world.protocol.identify_vote(self._suite, signed)
        # Proposals of others are sent again too, and were never ours to make durable.
        if vote is None or self.replica.validators.members[vote.validator].public_key not in self._own_keys:
            return
        is_durable = self._world.protocol.is_durable(self.disk, self.ledger.height, vote, signed)
        self._world.checks.note_vote(vote, is_durable=is_durable)

    def _entry_writes(self, entry: LogEntry) -> list[Write]:
        if self._world.is_traced:
            self._world.record(self.index, "persist", phase=entry.phase, view=entry.view, seq=entry.seq)
        held = [self.mempool.get(each) for each in entry.transaction_ids] if entry.transaction_ids else []
        return self._votes.keep(entry, tuple([each for each in held if each is not None]) if held else ())

    def public_key_of(self, key_id: bytes) -> bytes | None:
        """Public key of a key of the executed state."""
        state = self.ledger.key(key_id)
        return None if state is None else state.public_key
