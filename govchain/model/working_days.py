"""Working days 工作日: deadlines counted over a table of holidays that is data, and says where it ends.

Which days are off is announced year by year. The table comes from a record or a configuration that everybody
holds, never from an installed package: two validators with different packages would give different verdicts
(ADR 0048). For a year without a table only weekends are off, and the answer says that it is an estimate.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

import msgspec

from govchain.errors import InvalidInput

WORKING_DAYS_MAX: Final = 1000
DAYS_OFF_MAX: Final = 60
"""Weekdays off in one year; with it a deadline is found in bounded time whatever the table says."""

_DAY: Final = timedelta(days=1)
_SATURDAY: Final = 5


class HolidayYear(msgspec.Struct, frozen=True, array_like=True):
    """What differs from plain weeks in one year, as it was announced."""

    year: int
    days_off: tuple[str, ...]
    """Weekdays on which nobody works, as 2026-10-01, in rising order."""
    days_worked: tuple[str, ...]
    """Saturdays and Sundays that are worked in exchange 调休, in rising order."""


@dataclass(frozen=True, slots=True)
class Deadline:
    """The last day of a term."""

    day: date
    is_estimated: bool
    """True when some day up to it lies in a year whose holidays are not in the table."""


class WorkingCalendar:
    """Tables of some years.

    Raises:
        InvalidInput: A year twice, a day of another year, a weekend among the days off, or too many.
    """

    def __init__(self, years: tuple[HolidayYear, ...]) -> None:
        self._exceptions: dict[int, dict[date, bool]] = {}
        for year in years:
            if year.year in self._exceptions:
                raise InvalidInput(f"holidays of {year.year} are given twice")
            self._exceptions[year.year] = _read_year(year)

    def add_working_days(self, start: date, working_days: int) -> Deadline:
        """The day on which a term of working days ends; the day of the start does not count.

        Expects 1 <= working_days <= WORKING_DAYS_MAX.
        """
        assert 1 <= working_days <= WORKING_DAYS_MAX
        day, is_estimated, days_left = start, False, working_days
        while days_left:
            day += _DAY
            is_estimated |= day.year not in self._exceptions
            days_left -= self.is_working_day(day)
        return Deadline(day, is_estimated)

    def is_working_day(self, day: date) -> bool:
        """Whether people work on that day, as far as the table knows."""
        return self._exceptions.get(day.year, {}).get(day, day.weekday() < _SATURDAY)


def _read_year(year: HolidayYear) -> dict[date, bool]:
    exceptions: dict[date, bool] = {}
    for texts, is_worked in ((year.days_off, False), (year.days_worked, True)):
        if len(texts) > DAYS_OFF_MAX:
            raise InvalidInput(f"holidays of {year.year}: {len(texts)} days; at most {DAYS_OFF_MAX}")
        if list(texts) != sorted(dict.fromkeys(texts)):
            raise InvalidInput(f"holidays of {year.year}: days are repeated or not in rising order")
        for text in texts:
            day = _read_day(text)
            if day.year != year.year:
                raise InvalidInput(f"holidays of {year.year}: {text} is of another year")
            if is_worked != (day.weekday() >= _SATURDAY):
                raise InvalidInput(f"holidays of {year.year}: {text} is so without being listed")
            exceptions[day] = is_worked
    return exceptions


def _read_day(text: str) -> date:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        day = date.min
    if day.isoformat() != text:
        raise InvalidInput(f"found {text[:20]!r}; expected a day such as 2026-10-01")
    return day
