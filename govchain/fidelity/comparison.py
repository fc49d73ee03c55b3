"""One scenario on both sides, round after round, and whether they agree. Measures nothing."""

from __future__ import annotations

import statistics
from collections.abc import Callable
from typing import Final

import msgspec

from govchain.errors import SimulationFailure
from govchain.fidelity.usage import Usage
from govchain.scenario import Result

THROUGHPUT_BOUND: Final = 0.15
"""By how much of the live throughput the simulated one may differ."""
LATENCY_BOUND: Final = 0.25
"""The same for the median latency."""


class Pace(msgspec.Struct, frozen=True):
    """What one run came to."""

    finalised_per_s: float
    """Of those final before the load ended, over the time in which there was load."""
    p50_ms: float
    """From when a record was due to when its client knew that it is final."""


def pace_of(name: str, result: Result) -> Pace:
    """What a run on either side came to.

    Raises:
        SimulationFailure: It did not keep what a scenario promises.
    """
    if result.verdict != "pass" or result.workload is None:
        broken = [each.name for each in result.invariants if not each.ok]
        broken += [each.name for each in result.expectations if not each.ok]
        raise SimulationFailure(result.seed, 0, f"{name} on {result.backend}: {', '.join(broken)}")
    return Pace(result.workload.finalised_per_s, result.workload.latency_ms.p50)


class Trial(msgspec.Struct, frozen=True):
    """One live run, and the same simulated on a machine of the speed that this one had then."""

    offered: str
    sim: Pace
    live: Pace
    usage: Usage
    """Of the live run."""
    slowness: float
    """Processor time of its work over what that took in the runs with which costs were measured."""

    @property
    def throughput_ratio(self) -> float:
        """Simulated over live."""
        return _ratio(self.sim.finalised_per_s, self.live.finalised_per_s)

    @property
    def latency_ratio(self) -> float:
        """Simulated over live."""
        return _ratio(self.sim.p50_ms, self.live.p50_ms)


class Row(msgspec.Struct, frozen=True):
    """One scenario: a trial in each round. Medians over the rounds count."""

    scenario: str
    trials: tuple[Trial, ...]

    @property
    def sim(self) -> Pace:
        """The median of each figure."""
        return _middle([each.sim for each in self.trials])

    @property
    def live(self) -> Pace:
        """The median of each figure."""
        return _middle([each.live for each in self.trials])

    @property
    def throughput_ratio(self) -> float:
        """Simulated over live: machines change their speed, so both sides of a round are compared."""
        return self._median(lambda each: each.throughput_ratio)

    @property
    def latency_ratio(self) -> float:
        """The same for the median latency."""
        return self._median(lambda each: each.latency_ratio)

    @property
    def latency_spread(self) -> tuple[float, float]:
        """The lowest and the highest ratio of a round."""
        ratios = [each.latency_ratio for each in self.trials]
        return min(ratios), max(ratios)

    @property
    def foreign_cores(self) -> float:
        """Cores that other processes of the machine used: the median over the rounds."""
        return self._median(lambda each: each.usage.foreign_cores)

    @property
    def slowness_spread(self) -> tuple[float, float]:
        """How slow the machine was in the fastest and in the slowest round."""
        factors = [each.slowness for each in self.trials]
        return min(factors), max(factors)

    @property
    def holds(self) -> bool:
        """Whether both differ by no more than their bounds."""
        return (
            abs(self.throughput_ratio - 1) <= THROUGHPUT_BOUND
            and abs(self.latency_ratio - 1) <= LATENCY_BOUND
        )

    def _median(self, figure: Callable[[Trial], float]) -> float:
        return statistics.median(map(figure, self.trials))


def _middle(paces: list[Pace]) -> Pace:
    return Pace(
        statistics.median(each.finalised_per_s for each in paces),
        statistics.median(each.p50_ms for each in paces),
    )


def _ratio(simulated: float, live: float) -> float:
    return simulated / live if live else 0.0
