"""The simulated world: a heap of what will happen, in integer nanoseconds, and the validators it happens to.

Order in the heap is (time, order of scheduling), so equal runs are equal to the last event. No rule is here.
"""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from typing import Final

from govchain.config import DurationNs
from govchain.consensus import SetTimer, SignedMessage, TimerKind
from govchain.crypto import Suite, chain_id_of, transaction_id
from govchain.crypto import suite as suite_of
from govchain.errors import ConfigError, SimulationFailure, Unavailable
from govchain.model import Genesis, Transaction
from govchain.sim.checks import Checks, Violation
from govchain.sim.door import Door
from govchain.sim.execution import SharedExecution
from govchain.sim.happenings import Alarm, Arrival
from govchain.sim.links import Links
from govchain.sim.network import FixedLatency, Frame, Gossip, LatencyModel, WireFrame
from govchain.sim.node import SimNode
from govchain.sim.trace import Fact, Trace, TraceEvent
from govchain.sim.traitors import TRAITORS, Traitor
from govchain.storage import MemoryGuard, MemoryStore

NS_PER_MS: Final = 1_000_000
PAUSED_FRAMES_MAX: Final = 20_000
"""What waits for a paused validator on the wire; more is lost, as full buffers lose it."""
EVENTS_MAX: Final = 5_000_000
"""Arrivals and timers after which a run is given up: far more than any scenario has."""


class SimCluster:
    """All validators of one genesis under virtual time.

    Args:
        genesis: Whom the network consists of.
        secrets: Validator name to its 32-byte secret.
        latency: One-way delays; 1 ms on every link when not given.
        candidates: Names of validators that are not in genesis and may join (rule MB-2); they observe.
        absent: Names of candidates that run only once they are started.
        spares: Validator name to the secret of the key that a rotation may install (rule MB-4).
        seed: Names the run in failures; generators are derived from it.
        suite: Signs and verifies in place of the suite that genesis names, see `SymbolicSuite`.
        is_traced: Without a trace a run is faster, and has no digest.
        is_execution_shared: Validators with equal heads execute a block once, see `SharedExecution`.
        listener: Gets every trace event.
        on_wire: Gets every frame that is sent, with its fate; changes nothing, and is in no digest.
        events_max: Arrivals and timers after which the run is given up.

    Attributes:
        now_ns: Virtual nanoseconds since genesis.
        deliveries: Consensus messages that arrived at a validator so far.
        checks: The judge; its `violations` end a run.
        links: What is wrong with the links.
        traitors: Validator index to how it cheats.
    """

    def __init__(
        self,
        genesis: Genesis,
        secrets: Mapping[str, bytes],
        *,
        latency: LatencyModel | None = None,
        candidates: Sequence[str] = (),
        absent: Sequence[str] = (),
        spares: Mapping[str, bytes] | None = None,
        seed: int = 0,
        suite: Suite | None = None,
        is_traced: bool = True,
        is_execution_shared: bool = False,
        listener: Callable[[TraceEvent], None] | None = None,
        on_wire: Callable[[WireFrame], None] | None = None,
        events_max: int = EVENTS_MAX,
    ) -> None:
        self._on_wire = on_wire
        self.genesis = genesis
        self.suite: Suite = suite or suite_of(genesis.suite)
        assert self.suite.name == genesis.suite
        self.seed = seed
        self.now_ns = 0
        self.deliveries = 0
        self._steps = 0
        self._events_max = events_max
        self.checks = Checks(genesis, self.suite)
        self.door = Door(self.suite, chain_id_of(self.suite, genesis))
        self.execution = SharedExecution() if is_execution_shared else None
        self._trace = Trace(self.suite, listener) if is_traced else None
        self._latency: LatencyModel = latency or FixedLatency(DurationNs(NS_PER_MS))
        self.links = Links(self.suite, seed)
        self.traitors: dict[int, Traitor] = {}
        self._paused: dict[int, deque[Arrival | Alarm]] = {}
        self._heap: list[tuple[int, int, tuple[int, ...], Arrival | Alarm]] = []
        self._order = 0
        self.names = (*(member.name for member in genesis.validators.members), *candidates)
        kept = [(secrets[name], (spares or {}).get(name)) for name in self.names]
        self._signers = [[self.suite.signer(each) for each in pair if each is not None] for pair in kept]
        self._place_of = {key.public_key: place for place, keys in enumerate(self._signers) for key in keys}
        self._disks = [MemoryStore() for _ in self.names]
        self._backups = [MemoryStore() for _ in self.names]
        self._guards = [MemoryGuard() for _ in self.names]
        self._clocks_ms = [0] * len(self.names)
        self._nodes: list[SimNode | None] = [None] * len(self.names)
        self._lives = [-1 if name in absent else 0 for name in self.names]
        self._timers: dict[tuple[int, TimerKind], int] = {}
        everybody = range(len(self.names))
        self._others = [tuple(each for each in everybody if each != index) for index in everybody]
        for index, name in enumerate(self.names):
            if name not in absent:
                self._power_on(index)

    @property
    def size(self) -> int:
        return len(self._nodes)

    @property
    def digest(self) -> bytes:
        """Digest over everything observable so far; empty without a trace."""
        return b"" if self._trace is None else self._trace.digest

    @property
    def events(self) -> int:
        """Arrivals and timers so far."""
        return self._steps

    def node(self, index: int) -> SimNode:
        """A running validator.

        Raises:
            Unavailable: It is down.
        """
        node = self._nodes[index]
        if node is None:
            raise Unavailable(f"validator {self.names[index]} is down")
        return node

    def running(self) -> list[SimNode]:
        """Validators that are up, in index order."""
        return [node for node in self._nodes if node is not None]

    def is_running(self, index: int) -> bool:
        return self._nodes[index] is not None

    def submit(self, transaction: Transaction, *, to: int) -> bytes:
        """Hand a transaction to one validator; its id.

        Raises:
            InvalidTransaction: The validator refuses it.
            Unavailable: The validator is down or its pool is full.
        """
        node = self.node(to)
        known = transaction_id(self.suite, transaction)
        self.checks.note_submitted(known)
        self.record(to, "submit", transaction=known)
        traitor = self.traitors.get(to)
        if traitor is not None and not traitor.takes(Gossip(transaction)):
            return known
        return node.submit(transaction)

    def crash(self, index: int) -> None:
        """Cut a validator's power: all but its disk is gone; frames to it are lost until it restarts."""
        self.node(index)
        self.record(index, "crash")
        self._nodes[index] = None
        self._paused.pop(index, None)

    def restart(self, index: int) -> None:
        """Start a crashed validator from its disk, or an absent one for the first time."""
        self._require_down(index)
        self.record(index, "restart")
        self._lives[index] += 1
        self._power_on(index)

    def add_key(self, index: int, secret: bytes) -> None:
        """Give a validator another vote key, which it holds from its next start on (rule MB-4)."""
        signer = self.suite.signer(secret)
        self._signers[index] = [*self._signers[index], signer]
        self._place_of[signer.public_key] = index

    def pause(self, index: int) -> None:
        """Freeze a validator: what arrives waits, bounded, and its timers fire late."""
        self.node(index)
        if index not in self._paused:
            self.record(index, "pause")
            self._paused[index] = deque()

    def resume(self, index: int) -> None:
        """Let a frozen validator go on with what waits for it; one that is not frozen goes on anyway."""
        waiting = self._paused.pop(index, None)
        if waiting is not None:
            self.record(index, "resume", waiting=len(waiting))
            for happening in waiting:
                self._schedule(self.now_ns, (index,), happening)

    def is_paused(self, index: int) -> bool:
        return index in self._paused

    def back_up(self, index: int) -> None:
        """Keep a copy of a validator's disk as it is now."""
        self.record(index, "backup")
        self._backups[index] = self._disks[index].copy()

    def backup(self, index: int) -> MemoryStore:
        """A copy of the disk that a validator had when it was backed up; an empty one if it never was."""
        return self._backups[index].copy()

    def set_clock(self, index: int, offset_ms: int) -> None:
        """Put a validator's clock ahead of the world's, or behind."""
        self.record(index, "clock", offset_ms=offset_ms)
        self._clocks_ms[index] = offset_ms

    def betray(self, index: int, behaviour: str, org: str = "") -> None:
        """Let a validator cheat from now on; the judge forgives it for good, and nobody else."""
        self.record(index, "betray", behaviour=behaviour)
        self.checks.forgive(index)
        self.traitors[index] = TRAITORS[behaviour](
            index, self.genesis, self.suite, self._signers[index][0], org
        )

    def reform(self, index: int) -> None:
        """A traitor cheats no more."""
        if self.traitors.pop(index, None) is not None:
            self.record(index, "reform")

    def replace_disk(self, index: int, disk: MemoryStore) -> None:
        """Give a crashed validator another disk, an empty one or an old copy; its guard stays (rule RC-2)."""
        self._require_down(index)
        self.record(index, "replace-disk")
        self._disks[index] = disk

    def run_until(self, is_done: Callable[[], bool], *, limit_ns: int) -> bool:
        """Let things happen until the predicate holds; False when the virtual time limit comes first.

        The clock stands at the last event, or at the limit when nothing is left before it.

        Raises:
            SimulationFailure: More events than any run should have.
        """
        while not is_done():
            if self.checks.violations:
                return False
            if not self._heap or self._heap[0][0] > limit_ns:
                self.now_ns = max(self.now_ns, limit_ns)
                return False
            self._step()
            if self._steps > self._events_max:
                raise SimulationFailure(self.seed, self._steps, f"no end after {self._events_max} events")
        return True

    def run_to(self, time_ns: int) -> None:
        """Let everything happen that happens before this time, and stand there."""
        self.run_until(lambda: False, limit_ns=time_ns)

    def finish(self) -> list[Violation]:
        """Check what can be checked only at the end; all violations of the run."""
        for node in self.running():
            for height in range(1, node.final_height + 1):
                block, certificate = node.chain.block(height), node.chain.certificate(height)
                if block is None or certificate is None:
                    self.checks.note_missing_certificate(node.index, height)
                else:
                    self.checks.note_certificate(block.header, certificate, node.index)
        return self.checks.violations

    def now_ms(self, node: int | None = None) -> int:
        """Unix milliseconds on a validator's clock; the true ones without a validator."""
        skew_ms = 0 if node is None else self._clocks_ms[node]
        return self.genesis.time_ms + self.now_ns // NS_PER_MS + skew_ms

    def send(self, source: int, target: int | None, frame: Frame) -> None:
        """Put a frame on the wire, to one validator or to all others."""
        targets = self._others[source] if target is None else (target,)
        traitor = self.traitors.get(source)
        if traitor is None and isinstance(self._latency, FixedLatency) and self.links.is_sound:
            # All arrive at one time, one after the other: one entry of the heap holds them all.
            due_ns = self.now_ns + self._latency.one_way_ns
            if self._on_wire is not None:
                for each in targets:
                    self._on_wire(WireFrame(self.now_ns, (due_ns,), source, each, frame))
            self._schedule(due_ns, targets, self._arrival(source, frame))
            return
        for each in targets:
            for sent in [frame] if traitor is None else traitor.sends(each, frame):
                due_ns = self.now_ns + self._latency.delay_ns(source, each)
                arrivals_ns = self.links.arrivals(source, each, due_ns)
                if self._on_wire is not None:
                    self._on_wire(WireFrame(self.now_ns, tuple(arrivals_ns), source, each, sent))
                for arrival_ns in arrivals_ns:
                    self._schedule(arrival_ns, (each,), self._arrival(source, sent))

    def node_of(self, public_key: bytes) -> int:
        """The node that holds a vote key."""
        return self._place_of[public_key]

    def arm(self, node: int, timer: SetTimer) -> None:
        """Set a validator's timer, replacing the one of its kind."""
        self._timers[(node, timer.kind)] = timer.generation
        alarm = Alarm(timer.kind, timer.generation, self._lives[node])
        self._schedule(self.now_ns + timer.delay_ms * NS_PER_MS, (node,), alarm)

    def cancel(self, node: int, kind: TimerKind) -> None:
        """Forget a validator's timer."""
        self._timers.pop((node, kind), None)

    def record(self, node: int, kind: str, **facts: Fact) -> None:
        """Put an observable event into the trace."""
        if self._trace is not None:
            self._trace.add(self.now_ns, node, kind, tuple(facts.items()))

    def _power_on(self, index: int) -> None:
        for kind in TimerKind:
            self._timers.pop((index, kind), None)
        node = SimNode(
            index,
            self.genesis,
            suite=self.suite,
            signers=self._signers[index],
            disk=self._disks[index],
            guard=self._guards[index],
            world=self,
            is_restart=self._lives[index] > 0,
        )
        self._nodes[index] = node
        self.checks.note_restarted(index, node.ledger.height)
        node.start()

    def _require_down(self, index: int) -> None:
        if self._nodes[index] is not None:
            raise ConfigError(f"validator {self.names[index]} is not down")

    def _arrival(self, source: int, frame: Frame) -> Arrival:
        if self._trace is None or not isinstance(frame, SignedMessage):
            return Arrival(source, frame, b"")
        return Arrival(source, frame, self.suite.digest(frame.body))

    def _schedule(self, time_ns: int, nodes: tuple[int, ...], happening: Arrival | Alarm) -> None:
        assert time_ns >= self.now_ns, "nothing happens in the past"
        self._order += 1
        heapq.heappush(self._heap, (time_ns, self._order, nodes, happening))

    def _step(self) -> None:
        time_ns, _, nodes, happening = heapq.heappop(self._heap)
        assert time_ns >= self.now_ns
        self.now_ns = time_ns
        self._steps += len(nodes)
        if self._is_plain and isinstance(happening, Arrival) and isinstance(happening.frame, SignedMessage):
            self._deliver(nodes, happening.source, happening.frame)
            return
        for index in nodes:
            node = self._nodes[index]
            if node is None:
                continue
            if index in self._paused:
                if len(self._paused[index]) < PAUSED_FRAMES_MAX:
                    self._paused[index].append(happening)
            elif isinstance(happening, Arrival):
                self._arrive(node, happening)
            else:
                self._fire(node, happening)

    @property
    def _is_plain(self) -> bool:
        """Nobody looks on, cheats or stands still: a message needs nothing but its receivers."""
        return self._trace is None and not self.traitors and not self._paused

    def _deliver(self, nodes: tuple[int, ...], source: int, signed: SignedMessage) -> None:
        for index in nodes:
            node = self._nodes[index]
            if node is not None:
                self.deliveries += 1
                node.receive_message(source, signed)

    def _arrive(self, node: SimNode, arrival: Arrival) -> None:
        frame = arrival.frame
        if self.traitors:
            traitor = self.traitors.get(node.index)
            if traitor is not None and not traitor.takes(frame):
                return
        if self._trace is not None:
            facts: tuple[tuple[str, Fact], ...] = (("peer", arrival.source), ("frame", type(frame).__name__))
            if arrival.digest:
                facts = (*facts, ("digest", arrival.digest))
            self._trace.add(self.now_ns, node.index, "arrive", facts)
        if isinstance(frame, SignedMessage):
            self.deliveries += 1
            node.receive_message(arrival.source, frame)
        else:
            node.receive(arrival.source, frame)

    def _fire(self, node: SimNode, alarm: Alarm) -> None:
        place = (node.index, alarm.kind)
        if self._timers.get(place) == alarm.generation and alarm.life == self._lives[node.index]:
            del self._timers[place]
            self.record(node.index, "timer", timer=alarm.kind.value, generation=alarm.generation)
            node.fire(alarm.kind, alarm.generation)
