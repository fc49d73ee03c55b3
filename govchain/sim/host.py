"""A machine whose cores several processes share: who has to wait for one, and who is next.

A process that has a core keeps it to the end of its turn; then the one gets it that waits longest. What a
process does with its core is not known here.
"""

from __future__ import annotations

import heapq
from collections import deque


class Host:
    """So many cores.

    Attributes:
        waiting: Processes that need a core, in the order in which they came.
    """

    def __init__(self, cores: int) -> None:
        assert cores > 0
        self._free_ns = [0] * cores
        self.waiting: deque[int] = deque()

    @property
    def next_free_ns(self) -> int:
        """When the next core is free, if nobody takes it before."""
        return self._free_ns[0]

    def must_wait(self, now_ns: int) -> bool:
        """Whether who comes now has to queue."""
        return bool(self.waiting) or self._free_ns[0] > now_ns

    def occupy(self, now_ns: int, work_ns: int) -> None:
        """Take the core that is free, for so long."""
        assert self._free_ns[0] <= now_ns, "a core is free"
        heapq.heapreplace(self._free_ns, now_ns + work_ns)
