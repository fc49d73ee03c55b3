"""What a scenario may demand of speed, which of several faults is drawn, and how loads and runs end."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import pytest

from govchain.crypto import suite
from govchain.errors import ConfigError
from govchain.scenario import Result, SimBackend, parse_scenario, run_scenario
from govchain.scenario.comparison import parse_figure
from govchain.scenario.observer import SilentObserver
from govchain.scenario.pace import pace_of
from govchain.scenario.result import percentiles
from govchain.scenario.workload import Load, Ramp, Rate
from tests.support.scenario_texts import PROJECT, SMALL, play

MS = 1_000_000
LOADED = """\
govchain: 1
meta: {title: A load}
organisations:
  - {id: evp, code: 91990100MA0XX00Y57, name: Platform, roles: [evidence-platform], validators: 4}
network: {latency: {fixed: 20ms}}
protocol: {view_timeout: 500ms}
"""
STEADY = LOADED + "workload: [{org: evp, rate: {fixed: 20/s}, to: 3s}]\n"


def failed(result: Result) -> dict[str, str]:
    return {each.name: each.measured for each in result.expectations if not each.ok}


# Four hops of 20 ms at the primary, five elsewhere, and up to as long again for a batch of records.
@pytest.mark.parametrize(
    ("demand", "verdict"),
    [
        ("latency_p95: <= 250ms", "pass"),
        ("latency_p95: <= 0.5 view timeouts", "pass"),
        ("latency_p95: <= 79ms", "fail"),
        ('finalised_per_s: ">= 19"', "pass"),
        ('finalised_per_s: ">= 21"', "fail"),
        ("finalised_per_s: within 10% of 20", "pass"),
        ("finalised_per_s: within 10% of 24", "fail"),
    ],
)
def test_speed_is_demanded_of_a_load(demand: str, verdict: str) -> None:
    result = play(STEADY + f"expect: {{performance: [{{{demand}}}]}}\n")
    assert result.verdict == verdict
    assert len(failed(result)) == (verdict == "fail")


def test_latency_is_that_of_steps_and_load_together() -> None:
    result = play(SMALL + "expect: {performance: [{latency_p95: <= 1ms}]}\n")
    assert failed(result) == {"latency p95": f"{result.steps[0].latency_ms:g} ms over 1"}
    both = play(
        SMALL
        + "workload: [{org: evp, rate: {fixed: 5/s}, to: 1s}]\n"
        + "expect: {performance: [{latency_p95: <= 1ms}]}\n"
    )
    assert both.workload is not None
    assert failed(both)["latency p95"].endswith(f"over {1 + both.workload.acknowledged}")


def test_latency_of_nothing_is_undecided() -> None:
    down = "timeline: [{at: 0ms, do: crash, target: majority}]\nstop: {at: 2s}\n"
    result = play(SMALL + down + "expect: {performance: [{latency_p95: <= 1s}]}\n")
    assert result.verdict == "undecided"
    assert failed(result)["latency p95"] == "nothing became final"


@pytest.mark.parametrize(
    ("text", "measured", "holds"),
    [
        ("within 10% of 1200", 1080.0, True),
        ("within 10% of 1200", 1320.0, True),
        ("within 10% of 1200", 1079.9, False),
        ("within 10% of 1200", 1320.1, False),
        (">= 100", 99.9, False),
        (">= 100", 100.0, True),
    ],
)
def test_figures(text: str, measured: float, holds: bool) -> None:
    figure = parse_figure(text)
    assert figure is not None
    assert figure.holds(measured) is holds
    assert str(figure) == text


@pytest.mark.parametrize("text", ["within 0% of 9", "within 100% of 9", "within 5% of 0", "near 9", "10%"])
def test_no_figure(text: str) -> None:
    assert parse_figure(text) is None


def test_one_of_several_faults_is_drawn_each_time_with_the_keys_that_it_has() -> None:
    fault = (
        "timeline:\n"
        "  - {every: {exactly: 200ms}, times: 12, do: {one_of: [pause, delay, drop]}, target: one, by: 100ms,"
        " percent: 50, for: 50ms}\n"
    )
    result = play(STEADY + fault)
    counted = {name: result.happened.get(name, 0) for name in ("pause", "delay", "drop")}
    assert sum(counted.values()) == 12
    assert all(counted.values()), counted
    assert [each.do for each in result.faults] == [each.do for each in play(STEADY + fault).faults]
    assert [each.do for each in result.faults] != [each.do for each in play(STEADY + fault, seed=7).faults]


def test_nobody_waits_for_a_fault_that_comes_again_without_end() -> None:
    # Some validator is paused at almost every moment, so the run must not wait for one without a fault.
    fault = "timeline: [{every: {exactly: 1ms}, do: pause, target: one, for: 400ms}]\n"
    result = play(STEADY + fault)
    assert result.happened["pause"] > 3
    assert result.verdict == "pass"
    assert result.duration_s < 10


def test_a_request_to_end_is_heard_while_time_passes() -> None:
    faults = 0

    class Impatient(SilentObserver):
        def fault_happened(self, do: str, targets: Sequence[str], at_ns: int) -> None:
            nonlocal faults
            faults += 1
            run.cancel()

    async def start() -> None:
        nonlocal run
        text = (
            STEADY + "timeline: [{every: {exactly: 100ms}, times: 20, do: pause, target: one, for: 50ms}]\n"
        )
        loaded = parse_scenario(text, "test.yaml", PROJECT)
        run = asyncio.create_task(run_scenario(loaded, SimBackend(), observer=Impatient()))
        await run

    run: asyncio.Task[Result]
    with pytest.raises(asyncio.CancelledError):
        asyncio.run(start())
    assert faults == 1


@pytest.mark.parametrize(("validators", "hit"), [(4, 3), (7, 4)])
def test_a_majority_is_more_than_half(validators: int, hit: int) -> None:
    text = STEADY.replace("validators: 4", f"validators: {validators}")
    (fault,) = play(text + "timeline: [{at: 1s, do: pause, target: majority, for: 1s}]\n").faults
    assert len(set(fault.targets)) == hit


def test_a_run_ends_early_when_there_is_enough_of_it() -> None:
    open_load = LOADED + "workload: [{org: evp, rate: {fixed: 20/s}}]\n"
    for stop in ('{when: "finalised >= 30"}', "{height: 25}"):
        result = play(open_load + f"stop: {stop}\n")
        assert result.verdict == "pass"
        assert result.workload is not None
        assert 20 < result.workload.acknowledged < 60
    never = play(open_load + 'stop: {when: "view >= 9", at: 2s}\n')
    assert (never.verdict, failed(never)) == ("undecided", {"stop": "not reached"})


def test_a_grace_is_all_that_is_waited_for_in_the_end() -> None:
    stuck = STEADY + "timeline: [{at: 1s, do: crash, target: majority}]\n"
    brief, patient = play(stuck + "stop: {grace: 3s}\n"), play(stuck + "stop: {at: 20s}\n")
    assert brief.verdict == patient.verdict == "undecided"
    assert brief.duration_s == pytest.approx(3 + 3, abs=0.2), "the load, then the wait"
    assert patient.duration_s == pytest.approx(3 + 20, abs=0.2)


class Address(SimBackend):
    """A network that nobody can look at as a whole."""

    name = "address"

    def faults(self) -> None:  # type: ignore[override]
        return None


def test_where_nobody_sees_the_whole_network_an_early_end_is_refused(tmp_path: Path) -> None:
    loaded = parse_scenario(STEADY + "stop: {height: 5}\n", "s.yaml", tmp_path)
    with pytest.raises(ConfigError, match="cannot tell when to stop; found 'height >= 5'"):
        asyncio.run(run_scenario(loaded, Address()))


def due_ns(rate: Rate, to_ms: int, seed: int = 1) -> list[int]:
    load = Load(org="evp", rate=rate, to=to_ms * MS)  # type: ignore[arg-type]
    pace, at_ns, found = pace_of(load, 0, suite(), seed), 0, []
    while at_ns < to_ms * MS:
        found.append(at_ns)
        at_ns += pace(at_ns)
    return found


def test_a_poisson_load_has_its_mean_and_no_memory() -> None:
    times = due_ns(Rate(poisson="100/s"), 60_000)
    gaps = [later - earlier for earlier, later in pairwise(times)]
    assert len(times) == pytest.approx(6_000, rel=0.04), "three standard deviations"
    mean = sum(gaps) / len(gaps)
    assert sum((gap - mean) ** 2 for gap in gaps) ** 0.5 / len(gaps) ** 0.5 == pytest.approx(mean, rel=0.05)
    assert percentiles([gap / MS for gap in gaps]).p50 == pytest.approx(6.93, rel=0.05)
    assert times == due_ns(Rate(poisson="100/s"), 60_000)
    assert times != due_ns(Rate(poisson="100/s"), 60_000, seed=2)


@pytest.mark.parametrize(("first", "last"), [(10, 90), (90, 10)])
def test_a_ramp_changes_evenly_from_one_rate_to_the_other(first: int, last: int) -> None:
    times = due_ns(Rate(ramp=Ramp(f"{first}/s", f"{last}/s")), 20_000)
    assert len(times) == pytest.approx(20 * (first + last) / 2, rel=0.02)
    middle = sum(9_500 * MS <= at_ns < 10_500 * MS for at_ns in times)
    assert middle == pytest.approx((first + last) / 2, abs=2)
    assert sum(at_ns < 1_000 * MS for at_ns in times) == pytest.approx(first, abs=3)


@pytest.mark.parametrize("rate", ["poisson: 20/s", "ramp: {from: 5/s, to: 35/s}"])
def test_loads_of_other_shapes_become_final_all_the_same(rate: str) -> None:
    result = play(STEADY.replace("fixed: 20/s", rate))
    assert result.verdict == "pass"
    assert result.workload is not None
    assert result.workload.acknowledged == pytest.approx(60, abs=20)
