"""Gateway processes killed in the middle of a question: the answer comes, once, as if nothing had been."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from pathlib import Path

from govchain.scenario import LocalBackend, parse_scenario, run_scenario
from tests.support.scenario_texts import PROJECT
from tests.support.stories import play

FILE = PROJECT / "scenarios" / "045-one-question-between-departments.yaml"


def test_both_gateways_killed_in_the_middle_of_a_question_answer_it_once(tmp_path: Path) -> None:
    simulated = play(FILE).result
    before = simulated.steps[: next(step.number for step in simulated.steps if step.id == "query") - 1]
    asked = sum(len(step.records()) for step in before) + 1
    # The provider is away when the question comes; the asking gateway is killed once its query is final.
    timeline = (
        "\ntimeline:\n"
        "  - {after: consent-chen, do: kill_gateway, org: ca, for: 2s}\n"
        f'  - {{when: "finalised >= {asked}", do: kill_gateway, org: hpf, for: 1s}}\n'
        "\nexpect:\n"
    )
    text = FILE.read_text(encoding="utf-8").replace("\nexpect:\n", timeline)
    loaded = parse_scenario(text, str(FILE), FILE.parent)
    live = asyncio.run(run_scenario(loaded, LocalBackend(tmp_path / "network", now=datetime.now(UTC))))
    assert [each for each in (*live.expectations, *live.invariants) if not each.ok] == []
    assert live.happened["kill_gateway"] == 2
    for name in ("transaction", "outcome", "rule", "code", "state"):
        found, wanted = ([getattr(step, name) for step in run.steps] for run in (live, simulated))
        assert found == wanted, name
    assert live.state_root == simulated.state_root
