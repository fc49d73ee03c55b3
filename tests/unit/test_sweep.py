"""Sweeps: what is run, what comes out of many runs, and that it is the same wherever they ran."""

from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from govchain.cli.app import run
from govchain.errors import ConfigError, Unavailable
from govchain.scenario import parse_scenario
from govchain.sweep import (
    Axis,
    MaxRate,
    SweepPlan,
    SweepResult,
    open_engine,
    parse_axis,
    plan_sweep,
    run_sweep,
)
from govchain.sweep.search import _bisect
from govchain.sweep.sums import estimate, t_quantile
from tests.support.scenario_texts import PROJECT

TEXT = """\
govchain: 1
meta: {title: A load}
organisations:
  - {id: evp, code: 91990100MA0XX00Y57, name: Platform, roles: [evidence-platform], validators: 4}
protocol: {batch: {records: 2, age: 5ms}, pipeline: 1, view_timeout: 1s}
workload:
  - {org: evp, rate: {fixed: 10/s}, to: 1s}
"""


def plan(*axes: str, text: str = TEXT, repeats: int = 1) -> SweepPlan:
    loaded = parse_scenario(text, "load.yaml", PROJECT)
    return plan_sweep(loaded, [parse_axis(each) for each in axes], repeats=repeats, seed=None)


def sweep(
    planned: SweepPlan, *, engine: str = "process", jobs: int = 1, cluster: str | None = None
) -> SweepResult:
    with open_engine(engine, jobs=jobs, cluster=cluster) as spread:
        return run_sweep(planned, spread)


# Takes four seconds: a pool of processes and a cluster are started.
def test_serial_pooled_and_on_a_dask_cluster_the_same_sweep_has_the_same_result() -> None:
    distributed = pytest.importorskip("distributed")
    planned = plan("network.latency.fixed=10ms,30ms", repeats=2)
    serial = sweep(planned)
    assert serial.exit_status == 0
    assert serial == sweep(planned, jobs=2)
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, processes=False, dashboard_address=None
    ) as cluster:
        assert serial == sweep(planned, engine="dask", cluster=cluster.scheduler_address)


def test_every_combination_is_run_under_every_seed_and_its_values_count() -> None:
    result = sweep(plan("network.latency.fixed=10ms,30ms", repeats=2))
    assert [cell.settings for cell in result.cells] == [
        {"network.latency.fixed": "10ms"},
        {"network.latency.fixed": "30ms"},
    ]
    assert result.seeds == (42, 43)
    assert all(cell.verdicts == {"pass": 2} for cell in result.cells)
    assert all(len({run.digest for run in cell.runs}) == 2 for cell in result.cells)
    near, far = (cell.figures["latency_p50_ms"].mean for cell in result.cells)
    assert near < far


@pytest.mark.parametrize(
    ("axis", "place", "expected"),
    [
        ("network.latncy.fixed=1ms", "--set network.latncy.fixed=1ms", "'latency'"),
        ("protocl.pipeline=2", "--set protocl.pipeline=2", "'protocol'"),
        ("protocol.pipeline=2,none", "--set protocol.pipeline=none", "a whole number"),
        ("protocol.pipeline=2,100", "--set protocol.pipeline=100", "at most 64"),
        ("workload.7.to=2s", "--set workload.7.to=2s", "one of: 0"),
        ("organisations.evpp.validators=4", "--set organisations.evpp.validators=4", "one of: evp"),
        ("protocol.pipeline.deep=2", "--set protocol.pipeline.deep=2", "a key"),
        ("seed=1,2", None, "--repeats"),
        ("protocol.pipeline", None, "key=value"),
        ("protocol.pipeline=2,,3", None, "key=value"),
        ("protocol.pipeline=2,2", None, "different values"),
    ],
)
def test_a_key_or_value_that_does_not_fit_is_named_before_anything_runs(
    axis: str, place: str | None, expected: str
) -> None:
    with pytest.raises(ConfigError) as caught:
        plan(axis)
    assert caught.value.path == place
    assert expected in str(caught.value)


def test_items_of_lists_are_set_by_place_or_by_id() -> None:
    planned = plan("organisations.evp.validators=4,7", "workload.0.to=1s")
    result = sweep(planned)
    assert [cell.settings["organisations.evp.validators"] for cell in result.cells] == ["4", "7"]
    assert planned.axes[1] == Axis("workload.0.to", ("1s",))


def test_too_many_combinations_are_refused() -> None:
    many = ",".join(f"{number}ms" for number in range(1, 41))
    with pytest.raises(ConfigError, match="too many combinations"):
        plan(f"network.latency.fixed={many}", f"protocol.batch.age={many}")


@pytest.mark.parametrize(
    ("values", "mean", "half_width"),
    [([5.0], 5.0, None), ([1.0, 3.0], 2.0, 12.706), ([2.0, 4.0, 6.0], 4.0, 4.968), ([7.0] * 9, 7.0, 0.0)],
)
def test_confidence_intervals_are_those_of_students_t(
    values: Sequence[float], mean: float, half_width: float | None
) -> None:
    found = estimate(values)
    assert found.mean == mean
    assert found.half_width == (None if half_width is None else pytest.approx(half_width, abs=0.002))


def test_quantiles_beyond_the_table_go_on_where_it_ends() -> None:
    known = {31: 2.0395, 40: 2.0211, 60: 2.0003, 120: 1.9799, 999: 1.9623}
    assert all(t_quantile(degrees) == pytest.approx(value, abs=1e-4) for degrees, value in known.items())
    assert all(t_quantile(degrees) > t_quantile(degrees + 1) for degrees in range(1, 200))


@pytest.mark.parametrize("true_max", [0, 1, 2, 3, 17, 99, 100, 101, 1000, 4999, 5000])
def test_search_ends_within_a_twentieth_below_the_highest_rate(true_max: int) -> None:
    asked = []

    def keeps_up(rate: int) -> bool:
        asked.append(rate)
        return rate <= true_max

    found, is_bounded = _bisect(keeps_up, 100, 5000)
    assert found <= true_max
    assert true_max - found <= max(1, true_max // 20)
    assert is_bounded == (true_max < 5000)
    assert len(set(asked)) <= 20


def test_search_finds_the_rate_that_batch_and_pipeline_allow() -> None:
    planned = plan("protocol.batch.records=1,2")
    with open_engine("process", jobs=1, cluster=None) as spread:
        result = run_sweep(planned, spread, search=MaxRate(limit_ms=300))
    single, double = (cell.max_rate_per_s or 0 for cell in result.cells)
    # One batch at a time, final after four one-way delays of 20 ms; a second of load lets a few more pass.
    assert 10 <= single <= 25
    assert single < double <= 2.5 * single
    assert result.exit_status == 0
    for cell in result.cells:
        assert max(probe.rate_per_s for probe in cell.probes if probe.keeps_up) == cell.max_rate_per_s


def test_search_without_a_rate_to_change_is_bad_input() -> None:
    text = TEXT.replace("fixed: 10/s", "closed_loop: 1")
    with open_engine("process", jobs=1, cluster=None) as spread, pytest.raises(ConfigError, match="rate"):
        run_sweep(plan(text=text), spread, search=MaxRate())


@pytest.mark.parametrize(("engine", "module"), [("ray", "ray"), ("dask", "distributed")])
def test_engine_whose_library_is_missing_says_what_to_install(
    engine: str, module: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(ConfigError) as caught, open_engine(engine, jobs=1, cluster="tcp://127.0.0.1:1"):
        pass
    assert f"govchain[{engine}]" in str(caught.value.hint)


def _end_the_process(value: int) -> int:
    os.kill(os.getpid(), signal.SIGKILL)
    return value


def test_a_process_of_the_pool_that_is_killed_is_the_fault_of_the_environment() -> None:
    went_away = pytest.raises(Unavailable, match="a process of the pool went away")
    with went_away, open_engine("process", jobs=2, cluster=None) as spread:
        list(spread(_end_the_process, [1, 2]))


def test_engines_want_an_address_or_none() -> None:
    with pytest.raises(ConfigError, match="--cluster"), open_engine("process", jobs=1, cluster="tcp://x"):
        pass
    for address in (None, "scheduler", "tcp://scheduler"):
        with pytest.raises(ConfigError, match="--cluster"), open_engine("dask", jobs=1, cluster=address):
            pass


@pytest.fixture
def scenario(tmp_path: Path) -> Path:
    path = tmp_path / "load.yaml"
    path.write_text(TEXT, encoding="utf-8")
    return path


def test_command_prints_writes_json_and_a_page(
    scenario: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["sweep", str(scenario), "--set", "protocol.pipeline=1,2", "--repeats", "2", "--jobs", "1"]
    assert run([*arguments, "--report", str(tmp_path), "--json", "-"]) == 0
    printed = json.loads(capsys.readouterr().out)
    assert printed == json.loads((tmp_path / "sweep-load" / "sweep.json").read_bytes())
    assert set(printed) >= {"scenario", "axes", "seeds", "cells", "limit_ms", "digest", "version"}
    assert (tmp_path / "sweep-load" / "report.html").stat().st_size > 1_000_000


def test_command_fails_when_a_run_fails_and_names_what_did_not_hold(
    scenario: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with scenario.open("a", encoding="utf-8") as file:
        file.write('expect: {liveness: [{finalised: ">= 1000"}]}\n')
    assert run(["sweep", str(scenario), "--repeats", "1", "--jobs", "1"]) == 1
    assert "finalised" in capsys.readouterr().out


def test_command_with_a_wrong_key_is_bad_input(scenario: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["sweep", str(scenario), "--set", "protocol.pipelin=1"]) == 2
    assert "'pipeline'" in capsys.readouterr().err
