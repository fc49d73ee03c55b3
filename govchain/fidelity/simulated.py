"""Simulated runs of plans, with a count of the work that was done while there was load.

The simulated side of `live`. What the counts are good for is not known here.
"""

from __future__ import annotations

import asyncio

import msgspec

from govchain.fidelity.comparison import Pace, pace_of
from govchain.fidelity.plan import Plan
from govchain.fidelity.usage import MeteredTraffic
from govchain.scenario import SimBackend, run_scenario
from govchain.scenario.traffic import Clerk, Traffic
from govchain.sim import Costs


class Counts(msgspec.Struct, frozen=True):
    """How often things happened in a simulated run, for each record."""

    blocks: float
    work_ns: float
    """Processor time of all validators."""
    frames: float
    requests: float
    known_ns: float
    """Processor time of all but frames and requests."""
    client_turns: float
    client_requests: float


def simulate(plan: Plan, costs: Costs, cores: int) -> tuple[Pace, Counts]:
    """Play a plan in virtual time, on a machine of so many cores.

    Raises:
        SimulationFailure: The run did not keep what a scenario promises.
    """
    backend = _CountingBackend(costs)
    result = asyncio.run(run_scenario(plan.load(costs, cores), backend))
    return pace_of(plan.name, result), backend.counts


class _CountingBackend(SimBackend):
    def __init__(self, costs: Costs) -> None:
        super().__init__(is_symbolic=True)
        self._costs = costs
        self._counts: Counts | None = None

    @property
    def counts(self) -> Counts:
        assert self._counts is not None, "a run with a workload comes first"
        return self._counts

    def traffic(self, clerks: list[Clerk]) -> Traffic:
        return MeteredTraffic(super().traffic(clerks), self._end_load)

    async def _end_load(self, traffic: Traffic) -> None:
        *validators, client = self.cluster.machines.cpus
        records = max(1, len(traffic.seen.acknowledged))
        frames = sum(each.frames for each in validators)
        requests = sum(each.request_ends for each in validators) / 2
        work_ns = sum(each.busy_ns for each in validators)
        overhead_ns = frames * self._costs.message_ns + requests * self._costs.request_ns
        self._counts = Counts(
            blocks=traffic.seen.height / records,
            work_ns=work_ns / records,
            frames=frames / records,
            requests=requests / records,
            known_ns=(work_ns - overhead_ns) / records,
            client_turns=client.wakes / records,
            client_requests=client.request_ends / 2 / records,
        )
