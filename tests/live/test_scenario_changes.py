"""Validators of a scenario change while their processes run, under a mixed load (rules MB-2, MB-4, I1)."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from govchain.scenario import LocalBackend, SimBackend, parse_scenario, run_scenario

SHORT = """\
govchain: 1
meta: {title: A key is rotated and a validator leaves}
start: 2026-02-02T09:00:00+08:00
organisations:
  - {id: evp, code: 91990100MA0XX00Y57, name: Platform, roles: [evidence-platform], validators: 3}
people:
  - {id: admin, org: evp, roles: [admin]}
  - {id: clerk, org: evp}
protocol: {view_timeout: 500ms, checkpoint: 4}
workload:
  - {org: evp, rate: {closed_loop: 1}}
  - org: evp
    rate: {trace: rates.csv}
    to: 2s
    mix: [{do: evidence.deposit, size: 1kB}, {do: case.open, with: {matter: sale, parties: ["${evp}"]}}]
stop: {at: 20s}
timeline:
  - {at: 100ms, do: rotate_key, target: primary}
  - {at: 100ms, do: membership, change: leave, target: validator-2}
  - {at: 100ms, do: revoke_key, person: clerk}
expect:
  happened: [{epoch: ">= 1"}, {validators: "== 2"}]
  liveness: [{within: 10s, after: heal_all}]
"""


async def test_situation_55_MB4_a_process_gets_another_key_and_certificate_and_another_leaves(
    tmp_path: Path,
) -> None:
    (tmp_path / "rates.csv").write_text("0s, 10/s\n500ms, 20/s\n1s, 0/s\n", encoding="utf-8")
    loaded = parse_scenario(SHORT, "short.yaml", tmp_path)
    simulated = await run_scenario(loaded, SimBackend())
    backend = LocalBackend(tmp_path / "network", now=datetime.now(UTC))
    result = await run_scenario(loaded, backend)
    assert simulated.verdict == "pass"
    assert [each for each in (*result.expectations, *result.invariants) if not each.ok] == []
    assert result.workload is not None
    assert result.workload.acknowledged > 5 + 10 + 1 + 4, "what the trace demands, and the closed loop"
    (revoked,) = [each for each in result.expectations if each.name == "revoke_key clerk"]
    assert revoked.measured.startswith("revoked")
    folder = tmp_path / "network" / "nodes" / "validator-0"
    assert not (folder / "validator-next.key").exists(), "the next key is the key"
    first = (tmp_path / "network" / "nodes" / "validator-1" / "tls.crt").stat().st_mtime_ns
    assert (folder / "tls.crt").stat().st_mtime_ns > first, "its certificate is a new one"
