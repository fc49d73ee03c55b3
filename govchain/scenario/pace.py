"""When the records of a load are due: distances in time from its rate, drawn from the seed if need be.

Whole nanoseconds, the same on every backend. Nothing is handed in here.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from govchain.crypto import Suite
from govchain.scenario.workload import Load, per_second
from govchain.sim.network import seeded_stream
from govchain.sim.quantiles import exponential

NS_PER_S: Final = 1_000_000_000

Pace = Callable[[int], int]
"""From the time at which a record is due to how long after it the next one is."""


def pace_of(load: Load, number: int, suite: Suite, seed: int) -> Pace:
    """The pace of an open load, which is entry `number` of `workload`."""
    rate = load.rate
    if rate.fixed is not None:
        gap_ns = NS_PER_S // rate.per_s
        return lambda at_ns: gap_ns
    if rate.poisson is not None:
        gaps = exponential(NS_PER_S // per_second(rate.poisson))
        draws = seeded_stream(suite, seed, f"workload:{number}")
        return lambda at_ns: gaps.at(next(draws))
    assert rate.ramp is not None, "a closed loop has no pace"
    assert load.to is not None, "the check demands the end of a ramp"
    first, last = per_second(rate.ramp.from_), per_second(rate.ramp.to)
    begins_ns, length_ns = int(load.from_), load.to - load.from_

    def gap(at_ns: int) -> int:
        # Records a second times the length, so that nothing is rounded before the end.
        scaled = first * length_ns + (last - first) * min(at_ns - begins_ns, length_ns)
        return NS_PER_S * length_ns // scaled

    return gap
