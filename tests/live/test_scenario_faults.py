"""Faults on real processes: partition, pause and power cut in a few seconds, under load, and all is well."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from govchain.errors import ConfigError
from govchain.scenario import LocalBackend, parse_scenario, run_scenario
from govchain.scenario.fault_port import Disk
from govchain.scenario.local_faults import LocalFaults
from tests.support.scenario_texts import PROJECT

SHORT = """\
govchain: 1
meta: {title: Short faults}
start: 2026-02-02T09:00:00+08:00
organisations:
  - {id: evp, code: 91990100MA0XX00Y57, name: Platform, roles: [evidence-platform], validators: 4}
protocol: {view_timeout: 500ms, checkpoint: 4}
workload: [{org: evp, rate: {closed_loop: 2}, to: 5s}]
stop: {at: 20s}
timeline:
  - {at: 200ms, do: partition, groups: [[validator-0], rest], for: 1200ms}
  - {at: 1600ms, do: pause, target: validator-1, for: 700ms}
  - {at: 2500ms, do: crash, target: primary, for: 200ms}
expect:
  happened: [{partition: "== 1"}, {pause: "== 1"}, {crash: "== 1"}, {view_change: ">= 1"}]
  liveness: [{within: 10s, after: heal_all}]
"""


async def test_situation_58_47_31_faults_on_processes_under_load(tmp_path: Path) -> None:
    loaded = parse_scenario(SHORT, "short.yaml", PROJECT)
    result = await run_scenario(loaded, LocalBackend(tmp_path / "network", now=datetime.now(UTC)))
    assert [each for each in (*result.expectations, *result.invariants) if not each.ok] == []
    assert {"no-double-vote", "acknowledged"} <= {each.name for each in result.invariants}
    assert result.workload is not None
    assert result.workload.acknowledged > 10


@pytest.mark.parametrize("behaviour", ["equivocate", "huge_views", "{censor: evp}", "twins"])
async def test_a_process_cannot_be_made_to_lie(behaviour: str, tmp_path: Path) -> None:
    text = SHORT[: SHORT.index("timeline:")] + (
        f"timeline:\n  - {{at: 0s, do: byzantine, target: validator-0, behaviour: {behaviour}, for: 1s}}\n"
    )
    loaded = parse_scenario(text, "lie.yaml", PROJECT)
    backend = LocalBackend(tmp_path / "network", now=datetime.now(UTC))
    with pytest.raises(ConfigError, match="cannot be made to lie"):
        await run_scenario(loaded, backend)


@pytest.mark.parametrize("disk", ["lose_unsynced", "corrupt"])
async def test_a_killed_process_keeps_what_it_wrote(disk: Disk) -> None:
    # It is refused before anything is touched, so there is nothing behind it.
    faults = LocalFaults.__new__(LocalFaults)
    with pytest.raises(ConfigError, match="keeps what a killed process wrote"):
        await faults.crash("validator-0", disk)
