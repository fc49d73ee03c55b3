"""Processes on one machine, without any protocol: each is given errands, and tells when they are done."""

from __future__ import annotations

from govchain.config import DurationNs
from govchain.crypto import suite
from govchain.model import Space
from govchain.sim import Costs, FixedLatency
from govchain.sim.calendar import Calendar
from govchain.sim.happenings import Call, Errand, Scheduled, Work
from govchain.sim.machines import Machines
from govchain.sim.turns import Turns
from govchain.sim.wire import PLAIN_LINES, Wire

US = 1_000
MS = 1_000_000
SERVICE_NS = 100 * US


class Rig:
    """So many processes, and one for clients."""

    def __init__(self, processes: int, costs: Costs) -> None:
        self.calendar: Calendar[Scheduled] = Calendar()
        self.machines: Machines[Work] = Machines(suite(), 7, processes, costs)
        wire = Wire(suite(), 7, processes, FixedLatency(DurationNs(0)), PLAIN_LINES)
        self.turns = Turns(self.calendar, self.machines, wire, self._serve)
        self.done: list[tuple[int, int]] = []
        """When, and by whom."""
        self.left: list[tuple[int, int]] = []
        """The same of what leaves at the end of a turn."""

    def give(
        self, process: int, at_ns: int, cost_ns: int = SERVICE_NS, *, writes: bool = False, executes: int = 0
    ) -> None:
        """Let a process work, then write to its disk or execute blocks, and say something in the end."""

        def act(done_ns: int) -> None:
            self.done.append((done_ns, process))
            for _ in range(executes):
                self.machines.charge_apply(process, 1)
                self._write(process)
            if writes:
                self._write(process)
            self.turns.send(process, lambda: self._note_left(process), done_ns)

        self.calendar.put(at_ns, (process,), Errand(cost_ns, 1, act))

    def run(self) -> list[tuple[int, int]]:
        while (due := self.calendar.pop_until(2**63)) is not None:
            now_ns, _, indices, happening = due
            assert not isinstance(happening, Call), "nobody armed a timer"
            for index in indices:
                self.turns.take(index, happening, now_ns)
        return self.done

    def _write(self, process: int) -> None:
        self.machines.disks[process].write([(Space.VOTE, b"vote", b"1")], sync=True)

    def _note_left(self, process: int) -> None:
        self.left.append((self.machines.cpus[process].free_ns, process))

    def _serve(self, index: int, work: Work) -> None:
        assert isinstance(work, Errand)
        self.machines.run_errand(index, work)
