"""What can happen to a simulated validator. What it does then is the cluster's business."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import msgspec

from govchain.consensus import TimerKind
from govchain.sim.network import Frame
from govchain.sim.trace import Fact


class Arrival(msgspec.Struct, frozen=True, gc=False):
    """A frame is there to be handled."""

    source: int
    frame: Frame
    facts: tuple[tuple[str, Fact], ...]
    """What the trace keeps of it; empty when nothing is traced."""
    turn: int = 0
    """Turn of the sender in which it was sent."""


class Call(msgspec.Struct, frozen=True, gc=False):
    """Look whether this timer has run out."""

    kind: TimerKind


class Alarm(msgspec.Struct, frozen=True, gc=False):
    """A timer runs out."""

    kind: TimerKind
    generation: int
    life: int
    """Which life of the validator armed it: a restart forgets the timers of the one before."""


class AtPort(msgspec.Struct, frozen=True, gc=False):
    """A frame has reached the validator's network card, where it may have to queue."""

    arrival: Arrival
    size_bytes: int


class Ready(msgspec.Struct, frozen=True):
    """The validator's processor is free for what waits, or its disk is done."""

    life: int
    run: int
    """How often it had run until then; when it runs before this, nobody has to call it any more."""


class AtDisk(msgspec.Struct, frozen=True):
    """The validator has to wait for a disk of the machine that it shares."""

    ready: Ready
    """What happens then."""


class CoreFree(msgspec.Struct, frozen=True):
    """A core of the shared machine is free for whoever waits longest for it."""

    core: int


class Tick(msgspec.Struct, frozen=True):
    """Idle cores of the shared machine look for processes that wait for others."""


class Errand(msgspec.Struct, frozen=True):
    """Work of a client, or for one."""

    cost_ns: int
    ends: int
    """Questions and answers that are read or written."""
    action: Callable[[int], None]
    """Called when it is done, with the time at which it is."""


class Start(msgspec.Struct, frozen=True):
    """A validator's process is on its way up, and has so much to do before it takes part."""

    left_ns: int
    life: int


OUTSIDE: Final = -1
"""In place of a validator: clients, and the machine on which all run."""

Work = Arrival | Alarm | Errand | Start
Happening = Work | AtPort | AtDisk | Ready | CoreFree | Tick
Scheduled = Happening | Call
