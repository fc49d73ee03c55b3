"""Terms in working days as an office is told them: the last day, and whether it is an estimate (rule D5).

The table is the chain's own, `govchain.ledger.workdays`; there is no second one. A year that it does not have
counts Monday to Friday, which the answer says: a plan may change when the holidays are announced.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from govchain.ledger.workdays import HOLIDAYS, is_workday

WORKING_DAYS_MAX: Final = 1000

_YEARS_KNOWN: Final = frozenset(day[:4] for day in HOLIDAYS)


@dataclass(frozen=True, slots=True)
class Term:
    """The last day of a term."""

    day: date
    is_estimated: bool
    """True when some day up to it lies in a year whose holidays the table does not have."""


def add_working_days(start: date, working_days: int) -> Term:
    """The day on which a term of working days ends; the day of the start does not count.

    Expects 1 <= working_days <= WORKING_DAYS_MAX.
    """
    assert 1 <= working_days <= WORKING_DAYS_MAX
    day, is_estimated, days_left = start, False, working_days
    while days_left:
        day += timedelta(days=1)
        is_estimated |= f"{day.year:04d}" not in _YEARS_KNOWN
        days_left -= is_workday(day)
    return Term(day, is_estimated)
