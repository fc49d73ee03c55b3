"""Every refusal can be explained: legal basis, remedy, both languages; nothing unconfirmed is shown."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from govchain.cli.app import run
from govchain.errors import ConfigError
from govchain.ledger import RULES, Rule, Text
from govchain.legal import LegalBasis, explain, explain_all, legal_bases, read_bases

HAN = re.compile(r"[\u3400-\u9fff]")

VOCABULARY = re.findall(
    r"E_\w+",
    "E_ROLE E_NOT_ACCREDITED E_SIG E_KEY_REVOKED E_SOD E_QUORUM E_STATE E_VERSION E_CHECKSUM E_DUP_ID "
    "E_NO_GRANT E_PURPOSE E_SCOPE_FIELD E_CONSENT_MISSING E_CONSENT_EXPIRED E_ONWARD E_NOT_AUTHORITATIVE "
    "E_RECOLLECT E_REVOKED E_EXPIRED E_DOUBLE_USE E_RED_EXCEEDS E_RED_OF_RED E_CONFIRM_TIMEOUT "
    "E_PEER_CONFIRM E_LOCKED E_HASH_MISMATCH E_CUSTODY_GAP E_TIME_ORDER E_INTEREST E_MASS_BALANCE "
    "E_NOT_HOLDER E_RECALLED E_SINGULARITY E_QTY_MATCH E_BUDGET E_MILESTONE E_NEGATIVE_LIST E_RAW_EXPORT "
    "E_K_ANON E_DP_BUDGET E_CAP E_SANDBOX_STOPPED E_REDLINE_TOKEN E_REDLINE_FUNDRAISING E_REDLINE_PYRAMID "
    "E_REDLINE_LAUNDERING E_OUTBOUND E_DEADLINE E_LAW_EXCLUDED E_STAYED",
)
"""Codes of the stories; the ones below are the chain's own."""
OWN = ("E_CHAIN", "E_PAYLOAD", "E_DUPLICATE", "E_KIND", "E_PLAIN_ID", "E_AMOUNT", "E_EVIDENCE")


@pytest.mark.parametrize("rule", RULES.values(), ids=RULES)
def test_every_rule_speaks_both_languages_and_says_what_would_make_it_allowed(rule: Rule) -> None:
    for text in (rule.demands, *rule.remedies.values()):
        assert text.en, rule.id
        assert HAN.search(text.zh), rule.id
        assert not HAN.search(text.en), rule.id
    for code in rule.codes:
        assert code in VOCABULARY or code in OWN, f"{rule.id}: {code} is in no vocabulary"


@pytest.mark.parametrize("rule", RULES.values(), ids=RULES)
def test_every_legal_basis_of_a_rule_is_in_the_table(rule: Rule) -> None:
    for id_ in rule.basis:
        assert id_ in legal_bases(), f"{rule.id}: {id_} is in no file of govchain/legal/bases"


def test_every_entry_of_the_table_has_a_rule() -> None:
    used = {id_ for rule in RULES.values() for id_ in rule.basis}
    assert not set(legal_bases()) - used


@pytest.mark.parametrize("basis", legal_bases().values(), ids=legal_bases())
def test_every_entry_names_its_source_in_both_languages(basis: LegalBasis) -> None:
    assert basis.source
    assert HAN.search(basis.name_zh)
    assert not HAN.search(basis.name_en)


def test_unconfirmed_number_and_article_are_never_shown() -> None:
    basis = LegalBasis(
        "Some law", "某法", "unconfirmed", "nobody has seen it", number="LAW 1-2026", article="7"
    )
    assert basis.text == Text("Some law (not confirmed)", "某法（未经核实）")


def test_confirmed_basis_shows_number_and_article() -> None:
    basis = LegalBasis("Some law", "某法", "confirmed", "gazette", number="LAW 1-2026", article="7")
    assert basis.text == Text("Some law (LAW 1-2026) Art. 7", "某法（LAW 1-2026）第7条")


def test_one_id_in_two_files_is_refused(tmp_path: Path) -> None:
    entry = "law:\n  name_en: Law\n  name_zh: 法\n  mark: confirmed\n  source: gazette\n"
    (tmp_path / "a.yaml").write_text(entry, encoding="utf-8")
    (tmp_path / "b.yaml").write_text(entry, encoding="utf-8")
    with pytest.raises(ConfigError, match="another file"):
        read_bases(tmp_path)


def test_denial_is_explained() -> None:
    found = explain("G6", "E_SOD")
    assert found is not None
    assert (found.basis_en, found.basis_zh) == (
        "Separation of making, checking and approving",
        "经办、复核、审批分离制度",
    )
    assert "another person" in found.remedy_en
    assert explain("G6", "E_STATE") is None
    assert explain("Z9", "E_SOD") is None


def test_code_stands_for_all_its_rules() -> None:
    assert {each.rule for each in explain_all("E_SOD")} == {
        rule.id for rule in RULES.values() if "E_SOD" in rule.codes
    }


def test_explain_needs_no_network(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["explain", "l1", "--lang", "zh"]) == 0
    text = capsys.readouterr().out
    assert "L1 E_CHECKSUM" in text
    assert "GB/T 36904-2018" in text
    assert "如何获准" in text


def test_explain_of_something_unknown_is_bad_input(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["explain", "E_NOTHING"]) == 2
    assert "rules.md" in capsys.readouterr().err
