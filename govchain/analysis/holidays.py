"""Holidays as they were announced, for whoever publishes the table of a year.

The package `chinesecalendar` is asked here and nowhere else; what it says becomes data. It knows no year
before its announcement.
"""

from __future__ import annotations

from datetime import date, timedelta

import chinese_calendar

from govchain.model.working_days import HolidayYear


def announced_holidays(year: int) -> HolidayYear | None:
    """Table of a year; None when the installed package does not know it."""
    day = date(year, 1, 1)
    days_off: list[str] = []
    days_worked: list[str] = []
    while day.year == year:
        try:
            is_worked = bool(chinese_calendar.is_workday(day))
        except NotImplementedError:
            return None
        if is_worked != (day.weekday() < 5):
            (days_worked if is_worked else days_off).append(day.isoformat())
        day += timedelta(days=1)
    return HolidayYear(year, tuple(days_off), tuple(days_worked))
