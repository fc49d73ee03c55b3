"""One simulated validator: honours the contract on `Output` with a simulated disk and a simulated network.

Its counterpart on real processes is `govchain.node`. Time, frames and timers come from the cluster.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from typing import Final, Protocol, assert_never

from govchain.codec import decode, encode
from govchain.consensus import (
    BlockExecuted,
    BlockInstalled,
    CancelTimer,
    Decision,
    Event,
    LogEntry,
    Note,
    Output,
    Replica,
    RestoredState,
    SetTimer,
    SignedMessage,
    TimerFired,
    TimerKind,
    TransactionsAvailable,
    TransactionsDropped,
    identify_vote,
    verify_message,
)
from govchain.crypto import Signer, Suite, chain_id_of, digest_of, transaction_id, verify_finality
from govchain.errors import BadProof, InvalidInput, Unavailable
from govchain.ledger import Chain, ExecutedBlock, Ledger
from govchain.mempool import Mempool
from govchain.model import Batch, Block, BlockHeader, FinalityCertificate, Genesis, Space, Transaction, Write
from govchain.model.ids import View
from govchain.sim.checks import Checks
from govchain.sim.network import (
    BlocksFound,
    BlocksWanted,
    Frame,
    Gossip,
    TransactionsFound,
    TransactionsWanted,
)
from govchain.sim.trace import Fact
from govchain.storage import MemoryStore

BLOCKS_ANSWER_MAX: Final = 64
"""Blocks in one answer to a validator that is behind."""

FORWARD_MAX: Final = 64
"""Waiting transactions that are told to the primary again in one period."""

_BODIES: Final = "transactions"
"""Phase under which the bodies of a proposal's transactions are kept beside the vote log."""


class World(Protocol):
    """What a validator asks of the simulated world; `SimCluster` is it."""

    checks: Checks

    def now_ms(self, node: int) -> int: ...

    def send(self, source: int, target: int | None, frame: Frame) -> None: ...

    def arm(self, node: int, timer: SetTimer) -> None: ...

    def cancel(self, node: int, kind: TimerKind) -> None: ...

    def record(self, node: int, kind: str, **facts: Fact) -> None: ...


class SimNode:
    """A validator from power-on to crash. The disk outlives it; everything else is lost.

    Attributes:
        ledger: Executed state.
        chain: Read side over the disk.
        mempool: Admitted transactions.
        replica: The core.
        final_height: Last height with a certificate here.
    """

    def __init__(
        self,
        index: int,
        genesis: Genesis,
        *,
        suite: Suite,
        signer: Signer,
        disk: MemoryStore,
        world: World,
        is_restart: bool,
    ) -> None:
        self.index = index
        self.disk = disk
        self._genesis = genesis
        self._suite = suite
        self._chain_id = chain_id_of(suite, genesis)
        self._world = world
        self._inbox: deque[Event] = deque()
        self.ledger = Ledger(genesis, suite, disk)
        disk.write(self.ledger.genesis_writes(), sync=True)
        self.chain = Chain(genesis, suite, disk, self.ledger)
        self.mempool = Mempool(genesis, suite, self.ledger)
        self.final_height = self.chain.final_height()
        self._bodies: tuple[Transaction, ...] = ()
        self.replica = Replica(
            genesis, suite, index, signer, restored=self._restored() if is_restart else None
        )
        self._asked_blocks = (-1, -1)

    def start(self) -> None:
        """Let the core begin; call once."""
        self._honour(self.replica.start(self._world.now_ms(self.index)))
        self._admit(self._bodies, proposed=True)
        self._bodies = ()
        self._drain()

    def submit(self, transaction: Transaction) -> bytes:
        """Admit a client's transaction and gossip it (rule RQ-1); its id.

        Raises:
            InvalidTransaction: It may not enter the pool.
            Unavailable: The pool is full.
        """
        admitted = self.mempool.admit(transaction)
        self._world.send(self.index, None, Gossip(transaction))
        self._take(TransactionsAvailable(((admitted.id, admitted.size_bytes),)))
        return admitted.id

    def receive(self, source: int, frame: Frame) -> None:
        """Take one frame from the network."""
        match frame:
            case SignedMessage():
                self._receive_message(source, frame)
            case Gossip():
                self._admit((frame.transaction,), proposed=False)
            case TransactionsFound():
                self._admit(frame.transactions, proposed=True)
            case TransactionsWanted():
                held = [self.mempool.get(each) for each in frame.ids]
                found = tuple(each for each in held if each is not None)
                if found:
                    self._world.send(self.index, source, TransactionsFound(found))
            case BlocksWanted():
                self._answer_blocks(source, frame.from_height)
            case BlocksFound():
                self._install(frame.blocks)
            case _:
                assert_never(frame)

    def fire(self, kind: TimerKind, generation: int) -> None:
        """A timer that this validator armed has fired."""
        if kind is TimerKind.RETRANSMIT:
            self._forward()
        self._take(TimerFired(kind, generation))

    def _forward(self) -> None:
        """Tell the primary what it may have forgotten or never heard of (rule RQ-3)."""
        primary = self._genesis.validators.primary(View(self.replica.status().view))
        waiting = self.mempool.oldest(FORWARD_MAX) if primary != self.index else ()
        for transaction in filter(None, map(self.mempool.get, waiting)):
            self._world.send(self.index, primary, Gossip(transaction))

    def _take(self, event: Event) -> None:
        self._inbox.append(event)
        self._drain()

    def _drain(self) -> None:
        while self._inbox:
            self._honour(self.replica.handle(self._inbox.popleft(), self._world.now_ms(self.index)))

    def _honour(self, output: Output) -> None:
        # The order of this function is the contract on Output.
        if output.persist:
            self.disk.write(
                [write for entry in output.persist for write in self._entry_writes(entry)], sync=True
            )
        for certificate in output.certificates:
            self._store_certificate(certificate)
        for send in output.send:
            self._check_vote(send.signed)
            self._world.send(self.index, send.to, send.signed)
        for fetch in output.fetch:
            self._world.send(self.index, fetch.peer, TransactionsWanted(fetch.ids))
        for id_, peer in output.forward:
            if (transaction := self.mempool.get(id_)) is not None:
                self._world.send(self.index, peer, Gossip(transaction))
        for decision in output.decide:
            self._execute_decision(decision)
        for timer in output.timers:
            if isinstance(timer, SetTimer):
                self._world.arm(self.index, timer)
            else:
                assert isinstance(timer, CancelTimer)
                self._world.cancel(self.index, timer.kind)
        for note in output.notes:
            self._take_note(note)

    def _receive_message(self, source: int, signed: SignedMessage) -> None:
        try:
            verified = verify_message(self._suite, self._genesis.validators, self._chain_id, signed)
        except InvalidInput as error:
            self._world.record(self.index, "refused", peer=source, code=error.code)
            return
        self._take(verified)

    def _admit(self, transactions: Sequence[Transaction], *, proposed: bool) -> None:
        entries: list[tuple[bytes, int]] = []
        for transaction in transactions:
            if self.has_executed(transaction):
                continue
            try:
                admitted = self.mempool.admit(transaction, proposed=proposed)
            except (InvalidInput, Unavailable) as error:
                # Gossip crosses execution: what is known or executed here is no news.
                self._world.record(self.index, "not-admitted", code=error.code)
                continue
            entries.append((admitted.id, admitted.size_bytes))
        if entries:
            self._take(TransactionsAvailable(tuple(entries)))

    def _execute_decision(self, decision: Decision) -> None:
        # What a new view took over may repeat a transaction (rule VC-3); execution denies it then.
        transactions = [
            self.mempool.get(each) or self.chain.transaction(each) for each in decision.transaction_ids
        ]
        held = [each for each in transactions if each is not None]
        assert len(held) == len(transactions), "NC-2: a batch is voted for only with all its transactions"
        executed = self._execute(decision.batch, held, [])
        self._inbox.append(BlockExecuted(executed.block.header))

    def _execute(self, batch: Batch, transactions: list[Transaction], extra: list[Write]) -> ExecutedBlock:
        executed = self.ledger.execute(batch, transactions)
        header = executed.block.header
        self.disk.write([*executed.writes, *extra], sync=True)
        ids = tuple(executed.transaction_ids)
        superseded = self.mempool.supersede(executed.block.transactions)
        self.mempool.remove(ids)
        self._world.record(
            self.index, "execute", height=header.height, header=digest_of(self._suite, header), count=len(ids)
        )
        self._world.checks.note_executed(self.index, header, ids)
        dropped = (*superseded, *self.mempool.expire(header.height))
        if dropped:
            self._inbox.append(TransactionsDropped(dropped))
        return executed

    def _store_certificate(self, certificate: FinalityCertificate) -> None:
        writes = [self.chain.certificate_write(certificate), *self._settled_votes(certificate.height)]
        self.disk.write(writes, sync=True)
        self._note_final(certificate)

    def _note_final(self, certificate: FinalityCertificate) -> None:
        self.final_height = max(self.final_height, certificate.height)
        self._world.record(self.index, "final", height=certificate.height, header=certificate.header_digest)

    def _answer_blocks(self, peer: int, from_height: int) -> None:
        found: list[tuple[Block, FinalityCertificate]] = []
        for height in range(from_height, from_height + BLOCKS_ANSWER_MAX):
            block, certificate = self.chain.block(height), self.chain.certificate(height)
            if block is None or certificate is None:
                break
            found.append((block, certificate))
        if found:
            self._world.send(self.index, peer, BlocksFound(tuple(found)))

    def _install(self, blocks: Sequence[tuple[Block, FinalityCertificate]]) -> None:
        """Take final blocks by certificate (rule CU-2), or only the certificates of those executed here."""
        for block, certificate in blocks:
            height = block.header.height
            if height > self.ledger.height + 1 or self.chain.certificate(height) is not None:
                continue
            try:
                verify_finality(self._suite, self._genesis.validators, certificate, block.header)
            except BadProof:
                self._world.record(self.index, "refused-block", height=height)
                return
            if height <= self.ledger.height:
                self._store_certificate(certificate)
                self._take(BlockInstalled(block.header, (), certificate))
                continue
            extra = [self.chain.certificate_write(certificate), *self._settled_votes(height)]
            executed = self._execute(block.batch, list(block.transactions), extra)
            self._note_final(certificate)
            ids = tuple(executed.transaction_ids)
            self._take(BlockInstalled(executed.block.header, ids, certificate))

    def _take_note(self, note: Note) -> None:
        self._world.record(self.index, f"note-{note.event}", **dict(note.facts))
        facts = dict(note.facts)
        if note.event == "behind":
            self._ask_blocks(facts["peer"], self.ledger.height + 1)
        elif note.event == "uncertified":
            self._ask_blocks(facts["peer"], facts["height"])

    def _ask_blocks(self, peer: str | int, from_height: str | int) -> None:
        assert isinstance(peer, int)
        assert isinstance(from_height, int)
        asked = (self._world.now_ms(self.index), from_height)
        if asked != self._asked_blocks:
            self._asked_blocks = asked
            self._world.send(self.index, peer, BlocksWanted(from_height))

    def _check_vote(self, signed: SignedMessage) -> None:
        vote = identify_vote(self._suite, signed)
        if vote is None or vote.validator != self.index:
            return
        key = _vote_key(vote.seq, vote.view, vote.phase)
        is_durable = self.disk.get(Space.VOTE, key) is not None or vote.seq <= self.ledger.height
        self._world.checks.note_vote(signed, is_durable=is_durable)

    def _settled_votes(self, height: int) -> list[Write]:
        # Not earlier than with the certificate: a peer may be unable to decide without them (rule RC-1).
        prefix = height.to_bytes(8, "big")
        found = self.disk.scan(Space.VOTE, start=prefix, limit=None)
        return [(Space.VOTE, key, None) for key, _ in found if key.startswith(prefix)]

    def _entry_writes(self, entry: LogEntry) -> list[Write]:
        self._world.record(self.index, "persist", phase=entry.phase, view=entry.view, seq=entry.seq)
        writes: list[Write] = [
            (Space.VOTE, _vote_key(entry.seq, entry.view, entry.phase), encode(entry.signed))
        ]
        held = [self.mempool.get(each) for each in entry.transaction_ids]
        bodies = tuple(each for each in held if each is not None)
        if bodies:
            # After a crash of everybody nobody else may have them.
            writes.append((Space.VOTE, _vote_key(entry.seq, entry.view, _BODIES), encode(bodies)))
        return writes

    def _restored(self) -> RestoredState:
        entries: list[LogEntry] = []
        for key, value in self.disk.scan(Space.VOTE, start=b"", limit=None):
            seq, view = int.from_bytes(key[:8], "big"), int.from_bytes(key[8:16], "big")
            phase = key[16:].decode("ascii")
            if phase == _BODIES:
                self._bodies += decode(value, tuple[Transaction, ...])
            else:
                entries.append(LogEntry(seq=seq, phase=phase, view=view, signed=decode(value, SignedMessage)))
        uncertified = [
            block.header
            for height in range(1, self.ledger.height + 1)
            if self.chain.certificate(height) is None and (block := self.chain.block(height)) is not None
        ]
        return RestoredState(
            head=self.ledger.head,
            head_batch_digest=self.ledger.head_batch_digest,
            entries=tuple(entries),
            certified=self._highest_certified(),
            uncertified=tuple(uncertified),
        )

    def _highest_certified(self) -> tuple[BlockHeader, FinalityCertificate] | None:
        for height in range(self.ledger.height, 0, -1):
            block, certificate = self.chain.block(height), self.chain.certificate(height)
            if block is not None and certificate is not None:
                return block.header, certificate
        return None

    def public_key_of(self, key_id: bytes) -> bytes | None:
        """Public key of a key of the executed state."""
        state = self.ledger.key(key_id)
        return None if state is None else state.public_key

    def has_executed(self, transaction: Transaction) -> bool:
        """Whether a transaction is in an executed block here."""
        return self.chain.locate(transaction_id(self._suite, transaction)) is not None


def _vote_key(seq: int, view: int, phase: str) -> bytes:
    return seq.to_bytes(8, "big") + view.to_bytes(8, "big") + phase.encode("ascii")
