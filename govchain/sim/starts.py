"""Validators whose processes are on their way up, which costs time; with no costs they are up at once.

A process that starts has much to do, and shares its core with others slice by slice. What a validator does
once it is up is not known here.
"""

from __future__ import annotations

from collections.abc import Callable

from govchain.sim.calendar import Calendar
from govchain.sim.happenings import Scheduled, Start, Work
from govchain.sim.machines import Machines


class Starts:
    """Who is being started.

    Args:
        power_on: Lets a validator take part.
    """

    def __init__(
        self, calendar: Calendar[Scheduled], machines: Machines[Work], power_on: Callable[[int], None]
    ) -> None:
        self._calendar = calendar
        self._machines = machines
        self._power_on = power_on
        self._under_way: dict[int, None] = {}

    def __contains__(self, index: int) -> bool:
        return index in self._under_way

    def begin(self, index: int, now_ns: int) -> None:
        """Start a validator's process."""
        left_ns = self._machines.costs.start_ns
        if left_ns:
            self._under_way[index] = None
            self._calendar.put(now_ns, (index,), Start(left_ns, self._machines.lives[index]))
        else:
            self._power_on(index)

    def go_on(self, index: int, start: Start) -> None:
        """Work for a slice; the validator takes part when nothing is left."""
        if start.life != self._machines.lives[index]:
            return  # Power has gone meanwhile.
        if start.left_ns:
            at_ns, left_ns = self._machines.charge_start(index, start.left_ns)
            self._calendar.put(at_ns, (index,), Start(left_ns, start.life))
        else:
            del self._under_way[index]
            self._power_on(index)

    def cancel(self, index: int) -> bool:
        """Power goes; whether a start was under way."""
        is_under_way = index in self._under_way
        self._under_way.pop(index, None)
        return is_under_way
