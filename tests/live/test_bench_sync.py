"""The benchmark of coming back: its arithmetic, and one tiny run on real processes."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from govchain.bench.memory import MemorySample, slope_mb_per_10k
from govchain.bench.sync import SyncBench, measure_sync


@pytest.mark.parametrize(
    ("samples", "slope"),
    [
        ([], 0.0),
        ([(5, 80.0)], 0.0),
        ([(5, 80.0), (5, 90.0)], 0.0),
        ([(0, 80.0), (10_000, 81.0), (20_000, 82.0)], 1.0),
        ([(0, 90.0), (10_000, 80.0), (20_000, 90.0)], 0.0),
    ],
)
def test_slope_is_the_line_of_least_squares(samples: list[tuple[int, float]], slope: float) -> None:
    assert slope_mb_per_10k([MemorySample(*each) for each in samples]) == slope


def test_a_tiny_run_measures_memory_and_both_ways_back() -> None:
    said: list[str] = []
    figures = measure_sync(
        SyncBench(records=40, behind=40, records_per_request=10),
        {"cpu": "any"},
        now=datetime.now(UTC),
        say=said.append,
    )
    assert [each.validator for each in figures.memory] == [f"validator-{index}" for index in range(4)]
    assert all(0 < each.first_mb <= each.peak_mb for each in figures.memory)
    assert (figures.catch_up.records, figures.snapshot.records) == (40, 80)
    assert 0 < figures.catch_up.blocks < figures.height == figures.snapshot.blocks
    assert figures.catch_up.ratio > 0
    assert figures.snapshot.cpu_s > 0
    assert said[-1] == "validator-3 is wiped and started"
