"""Virtual time: a whole network in one process, the same on every machine.

Drives the same core as `govchain.node`, and never imports it; or another protocol, behind the port of
`protocol`. No clock, no thread, no global randomness.
"""

from govchain.sim.checks import INVARIANTS, Violation
from govchain.sim.cluster import SimCluster
from govchain.sim.cpu import Costs
from govchain.sim.network import FixedLatency, LatencyModel, PlacedLatency, WireFrame
from govchain.sim.node import SimNode
from govchain.sim.protocol import ConsensusProtocol
from govchain.sim.protocols import PROTOCOLS
from govchain.sim.trace import Trace, TraceEvent
from govchain.sim.wire import LineConditions, LinkConditions, Nic

__all__ = [
    "INVARIANTS",
    "PROTOCOLS",
    "ConsensusProtocol",
    "Costs",
    "FixedLatency",
    "LatencyModel",
    "LineConditions",
    "LinkConditions",
    "Nic",
    "PlacedLatency",
    "SimCluster",
    "SimNode",
    "Trace",
    "TraceEvent",
    "Violation",
    "WireFrame",
]
