"""Working days as the State Council's notices have them, compared with a library that knows them too."""

from __future__ import annotations

from datetime import date, datetime, timedelta, timezone

import chinese_calendar
import pytest

from govchain.ledger.workdays import deadline_ms, is_workday

CHINA = timezone(timedelta(hours=8))


@pytest.mark.parametrize("year", [2025, 2026])
def test_table_agrees_with_the_library(year: int) -> None:
    days = [date(year, 1, 1) + timedelta(days=each) for each in range(365)]
    assert [day for day in days if is_workday(day) != chinese_calendar.is_workday(day)] == []


def test_year_without_a_notice_counts_weekdays() -> None:
    week = [date(2030, 9, 30) + timedelta(days=each) for each in range(7)]
    assert [is_workday(day) for day in week] == [True] * 5 + [False] * 2


def moment(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=CHINA).timestamp() * 1000)


@pytest.mark.parametrize(
    ("begins", "workdays", "ends"),
    [
        ("2026-11-02T09:00:00", 1, "2026-11-04T00:00:00"),
        ("2026-11-02T00:00:00", 5, "2026-11-10T00:00:00"),
        ("2026-11-02T23:59:59", 5, "2026-11-10T00:00:00"),
        # The week off in October, with the Saturday after it worked.
        ("2026-09-30T12:00:00", 3, "2026-10-11T00:00:00"),
    ],
)
def test_deadline_is_the_end_of_the_last_working_day(begins: str, workdays: int, ends: str) -> None:
    assert deadline_ms(moment(begins), workdays) == moment(ends)
