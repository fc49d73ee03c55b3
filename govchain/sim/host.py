"""A machine whose cores several processes share: who has to wait for one, and who is next.

Each core has a queue of its own, and a process comes back to the core on which it ran last, as kernels do it
for the sake of caches: it waits there even when another core is idle. At each tick of the kernel an idle core
takes over a process that waits elsewhere. What a process does with its core is not known here.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import Final

TICK_NS: Final = 4_000_000
"""From one look at other cores' queues to the next: the tick of common kernels, 250 a second."""
SLICE_NS: Final = 3_000_000
"""How long a kernel lets a process run that has more to do while others wait for its core."""

Claim = tuple[int, int]
"""A process, and which life of it wants a core."""


@dataclass(slots=True)
class Core:
    """One core.

    Attributes:
        process: Who has it, or had it last.
        since_ns: When that one came.
        free_ns: When it leaves, if it has nothing more to do.
        waiting: Who wants it, in the order in which they came.
        is_called: It is in the calendar when it gets free.
    """

    process: int | None = None
    since_ns: int = 0
    free_ns: int = 0
    waiting: deque[Claim] = field(default_factory=deque)
    is_called: bool = False

    def is_idle(self, now_ns: int) -> bool:
        """Nobody has it, and nobody waits for it."""
        return self.free_ns <= now_ns and not self.waiting

    def is_kept(self, process: int, now_ns: int) -> bool:
        """The process that has just got so far may go on at once, since it has not had the core for long."""
        return self.process == process and self.free_ns == now_ns and now_ns - self.since_ns < SLICE_NS


class Host:
    """So many cores.

    Attributes:
        cores: All of them.
        is_watched: Somebody waits, so that the next tick is in the calendar.
    """

    def __init__(self, cores: int) -> None:
        assert cores > 0
        self.cores = [Core() for _ in range(cores)]
        self.is_watched = False
        self._disk_free_ns = 0
        self._homes: dict[int, int] = {}

    def home(self, process: int) -> int:
        """The core on which a process ran last; at first they are dealt out in turn."""
        return self._homes.setdefault(process, process % len(self.cores))

    def occupy(self, core: int, process: int, now_ns: int, work_ns: int) -> None:
        """Let a process have a core, which is its home from now on."""
        taken = self.cores[core]
        assert taken.free_ns <= now_ns, "a core is free"
        self._homes[process] = core
        if not taken.is_kept(process, now_ns):
            taken.process, taken.since_ns = process, now_ns
        taken.free_ns = now_ns + work_ns

    def use_disk(self, began_ns: int, length_ns: int) -> int:
        """Let a process sync that has begun then, after all that came before; how long that makes it wait.

        Journals of file systems serve one sync after the other, from its first write to its last.
        """
        wait_ns = max(0, self._disk_free_ns - began_ns)
        self._disk_free_ns = began_ns + wait_ns + length_ns
        return wait_ns

    def next_tick_ns(self, now_ns: int) -> int:
        """When idle cores look around next."""
        return (now_ns // TICK_NS + 1) * TICK_NS

    def even_out(self, now_ns: int) -> list[int]:
        """Let idle cores take over who waits longest in the longest queues; the cores that did."""
        idle = [number for number, core in enumerate(self.cores) if core.is_idle(now_ns)]
        busy = [core for number, core in enumerate(self.cores) if number not in idle]
        taken = []
        for number in idle:
            longest = max(busy, key=lambda each: len(each.waiting), default=None)
            if longest is not None and longest.waiting:
                self.cores[number].waiting.append(longest.waiting.popleft())
                taken.append(number)
        return taken
