"""Joint services: results that rest on others' records, payments, enforcement (J1, J2, J3, J6)."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from govchain.model import TransactionResult
from tests.support.joint_world import ACME, BETA, DAY_MS, HPF, JointWorld, answer_of
from tests.support.ledger_world import denial, licence_id, rfc3339

LICENCE = licence_id()
MINUTE_MS = 60_000
ON_LICENCE = [{"record": f"licence/{LICENCE}", "state": "VALID"}]


@pytest.fixture
def world() -> JointWorld:
    return JointWorld()


def register(world: JointWorld, number: str = "REG-1", person: str = "hpf-b") -> TransactionResult:
    return world.act(
        "registration.register", person, number, what="fund-account", subject=ACME, rests_on=ON_LICENCE
    )


def order(world: JointWorld, number: str = "P-1", **fields: object) -> TransactionResult:
    return world.act(
        "payment.order", "fund-a", number, **{"payer": BETA, "payee": ACME, "amount": "600.00", **fields}
    )


def test_J1_allows_what_rests_on_a_valid_licence(world: JointWorld) -> None:
    world.make_licence(LICENCE)
    assert register(world).applied


def test_J1_denies_a_result_before_its_ground(world: JointWorld) -> None:
    assert denial(register(world)) == ("J1", "E_STATE")
    world.enter_licence(LICENCE)
    assert denial(register(world)) == ("J1", "E_STATE")
    assert order(world, waits_for=ON_LICENCE).applied
    assert denial(world.act("payment.settle", "fund-a", "P-1")) == ("J1", "E_STATE")
    world.issue_licence(LICENCE)
    assert world.act("payment.settle", "fund-a", "P-1").applied


def test_J2_denies_a_second_registration_and_allows_one_after_cancelling(world: JointWorld) -> None:
    world.make_licence(LICENCE)
    assert register(world).applied
    assert denial(register(world, "REG-2")) == ("J2", "E_DUP_ID")
    assert denial(world.act("registration.cancel", "nr-maker", "REG-1", reason="x")) == ("I5", "E_ROLE")
    world.must("registration.cancel", "hpf-b", "REG-1", reason="closed")
    assert register(world, "REG-2").applied


def test_J2_allows_another_authority_the_same_subject(world: JointWorld) -> None:
    world.make_licence(LICENCE)
    assert register(world).applied
    assert register(world, "REG-2", "nr-maker").applied


def test_J3_allows_what_is_due(world: JointWorld) -> None:
    world.form(due="600.00", due_at="2026-11-05T00:00:00+08:00")
    assert order(world, pays="contract/K-1").applied
    assert world.act("payment.settle", "fund-a", "P-1").applied


def test_J3_denies_paying_a_contract_to_whoever_is_no_party_of_it(world: JointWorld) -> None:
    world.form(due="600.00", due_at="2026-11-05T00:00:00+08:00")
    for payee in (HPF, f"{ACME}:seller", "acme"):
        assert denial(order(world, payee=payee, pays="contract/K-1")) == ("J3", "E_ROLE")
    assert order(world, pays="contract/K-1").applied


def test_J3_denies_other_amounts_second_payments_and_nothing_due(world: JointWorld) -> None:
    assert denial(order(world, pays="contract/K-1")) == ("J3", "E_STATE")
    world.form(due="600.00", due_at="2026-11-05T00:00:00+08:00")
    assert denial(order(world, pays="contract/K-1", amount="599.99")) == ("J3", "E_AMOUNT")
    for number in ("P-1", "P-2"):
        assert order(world, number, pays="contract/K-1").applied
    world.must("payment.settle", "fund-a", "P-1")
    assert denial(world.act("payment.settle", "fund-a", "P-2")) == ("J3", "E_DOUBLE_USE")
    assert denial(order(world, "P-3", pays="contract/K-1")) == ("J3", "E_DOUBLE_USE")


def test_J3_allows_lines_that_are_paid_apart_once_and_to_the_cent(world: JointWorld) -> None:
    decide(world)
    assert order(world, pays="decision/D-1", amount="90.00").applied
    for number, line, amount in (("P-2", "top-up", "41.25"), ("P-3", "withheld", "10.00")):
        assert order(world, number, pays="decision/D-1", line=line, amount=amount).applied
        world.must("payment.settle", "fund-a", number)
        again = order(world, "P-9", pays="decision/D-1", line=line, amount=amount)
        assert denial(again) == ("J3", "E_DOUBLE_USE")
    assert world.act("payment.settle", "fund-a", "P-1").applied


def test_J3_denies_lines_of_another_amount_or_that_are_part_of_what_is_due(world: JointWorld) -> None:
    decide(world)
    for line, amount, code in (
        ("top-up", "41.24", "E_AMOUNT"),
        ("withheld", "9.99", "E_AMOUNT"),
        ("wages", "100.00", "E_STATE"),
        ("nothing", "1.00", "E_STATE"),
        ("no-such", "1.00", "E_STATE"),
    ):
        assert denial(order(world, pays="decision/D-1", line=line, amount=amount)) == ("J3", code)
    assert denial(order(world, line="top-up")) == ("G1", "E_PAYLOAD")
    world.form(due="600.00", due_at="2026-11-05T00:00:00+08:00")
    assert denial(order(world, pays="contract/K-1", line="top-up")) == ("J3", "E_STATE")


@pytest.fixture
def lent(world: JointWorld) -> JointWorld:
    """Loan D-1 of 600.00, granted because X-1 says so, and paid; X-2 says that it is not so."""
    world.adopt()
    world.answered("X-1")
    world.answered("X-2", married=False)
    world.grant_decision()
    assert order(world, payer=HPF, payee=ACME, pays="decision/D-1").applied
    world.must("payment.settle", "fund-a", "P-1")
    return world


def decide_again(world: JointWorld, exchange: str) -> str:
    """State of the loan's payment afterwards."""
    answer = answer_of(exchange, married=exchange == "X-1")
    facts = [{"fact": "married", "exchange": exchange, "answer": answer}]
    world.must("decision.review", "hpf-maker", "D-1", facts=facts)
    world.must("decision.sign", "hpf-b", "D-1")
    world.must("decision.issue", "hpf-b", "D-1")
    return world.record("payment", "P-1").state


def test_J3_answers_that_what_was_paid_is_reclaimed_when_its_decision_is_taken_back(
    lent: JointWorld,
) -> None:
    assert decide_again(lent, "X-1") == "SETTLED", "granted again, nothing is owed back"
    assert decide_again(lent, "X-2") == "RECLAIMED"
    decision, payment = lent.record("decision", "D-1"), lent.record("payment", "P-1")
    assert decision.last_record_hash == payment.last_record_hash, "both changed in one transaction"
    assert decide_again(lent, "X-2") == "RECLAIMED"
    assert decide_again(lent, "X-1") == "SETTLED"


def test_J3_allows_paying_again_only_after_what_was_reclaimed_is_back(lent: JointWorld) -> None:
    assert denial(lent.act("payment.return", "fund-a", "P-1")) == ("G3", "E_STATE"), "it is not reclaimed"
    decide_again(lent, "X-2")
    assert denial(order(lent, "P-2", pays="decision/D-1")) == ("J3", "E_STATE")
    assert denial(lent.act("payment.return", "nr-maker", "P-1")) == ("I5", "E_ROLE")
    lent.must("payment.return", "fund-a", "P-1")
    assert decide_again(lent, "X-1") == "RETURNED"
    assert order(lent, "P-2", pays="decision/D-1").applied
    lent.must("payment.settle", "fund-a", "P-2")
    assert decide_again(lent, "X-2") == "RETURNED"
    assert lent.record("payment", "P-2").state == "RECLAIMED"


def test_J3_answers_for_lines_that_were_paid_apart_as_well(world: JointWorld) -> None:
    world.answered("X-1")
    world.answered("X-2", married=False)
    decide(world, facts=["married"])
    assert order(world, pays="decision/D-1", line="top-up", amount="41.25").applied
    assert order(world, "P-2", pays="decision/D-1", amount="90.00").applied
    world.must("payment.settle", "fund-a", "P-1")
    assert decide_again(world, "X-2") == "RECLAIMED"
    assert world.record("payment", "P-2").state == "ORDERED", "it was never paid, and will not be"
    assert denial(world.act("payment.settle", "fund-a", "P-2")) == ("J3", "E_STATE")


def test_G9_denies_taking_a_decision_back_before_it_was_paid(lent: JointWorld) -> None:
    before = rfc3339(lent.now_ms - 2 * MINUTE_MS)
    answer = answer_of("X-2", married=False)
    facts = [{"fact": "married", "exchange": "X-2", "answer": answer}]
    early = {"claimed_time": before}
    assert lent.submit("decision.review", "hpf-maker", "D-1", {"facts": facts}, **early).applied
    assert lent.submit("decision.sign", "hpf-b", "D-1", {}, **early).applied
    refused = lent.submit("decision.issue", "hpf-b", "D-1", {}, **early)
    assert denial(refused) == ("G9", "E_TIME_ORDER")


def decide(world: JointWorld, facts: Sequence[str] = ()) -> None:
    """D-1: 90.00 is due, of which 10.00 was withheld; 41.25 is stated for somebody else."""
    lines = [
        {"name": "wages", "of": "wage", "factor": "1"},
        {"name": "withheld", "of": "wage", "factor": "-0.1"},
        {"name": "top-up", "of": "wage", "factor": "0.4125", "is_due": False},
        {"name": "nothing", "of": "wage", "factor": "0", "is_due": False},
    ]
    world.adopt(facts=facts, lines=lines)
    opened = [{"fact": each, "exchange": "X-1", "answer": answer_of("X-1")} for each in facts]
    world.grant_decision(facts=opened, inputs=[{"name": "wage", "amount": "100.00"}])


def test_J3_denies_escrow_released_by_the_bank_alone(world: JointWorld) -> None:
    assert order(world, escrow="realty/X").applied
    assert denial(world.act("payment.settle", "fund-a", "P-1")) == ("J3", "E_STATE")
    assert world.act("payment.cancel", "fund-a", "P-1").applied


def test_J6_allows_enforcement_when_the_time_has_passed(world: JointWorld) -> None:
    world.form(due="600.00", due_at="2026-11-03T00:00:00+08:00")
    world.now_ms += DAY_MS
    world.must("enforcement.file", "beta-a", "E-1", ground="contract/K-1")
    assert world.record("contract", "K-1").state == "BREACHED"
    world.must("enforcement.close", "court-a", "E-1")


def test_J6_denies_enforcement_before_after_payment_and_twice(world: JointWorld) -> None:
    def file(number: str = "E-1", ground: str = "contract/K-1") -> TransactionResult:
        return world.act("enforcement.file", "beta-a", number, ground=ground)

    assert denial(file()) == ("J6", "E_STATE")
    world.form(due="600.00", due_at="2026-11-03T00:00:00+08:00")
    world.form("K-2", due="600.00", due_at="2026-11-03T00:00:00+08:00")
    world.form("K-3")
    assert denial(file()) == ("J6", "E_STATE")
    assert order(world, pays="contract/K-1").applied
    world.must("payment.settle", "fund-a", "P-1")
    world.now_ms += DAY_MS
    assert denial(file()) == ("J6", "E_STATE")
    assert denial(file(ground="contract/K-3")) == ("J6", "E_STATE")
    assert file(ground="contract/K-2").applied
    assert denial(file("E-2", "contract/K-2")) == ("J6", "E_STATE")
