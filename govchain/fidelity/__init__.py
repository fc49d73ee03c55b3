"""Whether the simulator is right about the real network: the same scenarios on both, with measured costs.

Measures and compares; what a scenario means on either side is `scenario`'s, printing is the caller's.
"""

from govchain.fidelity.comparison import LATENCY_BOUND, THROUGHPUT_BOUND, Pace, Row, Trial
from govchain.fidelity.measure import FidelityFigures, measure_fidelity
from govchain.fidelity.usage import Usage

__all__ = [
    "LATENCY_BOUND",
    "THROUGHPUT_BOUND",
    "FidelityFigures",
    "Pace",
    "Row",
    "Trial",
    "Usage",
    "measure_fidelity",
]
