"""Rules of judicial evidence: one test that allows and one that denies for each (records.md 1.2)."""

from __future__ import annotations

import pytest

from govchain.ledger.kinds.evidence.fields import EvidenceData
from govchain.ledger.kinds.evidence.legal_effect import legal_effect_report
from govchain.model import TransactionResult
from tests.support.ledger_world import (
    BANK,
    COURT,
    EVP,
    HASHES,
    NOTARY,
    SHA256,
    SM3,
    START_MS,
    LedgerWorld,
    denial,
    rfc3339,
)

CASE = {"case_no": "（2026）京0491民初99号"}
OTHER = {"sha256": "c" * 64, "sm3": SM3}


@pytest.fixture
def world() -> LedgerWorld:
    world = LedgerWorld()
    assert world.deposit("EV-1").applied
    return world


def transfer(
    world: LedgerWorld, person: str, to_org: str, hashes: dict[str, str] = HASHES
) -> TransactionResult:
    fields = {"to_org": to_org, "action": "seal", "raw_hash": hashes}
    return world.submit("evidence.transfer", person, "EV-1", fields)


def receive(world: LedgerWorld, person: str, hashes: dict[str, str] = HASHES) -> TransactionResult:
    return world.submit("evidence.receive", person, "EV-1", {"raw_hash": hashes})


def verify(world: LedgerWorld, hashes: dict[str, str] = HASHES, size_bytes: int = 1_024) -> str:
    assert world.submit("evidence.submit", "evp-a", "EV-1", CASE).applied
    fields = {"raw_hash": hashes, "size_bytes": size_bytes}
    assert world.submit("evidence.verify", "court-a", "EV-1", fields).applied
    return world.record("evidence", "EV-1").state


def rule(world: LedgerWorld, ruling: str, reason: str = "", person: str = "court-a") -> TransactionResult:
    fields = {"ruling": ruling, "reason": reason} if reason else {"ruling": ruling}
    return world.submit("evidence.rule", person, "EV-1", fields)


def test_E1_allows_replacement_and_keeps_the_first_hash(world: LedgerWorld) -> None:
    assert world.deposit("EV-2", raw_hash=OTHER, replaces="EV-1").applied
    data = world.record("evidence", "EV-1").data_as(EvidenceData)
    assert data is not None
    assert (data.sha256, data.sm3) == (SHA256, SM3)


def test_E1_denies_used_number(world: LedgerWorld) -> None:
    assert denial(world.deposit("EV-1", raw_hash=OTHER)) == ("E1", "E_DUP_ID")


def test_E1_denies_replacing_unknown_evidence(world: LedgerWorld) -> None:
    assert denial(world.deposit("EV-2", replaces="EV-9")) == ("E1", "E_STATE")


def test_E2_allows_contiguous_custody(world: LedgerWorld) -> None:
    assert transfer(world, "evp-a", NOTARY).applied
    assert receive(world, "notary-a").applied
    assert transfer(world, "notary-a", BANK).applied
    assert receive(world, "bank-a").applied
    data = world.record("evidence", "EV-1").data_as(EvidenceData)
    assert data is not None
    assert data.custodian == BANK
    assert [(hop.from_org, hop.to_org) for hop in data.custody] == [(EVP, NOTARY), (NOTARY, BANK)]
    assert all(hop.sent and hop.received for hop in data.custody)


def test_E2_denies_every_gap(world: LedgerWorld) -> None:
    gap = ("E2", "E_CUSTODY_GAP")
    assert denial(receive(world, "notary-a")) == gap, "nothing is under way"
    assert denial(transfer(world, "bank-a", NOTARY)) == gap, "not the custodian"
    assert denial(transfer(world, "evp-a", EVP)) == gap, "to itself"
    assert denial(transfer(world, "evp-a", "91990100MA0XX00Z15")) == gap, "to a stranger"
    assert transfer(world, "evp-a", NOTARY).applied
    assert denial(transfer(world, "evp-a", BANK)) == gap, "before the receipt"
    assert denial(receive(world, "bank-a")) == gap, "not the named receiver"
    assert denial(world.submit("evidence.submit", "evp-a", "EV-1", CASE)) == gap, "under way"
    assert receive(world, "notary-a").applied
    assert denial(receive(world, "notary-a")) == gap, "received already"


def test_E2_denies_other_hashes(world: LedgerWorld) -> None:
    assert denial(transfer(world, "evp-a", NOTARY, OTHER)) == ("E2", "E_HASH_MISMATCH")
    assert transfer(world, "evp-a", NOTARY).applied
    assert denial(receive(world, "notary-a", OTHER)) == ("E2", "E_HASH_MISMATCH")


def test_E3_allows_collection_within_tolerance(world: LedgerWorld) -> None:
    assert world.deposit("EV-2", collected_at=rfc3339(world.now_ms + 300_000)).applied


def test_E3_denies_collection_after_chaining(world: LedgerWorld) -> None:
    result = world.deposit("EV-2", collected_at=rfc3339(world.now_ms + 301_000))
    assert denial(result) == ("E3", "E_TIME_ORDER")


def test_E6_allows_admission_of_match_and_of_mismatch_with_reason(world: LedgerWorld) -> None:
    assert verify(world, OTHER) == "MISMATCHED"
    assert rule(world, "ADMITTED", "the parties agree on the content").applied
    assert world.record("evidence", "EV-1").state == "ADMITTED"
    other = LedgerWorld()
    other.deposit("EV-1")
    assert verify(other) == "MATCHED"
    assert rule(other, "ADMITTED").applied


@pytest.mark.parametrize("ruling", ["ADMITTED", "PARTIAL"])
@pytest.mark.parametrize("reason", ["", " "])
def test_E6_denies_admission_of_mismatch_without_reason(world: LedgerWorld, ruling: str, reason: str) -> None:
    assert verify(world, size_bytes=1_025) == "MISMATCHED"
    assert denial(rule(world, ruling, reason)) == ("E6", "E_HASH_MISMATCH")
    assert rule(world, "EXCLUDED").applied


def test_I5_denies_ruling_and_verification_by_others(world: LedgerWorld) -> None:
    assert verify(world) == "MATCHED"
    assert denial(rule(world, "ADMITTED", person="notary-a")) == ("I5", "E_ROLE")
    assert denial(world.deposit("EV-2", person="bank-a")) == ("I5", "E_ROLE")


def test_G0_denies_deletion_because_nobody_deletes(world: LedgerWorld) -> None:
    assert denial(world.submit("evidence.delete", "evp-a", "EV-1", {})) == ("G0", "E_KIND")


@pytest.mark.parametrize(
    "case_no", ["(2026)京0491民初99号", "（2026）最高法民终1号", "（2026）京0491民初99号"]
)
def test_G1_allows_case_number(world: LedgerWorld, case_no: str) -> None:
    result = world.submit("evidence.submit", "evp-a", "EV-1", {"case_no": case_no})
    assert result.applied, result


@pytest.mark.parametrize(
    "case_no", ["", "2026京0491民初99号", "（26）京0491民初99号", "（2026）京0491民初号"]
)
def test_G1_denies_other_case_number(world: LedgerWorld, case_no: str) -> None:
    result = world.submit("evidence.submit", "evp-a", "EV-1", {"case_no": case_no})
    assert denial(result) == ("G1", "E_PAYLOAD")
    assert "case_no" in result.detail


def test_E4_reports_and_separates_before_from_after_chaining(world: LedgerWorld) -> None:
    assert verify(world) == "MATCHED"
    report = legal_effect_report(world.record("evidence", "EV-1"), START_MS)
    by_topic = {statement.topic: statement for statement in report.statements}
    assert by_topic["after-chaining"].presumed_intact is True
    assert by_topic["after-chaining"].article.endswith("Art. 16")
    assert by_topic["before-chaining"].presumed_intact is False
    assert by_topic["before-chaining"].article.endswith("Art. 18")
    assert report.weight == "ordinary"


def test_E4_presumes_nothing_without_a_match(world: LedgerWorld) -> None:
    unverified = legal_effect_report(world.record("evidence", "EV-1"), START_MS)
    assert unverified.statements[0].presumed_intact is None
    assert verify(world, OTHER) == "MISMATCHED"
    mismatched = legal_effect_report(world.record("evidence", "EV-1"), START_MS)
    assert mismatched.statements[0].presumed_intact is False


def test_E5_reports_an_interest_and_never_gives_it_ordinary_weight(world: LedgerWorld) -> None:
    world.deposit("EV-2", interest="holds 5 % of the author's firm")
    report = legal_effect_report(world.record("evidence", "EV-2"), START_MS)
    assert report.weight == "lowered"
    assert any(statement.article.endswith("Art. 17") for statement in report.statements)
    assert all(statement.text_en and statement.text_zh for statement in report.statements)


def test_G3_denies_second_verification(world: LedgerWorld) -> None:
    verify(world)
    fields = {"raw_hash": HASHES, "size_bytes": 1_024}
    assert denial(world.submit("evidence.verify", "court-a", "EV-1", fields)) == ("G3", "E_STATE")
    assert world.record("evidence", "EV-1").data_as(EvidenceData).verified_by == COURT
