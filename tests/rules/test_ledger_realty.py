"""Real estate: all owners sign, freezes, mortgages and taxes, one transaction for all (N1 to N5)."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from govchain.ledger.kinds.realty.fields import RealtyData
from govchain.model import TransactionResult
from tests.support.joint_world import (
    ACME,
    BUYER,
    HPF,
    MORTGAGE,
    NR,
    PAIR,
    PERMIT,
    PSB,
    SELLER,
    SPOUSE,
    TITLE,
    UNIT,
    JointWorld,
    answer_of,
    joint_genesis,
)
from tests.support.ledger_world import denial, licence_id, signer_of

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
    assert join(world, world.spouse_answered()).applied
    assert denial(world.transfer(NEW)) == ("N1", "E_SIG")


def test_N1_denies_a_joint_owner_whom_no_answer_shows(world: JointWorld) -> None:
    answer = world.spouse_answered(requester=HPF)
    assert denial(join(world, answer, exchange="X-9")) == ("N1", "E_STATE")
    assert denial(join(world, answer)) == ("N1", "E_STATE"), "another office asked"
    answer = world.spouse_answered(subject="somebody")
    assert denial(join(world, answer)) == ("N1", "E_STATE")
    answer = world.spouse_answered(told=(("spouse", "seller"),))
    assert denial(join(world, answer, owner=SELLER)) == ("N1", "E_STATE")


@pytest.mark.parametrize("owner", [BUYER, f"{ACME}/spouse", "spouse", f"{PSB}/spouse/2"])
def test_N1_denies_another_joint_owner_than_the_answer_tells(world: JointWorld, owner: str) -> None:
    answer = world.spouse_answered()
    assert denial(join(world, answer, owner=owner))[0] in ("N1", "G1")
    assert join(world, answer).applied
    assert data_of(world).owners == (SELLER, SPOUSE)


@pytest.mark.parametrize(
    "fields",
    [
        {"told": (("married", True),)},
        {"told": (("spouse", None),)},
        {"told": (("spouse", "spouse"), ("married", True))},
        {"told": (("tenant", "spouse"),)},
        {"told": (("alive", "spouse"),)},
        {"item": "acme.friends"},
        {"document": b"spouse"},
    ],
)
def test_N1_denies_an_answer_that_does_not_tell_the_spouse(world: JointWorld, fields: dict[str, Any]) -> None:
    world.catalogued("acme.friends", {"spouse": "best-friend"})
    answer = world.spouse_answered(**fields)
    answer = fields["document"].hex() if "document" in fields else answer
    assert denial(join(world, answer)) == ("N1", "E_STATE")


def test_N1_denies_an_answer_that_its_provider_did_not_sign(world: JointWorld) -> None:
    world.spouse_answered(told=(("spouse", "buyer"),))
    forged = answer_of("X-1", told=(("spouse", "spouse"),))
    assert denial(join(world, forged)) == ("N1", "E_HASH_MISMATCH")
    assert denial(join(world, "spouse")) == ("G1", "E_PAYLOAD")


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
    assert encumber(world, mortgage).applied
    assert world.record("licence", mortgage).state == "VALID"
    second = world.title(1, "bank", serial=6, kind=MORTGAGE)
    assert denial(encumber(world, second)) == ("N3", "E_STATE")
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
    permit = world.title(1, "seller", serial=5, kind=PERMIT)
    assert world.act("licence.issue", "nr-checker", permit).applied, "only titles go with a unit"


def test_L4_denies_a_transfer_by_a_registry_that_lost_its_accreditation(ready: JointWorld) -> None:
    ready.lose_accreditation(NR, TITLE)
    assert denial(ready.transfer(NEW)) == ("L4", "E_NOT_ACCREDITED")
    assert ready.record("licence", OLD).state == "VALID"


def test_N5_denies_a_mortgage_by_a_licence_that_is_in_force_already(world: JointWorld) -> None:
    """One that was VALID before could be about anything, or be the mortgage on another unit."""
    permit = world.title(1, "seller", serial=5, kind=PERMIT)
    world.must("licence.issue", "nr-checker", permit)
    assert denial(encumber(world, permit)) == ("N5", "E_STATE")
    mortgage = world.title(1, "bank", serial=6, kind=MORTGAGE)
    assert second_unit(world, world.title(1, serial=9), encumbrance=mortgage).applied
    assert denial(encumber(world, mortgage)) == ("N5", "E_STATE")
    assert denial(encumber(world, "")) == ("N5", "E_STATE")
    assert encumber(world, world.title(1, "bank", serial=7, kind=MORTGAGE)).applied
    assert denial(encumber(world, world.title(2, "bank", serial=6, kind=MORTGAGE)))[0] == "N3"


def test_N5_denies_a_mortgage_that_replaces_the_one_on_another_unit(world: JointWorld) -> None:
    first = world.title(1, "bank", serial=5, kind=MORTGAGE)
    assert second_unit(world, world.title(1, serial=9), encumbrance=first).applied
    assert denial(encumber(world, world.title(2, "bank", serial=5, kind=MORTGAGE))) == ("N5", "E_VERSION")
    assert world.record("licence", first).state == "VALID"


def test_N5_denies_a_title_as_a_mortgage_and_a_mortgage_as_a_title(world: JointWorld) -> None:
    title = world.title(1, serial=9)
    assert denial(encumber(world, title)) == ("N5", "E_STATE")
    twin = world.title(1, serial=10)
    assert denial(second_unit(world, title, encumbrance=twin)) == ("N5", "E_STATE")
    assert encumber(world, world.title(1, "bank", serial=5, kind=MORTGAGE)).applied
    assert denial(second_unit(world, world.title(1, serial=6, kind=MORTGAGE))) == ("N5", "E_STATE")
    loose = world.title(1, "bank", serial=7, kind=MORTGAGE)
    assert denial(world.act("licence.issue", "nr-checker", loose)) == ("N5", "E_STATE")


def test_N5_denies_one_kind_for_both_certificates_of_the_first_unit() -> None:
    world = JointWorld()
    both = {"certificate": world.title(1), "encumbrance": world.title(1, "bank", serial=2)}
    registered = world.act("realty.register", "nr-checker", UNIT, owners=[SELLER], **both)
    assert denial(registered) == ("N5", "E_STATE")


def test_G6_denies_a_mortgage_by_who_entered_its_certificate(world: JointWorld) -> None:
    mortgage = world.title(1, "bank", serial=5, kind=MORTGAGE)
    assert denial(encumber(world, mortgage, "nr-maker")) == ("G6", "E_SOD")


def test_N5_denies_a_title_for_somebody_who_owns_nothing_of_the_unit(ready: JointWorld) -> None:
    assert denial(second_unit(ready, ready.title(1, "spouse", serial=9))) == ("N5", "E_ROLE")
    ready.must("licence.void", "nr-checker", NEW, reason="misprint", basis_document="M-1")
    for version, holder in ((3, "spouse"), (4, "seller")):
        other = ready.title(version, holder)
        assert denial(ready.transfer(other)) == ("N5", "E_ROLE")
        ready.must("licence.void", "nr-checker", other, reason="misprint", basis_document="M-1")
    assert ready.transfer(ready.title(5, "buyer")).applied


def test_N4_denies_an_escrow_that_pays_somebody_who_does_not_sell(world: JointWorld) -> None:
    world.sell("seller", "buyer")
    world.pay_taxes()
    world.escrow(payee=f"{PSB}:buyer")
    world.title(2, "buyer")
    assert denial(world.transfer(NEW)) == ("N4", "E_ROLE")
    assert world.record("payment", "P-1").state == "ORDERED"


def test_N3_denies_a_voucher_that_the_tax_authority_took_back(ready: JointWorld) -> None:
    ready.must("decision.review", "hpf-maker", "T-1", facts=[])
    assert denial(ready.transfer(NEW)) == ("N3", "E_STATE")
    ready.must("decision.sign", "hpf-b", "T-1")
    ready.must("decision.issue", "hpf-b", "T-1")
    assert ready.transfer(NEW).applied


def test_L2_denies_a_second_licence_after_another_registrys_title_of_that_type_ended() -> None:
    """Titles of a unit do not hold the one place of their holder; so their end must not free it."""
    genesis = joint_genesis()
    organisations = tuple(
        msgspec.structs.replace(each, roles=("realty-registry",), accredited_for=(TITLE,))
        if each.id == HPF
        else each
        for each in genesis.organisations
    )
    second = [signer_of(name).public_key for name in ("hpf-maker", "hpf-b")]
    keys = tuple(
        msgspec.structs.replace(each, roles=("maker", "checker")) if each.public_key in second else each
        for each in genesis.keys
    )
    world = JointWorld(msgspec.structs.replace(genesis, organisations=organisations, keys=keys))
    theirs = world.title(1, "seller", person="hpf-maker")
    registered = {"certificate": theirs, "owners": [SELLER]}
    world.must("realty.register", "hpf-b", UNIT, **registered)
    drafts = [world.title(1, "seller", serial=serial) for serial in (1, 2)]
    world.must("licence.issue", "nr-checker", drafts[0])
    world.must("licence.void", "hpf-b", theirs, reason="lost", basis_document="NOTICE-1")
    assert denial(world.act("licence.issue", "nr-checker", drafts[1])) == ("L2", "E_DUP_ID")
    world.must("licence.void", "nr-checker", drafts[0], reason="lost", basis_document="NOTICE-1")
    world.must("licence.issue", "nr-checker", drafts[1])


def lose(world: JointWorld, number: str) -> None:
    world.must("licence.void", "nr-checker", number, reason="lost", basis_document="NOTICE-1")


def reissue(world: JointWorld, number: str, person: str = "nr-checker") -> TransactionResult:
    return world.act("realty.reissue", person, UNIT, new_certificate=number, reason="lost")


def test_N5_allows_a_title_in_place_of_a_lost_one_that_is_void(world: JointWorld) -> None:
    lose(world, OLD)
    assert world.title(2, "seller") == NEW
    assert reissue(world, NEW).applied
    assert [world.record("licence", number).state for number in (OLD, NEW)] == ["VOIDED", "VALID"]
    assert (data_of(world).certificate, data_of(world).owners) == (NEW, (SELLER,))
    world.sell("seller", "buyer")
    world.pay_taxes()
    world.escrow()
    assert world.transfer(world.title(3, "buyer")).applied
    assert world.record("licence", NEW).state == "SUPERSEDED"


def test_N5_denies_a_second_title_beside_the_first(world: JointWorld) -> None:
    world.title(2, "seller")
    assert denial(reissue(world, NEW)) == ("N5", "E_STATE")
    lose(world, OLD)
    assert denial(reissue(world, OLD)) == ("N5", "E_VERSION")
    assert denial(reissue(world, world.title(1, "seller", serial=9))) == ("N5", "E_VERSION")
    assert denial(reissue(world, NEW, "nr-maker")) == ("G6", "E_SOD")
    assert denial(world.act("licence.issue", "nr-checker", NEW))[0] in ("L2", "N5")
    assert denial(world.act("realty.reissue", "nr-checker", UNIT, new_certificate=NEW, reason=""))[0] == "G1"
    assert reissue(world, NEW).applied
    assert denial(reissue(world, NEW)) == ("N5", "E_STATE")


def test_N5_denies_issuing_a_lost_title_to_somebody_else_or_while_frozen(world: JointWorld) -> None:
    lose(world, OLD)
    other = world.title(2, "buyer")
    assert denial(reissue(world, other)) == ("N5", "E_ROLE")
    lose(world, other)
    third = world.title(3, "seller")
    world.must("realty.freeze", "court-a", UNIT, case_no=CASE)
    assert denial(reissue(world, third)) == ("N2", "E_LOCKED")
    world.must("realty.release", "court-a", UNIT, case_no=CASE)
    assert reissue(world, third).applied


def test_N4_denies_a_sale_while_the_title_is_lost(ready: JointWorld) -> None:
    lose(ready, OLD)
    assert denial(ready.transfer(NEW)) == ("N4", "E_STATE")


def join(world: JointWorld, answer: str, *, owner: str = SPOUSE, exchange: str = "X-1") -> TransactionResult:
    return world.act("realty.join", "nr-maker", UNIT, owner=owner, exchange=exchange, answer=answer)


def encumber(world: JointWorld, mortgage: str, person: str = "nr-checker") -> TransactionResult:
    return world.act("realty.encumber", person, UNIT, encumbrance=mortgage)


def second_unit(
    world: JointWorld, title: str, person: str = "nr-checker", **fields: str
) -> TransactionResult:
    unit = UNIT[:-1] + "2"
    return world.act("realty.register", person, unit, certificate=title, owners=[SELLER], **fields)


def test_I5_denies_another_registry_and_another_court(ready: JointWorld) -> None:
    assert denial(ready.transfer(NEW, "amr-b")) == ("I5", "E_ROLE")
    assert denial(ready.act("realty.freeze", "nr-checker", UNIT, case_no=CASE)) == ("I5", "E_ROLE")


def test_G1_denies_units_without_code_or_owner(world: JointWorld) -> None:
    for unit, owners in ((UNIT[:-1], [SELLER]), (UNIT[:-1] + "2", [])):
        registered = world.act("realty.register", "nr-checker", unit, certificate=OLD, owners=owners)
        assert denial(registered) == ("G1", "E_PAYLOAD")
