"""Random networks, faults and attacks from seeds: safety while anything breaks, progress once all is mended.

A case is a scenario, so what fails is a file that anybody can replay. How a network runs is below.
"""

from govchain.swarm.case import PROGRESS, Broken, Outcome, load_case, run_case, run_seed
from govchain.swarm.draw import Case, case_name, draw_case
from govchain.swarm.shrink import fault_count, shrink
from govchain.swarm.swarm import Progress, SwarmResult, Violation, run_swarm
from govchain.swarm.write import write_case

__all__ = [
    "PROGRESS",
    "Broken",
    "Case",
    "Outcome",
    "Progress",
    "SwarmResult",
    "Violation",
    "case_name",
    "draw_case",
    "fault_count",
    "load_case",
    "run_case",
    "run_seed",
    "run_swarm",
    "shrink",
    "write_case",
]
