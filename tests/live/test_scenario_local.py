"""A scenario with a power cut on real processes: passes, and ends with the simulator's state root."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from govchain.scenario import LocalBackend, SimBackend, load_scenario, run_scenario
from tests.support.scenario_texts import PROJECT

SCENARIOS = ["050-validator-crashes.yaml", "060-primary-crashes.yaml"]


@pytest.mark.parametrize("name", SCENARIOS)
async def test_RC1_VC1_a_crash_on_processes_ends_like_one_in_virtual_time(name: str, tmp_path: Path) -> None:
    loaded = load_scenario(PROJECT / "scenarios" / name)
    simulated = await run_scenario(loaded, SimBackend())
    live = await run_scenario(loaded, LocalBackend(tmp_path / "network", now=datetime.now(UTC)))
    assert [each for each in (*live.expectations, *live.invariants) if not each.ok] == []
    assert live.verdict == simulated.verdict == "pass"
    assert live.state_root == simulated.state_root
    assert [step.transaction for step in live.steps] == [step.transaction for step in simulated.steps]
