"""Comparisons that expectations and triggers are written in: `>= 10`, `view >= 2`, `<= 2.5 view timeouts`,
`within 10% of 1200`.

Text in, judgement out; nothing is measured here.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from govchain.config.units import UNITS, DurationNs, parse_quantity

_OPERATORS: Final[dict[str, Callable[[float, float], bool]]] = {
    ">=": operator.ge,
    "<=": operator.le,
    "==": operator.eq,
    ">": operator.gt,
    "<": operator.lt,
}
_COMPARISON: Final = re.compile(r"\s*(>=|<=|==|>|<)?\s*([0-9]{1,15})\s*", re.ASCII)
_NEARNESS: Final = re.compile(r"\s*within ([1-9][0-9]?)% of ([1-9][0-9]{0,14})\s*", re.ASCII)
_VIEW_TIMEOUTS: Final = re.compile(r"([0-9]{1,4}(?:\.[0-9]{1,3})?) view timeouts?", re.ASCII)
QUANTITIES: Final = ("view", "height", "finalised")
"""What a `when` may compare: what a glance at the network shows."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """An operator and the number on its right."""

    sign: str
    number: int

    def holds(self, measured: float) -> bool:
        return _OPERATORS[self.sign](measured, self.number)

    def __str__(self) -> str:
        return f"{self.sign} {self.number}"


@dataclass(frozen=True, slots=True)
class Nearness:
    """A number, and how far from it a figure may be."""

    percent: int
    number: int

    def holds(self, measured: float) -> bool:
        return abs(measured - self.number) * 100 <= self.percent * self.number

    def __str__(self) -> str:
        return f"within {self.percent}% of {self.number}"


def parse_comparison(text: str) -> Comparison | None:
    """The comparison in a text; a bare number means equality; None when it is none."""
    matched = _COMPARISON.fullmatch(text)
    return None if matched is None else Comparison(matched[1] or "==", int(matched[2]))


def parse_figure(text: str) -> Comparison | Nearness | None:
    """What a measured figure must be: a comparison, or `within 10% of 1200`; None when it is neither."""
    matched = _NEARNESS.fullmatch(text)
    return parse_comparison(text) if matched is None else Nearness(int(matched[1]), int(matched[2]))


def parse_condition(text: str) -> tuple[str, Comparison] | None:
    """A quantity and the comparison that it must fulfil, `view >= 2`; None when it is none."""
    name, _, rest = text.strip().partition(" ")
    comparison = parse_comparison(rest)
    return None if name not in QUANTITIES or comparison is None else (name, comparison)


def parse_duration_limit(text: str, view_timeout_ns: int) -> int | None:
    """Nanoseconds of `<= 5s` or `<= 2.5 view timeouts`; None when it is neither."""
    sign, _, rest = text.strip().partition(" ")
    if sign != "<=":
        return None
    timeouts = _VIEW_TIMEOUTS.fullmatch(rest.strip())
    if timeouts is not None:
        return int(Decimal(timeouts[1]) * view_timeout_ns)
    return parse_quantity(rest.strip(), UNITS[DurationNs][0])
