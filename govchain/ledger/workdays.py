"""Working days in China, and deadlines that count them.

A verdict of the chain depends on this table, so it is part of the program and not of a library whose next
version knows more: every validator must count alike. A test compares it with one. Years without a notice of
the State Council count Monday to Friday; adding a year is a change of the rules.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone
from typing import Final

_CHINA: Final = timezone(timedelta(hours=8))
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND: Final = timedelta(milliseconds=1)


def _days(text: str) -> frozenset[str]:
    return frozenset(text.split())


HOLIDAYS: Final = _days(
    "2025-01-01 2025-01-28 2025-01-29 2025-01-30 2025-01-31 2025-02-03 2025-02-04 2025-04-04 2025-05-01 "
    "2025-05-02 2025-05-05 2025-06-02 2025-10-01 2025-10-02 2025-10-03 2025-10-06 2025-10-07 2025-10-08 "
    "2026-01-01 2026-01-02 2026-02-16 2026-02-17 2026-02-18 2026-02-19 2026-02-20 2026-02-23 2026-04-06 "
    "2026-05-01 2026-05-04 2026-05-05 2026-06-19 2026-09-25 2026-10-01 2026-10-02 2026-10-05 2026-10-06 "
    "2026-10-07"
)
"""Days from Monday to Friday that are off (holiday notices of the State Council for 2025 and 2026)."""
SHIFTED: Final = _days(
    "2025-01-26 2025-02-08 2025-04-27 2025-09-28 2025-10-11 2026-01-04 2026-02-14 2026-02-28 2026-05-09 "
    "2026-09-20 2026-10-10"
)
"""Saturdays and Sundays that are worked instead (same notices)."""


def is_workday(day: date) -> bool:
    """Whether offices work on that day."""
    text = day.isoformat()
    return text in SHIFTED or (day.weekday() < 5 and text not in HOLIDAYS)


def deadline_ms(from_ms: int, workdays: int) -> int:
    """End of the last of so many working days; the day of `from_ms` itself does not count (China time).

    Whatever happens at this millisecond or later is after the deadline. Expects workdays >= 1.
    """
    assert workdays >= 1
    day = (_EPOCH + from_ms * _MILLISECOND).astimezone(_CHINA).date()
    while workdays:
        day += timedelta(days=1)
        workdays -= is_workday(day)
    midnight = datetime(day.year, day.month, day.day, tzinfo=_CHINA) + timedelta(days=1)
    return (midnight - _EPOCH) // _MILLISECOND
