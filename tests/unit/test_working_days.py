"""Terms in working days: the chain's own table, and estimates that say so (rule D5)."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from govchain.analysis import Term, add_working_days
from govchain.analysis.terms import WORKING_DAYS_MAX
from govchain.ledger.workdays import deadline_ms

CHINA = timezone(timedelta(hours=8))


@given(st.dates(date(2025, 1, 1), date(2026, 6, 30)), st.integers(1, 60))
def test_D5_last_day_is_the_one_that_the_ledger_counts_to(start: date, working_days: int) -> None:
    noon = datetime.combine(start, time(12), CHINA)
    end = datetime.fromtimestamp(deadline_ms(int(noon.timestamp() * 1000), working_days) / 1000, UTC)
    last_day = (end.astimezone(CHINA) - timedelta(days=1)).date()
    assert add_working_days(start, working_days) == Term(last_day, is_estimated=False)


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
def test_D5_terms_at_both_sides_of_a_holiday(start: date, working_days: int, end: date) -> None:
    assert add_working_days(start, working_days) == Term(end, is_estimated=False)


def test_D5_year_without_a_table_has_weekends_and_says_that_it_is_an_estimate() -> None:
    assert add_working_days(date(2099, 9, 30), 1) == Term(date(2099, 10, 1), is_estimated=True)
    assert add_working_days(date(2024, 12, 30), 3).is_estimated, "a day on the way is not in the table"
    assert not add_working_days(date(2024, 12, 31), 3).is_estimated


def test_D5_longest_term_ends() -> None:
    assert add_working_days(date(2026, 1, 1), WORKING_DAYS_MAX).day.year == 2029
