"""Figures of many runs as mean and confidence interval, and the whole result of a sweep. Values only."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Sequence
from typing import Final

import msgspec

from govchain.sweep.task import FIGURES, Run

DIGITS: Final = 3
CONFIDENCE_PERCENT: Final = 95

_T_QUANTILES: Final = (
    *(12.7062, 4.3027, 3.1824, 2.7764, 2.5706, 2.4469, 2.3646, 2.3060, 2.2622, 2.2281),
    *(2.2010, 2.1788, 2.1604, 2.1448, 2.1314, 2.1199, 2.1098, 2.1009, 2.0930, 2.0860),
    *(2.0796, 2.0739, 2.0687, 2.0639, 2.0595, 2.0555, 2.0518, 2.0484, 2.0452, 2.0423),
)
"""Of Student's t at 97.5 % for 1 to 30 degrees of freedom."""
_Z_QUANTILE: Final = 1.959964


class Estimate(msgspec.Struct, frozen=True):
    """A mean, and the half width of its 95 % confidence interval; None from a single run."""

    mean: float
    half_width: float | None


class Probe(msgspec.Struct, frozen=True):
    """One rate that a search tried."""

    rate_per_s: int
    keeps_up: bool
    latency_p95_ms: float
    drained_ms: float
    verdicts: dict[str, int]


class CellResult(msgspec.Struct, frozen=True):
    """One combination of values over all seeds."""

    settings: dict[str, str]
    verdicts: dict[str, int]
    """Verdict to how many runs had it."""
    figures: dict[str, Estimate]
    runs: tuple[Run, ...]
    max_rate_per_s: int | None = None
    """Highest rate that is kept up with; 0 when none is; None without a search."""
    is_bounded: bool = True
    """False: the search ended at its upper limit without finding a rate that is too high."""
    probes: tuple[Probe, ...] = ()


class SweepResult(msgspec.Struct, frozen=True):
    """A whole sweep. Equal plans give equal results, on every engine."""

    scenario: str
    title: str
    title_zh: str
    axes: dict[str, tuple[str, ...]]
    seeds: tuple[int, ...]
    cells: tuple[CellResult, ...]
    limit_ms: float | None
    """Of a search: what the 95th percentile of latency may be."""
    digest: str
    """Over all runs."""
    version: str

    @property
    def exit_status(self) -> int:
        """0 every run held, 1 one did not, 3 one was undecided and none failed.

        A search tries what is too much on purpose; what counts there is whether a rate was found.
        """
        if self.limit_ms is not None:
            return 0 if all(cell.max_rate_per_s for cell in self.cells) else 1
        verdicts = {name for cell in self.cells for name in cell.verdicts}
        if verdicts & {"fail", "error"}:
            return 1
        return 3 if "undecided" in verdicts else 0


def estimate(values: Sequence[float]) -> Estimate:
    """Mean and confidence interval by Student's t. Expects at least one value."""
    count = len(values)
    mean = math.fsum(values) / count
    if count == 1:
        return Estimate(round(mean, DIGITS), None)
    variance = math.fsum((value - mean) ** 2 for value in values) / (count - 1)
    half_width = t_quantile(count - 1) * math.sqrt(variance / count)
    return Estimate(round(mean, DIGITS), round(half_width, DIGITS))


def t_quantile(degrees: int) -> float:
    """The 97.5 % quantile of Student's t. Expects 1 <= degrees.

    Above the table by the Cornish-Fisher expansion, whose error there is below 0.0001.
    """
    if degrees <= len(_T_QUANTILES):
        return _T_QUANTILES[degrees - 1]
    z = _Z_QUANTILE
    return z + (z**3 + z) / (4 * degrees) + (5 * z**5 + 16 * z**3 + 3 * z) / (96 * degrees**2)


def sum_up(settings: dict[str, str], runs: Sequence[Run]) -> CellResult:
    """A cell from its runs. Runs that ended in an error have a verdict and no figures."""
    measured = [run for run in runs if run.figures]
    figures = {name: estimate([run.figures[name] for run in measured]) for name in FIGURES if measured}
    return CellResult(settings, count_verdicts(runs), figures, tuple(runs))


def count_verdicts(runs: Sequence[Run]) -> dict[str, int]:
    """Verdict to how many runs had it."""
    counted: dict[str, int] = {}
    for run in runs:
        counted[run.verdict] = counted.get(run.verdict, 0) + 1
    return dict(sorted(counted.items()))


def digest_of_cells(cells: Sequence[CellResult]) -> str:
    """Over everything that the cells hold: equal on every engine."""
    return hashlib.sha256(msgspec.json.encode(tuple(cells), order="deterministic")).hexdigest()
