"""The bench of the simulator: tiny runs have every figure, and a broken invariant is no result."""

from __future__ import annotations

import json

import pytest

from govchain.bench.simulation import SimBench, measure_simulation
from govchain.cli.app import run
from govchain.errors import SimulationFailure
from govchain.sim.checks import Checks


def test_a_run_counts_messages_that_arrive_at_validators() -> None:
    figures = measure_simulation(SimBench(4, 0.3, is_traced=True))
    again = measure_simulation(SimBench(4, 0.3, is_traced=True, is_execution_shared=False))
    assert figures.digest == again.digest != ""
    # Of each block: one proposal, three prepares, four commits and four attestations, each to three others.
    # The last records are still on their way when the time is over.
    assert 36 * figures.blocks <= figures.deliveries < 36 * (figures.blocks + 3)
    assert figures.blocks >= 3
    assert figures.events > figures.deliveries == again.deliveries
    assert figures.deliveries_per_s > 0
    assert (figures.signatures, figures.violations) == ("symbolic", 0)


def test_the_command_prints_each_kind_of_run_and_the_machine(capsys: pytest.CaptureFixture[str]) -> None:
    sizes = ["--seconds", "0.2", "--repeats", "1", "--large", "7", "--large-seconds", "0.2"]
    assert run(["bench", "sim", "-n", "4", *sizes, "--json", "-"]) == 0
    result = json.loads(capsys.readouterr().out)
    kinds = [(each["traced"], each["signatures"], each["execution_shared"]) for each in result["runs"]]
    assert kinds == [
        (False, "symbolic", True),
        (True, "symbolic", True),
        (False, "symbolic", False),
        (False, "ed25519-sha256", True),
        (False, "symbolic", True),
    ]
    assert [each["validators"] for each in result["runs"]] == [4, 4, 4, 4, 7]
    assert result["machine"]["cores"] >= 1


def test_a_run_with_a_broken_invariant_has_no_figures(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Checks, "note_submitted", lambda self, transaction_id: None)
    with pytest.raises(SimulationFailure, match="never submitted"):
        measure_simulation(SimBench(4, 0.2))
