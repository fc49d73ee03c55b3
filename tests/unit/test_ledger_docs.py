"""The rules are documented, cited by the functions that enforce them, and tested both ways."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from govchain.ledger import RULES
from govchain.ledger.kinds import PAYLOADS, VERBS
from tests.support.ledger_docs import FILES, REFERENCE, rule_of, rule_sources

TESTS = Path(__file__).parents[1] / "rules"


@pytest.mark.parametrize("name", FILES)
def test_reference_is_what_the_code_says(name: str) -> None:
    written = (REFERENCE / name).read_text(encoding="utf-8")
    assert written == FILES[name](), "run python -m tests.support.ledger_docs"


@pytest.mark.parametrize("rule", RULES)
def test_every_rule_is_cited_where_it_is_enforced(rule: str) -> None:
    assert rule_sources()[rule], f"no function both cites and raises {rule}"


@pytest.mark.parametrize("rule", RULES)
def test_every_rule_has_a_test_that_denies_and_one_that_allows(rule: str) -> None:
    text = "".join(path.read_text(encoding="utf-8") for path in sorted(TESTS.glob("test_ledger_*.py")))
    names = re.findall(rf"def test_{rule.replace('-', '')}_\w+", text)
    assert any("denies" in name for name in names), f"no test_{rule}_…denies…"
    assert any("allows" in name for name in names), f"no test_{rule}_…allows…"


def test_rule_functions_are_named_after_their_rule() -> None:
    for transition in [verb.transition for verb in VERBS.values()]:
        for function in transition.rules:
            assert rule_of(function) in RULES
            assert f"Rule {rule_of(function)}" in (function.__doc__ or "")
        assert rule_of(transition.rules[-1]) == "G4", "rules of business explain more than a version does"


@pytest.mark.parametrize("page", ["records.md", "records.zh.md"])
def test_every_kind_is_documented(page: str) -> None:
    text = (REFERENCE / page).read_text(encoding="utf-8")
    assert PAYLOADS.keys() == VERBS.keys()
    assert all(f"### {kind}\n" in text for kind in PAYLOADS)
