"""Scenario texts for tests: a small one that passes, and pieces to put into it."""

from __future__ import annotations

import asyncio
from pathlib import Path

from govchain.scenario import Result, SimBackend, parse_scenario, run_scenario

PROJECT = Path(__file__).resolve().parents[2]
SHIPPED = sorted((PROJECT / "scenarios").glob("*.yaml"))
REGRESSIONS = sorted((PROJECT / "scenarios" / "regressions").glob("*.yaml"))

SMALL = """\
govchain: 1
meta: {title: A deposit}
organisations:
  - {id: evp, code: 91990100MA0XX00Y57, name: Platform, roles: [evidence-platform], validators: 4}
  - {id: court, code: 11990100MA0XX00K0L, name: Court, roles: [court]}
people:
  - {id: clerk, org: evp}
  - {id: judge, org: court}
steps:
  - id: deposit
    by: clerk
    do: evidence.deposit
    save: work
    with:
      object_id: EVP-1
      evidence_kind: log
      content: text
      collected_at: "2026-11-02T08:00:00+08:00"
"""


def play(text: str, *, seed: int | None = None, folder: Path = PROJECT, is_symbolic: bool = True) -> Result:
    """Run a scenario text in the simulator."""
    loaded = parse_scenario(text, "test.yaml", folder)
    return asyncio.run(run_scenario(loaded, SimBackend(is_symbolic=is_symbolic), seed=seed))


def digest_of_run(path: Path, seed: int) -> str:
    """Digest of a symbolic run of a scenario file; importable by the processes of a pool."""
    return play(path.read_text(encoding="utf-8"), seed=seed).digest
