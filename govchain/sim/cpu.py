"""What a validator's work costs in time, and that it does one thing at a time.

Costs are charged where the work is done: by a suite for signatures and hashes, by the disk for syncs, by the
driver for records. With no costs, everything takes no time and nothing ever waits.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final, Generic, TypeVar

from govchain.crypto import Signer, Suite
from govchain.model.ids import Digest, KeyId

Work = TypeVar("Work")

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
    hash_kib_ns: int = 0
    sync_ns: int = 0
    """Of one synced write: what the disk takes, while the validator waits and its core is free."""
    message_ns: int = 0
    """Of one frame at either end: what one turn tells one peer, on its way through event loop and socket."""
    request_ns: int = 0
    """Of one request of a client, at the validator that answers it."""
    client_ns: int = 0
    """Of one request, at the client."""
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
        return replace(self, shared_cores=0) == NO_COSTS


NO_COSTS: Final = Costs()


class Cpu(Generic[Work]):
    """One processor with its queue: first come, first served (rule of ADR 0009: one task does everything).

    What waits when it becomes free is one turn: each disk is synced once for all of it, and what it tells a
    peer is one frame of each kind: of votes, of transactions.

    Attributes:
        free_ns: Until then it is busy; while it works, the validator's own time.
        waiting: What came while it was busy.
        lost: What found no room in `waiting`.
        turns: Turns so far; the last one may still run.
        waited_ns: How much of the last turn it spent on nothing but waiting for its disks.
        busy_ns: How long it worked so far.
        frames: Frames that it sent and received so far, when anything costs.
        requests: Requests of clients that it answered so far, or made.
    """

    __slots__ = (
        *("_heard", "_synced", "_told", "busy_ns", "frames", "free_ns", "lost"),
        *("requests", "turns", "waited_ns", "waiting"),
    )

    def __init__(self) -> None:
        self.free_ns = 0
        self.waiting: deque[Work] = deque()
        self.lost = 0
        self.turns = 0
        self.waited_ns = 0
        self.busy_ns = 0
        self.frames = 0
        self.requests = 0
        self._synced: list[str] = []
        self._told: dict[tuple[int, str], int] = {}
        self._heard: dict[tuple[int, str], int] = {}

    def begin(self, now_ns: int) -> None:
        """Turn to what waits; as long as it is busy, what comes is part of the turn that runs."""
        if self.free_ns <= now_ns:
            self.free_ns = now_ns
            self.turns += 1
            self.waited_ns = 0
            self._synced.clear()

    def spend(self, cost_ns: int) -> None:
        """Work that long on what was begun."""
        self.free_ns += cost_ns
        self.busy_ns += cost_ns

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

    def sync(self, disk: str, cost_ns: int) -> None:
        """Wait so long for a disk, unless what it wrote in this turn shares a sync."""
        if disk not in self._synced:
            self._synced.append(disk)
            self.free_ns += cost_ns
            self.waited_ns += cost_ns

    def end_writes(self) -> None:
        """What is written from here on in this turn needs a sync of its own."""
        self._synced.clear()

    def must_wait(self, now_ns: int) -> bool:
        """Whether what comes now has to queue."""
        return bool(self.waiting) or self.free_ns > now_ns

    def put(self, work: Work) -> bool:
        """Queue a piece of work; True when it is the only one, so that somebody must call at `free_ns`."""
        if len(self.waiting) >= WAITING_MAX:
            self.lost += 1
            return False
        self.waiting.append(work)
        return len(self.waiting) == 1


class CostedSuite:
    """A suite whose operations cost time. Hashes inside trees are part of the cost of a record."""

    def __init__(self, suite: Suite, costs: Costs, spend: Callable[[int], None]) -> None:
        self._suite = suite
        self._costs = costs
        self._spend = spend
        self.name = suite.name
        self.public_key_bytes = suite.public_key_bytes

    def digest(self, data: bytes) -> Digest:
        """See `Suite.digest`."""
        self._spend(self._costs.hash_ns(len(data)))
        return self._suite.digest(data)

    def hasher(self) -> Callable[[bytes], bytes]:
        """See `Suite.hasher`."""
        return self._suite.hasher()

    def signer(self, secret: bytes) -> Signer:
        """See `Suite.signer`."""
        return self.costed(self._suite.signer(secret))

    def costed(self, signer: Signer) -> Signer:
        """A signer whose signatures cost time."""
        return _CostedSigner(signer, self._costs.sign_ns, self._spend)

    def verify(self, public_key: bytes, message: bytes, signature: bytes) -> None:
        """See `Suite.verify`."""
        self._spend(self._costs.verify_ns)
        self._suite.verify(public_key, message, signature)

    def key_id(self, public_key: bytes) -> KeyId:
        """See `Suite.key_id`."""
        return self._suite.key_id(public_key)


class _CostedSigner:
    def __init__(self, signer: Signer, cost_ns: int, spend: Callable[[int], None]) -> None:
        self._signer = signer
        self._cost_ns = cost_ns
        self._spend = spend

    @property
    def public_key(self) -> bytes:
        return self._signer.public_key

    @property
    def key_id(self) -> KeyId:
        return self._signer.key_id

    def sign(self, message: bytes) -> bytes:
        self._spend(self._cost_ns)
        return self._signer.sign(message)
