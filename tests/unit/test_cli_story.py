"""`govchain story`: the narrative on standard output, the result as JSON, the exit status of the verdict."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from govchain.cli.app import run
from tests.support.scenario_texts import SMALL


def test_a_story_is_told_in_the_readers_language(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "small.yaml"
    path.write_text(SMALL, encoding="utf-8")
    assert run(["story", str(path), "--lang", "zh", "--json", str(tmp_path / "out.json")]) == 0
    told = capsys.readouterr().out
    assert "evidence/EVP-1 → DEPOSITED（已存证）" in told
    assert "全部成立" in told
    assert json.loads((tmp_path / "out.json").read_text())["states"] == {"evidence/EVP-1": "DEPOSITED"}


def test_a_story_that_does_not_hold_ends_with_status_1(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "small.yaml"
    path.write_text(SMALL + "    expect: {denied: E1}\n", encoding="utf-8")
    assert run(["story", str(path), "--lang", "en"]) == 1
    assert "expected: denied E1; measured: applied" in capsys.readouterr().out
    assert run(["replay", str(path), "--lang", "zh"]) == 1
    assert "预期：驳回 E1；实际：生效" in capsys.readouterr().out
