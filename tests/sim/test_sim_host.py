"""Laws of a machine whose cores are shared, of turns, and of what work costs beside signatures."""

from __future__ import annotations

import heapq

import pytest

from govchain.config import DurationNs
from govchain.crypto import suite
from govchain.model import Space
from govchain.sim import Costs, FixedLatency
from govchain.sim.cpu import Cpu
from govchain.sim.happenings import OUTSIDE, Calendar, Call, Errand, Scheduled, Work
from govchain.sim.machines import Machines
from govchain.sim.network import seeded_stream
from govchain.sim.quantiles import exponential
from govchain.sim.turns import Turns
from govchain.sim.wire import PLAIN_LINES, Wire
from tests.support.scenario_texts import SMALL, play

US = 1_000
SERVICE_NS = 100 * US


class Rig:
    """Processes on one machine, without any protocol: each is given errands, and tells when they are done."""

    def __init__(self, processes: int, costs: Costs) -> None:
        self.calendar: Calendar[Scheduled] = Calendar()
        self.machines: Machines[Work] = Machines(suite(), 7, processes, costs)
        wire = Wire(suite(), 7, processes, FixedLatency(DurationNs(0)), PLAIN_LINES)
        self.turns = Turns(self.calendar, self.machines, wire, self._serve)
        self.done: list[tuple[int, int]] = []
        """When, and by whom."""

    def give(self, process: int, at_ns: int, cost_ns: int = SERVICE_NS) -> None:
        errand = Errand(cost_ns, lambda done_ns: self.done.append((done_ns, process)))
        self.calendar.put(at_ns, (process,), errand)

    def run(self) -> list[tuple[int, int]]:
        while (due := self.calendar.pop_until(2**63)) is not None:
            now_ns, _, indices, happening = due
            assert not isinstance(happening, Call), "nobody armed a timer"
            for index in indices:
                self.turns.take(index, happening, now_ns)
        return self.done

    def _serve(self, index: int, work: Work) -> None:
        assert isinstance(work, Errand)
        self.machines.run_errand(index, work)


@pytest.mark.parametrize(("cores", "ends_us"), [(1, [100, 200, 300]), (2, [100, 100, 200]), (3, [100] * 3)])
def test_processes_that_share_a_core_take_as_long_as_all_of_them(cores: int, ends_us: list[int]) -> None:
    rig = Rig(2, Costs(shared_cores=cores, verify_ns=1))
    for process in (0, 1, OUTSIDE):
        rig.give(process, at_ns=0)
    assert [ended_ns // US for ended_ns, _ in rig.run()] == ends_us
    assert [process for _, process in rig.done] == [0, 1, OUTSIDE], "who comes first is served first"


def test_a_processor_of_its_own_waits_for_nobody() -> None:
    rig = Rig(3, Costs(verify_ns=1))
    for process in range(3):
        rig.give(process, at_ns=0)
    assert [ended_ns for ended_ns, _ in rig.run()] == [SERVICE_NS] * 3


@pytest.mark.parametrize(("cores", "load_percent"), [(1, 30), (1, 80), (2, 80)])
def test_no_core_idles_while_somebody_waits(cores: int, load_percent: int) -> None:
    processes, errands = 40, 5_000
    gaps = exponential(SERVICE_NS * 100 // load_percent // cores)
    draws, choices = seeded_stream(suite(), 7, "arrivals"), seeded_stream(suite(), 7, "processes")
    rig = Rig(processes, Costs(shared_cores=cores, verify_ns=1))
    at_ns, sojourn_ns = 0, 0
    free_ns, expected = [0] * cores, []
    for _ in range(errands):
        at_ns += gaps.at(next(draws))
        rig.give(next(choices) % processes, at_ns)
        sojourn_ns -= at_ns
        heapq.heapreplace(free_ns, max(at_ns, free_ns[0]) + SERVICE_NS)
        expected.append(max(free_ns))
    done_ns = sorted(ended_ns for ended_ns, _ in rig.run())
    if cores == 1:
        # Equal services on one core end at the same times in whatever order they are served.
        assert done_ns == sorted(expected)
        rho = load_percent / 100
        closed_form_ns = SERVICE_NS * (1 + rho / (2 * (1 - rho)))
        assert (sum(done_ns) + sojourn_ns) / errands == pytest.approx(closed_form_ns, rel=0.1)
    assert sum(cpu.busy_ns for cpu in rig.machines.cpus) == errands * SERVICE_NS
    assert rig.machines.host is not None
    assert not rig.machines.host.waiting


def test_a_core_is_free_while_its_process_waits_for_the_disk() -> None:
    rig = Rig(2, Costs(shared_cores=1, sync_ns=50 * US, verify_ns=1))
    write = [(Space.VOTE, b"vote", b"1")]
    rig.calendar.put(0, (0,), Errand(SERVICE_NS, lambda _: rig.machines.disks[0].write(write, sync=True)))
    rig.give(1, at_ns=0)
    assert rig.run() == [(200 * US, 1)], "not after 250"
    assert rig.machines.cpus[0].free_ns == 150 * US


def test_a_turn_syncs_each_disk_once_and_tells_each_peer_in_one_frame() -> None:
    cpu: Cpu[int] = Cpu()
    cpu.begin(0)
    for _ in range(3):
        cpu.sync("store", 10)
        cpu.sync("guard", 10)
        cpu.tell(1, "votes", 5)
        cpu.hear(2, "votes", 7, 5)
    assert (cpu.free_ns, cpu.waited_ns, cpu.busy_ns, cpu.frames) == (30, 20, 10, 2)
    cpu.end_writes()
    cpu.sync("store", 10)
    assert cpu.waited_ns == 30, "a block has a sync of its own"
    cpu.begin(cpu.free_ns)
    cpu.sync("store", 10)
    cpu.tell(1, "votes", 5)
    cpu.hear(2, "votes", 8, 5)
    cpu.tell(1, "transactions", 5)
    assert (cpu.turns, cpu.waited_ns, cpu.frames) == (2, 10, 5)


LAPTOP = (
    "network: {latency: {fixed: 0ms}}\n"
    "cpu: {cores: 2, shared: host, costs: {verify: 66us, sign: 28us, apply: 60us, "
    "message: 90us, request: 200us, client: 200us, client_turn: 300us}}\n"
    "disk: {sync: 300us}\n"
    "workload:\n"
    "  - {org: evp, rate: {fixed: 200/s}, to: 300ms}\n"
    "  - {org: court, rate: {closed_loop: 3}, to: 300ms}\n"
)


def test_R6_runs_on_a_shared_machine_are_equal_and_symbolic_signatures_cost_what_real_ones_do() -> None:
    first, again, real = (play(SMALL + LAPTOP, is_symbolic=kind) for kind in (True, True, False))
    assert real.verdict == "pass"
    assert first.digest == again.digest
    assert first.workload is not None
    assert first.workload == real.workload
    assert first.workload.latency_ms.p50 > 3


def test_fewer_cores_are_slower_and_dearer_requests_too() -> None:
    def p50_ms(changed: str, to: str) -> float:
        load = play(SMALL + LAPTOP.replace(changed, to), is_symbolic=True).workload
        assert load is not None
        return load.latency_ms.p50

    usual = p50_ms("cores: 2", "cores: 2")
    assert p50_ms("cores: 2", "cores: 1") > 1.5 * usual
    assert p50_ms("cores: 2", "cores: 8") < usual
    assert p50_ms("request: 200us", "request: 900us") > usual
    assert p50_ms("client: 200us", "client: 900us") > usual
    assert p50_ms("client_turn: 300us", "client_turn: 3ms") > usual
