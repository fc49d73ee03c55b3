"""Chance of one seed: every purpose has a stream of its own, so one more draw moves no other.

Draws and nothing else; what is drawn is decided in `draw` and `draw_faults`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TypeVar

from govchain.crypto import suite
from govchain.sim.network import seeded_stream

T = TypeVar("T")


class Dice:
    """All draws of one seed."""

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._suite = suite()
        self._streams: dict[str, Iterator[int]] = {}

    def below(self, purpose: str, limit: int) -> int:
        """A number from 0 on, below a limit."""
        if purpose not in self._streams:
            self._streams[purpose] = seeded_stream(self._suite, self._seed, f"swarm:{purpose}")
        return next(self._streams[purpose]) % limit

    def between(self, purpose: str, least: int, most: int) -> int:
        """A number of a range, both ends included."""
        return least + self.below(purpose, most - least + 1)

    def chance(self, purpose: str, percent: int) -> bool:
        """True in so many of a hundred cases."""
        return self.below(purpose, 100) < percent

    def among(self, purpose: str, values: Sequence[T]) -> T:
        """One of some values."""
        return values[self.below(purpose, len(values))]

    def some(self, purpose: str, values: Sequence[T], count: int) -> list[T]:
        """So many different ones, in their order."""
        left = list(range(len(values)))
        chosen = [left.pop(self.below(purpose, len(left))) for _ in range(min(count, len(left)))]
        return [values[index] for index in sorted(chosen)]
