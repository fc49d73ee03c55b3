"""What clients do costs time too: theirs, and that of the validator which they ask.

With no costs an errand is done at once. What is asked and answered is not known here.
"""

from __future__ import annotations

from collections.abc import Callable

from govchain.sim.cluster import SimCluster
from govchain.sim.happenings import OUTSIDE, Errand

Done = Callable[[int], None]
"""Called with the time at which it is done, which may lie ahead of the clock of the world."""


class Clients:
    """All clients of a network: one process, beside the validators.

    Args:
        cluster: The simulated network.
    """

    def __init__(self, cluster: SimCluster) -> None:
        self._cluster = cluster

    @property
    def are_free(self) -> bool:
        """Whether what clients do takes no time."""
        return self._cluster.machines.are_free

    def work(self, done: Done, *, ends: int, at_ns: int = 0) -> None:
        """Let the clients spend what so many questions or answers cost them: half of a request each."""
        self._run(OUTSIDE, self._cluster.machines.costs.client_ns, ends, done, at_ns)

    def ask(self, node: int, done: Done, *, ends: int, at_ns: int = 0) -> None:
        """Let a validator read or answer so many; a validator that is down never does."""
        self._run(node, self._cluster.machines.costs.request_ns, ends, done, at_ns)

    def _run(self, node: int, request_ns: int, ends: int, done: Done, at_ns: int) -> None:
        now_ns = self._cluster.now_ns
        if self.are_free:
            done(now_ns)
        else:
            errand = Errand(request_ns * ends // 2, ends, done)
            self._cluster.schedule(max(at_ns, now_ns), (node,), errand)
