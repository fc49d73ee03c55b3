"""Virtual time: a whole network in one process, the same on every machine.

Drives the same core as `govchain.node`, and never imports it. No clock, no thread, no global randomness.
"""

from govchain.sim.checks import INVARIANTS, Violation
from govchain.sim.cluster import SimCluster
from govchain.sim.network import FixedLatency, LatencyModel, WireFrame
from govchain.sim.node import SimNode
from govchain.sim.trace import Trace, TraceEvent

__all__ = [
    "INVARIANTS",
    "FixedLatency",
    "LatencyModel",
    "SimCluster",
    "SimNode",
    "Trace",
    "TraceEvent",
    "Violation",
    "WireFrame",
]
