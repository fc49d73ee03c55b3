"""Sentences of verbs, as stories and reports print them."""

from __future__ import annotations

from govchain.scenario.verbs import sentence


def test_a_list_reads_as_words_and_not_as_code() -> None:
    names = {"who": "Housing fund", "item": "CA.marriage", "fields": ["status", "since"], "purpose": "loan"}
    text = sentence("grant.request", names)
    assert text.en == "Housing fund asks for status, since of CA.marriage for loan"
    assert text.zh == "Housing fund 为 loan 申请 CA.marriage 的 status, since"
