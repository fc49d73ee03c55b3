"""`govchain story`: the narrative on standard output, the result as JSON, the exit status of the verdict."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from govchain.cli.app import run
from tests.support.scenario_texts import PROJECT, SMALL


def test_a_story_is_told_in_the_readers_language(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "small.yaml"
    path.write_text(SMALL, encoding="utf-8")
    assert run(["story", str(path), "--lang", "zh", "--json", str(tmp_path / "out.json")]) == 0
    told = capsys.readouterr().out
    assert "evidence/EVP-1 → DEPOSITED（已存证）" in told
    assert "全部成立" in told
    assert json.loads((tmp_path / "out.json").read_text())["states"] == {"evidence/EVP-1": "DEPOSITED"}


def test_a_story_calls_people_by_the_names_that_it_gives_them(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "small.yaml"
    named = SMALL.replace("{id: clerk, org: evp}", "{id: clerk, org: evp, name: Lin Jiu, name_zh: 林九}")
    path.write_text(named, encoding="utf-8")
    for language, sentence in (("en", "Lin Jiu (clerk) deposits"), ("zh", "林九（clerk）")):
        assert run(["story", str(path), "--lang", language]) == 0
        assert f"  {sentence}" in capsys.readouterr().out
    assert run(["replay", str(path), "--lang", "en"]) == 0
    assert "Lin Jiu" not in capsys.readouterr().out, "only the narrative knows names"


def test_a_story_that_does_not_hold_ends_with_status_1(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "small.yaml"
    path.write_text(SMALL + "    expect: {denied: E1}\n", encoding="utf-8")
    assert run(["story", str(path), "--lang", "en"]) == 1
    assert "expected: denied E1; measured: applied" in capsys.readouterr().out
    assert run(["replay", str(path), "--lang", "zh"]) == 1
    assert "预期：驳回 E1；实际：生效" in capsys.readouterr().out


QUESTIONS = {
    "en": (
        "(hpf-maker) asks Civil affairs, from gateway to gateway, about wang-at-hpf: status",
        "asked under grant G-2026-1 for hpf-loan, with consent C-2026-1",
        "told status as yes or no, sealed to the asking department; signed by both on the chain",
        "asked under grant G-2026-1 for hpf-loan, without a consent",
        "refused E_CONSENT_MISSING: CA.marriage needs the consent of the person",
    ),
    "zh": (
        "公积金中心（hpf-maker）经网关向民政局查询 wang-at-hpf 的 status",
        "依据授权 G-2026-1，用途 hpf-loan，本人同意 C-2026-1",
        "答复 status：仅答是或否，密封送达查询部门；双方签名上链",
        "依据授权 G-2026-1，用途 hpf-loan，未附本人同意",
        "驳回 E_CONSENT_MISSING",
    ),
}


@pytest.mark.parametrize("language", ["en", "zh"])
def test_a_story_tells_who_asked_whom_on_what_basis_and_not_what_was_told(
    language: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = PROJECT / "scenarios" / "045-one-question-between-departments.yaml"
    assert run(["story", str(path), "--lang", language, "--json", str(tmp_path / "out.json")]) == 0
    told = capsys.readouterr().out
    assert [line for line in QUESTIONS[language] if line not in told] == []
    assert "married" not in told
    assert "married" not in (tmp_path / "out.json").read_text(encoding="utf-8")


def test_a_gateway_that_tells_nothing_is_told_as_a_refusal(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shipped = PROJECT / "scenarios" / "045-one-question-between-departments.yaml"
    text = shipped.read_text(encoding="utf-8").replace("{name: status, yes_when: [married]}", "{name: other}")
    text = text.replace("values: {status: ", "values: {other: ")
    path = tmp_path / "silent.yaml"
    path.write_text(text.replace("{answer: {status: true}}", "{denied: E_REFUSED}"), encoding="utf-8")
    run(["replay", str(path), "--lang", "en"])
    told = capsys.readouterr().out
    assert "refused, as it must be\n         E_REFUSED: the providing department did not answer" in told
