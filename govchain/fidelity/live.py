"""Live runs of plans on processes of this machine. One that others disturbed says nothing, and is made again.

Whether a run counts depends on what others used of the machine, never on what came out of it.
"""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Final

from govchain.fidelity.comparison import Pace, pace_of
from govchain.fidelity.plan import Plan
from govchain.fidelity.usage import MeteredBackend, Usage
from govchain.scenario import run_scenario

FOREIGN_CORES_MAX: Final = 0.12
"""Cores that others may use in a run; the kernel uses half of that to write what validators sync."""
REPEATS_MAX: Final = 6
"""Runs that are made again in one comparison; from then on each counts as it is, and the table tells."""


class LiveBench:
    """Plays plans on validator processes.

    Args:
        now: This machine's time.
        say: Told what is going on.

    Attributes:
        repeated: Runs that were made again so far.
    """

    def __init__(self, *, now: Callable[[], datetime], say: Callable[[str], None]) -> None:
        self.say = say
        self.repeated = 0
        self._now = now

    def run(self, plan: Plan) -> tuple[Pace, Usage]:
        """Play a plan until nobody disturbs it.

        Raises:
            SimulationFailure: The run did not keep what a scenario promises.
        """
        self.say(f"live: {plan.name}, {plan.rate}")
        found = [run_live(plan, self._now())]
        while (foreign := found[-1][1].foreign_cores) > FOREIGN_CORES_MAX and self.repeated < REPEATS_MAX:
            self.repeated += 1
            self.say(f"others used {foreign:.2f} cores; once more")
            found.append(run_live(plan, self._now()))
        return min(found, key=lambda each: each[1].foreign_cores)


def run_live(plan: Plan, now: datetime) -> tuple[Pace, Usage]:
    """Play a plan once."""
    with tempfile.TemporaryDirectory(prefix="govchain-bench-") as folder:
        backend = MeteredBackend(Path(folder) / "network", now=now)
        result = asyncio.run(run_scenario(plan.load(), backend))
        return pace_of(plan.name, result), backend.usage
