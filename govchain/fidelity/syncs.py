"""What one synced write takes on this machine: of the processor, of the disk, and how often a process waits.

Measured where nothing else runs: what waiting for a core adds is the simulator's to find out.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import psutil

from govchain.model import Space
from govchain.sim import Costs
from govchain.storage import GuardFile, RocksStore

ROUNDS: Final = 50
VOTE_WRITES: Final = 3
GUARD_WRITES: Final = 2
"""For each block, which is written once."""
VOTE_BYTES: Final = 400
BLOCK_KEYS: Final = 20
GUARD_BYTES: Final = 60
PAUSE_S: Final = 0.001
"""Between two writes, as validators have it: a disk that is never idle would be quicker."""


@dataclass(frozen=True, slots=True)
class SyncedWrite:
    """One of them.

    Attributes:
        work_ns: Of the processor.
        disk_ns: All the rest of its time.
        waits: How often the process gave up its core.
    """

    work_ns: int
    disk_ns: int
    waits: int


def with_syncs(costs: Costs, folder: Path) -> Costs:
    """The costs, with those of syncs in a folder of the disk in question."""
    rounds = measure_syncs(folder)
    writes = len(rounds[0])

    def mean(total: Callable[[Sequence[SyncedWrite]], int]) -> int:
        return round(statistics.median(map(total, rounds)) / writes)

    return replace(
        costs,
        sync_ns=mean(lambda found: sum(each.disk_ns for each in found)),
        sync_work_ns=mean(lambda found: sum(each.work_ns for each in found)),
        sync_waits=max(1, mean(lambda found: sum(each.waits for each in found))),
    )


def measure_syncs(folder: Path) -> list[list[SyncedWrite]]:
    """Sync to a store and a guard what a block takes, again and again."""
    folder.mkdir()
    store, guard = RocksStore(folder / "store", bytes(32)), GuardFile(folder / "guard", bytes(32))

    def vote() -> None:
        store.write([(Space.VOTE, bytes(8), bytes(VOTE_BYTES))], sync=True)

    def block() -> None:
        writes = [(Space.VOTE, key.to_bytes(8, "big"), bytes(VOTE_BYTES)) for key in range(BLOCK_KEYS)]
        store.write(writes, sync=True)

    def promise() -> None:
        guard.append([bytes(GUARD_BYTES)])

    steps = (*(vote,) * VOTE_WRITES, *(promise,) * GUARD_WRITES, block)
    try:
        return [[_measure(step) for step in steps] for _ in range(ROUNDS)]
    finally:
        guard.close()
        store.close()


def _measure(write: Callable[[], None]) -> SyncedWrite:
    time.sleep(PAUSE_S)
    process = psutil.Process()
    switches = process.num_ctx_switches().voluntary
    began_ns, work_ns = time.perf_counter_ns(), -time.thread_time_ns()
    write()
    work_ns += time.thread_time_ns()
    took_ns = time.perf_counter_ns() - began_ns
    waits = process.num_ctx_switches().voluntary - switches
    return SyncedWrite(work_ns, max(0, took_ns - work_ns), waits)
