"""The whole comparison: measure this machine, play each scenario live, round after round, and then simulate.

Runs processes in temporary folders and takes them down again; prints nothing.
"""

from __future__ import annotations

import multiprocessing
import os
import statistics
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from functools import reduce
from pathlib import Path
from typing import Any, Final

import msgspec

import govchain
from govchain.bench.hotpath import measure_hotpath
from govchain.fidelity.calibration import Calibration, calibrate, middle
from govchain.fidelity.comparison import Pace, Row, Trial
from govchain.fidelity.live import FOREIGN_CORES_MAX, LiveBench
from govchain.fidelity.plan import NAMES, Plan, calibration_plans, scenario_plans
from govchain.fidelity.simulated import Counts, simulate
from govchain.fidelity.speed import at_speed, slowness
from govchain.fidelity.syncs import with_syncs
from govchain.fidelity.usage import Usage
from govchain.sim import Costs
from govchain.sim.measured import parse_costs

ROUNDS: Final = 3
"""How often each scenario is played: medians forgive one round in which the machine was another one."""
HOTPATH_S: Final = 0.1
"""For each operation."""
_US_NS: Final = 1_000
_S_NS: Final = 1_000_000_000


class Speed(msgspec.Struct, frozen=True):
    """How fast the machine was at one time."""

    known: Costs
    """Operations by themselves."""
    idle: Usage
    """One record at a time."""
    full: Usage
    """As many as can be."""
    saturation_per_s: float
    """What that came to."""


class FidelityFigures(msgspec.Struct, frozen=True):
    """Result of one comparison. Names are stable."""

    cores: int
    saturation_per_s: float
    """The median of what as many as can be came to."""
    rows: tuple[Row, ...]
    costs: Costs
    """Of the whole time. A scenario reads them with `cpu: {costs: {file: …}}`."""
    speeds: tuple[Speed, ...]
    """Before, between and after the rounds."""
    repeated: int
    """Live runs that were made again, since others had used the machine."""
    machine: dict[str, Any]
    version: str

    @property
    def holds(self) -> bool:
        """Whether every scenario does."""
        return all(row.holds for row in self.rows)

    @property
    def is_disturbed(self) -> bool:
        """Whether others used so much of the machine that the simulator, which knows none, is too quick."""
        return any(row.foreign_cores > FOREIGN_CORES_MAX for row in self.rows)


def measure_fidelity(
    seconds: int,
    machine: dict[str, Any],
    *,
    rounds: int = ROUNDS,
    now: Callable[[], datetime],
    say: Callable[[str], None],
) -> FidelityFigures:
    """Compare the simulator with processes of this machine.

    Args:
        seconds: Of load in each scenario.
        machine: Description that goes back with the figures.
        rounds: How often each scenario is played.
        now: This machine's time.
        say: Told what is going on.

    Raises:
        SimulationFailure: A run did not keep what a scenario promises.
    """
    cores = len(os.sched_getaffinity(0))
    bench = LiveBench(now=now, say=say)
    calibrations = calibration_plans(max(2, seconds // 2))
    speeds = [_measure_speed(bench, calibrations)]
    lives: list[tuple[Plan, Pace, Usage]] = []
    for _ in range(rounds):
        plans = scenario_plans(speeds[-1].saturation_per_s, seconds)
        lives += [(plan, *bench.run(plan)) for plan in plans]
        speeds.append(_measure_speed(bench, calibrations))
    say("simulating")
    calibration = _calibrate(speeds, calibrations, cores)
    # Fresh processes: nothing runs live any more, so every core may simulate.
    with multiprocessing.get_context("spawn").Pool(cores) as pool:
        trials = pool.starmap(_try, [(*live, calibration, cores) for live in lives], chunksize=1)
    return FidelityFigures(
        cores=cores,
        saturation_per_s=statistics.median(each.saturation_per_s for each in speeds),
        rows=tuple(Row(name, tuple(trials[place :: len(NAMES)])) for place, name in enumerate(NAMES)),
        costs=calibration.costs,
        speeds=tuple(speeds),
        repeated=bench.repeated,
        machine=machine,
        version=govchain.__version__,
    )


def _measure_known() -> Costs:
    report = msgspec.json.encode({"operations": measure_hotpath(HOTPATH_S)})
    with tempfile.TemporaryDirectory(prefix="govchain-bench-") as folder:
        return with_syncs(parse_costs(report, "hotpath", sync_ns=0), Path(folder) / "syncs")


def _measure_speed(bench: LiveBench, plans: Sequence[Plan]) -> Speed:
    bench.say("measuring operations")
    known = _measure_known()
    (_, idle), (fastest, full) = map(bench.run, plans)
    return Speed(known, idle, full, fastest.finalised_per_s)


def _calibrate(speeds: Sequence[Speed], plans: tuple[Plan, Plan], cores: int) -> Calibration:
    """Costs of the whole time."""

    def twin(costs: Costs) -> tuple[Counts, Counts]:
        few, many = (simulate(plan, costs, cores)[1] for plan in plans)
        return few, many

    idle, full = (reduce(Usage.plus, each) for each in ([s.idle for s in speeds], [s.full for s in speeds]))
    known = middle([each.known for each in speeds])
    # Validators saw how long they take to start, and for a block of one record.
    block_ns = max(0, round(idle.execute_us * _US_NS) - known.apply_ns)
    known = replace(known, start_ns=round(idle.start_cpu_s * _S_NS), block_ns=block_ns)
    return calibrate(known, idle, full, twin)


def _try(plan: Plan, live: Pace, usage: Usage, calibration: Calibration, cores: int) -> Trial:
    factor = slowness(plan, usage, calibration, cores)
    sim, _ = simulate(plan, at_speed(calibration.costs, factor), cores)
    return Trial(plan.rate, sim, live, usage, round(factor, 3))
