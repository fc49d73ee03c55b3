"""A validator on a real machine: drives the core with sockets, clocks and a disk.

Its counterpart under virtual time is `govchain.sim`. No rule of order or business lives here.
"""

from govchain.node.config import NodeConfig, load_node_config
from govchain.node.process import load_genesis, run
from govchain.node.runtime import NodeRuntime
from govchain.node.service import NodeService

__all__ = ["NodeConfig", "NodeRuntime", "NodeService", "load_genesis", "load_node_config", "run"]
