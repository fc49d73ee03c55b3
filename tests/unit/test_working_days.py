"""Deadlines in working days: a table that is data, the days that were announced, estimates that say so."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import chinese_calendar
import pytest
from hypothesis import given
from hypothesis import strategies as st

from govchain.analysis import announced_holidays
from govchain.codec import decode, encode
from govchain.errors import InvalidInput
from govchain.model.working_days import DAYS_OFF_MAX, WORKING_DAYS_MAX, Deadline, HolidayYear, WorkingCalendar

YEARS = tuple(year for number in range(2020, 2027) if (year := announced_holidays(number)) is not None)
CALENDAR = WorkingCalendar(YEARS)


def naive_deadline(start: date, working_days: int) -> date:
    """The obvious twin: list the days and count those on which the package says people work."""
    days = [start + timedelta(days=number) for number in range(1, 4 * working_days + 40)]
    return [day for day in days if chinese_calendar.is_workday(day)][working_days - 1]


@given(st.dates(date(2020, 1, 1), date(2026, 6, 30)), st.integers(1, 60))
def test_deadline_is_that_of_counting_days(start: date, working_days: int) -> None:
    found = CALENDAR.add_working_days(start, working_days)
    assert found == Deadline(naive_deadline(start, working_days), is_estimated=False)


@pytest.mark.parametrize(
    ("start", "working_days", "end"),
    [
        # A plain week; the start does not count, even when nobody works on it.
        (date(2026, 11, 2), 1, date(2026, 11, 3)),
        (date(2026, 11, 6), 1, date(2026, 11, 9)),
        (date(2026, 11, 7), 1, date(2026, 11, 9)),
        # National day 2026: 1 to 7 October off; Saturday the 10th is worked in exchange.
        (date(2026, 9, 30), 1, date(2026, 10, 8)),
        (date(2026, 9, 30), 3, date(2026, 10, 10)),
        (date(2026, 9, 30), 4, date(2026, 10, 12)),
    ],
)
def test_deadlines_at_both_sides_of_a_holiday(start: date, working_days: int, end: date) -> None:
    assert CALENDAR.add_working_days(start, working_days) == Deadline(end, is_estimated=False)


def test_year_without_a_table_has_weekends_and_says_that_it_is_an_estimate() -> None:
    assert announced_holidays(2099) is None
    calendar = WorkingCalendar(YEARS)
    assert calendar.add_working_days(date(2026, 12, 30), 1) == Deadline(
        date(2026, 12, 31), is_estimated=False
    )
    assert calendar.add_working_days(date(2026, 12, 30), 2) == Deadline(date(2027, 1, 1), is_estimated=True)
    assert WorkingCalendar(()).add_working_days(date(2026, 9, 30), 1) == Deadline(
        date(2026, 10, 1), is_estimated=True
    )


def test_estimate_is_said_when_only_days_on_the_way_are_unknown() -> None:
    (known,) = [year for year in YEARS if year.year == 2026]
    calendar = WorkingCalendar((known,))
    assert calendar.add_working_days(date(2025, 12, 30), 3).is_estimated
    assert not calendar.add_working_days(date(2025, 12, 31), 3).is_estimated


def test_verdict_does_not_depend_on_the_installed_package(monkeypatch: pytest.MonkeyPatch) -> None:
    tables = [decode(encode(year), HolidayYear) for year in YEARS]
    before = WorkingCalendar(tuple(tables)).add_working_days(date(2026, 9, 30), 10)
    monkeypatch.setattr(chinese_calendar, "is_workday", lambda day: True)
    assert WorkingCalendar(tuple(tables)).add_working_days(date(2026, 9, 30), 10) == before
    assert announced_holidays(2026) not in tables, "the package itself was changed"


def test_longest_term_ends() -> None:
    weekdays = [date(2026, 1, 1) + timedelta(days=number) for number in range(365)]
    off = tuple(day.isoformat() for day in weekdays if day.weekday() < 5)[:DAYS_OFF_MAX]
    calendar = WorkingCalendar((HolidayYear(2026, off, ()),))
    assert calendar.add_working_days(date(2026, 1, 1), WORKING_DAYS_MAX).day.year < 2031


WRONG: list[tuple[str, tuple[Any, ...]]] = [
    ("twice", (HolidayYear(2026, (), ()), HolidayYear(2026, (), ()))),
    ("another year", (HolidayYear(2026, ("2025-10-01",), ()),)),
    ("without being listed", (HolidayYear(2026, ("2026-10-03",), ()),)),
    ("without being listed", (HolidayYear(2026, (), ("2026-10-01",)),)),
    ("rising order", (HolidayYear(2026, ("2026-10-02", "2026-10-01"), ()),)),
    ("rising order", (HolidayYear(2026, ("2026-10-01", "2026-10-01"), ()),)),
    ("expected a day", (HolidayYear(2026, ("20261001",), ()),)),
    ("expected a day", (HolidayYear(2026, ("2026-02-30",), ()),)),
    ("at most", (HolidayYear(2026, ("2026-10-01",) * (DAYS_OFF_MAX + 1), ()),)),
]


@pytest.mark.parametrize(("problem", "years"), WRONG)
def test_table_that_cannot_be_is_refused(problem: str, years: tuple[HolidayYear, ...]) -> None:
    with pytest.raises(InvalidInput, match=problem):
        WorkingCalendar(years)
