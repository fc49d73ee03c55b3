"""Faulty links of a rehearsal: frames that are lost, late, doubled or overtaken on their way to a peer.

A network has none of this unless its validator's configuration names a rehearsal folder. Each direction of a
link belongs to its sender, so nothing is done to what arrives. Frames are opaque, and who decides what is
faulty is not decided here.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import Final

from govchain.model.link_fault import NO_FAULT, REORDER_MS, LinkFault

LATE_FRAMES_MAX: Final = 65_536
"""Frames that wait for their time; more are lost, as on a real line that is slow and full."""
MS_PER_S: Final = 1000
APART_S: Final = 1e-6
"""Between two late frames of a link: timers that are due at one time fire in no order."""


class FaultyLinks:
    """Decides for every frame that one validator sends whether, when and how often it leaves.

    Args:
        chance: Numbers in [0, 1).

    Attributes:
        by_peer: What is wrong with the link to each peer; nothing for those that are not named.
        lost: Frames that did not leave.
    """

    def __init__(self, chance: Callable[[], float]) -> None:
        self.by_peer: Mapping[str, LinkFault] = {}
        self.lost = 0
        self._chance = chance
        self._late = 0
        self._in_order: dict[str, int] = {}
        self._last_due_s: dict[str, float] = {}

    def carry(self, peer: str, deliver: Callable[[], None]) -> None:
        """Let one frame to a peer pass now, later, twice or never."""
        fault = self.by_peer.get(peer, NO_FAULT)
        if self._hits(fault.loss) or self._late >= LATE_FRAMES_MAX:
            self.lost += 1
            return
        for _ in range(2 if self._hits(fault.duplicate) else 1):
            self._deliver(peer, fault, deliver)

    def _deliver(self, peer: str, fault: LinkFault, deliver: Callable[[], None]) -> None:
        now_s = asyncio.get_running_loop().time()
        due_s = now_s + (fault.delay_ms + fault.jitter_ms * self._chance()) / MS_PER_S
        if self._hits(fault.reorder):
            self._wait(due_s + REORDER_MS * self._chance() / MS_PER_S, deliver)
            return
        if self._in_order.get(peer):
            # A stream keeps its order, also when a delay ends: nothing overtakes what is still on its way.
            due_s = max(due_s, self._last_due_s[peer] + APART_S)
        elif due_s <= now_s:
            deliver()
            return
        self._in_order[peer] = self._in_order.get(peer, 0) + 1
        self._last_due_s[peer] = due_s

        def arrive() -> None:
            self._in_order[peer] -= 1
            deliver()

        self._wait(due_s, arrive)

    def _wait(self, due_s: float, deliver: Callable[[], None]) -> None:
        def arrive() -> None:
            self._late -= 1
            deliver()

        self._late += 1
        asyncio.get_running_loop().call_at(due_s, arrive)

    def _hits(self, percent: int) -> bool:
        return percent > 0 and self._chance() * 100 < percent
