"""Who handles what happens at once and who later: frozen validators, busy processors, full network cards.

The queues between the calendar and a validator. What handling means is the cluster's business.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Final

from govchain.sim.cpu import NO_COSTS
from govchain.sim.happenings import OUTSIDE, AtPort, Calendar, CoreFree, Happening, Ready, Scheduled, Work
from govchain.sim.machines import Machines
from govchain.sim.wire import Wire

PAUSED_FRAMES_MAX: Final = 20_000
"""What waits for a paused validator on the wire; more is lost, as full buffers lose it."""


class Turns:
    """Brings to a running validator what happens to it, when it is its turn.

    Args:
        serve: Lets a validator handle a piece of work now.

    Attributes:
        paused: What waits for each frozen validator.
    """

    def __init__(
        self,
        calendar: Calendar[Scheduled],
        machines: Machines[Work],
        wire: Wire,
        serve: Callable[[int, Work], None],
    ) -> None:
        self.paused: dict[int, deque[Happening]] = {}
        self._calendar = calendar
        self._machines = machines
        self._wire = wire
        self._serve = serve

    def freeze(self, index: int) -> bool:
        """Let what happens to a validator wait; False when it waits already."""
        if index in self.paused:
            return False
        self.paused[index] = deque()
        return True

    def thaw(self, index: int, now_ns: int) -> int | None:
        """Let what waited happen now; how much that was, None when nothing had to wait."""
        waiting = self.paused.pop(index, None)
        if waiting is None:
            return None
        for happening in waiting:
            self._calendar.put(now_ns, (index,), happening)
        return len(waiting)

    def take(self, index: int, happening: Happening, now_ns: int) -> None:
        """Something happens to a validator that is up, or to its clients."""
        if isinstance(happening, AtPort):
            self._pass_port(index, happening, now_ns)
        elif isinstance(happening, CoreFree):
            self._give_core(now_ns)
        elif index in self.paused:
            if len(self.paused[index]) < PAUSED_FRAMES_MAX or isinstance(happening, Ready):
                self.paused[index].append(happening)
        elif isinstance(happening, Ready):
            if happening.life == self._machines.lives[index]:
                self._serve_waiting(index, now_ns)
        elif self._machines.costs is NO_COSTS:
            self._serve(index, happening)
        elif self._must_wait(index, now_ns):
            if self._machines.cpus[index].put(happening):
                self._serve_waiting(index, now_ns)
        else:
            self._machines.cpus[index].waiting.append(happening)
            self._take_turn(index, now_ns)

    def _pass_port(self, index: int, at_port: AtPort, now_ns: int) -> None:
        source, size_bytes = at_port.arrival.source, at_port.size_bytes
        at_ns, is_through = self._wire.receive(source, index, size_bytes, now_ns)
        self._calendar.put(at_ns, (index,), at_port.arrival if is_through else at_port)

    def _must_wait(self, index: int, now_ns: int) -> bool:
        host = self._machines.host
        return self._machines.cpus[index].must_wait(now_ns) or (host is not None and host.must_wait(now_ns))

    def _serve_waiting(self, index: int, now_ns: int) -> None:
        cpu, host = self._machines.cpus[index], self._machines.host
        if cpu.free_ns > now_ns:
            # Somebody has taken the processor in the meantime.
            self._call_when_free(index)
        elif host is not None and host.must_wait(now_ns):
            host.waiting.append(index)
            if len(host.waiting) == 1:
                self._call_host()
        else:
            self._take_turn(index, now_ns)

    def _give_core(self, now_ns: int) -> None:
        host = self._machines.host
        assert host is not None, "only shared cores become free for somebody"
        index = host.waiting.popleft()
        cpu = self._machines.cpus[index]
        # While it waited, power may have gone, or it was frozen, or it was given a transaction by hand.
        if index in self.paused:
            self.paused[index].append(Ready(self._machines.lives[index]))
        elif cpu.free_ns > now_ns:
            self._call_when_free(index)
        elif cpu.waiting:
            self._take_turn(index, now_ns)
        if host.waiting:
            self._call_host()

    def _take_turn(self, index: int, now_ns: int) -> None:
        """Let it handle all that waits, and what is the outcome of that at its own time."""
        cpu, host = self._machines.cpus[index], self._machines.host
        cpu.begin(now_ns)
        if index == OUTSIDE:
            cpu.spend(self._machines.costs.client_turn_ns)
        for _ in range(len(cpu.waiting)):
            self._serve(index, cpu.waiting.popleft())
        if host is not None:
            host.occupy(now_ns, cpu.free_ns - now_ns - cpu.waited_ns)

    def _call_when_free(self, index: int) -> None:
        at_ns = self._machines.cpus[index].free_ns
        self._calendar.put(at_ns, (index,), Ready(self._machines.lives[index]))

    def _call_host(self) -> None:
        host = self._machines.host
        assert host is not None
        self._calendar.put(host.next_free_ns, (OUTSIDE,), CoreFree())
