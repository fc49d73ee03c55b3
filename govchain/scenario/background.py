"""What goes on beside the steps of a run: its workload and its timeline, until all is mended in the end.

Begins and ends them; what goes wrong and what is handed in is decided in `director` and `traffic`.
"""

from __future__ import annotations

from typing import Final

from govchain.scenario.backend import Backend, Rehearsal
from govchain.scenario.builder import Builder
from govchain.scenario.changes import Changes
from govchain.scenario.comparison import parse_condition
from govchain.scenario.director import Director, Happening, require_faults
from govchain.scenario.fault_port import FaultPort
from govchain.scenario.observation import Observation
from govchain.scenario.observer import Observer
from govchain.scenario.traffic import Traffic, clerks_of

LOOK_NS: Final = 100_000_000
"""How often it is looked whether timeline and workload are over."""


class Background:
    """Workload and timeline of one run.

    Args:
        builder: Makes the records of changes of the validators.
        seen: Takes what is seen of both.
        observer: Told of each fault as it begins.
    """

    def __init__(
        self,
        rehearsal: Rehearsal,
        backend: Backend,
        builder: Builder,
        seen: Observation,
        observer: Observer,
    ) -> None:
        self._rehearsal = rehearsal
        self._scenario = rehearsal.loaded.scenario
        self._backend = backend
        self._builder = builder
        self._seen = seen
        self._observer = observer
        self._director: Director | None = None
        self._traffic: Traffic | None = None
        self._port: FaultPort | None = None

    async def begin(self) -> None:
        """Start what goes wrong and the workload.

        Raises:
            ConfigError: The backend cannot produce a fault of the timeline, or tell when to stop.
        """
        self._port = port = self._backend.faults()
        require_faults(self._rehearsal, port, self._backend.name)
        if self._scenario.workload:
            self._traffic = self._backend.traffic(clerks_of(self._rehearsal))
            self._traffic.start()
        if port is not None and self._scenario.timeline:
            changes = Changes(self._rehearsal, self._backend, port, self._builder)
            self._director = Director(self._rehearsal, port, self._backend, changes, self._note_happening)
            await self._director.start()

    async def step_over(self, step_id: str) -> None:
        """A step of the story is over."""
        if self._director is not None:
            await self._director.step_over(step_id)

    async def end(self) -> None:
        """Wait for what is still to come, then heal: afterwards progress is demanded."""
        ends_ns = self._end_ns()
        while not (self._backend.is_broken() or await self._is_enough()) and (
            self._backend.now_ns() < ends_ns or not (self._director is None or self._director.is_idle)
        ):
            await self._backend.pass_time(self._backend.now_ns() + LOOK_NS)
        # What failed in the background comes up here at the latest.
        await self._backend.pass_time(self._backend.now_ns())
        if self._traffic is not None:
            self._traffic.stop()
        if self._director is not None:
            await self._director.end()
            self._seen.happenings = self._director.happenings
        self._seen.healed_ns = self._backend.now_ns()
        if self._traffic is not None:
            await self._traffic.drain(self._scenario.stop.patience)
            self._seen.load = self._traffic.seen
            self._seen.progress_ns += self._traffic.seen.acknowledged.values()
        self._seen.progress_ns.sort()

    def _end_ns(self) -> int:
        """When the last load ends; one without an end, that something is to end early, is given up then."""
        given_up_ns = self._backend.now_ns() + self._scenario.stop.at
        open_ns = 0 if self._scenario.stop.condition is None else given_up_ns
        ends = [open_ns if load.to is None else load.to for load in self._scenario.workload]
        return max(ends, default=0)

    async def _is_enough(self) -> bool:
        """Whether what ends loads and timeline early is the case."""
        if self._scenario.stop.condition is None:
            return False
        wanted = parse_condition(self._scenario.stop.condition)
        assert wanted is not None, "the check refused everything else"
        assert self._port is not None, "refused before the run"
        name, comparison = wanted
        self._seen.is_enough = comparison.holds(getattr(await self._port.glance(), name))
        return self._seen.is_enough

    def _note_happening(self, happening: Happening) -> None:
        self._observer.fault_happened(happening.do, happening.targets, happening.began_ns)
