"""Comparisons that expectations are written in: `>= 10`, `== 3`, `7`. Text in, judgement out."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

_OPERATORS: Final[dict[str, Callable[[int, int], bool]]] = {
    ">=": operator.ge,
    "<=": operator.le,
    "==": operator.eq,
    ">": operator.gt,
    "<": operator.lt,
}
_COMPARISON: Final = re.compile(r"\s*(>=|<=|==|>|<)?\s*([0-9]{1,15})\s*", re.ASCII)


@dataclass(frozen=True, slots=True)
class Comparison:
    """An operator and the number on its right."""

    sign: str
    number: int

    def holds(self, measured: int) -> bool:
        return _OPERATORS[self.sign](measured, self.number)

    def __str__(self) -> str:
        return f"{self.sign} {self.number}"


def parse_comparison(text: str) -> Comparison | None:
    """The comparison in a text; a bare number means equality; None when it is none."""
    matched = _COMPARISON.fullmatch(text)
    return None if matched is None else Comparison(matched[1] or "==", int(matched[2]))
