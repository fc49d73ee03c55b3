"""Amounts of money: decimal strings as exact cents, and back.

Integers only. A decimal type would do, but its precision is a setting of the thread, and every validator must
get the same answer. What amounts must add up to is a rule of each kind of record.
"""

from __future__ import annotations

import re
from typing import Final

CENTS_MAX: Final = 10**17 - 1
"""The largest amount that can be written, also below zero; what is computed may be larger."""

_AMOUNT: Final = re.compile(r"-?(0|[1-9][0-9]{0,14})(\.[0-9]{1,2})?")


def parse_cents(text: str) -> int:
    """Cents of an amount such as `1130.50`. Raises ValueError."""
    if not _AMOUNT.fullmatch(text):
        raise ValueError("expected a decimal amount with at most two decimals and fifteen digits before them")
    whole, _, part = text.lstrip("-").partition(".")
    cents = int(whole) * 100 + int(part.ljust(2, "0") or "0")
    return -cents if text.startswith("-") else cents


def format_cents(cents: int) -> str:
    """An amount with two decimals."""
    sign = "-" if cents < 0 else ""
    return f"{sign}{abs(cents) // 100}.{abs(cents) % 100:02d}"


def round_half_up(value: int, divisor: int) -> int:
    """Nearest whole number of value / divisor, halves away from zero. Expects divisor >= 1."""
    assert divisor >= 1
    rounded = (2 * abs(value) + divisor) // (2 * divisor)
    return rounded if value >= 0 else -rounded
