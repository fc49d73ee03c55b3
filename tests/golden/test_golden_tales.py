"""Two stories as `govchain story` tells them: every line, its records, its refusals and on what they rest."""

from __future__ import annotations

from pathlib import Path

import pytest

from govchain.report import Tale
from tests.support.stories import play, played, story

TALES = Path(__file__).parent / "tales"


@pytest.mark.parametrize(("number", "language"), [(301, "zh"), (307, "en")])
def test_a_story_is_told_as_written(number: int, language: str, rewrite_golden: bool) -> None:
    run = played(number)
    lines = Tale(run.loaded, run.result, chinese=language == "zh").lines()
    # The state root changes with every change of any record's shape, which is tested elsewhere.
    told = [line for line in lines if run.result.state_root not in line.text]
    happened = "".join(f"{line.tone:<8}{line.text}\n" for line in told)
    path = TALES / f"{number}.{language}.txt"
    if rewrite_golden:
        path.write_text(happened, encoding="utf-8")
    assert happened == path.read_text(encoding="utf-8")


def test_what_did_not_hold_is_told_too() -> None:
    run = play(
        story(307),
        ('{record: "risk/${alert}", state: CONFIRMED}', '{record: "risk/${alert}", state: CLEARED}'),
    )
    lines = [line for line in Tale(run.loaded, run.result, chinese=False).lines() if line.tone == "bad"]
    assert [line.text for line in lines] == ["  record risk/${alert}", "something did not hold"]


def test_a_refusal_that_was_not_expected_is_told_with_what_was() -> None:
    run = play(story(307), ("expect: {denied: E_LOCKED}", "expect: {denied: E_ROLE}"))
    lines = [line.text for line in Tale(run.loaded, run.result, chinese=True).lines() if line.tone == "bad"]
    assert any("预期：驳回 E_ROLE" in line for line in lines)
