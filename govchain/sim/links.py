"""Faulty links of the simulated network: frames lost, late, doubled or overtaken, drawn from the seed.

One generator a purpose, so that a kind of fault never disturbs the draws of another. Frames are not seen.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from govchain.crypto import Suite
from govchain.model.link_fault import NO_FAULT, REORDER_MS, LinkFault
from govchain.sim.network import seeded_stream

NS_PER_MS: Final = 1_000_000


class Links:
    """When each frame arrives, if it does.

    Attributes:
        faults: What is wrong with a link, by (source, target); nothing for those that are not named.
    """

    def __init__(self, suite: Suite, seed: int) -> None:
        self.faults: Mapping[tuple[int, int], LinkFault] = {}
        self._draws: dict[str, Iterator[int]] = {
            purpose: seeded_stream(suite, seed, f"links:{purpose}")
            for purpose in ("loss", "duplicate", "reorder", "jitter", "late")
        }
        self._last_ns: dict[tuple[int, int], int] = {}

    @property
    def is_sound(self) -> bool:
        """Nothing is wrong with any link, and nothing was: every frame arrives once, when it is due."""
        return not self.faults and not self._last_ns

    def arrivals(self, source: int, target: int, due_ns: int) -> list[int]:
        """Times at which a frame that is due at `due_ns` arrives: none, one or two."""
        fault = self.faults.get((source, target), NO_FAULT)
        if fault is NO_FAULT and (source, target) not in self._last_ns:
            return [due_ns]
        if self._hits("loss", fault.loss):
            return []
        copies = 2 if self._hits("duplicate", fault.duplicate) else 1
        return [self._arrival((source, target), fault, due_ns) for _ in range(copies)]

    def _arrival(self, link: tuple[int, int], fault: LinkFault, due_ns: int) -> int:
        due_ns = max(due_ns, fault.held_until_ms * NS_PER_MS)
        due_ns += fault.delay_ms * NS_PER_MS + self._draw("jitter", fault.jitter_ms * NS_PER_MS)
        if self._hits("reorder", fault.reorder):
            return due_ns + self._draw("late", REORDER_MS * NS_PER_MS)
        # A stream keeps its order, also when a delay ends: nothing overtakes what is still on its way.
        due_ns = max(due_ns, self._last_ns.get(link, 0))
        self._last_ns[link] = due_ns
        return due_ns

    def _hits(self, purpose: str, percent: int) -> bool:
        return percent > 0 and self._draw(purpose, 100) < percent

    def _draw(self, purpose: str, below: int) -> int:
        return next(self._draws[purpose]) % below if below > 0 else 0
