"""When the records of a load are due: distances in time from its rate, drawn from the seed if need be.

Whole nanoseconds, the same on every backend. Nothing is handed in here.
"""

from __future__ import annotations

import bisect
from collections.abc import Callable
from typing import Final

from govchain.crypto import Suite
from govchain.scenario.rate_trace import Trace
from govchain.scenario.workload import Load, per_second
from govchain.sim.network import seeded_stream
from govchain.sim.quantiles import exponential

NS_PER_S: Final = 1_000_000_000

Pace = Callable[[int], int]
"""From the time at which a record is due to how long after it the next one is."""


def pace_of(load: Load, number: int, suite: Suite, seed: int, trace: Trace = ()) -> Pace:
    """The pace of an open load, which is entry `number` of `workload`.

    Args:
        load: The load.
        number: Its place.
        suite: The chain's.
        seed: Of the run.
        trace: What the file holds that its rate names.
    """
    rate = load.rate
    if rate.trace is not None:
        return _along(load, trace)
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


def _along(load: Load, trace: Trace) -> Pace:
    """A record is due whenever the area below the rates has grown by one."""
    assert load.to is not None, "the check demands the end of a trace"
    begins_ns, ends_ns = int(load.from_), int(load.to)
    starts_ns = [begins_ns + offset_ns for offset_ns, _ in trace]
    until_ns = [*starts_ns[1:], ends_ns]

    def gap(at_ns: int) -> int:
        place = bisect.bisect_right(starts_ns, at_ns) - 1
        # Records a second times nanoseconds, so that nothing is rounded before the end.
        left, now_ns = NS_PER_S, at_ns
        for (_, rate_per_s), end_ns in zip(trace[place:], until_ns[place:], strict=True):
            area = rate_per_s * (end_ns - now_ns)
            if area > left:
                return now_ns - at_ns + -(-left // rate_per_s)
            left, now_ns = left - area, end_ns
        return ends_ns - at_ns

    return gap
