"""A store and a guard that fail as disks do: power lost around a write, no room, damage.

What a fault leaves behind is what the next life finds.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import Enum

from govchain.errors import StorageFailure
from govchain.model import Space, Write
from govchain.storage import MemoryGuard, MemoryStore


class Fault(Enum):
    """What happens at the write that was chosen."""

    KILLED_BEFORE = "killed before the write"
    KILLED_AFTER = "killed after the write"
    TORN = "killed within the write"
    FULL = "no room"


class PowerLost(Exception):
    """The process is gone at this write."""


@dataclass(slots=True)
class Plan:
    """Counts the writes of one validator, to store and guard together, and strikes at one of them."""

    fault: Fault
    strikes_at: int
    writes: int = 0

    def strike(self) -> Fault | None:
        self.writes += 1
        return self.fault if self.writes == self.strikes_at else None


class FaultyStore(MemoryStore):
    """A store under a plan; a torn write of a database is none, since its log ends before it."""

    def __init__(self, plan: Plan) -> None:
        super().__init__()
        self.plan = plan

    def write(self, writes: Sequence[Write], *, sync: bool) -> None:
        fault = self.plan.strike()
        if fault is Fault.FULL:
            raise StorageFailure("no space left on device")
        if fault in (Fault.KILLED_BEFORE, Fault.TORN):
            raise PowerLost
        super().write(writes, sync=sync)
        if fault is Fault.KILLED_AFTER:
            raise PowerLost


class FaultyGuard(MemoryGuard):
    """A guard under a plan; a torn write leaves the first of its records."""

    def __init__(self, plan: Plan) -> None:
        super().__init__()
        self.plan = plan

    def append(self, records: Sequence[bytes]) -> None:
        fault = self.plan.strike() if records else None
        if fault is Fault.FULL:
            raise StorageFailure("no space left on device")
        if fault is Fault.KILLED_BEFORE:
            raise PowerLost
        super().append(records[: len(records) // 2] if fault is Fault.TORN else records)
        if fault in (Fault.KILLED_AFTER, Fault.TORN):
            raise PowerLost


def entries(store: MemoryStore, spaces: Sequence[Space]) -> Iterator[tuple[Space, bytes, bytes]]:
    """Everything in these spaces."""
    for space in spaces:
        for key, value in store.scan(space):
            yield space, key, value


def flipped(data: bytes, bit: int) -> bytes:
    """The bytes with one bit turned."""
    made = bytearray(data)
    made[bit // 8 % len(made)] ^= 1 << bit % 8
    return bytes(made)
