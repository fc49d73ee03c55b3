"""Many runs of one scenario: a grid of parameters, seeds for chance, the rate that is still kept up with.

Plans runs, spreads them over a pool or a cluster, sums them up. How one run goes is not known here.
"""

from govchain.sweep.engine import ENGINES, Spread, open_engine
from govchain.sweep.plan import Axis, SweepPlan, parse_axis, plan_sweep
from govchain.sweep.search import MaxRate
from govchain.sweep.sums import CellResult, Estimate, SweepResult
from govchain.sweep.sweep import run_sweep

__all__ = [
    "ENGINES",
    "Axis",
    "CellResult",
    "Estimate",
    "MaxRate",
    "Spread",
    "SweepPlan",
    "SweepResult",
    "open_engine",
    "parse_axis",
    "plan_sweep",
    "run_sweep",
]
