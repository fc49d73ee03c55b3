"""Real estate: all owners sign, freezes, mortgages and taxes, one transaction for all (N1 to N5)."""

from __future__ import annotations

import msgspec
import pytest

from govchain.ledger.kinds.realty.fields import RealtyData
from govchain.model import TransactionResult
from tests.support.joint_world import (
    BUYER,
    HPF,
    MORTGAGE,
    NR,
    PAIR,
    SELLER,
    SPOUSE,
    TITLE,
    UNIT,
    JointWorld,
    joint_genesis,
)
from tests.support.ledger_world import denial, licence_id

CASE = "（2026）京0491财保7号"
OLD, NEW = (licence_id(1, version, type_code=TITLE, org=NR) for version in (1, 2))
TOUCHED = (("licence", OLD), ("licence", NEW), ("contract", "S-1"), ("payment", "P-1"))


@pytest.fixture
def world() -> JointWorld:
    world = JointWorld()
    assert world.register_unit() == OLD
    return world


@pytest.fixture
def ready(world: JointWorld) -> JointWorld:
    """Everything is there but the transfer."""
    world.sell("seller", "buyer")
    world.pay_taxes()
    world.escrow()
    assert world.title(2, "buyer") == NEW
    return world


def data_of(world: JointWorld) -> RealtyData:
    return world.record("realty", UNIT).data_as(RealtyData)


def test_N4_allows_owner_certificate_contract_and_price_at_once(ready: JointWorld) -> None:
    assert ready.transfer(NEW).applied
    found = [ready.record(*name).state for name in TOUCHED]
    assert found == ["SUPERSEDED", "VALID", "DISCHARGED", "SETTLED"]
    assert (data_of(ready).owners, data_of(ready).certificate) == ((BUYER,), NEW)
    again = {"subject": f"realty/{UNIT}", "parties": [SELLER, BUYER]}
    assert denial(ready.offer("S-2", person="seller", **again)) == ("K5", "E_ROLE")
    assert ready.offer("S-2", person="buyer", **again).applied


def test_N4_denies_without_draft_or_escrow_and_changes_nothing(world: JointWorld) -> None:
    world.sell("seller", "buyer")
    world.pay_taxes()
    assert denial(world.transfer(NEW)) == ("N4", "E_STATE")
    world.title(2, "buyer")
    assert denial(world.transfer(NEW)) == ("N4", "E_STATE")
    assert [world.record(*name).state for name in TOUCHED[:3]] == ["VALID", "DRAFT", "FORMED"]
    assert data_of(world).owners == (SELLER,)


def test_N4_denies_an_escrow_for_another_contract(ready: JointWorld) -> None:
    other = {"payer": "buyer", "payee": "seller", "amount": "1.00", "escrow": f"realty/{UNIT}"}
    ready.must("payment.order", "fund-a", "P-2", **other)
    assert denial(ready.transfer(NEW, escrow="P-2")) == ("N4", "E_STATE")


def test_N4_denies_a_certificate_that_is_not_the_next_version(ready: JointWorld) -> None:
    other = ready.title(1, "somebody", serial=7)
    assert denial(ready.transfer(other)) == ("N4", "E_VERSION")


def test_G6_denies_a_transfer_by_who_entered_the_certificate(ready: JointWorld) -> None:
    assert denial(ready.transfer(NEW, "nr-maker")) == ("G6", "E_SOD")


def test_N1_denies_what_an_owner_has_not_signed(world: JointWorld) -> None:
    assert denial(world.transfer(NEW)) == ("N1", "E_STATE")
    world.sell("seller")
    assert denial(world.transfer(NEW)) == ("N1", "E_SIG")
    world.must("contract.sign", "buyer", "S-1", **PAIR)
    world.answered("X-1", requester=NR, subject="seller")
    world.must("realty.join", "nr-maker", UNIT, owner=SPOUSE, exchange="X-1")
    assert denial(world.transfer(NEW)) == ("N1", "E_SIG")


def test_N1_denies_a_joint_owner_whom_no_answer_shows(world: JointWorld) -> None:
    for exchange in ("X-9", "X-1"):
        world.answered("X-1")
        joined = world.act("realty.join", "nr-maker", UNIT, owner=SPOUSE, exchange=exchange)
        assert denial(joined) == ("N1", "E_STATE")
    world.answered("X-3", requester=NR, subject="somebody")
    other = world.act("realty.join", "nr-maker", UNIT, owner=SPOUSE, exchange="X-3")
    assert denial(other) == ("N1", "E_STATE")
    world.answered("X-2", requester=NR, subject="seller")
    again = world.act("realty.join", "nr-maker", UNIT, owner=SELLER, exchange="X-2")
    assert denial(again) == ("N1", "E_STATE")


def test_N1_denies_a_buyer_who_is_no_party(ready: JointWorld) -> None:
    assert denial(ready.transfer(NEW, new_owners=[SPOUSE])) == ("N1", "E_ROLE")


def test_N1_allows_a_sale_that_all_owners_signed(ready: JointWorld) -> None:
    assert ready.transfer(NEW).applied


def test_N2_denies_everything_while_frozen_and_allows_it_after(ready: JointWorld) -> None:
    ready.must("realty.freeze", "court-a", UNIT, case_no=CASE)
    assert denial(ready.transfer(NEW)) == ("N2", "E_LOCKED")
    assert denial(ready.act("realty.freeze", "court-a", UNIT, case_no=CASE)) == ("N2", "E_LOCKED")
    assert data_of(ready).owners == (SELLER,)
    ready.must("realty.release", "court-a", UNIT, case_no=CASE)
    assert ready.transfer(NEW).applied


def test_N3_denies_a_live_mortgage_and_allows_a_cancelled_one(world: JointWorld) -> None:
    mortgage = world.title(1, "bank", serial=5, kind=MORTGAGE)
    assert denial(encumber(world, mortgage)) == ("N3", "E_STATE")
    world.must("licence.issue", "nr-checker", mortgage)
    assert encumber(world, mortgage).applied
    world.sell("seller", "buyer")
    world.pay_taxes()
    world.escrow()
    world.title(2, "buyer")
    assert denial(world.transfer(NEW)) == ("N3", "E_STATE")
    world.must("licence.cancel", "nr-checker", mortgage, reason="repaid", basis_document="R-1")
    assert world.transfer(NEW).applied


def test_N3_denies_the_voucher_of_an_office_that_is_no_tax_authority() -> None:
    genesis = joint_genesis()
    organisations = tuple(
        msgspec.structs.replace(each, roles=("decider",)) if each.id == HPF else each
        for each in genesis.organisations
    )
    world = JointWorld(msgspec.structs.replace(genesis, organisations=organisations))
    assert world.register_unit() == OLD
    world.sell("seller", "buyer")
    world.pay_taxes()
    world.escrow()
    assert world.title(2, "buyer") == NEW
    assert denial(world.transfer(NEW)) == ("N3", "E_STATE")


def test_N3_denies_before_the_taxes_are_paid(world: JointWorld) -> None:
    world.sell("seller", "buyer")
    assert denial(world.transfer(NEW, voucher="")) == ("N3", "E_STATE")
    assert denial(world.transfer(NEW)) == ("N3", "E_STATE")
    world.adopt("R-T", facts=[], lines=[{"name": "deed-tax", "of": "value", "factor": "0.015"}])
    inputs = [{"name": "value", "amount": "1000.00"}]
    world.grant_decision("T-1", criteria="R-T", subject_ref=UNIT, facts=[], inputs=inputs)
    assert denial(world.transfer(NEW)) == ("N3", "E_STATE")


def test_N4_allows_the_version_after_a_draft_that_was_thrown_away(world: JointWorld) -> None:
    world.sell("seller", "buyer")
    world.pay_taxes()
    world.escrow()
    world.must("licence.void", "nr-checker", world.title(2, "buyer"), reason="misprint", basis_document="M-1")
    third = world.title(3, "buyer")
    assert world.transfer(third).applied
    assert data_of(world).certificate == third


def test_N5_denies_a_title_that_goes_around_the_transfer(ready: JointWorld) -> None:
    assert denial(ready.act("licence.issue", "nr-checker", NEW)) == ("N5", "E_STATE")
    other = ready.title(1, "buyer", serial=7)
    assert denial(ready.act("licence.issue", "nr-checker", other)) == ("N5", "E_STATE")
    assert [ready.record("licence", number).state for number in (OLD, NEW, other)] == [
        "VALID",
        "DRAFT",
        "DRAFT",
    ]
    assert ready.transfer(NEW).applied


def test_N5_denies_a_second_unit_under_the_title_of_the_first(world: JointWorld) -> None:
    world.title(2, "buyer")
    assert denial(second_unit(world, NEW)) == ("N5", "E_VERSION")
    assert denial(second_unit(world, OLD)) == ("N5", "E_STATE")
    assert denial(second_unit(world, licence_id(8, 1, type_code=TITLE, org=NR))) == ("N5", "E_STATE")
    assert world.record("licence", OLD).state == "VALID"


def test_N5_allows_a_holder_a_title_for_each_unit(world: JointWorld) -> None:
    title = world.title(1, "seller", serial=9)
    assert denial(second_unit(world, title, "nr-maker")) == ("G6", "E_SOD")
    assert second_unit(world, title).applied
    assert [world.record("licence", number).state for number in (OLD, title)] == ["VALID", "VALID"]
    mortgage = world.title(1, "bank", serial=5, kind=MORTGAGE)
    assert world.act("licence.issue", "nr-checker", mortgage).applied, "only titles go with a unit"


def test_L4_denies_a_transfer_by_a_registry_that_lost_its_accreditation(ready: JointWorld) -> None:
    ready.lose_accreditation(NR, TITLE)
    assert denial(ready.transfer(NEW)) == ("L4", "E_NOT_ACCREDITED")
    assert ready.record("licence", OLD).state == "VALID"


def encumber(world: JointWorld, mortgage: str) -> TransactionResult:
    return world.act("realty.encumber", "nr-maker", UNIT, encumbrance=mortgage)


def second_unit(world: JointWorld, title: str, person: str = "nr-checker") -> TransactionResult:
    return world.act("realty.register", person, UNIT[:-1] + "2", certificate=title, owners=[SELLER])


def test_I5_denies_another_registry_and_another_court(ready: JointWorld) -> None:
    assert denial(ready.transfer(NEW, "amr-b")) == ("I5", "E_ROLE")
    assert denial(ready.act("realty.freeze", "nr-checker", UNIT, case_no=CASE)) == ("I5", "E_ROLE")


def test_G1_denies_units_without_code_or_owner(world: JointWorld) -> None:
    for unit, owners in ((UNIT[:-1], [SELLER]), (UNIT[:-1] + "2", [])):
        registered = world.act("realty.register", "nr-checker", unit, certificate=OLD, owners=owners)
        assert denial(registered) == ("G1", "E_PAYLOAD")
