"""One run from start to verdict: rehearse, start the backend, play, judge, write the run folder, stop.

The composition of the parts beside it and nothing else.
"""

from __future__ import annotations

from typing import Protocol

from govchain.scenario.backend import Backend, Rehearsal
from govchain.scenario.engine import Engine
from govchain.scenario.judge import judge
from govchain.scenario.loaded import LoadedScenario
from govchain.scenario.observation import Observation
from govchain.scenario.observer import Observer, SilentObserver
from govchain.scenario.rehearsal import rehearse
from govchain.scenario.result import Result


class RunWriter(Protocol):
    """Keeps a finished run somewhere."""

    def write(self, rehearsal: Rehearsal, seen: Observation, result: Result) -> None:
        """Keep it.

        Raises:
            ConfigError: It cannot be kept there.
        """
        ...


async def run_scenario(
    loaded: LoadedScenario,
    backend: Backend,
    *,
    seed: int | None = None,
    observer: Observer | None = None,
    folder: RunWriter | None = None,
) -> Result:
    """Play a scenario on a backend and judge it. The backend is stopped whatever happens.

    Args:
        loaded: The scenario.
        backend: A backend that was not started yet.
        seed: Instead of the scenario's own.
        observer: Told about every step.
        folder: Where to write the run; nothing is written without one.

    Raises:
        ConfigError: The backend cannot play this scenario.
        Unavailable: The network did not come up.
    """
    watcher = observer or SilentObserver()
    rehearsal = rehearse(loaded, seed)
    try:
        rehearsal = await backend.start(rehearsal)
        seen = await Engine(rehearsal, backend, watcher).run()
        result = judge(rehearsal, backend.name, seen, backend.invariants(), backend.digest())
    finally:
        await backend.stop()
    if folder is not None:
        folder.write(rehearsal, seen, result)
    watcher.run_finished(result)
    return result
