"""What one synced write takes on this machine: of the processor, of the disk, and how often a process waits.

Measured where nothing else runs: what waiting for a core adds is the simulator's to find out.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import psutil

from govchain.model import Space
from govchain.sim import Costs
from govchain.storage import GuardFile, RocksStore

ROUNDS: Final = 100
STORE_WRITES: Final = 2
"""To one of the guard, as in consensus: four and two for a block."""
STORE_BYTES: Final = 400
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
    writes = measure_syncs(folder)
    return replace(
        costs,
        sync_ns=round(statistics.median(each.disk_ns for each in writes)),
        sync_work_ns=round(statistics.median(each.work_ns for each in writes)),
        sync_waits=max(1, round(statistics.mean(each.waits for each in writes))),
    )


def measure_syncs(folder: Path) -> list[SyncedWrite]:
    """Write to a store and a guard, one after the other."""
    folder.mkdir()
    store, guard = RocksStore(folder / "store", bytes(32)), GuardFile(folder / "guard", bytes(32))

    def put() -> None:
        store.write([(Space.VOTE, bytes(8), bytes(STORE_BYTES))], sync=True)

    try:
        return [
            _measure(write)
            for _ in range(ROUNDS)
            for write in (*(put,) * STORE_WRITES, lambda: guard.append([bytes(GUARD_BYTES)]))
        ]
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
