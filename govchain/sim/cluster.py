"""The simulated world: virtual time in integer nanoseconds, and the validators to whom things happen in it.

Wires, processors and disks are in modules of their own; no rule of the protocol is here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Final

from govchain.config import DurationNs
from govchain.consensus import SetTimer, TimerKind
from govchain.crypto import Suite, chain_id_of, transaction_id
from govchain.crypto import suite as suite_of
from govchain.errors import ConfigError, SimulationFailure, Unavailable
from govchain.model import Genesis, Transaction
from govchain.sim.alarms import Alarms
from govchain.sim.calendar import Calendar
from govchain.sim.checks import Checks, Violation
from govchain.sim.cpu import NO_COSTS, Costs
from govchain.sim.delivery import Delivery
from govchain.sim.door import Door
from govchain.sim.execution import SharedExecution
from govchain.sim.forms import SharedForms
from govchain.sim.happenings import Arrival, Call, Errand, Happening, Ready, Scheduled, Start, Work
from govchain.sim.links import Links
from govchain.sim.machines import Machines, Unsynced
from govchain.sim.mail import Mail
from govchain.sim.network import FixedLatency, Frame, Gossip, LatencyModel, WireFrame
from govchain.sim.node import SimNode
from govchain.sim.protocol import ConsensusProtocol
from govchain.sim.protocols import PBFT
from govchain.sim.starts import Starts
from govchain.sim.trace import Fact, Trace, TraceEvent
from govchain.sim.treason import Treason
from govchain.sim.turns import Turns
from govchain.sim.vote_keys import VoteKeys
from govchain.sim.wire import PLAIN_LINES, LineConditions, Wire
from govchain.storage import MemoryStore

NS_PER_MS: Final = 1_000_000
EVENTS_MAX: Final = 5_000_000
"""Arrivals and timers after which a run is given up: far more than any scenario has."""


class SimCluster:
    """All validators of one genesis under virtual time.

    Args:
        secrets: Validator name to its 32-byte secret.
        protocol: How validators agree on an order.
        latency: One-way delays; 1 ms on every link when not given.
        lines: Jitter, loss and bandwidth; none of them when not given.
        costs: What work costs in time; nothing when not given.
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
        events: Arrivals and timers so far.
        is_traced: Whether what is recorded goes anywhere.
        checks: The judge; its `violations` end a run.
        keys: Vote keys, and who holds which.
        links: What is wrong with the links.
        wire: How long frames take on sound ones.
        machines: Processors and disks.
        traitors: Validator index to how it cheats; `treason` made them, and knows how often they did.
    """

    def __init__(
        self,
        genesis: Genesis,
        secrets: Mapping[str, bytes],
        *,
        protocol: ConsensusProtocol = PBFT,
        latency: LatencyModel | None = None,
        lines: LineConditions = PLAIN_LINES,
        costs: Costs = NO_COSTS,
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
        self.genesis, self.protocol = genesis, protocol
        self.suite: Suite = suite or suite_of(genesis.suite)
        assert self.suite.name == genesis.suite
        self.seed, self._events_max = seed, events_max
        self.now_ns = self.events = 0
        self.checks = Checks(genesis, self.suite)
        self.door = Door(protocol, self.suite, chain_id_of(self.suite, genesis))
        # What reading costs is charged where it is done, so then everybody reads for itself.
        self.forms = SharedForms(genesis, self.suite) if costs.are_none else None
        self.execution = SharedExecution() if is_execution_shared else None
        self.is_traced = is_traced
        self._trace = Trace(self.suite, listener) if is_traced else None
        self.links, self.treason = Links(self.suite, seed), Treason(genesis, self.suite, seed)
        self.traitors = self.treason.traitors
        self._calendar: Calendar[Scheduled] = Calendar()
        self.names = (*(member.name for member in genesis.validators.members), *candidates)
        self.keys = VoteKeys(self.suite, self.names, (secrets, spares or {}))
        latency = latency or FixedLatency(DurationNs(NS_PER_MS))
        self.wire = Wire(self.suite, seed, len(self.names), latency, lines)
        self.machines: Machines[Work] = Machines(self.suite, seed, len(self.names), costs)
        self._is_free = self.machines.are_free
        everybody = range(len(self.names))
        others = [tuple(i for i in everybody if i != index) for index in everybody]
        self._mail = Mail(
            *(others, self.suite, self._calendar, self.machines, self.wire, self.links),
            *(self.traitors, is_traced, on_wire),
        )
        self._turns = Turns(self._calendar, self.machines, self.wire, self._serve)
        self._clocks_ms = [genesis.time_ms] * len(self.names)
        self._nodes: list[SimNode | None] = [None] * len(self.names)
        self._delivery = Delivery(self._nodes, protocol, self.door, self._trace)
        self._starts = Starts(self._calendar, self.machines, self._power_on)
        self._alarms = Alarms(self._calendar, self.machines.lives)
        for index, name in enumerate(self.names):
            if name not in absent:
                self._power_on(index)

    @property
    def size(self) -> int:
        return len(self._nodes)

    @property
    def deliveries(self) -> int:
        """Consensus messages that arrived at a validator so far."""
        return self._delivery.messages

    @property
    def digest(self) -> bytes:
        """Digest over everything observable so far; empty without a trace."""
        return b"" if self._trace is None else self._trace.digest

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

    def is_down(self, index: int) -> bool:
        """Neither running nor on its way up."""
        return self._nodes[index] is None and index not in self._starts

    def submit(self, transaction: Transaction, *, to: int) -> bytes:
        """Hand a transaction to one validator; its id.

        Raises:
            InvalidTransaction: The validator refuses it.
            Unavailable: The validator is down or its pool is full.
        """
        node = self.node(to)
        known = transaction_id(self.suite, transaction)
        self.checks.note_submitted(known)
        self._note(to, "submit", transaction=known)
        traitor = self.traitors.get(to)
        if traitor is not None and not traitor.takes(to, Gossip(transaction)):
            return known
        return node.submit(transaction)

    def crash(self, index: int, *, unsynced: Unsynced = "keep") -> None:
        """Cut a validator's power: all but its disk is gone; frames to it are lost until it restarts.

        Power goes between two pieces of work. Writes that no sync confirmed are kept, lost, or kept in part.
        """
        if not self._starts.cancel(index):
            self.node(index)
        lost = self.machines.cut_power(index, unsynced)
        self._note(index, "crash", **({} if unsynced == "keep" else {"unsynced": lost}))
        self._nodes[index] = None
        self._delivery.forget()
        self._turns.paused.pop(index, None)

    def restart(self, index: int) -> None:
        """Start a crashed validator from its disk, or an absent one for the first time; it may take time."""
        self._require_down(index)
        self._note(index, "restart")
        self._starts.begin(index, self.now_ns)

    def add_key(self, index: int, secret: bytes) -> None:
        """Give a validator another vote key, which it holds from its next start on (rule MB-4)."""
        self.keys.add(index, secret)

    def pause(self, index: int) -> None:
        """Freeze a validator: what arrives waits, bounded, and its timers fire late."""
        self.node(index)
        if self._turns.freeze(index):
            self._note(index, "pause")

    def resume(self, index: int) -> None:
        """Let a frozen validator go on with what waits for it; one that is not frozen goes on anyway."""
        waiting = self._turns.thaw(index, self.now_ns)
        if waiting is not None:
            self._note(index, "resume", waiting=waiting)

    def is_paused(self, index: int) -> bool:
        return index in self._turns.paused

    def back_up(self, index: int) -> None:
        """Keep a copy of a validator's disk as it is now."""
        self._note(index, "backup")
        self.machines.back_up(index)

    def backup(self, index: int) -> MemoryStore:
        """A copy of the disk that a validator had when it was backed up; an empty one if it never was."""
        return self.machines.backups[index].copy()

    def set_clock(self, index: int, offset_ms: int) -> None:
        """Put a validator's clock ahead of the world's, or behind."""
        self._note(index, "clock", offset_ms=offset_ms)
        self._clocks_ms[index] = self.genesis.time_ms + offset_ms

    def betray(self, index: int, behaviour: str, org: str = "") -> None:
        """Let a validator cheat from now on; the judge forgives it for good, and nobody else."""
        self._note(index, "betray", behaviour=behaviour)
        self.checks.forgive(index)
        machine = (self.keys.of(index), self.machines.disks[index], self.machines.guards[index])
        self.treason.recruit(index, self.protocol.traitors[behaviour], org, machine, self)

    def reform(self, index: int) -> None:
        """A traitor cheats no more."""
        if self.traitors.pop(index, None):
            self._note(index, "reform")

    def replace_disk(self, index: int, disk: MemoryStore) -> None:
        """Give a crashed validator another disk, an empty one or an old copy; its guard stays (rule RC-2)."""
        self._require_down(index)
        self._note(index, "replace-disk")
        self.machines.replace_disk(index, disk)

    def run_until(self, is_done: Callable[[], bool], *, limit_ns: int) -> bool:
        """Let things happen until the predicate holds; False when the virtual time limit comes first.

        The clock stands at the last event, or at the limit when nothing is left before it.

        Raises:
            SimulationFailure: More events than any run should have.
        """
        while not is_done():
            if self.checks.violations:
                return False
            due = self._calendar.pop_until(limit_ns)
            if due is None:
                self.now_ns = max(self.now_ns, limit_ns)
                return False
            self._step(*due)
            if self.events > self._events_max:
                raise SimulationFailure(self.seed, self.events, f"no end after {self._events_max} events")
        return True

    def run_to(self, time_ns: int) -> None:
        """Let everything happen that happens before this time, and stand there."""
        self.run_until(lambda: False, limit_ns=time_ns)

    def finish(self) -> list[Violation]:
        """Check what can be checked only at the end; all violations of the run."""
        for node in self.running():
            self.checks.note_chain(node.index, node.chain, node.final_height)
        return self.checks.violations

    def now_ms(self, node: int | None = None) -> int:
        """Unix milliseconds on a validator's clock; the true ones without a validator."""
        if node is None:
            return self.genesis.time_ms + self.now_ns // NS_PER_MS
        local_ns = self.now_ns if self._is_free else self._local_ns(node)
        return self._clocks_ms[node] + local_ns // NS_PER_MS

    def spend_apply(self, node: int, transactions: int) -> None:
        """Charge a validator for executing so many transactions."""
        self.machines.charge_apply(node, transactions)

    def send(self, source: int, target: int | None, frame: Frame) -> None:
        """Put a frame on the wire, to one validator or to all others, at the end of the sender's turn."""
        if self._is_free:
            self._mail.send(source, target, frame, self.now_ns)
        else:
            self._turns.send(source, lambda: self._mail.send(source, target, frame, self.now_ns), self.now_ns)

    def node_of(self, public_key: bytes) -> int:
        """The node that holds a vote key."""
        return self.keys.holder(public_key)

    def arm(self, node: int, timer: SetTimer) -> None:
        """Set a validator's timer, replacing the one of its kind."""
        due_ns = self._local_ns(node) + timer.delay_ms * NS_PER_MS
        self._alarms.arm(node, timer.kind, timer.generation, due_ns)

    def cancel(self, node: int, kind: TimerKind) -> None:
        """Forget a validator's timer."""
        self._alarms.cancel(node, kind)

    def record(self, node: int, kind: str, **facts: Fact) -> None:
        """Put an observable event into the trace, at the time at which its validator gets that far."""
        if self._is_free or node < 0:
            self._note(node, kind, **facts)
        elif self._trace is not None:
            self._turns.show(node, partial(self._note, node, kind, **facts), self.now_ns)

    def _note(self, node: int, kind: str, **facts: Fact) -> None:
        if self._trace is not None:
            self._trace.add(self._local_ns(node), node, kind, tuple(facts.items()))

    def _local_ns(self, node: int) -> int:
        if self._is_free or node < 0:
            return self.now_ns
        return max(self.now_ns, self.machines.cpus[node].free_ns)

    def _power_on(self, index: int) -> None:
        self._alarms.forget(index)
        suite, signers = self.machines.power_on(index, self.keys.of(index))
        node = SimNode(
            index,
            self.genesis,
            suite=suite,
            signers=signers,
            disk=self.machines.disks[index],
            guard=self.machines.guards[index],
            world=self,
            is_restart=self.machines.lives[index] > 0,
        )
        self._nodes[index] = node
        self._delivery.forget()
        self.checks.note_restarted(index, node.ledger.height)
        node.start()

    def _require_down(self, index: int) -> None:
        if not self.is_down(index):
            raise ConfigError(f"validator {self.names[index]} is not down")

    def schedule(self, time_ns: int, nodes: tuple[int, ...], happening: Happening) -> None:
        """Let something happen then, to these validators or to what is `OUTSIDE` of them."""
        assert time_ns >= self.now_ns, "nothing happens in the past"
        self._calendar.put(time_ns, nodes, happening)

    def _step(self, time_ns: int, order: int, nodes: tuple[int, ...], happening: Scheduled) -> None:
        assert time_ns >= self.now_ns
        self.now_ns = time_ns
        if isinstance(happening, Call):
            alarm = self._alarms.answer(nodes[0], happening.kind, (time_ns, order))
            if alarm is None:
                return
            happening = alarm
        self.events += len(nodes)
        # When nobody cheats, stands still or is busy, what arrives needs nothing but its receivers.
        if isinstance(happening, Arrival) and self._is_free and not (self.traitors or self._turns.paused):
            self._delivery.hand_over(nodes, happening, time_ns)
            return
        for index in nodes:
            if index < 0 or self._nodes[index] is not None or isinstance(happening, Ready | Start):
                self._turns.take(index, happening, time_ns)

    def _serve(self, index: int, work: Work) -> None:
        if isinstance(work, Arrival):
            traitor = self.traitors.get(index)
            if traitor is not None and not traitor.takes(work.source, work.frame):
                return
            self.machines.charge_arrival(index, work)
            self._delivery.hand_over((index,), work, self.now_ns)
        elif isinstance(work, Errand):
            self.machines.run_errand(index, work)
        elif isinstance(work, Start):
            self._starts.go_on(index, work)
        elif self._alarms.is_due(index, work):
            self.record(index, "timer", timer=work.kind.value, generation=work.generation)
            self.node(index).fire(work.kind, work.generation)
