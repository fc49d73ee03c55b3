"""The whole comparison: measure costs, find the rate of saturation, run each scenario on both sides.

Runs processes in temporary folders and takes them down again; prints nothing.
"""

from __future__ import annotations

import asyncio
import os
import tempfile
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import msgspec

import govchain
from govchain.bench.hotpath import measure_hotpath
from govchain.errors import SimulationFailure
from govchain.fidelity.calibration import Counts, calibrate
from govchain.fidelity.comparison import Pace, Row
from govchain.fidelity.plan import Plan, calibration_plans, scenario_plans
from govchain.fidelity.syncs import with_syncs
from govchain.fidelity.usage import MeteredBackend, Usage
from govchain.scenario import Result, SimBackend, run_scenario
from govchain.sim import Costs
from govchain.sim.measured import parse_costs

HOTPATH_S: Final = 0.2
"""For each operation."""
ENDS_PER_RECORD: Final = 4
"""One request hands it in, one waits for the answer; each is asked and answered."""
_US_NS: Final = 1_000
_S_NS: Final = 1_000_000_000


class FidelityFigures(msgspec.Struct, frozen=True):
    """Result of one comparison. Names are stable."""

    cores: int
    saturation_per_s: float
    rows: tuple[Row, ...]
    costs: Costs
    """A scenario reads them with `cpu: {costs: {file: …}}`."""
    idle: Usage
    full: Usage
    machine: dict[str, Any]
    version: str

    @property
    def holds(self) -> bool:
        """Whether every scenario does."""
        return all(row.holds for row in self.rows)


def measure_fidelity(
    seconds: int, machine: dict[str, Any], *, now: Callable[[], datetime], say: Callable[[str], None]
) -> FidelityFigures:
    """Compare the simulator with processes of this machine.

    Args:
        seconds: Of load in each scenario.
        machine: Description that goes back with the figures.
        now: This machine's time.
        say: Told what is going on.

    Raises:
        SimulationFailure: A run did not keep what a scenario promises.
    """
    cores = len(os.sched_getaffinity(0))
    few, many = calibration_plans(max(2, seconds // 3))
    say("measuring operations")
    known = _measure_known()

    def measure(plan: Plan) -> tuple[Pace, Usage]:
        say(f"live: {plan.name}, {plan.rate}")
        return _run_live(plan, now())

    def twin(costs: Costs) -> tuple[Counts, Counts]:
        return count_work(few, costs, cores), count_work(many, costs, cores)

    (_, idle), (fastest, full) = measure(few), measure(many)
    plans = scenario_plans(fastest.finalised_per_s, seconds)
    lives = [measure(plan) for plan in plans]
    # Machines change their speed: costs are those of before and after.
    idle, full = idle.plus(measure(few)[1]), full.plus(measure(many)[1])
    say("simulating")
    costs = calibrate(_with_idle(known, idle), idle, full, twin).costs
    rows = tuple(
        Row(plan.name, plan.rate, _run_sim(plan, costs, cores)[0], live, usage.foreign_cores)
        for plan, (live, usage) in zip(plans, lives, strict=True)
    )
    return FidelityFigures(
        cores=cores,
        saturation_per_s=fastest.finalised_per_s,
        rows=rows,
        costs=costs,
        idle=idle,
        full=full,
        machine=machine,
        version=govchain.__version__,
    )


def count_work(plan: Plan, costs: Costs, cores: int) -> Counts:
    """Simulate a plan, and say what there was to do for each record."""
    _, backend = _run_sim(plan, costs, cores)
    *validators, client = backend.cluster.machines.cpus
    records = client.request_ends / ENDS_PER_RECORD
    frames = sum(each.frames for each in validators) / records
    requests = sum(each.request_ends for each in validators) / 2 / records
    busy_ns = sum(each.busy_ns for each in validators) / records
    overhead_ns = frames * costs.message_ns + requests * costs.request_ns
    return Counts(
        frames=frames,
        requests=requests,
        known_ns=busy_ns - overhead_ns,
        client_turns=client.wakes / records,
        client_requests=client.request_ends / 2 / records,
    )


def _measure_known() -> Costs:
    report = msgspec.json.encode({"operations": measure_hotpath(HOTPATH_S)})
    with tempfile.TemporaryDirectory(prefix="govchain-bench-") as folder:
        return with_syncs(parse_costs(report, "hotpath", sync_ns=0), Path(folder) / "syncs")


def _with_idle(known: Costs, idle: Usage) -> Costs:
    """Validators saw how long they take to start, and for a block of one record."""
    block_ns = max(0, round(idle.execute_us * _US_NS) - known.apply_ns)
    return replace(known, start_ns=round(idle.start_cpu_s * _S_NS), block_ns=block_ns)


def _run_live(plan: Plan, now: datetime) -> tuple[Pace, Usage]:
    with tempfile.TemporaryDirectory(prefix="govchain-bench-") as folder:
        backend = MeteredBackend(Path(folder) / "network", now=now)
        result = asyncio.run(run_scenario(plan.load(), backend))
        return _pace(plan, result), backend.usage


def _run_sim(plan: Plan, costs: Costs, cores: int) -> tuple[Pace, SimBackend]:
    backend = SimBackend(is_symbolic=True)
    result = asyncio.run(run_scenario(plan.load(costs, cores), backend))
    return _pace(plan, result), backend


def _pace(plan: Plan, result: Result) -> Pace:
    if result.verdict != "pass" or result.workload is None:
        broken = [each.name for each in result.invariants if not each.ok]
        broken += [each.name for each in result.expectations if not each.ok]
        raise SimulationFailure(result.seed, 0, f"{plan.name} on {result.backend}: {', '.join(broken)}")
    return Pace(result.workload.finalised_per_s, result.workload.latency_ms.p50)
