"""One scenario on both sides, and whether they agree. Values and bounds; measures nothing."""

from __future__ import annotations

from typing import Final

import msgspec

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


class Row(msgspec.Struct, frozen=True):
    """One scenario, simulated and live."""

    scenario: str
    offered: str
    sim: Pace
    live: Pace
    foreign_cores: float
    """Cores that other processes of the machine used during the live run."""

    @property
    def throughput_ratio(self) -> float:
        """Simulated over live."""
        return _ratio(self.sim.finalised_per_s, self.live.finalised_per_s)

    @property
    def latency_ratio(self) -> float:
        """Simulated over live."""
        return _ratio(self.sim.p50_ms, self.live.p50_ms)

    @property
    def holds(self) -> bool:
        """Whether both differ by no more than their bounds."""
        return (
            abs(self.throughput_ratio - 1) <= THROUGHPUT_BOUND
            and abs(self.latency_ratio - 1) <= LATENCY_BOUND
        )


def _ratio(simulated: float, live: float) -> float:
    return simulated / live if live else 0.0
