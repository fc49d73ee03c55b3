"""The calendar of a simulated world: one heap, in integer nanoseconds.

The order is (time, order of scheduling), so equal runs are equal to the last event. What can happen is in
`happenings`.
"""

from __future__ import annotations

import heapq
from typing import Generic, TypeVar

Thing = TypeVar("Thing")


class Calendar(Generic[Thing]):
    """What will happen, and to whom; to several at one time in the order in which they are named."""

    def __init__(self) -> None:
        self._heap: list[tuple[int, int, tuple[int, ...], Thing]] = []
        self._order = 0

    def put(self, time_ns: int, nodes: tuple[int, ...], happening: Thing) -> None:
        """Let something happen at that time, after everything that is there for the same time."""
        self._order += 1
        heapq.heappush(self._heap, (time_ns, self._order, nodes, happening))

    def reserve(self) -> int:
        """A place among what happens at one time, for something that is put there later."""
        self._order += 1
        return self._order

    def put_at(self, moment: tuple[int, int], nodes: tuple[int, ...], happening: Thing) -> None:
        """Let something happen at a time and a reserved place in it."""
        heapq.heappush(self._heap, (*moment, nodes, happening))

    def pop_until(self, limit_ns: int) -> tuple[int, int, tuple[int, ...], Thing] | None:
        """The next time and place in it, the validators and what happens to them; None if that is later."""
        heap = self._heap
        return heapq.heappop(heap) if heap and heap[0][0] <= limit_ns else None
