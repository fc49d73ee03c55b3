"""A scenario under virtual time: the backend that needs nothing, finishes at once and is the same everywhere.

Wraps `SimCluster`; what is to happen at a time is kept on an agenda, in virtual nanoseconds.
"""

from __future__ import annotations

import asyncio
import contextlib
import heapq
from collections import deque
from collections.abc import Awaitable, Callable, Mapping, Sequence, Set
from typing import TYPE_CHECKING, Final

from govchain.client.answers import TransactionStatus
from govchain.crypto import derive_secret, digest_of, suite, transaction_id
from govchain.errors import GovchainError, Unavailable
from govchain.gateway import GatewayPort
from govchain.ledger import RecordState
from govchain.ledger.kinds.key.standing import KeyLife
from govchain.ledger.state import record_key
from govchain.model import Transaction, TransactionResult
from govchain.receipt import RecordProof, build_receipt, collect_changes, write_receipt
from govchain.scenario.backend import NodeFacts, Rehearsal
from govchain.scenario.builder import EXPIRY_BLOCKS
from govchain.scenario.fault_port import FaultPort
from govchain.scenario.physics import build_physics
from govchain.scenario.rehearsal import joining_names
from govchain.scenario.sim_faults import SimFaults
from govchain.scenario.sim_traffic import SimTraffic
from govchain.scenario.traffic import Clerk, Traffic
from govchain.sim import INVARIANTS, PROTOCOLS, SimCluster, SimNode, TraceEvent, WireFrame
from govchain.sim.cluster import EVENTS_MAX
from govchain.sim.export import chain_for_outsiders
from govchain.sim.symbolic import SymbolicSuite
from govchain.testnet.plan import validator_label

if TYPE_CHECKING:
    from govchain.scenario.gateways import MemoryGateways

PROOF_LIMIT_NS: Final = 10_000_000_000
"""How long a proof waits for the certificate of the block that it is about."""


class SimBackend:
    """The simulator as a scenario's backend.

    Args:
        listener: Gets every trace event.
        on_wire: Gets every frame that is sent.
        is_symbolic: Validators sign symbolically, see `SymbolicSuite`; what leaves a run is signed for real.
        events_max: Arrivals and timers after which the run is given up.
    """

    name = "sim"

    def __init__(
        self,
        listener: Callable[[TraceEvent], None] | None = None,
        on_wire: Callable[[WireFrame], None] | None = None,
        *,
        is_symbolic: bool = True,
        events_max: int = EVENTS_MAX,
    ) -> None:
        self._events_max = events_max
        self._listener = listener
        self._on_wire = on_wire
        self._is_symbolic = is_symbolic
        self._cluster: SimCluster | None = None
        self._agenda: list[tuple[int, int, Callable[[], Awaitable[None]]]] = []
        self._order = 0
        self._is_called = False
        """Something was put on the agenda while time passed."""
        self._traffic: SimTraffic | None = None
        self._gateways: MemoryGateways | None = None
        self._finals: deque[tuple[int, int, int]] = deque()
        self._offers = 0

    @property
    def cluster(self) -> SimCluster:
        """The simulated world, once started."""
        assert self._cluster is not None, "start comes first"
        return self._cluster

    async def start(self, rehearsal: Rehearsal) -> Rehearsal:
        genesis = rehearsal.genesis
        physics = build_physics(rehearsal.loaded)
        joining = joining_names(rehearsal.loaded.scenario)
        names = [*(member.name for member in genesis.validators.members), *joining]
        self._cluster = SimCluster(
            genesis,
            {name: derive_secret(rehearsal.seed, validator_label(name)) for name in names},
            protocol=PROTOCOLS[rehearsal.loaded.scenario.protocol.consensus],
            candidates=joining,
            absent=joining,
            latency=physics.latency,
            lines=physics.lines,
            costs=physics.costs,
            seed=rehearsal.seed,
            suite=SymbolicSuite(suite(genesis.suite)) if self._is_symbolic else None,
            listener=self._take_event,
            on_wire=self._on_wire,
            events_max=self._events_max,
        )
        if rehearsal.loaded.scenario.gateways:
            # They bring a database along, which a scenario without them need not load.
            from govchain.scenario.gateways import MemoryGateways

            self._gateways = MemoryGateways(rehearsal, self, expiry_height=EXPIRY_BLOCKS)
            await self._gateways.fill()
        return rehearsal

    def now_ns(self) -> int:
        return self.cluster.now_ns

    async def advance(self, offset_ns: int) -> None:
        if offset_ns > self.cluster.now_ns:
            await self._run(lambda: False, offset_ns)

    async def pass_time(self, until_ns: int) -> None:
        await self._run(lambda: False, until_ns)

    def call_at(self, at_ns: int, action: Callable[[], Awaitable[None]]) -> None:
        self._order += 1
        self._is_called = True
        heapq.heappush(self._agenda, (max(at_ns, self.cluster.now_ns), self._order, action))

    def faults(self) -> FaultPort:
        return SimFaults(self.cluster, self._gateways)

    def traffic(self, clerks: list[Clerk]) -> Traffic:
        self._traffic = SimTraffic(self.cluster, clerks, self.call_at, self._run)
        return self._traffic

    async def final_ids(self) -> Mapping[str, Set[bytes]]:
        found: dict[str, Set[bytes]] = {}
        for node in self.cluster.running():
            blocks = [node.chain.block(height) for height in range(1, node.final_height + 1)]
            found[self._name(node.index)] = {
                transaction_id(self.cluster.suite, transaction)
                for block in blocks
                if block is not None
                for transaction in block.transactions
            }
        return found

    async def next_nonce(self, key_id: bytes) -> int:
        # A simulated chain begins with its scenario, so no key was used before.
        return 0

    async def height(self) -> int:
        return max((node.ledger.height for node in self.cluster.running()), default=0)

    async def submit(self, transaction: Transaction, limit_ns: int) -> TransactionStatus:
        (found,) = await self.submit_all([transaction], limit_ns)
        if isinstance(found, GovchainError):
            raise found
        return found

    async def submit_all(
        self, transactions: Sequence[Transaction], limit_ns: int
    ) -> list[TransactionStatus | GovchainError]:
        sent: list[bytes | GovchainError] = []
        for number, transaction in enumerate(transactions):
            try:
                sent.append(self.cluster.submit(transaction, to=self._contact(number).index))
            except GovchainError as error:
                sent.append(error)
        ids = [each for each in sent if isinstance(each, bytes)]
        if ids:
            limit_at_ns = self.cluster.now_ns + limit_ns
            await self._run(lambda: all(self._final_at(each) is not None for each in ids), limit_at_ns)
        return [each if isinstance(each, GovchainError) else await self._status(each) for each in sent]

    async def _status(self, transaction_id: bytes) -> TransactionStatus:
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

    async def offer(self, transaction: Transaction) -> TransactionResult | None:
        awake = [node.index for node in self.cluster.running() if not self.cluster.is_paused(node.index)]
        self._offers += 1
        # Known there, or no room: the next offer goes elsewhere.
        with contextlib.suppress(GovchainError):
            if awake:
                self.cluster.submit(transaction, to=awake[self._offers % len(awake)])
        found = await self.transaction(transaction_id(self.cluster.suite, transaction))
        return None if found is None else found.result

    async def record(self, record_type: str, object_id: str) -> RecordState | None:
        return self._highest().chain.record(record_type, object_id)

    async def prove_record(self, record_type: str, object_id: str) -> RecordProof:
        node = self._highest()
        await self._run(
            lambda: node.chain.certificate(node.ledger.height) is not None,
            self.cluster.now_ns + PROOF_LIMIT_NS,
        )
        shown = chain_for_outsiders(self.cluster, node)
        certificate = shown.certificate(node.ledger.height)
        if node.ledger.head is None or certificate is None:
            raise Unavailable(f"height {node.ledger.height} has no certificate")
        key = record_key(record_type, object_id)
        value, proof = shown.prove_state(key)
        changes = collect_changes(shown, node.ledger.head.epoch)
        return RecordProof(
            key=key,
            value=value,
            proof=proof,
            header=node.ledger.head,
            certificate=certificate,
            validator_changes=changes,
        )

    async def key(self, key_id: bytes) -> KeyLife | None:
        return self._highest().chain.key(key_id)

    async def receipt(self, transaction_id: bytes) -> bytes | None:
        return self._receipt(self._highest(), transaction_id)

    async def receipts(self, transaction_id: bytes) -> Mapping[str, bytes]:
        found = {
            self._name(node.index): self._receipt(node, transaction_id) for node in self.cluster.running()
        }
        return {name: data for name, data in found.items() if data is not None}

    def gateway(self, org: str) -> GatewayPort:
        assert self._gateways is not None, "the check refused a gateway step without gateways"
        return self._gateways.of(org)

    async def settle(self, limit_ns: int) -> None:
        whole: dict[int, int] = {}

        def is_whole(node: SimNode) -> bool:
            # A certificate covers the heights below it; theirs come from others, a moment later.
            height = whole.get(node.index, 0)
            while height < node.final_height and node.chain.certificate(height + 1) is not None:
                height += 1
            whole[node.index] = height
            return height == node.final_height

        def is_level() -> bool:
            honest = [node for node in self.cluster.running() if node.index not in self._traitors()]
            final = [node.final_height for node in honest]
            heights = [node.ledger.height for node in honest]
            return not final or (min(final) == max(final) == max(heights) and all(map(is_whole, honest)))

        await self._run(is_level, self.cluster.now_ns + limit_ns)

    async def nodes(self) -> list[NodeFacts]:
        found = []
        for index, name in enumerate(self.cluster.names):
            lies = self.cluster.treason.lies.get(index, 0)
            if not self.cluster.is_running(index):
                found.append(NodeFacts(name, False, 0, 0, b"", b"", lies=lies))
                continue
            node = self.cluster.node(index)
            head = node.ledger.head
            found.append(
                NodeFacts(
                    name=name,
                    is_running=True,
                    height=node.ledger.height,
                    final_height=node.final_height,
                    state_root=node.ledger.state_root,
                    head_digest=b"" if head is None else digest_of(self.cluster.suite, head),
                    view_changes=node.replica.status().view_changes,
                    epoch=node.replica.validators.epoch,
                    validators=node.replica.validators.size,
                    is_honest=index not in self._traitors(),
                    lies=lies,
                )
            )
        return found

    def is_broken(self) -> bool:
        return bool(self.cluster.checks.violations)

    def invariants(self) -> Mapping[str, str]:
        broken: dict[str, str] = {}
        for violation in self.cluster.finish():
            broken.setdefault(violation.invariant, violation.problem)
        return {name: broken.get(name, "") for name in INVARIANTS}

    def digest(self) -> str:
        return self.cluster.digest.hex()

    async def stop(self) -> None:
        if self._gateways is not None:
            self._gateways.close()

    async def _run(self, is_done: Callable[[], bool], limit_ns: int) -> None:
        """Let time pass until done or the limit, with what the agenda holds at its time."""
        # Nothing here ever waits: without this a request to end (Ctrl-C) would be heard when the run is over.
        await asyncio.sleep(0)
        while True:
            self._tell_finals()
            due_ns = self._agenda[0][0] if self._agenda else limit_ns
            self._is_called = False
            self.cluster.run_until(
                lambda: is_done() or self._is_called or bool(self._finals), limit_ns=min(due_ns, limit_ns)
            )
            if self._finals or self._is_called:
                continue
            if is_done() or self.cluster.checks.violations:
                return
            if not self._agenda or self._agenda[0][0] > limit_ns:
                return
            await heapq.heappop(self._agenda)[2]()

    def _take_event(self, event: TraceEvent) -> None:
        if event.kind == "final" and self._traffic is not None:
            height = dict(event.facts)["height"]
            assert isinstance(height, int)
            self._finals.append((event.node, height, event.time_ns))
        if self._listener is not None:
            self._listener(event)

    def _tell_finals(self) -> None:
        while self._finals:
            assert self._traffic is not None
            self._traffic.note_final(*self._finals.popleft())

    def _name(self, index: int) -> str:
        return self.cluster.names[index]

    def _receipt(self, node: SimNode, transaction_id: bytes) -> bytes | None:
        shown = chain_for_outsiders(self.cluster, node)
        receipt = build_receipt(shown, shown.suite, transaction_id, node.public_key_of)
        return None if receipt is None else write_receipt(receipt)

    def _traitors(self) -> Mapping[int, None]:
        return self.cluster.checks.forgiven

    def _contact(self, number: int) -> SimNode:
        """Whom the transaction of that number of one moment is handed to."""
        running = [node for node in self.cluster.running() if not self.cluster.is_paused(node.index)]
        if not running:
            raise Unavailable("no validator is running")
        return running[number % len(running)]

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
