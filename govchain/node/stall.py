"""Is this validator stuck? Something waits, and for long no height has moved.

What it waits for is told by `govchain.consensus`; who is told about it is the housekeeping's work.
"""

from __future__ import annotations

from typing import Final

VIEW_TIMEOUTS: Final = 2
"""One for the primary that fails, one for the view change that replaces it."""
LINE_EVERY_S: Final = 10.0
"""A validator that stays stuck says so this often."""


class StallWatch:
    """Judges what it is shown now and then. Times are seconds of a monotonic clock.

    Args:
        view_timeout_ms: Of the chain.

    Attributes:
        is_stalled: As of the last look.
    """

    def __init__(self, view_timeout_ms: int) -> None:
        self._patience_s = VIEW_TIMEOUTS * view_timeout_ms / 1000
        self._heights = (0, 0)
        self._since_s: float | None = None
        self._told_s: float | None = None
        self.is_stalled = False

    def look(self, now_s: float, heights: tuple[int, int], line: str) -> bool:
        """Whether to tell the line now: stuck, and not told for a while.

        Args:
            heights: Executed and final.
            line: What the next height waits for; empty when nothing waits.
        """
        if heights != self._heights or not line:
            self._heights, self._since_s, self._told_s = heights, None, None
        if line and self._since_s is None:
            self._since_s = now_s
        self.is_stalled = self._since_s is not None and now_s - self._since_s > self._patience_s
        if not self.is_stalled or (self._told_s is not None and now_s - self._told_s < LINE_EVERY_S):
            return False
        self._told_s = now_s
        return True
