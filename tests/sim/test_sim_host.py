"""Laws of a machine whose cores are shared, of turns, and of what work costs beside signatures."""

from __future__ import annotations

import heapq

import pytest

from govchain.crypto import suite
from govchain.sim import Costs
from govchain.sim.cpu import Cpu
from govchain.sim.happenings import OUTSIDE
from govchain.sim.host import SLICE_NS, TICK_NS
from govchain.sim.network import seeded_stream
from govchain.sim.quantiles import exponential
from tests.support.machine_rig import MS, SERVICE_NS, US, Rig
from tests.support.scenario_texts import SMALL, play


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
def test_no_core_idles_while_somebody_waits_for_it(cores: int, load_percent: int) -> None:
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
    assert len(done_ns) == errands
    assert sum(cpu.busy_ns for cpu in rig.machines.cpus) == errands * SERVICE_NS


def test_a_process_waits_for_its_core_while_another_is_idle_until_the_next_tick() -> None:
    rig = Rig(3, Costs(shared_cores=2, verify_ns=1))
    for process in (0, 2):  # Both are at home on the first core.
        rig.give(process, at_ns=0, cost_ns=10 * MS)
        rig.give(process, at_ns=40 * MS, cost_ns=10 * MS)
    assert rig.run() == [
        *((10 * MS, 0), (TICK_NS + 10 * MS, 2)),
        *((50 * MS, 0), (50 * MS, 2)),  # It stays where it was taken over.
    ]


@pytest.mark.parametrize(("waits", "left_us"), [(1, 200), (2, 300)])
def test_a_process_queues_for_a_core_again_whenever_it_waited_for_the_disk(waits: int, left_us: int) -> None:
    rig = Rig(3, Costs(shared_cores=1, sync_ns=50 * US, sync_waits=waits, verify_ns=1))
    rig.give(0, at_ns=0, writes=True)
    for process in (1, 2):
        rig.give(process, at_ns=process * 90 * US)
    assert rig.run() == [(100 * US, 0), (200 * US, 1), (300 * US, 2)], "the core is free for others"
    assert dict((process, at_ns) for at_ns, process in rig.left)[0] == left_us * US


@pytest.mark.parametrize(("cores", "left_us"), [(2, [170, 240]), (0, [170, 170])])
def test_the_disk_of_a_shared_machine_syncs_for_one_process_after_the_other(
    cores: int, left_us: list[int]
) -> None:
    costs = Costs(shared_cores=cores, sync_ns=50 * US, sync_work_ns=20 * US, sync_waits=2)
    rig = Rig(2, costs)
    for process in (0, 1):
        rig.give(process, at_ns=0, writes=True)
    rig.run()
    assert [at_ns // US for at_ns, _ in rig.left] == left_us
    assert [cpu.busy_ns for cpu in rig.machines.cpus[:2]] == [SERVICE_NS + 20 * US] * 2, "waiting is no work"


def test_a_sync_costs_work_as_well_as_waiting() -> None:
    rig = Rig(1, Costs(sync_ns=50 * US, sync_work_ns=20 * US, sync_waits=2))
    rig.give(0, at_ns=0, writes=True)
    rig.run()
    assert rig.left == [(SERVICE_NS + 70 * US, 0)]
    assert rig.machines.cpus[0].busy_ns == SERVICE_NS + 20 * US


def test_what_a_turn_says_leaves_when_all_of_it_is_handled_and_durable() -> None:
    rig = Rig(1, Costs(sync_ns=50 * US))
    rig.give(0, at_ns=0)
    for _ in range(3):
        rig.give(0, at_ns=10 * US, writes=True)  # All are handled in the second look of the turn.
    rig.run()
    assert [at_ns // US for at_ns, _ in rig.left] == [450] * 4, "one sync for all"


def test_a_block_is_synced_by_itself_and_what_comes_of_it_is_another_turn() -> None:
    rig = Rig(1, Costs(sync_ns=50 * US, apply_ns=30 * US, block_ns=5 * US))
    rig.give(0, at_ns=0, executes=1, writes=True)
    rig.give(0, at_ns=120 * US)  # While the block is executed.
    rig.run()
    # 100 of work, 35 and 50 for the block, 50 for what is written of it; then what came meanwhile.
    assert [at_ns // US for at_ns, _ in rig.left] == [235, 335]
    assert rig.machines.cpus[0].turns == 3


def test_a_process_keeps_its_core_while_it_has_work_for_a_slice() -> None:
    rig = Rig(2, Costs(shared_cores=1, verify_ns=1))
    for number in range(50):
        rig.give(0, at_ns=number * SERVICE_NS)
    rig.give(1, at_ns=US)
    ended_ns = next(at_ns for at_ns, process in rig.run() if process == 1)
    assert ended_ns == SLICE_NS + SERVICE_NS


def test_a_turn_tells_each_peer_in_one_frame_of_each_kind() -> None:
    cpu: Cpu[int] = Cpu()
    cpu.is_running = True
    for turn in (1, 2):
        cpu.turns = turn
        for _ in range(3):
            cpu.tell(1, "votes", 5)
            cpu.hear(2, "votes", 7, 5)
    cpu.hear(2, "votes", 8, 5)
    cpu.tell(1, "transactions", 5)
    assert (cpu.free_ns, cpu.busy_ns, cpu.frames) == (25, 25, 5)


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
