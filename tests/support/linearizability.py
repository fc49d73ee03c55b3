"""Is a history of one register linearizable? Wing and Gong's search with Lowe's memory of what was tried.

An operation takes effect at one moment between its beginning and its end. One whose outcome nobody knows may
take effect at any moment after its beginning, or never. `is_linearizable_naively` is the obviously right twin
for small histories.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from itertools import combinations, permutations
from typing import Final

STATES_MAX: Final = 2_000_000
"""Search states after which a history is too hard; far more than any test has."""


@dataclass(frozen=True, slots=True)
class Operation:
    """One call of a client. Moments are numbers that only grow; no two are equal."""

    is_write: bool
    value: Hashable
    """Written, or read; None is a register that was never written."""
    began: int
    ended: int | None
    """None: the outcome is unknown."""


def write(value: Hashable, began: int, ended: int | None) -> Operation:
    return Operation(True, value, began, ended)


def read(value: Hashable, began: int, ended: int) -> Operation:
    return Operation(False, value, began, ended)


def is_linearizable(history: Sequence[Operation], initial: Hashable = None) -> bool:
    """Whether there is one order of the operations that explains every read and contradicts no clock."""
    operations = sorted(_relevant(history), key=lambda each: each.began)
    definite = sum(1 << index for index, each in enumerate(operations) if each.ended is not None)
    start = (0, initial)
    tried, stack = {start}, [start]
    while stack:
        done, value = stack.pop()
        if done & definite == definite:
            return True
        for index in _next(operations, done):
            each = operations[index]
            if not each.is_write and each.value != value:
                continue
            state = (done | 1 << index, each.value)
            if state not in tried:
                tried.add(state)
                stack.append(state)
        assert len(tried) < STATES_MAX, "the history is too hard to judge"
    return False


def is_linearizable_naively(history: Sequence[Operation], initial: Hashable = None) -> bool:
    """The same by trying every order of every choice of unknown operations."""
    known = [each for each in _relevant(history) if each.ended is not None]
    unknown = [each for each in _relevant(history) if each.ended is None]
    return any(
        _explains(order, initial)
        for size in range(len(unknown) + 1)
        for chosen in combinations(unknown, size)
        for order in permutations([*known, *chosen])
    )


def _relevant(history: Sequence[Operation]) -> list[Operation]:
    """Without reads that nobody got an answer from: they say nothing."""
    return [each for each in history if each.is_write or each.ended is not None]


def _next(operations: Sequence[Operation], done: int) -> list[int]:
    """Operations that may be the next: none that is left ended before they began."""
    found: list[int] = []
    ends = None
    for index, each in enumerate(operations):
        if done >> index & 1:
            continue
        if ends is not None and each.began > ends:
            # Sorted by beginning: all that follow began later still.
            break
        found.append(index)
        if each.ended is not None:
            ends = each.ended if ends is None else min(ends, each.ended)
    return found


def _explains(order: Sequence[Operation], value: Hashable) -> bool:
    for index, each in enumerate(order):
        if any(later.ended is not None and later.ended < each.began for later in order[index + 1 :]):
            return False
        if each.is_write:
            value = each.value
        elif each.value != value:
            return False
    return True
