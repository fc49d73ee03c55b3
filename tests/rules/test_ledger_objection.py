"""Objections and corrections: who may object, who is told, who decides (D5, D10)."""

from __future__ import annotations

from typing import Any

import pytest

from govchain.ledger.kinds.objection.fields import NoticeData, ObjectionData
from govchain.ledger.kinds.objection.notices import list_receivers
from tests.support.ledger_world import START_MS, SUITE, denial, rfc3339
from tests.support.sharing_world import (
    CA,
    DAY_MS,
    FIN,
    HPF,
    HRSS,
    MARRIAGE,
    OTHER,
    SOURCE_KEYS,
    STATUS,
    SharingWorld,
    answer_fields,
)

WANG = SOURCE_KEYS["wang"].hex()


@pytest.fixture
def world() -> SharingWorld:
    """HPF asked about wang (X-1) and chen (X-2), HRSS about chen only (X-3)."""
    world = SharingWorld()
    world.publish()
    world.grant()
    world.grant("G-2", "hrss")
    world.exchange("X-1")
    world.exchange("X-2", subject="chen", subject_ref="chen-at-hpf")
    world.exchange("X-3", "hrss", subject="chen", grant="G-2", subject_ref="chen-at-hrss")
    return world


def object_to(world: SharingWorld, person: str = "hpf-maker", **fields: Any) -> Any:
    fields = {"item": MARRIAGE, "field": "status", "claim": "divorced since", "exchange": "X-1", **fields}
    return world.act("objection.raise", person, "O-1", **fields)


def correct(world: SharingWorld, **fields: Any) -> Any:
    fields = {
        "source_key": WANG,
        "wrong_since": rfc3339(START_MS),
        "corrected_hash": OTHER,
        **fields,
    }
    return world.act("objection.correct", "ca-checker", "O-1", **fields)


def checked(world: SharingWorld, **fields: Any) -> None:
    assert object_to(world, **fields).applied
    world.must("objection.check", "ca-maker", "O-1", opinion="true")


def notices(world: SharingWorld) -> tuple[NoticeData, ...]:
    return world.record("objection", "O-1").data_as(ObjectionData).notices


def test_D10_reports_everybody_who_received_the_value_and_nobody_else(world: SharingWorld) -> None:
    checked(world)
    assert correct(world).applied
    assert notices(world) == (NoticeData(HPF, "X-1", 1),)


def test_D10_reports_every_requester_of_a_subject(world: SharingWorld) -> None:
    checked(world, exchange="X-2")
    assert correct(world, source_key=SOURCE_KEYS["chen"].hex()).applied
    assert notices(world) == (NoticeData(HPF, "X-2", 1), NoticeData(HRSS, "X-3", 1))


def test_D10_reports_those_to_whom_it_was_passed_on(world: SharingWorld) -> None:
    world.must("exchange.permit", "ca-approver", "X-1", to_org=FIN, reason="joint duty")
    world.must("exchange.forward", "hpf-gateway", "X-1", to_org=FIN)
    world.exchange("X-4")
    checked(world)
    assert correct(world).applied
    assert notices(world) == (NoticeData(HPF, "X-4", 2), NoticeData(FIN, "X-4", 0))


def test_D10_reports_whom_a_later_answer_with_an_earlier_claimed_time_would_hide(world: SharingWorld) -> None:
    early = {"claimed_time": rfc3339(world.now_ms)}
    assert world.query("X-4").applied
    assert world.query("X-5").applied
    answered = rfc3339(world.now_ms)
    assert world.answer("X-5").applied
    assert world.submit("exchange.answer", "ca-gateway", "X-4", answer_fields(HPF), **early).applied
    checked(world, exchange="X-5")
    assert correct(world, wrong_since=answered).applied
    assert notices(world) == (NoticeData(HPF, "X-4", 3),)


def test_D10_denies_passing_on_what_was_corrected(world: SharingWorld) -> None:
    world.must("exchange.permit", "ca-approver", "X-1", to_org=FIN, reason="joint duty")
    world.must("exchange.permit", "ca-approver", "X-2", to_org=FIN, reason="joint duty")
    checked(world)
    assert correct(world).applied
    refused = world.act("exchange.forward", "hpf-gateway", "X-1", to_org=FIN)
    assert denial(refused) == ("D10", "E_STATE")
    world.must("exchange.forward", "hpf-gateway", "X-2", to_org=FIN)


def test_D10_denies_answering_with_what_was_corrected(world: SharingWorld) -> None:
    checked(world)
    assert correct(world).applied
    assert world.query("X-4").applied
    assert denial(world.answer("X-4")) == ("D10", "E_STATE")
    world.must("exchange.answer", "ca-gateway", "X-4", **answer_fields(HPF, source_ref="ab" * 32))


def test_D10_allows_passing_on_what_was_received_before_it_was_wrong(world: SharingWorld) -> None:
    world.must("exchange.permit", "ca-approver", "X-1", to_org=FIN, reason="joint duty")
    checked(world, person="ca-maker", exchange="")
    assert correct(world, wrong_since=rfc3339(world.now_ms)).applied
    world.must("exchange.forward", "hpf-gateway", "X-1", to_org=FIN)


def test_D10_reports_the_same_off_the_chain(world: SharingWorld) -> None:
    found = list_receivers(world.access, SUITE, MARRIAGE, SOURCE_KEYS["wang"], START_MS)
    assert found == (NoticeData(HPF, "X-1", 1),)


def test_D10_reports_nobody_who_asked_before_it_was_wrong(world: SharingWorld) -> None:
    checked(world, person="ca-maker", exchange="")
    assert correct(world, wrong_since=rfc3339(world.now_ms)).applied
    assert notices(world) == ()


def test_D10_allows_each_listed_department_to_take_it_over_once(world: SharingWorld) -> None:
    checked(world)
    assert correct(world).applied
    world.must("objection.acknowledge", "hpf-maker", "O-1")
    assert notices(world) == (NoticeData(HPF, "X-1", 1, acknowledged=True),)
    assert denial(world.act("objection.acknowledge", "hpf-maker", "O-1")) == ("D10", "E_ROLE")
    assert denial(world.act("objection.acknowledge", "hrss-maker", "O-1")) == ("D10", "E_ROLE")


def test_D10_denies_a_key_of_another_subject(world: SharingWorld) -> None:
    checked(world)
    result = correct(world, source_key=SOURCE_KEYS["chen"].hex())
    assert denial(result) == ("D10", "E_HASH_MISMATCH")


def test_D10_denies_that_it_was_wrong_only_later(world: SharingWorld) -> None:
    checked(world)
    assert denial(correct(world, wrong_since=rfc3339(world.now_ms))) == ("D10", "E_TIME_ORDER")


def test_D10_allows_the_person_to_object(world: SharingWorld) -> None:
    assert object_to(world, "wang-at-hpf").applied


@pytest.mark.parametrize(
    ("person", "changes"),
    [
        ("hrss-maker", {}),
        ("chen-at-hpf", {}),
        ("hpf-maker", {"exchange": ""}),
        ("hpf-maker", {"exchange": "X-9"}),
        ("hpf-maker", {"field": "since"}),
    ],
)
def test_D10_denies_objections_of_strangers(
    world: SharingWorld, person: str, changes: dict[str, Any]
) -> None:
    assert denial(object_to(world, person, **changes)) == ("D10", "E_ROLE")


def test_D10_denies_objecting_to_what_was_not_answered(world: SharingWorld) -> None:
    assert world.query("X-5").applied
    assert denial(object_to(world, exchange="X-5")) == ("D10", "E_ROLE")


def test_G3_denies_objecting_to_a_field_that_no_item_has(world: SharingWorld) -> None:
    assert denial(object_to(world, field="height")) == ("G3", "E_STATE")
    assert denial(object_to(world, item="CA.none")) == ("G3", "E_STATE")


def test_D5_allows_refuting_in_time(world: SharingWorld) -> None:
    checked(world)
    world.must("objection.refute", "ca-checker", "O-1", reason="the register says otherwise")
    assert world.record("objection", "O-1").state == "REFUTED"


def test_G3_denies_the_provider_to_refute_what_nobody_looked_into(world: SharingWorld) -> None:
    """One person would have decided alone, and rule G6 with two been got round."""
    assert object_to(world).applied
    refute = ("objection.refute", "ca-checker", "O-1")
    assert denial(world.act(*refute, reason="no")) == ("G3", "E_STATE")
    world.must("objection.check", "ca-maker", "O-1")
    world.must(*refute, reason="no")


def test_D5_allows_the_data_authority_to_refute_what_nobody_looked_into(world: SharingWorld) -> None:
    assert object_to(world).applied
    world.now_ms = START_MS + 15 * DAY_MS
    world.must("objection.refute", "data-checker", "O-1", reason="no")


def test_D5_denies_refuting_late_and_allows_correcting_late(world: SharingWorld) -> None:
    checked(world)
    world.now_ms = START_MS + 15 * DAY_MS
    assert denial(world.act("objection.refute", "ca-checker", "O-1", reason="no")) == ("D5", "E_DEADLINE")
    assert correct(world).applied


def test_D5_allows_the_data_authority_to_refute_late_only(world: SharingWorld) -> None:
    checked(world)
    refute = ("objection.refute", "data-checker", "O-1")
    assert denial(world.act(*refute, reason="no")) == ("D5", "E_DEADLINE")
    world.now_ms = START_MS + 15 * DAY_MS
    world.must(*refute, reason="no")


def test_I5_denies_looking_into_items_of_others(world: SharingWorld) -> None:
    assert object_to(world).applied
    assert denial(world.act("objection.check", "hrss-maker", "O-1")) == ("I5", "E_ROLE")
    assert denial(world.act("objection.refute", "hrss-checker", "O-1", reason="x")) == ("I5", "E_ROLE")


@pytest.mark.parametrize("changes", [{"claim": ""}, {"item": "a b"}, {"field": ""}, {"exchange": "a b"}])
def test_G1_denies_a_malformed_objection(world: SharingWorld, changes: dict[str, Any]) -> None:
    assert denial(object_to(world, **changes)) == ("G1", "E_PAYLOAD")


@pytest.mark.parametrize("changes", [{"source_key": "x"}, {"wrong_since": "long ago"}])
def test_G1_denies_a_malformed_correction(world: SharingWorld, changes: dict[str, Any]) -> None:
    checked(world)
    assert denial(correct(world, **changes)) == ("G1", "E_PAYLOAD")


def test_D10_never_lists_a_department_of_another_item(world: SharingWorld) -> None:
    world.publish("CA.births", fields=[{**STATUS, "element": "person.birth"}])
    assert list_receivers(world.access, SUITE, "CA.births", SOURCE_KEYS["wang"], START_MS) == ()
    assert CA not in [notice.org for notice in notices_of_wang(world)]


def notices_of_wang(world: SharingWorld) -> tuple[NoticeData, ...]:
    return list_receivers(world.access, SUITE, MARRIAGE, SOURCE_KEYS["wang"], START_MS)
