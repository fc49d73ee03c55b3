"""Contracts: the signed pair, a court's stay, excluded matters, one contract a subject (K1, K2, K4, K5)."""

from __future__ import annotations

import pytest

from tests.support.joint_world import BUYER, CODE, PAIR, SELLER, TEXT, UNIT, JointWorld
from tests.support.ledger_world import denial


@pytest.fixture
def world() -> JointWorld:
    return JointWorld()


def test_K1_allows_every_party_to_sign_and_one_to_perform(world: JointWorld) -> None:
    world.form()
    assert world.record("contract", "K-1").state == "FORMED"
    world.must("contract.perform", "acme-a", "K-1", **PAIR)
    assert world.record("contract", "K-1").state == "DISCHARGED"


def test_K1_denies_other_texts_strangers_and_second_signatures(world: JointWorld) -> None:
    assert world.offer().applied
    other = {"text_hash": CODE, "code_hash": TEXT}
    assert denial(world.act("contract.sign", "acme-a", "K-1", **other)) == ("K1", "E_HASH_MISMATCH")
    assert denial(world.act("contract.sign", "evp-a", "K-1", **PAIR)) == ("K1", "E_ROLE")
    world.must("contract.sign", "acme-a", "K-1", **PAIR)
    assert denial(world.act("contract.sign", "acme-a", "K-1", **PAIR)) == ("K1", "E_STATE")
    assert denial(world.act("contract.perform", "acme-a", "K-1", **PAIR)) == ("G3", "E_STATE")


def test_K2_denies_performance_while_a_court_stays_it_and_allows_it_after(world: JointWorld) -> None:
    world.form()
    assert denial(world.act("contract.stay", "acme-a", "K-1", reason="no")) == ("I5", "E_ROLE")
    world.must("contract.stay", "court-a", "K-1", reason="dispute")
    assert denial(world.act("contract.perform", "acme-a", "K-1", **PAIR)) == ("K2", "E_STAYED")
    world.must("contract.resume", "court-a", "K-1", reason="settled")
    assert world.act("contract.perform", "acme-a", "K-1", **PAIR).applied


@pytest.mark.parametrize("matter", ["marriage", "adoption", "inheritance", "utilities-cutoff"])
def test_K4_denies_what_the_law_keeps_from_electronic_form(world: JointWorld, matter: str) -> None:
    assert denial(world.offer(matter=matter)) == ("K4", "E_LAW_EXCLUDED")


def test_K4_allows_a_sale(world: JointWorld) -> None:
    assert world.offer(matter="sale").applied


def test_K5_denies_a_second_contract_on_one_thing_and_allows_one_after_the_first(world: JointWorld) -> None:
    unit = {"subject": f"realty/{UNIT}", "parties": [SELLER, BUYER]}
    world.register_unit()
    assert world.offer(person="seller", **unit).applied
    assert denial(world.offer("K-2", person="nr-maker", **unit)) == ("K5", "E_DOUBLE_USE")
    assert denial(world.act("contract.withdraw", "beta-a", "K-1", reason="x")) == ("I5", "E_ROLE")
    world.must("contract.withdraw", "seller", "K-1", reason="no agreement")
    assert world.offer("K-2", person="nr-maker", **unit).applied


def test_K5_denies_strangers_an_offer_of_what_is_not_theirs(world: JointWorld) -> None:
    world.register_unit()
    for person, subject in (("beta-a", UNIT), ("buyer", UNIT), ("acme-a", "nothing")):
        assert denial(world.offer(person=person, subject=f"realty/{subject}")) == ("K5", "E_ROLE")


def test_J1_denies_a_signature_once_the_ground_is_gone(world: JointWorld) -> None:
    ground = [{"record": "contract/K-0", "state": "OFFERED"}]
    assert denial(world.offer(rests_on=ground)) == ("J1", "E_STATE")
    assert world.offer("K-0").applied
    assert world.offer(rests_on=ground).applied
    world.must("contract.sign", "acme-a", "K-1", **PAIR)
    world.must("contract.withdraw", "acme-a", "K-0", reason="x")
    assert denial(world.act("contract.sign", "beta-a", "K-1", **PAIR)) == ("J1", "E_STATE")


@pytest.mark.parametrize(
    "fields",
    [
        {"text_hash": "x"},
        {"parties": []},
        {"parties": ["a b"]},
        {"subject": "nothing"},
        {"due": "5.00"},
        {"due": "-5.00", "due_at": "2026-12-01T00:00:00+08:00"},
        {"rests_on": [{"record": "contract/K-0", "state": "offered"}]},
    ],
)
def test_G1_denies_offers_that_are_not_well_formed(world: JointWorld, fields: dict[str, object]) -> None:
    assert denial(world.offer(**fields)) == ("G1", "E_PAYLOAD")
