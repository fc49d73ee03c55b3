"""A running validator: the pieces joined, started, watched and stopped in the right order.

No rule of the protocol lives here. The process around it is in `process`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from pathlib import Path

import govchain
from govchain.consensus import Replica
from govchain.crypto import Signer, suite
from govchain.errors import GovchainError
from govchain.model import Block, Genesis, Transaction
from govchain.net import FaultyLinks, PeerNetwork, TlsContexts
from govchain.node.accuser import Accuser
from govchain.node.clocks import fresh_nonce, jitter_of, monotonic_s, unix_ms
from govchain.node.config import NodeConfig, split_address, validate_against_genesis
from govchain.node.executor import Executor
from govchain.node.finality import Finality
from govchain.node.housekeeping import Housekeeping
from govchain.node.inbox import Inbox
from govchain.node.owner import Owner
from govchain.node.parts import NodeParts, assemble, restored_state
from govchain.node.peers import Peers
from govchain.node.pool import PoolTraffic
from govchain.node.reads import LatestReads
from govchain.node.rehearsal import RehearsalFolder
from govchain.node.service import NodeService
from govchain.node.sync import Sync
from govchain.node.verifier import Verifier
from govchain.node.vote_log import VoteLog
from govchain.observe import Logger
from govchain.storage import Guard, Store


class NodeRuntime(NodeService):
    """One validator in this process.

    Args:
        config: Addresses and names; its files were read by the caller.
        genesis: Of the chain.
        signers: Keys of this validator's votes; the second one, if any, waits for a rotation (rule MB-4).
        store: Opened for this chain; the caller closes it after `stop`.
        guard: What this key signed before; the caller closes it after `stop`.
        tls: Certificate of this validator.
        log: Where it tells what happens.

    Raises:
        ConfigError: Configuration, genesis and key do not belong together.
        StorageFailure: Store or guard is damaged; the validator refuses to vote (rule RC-3).
    """

    def __init__(
        self,
        config: NodeConfig,
        genesis: Genesis,
        signers: Sequence[Signer],
        store: Store,
        guard: Guard,
        *,
        tls: TlsContexts,
        log: Logger,
    ) -> None:
        validate_against_genesis(config, genesis)
        faults, rehearsal = _open_rehearsal(config, genesis, log)
        now_ms = unix_ms if rehearsal is None else rehearsal.now_ms
        parts = _assemble(config, genesis, signers, store, log=log, now_ms=now_ms)
        self._config = config
        self._log = log
        self._rehearsal = rehearsal
        self._network = _open_network(parts, tls)
        self._network.faults = faults
        inbox = Inbox(self._network.pause, self._network.resume)
        self._verifier = Verifier(parts, self._network.disconnect)
        self._peers = Peers(parts, self._network, self._verifier)
        if rehearsal is not None:
            self._peers.on_send = rehearsal.note_sent
        finality = Finality(parts.chain, store, parts.suite)
        finality.on_final = self._on_final
        pool = PoolTraffic(parts)
        votes = VoteLog(store, parts.mempool.get)
        replica, self._bodies = _wake(parts, finality, votes, guard)
        self._sync = Sync(
            parts, finality, self._peers, self._network, snapshot_blocks=config.snapshot_blocks, inbox=inbox
        )
        accuser = Accuser(parts, pool=pool, peers=self._peers, wake=inbox.arrived.set)
        reads = LatestReads(parts, finality, send=self._peers.send_read, fresh_nonce=fresh_nonce)
        super().__init__(
            parts,
            replica=replica,
            pool=pool,
            finality=finality,
            catch_up=self._sync.catch_up,
            inbox=inbox,
            reads=reads,
            accuser=accuser,
        )
        self._owner = self._make_owner(votes, guard)
        self._owner.on_epoch = self._meet_members
        self._housekeeping = self._make_housekeeping()
        self._tasks: list[asyncio.Task[None]] = []
        self._stopped = asyncio.Event()
        self._failure: BaseException | None = None
        self.peer_port = 0

    @property
    def network(self) -> PeerNetwork:
        """The peer network; rehearsals cut its links."""
        return self._network

    async def start(self, addresses: dict[str, tuple[str, int]] | None = None) -> None:
        """Listen, dial, and begin to take part.

        Args:
            addresses: Peer addresses instead of those of the configuration (after `listen`).

        Raises:
            Unavailable: The peer address cannot be bound.
        """
        if not self.peer_port:
            await self.listen()
        self._pool.restore(self._bodies)
        self._bodies = ()
        wanted = addresses or {name: split_address(each) for name, each in self._config.peers.items()}
        self._network.dial(wanted, greeting=lambda: self._peers.hello(self._finality.highest))
        self._meet_members()
        loop = asyncio.get_running_loop()
        self._tasks = [
            loop.create_task(self._owner.run(), name=f"owner of {self._config.name}"),
            loop.create_task(self._housekeeping.run(), name=f"housekeeping of {self._config.name}"),
        ]
        if self._rehearsal is not None:
            self._tasks.append(loop.create_task(self._rehearsal.run(), name="rehearsal"))
        for task in self._tasks:
            task.add_done_callback(self._task_ended)
        self._log.info(
            "started",
            version=govchain.__version__,
            chain=self._parts.ledger.chain_id,
            height=self._parts.ledger.height,
            final_height=self._finality.height,
            peer_port=self.peer_port,
        )

    def _make_housekeeping(self) -> Housekeeping:
        return Housekeeping(
            self._parts,
            replica=self._replica,
            finality=self._finality,
            pool=self._pool,
            sync=self._sync,
            peers=self._peers,
            network=self._network,
            meet_members=self._meet_members,
            accuser=self._accuser,
        )

    def _meet_members(self) -> None:
        """Dial those that joined since, or are about to, where the chain says they are (rule MB-2)."""
        known = self._network.connected()
        for member in (*self._parts.members.validators.members, *self._parts.ledger.next_members):
            address = self._config.peers.get(member.name) or self._parts.ledger.peer_address(member.name)
            if member.name != self._config.name and member.name not in known and address:
                self._network.meet(member.name, split_address(address))
                known[member.name] = False

    async def listen(self) -> int:
        """Bind the peer address; returns the port. `start` does it when it was not done before."""
        host, port = split_address(self._config.peer_listen)
        self.peer_port = await self._network.listen(
            host,
            port,
            self._config.peers,
            on_open=self._verifier.connected,
            on_frames=self._inbox.put_frames,
        )
        return self.peer_port

    async def stop(self) -> None:
        """Finish the running turn, close connections, end every wait. The store stays open for the caller."""
        self._peers.close()
        self._owner.stop()
        if self._tasks:
            for task in self._tasks[1:]:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._network.stop()
        if self._rehearsal is not None:
            self._rehearsal.close()
        self._sync.close()
        self._finality.close()
        self._reads.close()
        self._log.info("stopped", height=self._parts.ledger.height, final_height=self._finality.height)
        self._stopped.set()

    async def run_until_stopped(self) -> None:
        """Wait until somebody calls `stop`, or this validator fails.

        Raises:
            Diverged: It executed something else than a quorum (rule CP-3).
            StorageFailure: Its store failed.
        """
        await self._stopped.wait()
        if self._failure is not None:
            raise self._failure

    def peers(self) -> dict[str, bool]:
        """Every peer, and whether frames can be sent to it."""
        return self._network.connected()

    @property
    def has_all_blocks(self) -> bool:
        """Every block up to the head is here; after a snapshot that takes a while (rule CU-3)."""
        return self._sync.backfill.first <= 1

    def is_alive(self) -> bool:
        """Whether the owner of the replica works: started, not failed, not stopped."""
        return bool(self._tasks) and not self._tasks[0].done() and self._failure is None

    def _make_owner(self, votes: VoteLog, guard: Guard) -> Owner:
        return Owner(
            self._parts,
            self._replica,
            executor=Executor(self._parts, votes, self._finality),
            votes=votes,
            guard=guard,
            finality=self._finality,
            pool=self._pool,
            sync=self._sync,
            peers=self._peers,
            inbox=self._inbox,
            reads=self._reads,
            accuser=self._accuser,
        )

    def _task_ended(self, task: asyncio.Task[None]) -> None:
        if task.cancelled() or task.exception() is None:
            return
        error = task.exception()
        assert error is not None
        if self._failure is None:
            self._failure = error
        code = error.code if isinstance(error, GovchainError) else "internal"
        self._log.critical("fatal", code=code, problem=str(error) or type(error).__name__, exc_info=error)
        self._stopped.set()

    def _on_final(self, block: Block, ids: Sequence[bytes]) -> None:
        metrics, now_s = self._parts.metrics, self._parts.clock()
        metrics.counter("govchain_finalised_total").inc(len(ids))
        seconds = metrics.histogram("govchain_finality_seconds")
        for id_ in ids:
            submitted_s = self._pool.submitted_at(id_)
            if submitted_s is not None:
                seconds.observe(now_s - submitted_s)


def _open_network(parts: NodeParts, tls: TlsContexts) -> PeerNetwork:
    return PeerNetwork(
        parts.name,
        tls,
        jitter=jitter_of(parts.name),
        clock=parts.clock,
        log=parts.log,
        metrics=parts.metrics,
    )


def _open_rehearsal(
    config: NodeConfig, genesis: Genesis, log: Logger
) -> tuple[FaultyLinks | None, RehearsalFolder | None]:
    if not config.rehearsal:
        return None, None
    links = FaultyLinks(jitter_of(f"faults of {config.name}"))
    folder = RehearsalFolder(Path(config.rehearsal), links, suite(genesis.suite), unix_ms=unix_ms, log=log)
    return links, folder


def _wake(
    parts: NodeParts, finality: Finality, votes: VoteLog, guard: Guard
) -> tuple[Replica, tuple[Transaction, ...]]:
    """The core as log and guard say, and the bodies kept beside the log (rules RC-1, RC-2, MB-2)."""
    entries, bodies = votes.load(parts.ledger.height, finality.is_certified)
    restored = restored_state(parts, finality, entries, guard.records)
    first, *spare = parts.signers
    replica = Replica(parts.genesis, parts.suite, first, spare_signers=spare, restored=restored)
    votes.clear_if(replica.forgot)
    parts.members.follow(replica.validators)
    return replica, bodies


def _assemble(
    config: NodeConfig,
    genesis: Genesis,
    signers: Sequence[Signer],
    store: Store,
    *,
    log: Logger,
    now_ms: Callable[[], int],
) -> NodeParts:
    return assemble(
        genesis,
        config.name,
        signers,
        store,
        may_observe=config.candidate,
        log=log,
        clock=monotonic_s,
        now_ms=now_ms,
    )
