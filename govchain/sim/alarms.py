"""The timers of the simulated validators: most are set anew or cancelled long before they run out.

Setting one notes when it is due; the calendar holds one call for each, however often it is set anew. Whose
turn it is when one runs out is decided elsewhere.
"""

from __future__ import annotations

from collections.abc import Sequence

from govchain.consensus import TimerKind
from govchain.sim.calendar import Calendar
from govchain.sim.happenings import Alarm, Call, Scheduled

Place = tuple[int, TimerKind]
"""Validator and timer."""
Moment = tuple[int, int]
"""Virtual nanoseconds, and the place among what happens then."""


class Alarms:
    """All running timers.

    Args:
        lives: How often each validator lost power.
    """

    def __init__(self, calendar: Calendar[Scheduled], lives: Sequence[int]) -> None:
        self._calendar = calendar
        self._lives = lives
        self._armed: dict[Place, tuple[Moment, int]] = {}
        """When each is due, and its generation."""
        self._calls: dict[Place, Moment] = {}
        """The next call for each; later ones of the same timer mean nothing."""

    def arm(self, node: int, kind: TimerKind, generation: int, due_ns: int) -> None:
        """Set a timer, replacing the one of its kind."""
        place = (node, kind)
        moment = (due_ns, self._calendar.reserve())
        self._armed[place] = (moment, generation)
        call = self._calls.get(place)
        if call is None or moment < call:
            self._call(place, moment)

    def cancel(self, node: int, kind: TimerKind) -> None:
        """Forget a timer."""
        self._armed.pop((node, kind), None)

    def forget(self, node: int) -> None:
        """Forget all timers of a validator."""
        for kind in TimerKind:
            self.cancel(node, kind)

    def answer(self, node: int, kind: TimerKind, moment: Moment) -> Alarm | None:
        """What a call comes to: the timer runs out now, or later, or is gone."""
        place = (node, kind)
        if self._calls.get(place) != moment:
            return None
        del self._calls[place]
        armed = self._armed.get(place)
        if armed is None:
            return None
        due, generation = armed
        if due == moment:
            return Alarm(kind, generation, self._lives[node])
        self._call(place, due)
        return None

    def is_due(self, node: int, alarm: Alarm) -> bool:
        """Whether what ran out is still what is set, now that its validator looks; it is not set any more."""
        armed = self._armed.get((node, alarm.kind))
        if armed is None or armed[1] != alarm.generation or alarm.life != self._lives[node]:
            return False
        self.cancel(node, alarm.kind)
        return True

    def _call(self, place: Place, moment: Moment) -> None:
        self._calls[place] = moment
        self._calendar.put_at(moment, (place[0],), Call(place[1]))
