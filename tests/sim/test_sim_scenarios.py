"""Every shipped scenario passes in the simulator, with every promise of the chain kept."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path

import pytest

from govchain.ledger import Text
from govchain.scenario import (
    LoadedScenario,
    Result,
    SimBackend,
    StepResult,
    parse_scenario,
    run_scenario,
)
from govchain.sim import INVARIANTS
from tests.support.scenario_texts import REGRESSIONS, SHIPPED, play


class Listener:
    """Notes what an observer is told."""

    def __init__(self) -> None:
        self.told: list[str] = []

    def run_started(self, title: Text, steps: int, backend: str) -> None:
        self.told.append(f"start {steps}")

    def step_started(self, number: int, text: Text) -> None:
        assert text.en
        assert text.zh
        assert "…" not in text.en, "every name of the sentence was filled in"

    def step_finished(self, step: StepResult) -> None:
        self.told.append(step.outcome)

    def fault_happened(self, do: str, targets: Sequence[str], at_ns: int) -> None:
        assert at_ns >= 0

    def run_finished(self, result: Result) -> None:
        self.told.append(result.verdict)


def shortened(path: Path) -> LoadedScenario:
    """The scenario as shipped; of fifty power cuts, five are enough here."""
    text = path.read_text(encoding="utf-8").replace("times: 50", "times: 5").replace('"== 50"', '"== 5"')
    return parse_scenario(
        text.replace('{view_change: ">= 10"}', '{view_change: ">= 1"}'), str(path), path.parent
    )


BREAKS = [path for path in SHIPPED if "too-many" in path.stem]
"""Scenarios in which a promise must be broken."""
HOLDS = [path for path in [*SHIPPED, *REGRESSIONS] if path not in BREAKS]


@pytest.mark.parametrize("path", HOLDS, ids=lambda path: path.stem)
def test_a_shipped_scenario_passes(path: Path) -> None:
    listener = Listener()
    result = asyncio.run(run_scenario(shortened(path), SimBackend(), observer=listener))
    assert [each for each in result.expectations if not each.ok] == []
    assert [each for each in result.invariants if not each.ok] == []
    more = ["receipts"] if result.workload is None else ["receipts", "acknowledged"]
    assert [each.name for each in result.invariants] == [*INVARIANTS, *more]
    assert result.verdict == "pass"
    assert listener.told[0] == f"start {len(result.steps)}"
    assert listener.told[-1] == "pass"
    assert len(result.receipts) == result.records


def test_f_plus_one_traitors_break_agreement_and_the_judge_names_it() -> None:
    (path,) = BREAKS
    text = path.read_text(encoding="utf-8")
    result = play(text)
    (broken,) = [each for each in result.invariants if not each.ok]
    assert broken.name == "agreement"
    assert "validators 2 and 3 have different blocks" in broken.detail
    assert result.verdict == "pass"
    (outcome,) = [each for each in result.expectations if each.name == "outcome"]
    assert (outcome.ok, outcome.measured) == (True, "broken: agreement")
    assert play(text.replace("outcome: {fail: agreement}", "outcome: pass")).verdict == "fail"
    assert play(text.replace('finalised: ">= 10"', 'finalised: ">= 1000"')).verdict == "fail"


@pytest.mark.parametrize("traitor", ["validator-0", "validator-1"])
def test_one_traitor_fewer_breaks_nothing_so_the_documented_break_fails(traitor: str) -> None:
    (path,) = BREAKS
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    result = play("".join(line for line in lines if f"target: {traitor}" not in line))
    assert [each for each in result.invariants if not each.ok] == []
    assert result.verdict == "fail"


def test_there_are_shipped_scenarios() -> None:
    assert len(SHIPPED) >= 4
