"""What is wrong with one direction of one link between validators, for rehearsals.

A value that simulator, transport and scenarios share. Nothing is drawn, delayed or lost here.
"""

from __future__ import annotations

from typing import Annotated

import msgspec

Percent = Annotated[int, msgspec.Meta(ge=0, le=100)]
Milliseconds = Annotated[int, msgspec.Meta(ge=0, le=3_600_000)]


class LinkFault(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One direction of one link. The unit is the whole frame: what is lost is lost entirely."""

    loss: Percent = 0
    """Of frames that vanish; 100 is a cut."""
    delay_ms: Milliseconds = 0
    """Added to every frame; order is kept, as on a stream."""
    jitter_ms: Milliseconds = 0
    """Up to that much is added to every frame; order is kept."""
    held_until_ms: Milliseconds = 0
    """Frames arrive no sooner than that long after the run began; order is kept. The simulator only."""
    duplicate: Percent = 0
    """Of frames that arrive twice."""
    reorder: Percent = 0
    """Of frames that others overtake: they come up to `REORDER_MS` later."""

    def with_(self, other: LinkFault) -> LinkFault:
        """Both faults at once on one link: the worse loss of the two, all delays."""
        return LinkFault(
            loss=max(self.loss, other.loss),
            delay_ms=self.delay_ms + other.delay_ms,
            jitter_ms=self.jitter_ms + other.jitter_ms,
            held_until_ms=max(self.held_until_ms, other.held_until_ms),
            duplicate=max(self.duplicate, other.duplicate),
            reorder=max(self.reorder, other.reorder),
        )


NO_FAULT = LinkFault()
CUT = LinkFault(loss=100)
REORDER_MS = 100
"""How much later a frame that others overtake may come."""
