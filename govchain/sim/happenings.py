"""What waits on the heap of the simulated world for its time to come: values, and nothing that acts."""

from __future__ import annotations

import msgspec

from govchain.consensus import TimerKind
from govchain.sim.network import Frame


class Arrival(msgspec.Struct, frozen=True):
    """A frame reaches those that it was sent to at one time."""

    source: int
    frame: Frame
    digest: bytes
    """Of a signed message, for the trace; empty for other frames and when nothing is traced."""


class Alarm(msgspec.Struct, frozen=True):
    """A timer is due, unless it was set anew or cancelled since."""

    kind: TimerKind
    generation: int
    life: int
    """Which life of the validator armed it: a restart forgets the timers of the one before."""
