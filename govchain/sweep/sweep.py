"""Runs a plan on an engine and sums it up: the composition of the parts beside it."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from govchain import __version__
from govchain.sweep.engine import Spread
from govchain.sweep.plan import SweepPlan
from govchain.sweep.search import MaxRate, SearchTask, limit_of, require_fixed_rate, run_search
from govchain.sweep.sums import CellResult, SweepResult, digest_of_cells, sum_up
from govchain.sweep.task import Task, run_task


def run_sweep(
    plan: SweepPlan,
    spread: Spread,
    *,
    search: MaxRate | None = None,
    on_cell: Callable[[CellResult], None] = lambda cell: None,
) -> SweepResult:
    """Run everything.

    Args:
        plan: Which runs.
        spread: Where.
        search: Look for the highest rate of each cell instead of running it as it is.
        on_cell: Told of each cell as it is complete, in order.

    Raises:
        ConfigError: A search, and the scenario has no rate to change.
    """
    cells = []
    for cell in _cells(plan, spread) if search is None else _searched(plan, spread, search):
        cells.append(cell)
        on_cell(cell)
    return SweepResult(
        scenario=plan.base.name,
        title=plan.base.scenario.meta.title,
        title_zh=plan.base.scenario.meta.title_zh,
        axes={axis.key: axis.values for axis in plan.axes},
        seeds=plan.seeds,
        cells=tuple(cells),
        limit_ms=None if search is None else limit_of(search, plan.base),
        digest=digest_of_cells(cells),
        version=__version__,
    )


def _cells(plan: SweepPlan, spread: Spread) -> Iterator[CellResult]:
    tasks = [Task(plan.source, cell, seed, plan.is_symbolic) for cell in plan.cells for seed in plan.seeds]
    runs = spread(run_task, tasks)
    for cell in plan.cells:
        yield sum_up({each.key: each.text for each in cell}, [next(runs) for _ in plan.seeds])


def _searched(plan: SweepPlan, spread: Spread, search: MaxRate) -> Iterator[CellResult]:
    require_fixed_rate(plan.base)
    limit_ms = limit_of(search, plan.base)
    tasks = [
        SearchTask(plan.source, cell, plan.seeds, limit_ms, search.rate_max, plan.is_symbolic)
        for cell in plan.cells
    ]
    yield from spread(run_search, tasks)
