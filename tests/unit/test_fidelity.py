"""The comparison of simulator and processes: bounds, table, costs from processor time; nothing runs live."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
import pytest

from govchain.cli import bench
from govchain.cli.app import run
from govchain.fidelity import FidelityFigures, Pace, Row, Usage, syncs
from govchain.fidelity.calibration import Counts, calibrate, solve
from govchain.fidelity.measure import count_work
from govchain.fidelity.plan import Plan, calibration_plans, scenario_plans
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
RECORDED = (
    Row("load 25 %", "fixed: 207/s", Pace(206.9, 24.5), Pace(206.1, 26.25), 0.04),
    Row("primary crashes", "fixed: 207/s", Pace(150.0, 20.0), Pace(200.0, 26.0), 0.5),
)


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
    assert Row("load", "fixed: 100/s", sim, live, 0.0).holds is holds


def test_the_table_shows_both_sides_their_ratio_and_a_verdict() -> None:
    assert bench.fidelity_table(RECORDED) == [
        "                         records/s                    p50, ms             others",
        "scenario           simulated    live   ratio   simulated    live   ratio   cores",
        "load 25 %              206.9   206.1    1.00        24.5    26.2    0.93    0.04  holds",
        "primary crashes        150.0   200.0    0.75        20.0    26.0    0.77    0.50  does not hold",
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
    figures = FidelityFigures(2, 830.0, rows, COSTS, measured, measured, {}, "1")

    def measure(seconds: int, machine: dict[str, Any], **_: object) -> FidelityFigures:
        assert seconds == 5
        return msgspec.structs.replace(figures, machine=machine)

    monkeypatch.setattr(bench, "measure_fidelity", measure)
    assert run(["bench", "fidelity", "--seconds", "5", "--json", "-"]) == status
    output = capsys.readouterr().out
    found = json.loads(output)
    assert [row["holds"] for row in found["rows"]] == [True, False][: len(rows)]
    assert parse_costs(output.encode(), "f.json", sync_ns=0) == COSTS
    assert parse_costs(output.encode(), "f.json", sync_ns=7).sync_ns == 7


def test_costs_are_those_that_explain_the_processor_time_of_both_runs() -> None:
    few = Counts(frames=76, requests=2, known_ns=3e6, client_turns=2, client_requests=2)
    many = Counts(frames=3, requests=2, known_ns=0.5e6, client_turns=0.25, client_requests=2)

    def cpu_s(counts: Counts, records: int) -> tuple[float, float]:
        overhead_ns = counts.frames * 80e3 + counts.requests * 200e3
        client_ns = counts.client_turns * 90e3 + counts.client_requests * 210e3
        return records * (counts.known_ns + overhead_ns) / 1e9, records * client_ns / 1e9

    found = calibrate(
        KNOWN, usage(500, *cpu_s(few, 500)), usage(4_000, *cpu_s(many, 4_000)), lambda costs: (few, many)
    )
    assert found.costs == COSTS


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
    assert [plan.name for plan in plans[2:]] == [
        *("load 25 %", "load 50 %", "load 75 %"),
        *("primary crashes", "partition"),
    ]
    assert [plan.rate for plan in plans[2:5]] == ["fixed: 208/s", "fixed: 415/s", "fixed: 622/s"]
    for plan in plans:
        assert build_physics(plan.load(COSTS, 2)).costs == replace(COSTS, shared_cores=2)
        assert build_physics(plan.load()).costs.are_none
        assert [fault.do for fault in plan.load().scenario.timeline] == [
            *(["crash"] if plan.name == "primary crashes" else []),
            *(["partition"] if plan.name == "partition" else []),
        ]


def test_a_record_alone_takes_two_requests_and_every_frame_has_two_ends() -> None:
    counts = count_work(Plan("alone", "closed_loop: 1", 1), COSTS, 4)
    assert counts.requests == pytest.approx(2, rel=0.05)
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
