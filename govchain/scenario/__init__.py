"""YAML in, verdict out: scenario files, the backends they run on, and the judge.

`load_scenario` reads and checks, `run_scenario` plays and judges. HTTP, sockets and consensus are below.
"""

from govchain.scenario.backend import Backend, NodeFacts, Rehearsal
from govchain.scenario.catalogue import CatalogueEntry, list_scenarios
from govchain.scenario.folder import RunFolder
from govchain.scenario.load import load_scenario, parse_scenario
from govchain.scenario.loaded import LoadedScenario
from govchain.scenario.local_backend import LocalBackend
from govchain.scenario.observation import Observation
from govchain.scenario.observer import Observer, SilentObserver
from govchain.scenario.rehearsal import network_plan, rehearse
from govchain.scenario.remote_backend import RemoteBackend
from govchain.scenario.result import Expectation, FaultEntry, Result, StepResult
from govchain.scenario.run import run_scenario
from govchain.scenario.schema import scenario_schema
from govchain.scenario.sim_backend import SimBackend

__all__ = [
    "Backend",
    "CatalogueEntry",
    "Expectation",
    "FaultEntry",
    "LoadedScenario",
    "LocalBackend",
    "NodeFacts",
    "Observation",
    "Observer",
    "Rehearsal",
    "RemoteBackend",
    "Result",
    "RunFolder",
    "SilentObserver",
    "SimBackend",
    "StepResult",
    "list_scenarios",
    "load_scenario",
    "network_plan",
    "parse_scenario",
    "rehearse",
    "run_scenario",
    "scenario_schema",
]
