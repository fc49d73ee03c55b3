"""Resident memory of a process beside what it has done, and whether it grows with it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import psutil


@dataclass(frozen=True, slots=True)
class MemorySample:
    """One look at one process."""

    records: int
    """Final so far."""
    megabytes: float


def take_sample(pid: int, records: int) -> MemorySample:
    """The process now. Expects that it runs."""
    return MemorySample(records, round(psutil.Process(pid).memory_info().rss / 1e6, 2))


def slope_mb_per_10k(samples: Sequence[MemorySample]) -> float:
    """Megabytes by which 10,000 more records raise memory by least squares; else 0."""
    count = len(samples)
    if count == 0:
        return 0.0
    mean_records = sum(each.records for each in samples) / count
    mean_mb = sum(each.megabytes for each in samples) / count
    spread = sum((each.records - mean_records) ** 2 for each in samples)
    if spread == 0:
        return 0.0
    together = sum((each.records - mean_records) * (each.megabytes - mean_mb) for each in samples)
    return round(together / spread * 10_000, 3)
