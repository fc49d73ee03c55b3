"""Who handles what happens at once and who later: frozen validators, busy processors, full network cards.

The queues between the calendar and a validator, and its way through a turn: on a core, at its disks, on a
core again. What handling means is the cluster's business.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Final

from govchain.sim.calendar import Calendar
from govchain.sim.cpu import Effect
from govchain.sim.happenings import (
    OUTSIDE,
    AtDisk,
    AtPort,
    CoreFree,
    Errand,
    Happening,
    Ready,
    Scheduled,
    Tick,
    Work,
)
from govchain.sim.host import Core, Host
from govchain.sim.machines import Machines
from govchain.sim.wire import Wire

PAUSED_FRAMES_MAX: Final = 20_000
"""What waits for a paused validator on the wire; more is lost, as full buffers lose it."""

LOOKS_MAX: Final = 2
"""How often a turn takes in requests that came while it answered others: from socket to handler to owner."""


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
            self._give_core(happening.core, now_ns)
        elif isinstance(happening, Tick):
            self._even_out(now_ns)
        elif isinstance(happening, AtDisk):
            self._use_disk(index, happening.ready, now_ns)
        elif index in self.paused:
            if len(self.paused[index]) < PAUSED_FRAMES_MAX or isinstance(happening, Ready):
                self.paused[index].append(happening)
        elif isinstance(happening, Ready):
            is_due = happening.run == self._machines.cpus[index].runs
            if is_due and happening.life == self._machines.lives[index]:
                self._want_core(index, now_ns)
        elif self._machines.are_free:
            self._serve(index, happening)
        elif self._machines.cpus[index].put(happening):
            self._wake(index, now_ns)

    def show(self, index: int, effect: Effect, now_ns: int) -> None:
        """Let something become visible when its validator has got that far in its turn."""
        self._machines.cpus[index].show(effect)
        self._call(index, now_ns)

    def send(self, index: int, effect: Effect, now_ns: int) -> None:
        """Let something leave at the end of the turn of its validator."""
        self._machines.cpus[index].send(effect)
        self._call(index, now_ns)

    def _pass_port(self, index: int, at_port: AtPort, now_ns: int) -> None:
        source, size_bytes = at_port.arrival.source, at_port.size_bytes
        at_ns, is_through = self._wire.receive(source, index, size_bytes, now_ns)
        self._calendar.put(at_ns, (index,), at_port.arrival if is_through else at_port)

    def _wake(self, index: int, now_ns: int) -> None:
        cpu = self._machines.cpus[index]
        if not cpu.is_called:
            if cpu.free_ns > now_ns:
                self._call(index, now_ns)
            else:
                cpu.is_called = True
                self._want_core(index, now_ns)

    def _call(self, index: int, now_ns: int) -> None:
        """Let it have a core when it is through with what it does, or as the next thing that happens."""
        cpu = self._machines.cpus[index]
        if not cpu.is_called and not cpu.is_running:
            cpu.is_called = True
            self._calendar.put(
                max(cpu.free_ns, now_ns), (index,), Ready(self._machines.lives[index], cpu.runs)
            )

    def _put_ready(self, index: int, at_ns: int) -> None:
        ready = Ready(self._machines.lives[index], self._machines.cpus[index].runs)
        self._calendar.put(at_ns, (index,), ready)

    def _want_core(self, index: int, now_ns: int) -> None:
        host = self._machines.host
        if host is None:
            self._run(index, now_ns)
            return
        number = host.home(index)
        core = host.cores[number]
        keeps = core.is_kept(index, now_ns) and not self._machines.cpus[index].is_at_disk
        if keeps or core.is_idle(now_ns):
            host.occupy(number, index, now_ns, self._run(index, now_ns))
            return
        core.waiting.append((index, self._machines.lives[index]))
        self._call_core(number, core)
        if not host.is_watched:
            host.is_watched = True
            self._calendar.put(host.next_tick_ns(now_ns), (OUTSIDE,), Tick())

    def _give_core(self, number: int, now_ns: int) -> None:
        host = self._machines.host
        assert host is not None, "only shared cores become free for somebody"
        core = host.cores[number]
        core.is_called = False
        if core.waiting and core.free_ns <= now_ns:
            last = core.process
            if last is not None and self._goes_on(core, last, now_ns):
                host.occupy(number, last, now_ns, self._run(last, now_ns))
            else:
                self._serve_next(number, host, now_ns)
        self._call_core(number, core)

    def _call_core(self, number: int, core: Core) -> None:
        if core.waiting and not core.is_called:
            core.is_called = True
            self._calendar.put(core.free_ns, (OUTSIDE,), CoreFree(number))

    def _serve_next(self, number: int, host: Host, now_ns: int) -> None:
        index, life = host.cores[number].waiting.popleft()
        # While it waited, power may have gone, or it was frozen.
        if index in self.paused:
            self.paused[index].append(Ready(life, self._machines.cpus[index].runs))
        elif life == self._machines.lives[index]:
            host.occupy(number, index, now_ns, self._run(index, now_ns))

    def _goes_on(self, core: Core, index: int, now_ns: int) -> bool:
        cpu = self._machines.cpus[index]
        is_kept = core.is_kept(index, now_ns) and index not in self.paused
        return is_kept and cpu.is_called and not cpu.is_at_disk

    def _even_out(self, now_ns: int) -> None:
        host = self._machines.host
        assert host is not None, "only shared cores look for work"
        for number in host.even_out(now_ns):
            self._serve_next(number, host, now_ns)
        host.is_watched = any(core.waiting for core in host.cores)
        if host.is_watched:
            self._calendar.put(host.next_tick_ns(now_ns), (OUTSIDE,), Tick())

    def _run(self, index: int, now_ns: int) -> int:
        """It has a core: let it go on until it waits for a disk, or its turn is over; how long that takes."""
        cpu = self._machines.cpus[index]
        cpu.is_woken = cpu.free_ns < now_ns
        cpu.free_ns, cpu.is_running = now_ns, True
        cpu.runs += 1
        sync_ns = self._advance(index)
        cpu.is_running, cpu.is_at_disk = False, sync_ns > 0
        cpu.is_called = cpu.has_work
        is_begun = cpu.rounds[0].waits_left == self._machines.costs.sync_waits - 1
        if sync_ns and is_begun and self._machines.host is not None:
            at_disk = AtDisk(Ready(self._machines.lives[index], cpu.runs))
            self._calendar.put(cpu.free_ns, (index,), at_disk)
        elif cpu.is_called:
            self._put_ready(index, cpu.free_ns + sync_ns)
        return cpu.free_ns - now_ns

    def _use_disk(self, index: int, ready: Ready, now_ns: int) -> None:
        host, costs = self._machines.host, self._machines.costs
        assert host is not None, "only a shared disk is waited for"
        began_ns = now_ns - costs.sync_work_ns // costs.sync_waits
        wait_ns = host.use_disk(began_ns, costs.sync_work_ns + costs.sync_ns)
        self._calendar.put(now_ns + wait_ns + costs.sync_ns // costs.sync_waits, (index,), ready)

    def _advance(self, index: int) -> int:
        """Go through the turn as far as it goes; how long a disk then takes, 0 at the end of the turn."""
        cpu, costs = self._machines.cpus[index], self._machines.costs
        turn = cpu.rounds[0]
        while True:
            if turn.waits_left:
                turn.waits_left -= 1
                cpu.spend(costs.sync_work_ns // costs.sync_waits)
                if costs.sync_ns:
                    return costs.sync_ns // costs.sync_waits
            elif turn.execution_ns is not None:
                cpu.free_ns += turn.execution_ns
                turn.execution_ns, turn.waits_left = None, costs.sync_waits
                turn.heard = len(cpu.waiting)
            elif not turn.is_handled:
                if not self._handle(index):
                    return 0
            elif turn.disks:
                turn.disks.popleft()
                turn.waits_left = costs.sync_waits
            else:
                while turn.late:
                    turn.late.popleft()()
                turn = cpu.end_turn()
                if turn.execution_ns is None:
                    return 0

    def _handle(self, index: int) -> bool:
        """Handle what waits; False when it is to look once more before its turn goes on."""
        cpu = self._machines.cpus[index]
        turn = cpu.rounds[0]
        cpu.begin_work()
        if not turn.looks:
            cpu.turns += 1
            while turn.early:
                turn.early.popleft()()
            cpu.free_ns += turn.work_ns
            if index == OUTSIDE and cpu.is_woken:
                cpu.wakes += 1
                cpu.spend(self._machines.costs.client_turn_ns)
        answers = False
        for _ in range(len(cpu.waiting) if turn.heard is None else turn.heard):
            cpu.begin_work()
            work = cpu.waiting.popleft()
            answers = answers or isinstance(work, Errand)
            self._serve(index, work)
        cpu.begin_work()
        # Requests are answered between turns: others that come meanwhile are part of the same turn.
        turn.is_handled = index == OUTSIDE or not answers or turn.heard is not None or turn.looks == LOOKS_MAX
        turn.looks += 1
        return turn.is_handled
