"""The highest rate that a network keeps up with, by doubling and halving the interval.

A rate is kept up with when all seeds pass, the 95th percentile of latency is at most the limit, and the
last record is final at most that long after the load ended. Which rate comes next depends on runs alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

from govchain.config import Setting
from govchain.errors import ConfigError
from govchain.scenario import LoadedScenario
from govchain.sweep.plan import ScenarioText, load_with
from govchain.sweep.sums import CellResult, Probe, count_verdicts, sum_up
from govchain.sweep.task import Run, Task, run_task

RATE_MAX: Final = 50_000
"""Records a second; a search never goes above."""
PRECISION: Final = Fraction(1, 20)
"""The search ends when the interval is this part of its lower end."""


@dataclass(frozen=True, slots=True)
class MaxRate:
    """What `--search max_rate` looks for.

    Attributes:
        limit_ms: What the 95th percentile of latency may be; a view timeout when not given.
        rate_max: Where the search ends.
    """

    limit_ms: float | None = None
    rate_max: int = RATE_MAX


@dataclass(frozen=True, slots=True)
class SearchTask:
    """The search of one cell; it travels as a whole, because each probe depends on the one before."""

    source: ScenarioText
    settings: tuple[Setting, ...]
    seeds: tuple[int, ...]
    limit_ms: float
    rate_max: int
    is_symbolic: bool = True


def limit_of(search: MaxRate, base: LoadedScenario) -> float:
    """The limit in milliseconds."""
    return search.limit_ms if search.limit_ms is not None else base.scenario.protocol.view_timeout / 1e6


def require_fixed_rate(base: LoadedScenario) -> None:
    """See that there is a rate to change.

    Raises:
        ConfigError: No entry of `workload` has a fixed rate and an end.
    """
    loads = base.scenario.workload
    if not loads or any(load.rate.fixed is None or load.to is None for load in loads):
        raise ConfigError(
            "--search max_rate needs a workload whose rate it can change",
            path=base.source.path,
            line=base.source.line("workload"),
            expected="entries of workload with a fixed rate and an end, as {rate: {fixed: 50/s}, to: 10s, …}",
        )


def run_search(task: SearchTask) -> CellResult:
    """Search one cell; its figures are those of the highest rate that is kept up with."""
    found: dict[int, tuple[Probe, list[Run]]] = {}

    def keeps_up(rate: int) -> bool:
        if rate not in found:
            found[rate] = _probe(task, rate)
        return found[rate][0].keeps_up

    low, is_bounded = _bisect(keeps_up, _start_rate(task), task.rate_max)
    settings = {each.key: each.text for each in task.settings}
    probes = tuple(found[rate][0] for rate in sorted(found))
    best = sum_up(settings, found[low][1] if low else [])
    return CellResult(
        settings,
        best.verdicts,
        best.figures,
        best.runs,
        max_rate_per_s=low,
        is_bounded=is_bounded,
        probes=probes,
    )


def _bisect(keeps_up: Callable[[int], bool], start: int, rate_max: int) -> tuple[int, bool]:
    """Highest rate found that is kept up with, and whether a higher one was seen to be too much."""
    low, high = 0, min(start, rate_max)
    while keeps_up(high):
        low = high
        if high == rate_max:
            return low, False
        high = min(2 * high, rate_max)
    while high - low > max(1, int(low * PRECISION)):
        middle = (low + high) // 2
        if keeps_up(middle):
            low = middle
        else:
            high = middle
    return low, True


def _probe(task: SearchTask, rate: int) -> tuple[Probe, list[Run]]:
    settings = (*task.settings, *_rates(task, rate))
    runs = [run_task(Task(task.source, settings, seed, task.is_symbolic)) for seed in task.seeds]
    p95_ms = max((run.figures.get("latency_p95_ms", 0.0) for run in runs), default=0.0)
    drained_ms = max((run.figures.get("drained_ms", 0.0) for run in runs), default=0.0)
    is_good = all(run.verdict == "pass" for run in runs) and max(p95_ms, drained_ms) <= task.limit_ms
    return Probe(rate, is_good, p95_ms, drained_ms, count_verdicts(runs)), runs


def _start_rate(task: SearchTask) -> int:
    return sum(load.rate.per_s for load in load_with(task.source, task.settings).scenario.workload)


def _rates(task: SearchTask, rate: int) -> Iterator[Setting]:
    """The rate spread over the entries of `workload` in the proportions of the file; at least 1/s each."""
    shares = [load.rate.per_s for load in load_with(task.source, task.settings).scenario.workload]
    for place, share in enumerate(shares):
        yield Setting(f"workload.{place}.rate.fixed", f"{max(1, rate * share // sum(shares))}/s")
