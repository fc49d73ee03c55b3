"""docs/situations.md is complete, in both languages: tests and planted faults name every situation."""

from __future__ import annotations

import re
from typing import Final

import pytest

from tests.architecture.sources import ROOT
from tests.mutants.mutant import Mutant, find_problem
from tests.mutants.table import MUTANTS

COUNT: Final = 58
MUTANTS_MIN: Final = 250
CORE: Final = ("rules", "sim")
BUSINESS_RULE: Final = re.compile(r"[DEGIJKLNT]\d{1,2}")
"""Invariants of the records; the protocol's rules have other names."""


def situations() -> dict[int, bool]:
    """Number of every situation on the page, and whether it has a star."""
    rows = read_rows("situations.md")
    assert [int(number) for number, _, _ in rows] == list(range(1, COUNT + 1))
    return {int(number): star == "*" for number, _, star in rows}


def read_rows(page: str) -> list[tuple[str, str, str]]:
    """Number, letter and star of each situation on a page."""
    text = (ROOT / "docs" / page).read_text(encoding="utf-8")
    return re.findall(r"^- \*\*(\d+)\*\* ([SLR])(\*?) · \S", text, re.MULTILINE)


def named(*kinds: str) -> set[int]:
    """Situations that test functions in these folders carry in their names."""
    found: set[int] = set()
    for kind in kinds:
        for path in sorted((ROOT / "tests" / kind).glob("test_*.py")):
            for name in re.findall(r"def (test_situation_\w+)", path.read_text(encoding="utf-8")):
                found.update(numbers_in(name))
    return found


def numbers_in(name: str) -> list[int]:
    """`test_situation_23_24_VC3_…` names 23 and 24."""
    match = re.match(r"test_situation((?:_\d+)+)(?:_|$)", name)
    assert match is not None, f"{name} names no situation"
    return [int(number) for number in match[1].strip("_").split("_")]


def test_both_languages_list_the_same_situations() -> None:
    english, chinese = read_rows("situations.md"), read_rows("situations.zh.md")
    differing = sorted(set(english) ^ set(chinese), key=lambda row: (int(row[0]), row))
    assert not differing, f"number, letter and star on one of the two pages alone: {differing}"
    assert english == chinese, "the order of the situations"


def test_every_situation_has_a_test_of_the_core() -> None:
    missing = set(situations()) - named(*CORE)
    assert missing == set(), "no test in tests/rules or tests/sim names them"


def test_every_situation_with_a_star_has_a_live_test() -> None:
    missing = {number for number, is_live in situations().items() if is_live} - named("live")
    assert missing == set(), "no test in tests/live names them"


def test_tests_name_only_situations_that_exist() -> None:
    kinds = [path.name for path in (ROOT / "tests").iterdir() if path.is_dir()]
    assert named(*kinds) <= set(situations())


def test_every_situation_has_a_planted_fault() -> None:
    missing = set(situations()) - {number for mutant in MUTANTS for number in mutant.situations}
    assert missing == set(), "no mutant in tests/mutants names them"


@pytest.mark.parametrize("mutant", MUTANTS, ids=[mutant.name for mutant in MUTANTS])
def test_planted_fault_still_applies(mutant: Mutant) -> None:
    assert not (problem := find_problem(mutant)), problem


def test_planted_faults_are_many_distinct_and_explained() -> None:
    assert len(MUTANTS) >= MUTANTS_MIN
    assert len({mutant.name for mutant in MUTANTS}) == len(MUTANTS)
    assert len({(mutant.file, mutant.before, mutant.after) for mutant in MUTANTS}) == len(MUTANTS)
    protocol = (ROOT / "docs" / "protocol.md").read_text(encoding="utf-8")
    for mutant in MUTANTS:
        assert mutant.situations or mutant.rules, f"{mutant.name} stands for nothing"
        known = [rule for rule in mutant.rules if f"**{rule}**" in protocol or BUSINESS_RULE.fullmatch(rule)]
        assert known == list(mutant.rules), f"{mutant.name}: unknown rule"
