"""The reference of records and rules is what the code says; rule functions are named after their rules."""

from __future__ import annotations

import pytest

from govchain.ledger import RULES
from govchain.ledger.kinds import PAYLOADS, VERBS
from tests.support.ledger_docs import FILES, REFERENCE, rule_of


@pytest.mark.parametrize("name", FILES)
def test_reference_is_what_the_code_says(name: str) -> None:
    written = (REFERENCE / name).read_text(encoding="utf-8")
    assert written == FILES[name](), "run python -m tests.support.ledger_docs"


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
