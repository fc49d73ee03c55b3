"""Evidence in words: one line a contradiction, whoever told it, with what became of it."""

from __future__ import annotations

from typing import Any

import pytest

from govchain.cli.evidence import explain_evidence


def item(phase: str, **changes: Any) -> dict[str, Any]:
    found = {"validator": "validator-3", "epoch": 0, "phase": phase, "view": 2, "seq": 7}
    return {**found, "is_recorded": False, "recorded_height": None, **changes}


@pytest.mark.parametrize(
    ("found", "english", "chinese"),
    [
        (item("commit"), "two different commits at view 2, seq 7 (not recorded yet)", "视图 2、序号 7签署"),
        (
            item("attestation", view=0, is_recorded=True, recorded_height=9),
            "two different attestations at height 7 (recorded at height 9)",
            "已于高度 9 上链",
        ),
        (
            item("view-change", seq=0, is_recorded=True),
            "two different view-changes at view 2 (recorded)",
            "已上链",
        ),
    ],
)
def test_EV1_a_contradiction_in_words(found: dict[str, Any], english: str, chinese: str) -> None:
    ((told, told_zh),) = explain_evidence([{"evidence": [found]}])
    assert told == f"validator-3 contradicted itself: {english}"
    assert chinese in told_zh


def test_EV1_what_several_validators_tell_is_said_once_and_recorded_wins() -> None:
    recorded = item("commit", is_recorded=True, recorded_height=9)
    lines = explain_evidence(
        [{"evidence": [item("commit")]}, None, {"evidence": [recorded, item("prepare")]}, {}]
    )
    assert [("commits" in line, "height 9" in line) for line, _ in lines] == [(True, True), (False, False)]
