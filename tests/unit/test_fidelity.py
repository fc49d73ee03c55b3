"""The comparison of simulator and processes: bounds, table, costs from processor time; nothing runs live."""

from __future__ import annotations

import json
import pickle
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest

from govchain.cli import bench
from govchain.cli.app import run
from govchain.errors import SimulationFailure
from govchain.fidelity import FidelityFigures, Pace, Row, Trial, Usage, live, speed, syncs
from govchain.fidelity.calibration import Calibration, calibrate, middle, solve
from govchain.fidelity.measure import Speed
from govchain.fidelity.plan import NAMES, Plan, calibration_plans, scenario_plans
from govchain.fidelity.simulated import Counts, simulate
from govchain.fidelity.speed import at_speed, slowness
from govchain.fidelity.syncs import SyncedWrite
from govchain.scenario.physics import build_physics
from govchain.sim import Costs
from govchain.sim.measured import parse_costs

COSTS = Costs(
    verify_ns=66_000,
    sign_ns=30_000,
    apply_ns=20_000,
    hash_kib_ns=1_000,
    sync_ns=400_000,
    message_ns=80_000,
    start_ns=1_000_000_000,
    sync_work_ns=90_000,
    sync_waits=3,
    block_ns=150_000,
    request_ns=200_000,
    client_ns=210_000,
    client_turn_ns=90_000,
)
KNOWN = replace(COSTS, message_ns=0, request_ns=0, client_ns=0, client_turn_ns=0)


def usage(records: int, validators_cpu_s: float, client_cpu_s: float) -> Usage:
    return Usage(
        records=records,
        blocks=records,
        seconds=5.0,
        validators_cpu_s=validators_cpu_s,
        client_cpu_s=client_cpu_s,
        sync_us=480.0,
        execute_us=200.0,
        start_cpu_s=1.0,
        foreign_cores=0.03,
    )


def trial(sim: Pace, live: Pace, slowness: float = 1.0, foreign_cores: float = 0.04) -> Trial:
    used = msgspec.structs.replace(usage(100, 1.0, 0.1), foreign_cores=foreign_cores)
    return Trial("fixed: 207/s", sim, live, used, slowness)


RECORDED = (
    Row(
        "load 25 %",
        (
            trial(Pace(206.9, 24.5), Pace(206.1, 26.25)),
            trial(Pace(206.9, 30.0), Pace(206.9, 60.0), 1.31),
            trial(Pace(207.0, 22.0), Pace(206.0, 20.0), 0.9),
        ),
    ),
    Row("primary crashes", (trial(Pace(150.0, 20.0), Pace(200.0, 26.0), 1.02, 0.5),)),
)


@pytest.mark.parametrize(
    ("sim", "live", "holds"),
    [
        (Pace(115, 10), Pace(100, 10), True),
        (Pace(84, 10), Pace(100, 10), False),
        (Pace(116, 10), Pace(100, 10), False),
        (Pace(100, 12.5), Pace(100, 10), True),
        (Pace(100, 12.6), Pace(100, 10), False),
        (Pace(100, 7.4), Pace(100, 10), False),
        (Pace(100, 10), Pace(0, 0), False),
    ],
)
def test_a_row_holds_within_15_percent_of_throughput_and_25_of_the_median(
    sim: Pace, live: Pace, holds: bool
) -> None:
    assert Row("load", (trial(sim, live),)).holds is holds


def test_the_median_over_the_rounds_counts_so_that_one_disturbed_round_does_not() -> None:
    good, bad = trial(Pace(100, 10), Pace(100, 11)), trial(Pace(100, 10), Pace(100, 40))
    assert Row("load", (good, bad, good)).holds
    assert not Row("load", (good, bad, bad)).holds
    # Each round is compared with itself: a machine that is slower in one of them is so on both sides.
    slow, quick = trial(Pace(100, 40), Pace(100, 44)), trial(Pace(100, 9), Pace(100, 10))
    assert Row("load", (slow, good, quick)).latency_ratio == pytest.approx(0.91, abs=0.01)


def test_the_table_shows_both_sides_their_ratio_and_a_verdict() -> None:
    assert bench.fidelity_table(RECORDED) == [
        "                       records/s                     p50, ms                 slowness others",
        "scenario          simulated   live ratio  simulated   live ratio    rounds     rounds  cores",
        "load 25 %             206.9  206.1  1.00       24.5   26.2  0.93 0.50-1.10  0.90-1.31   0.04  holds",
        "primary crashes       150.0  200.0  0.75       20.0   26.0  0.77 0.77-0.77  1.02-1.02   0.50  "
        "does not hold",
    ]


def test_two_runs_are_one_with_means_by_their_length() -> None:
    one = usage(100, 1.0, 0.1)
    other = msgspec.structs.replace(usage(300, 2.0, 0.3), seconds=15.0, sync_us=880.0)
    both = one.plus(other)
    assert (both.records, both.blocks, both.seconds) == (400, 400, 20.0)
    assert (both.validators_cpu_s, both.client_cpu_s) == (3.0, 0.4)
    assert (both.sync_us, both.foreign_cores, both.execute_us, both.start_cpu_s) == (780.0, 0.03, 200.0, 1.0)


@pytest.mark.parametrize(("rows", "status"), [(RECORDED[:1], 0), (RECORDED, 1)])
def test_the_command_ends_with_1_when_a_scenario_does_not_hold(
    rows: tuple[Row, ...], status: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    measured = usage(100, 1.0, 0.1)
    speeds = (Speed(COSTS, measured, measured, 830.0),)
    figures = FidelityFigures(2, 830.0, rows, COSTS, speeds, 1, {}, "1")

    def measure(seconds: int, machine: dict[str, Any], *, rounds: int, **_: object) -> FidelityFigures:
        assert (seconds, rounds) == (5, 2)
        return msgspec.structs.replace(figures, machine=machine)

    monkeypatch.setattr(bench, "measure_fidelity", measure)
    assert run(["bench", "fidelity", "--seconds", "5", "--rounds", "2", "--json", "-"]) == status
    shown = capsys.readouterr()
    output = shown.out
    assert ("run it again when it is idle" in shown.err) is (status == 1), "half a core was somebody else's"
    found = json.loads(output)
    assert [row["holds"] for row in found["rows"]] == [True, False][: len(rows)]
    assert parse_costs(output.encode(), "f.json", sync_ns=0) == COSTS
    assert parse_costs(output.encode(), "f.json", sync_ns=7).sync_ns == 7


def counts(blocks: float, frames: float, known_ns: float, client_turns: float) -> Counts:
    work_ns = known_ns + frames * COSTS.message_ns + 2 * COSTS.request_ns
    return Counts(blocks, work_ns, frames, 2, known_ns, client_turns, 2)


def replace_counts(found: Counts, blocks: float, work_ns: float) -> Counts:
    return msgspec.structs.replace(found, blocks=blocks, work_ns=work_ns)


FEW, MANY = counts(1.0, 76, 3e6, 2), counts(0.05, 3, 0.5e6, 0.25)


def test_costs_are_those_that_explain_the_processor_time_of_both_runs() -> None:
    def used(found: Counts, records: int) -> Usage:
        client_ns = found.client_turns * COSTS.client_turn_ns + found.client_requests * COSTS.client_ns
        return usage(records, records * found.work_ns / 1e9, records * client_ns / 1e9)

    found = calibrate(KNOWN, used(FEW, 500), used(MANY, 4_000), lambda costs: (FEW, MANY))
    assert found.costs == COSTS
    assert found.block_ns == pytest.approx((FEW.work_ns - MANY.work_ns) / 0.95)


@pytest.mark.parametrize("slower", [0.8, 1.0, 1.5])
def test_how_slow_a_machine_was_is_told_by_its_processor_time_whatever_the_latency(
    slower: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    calibration = Calibration(COSTS, block_ns=9e6)

    def play(plan: Plan, costs: Costs, cores: int) -> tuple[Pace, Counts]:
        factor = costs.verify_ns / COSTS.verify_ns
        blocks = 0.6 / factor**2  # The slower, the larger: none of it is linear.
        return Pace(1, 1), replace_counts(FEW, blocks, factor * (1e6 + blocks * 8.5e6 + blocks**2 * 1e6))

    monkeypatch.setattr(speed, "simulate", play)
    _, done = play(Plan("load", "fixed: 1/s", 1), at_speed(COSTS, slower), 2)
    live = msgspec.structs.replace(usage(1_000, done.work_ns / 1e6, 0.1), blocks=round(1_000 * done.blocks))
    for waited_s in (1.0, 50.0):
        used = msgspec.structs.replace(live, seconds=waited_s)
        found = slowness(Plan("load", "fixed: 1/s", 1), used, calibration, 2)
        assert found == pytest.approx(slower, rel=0.02)


def test_a_slower_machine_has_the_disk_that_it_had() -> None:
    slow = at_speed(COSTS, 1.5)
    assert (slow.verify_ns, slow.client_turn_ns, slow.start_ns) == (99_000, 135_000, 1_500_000_000)
    assert (slow.sync_ns, slow.sync_waits) == (COSTS.sync_ns, COSTS.sync_waits)


def test_the_costs_of_several_measurements_are_their_medians() -> None:
    found = middle([replace(COSTS, verify_ns=each) for each in (70_000, 60_000, 65_000)])
    assert found == replace(COSTS, verify_ns=65_000)


def test_a_live_run_that_others_disturbed_is_made_again_and_the_least_disturbed_counts(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    foreign = iter([0.5, 0.3, 0.02, 0.4, *([0.6] * live.REPEATS_MAX)])
    said: list[str] = []

    def play(plan: Plan, now: datetime) -> tuple[Pace, Usage]:
        used = next(foreign)
        return Pace(100, 1 / used), msgspec.structs.replace(usage(1, 1, 1), foreign_cores=used)

    monkeypatch.setattr(live, "run_live", play)
    bench_ = live.LiveBench(now=lambda: datetime.now(UTC), say=said.append)
    plan = Plan("load", "fixed: 1/s", 1)
    assert bench_.run(plan) == (Pace(100, 50.0), msgspec.structs.replace(usage(1, 1, 1), foreign_cores=0.02))
    assert bench_.repeated == 2
    assert bench_.run(plan)[1].foreign_cores == 0.4, "the machine does not get quiet: that is told"
    assert bench_.repeated == live.REPEATS_MAX
    assert said.count("others used 0.60 cores; once more") == live.REPEATS_MAX - 3


@pytest.mark.parametrize(
    ("first", "second", "answer"),
    [
        ((1, 1, 3), (1, 2, 5), (1, 2)),
        ((2, 1, 1), (1, 2, 5), (0, 2.5)),
        ((1, 2, 5), (2, 1, 1), (0, 1)),
        ((2, 1, 8), (1, 1, 3), (4, 0)),
        ((1, 1, 3), (1, 1, 3), (0, 3)),
    ],
)
def test_no_cost_is_below_zero(
    first: tuple[float, float, float], second: tuple[float, float, float], answer: tuple[float, float]
) -> None:
    assert solve(first, second) == answer


def test_every_plan_is_a_scenario_and_tells_the_simulator_what_was_measured() -> None:
    plans = [*calibration_plans(5), *scenario_plans(830.0, 12)]
    assert tuple(plan.name for plan in plans[2:]) == NAMES
    assert [plan.seconds for plan in plans[2:]] == [12, 12, 12, 18, 18]
    assert [plan.rate for plan in plans[2:5]] == ["fixed: 208/s", "fixed: 415/s", "fixed: 622/s"]
    for plan in plans:
        assert build_physics(plan.load(COSTS, 2)).costs == replace(COSTS, shared_cores=2)
        assert build_physics(plan.load()).costs.are_none
        assert [fault.do for fault in plan.load().scenario.timeline] == [
            *(["crash"] if plan.name == "primary crashes" else []),
            *(["partition"] if plan.name == "partition" else []),
        ]


def test_a_record_alone_takes_two_requests_and_every_frame_has_two_ends() -> None:
    _, counts = simulate(Plan("alone", "closed_loop: 1", 1), COSTS, 4)
    assert counts.requests == pytest.approx(2, rel=0.05)
    assert counts.blocks == pytest.approx(1)
    # Gossip of the record, proposal, prepares, commits and attestations: 3 + 3 + 9 + 12 + 12 frames.
    assert counts.frames == pytest.approx(2 * 39, rel=0.05)
    assert counts.client_turns == pytest.approx(2, rel=0.05)


def test_syncs_are_measured_as_one_block_takes_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(syncs, "ROUNDS", 2)
    (writes, again) = syncs.measure_syncs(tmp_path / "real")
    assert len(writes) == len(again) == 6, "three votes, two promises and a block"
    assert all(each.work_ns > 0 for each in writes)
    rounds = [[SyncedWrite(work, 10 * work, waits) for work, waits in ((4, 5), (2, 1))] for _ in range(3)]
    monkeypatch.setattr(syncs, "measure_syncs", lambda folder: rounds)
    found = syncs.with_syncs(KNOWN, tmp_path)
    assert (found.sync_work_ns, found.sync_ns, found.sync_waits) == (3, 30, 3)


def test_a_scenario_takes_the_costs_of_a_comparison_from_its_file(tmp_path: Path) -> None:
    (tmp_path / "laptop.json").write_bytes(msgspec.json.encode({"costs": COSTS, "cores": 2}))
    plan = Plan("alone", "closed_loop: 1", 1)
    assert parse_costs((tmp_path / "laptop.json").read_bytes(), "laptop.json", sync_ns=0) == COSTS
    assert plan.load().scenario.cpu.shared is None


def test_a_failure_reaches_whoever_had_it_simulated_in_another_process() -> None:
    failure = SimulationFailure(4, 0, "load 25 % on sim: no-loss")
    again = pickle.loads(pickle.dumps(failure))
    assert (str(again), again.seed, again.step) == (str(failure), 4, 0)
