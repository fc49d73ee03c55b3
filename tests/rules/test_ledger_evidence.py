"""Rules of judicial evidence: one test that allows and one that denies for each (records.md 1.2)."""

from __future__ import annotations

import pytest

from govchain.ledger.kinds import VERBS
from govchain.ledger.kinds.evidence.fields import EvidenceData
from govchain.ledger.kinds.evidence.legal_effect import legal_effect_report
from govchain.ledger.kinds.evidence.parties import CONSENSUS_TIER_ROLES, tier_of
from govchain.model import TransactionResult
from tests.support.ledger_world import (
    ACME,
    BANK,
    BETA,
    COURT,
    EVP,
    HASHES,
    NOTARY,
    ORGANISATIONS,
    SHA256,
    SM3,
    START_MS,
    LedgerWorld,
    denial,
    rfc3339,
    signer_of,
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


@pytest.mark.parametrize("person", ["evp-a", "court-a", "bank-a"])
def test_E1_denies_deletion_to_everybody(world: LedgerWorld, person: str) -> None:
    assert denial(world.submit("evidence.delete", person, "EV-1", {})) == ("E1", "E_ROLE")
    assert world.record("evidence", "EV-1").state == "DEPOSITED"


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


CASE_NO = "（2026）京0491民初99号"


def open_case(world: LedgerWorld, number: str = CASE_NO, parties: tuple[str, ...] = (ACME, BETA)) -> None:
    fields = {"matter": "copyright", "parties": list(parties)}
    result = world.submit("case.open", "court-a", number, fields)
    assert result.applied, result


def dispute(world: LedgerWorld, hashes: dict[str, str] = HASHES) -> None:
    """Evidence of an open case that BETA challenged."""
    open_case(world)
    verify(world, hashes)
    result = world.submit("evidence.challenge", "beta-a", "EV-1", {"ground": "interest"})
    assert result.applied, result


def appraise(world: LedgerWorld, person: str = "notary-a", opinion: str = "supports") -> TransactionResult:
    fields = {"opinion": opinion, "report_hash": SHA256}
    return world.submit("evidence.appraise", person, "EV-1", fields)


def collect(world: LedgerWorld, for_org: str = EVP) -> TransactionResult:
    return world.submit("evidence.collect", "notary-a", "EV-2", world.deposit_fields(for_org=for_org))


def test_E1_E2_allows_deposit_of_what_was_collected(world: LedgerWorld) -> None:
    assert collect(world).applied
    assert world.record("evidence", "EV-2").state == "COLLECTED"
    assert world.submit("evidence.lodge", "evp-a", "EV-2", {"raw_hash": HASHES}).applied
    data = world.record("evidence", "EV-2").data_as(EvidenceData)
    assert (data.depositor, data.custodian) == (EVP, EVP)
    assert [(hop.from_org, hop.to_org) for hop in data.custody] == [(NOTARY, EVP)]
    assert all(hop.sent and hop.received for hop in data.custody)


def test_E2_denies_deposit_by_another_than_the_collector_named(world: LedgerWorld) -> None:
    gap = ("E2", "E_CUSTODY_GAP")
    assert denial(collect(world, "91990100MA0XX00Z15")) == gap
    assert collect(world, NOTARY).applied
    assert denial(world.submit("evidence.lodge", "evp-a", "EV-2", {"raw_hash": HASHES})) == gap
    assert world.submit("evidence.lodge", "notary-a", "EV-2", {"raw_hash": HASHES}).applied


def test_E1_denies_deposit_of_other_data_than_was_collected(world: LedgerWorld) -> None:
    collect(world)
    result = world.submit("evidence.lodge", "evp-a", "EV-2", {"raw_hash": OTHER})
    assert denial(result) == ("E1", "E_HASH_MISMATCH")
    assert denial(world.deposit("EV-2")) == ("E1", "E_DUP_ID")


def stamped(world: LedgerWorld, offset_ms: int) -> dict[str, str]:
    return {"token_hash": SHA256, "time": rfc3339(world.now_ms + offset_ms)}


@pytest.mark.parametrize("offset_ms", [-1_000, 0, 300_000])
def test_E3_allows_timestamp_between_collection_and_block(world: LedgerWorld, offset_ms: int) -> None:
    assert world.deposit("EV-2", timestamp=stamped(world, offset_ms)).applied
    assert world.record("evidence", "EV-2").data_as(EvidenceData).timestamp_ms


@pytest.mark.parametrize(("offset_ms", "reason"), [(-2_000, "older"), (301_000, "after the block")])
def test_E3_denies_timestamp_before_collection_or_after_block(
    world: LedgerWorld, offset_ms: int, reason: str
) -> None:
    result = world.deposit("EV-2", timestamp=stamped(world, offset_ms))
    assert denial(result) == ("E3", "E_TIME_ORDER")
    assert reason in result.detail


def signed(world: LedgerWorld, person: str = "acme-a", offset_ms: int = -2_000) -> dict[str, str]:
    return {"key_id": signer_of(person).key_id.hex(), "at": rfc3339(world.now_ms + offset_ms)}


def revoke(world: LedgerWorld) -> None:
    key_id = signer_of("amr-a").key_id.hex()
    assert world.submit("key.revoke", "amr-admin", key_id, {"reason": "left"}).applied


def test_E3_allows_signature_of_a_key_that_was_revoked_after_the_timestamp(world: LedgerWorld) -> None:
    assert world.deposit("EV-2", signed=signed(world)).applied
    when = {"collected_at": rfc3339(world.now_ms), "timestamp": stamped(world, 0)}
    contract = signed(world, "amr-a", 0)
    world.now_ms += 60_000
    revoke(world)
    assert world.deposit("EV-3", signed=contract, **when).applied


def test_E3_denies_signature_that_nothing_dates_before_the_revocation(world: LedgerWorld) -> None:
    revoke(world)
    contract = signed(world, "amr-a")
    for stamp in ({}, {"timestamp": stamped(world, 0)}):
        assert denial(world.deposit("EV-2", signed=contract, **stamp)) == ("E3", "E_TIME_ORDER")


def test_E3_denies_signature_of_an_unknown_key_or_after_collection(world: LedgerWorld) -> None:
    unknown = {"key_id": "0" * 64, "at": rfc3339(world.now_ms - 2_000)}
    assert denial(world.deposit("EV-2", signed=unknown)) == ("E3", "E_TIME_ORDER")
    late = signed(world, offset_ms=0)
    assert denial(world.deposit("EV-2", signed=late)) == ("E3", "E_TIME_ORDER")


def test_E5_allows_appraisal_by_a_notary_without_interest(world: LedgerWorld) -> None:
    dispute(world)
    assert appraise(world).applied
    assert world.record("evidence", "EV-1").state == "APPRAISAL"
    assert rule(world, "PARTIAL").applied
    assert world.submit("evidence.archive", "court-a", "EV-1", {}).applied
    assert world.record("evidence", "EV-1").state == "ARCHIVED"


def test_E5_denies_appraisal_by_depositor_collector_or_party(world: LedgerWorld) -> None:
    dispute(world)
    assert denial(appraise(world, "evp-a")) == ("E5", "E_INTEREST")
    assert denial(appraise(world, "acme-a")) == ("E5", "E_INTEREST")
    assert denial(appraise(world, "bank-a")) == ("I5", "E_ROLE")


def test_E5_reports_a_depositor_that_is_a_party(world: LedgerWorld) -> None:
    open_case(world, parties=(EVP, BETA))
    assert verify(world) == "MATCHED"
    report = legal_effect_report(world.record("evidence", "EV-1"), START_MS)
    assert report.weight == "lowered"


def test_E4_reports_timestamp_challenge_and_appraisal(world: LedgerWorld) -> None:
    world.deposit("EV-0", timestamp=stamped(world, 0))
    dispute(world)
    appraise(world)
    rule(world, "ADMITTED")
    world.submit("evidence.archive", "court-a", "EV-1", {})
    topics = [each.topic for each in legal_effect_report(world.record("evidence", "EV-1"), 0).statements]
    assert topics == ["after-chaining", "before-chaining", "challenge", "appraisal", "ruling"]
    stamp = legal_effect_report(world.record("evidence", "EV-0"), START_MS).statements[2]
    assert (stamp.topic, stamp.presumed_intact) == ("timestamp", None)


def test_E6_denies_admission_of_a_mismatch_after_an_appraisal_too(world: LedgerWorld) -> None:
    dispute(world, OTHER)
    assert appraise(world, opinion="refutes").applied
    assert denial(rule(world, "ADMITTED")) == ("E6", "E_HASH_MISMATCH")
    assert rule(world, "EXCLUDED").applied


def test_E8_answers_the_tier_of_an_organisation() -> None:
    tiers = {org.id: tier_of(org.roles) for org in ORGANISATIONS}
    assert [tiers[org] for org in (COURT, NOTARY, EVP, ACME)] == [
        "consensus",
        "consensus",
        "verify",
        "verify",
    ]


def test_E8_never_lets_the_lower_tier_decide(world: LedgerWorld) -> None:
    for verb in ("evidence.verify", "evidence.appraise", "evidence.rule", "evidence.archive"):
        assert set(VERBS[verb].transition.org_roles) <= set(CONSENSUS_TIER_ROLES)
    open_case(world)
    world.submit("evidence.submit", "evp-a", "EV-1", CASE)
    fields = {"raw_hash": HASHES, "size_bytes": 1_024}
    assert denial(world.submit("evidence.verify", "evp-a", "EV-1", fields)) == ("I5", "E_ROLE")


def seal(world: LedgerWorld) -> None:
    """Sealed evidence of an open case between ACME and a person of BETA."""
    assert world.deposit("EV-2", sealed=True).applied
    open_case(world, parties=(ACME, f"{BETA}/beta-a"))
    assert world.submit("evidence.submit", "evp-a", "EV-2", CASE).applied


def read(world: LedgerWorld, person: str, number: str = "EV-2") -> TransactionResult:
    return world.submit("evidence.read", person, f"R-{person}", {"evidence_no": number})


@pytest.mark.parametrize("person", ["court-a", "acme-a", "beta-a", "evp-a"])
def test_E9_allows_judge_parties_and_custodian_to_read(world: LedgerWorld, person: str) -> None:
    seal(world)
    assert read(world, person).applied
    assert world.record("evidence-access", f"R-{person}").state == "GRANTED"


@pytest.mark.parametrize("person", ["bank-a", "notary-a", "tax-a"])
def test_E9_denies_a_sealed_exhibit_to_everybody_else(world: LedgerWorld, person: str) -> None:
    seal(world)
    assert denial(read(world, person)) == ("E9", "E_ROLE")
    assert denial(read(world, person, "EV-9")) == ("E9", "E_STATE")
    assert read(world, person, "EV-1").applied, "not sealed"


def test_E9_denies_a_party_of_another_case(world: LedgerWorld) -> None:
    assert world.deposit("EV-2", sealed=True).applied
    open_case(world, parties=(ACME,))
    open_case(world, "（2026）京0491民初100号", parties=(BETA,))
    assert world.submit("evidence.submit", "evp-a", "EV-2", CASE).applied
    assert denial(read(world, "beta-a")) == ("E9", "E_ROLE")


def test_E9_denies_sealed_evidence_without_a_case_and_any_in_a_closed_one(world: LedgerWorld) -> None:
    world.deposit("EV-2", sealed=True)
    assert denial(world.submit("evidence.submit", "evp-a", "EV-2", CASE)) == ("E9", "E_STATE")
    open_case(world)
    assert world.submit("case.close", "court-a", CASE_NO, {"outcome": "settled"}).applied
    assert denial(world.submit("evidence.submit", "evp-a", "EV-1", CASE)) == ("E9", "E_STATE")


def test_I5_denies_challenge_by_strangers_and_decisions_by_another_court(world: LedgerWorld) -> None:
    assert verify(world) == "MATCHED"
    challenge = {"ground": "system"}
    assert denial(world.submit("evidence.challenge", "beta-a", "EV-1", challenge)) == ("I5", "E_ROLE")
    other = LedgerWorld()
    other.deposit("EV-1")
    dispute(other)
    again = other.submit("evidence.challenge", "bank-a", "EV-1", challenge)
    assert denial(again) == ("I5", "E_ROLE")


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("collector_tool_hash", "xyz"),
        ("timestamp", {"token_hash": "0", "time": "2026-11-02T09:00:00+08:00"}),
        ("timestamp", {"token_hash": SHA256, "time": "noon"}),
        ("signed", {"key_id": "q", "at": "2026-11-02T09:00:00+08:00"}),
        ("environment", {"clean_check": True, "ntp_offset_ms": 86_400_001, "host_fingerprint": "x"}),
        ("platform_filing", "x" * 65),
    ],
)
def test_G1_denies_malformed_deposit(world: LedgerWorld, field: str, value: object) -> None:
    result = world.deposit("EV-2", **{field: value})
    assert denial(result) == ("G1", "E_PAYLOAD")
    assert field in result.detail
