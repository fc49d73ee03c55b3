"""Validators of a scenario change while their processes run, under load (rules MB-2, MB-4)."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from govchain.scenario import LocalBackend, parse_scenario, run_scenario
from tests.support.scenario_texts import PROJECT

SHORT = """\
govchain: 1
meta: {title: A key is rotated and a validator leaves}
start: 2026-02-02T09:00:00+08:00
organisations:
  - {id: evp, code: 91990100MA0XX00Y57, name: Platform, roles: [evidence-platform], validators: 3}
people:
  - {id: admin, org: evp, roles: [admin]}
protocol: {view_timeout: 500ms, checkpoint: 4}
workload: [{org: evp, rate: {closed_loop: 1}}]
stop: {at: 20s}
timeline:
  - {at: 100ms, do: rotate_key, target: primary}
  - {at: 100ms, do: membership, change: leave, target: validator-2}
expect:
  happened: [{epoch: ">= 1"}, {validators: "== 2"}]
  liveness: [{within: 10s, after: heal_all}]
"""


async def test_situation_55_MB4_a_process_gets_another_key_and_certificate_and_another_leaves(
    tmp_path: Path,
) -> None:
    backend = LocalBackend(tmp_path / "network", now=datetime.now(UTC))
    result = await run_scenario(parse_scenario(SHORT, "short.yaml", PROJECT), backend)
    assert [each for each in (*result.expectations, *result.invariants) if not each.ok] == []
    assert result.workload is not None
    assert result.workload.acknowledged > 4
    folder = tmp_path / "network" / "nodes" / "validator-0"
    assert not (folder / "validator-next.key").exists(), "the next key is the key"
    first = (tmp_path / "network" / "nodes" / "validator-1" / "tls.crt").stat().st_mtime_ns
    assert (folder / "tls.crt").stat().st_mtime_ns > first, "its certificate is a new one"
