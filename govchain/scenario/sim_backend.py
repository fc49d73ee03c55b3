"""A scenario under virtual time: the backend that needs nothing, finishes at once and is the same everywhere.

Wraps `SimCluster`; faults are kept on an agenda and happen at their virtual time.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Mapping

from govchain.client.answers import TransactionStatus
from govchain.crypto import digest_of
from govchain.errors import ConfigError, Unavailable
from govchain.ledger import RecordState
from govchain.model import Transaction
from govchain.receipt import build_receipt, write_receipt
from govchain.scenario.backend import NodeFacts, Rehearsal
from govchain.sim import INVARIANTS, FixedLatency, SimCluster, SimNode, TraceEvent
from govchain.testnet.plan import validator_label


class SimBackend:
    """The simulator as a scenario's backend.

    Args:
        listener: Gets every trace event.
    """

    name = "sim"

    def __init__(self, listener: Callable[[TraceEvent], None] | None = None) -> None:
        self._listener = listener
        self._cluster: SimCluster | None = None
        self._agenda: list[tuple[int, int, str, str, int | None]] = []
        self._order = 0

    @property
    def cluster(self) -> SimCluster:
        """The simulated world, once started."""
        assert self._cluster is not None, "start comes first"
        return self._cluster

    async def start(self, rehearsal: Rehearsal) -> Rehearsal:
        genesis = rehearsal.genesis
        self._cluster = SimCluster(
            genesis,
            {
                member.name: rehearsal.secrets[validator_label(member.name)]
                for member in genesis.validators.members
            },
            latency=FixedLatency(rehearsal.loaded.scenario.network.latency.fixed),
            seed=rehearsal.seed,
            listener=self._listener,
        )
        return rehearsal

    def now_ns(self) -> int:
        return self.cluster.now_ns

    async def advance(self, offset_ns: int) -> None:
        if offset_ns > self.cluster.now_ns:
            self._run(lambda: False, offset_ns)

    async def schedule(self, at_ns: int, do: str, target: str, duration_ns: int | None) -> None:
        self._order += 1
        at_ns = max(at_ns, self.cluster.now_ns)
        heapq.heappush(self._agenda, (at_ns, self._order, do, target, duration_ns))
        self._run(lambda: False, self.cluster.now_ns)

    async def next_nonce(self, key_id: bytes) -> int:
        # A simulated chain begins with its scenario, so no key was used before.
        return 0

    async def height(self) -> int:
        return max((node.ledger.height for node in self.cluster.running()), default=0)

    async def submit(self, transaction: Transaction, limit_ns: int) -> TransactionStatus:
        node = self._contact()
        transaction_id = self.cluster.submit(transaction, to=node.index)
        limit_at_ns = self.cluster.now_ns + limit_ns
        self._run(lambda: self._final_at(transaction_id) is not None, limit_at_ns)
        found = await self.transaction(transaction_id)
        return found or TransactionStatus(id=transaction_id, status="pending")

    async def transaction(self, transaction_id: bytes) -> TransactionStatus | None:
        place = self._final_at(transaction_id)
        if place is None:
            return None
        witness, height, position = place
        block = witness.chain.block(height)
        assert block is not None, "a located transaction is in a stored block"
        return TransactionStatus(
            id=transaction_id,
            status="final",
            height=height,
            position=position,
            result=block.results[position],
            time_ms=block.header.time_ms,
        )

    async def record(self, record_type: str, object_id: str) -> RecordState | None:
        return self._highest().chain.record(record_type, object_id)

    async def receipt(self, transaction_id: bytes) -> bytes | None:
        node = self._highest()
        receipt = build_receipt(node.chain, self.cluster.suite, transaction_id, node.public_key_of)
        return None if receipt is None else write_receipt(receipt)

    async def settle(self, limit_ns: int) -> None:
        def is_level() -> bool:
            final = [node.final_height for node in self.cluster.running()]
            heights = [node.ledger.height for node in self.cluster.running()]
            return not final or (min(final) == max(final) == max(heights))

        # What was crashed for a time comes back first: afterwards progress is demanded of it too.
        if self._agenda:
            self._run(lambda: False, max(entry[0] for entry in self._agenda))
        self._run(is_level, self.cluster.now_ns + limit_ns)

    async def nodes(self) -> list[NodeFacts]:
        found = []
        for index, member in enumerate(self.cluster.genesis.validators.members):
            if not self.cluster.is_running(index):
                found.append(NodeFacts(member.name, False, 0, 0, b"", b""))
                continue
            node = self.cluster.node(index)
            head = node.ledger.head
            found.append(
                NodeFacts(
                    name=member.name,
                    is_running=True,
                    height=node.ledger.height,
                    final_height=node.final_height,
                    state_root=node.ledger.state_root,
                    head_digest=b"" if head is None else digest_of(self.cluster.suite, head),
                )
            )
        return found

    def invariants(self) -> Mapping[str, str]:
        broken: dict[str, str] = {}
        for violation in self.cluster.finish():
            broken.setdefault(violation.invariant, violation.problem)
        return {name: broken.get(name, "") for name in INVARIANTS}

    def digest(self) -> str:
        return self.cluster.digest.hex()

    async def stop(self) -> None:
        pass

    def _run(self, is_done: Callable[[], bool], limit_ns: int) -> None:
        """Let time pass until done or the limit, with the agenda's faults at their times."""
        while True:
            due_ns = self._agenda[0][0] if self._agenda else None
            if due_ns is None or due_ns > limit_ns:
                self.cluster.run_until(is_done, limit_ns=limit_ns)
                return
            if self.cluster.run_until(is_done, limit_ns=due_ns):
                return
            if self.cluster.checks.violations:
                return
            _, _, do, target, duration_ns = heapq.heappop(self._agenda)
            self._produce(do, target, duration_ns)

    def _produce(self, do: str, target: str, duration_ns: int | None) -> None:
        index = self._index_of(target)
        if do == "restart":
            if not self.cluster.is_running(index):
                self.cluster.restart(index)
            return
        assert do == "crash"
        if not self.cluster.is_running(index):
            return
        self.cluster.crash(index)
        if duration_ns is not None:
            self._order += 1
            name = self.cluster.genesis.validators.members[index].name
            due_ns = self.cluster.now_ns + duration_ns
            heapq.heappush(self._agenda, (due_ns, self._order, "restart", name, None))

    def _index_of(self, target: str) -> int:
        names = [member.name for member in self.cluster.genesis.validators.members]
        if target in names:
            return names.index(target)
        running = self.cluster.running()
        if not running:
            raise ConfigError("no validator is running", found=target)
        view = max(node.replica.status().view for node in running)
        primary = view % len(names)
        if target == "primary":
            return primary
        backups = [node.index for node in running if node.index != primary]
        if not backups:
            raise ConfigError("no backup is running", found=target)
        return backups[-1]

    def _contact(self) -> SimNode:
        running = self.cluster.running()
        if not running:
            raise Unavailable("no validator is running")
        return running[0]

    def _highest(self) -> SimNode:
        running = self.cluster.running()
        if not running:
            raise Unavailable("no validator is running")
        return max(running, key=lambda node: (node.final_height, -node.index))

    def _final_at(self, transaction_id: bytes) -> tuple[SimNode, int, int] | None:
        for node in self.cluster.running():
            place = node.chain.locate(transaction_id)
            if place is not None and place[0] <= node.final_height:
                return node, place[0], place[1]
        return None
