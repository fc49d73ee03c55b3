"""From a scenario's network, processors and disks to what the simulator calculates with.

Reads the tables that a file names. Built once when a scenario is checked, so that every mistake has its line,
and again for each run.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

from govchain.errors import ConfigError
from govchain.scenario.conditions import Jitter, LinkEntry, Network, WorkCosts
from govchain.scenario.loaded import LoadedScenario
from govchain.scenario.model import Scenario
from govchain.scenario.suggest import suggestion
from govchain.scenario.values import file_below
from govchain.sim import FixedLatency, LatencyModel
from govchain.sim.cpu import Costs
from govchain.sim.measured import parse_costs, shipped_costs
from govchain.sim.network import PlacedLatency
from govchain.sim.quantiles import Quantiles, empirical, lognormal, normal, pareto
from govchain.sim.regions import LatencyMatrix, aws_matrix, parse_matrix, provinces_matrix
from govchain.sim.wire import Link, LineConditions, LinkConditions, Nic

FILE_BYTES_MAX: Final = 8 * 1024 * 1024
