"""What a validator's work costs in time, and that it does one thing at a time.

Costs are charged where the work is done: by a suite for signatures and hashes, by the disk for syncs, by the
driver for records. With no costs, everything takes no time and nothing ever waits.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Final, Generic, TypeVar

Work = TypeVar("Work")
Effect = Callable[[], None]
"""What a turn does to the world outside of its validator."""

WAITING_MAX: Final = 20_000
"""Frames and alarms that wait for one processor; more are lost, as full buffers lose them."""
_KIB: Final = 1024


@dataclass(frozen=True, slots=True)
class Costs:
    """Nanoseconds of one processor for one piece of work."""

    verify_ns: int = 0
    sign_ns: int = 0
    apply_ns: int = 0
    """Of one transaction of a block that is executed."""
    block_ns: int = 0
    """Of a block that is executed, whatever is in it."""
    hash_kib_ns: int = 0
    sync_ns: int = 0
    """Of one synced write: what the disk takes, while the validator waits and its core is free."""
    sync_work_ns: int = 0
    """Of one synced write: what the processor does for it."""
    sync_waits: int = 1
    """How often a validator gives up its core in one synced write: for data, journal and disk."""
    start_ns: int = 0
    """From when a validator's process is started to when it takes part, of its processor."""
    message_ns: int = 0
    """Of one frame at either end: what one turn tells one peer, on its way through event loop and socket."""
    request_ns: int = 0
    """Of one request of a client, at the validator: half of it to read it, half to answer."""
    client_ns: int = 0
    """Of one request, at the client: half of it to ask, half to read the answer."""
    client_turn_ns: int = 0
    """Of waking up the clients for whatever waits."""
    shared_cores: int = 0
    """Cores of the one machine on which all validators and their clients run; 0: each has a processor."""

    def hash_ns(self, size_bytes: int) -> int:
        """Of hashing so many bytes."""
        return self.hash_kib_ns * size_bytes // _KIB

    @property
    def are_none(self) -> bool:
        """Whether nothing costs anything."""
        return replace(self, shared_cores=0, sync_waits=1) == NO_COSTS


NO_COSTS: Final = Costs()


@dataclass(slots=True)
class Round:
    """What one turn is made of, in this order. One is under way; blocks that it executes begin others.

    Attributes:
        execution_ns: The block with whose execution it begins, which is then synced by itself; None without.
        waits_left: How often it still gives up its core in the sync under way.
        heard: How much of what waits it handles: what was there before the execution; None: all.
        looks: How often it has taken in what came while it answered requests.
        early: What becomes visible as the turn handles what waits.
        work_ns: Work that was done for it when it had no core.
        is_handled: What waited has been handled.
        disks: Those that wait to be synced, each once.
        late: What leaves when all is durable, at the end of the turn.
    """

    execution_ns: int | None = None
    waits_left: int = 0
    heard: int | None = None
    looks: int = 0
    early: deque[Effect] = field(default_factory=deque)
    work_ns: int = 0
    is_handled: bool = False
    disks: deque[str] = field(default_factory=deque)
    late: deque[Effect] = field(default_factory=deque)

    @property
    def is_begun(self) -> bool:
        """Whether there is anything of it yet."""
        return self != _NO_ROUND


_NO_ROUND: Final = Round()


class Cpu(Generic[Work]):
    """One process with its queue: first come, first served (rule of ADR 0009: one task does everything).

    What waits when it gets a core is one turn, as in `govchain.node.owner`: all of it is handled, then each
    disk is synced once, then what was said leaves, one frame to a peer of each kind; then a block is
    executed, and what comes of that is handled in the next turn.

    Attributes:
        free_ns: Until then it is on a core; while it works, its own time.
        waiting: What came while it was busy.
        lost: What found no room in `waiting`.
        is_called: It has a core, or somebody will call when it can have one.
        is_running: It is on a core at this moment.
        rounds: The turn under way, and those that executed blocks have begun.
        runs: How often it went on with a turn.
        is_at_disk: It gave up its core to wait for a disk.
        is_woken: It slept until it went on; nothing was left to do before.
        wakes: How often clients were woken up.
        turns: Turns so far; the last one may still run.
        busy_ns: How long it worked so far, in earlier lives too.
        frames: Frames that it sent and received so far, when anything costs.
        request_ends: Questions and answers of clients that it read or wrote so far.
    """

    __slots__ = (
        *("_depth", "_heard", "_is_block_unsynced", "_told", "busy_ns", "frames", "free_ns", "is_called"),
        *("is_at_disk", "is_running", "is_woken", "lost", "request_ends", "rounds", "runs", "turns"),
        *("waiting", "wakes"),
    )

    def __init__(self) -> None:
        self.free_ns = 0
        self.waiting: deque[Work] = deque()
        self.lost = 0
        self.is_called = False
        self.is_running = False
        self.rounds: deque[Round] = deque([Round()])
        self.runs = 0
        self.is_at_disk = False
        self.is_woken = True
        self.wakes = 0
        self.turns = 0
        self.busy_ns = 0
        self.frames = 0
        self.request_ends = 0
        self._depth = 0
        self._is_block_unsynced = False
        self._told: dict[tuple[int, str], int] = {}
        self._heard: dict[tuple[int, str], int] = {}

    @property
    def has_work(self) -> bool:
        """Whether it has a use for a core."""
        return bool(self.waiting) or self.rounds[0].is_begun

    def begin_work(self) -> None:
        """Turn to the next piece of work; what it does is part of the turn under way."""
        self._depth = 0

    def spend(self, cost_ns: int) -> None:
        """Work that long, now or in the turn that what is done belongs to."""
        self.busy_ns += cost_ns
        if self.is_running and self._depth == 0:
            self.free_ns += cost_ns
        else:
            self.rounds[self._depth].work_ns += cost_ns

    def execute(self, cost_ns: int) -> None:
        """Execute a block behind the turns that there are: what comes of it is a turn of its own."""
        self.busy_ns += cost_ns
        self.rounds.append(Round(execution_ns=cost_ns))
        self._depth = len(self.rounds) - 1
        self._is_block_unsynced = True

    def sync(self, disk: str) -> None:
        """Wait for a disk at the end of the turn; what it writes in this turn shares a sync."""
        disks = self.rounds[self._depth].disks
        if self._is_block_unsynced:
            self._is_block_unsynced = False  # Synced by itself, as part of the execution.
        elif disk not in disks:
            disks.append(disk)

    def show(self, effect: Effect) -> None:
        """Let something become visible as soon as what comes before it in its turn is done."""
        turn = self.rounds[self._depth]
        if turn.disks:
            turn.late.append(effect)
        elif self.is_running and self._depth == 0:
            effect()
        else:
            turn.early.append(effect)

    def send(self, effect: Effect) -> None:
        """Let something leave at the end of its turn."""
        self.rounds[self._depth].late.append(effect)

    def end_turn(self) -> Round:
        """Turn to what was executed, or to nothing."""
        self.rounds.popleft()
        if not self.rounds:
            self.rounds.append(Round())
        return self.rounds[0]

    def tell(self, peer: int, kind: str, cost_ns: int) -> None:
        """Work so long to tell a peer something, unless it is told in a frame of this turn."""
        if self._told.get((peer, kind)) != self.turns:
            self._told[peer, kind] = self.turns
            self._handle_frame(cost_ns)

    def hear(self, peer: int, kind: str, turn: int, cost_ns: int) -> None:
        """Work so long to hear what a peer told in that turn of its, unless the frame came already."""
        if self._heard.get((peer, kind)) != turn:
            self._heard[peer, kind] = turn
            self._handle_frame(cost_ns)

    def _handle_frame(self, cost_ns: int) -> None:
        self.frames += 1
        self.spend(cost_ns)

    def put(self, work: Work) -> bool:
        """Queue a piece of work, if there is room."""
        if len(self.waiting) >= WAITING_MAX:
            self.lost += 1
            return False
        self.waiting.append(work)
        return True
