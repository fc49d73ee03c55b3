"""What becomes of a frame that a validator sends: who gets it, over which wire, and when.

Joins wires, faults of links and cheats. When a frame leaves is known before, what it does is the receiver's.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from govchain.consensus import SignedMessage
from govchain.crypto import Suite
from govchain.sim.calendar import Calendar
from govchain.sim.happenings import Arrival, AtPort, Scheduled, Work
from govchain.sim.links import Links
from govchain.sim.machines import Machines
from govchain.sim.network import Frame, WireFrame, frame_bytes
from govchain.sim.protocol import Traitor
from govchain.sim.trace import Fact
from govchain.sim.wire import Wire


@dataclass(slots=True)
class Mail:
    """Takes frames to their receivers.

    Attributes:
        others: Everybody else, by validator.
        is_traced: Arrivals are told to the trace.
        on_wire: Gets every frame, with its fate.
    """

    others: Sequence[tuple[int, ...]]
    suite: Suite
    calendar: Calendar[Scheduled]
    machines: Machines[Work]
    wire: Wire
    links: Links
    traitors: Mapping[int, Traitor]
    is_traced: bool
    on_wire: Callable[[WireFrame], None] | None

    def send(self, source: int, target: int | None, frame: Frame, now_ns: int) -> None:
        """Put a frame on the wire, to one validator or to all others."""
        targets = self.others[source] if target is None else (target,)
        traitor = self.traitors.get(source)
        if not self.machines.are_free:
            now_ns = max(now_ns, self.machines.charge_send(source, targets, frame))
        if traitor is None and self.wire.equal_ns is not None and self.links.is_sound:
            # All arrive at one time, one after the other: one entry of the calendar holds them all.
            due_ns = now_ns + self.wire.equal_ns
            if self.on_wire is not None:
                for each in targets:
                    self.on_wire(WireFrame(now_ns, (due_ns,), source, each, frame))
            self.calendar.put(due_ns, targets, self._arrival(source, frame))
            return
        for each in targets:
            for sent in [frame] if traitor is None else traitor.sends(each, frame):
                size_bytes = frame_bytes(sent) if self.wire.needs_size else 0
                card_ns = self.wire.arrival_ns(source, each, size_bytes, now_ns)
                arrivals_ns = [] if card_ns is None else self.links.arrivals(source, each, card_ns)
                if self.on_wire is not None:
                    self.on_wire(WireFrame(now_ns, tuple(arrivals_ns), source, each, sent))
                arrival = self._arrival(source, sent)
                arriving = AtPort(arrival, size_bytes) if self.wire.has_ports else arrival
                for arrival_ns in arrivals_ns:
                    self.calendar.put(arrival_ns, (each,), arriving)

    def _arrival(self, source: int, frame: Frame) -> Arrival:
        turn = self.machines.cpus[source].turns
        if not self.is_traced:
            return Arrival(source, frame, (), turn)
        facts: tuple[tuple[str, Fact], ...] = (("peer", source), ("frame", type(frame).__name__))
        if isinstance(frame, SignedMessage):
            facts = (*facts, ("digest", self.suite.digest(frame.body)))
        return Arrival(source, frame, facts, turn)
