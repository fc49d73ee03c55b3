"""Timers of simulated validators: each runs out once, when it was set to last, whatever came before."""

from __future__ import annotations

from govchain.consensus import TimerKind
from govchain.sim.alarms import Alarms
from govchain.sim.calendar import Calendar
from govchain.sim.happenings import Call, Scheduled

REQUEST, RETRANSMIT = TimerKind.REQUEST, TimerKind.RETRANSMIT


def ring(
    calendar: Calendar[Scheduled], alarms: Alarms, until_ns: int
) -> list[tuple[int, int, TimerKind, int]]:
    """Time, validator, timer and generation of what runs out and is still wanted."""
    found = []
    while (due := calendar.pop_until(until_ns)) is not None:
        time_ns, order, nodes, happening = due
        assert isinstance(happening, Call)
        alarm = alarms.answer(nodes[0], happening.kind, (time_ns, order))
        if alarm is not None and alarms.is_due(nodes[0], alarm):
            found.append((time_ns, nodes[0], alarm.kind, alarm.generation))
    return found


def make(lives: list[int]) -> tuple[Calendar[Scheduled], Alarms]:
    calendar: Calendar[Scheduled] = Calendar()
    return calendar, Alarms(calendar, lives)


def test_a_timer_that_is_set_anew_runs_out_once_and_later() -> None:
    calendar, alarms = make([0])
    for generation in range(1, 6):
        alarms.arm(0, REQUEST, generation, 100 * generation)
    assert ring(calendar, alarms, 1_000) == [(500, 0, REQUEST, 5)]


def test_a_timer_that_is_set_to_earlier_runs_out_earlier_and_once() -> None:
    calendar, alarms = make([0])
    alarms.arm(0, REQUEST, 1, 500)
    alarms.arm(0, REQUEST, 2, 200)
    assert ring(calendar, alarms, 300) == [(200, 0, REQUEST, 2)]
    alarms.arm(0, REQUEST, 3, 600)
    assert ring(calendar, alarms, 1_000) == [(600, 0, REQUEST, 3)]


def test_a_cancelled_timer_is_silent_and_can_be_set_again_before_its_call() -> None:
    calendar, alarms = make([0])
    alarms.arm(0, REQUEST, 1, 100)
    alarms.cancel(0, REQUEST)
    alarms.arm(0, REQUEST, 2, 300)
    alarms.arm(0, RETRANSMIT, 1, 200)
    assert ring(calendar, alarms, 1_000) == [(200, 0, RETRANSMIT, 1), (300, 0, REQUEST, 2)]


def test_what_is_set_first_runs_out_first_at_one_time() -> None:
    calendar, alarms = make([0, 0])
    alarms.arm(1, REQUEST, 1, 100)
    alarms.arm(1, REQUEST, 2, 500)
    alarms.arm(0, REQUEST, 1, 500)
    assert [node for _, node, _, _ in ring(calendar, alarms, 1_000)] == [1, 0]


def test_a_timer_of_a_life_before_means_nothing() -> None:
    lives = [0]
    calendar, alarms = make(lives)
    alarms.arm(0, REQUEST, 1, 100)
    due = calendar.pop_until(2**63)
    assert due is not None
    time_ns, order, _, _ = due
    alarm = alarms.answer(0, REQUEST, (time_ns, order))
    assert alarm is not None
    lives[0] += 1
    alarms.arm(0, REQUEST, 1, 900)
    assert not alarms.is_due(0, alarm)
    assert ring(calendar, alarms, 1_000) == [(900, 0, REQUEST, 1)]
