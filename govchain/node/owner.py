"""The owner of the replica: one task that feeds it and does what it asks for, in the order of the contract.

A turn: take what waits, handle it, make votes durable in one write, send, then execute one block. Nobody else
touches replica, ledger or vote log.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from typing import Final

from govchain.consensus import (
    BlockExecuted,
    BlockInstalled,
    CancelTimer,
    Decision,
    Event,
    EvidenceReceived,
    FetchTransactions,
    Note,
    Output,
    Replica,
    SetTimer,
    TimerFired,
    TimerKind,
    TransactionsAvailable,
    TransactionsDropped,
)
from govchain.errors import Diverged, InvalidInput
from govchain.ledger import ExecutedBlock
from govchain.model import FinalityCertificate
from govchain.node.accuser import Accuser
from govchain.node.block_sync import ReadyBlock
from govchain.node.executor import Executor
from govchain.node.finality import Finality
from govchain.node.inbox import Inbox
from govchain.node.parts import NodeParts
from govchain.node.peers import Peers
from govchain.node.pool import PoolTraffic
from govchain.node.reads import LatestReads
from govchain.node.snapshot_fetch import Snapshot
from govchain.node.sync import Sync
from govchain.node.vote_log import VoteLog
from govchain.node.wire import (
    Blocks,
    BlocksWanted,
    Consensus,
    EvidenceFound,
    Hello,
    ReadAnswer,
    ReadQuestion,
    SnapshotChunk,
    SnapshotHead,
    SnapshotWanted,
    Transactions,
    TransactionsWanted,
)
from govchain.observe import Throttle
from govchain.storage import Guard

ADMISSIONS_PER_TURN: Final = 128
"""Peers' transactions admitted between two looks at votes."""
SILENCE_ADVICE: Final = (
    "nothing, while the others go on: it fetches their blocks and votes again from that height on. If they "
    "wait for it, too many disks were lost at once: bring back the newest data directory of one of them"
)


class Owner:
    """Drives one replica. All methods run in the loop's thread."""

    def __init__(
        self,
        parts: NodeParts,
        replica: Replica,
        *,
        executor: Executor,
        votes: VoteLog,
        guard: Guard,
        finality: Finality,
        pool: PoolTraffic,
        sync: Sync,
        peers: Peers,
        inbox: Inbox,
        reads: LatestReads,
        accuser: Accuser,
    ) -> None:
        self._parts = parts
        self.replica = replica
        self._executor = executor
        self._votes = votes
        self._guard = guard
        self._finality = finality
        self._pool = pool
        self._sync = sync
        self._peers = peers
        self._inbox = inbox
        self._reads = reads
        self._accuser = accuser
        self._decisions: deque[Decision] = deque()
        self._timers: dict[TimerKind, asyncio.TimerHandle] = {}
        self._is_stopping = False
        self._throttle = Throttle(parts.clock)
        self._store_seconds = parts.metrics.histogram("govchain_store_seconds").labels("votes")
        self._guard_seconds = parts.metrics.histogram("govchain_store_seconds").labels("guard")
        self._verify_messages = parts.metrics.histogram("govchain_verify_seconds").labels("messages")
        self._verify_transactions = parts.metrics.histogram("govchain_verify_seconds").labels("transactions")
        pool.on_taken = inbox.done
        self.on_epoch: Callable[[], None] = lambda: None
        """Called when other validators run the chain from now on."""

    async def run(self) -> None:
        """Work until `stop`.

        Raises:
            Diverged: This validator executed something else than a quorum (rule CP-3).
            StorageFailure: The store failed.
        """
        self._honour([self.replica.start(self._parts.now_ms())])
        while not self._is_stopping:
            if not self._has_work():
                await self._inbox.arrived.wait()
            self._inbox.arrived.clear()
            self._turn()
            # Votes leave before the next block is executed, and others get their turn.
            await asyncio.sleep(0)
            self._execute_next()

    def stop(self) -> None:
        """Finish the turn and end."""
        self._is_stopping = True
        self._inbox.arrived.set()
        for timer in self._timers.values():
            timer.cancel()
        self._timers.clear()

    def wake(self) -> None:
        """Something is to be taken from the pool or from catch-up."""
        self._inbox.arrived.set()

    def _has_work(self) -> bool:
        return bool(
            self._inbox.arrived.is_set() or self._decisions or self._pool.waiting_count or self._sync.has_work
        )

    def _turn(self) -> None:
        outputs: list[Output] = []
        for peer, payload in self._inbox.take_frames():
            self._take_frame(peer, payload, outputs)
        for event in self._inbox.take_events():
            self._handle(event, outputs)
        if self._pool.waiting_count:
            began_s = self._parts.clock()
            self._pool.admit_waiting(ADMISSIONS_PER_TURN)
            self._verify_transactions.observe(self._parts.clock() - began_s)
        self._handle_available(outputs)
        gossip = self._pool.take_gossip()
        if gossip:
            self._peers.gossip(gossip)
        self._honour(outputs)

    def _handle(self, event: Event, outputs: list[Output]) -> None:
        outputs.append(self.replica.handle(event, self._parts.now_ms()))
        if self.replica.validators.epoch != self._parts.members.validators.epoch:
            self._begin_epoch(outputs)

    def _begin_epoch(self, outputs: list[Output]) -> None:
        """Other validators from here on: indices mean others now, and new ones are dialled (rule MB-2)."""
        self._parts.members.follow(self.replica.validators)
        self.on_epoch()
        for early in self._peers.verifier.early_messages():
            self._handle(early, outputs)

    def _handle_available(self, outputs: list[Output]) -> None:
        entries = self._pool.take_available()
        if entries:
            self._handle(TransactionsAvailable(entries), outputs)

    def _take_frame(self, peer: str, payload: bytes, outputs: list[Output]) -> None:
        frame = self._peers.verifier.frame(peer, payload)
        # Far behind, what others tell is old: most of it is in the blocks that are being fetched.
        if isinstance(frame, Transactions) and frame.transactions and not self._sync.catch_up.is_chasing:
            self._pool.receive(peer, frame.transactions, len(payload))
            return
        self._inbox.done(peer, len(payload))
        match frame:
            case Consensus(messages=messages):
                began_s = self._parts.clock()
                verified = self._peers.verifier.messages(peer, messages)
                self._verify_messages.observe(self._parts.clock() - began_s)
                for each in verified:
                    self._handle(each, outputs)
            case Hello(final_height=height):
                self._sync.catch_up.claim(peer, height)
            case TransactionsWanted(ids=ids):
                self._peers.send_transactions(peer, self._pool.answer(ids))
            case BlocksWanted():
                self._peers.answer_blocks(peer, frame, self._finality)
            case Blocks() | SnapshotWanted() | SnapshotHead() | SnapshotChunk():
                self._sync.take(peer, frame)
            case ReadQuestion() | ReadAnswer():
                self._take_read(peer, frame)
            case EvidenceFound(evidence=evidence):
                self._handle(EvidenceReceived(evidence, peer), outputs)
            case Transactions() | None:
                pass

    def _take_read(self, peer: str, frame: ReadQuestion | ReadAnswer) -> None:
        if isinstance(frame, ReadQuestion):
            self._reads.asked(peer, frame.nonce)
            return
        try:
            self._reads.answered(peer, frame)
        except InvalidInput as error:
            self._peers.verifier.refuse(peer, error)

    def _honour(self, outputs: list[Output]) -> None:
        """Do what the core asks for; the order of this function is the contract on `Output`."""
        # Writing may be followed by more outputs (fetched from the pool), hence a queue.
        waiting = deque(outputs)
        while waiting:
            group = list(waiting)
            waiting.clear()
            self._persist(group)
            for output in group:
                for send in output.send:
                    self._peers.queue(send)
                self._forward(output.forward)
            self._peers.flush()
            for output in group:
                self._decisions.extend(output.decide)
                self._accuser.take(output.evidence)
                for timer in output.timers:
                    self._set_timer(timer)
                for note in output.notes:
                    self._take_note(note)
            for fetch in [fetch for output in group for fetch in output.fetch]:
                more: list[Output] = []
                self._fetch(fetch, more)
                waiting.extend(more)

    def _persist(self, outputs: list[Output]) -> None:
        certificates = [each for output in outputs for each in output.certificates]
        writes = self._votes.writes(entry for output in outputs for entry in output.persist)
        writes += self._executor.certificate_writes(certificates)
        if writes:
            began_s = self._parts.clock()
            self._parts.store.write(writes, sync=True)
            self._store_seconds.observe(self._parts.clock() - began_s)
        promises = [each for output in outputs for each in output.promises]
        if promises:
            # After the store: what only the guard knows would count as forgotten at the next start (RC-2).
            began_s = self._parts.clock()
            self._guard.append(promises)
            if self._guard.is_full:
                self._guard.replace(self.replica.promises())
            self._guard_seconds.observe(self._parts.clock() - began_s)
        if certificates:
            self._announce([certificate.height for certificate in certificates])

    def _announce(self, heights: Sequence[int]) -> None:
        self._finality.certified(heights)
        self._sync.advanced()
        self._reads.advance()

    def _fetch(self, fetch: FetchTransactions, outputs: list[Output]) -> None:
        missing = self._pool.want(fetch, self._parts.clock())
        self._handle_available(outputs)
        if missing:
            self._peers.fetch(fetch.peer, missing, self._pool.still_wanted)

    def _forward(self, wanted: Sequence[tuple[bytes, int]]) -> None:
        for peer in sorted({peer for _, peer in wanted}):
            held = [self._parts.mempool.get(id_) for id_, to in wanted if to == peer]
            found = [each for each in held if each is not None]
            self._peers.send_transactions(self._parts.members.name(peer), found)

    def _execute_next(self) -> None:
        if self._is_stopping:
            return
        if self._decisions:
            decision = self._decisions.popleft()
            if decision.batch.seq > self._parts.ledger.height:
                self._settle(done := self._executor.execute(decision))
                event = BlockExecuted(done.block.header, done.header_digest, done.next_validators)
                self._inbox.put_event(event)
            return
        if (snapshot := self._sync.next_snapshot()) is not None:
            self._adopt(snapshot)
        elif (ready := self._sync.next_block()) is not None:
            try:
                self._install(ready)
            except InvalidInput as error:
                self._sync.blame(ready.peer, error)

    def _adopt(self, snapshot: Snapshot) -> None:
        """A proven state comes into force: everything here goes on above it (rule CU-3)."""
        block, height = snapshot.block, snapshot.block.header.height
        self._executor.adopt(snapshot)
        self._finality.jump(height)
        self._drop("nonce-used", self._pool.refresh())
        self._drop("expired", self._pool.expire(height))
        for change in snapshot.changes:  # The core goes from epoch to epoch by their blocks (rule MB-2).
            self._inbox.put_event(BlockInstalled(change.header, (), change.certificate, change.validators))
        ids = tuple(result.transaction_id for result in block.results)
        installed = BlockInstalled(block.header, ids, snapshot.certificate, snapshot.next_validators)
        self._inbox.put_event(installed)
        self._sync.adopted()
        self._sync.advanced()
        self._reads.advance()
        self._parts.log.info("snapshot-adopted", height=height)

    def _install(self, ready: ReadyBlock) -> None:
        block, certificate = ready.checked.block, ready.checked.certificate
        height, ledger = block.header.height, self._parts.ledger
        for below in [each for each in ready.checked.below if each.header.height > ledger.height]:
            self._sync.require_signatures(below.transactions)
            self._tell_installed(self._executor.install_below(below, certificate), None)
        assert height <= ledger.height + 1, "blocks are installed in order"
        if height == ledger.height + 1:
            self._sync.require_signatures(ready.checked.unverified)
            # Others have it durable: after a power cut it is fetched again. The last one makes all durable.
            executed = self._executor.install(ready.checked, sync=not ready.is_followed)
            self._tell_installed(executed, certificate)
        else:
            self._executor.require_equal(certificate)
            self._parts.store.write(self._executor.certificate_writes([certificate]), sync=True)
            self._inbox.put_event(BlockInstalled(block.header, (), certificate))
        self._sync.installed(ready.checked)
        self._announce([height])

    def _tell_installed(self, executed: ExecutedBlock, certificate: FinalityCertificate | None) -> None:
        self._settle(executed)
        header, ids = executed.block.header, executed.transaction_ids
        self._inbox.put_event(BlockInstalled(header, ids, certificate, executed.next_validators))

    def _settle(self, executed: ExecutedBlock) -> None:
        """The block is durable: the pool forgets its transactions, and others that now have no chance."""
        superseded = self._pool.executed(executed.transaction_ids, executed.block.transactions)
        self._drop("nonce-used", superseded)
        self._accuser.executed(executed.block)
        self._drop("expired", self._pool.expire(executed.block.header.height))
        denials = self._parts.metrics.counter("govchain_denials_total")
        for result in executed.block.results:
            if not result.applied:
                denials.labels(result.rule).inc()

    def _drop(self, code: str, ids: tuple[bytes, ...]) -> None:
        if ids:
            self._parts.metrics.reject(code, len(ids))
            self._inbox.put_event(TransactionsDropped(ids))
            self._finality.forget(ids)

    def _set_timer(self, timer: SetTimer | CancelTimer) -> None:
        running = self._timers.pop(timer.kind, None)
        if running is not None:
            running.cancel()
        if isinstance(timer, SetTimer) and not self._is_stopping:
            self._timers[timer.kind] = asyncio.get_running_loop().call_later(
                timer.delay_ms / 1000, self._fire, timer.kind, timer.generation
            )

    def _fire(self, kind: TimerKind, generation: int) -> None:
        self._timers.pop(kind, None)
        self._inbox.put_event(TimerFired(kind, generation))

    def _take_note(self, note: Note) -> None:
        facts = dict(note.facts)
        match note.event:
            case "diverged":
                height, own, quorum = facts["height"], facts["own"], facts["quorum"]
                assert isinstance(height, int)
                raise Diverged(height, str(own), str(quorum))
            case "behind" | "uncertified":
                height, peer = facts["height"], facts["peer"]
                assert isinstance(height, int)
                assert isinstance(peer, int)
                self._sync.catch_up.hurry(self._parts.members.name(peer), height, self._parts.clock())
            case "rejected":
                self._parts.metrics.reject(str(facts["code"]))
                self._tell("message-rejected", facts)
            case "silenced":
                self._parts.log.warning(note.event, **facts, what_to_do=SILENCE_ADVICE)
            case (
                "voting-again"
                | "stable-checkpoint"
                | "view-change-started"
                | "view-changed"
                | "epoch-changed"
            ):
                self._parts.log.info(note.event, **facts)
            case _:
                self._parts.log.debug(note.event, **facts)

    def _tell(self, event: str, facts: dict[str, str | int]) -> None:
        is_allowed, suppressed = self._throttle.allow(event)
        if is_allowed:
            self._parts.log.warning(event, suppressed=suppressed, **facts)
