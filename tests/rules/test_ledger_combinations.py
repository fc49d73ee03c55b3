"""Rules where two records meet: each was right by itself, and together they let something through.

Every test goes the way that was open, and the honest way beside it.
"""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from govchain.codec import decode, encode
from govchain.ledger.kinds.evidence.fields import EvidenceData
from govchain.ledger.kinds.invoice.standing import TransferDue
from govchain.ledger.kinds.objection.fields import ObjectionData
from govchain.ledger.state import index_key
from govchain.model import KeyRecord, Organisation, Space, TransactionResult
from tests.support.identity_world import WATCHER, IdentityWorld, key_id
from tests.support.joint_world import (
    BUYER,
    PAIR,
    PSB,
    SELLER,
    UNIT,
    JointWorld,
    answer_of,
    joint_genesis,
)
from tests.support.ledger_world import (
    ACME,
    AMR,
    BANK,
    BETA,
    BUSINESS,
    COURT,
    FOOD,
    HASHES,
    START_MS,
    TAX,
    LedgerWorld,
    denial,
    invoice_number,
    licence_fields,
    licence_id,
    rfc3339,
    signer_of,
)
from tests.support.sharing_world import (
    DATA,
    FIN,
    HPF,
    HRSS,
    MARRIAGE,
    OTHER,
    SOURCE_KEYS,
    SharingWorld,
    query_fields,
    request_fields,
)

MINUTE_MS = 60_000
HOUR_MS = 60 * MINUTE_MS
ORDER = {"reason": "order", "basis_document": "D-1"}
FILE = "HPF.file"
SECOND_COURT = "11990200MA0XX00BX2"


def passed_on() -> SharingWorld:
    """HPF answers HRSS (X-9) out of what CA answered to HPF (X-1), and CA agrees to that."""
    world = SharingWorld()
    world.publish()
    world.grant()
    world.exchange("X-1")
    world.publish(FILE, "hpf", fields=[{"name": "status", "element": "hpf.file-status", "modes": ["yes-no"]}])
    assert world.request("G-9", "hrss-maker", item=FILE).applied
    world.must("grant.approve", "hpf-approver", "G-9")
    assert world.query("X-9", "hrss-gateway", item=FILE, grant="G-9", subject_ref="wang-at-hrss").applied
    assert denial(world.answer("X-9", "hpf-gateway", source_exchange="X-1")) == ("D3", "E_ONWARD")
    world.must("exchange.permit", "ca-approver", "X-1", to_org=HRSS, reason="joint duty")
    assert world.answer("X-9", "hpf-gateway", source_exchange="X-1").applied
    return world


def receivers(world: SharingWorld) -> list[str]:
    """Whom a correction of CA's answer to HPF reaches."""
    world.must(
        "objection.raise", "hpf-maker", "O-1", item=MARRIAGE, field="status", claim="x", exchange="X-1"
    )
    world.must("objection.check", "ca-maker", "O-1")
    world.must(
        "objection.correct",
        "ca-checker",
        "O-1",
        source_key=SOURCE_KEYS["wang"].hex(),
        wrong_since=rfc3339(START_MS),
        corrected_hash=OTHER,
    )
    return [notice.org for notice in world.record("objection", "O-1").data_as(ObjectionData).notices]


def test_D10_allows_a_correction_to_find_who_was_answered_out_of_an_answer() -> None:
    assert receivers(passed_on()) == [HPF, HRSS]


def test_D10_denies_answering_out_of_an_answer_that_was_corrected() -> None:
    world = passed_on()
    receivers(world)
    assert world.query("X-10", "hrss-gateway", item=FILE, grant="G-9", subject_ref="wang-at-hrss").applied
    assert denial(world.answer("X-10", "hpf-gateway", source_exchange="X-1")) == ("D10", "E_STATE")


def test_D3_denies_passing_on_what_its_first_provider_did_not_agree_to() -> None:
    world = passed_on()
    world.must("exchange.permit", "hpf-approver", "X-9", to_org=FIN, reason="joint duty")
    forward = ("exchange.forward", "hrss-gateway", "X-9")
    assert denial(world.act(*forward, to_org=FIN)) == ("D3", "E_ONWARD")
    world.must("exchange.permit", "ca-approver", "X-1", to_org=FIN, reason="joint duty")
    world.must(*forward, to_org=FIN)
    assert receivers(world) == [HPF, HRSS, FIN]


def test_D3_denies_an_answer_out_of_an_exchange_that_nobody_answered() -> None:
    world = passed_on()
    assert world.query("X-2").applied
    assert world.query("X-10", "hrss-gateway", item=FILE, grant="G-9", subject_ref="wang-at-hrss").applied
    assert denial(world.answer("X-10", "hpf-gateway", source_exchange="X-2")) == ("D3", "E_ONWARD")


def test_D10_allows_a_correction_after_the_grant_is_over() -> None:
    world = SharingWorld()
    world.publish()
    world.grant()
    world.exchange("X-1")
    world.now_ms += 20 * 24 * HOUR_MS
    world.must("grant.expire", "hpf-maker", "G-1")
    assert receivers(world) == [HPF]


def test_D2_denies_the_rest_of_a_day_and_allows_its_first_moment() -> None:
    world = SharingWorld()
    world.publish()
    world.grant(rate_per_day=1)
    midnight_ms = START_MS + 15 * HOUR_MS
    world.now_ms = midnight_ms - 2 * MINUTE_MS
    assert world.query("X-1").applied
    assert denial(world.query("X-2", query_hash=OTHER)) == ("D2", "E_CAP")
    assert world.now_ms == midnight_ms
    assert world.query("X-3").applied
    before = rfc3339(midnight_ms - MINUTE_MS)
    fields = query_fields(query_hash=OTHER)
    old = world.submit("exchange.query", "hpf-gateway", "X-4", fields, claimed_time=before)
    assert denial(old) == ("G9", "E_TIME_ORDER"), "claims never run back under one grant"


def test_D10_denies_objections_by_whoever_calls_a_key_of_its_own_a_citizens() -> None:
    world = SharingWorld()
    world.publish()
    world.grant()
    world.exchange("X-1")
    raised = {"item": MARRIAGE, "field": "status", "claim": "divorced", "exchange": "X-1"}
    stranger = {**world.key_proof(TAX, "stranger"), "person": "wang-at-hpf", "roles": ["citizen"]}
    assert world.submit("key.add", "tax-admin", key_id("stranger"), stranger).applied
    assert denial(world.submit("objection.raise", "stranger", "O-1", raised, org=TAX)) == ("D10", "E_ROLE")
    assert world.submit("objection.raise", "wang-at-hpf", "O-1", raised).applied


def test_G6_denies_publishing_to_whoever_described_the_item() -> None:
    world = SharingWorld()
    assert world.draft(person="ca-all").applied
    world.must("catalog.review", "data-checker", MARRIAGE)
    assert denial(world.act("catalog.publish", "ca-all", MARRIAGE)) == ("G6", "E_SOD")
    world.must("catalog.publish", "ca-checker", MARRIAGE)


def test_G6_denies_a_decision_on_ones_own_request() -> None:
    world = SharingWorld()
    world.publish()
    assert world.request(person="ca-all").applied
    assert denial(world.act("grant.approve", "ca-all", "G-1")) == ("G6", "E_SOD")
    world.must("grant.approve", "ca-approver", "G-1")


def test_G6_denies_refuting_an_objection_to_whoever_checked_it() -> None:
    world = SharingWorld()
    world.publish()
    world.grant()
    world.exchange("X-1")
    raised = {"item": MARRIAGE, "field": "status", "claim": "divorced", "exchange": "X-1"}
    world.must("objection.raise", "hpf-maker", "O-1", **raised)
    world.must("objection.check", "ca-all", "O-1")
    refute = ("objection.refute", "ca-all", "O-1")
    assert denial(world.act(*refute, reason="right as it is")) == ("G6", "E_SOD")
    world.must("objection.refute", "ca-checker", "O-1", reason="right as it is")


def test_G6_denies_issuing_a_decision_to_whoever_entered_it() -> None:
    world = JointWorld()
    world.adopt()
    world.answered("X-1")
    assert world.enter().applied
    world.must("decision.sign", "hpf-b", "D-1")
    assert denial(world.act("decision.issue", "hpf-maker", "D-1")) == ("G6", "E_SOD")
    world.must("decision.issue", "hpf-b", "D-1")


def test_G6_denies_the_second_step_also_with_the_key_that_took_the_place_of_the_first() -> None:
    world = LedgerWorld()
    assert world.enter_licence(licence_id(), person="amr-c").applied
    heir = world.key_proof(AMR, "heir")
    assert world.submit("key.rotate", "amr-c", key_id("amr-c"), heir).applied
    assert denial(world.issue_licence(licence_id(), person="heir")) == ("G6", "E_SOD")
    assert world.issue_licence(licence_id(), person="amr-b").applied


def hand_over(world: LedgerWorld, to_org: str) -> tuple[str, str] | None:
    fields = {"to_org": to_org, "action": "seal", "raw_hash": HASHES}
    result = world.submit("evidence.transfer", "evp-a", "EV-1", fields)
    return None if result.applied else denial(result)


def test_E2_denies_a_hand_over_to_whoever_cannot_sign_for_it() -> None:
    world = IdentityWorld()
    world.deposit("EV-1")
    world.adopt("organisation.suspend", "GC-1", {"org": BANK, "reason": "r"})
    assert hand_over(world, BANK) == ("E2", "E_CUSTODY_GAP"), "it is suspended"
    assert hand_over(world, WATCHER) == ("E2", "E_CUSTODY_GAP"), "it is an observer"
    assert hand_over(world, ACME) is None


def test_E2_allows_another_receiver_once_the_named_one_is_expelled() -> None:
    world = IdentityWorld()
    world.deposit("EV-1")
    assert hand_over(world, BANK) is None
    world.adopt("organisation.suspend", "GC-1", {"org": BANK, "reason": "r"})
    assert hand_over(world, COURT) == ("E2", "E_CUSTODY_GAP"), "it may come back"
    world.adopt("organisation.expel", "GC-2", {"org": BANK, "reason": "r"})
    assert hand_over(world, COURT) is None
    assert world.submit("evidence.receive", "court-a", "EV-1", {"raw_hash": HASHES}).applied
    data = world.record("evidence", "EV-1").data_as(EvidenceData)
    assert (data.custodian, [hop.to_org for hop in data.custody]) == (COURT, [COURT])


def test_L10_denies_by_a_claim_from_before_the_prerequisite_ended() -> None:
    world, permit = LedgerWorld(), licence_id(7, type_code=FOOD)
    world.make_licence(licence_id())
    fields = licence_fields(type_code=FOOD, requires=[licence_id()])
    assert world.submit("licence.enter", "amr-a", permit, fields).applied
    before = rfc3339(world.now_ms)
    world.now_ms += HOUR_MS
    assert world.submit("licence.revoke", "amr-b", licence_id(), ORDER).applied
    issue = world.submit("licence.issue", "amr-b", permit, {}, claimed_time=before)
    assert denial(issue) == ("L10", "E_STATE")


def test_J1_denies_by_a_claim_from_before_a_licence_ended() -> None:
    world = JointWorld()
    certificate = world.register_unit()
    fields = {
        "what": "gas",
        "subject": "wang",
        "rests_on": [{"record": f"licence/{certificate}", "state": "VALID"}],
    }
    assert world.submit("registration.register", "hpf-b", "R-1", fields).applied
    before = rfc3339(world.now_ms)
    world.now_ms += HOUR_MS
    assert world.submit("licence.revoke", "nr-checker", certificate, ORDER).applied
    later = world.submit(
        "registration.register", "hpf-b", "R-2", fields | {"what": "water"}, claimed_time=before
    )
    assert denial(later) == ("J1", "E_STATE")


def test_T8_denies_a_taxpayer_whose_licence_has_expired_by_the_clock() -> None:
    world = LedgerWorld()
    world.make_licence(licence_id(), expiring_date="2026-11-02")
    wanted = {"credit_limit": "500.00", "licence": licence_id()}
    world.now_ms += 24 * HOUR_MS
    assert world.record("licence", licence_id()).state == "VALID"
    assert denial(world.submit("taxpayer.register", "tax-a", ACME, wanted)) == ("T8", "E_STATE")


def test_T3_denies_confirming_a_form_about_an_invoice_that_was_voided_since() -> None:
    world, number = LedgerWorld(), invoice_number()
    assert world.issue_invoice(number).applied
    taken = {"blue": number, "net": "100.00", "tax": "13.00", "gross": "113.00", "reason": "return"}
    assert world.submit("invoice.red_request", "beta-a", "F-1", taken).applied
    for verb in ("lock", "void"):
        assert world.submit(f"invoice.{verb}", "insp-a", number, {"reason": "fraud"}).applied
    assert denial(world.submit("invoice.red_confirm", "acme-a", "F-1", {})) == ("T3", "E_STATE")
    assert world.submit("invoice.red_withdraw", "beta-a", "F-1", {}).applied


def on_sale() -> tuple[JointWorld, str]:
    """A flat whose contract is signed and whose price is in escrow, and the buyer's certificate."""
    world = JointWorld()
    world.register_unit()
    world.pay_taxes()
    certificate = world.title(2, "buyer")
    world.sell("seller", "buyer")
    world.escrow()
    return world, certificate


def test_N3_denies_a_second_sale_under_the_voucher_of_the_first() -> None:
    world, certificate = on_sale()
    assert world.transfer(certificate).applied
    back = {"matter": "sale", **PAIR, "parties": [SELLER, BUYER], "subject": f"realty/{UNIT}"}
    due = {"due": "1000.00", "due_at": "2026-12-01T00:00:00+08:00"}
    world.must("contract.offer", "nr-maker", "S-2", **back, **due)
    for person in ("seller", "buyer"):
        world.must("contract.sign", person, "S-2", **PAIR)
    price = {"payer": "seller", "payee": f"{PSB}:buyer", "amount": "1000.00", "pays": "contract/S-2"}
    world.must("payment.order", "fund-a", "P-2", **price, escrow=f"realty/{UNIT}")
    again = world.transfer(world.title(3, "seller"), contract="S-2", escrow="P-2", new_owners=[SELLER])
    assert denial(again) == ("N3", "E_STATE")


def test_J3_denies_escrow_for_what_was_paid_beside_it() -> None:
    world, certificate = on_sale()
    price = {"payer": "buyer", "payee": f"{PSB}:seller", "amount": "1000.00", "pays": "contract/S-1"}
    world.must("payment.order", "fund-a", "P-2", **price)
    world.must("payment.settle", "fund-a", "P-2")
    assert denial(world.transfer(certificate)) == ("J3", "E_DOUBLE_USE")
    assert world.record("payment", "P-1").state == "ORDERED"


def test_K1_denies_ending_a_contract_whose_price_is_unpaid() -> None:
    world = JointWorld()
    world.form(due="100.00", due_at="2026-11-03T00:00:00+08:00")
    assert denial(world.act("contract.perform", "beta-a", "K-1", **PAIR)) == ("K1", "E_STATE")
    price = {"payer": "beta", "payee": ACME, "amount": "100.00", "pays": "contract/K-1"}
    world.must("payment.order", "fund-a", "P-1", **price)
    world.must("payment.settle", "fund-a", "P-1")
    world.must("contract.perform", "beta-a", "K-1", **PAIR)


def test_G9_denies_a_breach_claimed_before_the_contracts_last_change() -> None:
    world = JointWorld()
    world.form(due="100.00", due_at="2026-11-02T10:00:00+08:00")
    world.now_ms += 2 * HOUR_MS
    before = rfc3339(world.now_ms)
    for verb in ("stay", "resume"):
        world.now_ms += MINUTE_MS
        world.must(f"contract.{verb}", "court-a", "K-1", reason="x")
    ground = {"ground": "contract/K-1"}
    early = world.submit("enforcement.file", "acme-a", "E-1", ground, claimed_time=before)
    assert denial(early) == ("G9", "E_TIME_ORDER")
    assert world.submit("enforcement.file", "acme-a", "E-1", ground).applied


def test_J3_denies_settling_what_a_court_stays() -> None:
    world = JointWorld()
    world.form(due="100.00", due_at="2026-11-03T00:00:00+08:00")
    price = {"payer": "beta", "payee": ACME, "amount": "100.00", "pays": "contract/K-1"}
    world.must("payment.order", "fund-a", "P-1", **price)
    world.must("contract.stay", "court-a", "K-1", reason="x")
    assert denial(world.act("payment.settle", "fund-a", "P-1")) == ("J3", "E_STATE")
    world.must("contract.resume", "court-a", "K-1", reason="x")
    world.must("payment.settle", "fund-a", "P-1")


def test_J3_denies_settling_what_was_refused_since() -> None:
    world = JointWorld()
    world.adopt()
    for number, married in (("X-1", True), ("X-2", False)):
        world.answered(number, married=married)
    world.grant_decision()
    loan = {"payer": "hpf", "payee": "wang", "amount": "600.00", "pays": "decision/D-1"}
    world.must("payment.order", "fund-a", "P-1", **loan)
    facts = [{"fact": "married", "exchange": "X-2", "answer": answer_of("X-2", married=False)}]
    world.must("decision.review", "hpf-maker", "D-1", facts=facts)
    world.must("decision.sign", "hpf-b", "D-1")
    world.must("decision.issue", "hpf-b", "D-1")
    assert world.record("decision", "D-1").state == "REFUSED"
    assert denial(world.act("payment.settle", "fund-a", "P-1")) == ("J3", "E_STATE")


@pytest.mark.parametrize("amount", [None, "0", "-50.00"])
def test_J6_denies_enforcing_a_decision_that_makes_nothing_due(amount: str | None) -> None:
    world = JointWorld()
    lines = [] if amount is None else [{"name": "back", "of": "claim", "factor": "1"}]
    world.adopt(facts=[], lines=lines)
    world.grant_decision(facts=[], inputs=[{"name": "claim", "amount": amount} for _ in lines])
    world.must("decision.take_effect", "hpf-b", "D-1")
    file = world.act("enforcement.file", "acme-a", "E-1", ground="decision/D-1")
    assert denial(file) == ("J6", "E_STATE")


def test_N3_allows_a_sale_that_is_free_of_tax() -> None:
    world = JointWorld()
    world.register_unit()
    certificate = world.title(2, "buyer")
    world.sell("seller", "buyer")
    world.escrow()
    world.adopt("R-T", facts=[], lines=[{"name": "deed-tax", "of": "value", "factor": "0"}])
    inputs = [{"name": "value", "amount": "1000.00"}]
    assert world.enter("T-1", criteria="R-T", subject_ref=UNIT, facts=[], inputs=inputs).applied
    assert denial(world.transfer(certificate)) == ("N3", "E_STATE"), "the decision was not issued"
    world.must("decision.sign", "hpf-b", "T-1")
    world.must("decision.issue", "hpf-b", "T-1")
    assert world.transfer(certificate).applied


@pytest.mark.parametrize("matter", ["MARRIAGE", "marriage-agreement", "Inheritance.will"])
def test_K4_denies_an_excluded_matter_in_other_letters_and_compounds(matter: str) -> None:
    world = JointWorld()
    assert denial(world.offer(matter=matter)) == ("K4", "E_LAW_EXCLUDED")
    assert world.offer(matter="marriageable-goods").applied


def two_courts() -> JointWorld:
    """Joint services with a second court, whose clerk is court-b."""
    genesis = joint_genesis()
    court = Organisation(SECOND_COURT, "Another court", ("court",))
    key = KeyRecord(signer_of("court-b").public_key, court.id, "court-b", ())
    return JointWorld(
        msgspec.structs.replace(
            genesis, organisations=(*genesis.organisations, court), keys=(*genesis.keys, key)
        )
    )


def expel_the_first(world: JointWorld) -> None:
    expelled = {"org": COURT, "reason": "merged"}
    assert world.submit("organisation.expel", "amr-admin", "GC-1", expelled).applied


def by_the_second(world: JointWorld, verb: str, object_id: str, **fields: Any) -> TransactionResult:
    return world.submit(verb, "court-b", object_id, fields, org=SECOND_COURT)


def test_I5_denies_lifting_the_stay_of_another_court() -> None:
    world = two_courts()
    world.form()
    world.must("contract.stay", "court-a", "K-1", reason="x")
    assert denial(by_the_second(world, "contract.resume", "K-1", reason="x")) == ("I5", "E_ROLE")
    world.must("contract.resume", "court-a", "K-1", reason="x")


def test_I5_allows_another_court_to_settle_what_an_expelled_one_left() -> None:
    world, case_no = two_courts(), "（2026）京0491民初1号"
    world.register_unit()
    world.form()
    world.must("case.open", "court-a", case_no, matter="sale", parties=[ACME])
    world.must("contract.stay", "court-a", "K-1", reason="x")
    world.must("realty.freeze", "court-a", UNIT, case_no=case_no)
    assert world.deposit("EV-1").applied
    world.must("evidence.submit", "evp-a", "EV-1", case_no=case_no)
    left: list[tuple[str, str, dict[str, Any]]] = [
        ("contract.resume", "K-1", {"reason": "x"}),
        ("realty.release", UNIT, {"case_no": case_no}),
        ("evidence.verify", "EV-1", {"raw_hash": HASHES, "size_bytes": 1_024}),
        ("case.close", case_no, {"outcome": "settled"}),
    ]
    for verb, object_id, fields in left:
        assert denial(by_the_second(world, verb, object_id, **fields)) == ("I5", "E_ROLE"), verb
    expel_the_first(world)
    for verb, object_id, fields in left:
        assert by_the_second(world, verb, object_id, **fields).applied, verb


def test_I5_allows_resuming_an_item_that_an_expelled_authority_suspended() -> None:
    world = SharingWorld()
    world.publish()
    world.must("catalog.suspend", "data-checker", MARRIAGE, reason="complaints")
    resume = ("catalog.resume", "ca-checker", MARRIAGE)
    assert denial(world.act(*resume, reason="checked")) == ("I5", "E_ROLE")
    expelled = {"org": DATA, "reason": "merged"}
    assert world.submit("organisation.expel", "amr-admin", "GC-1", expelled).applied
    world.must(*resume, reason="checked")


def test_D2_denies_answering_about_who_lost_the_licence_of_the_scope() -> None:
    world = SharingWorld()
    world.publish()
    world.grant(subject_scope={"kind": "licence", "ref": BUSINESS})
    world.make_licence(licence_id(), holder_ref="wang-at-hpf")
    for number in ("X-1", "X-2"):
        assert world.query(number, licence=licence_id()).applied
    assert world.answer("X-1").applied
    assert world.submit("licence.revoke", "amr-b", licence_id(), ORDER).applied
    assert denial(world.answer("X-2")) == ("D2", "E_NO_GRANT")


def test_J4_denies_inputs_whose_formula_gives_what_cannot_be_written() -> None:
    world = JointWorld()
    lines = [{"name": "loan", "of": "balance", "factor": "999999.9999"}]
    world.adopt(facts=[], lines=lines)
    for amount in ("999999999999999.99", "-999999999999999.99"):
        entered = world.enter(facts=[], inputs=[{"name": "balance", "amount": amount}])
        assert denial(entered) == ("J4", "E_AMOUNT")
    assert world.enter(facts=[], inputs=[{"name": "balance", "amount": "999999999.99"}]).applied


def test_T7_allows_a_debt_of_input_tax_beyond_any_single_amount() -> None:
    """A sum that no integer of the codec holds once stopped the validators that executed it."""
    world, number = LedgerWorld(), invoice_number()
    huge = {"net": "90000000000000.00", "tax": "810000000000000.00", "gross": "900000000000000.00"}
    row = {"category": "VAT", "rate": "900", "net": huge["net"], "tax": huge["tax"]}
    assert world.issue_invoice(number, **huge, breakdown=[row]).applied
    assert world.submit("invoice.confirm_use", "beta-a", number, {"use": "DEDUCTED"}).applied
    owed = 2**64
    key = index_key("invoice-transfer-due", BETA)
    world.store.write([(Space.STATE, key, encode(TransferDue(str(owed))))])
    for verb in ("lock", "void"):
        assert world.submit(f"invoice.{verb}", "insp-a", number, {"reason": "fraud"}).applied
    known = decode(world.store.rows[Space.STATE, key], TransferDue)
    assert int(known.cents) == owed + 81_000_000_000_000_000


def test_G9_denies_deadlines_that_begin_before_what_they_are_about() -> None:
    world = SharingWorld()
    early = rfc3339(world.now_ms)
    world.publish()
    asked = world.submit("grant.request", "hpf-maker", "G-1", request_fields(), claimed_time=early)
    assert denial(asked) == ("G9", "E_TIME_ORDER")
    world.grant()
    early = rfc3339(world.now_ms)
    world.exchange("X-1")
    raised = {"item": MARRIAGE, "field": "status", "claim": "divorced", "exchange": "X-1"}
    objection = world.submit("objection.raise", "hpf-maker", "O-1", raised, claimed_time=early)
    assert denial(objection) == ("G9", "E_TIME_ORDER")
    early, number = rfc3339(world.now_ms), invoice_number()
    world.now_ms += HOUR_MS
    assert world.issue_invoice(number).applied
    taken = {"blue": number, "net": "100.00", "tax": "13.00", "gross": "113.00", "reason": "return"}
    form = world.submit("invoice.red_request", "beta-a", "F-1", taken, claimed_time=early)
    assert denial(form) == ("G9", "E_TIME_ORDER")
