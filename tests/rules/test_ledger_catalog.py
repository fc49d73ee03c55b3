"""The directory of shared data and the forms that follow from it (D1, D4, D8, G6)."""

from __future__ import annotations

from typing import Any

import pytest

from govchain.ledger.kinds.form import find_recollected
from tests.support.ledger_world import denial
from tests.support.sharing_world import HPF, MARRIAGE, SINCE, STATUS, SharingWorld


@pytest.fixture
def world() -> SharingWorld:
    return SharingWorld()


def states(world: SharingWorld, item: str = MARRIAGE) -> list[str]:
    return [entry.state for entry in world.record("catalog", item).timeline]


def test_G3_allows_the_whole_life_of_an_item(world: SharingWorld) -> None:
    world.publish()
    world.must("catalog.update", "ca-checker", MARRIAGE, fields=[STATUS], reason="since is not kept up")
    world.must("catalog.suspend", "data-checker", MARRIAGE, reason="complaints")
    world.must("catalog.resume", "data-checker", MARRIAGE, reason="cured")
    world.must("catalog.retire", "ca-checker", MARRIAGE, reason="replaced")
    assert states(world) == ["DRAFT", "REVIEWED", "PUBLISHED", "UPDATED", "SUSPENDED", "PUBLISHED", "RETIRED"]


def test_D1_denies_a_second_source_of_an_element(world: SharingWorld) -> None:
    world.publish()
    result = world.draft("HRSS.family", "hrss-maker", fields=[STATUS])
    assert denial(result) == ("D1", "E_NOT_AUTHORITATIVE")
    assert MARRIAGE in result.detail


def test_D1_denies_publishing_what_another_item_took_meanwhile(world: SharingWorld) -> None:
    assert world.draft("HRSS.family", "hrss-maker", fields=[STATUS]).applied
    world.publish()
    world.must("catalog.review", "data-checker", "HRSS.family")
    assert denial(world.act("catalog.publish", "hrss-checker", "HRSS.family")) == (
        "D1",
        "E_NOT_AUTHORITATIVE",
    )
    # Nor does giving up the draft take anything from the source.
    world.must("catalog.retire", "hrss-checker", "HRSS.family", reason="civil affairs has it")
    assert denial(world.draft("HRSS.kin", "hrss-maker", fields=[STATUS])) == ("D1", "E_NOT_AUTHORITATIVE")


def test_D1_denies_an_update_to_an_element_of_another_item(world: SharingWorld) -> None:
    world.publish(fields=[STATUS])
    world.publish("HRSS.family", "hrss", fields=[SINCE])
    result = world.act("catalog.update", "hrss-checker", "HRSS.family", fields=[STATUS, SINCE], reason="more")
    assert denial(result) == ("D1", "E_NOT_AUTHORITATIVE")


def test_D1_allows_another_source_once_an_element_is_given_up(world: SharingWorld) -> None:
    world.publish()
    world.must("catalog.update", "ca-checker", MARRIAGE, fields=[SINCE], reason="status moves")
    world.publish("HRSS.family", "hrss", fields=[STATUS])
    world.must("catalog.retire", "ca-checker", MARRIAGE, reason="all moves")
    assert world.draft("HRSS.since", "hrss-maker", fields=[SINCE]).applied


def test_G6_denies_reviewing_an_item_of_ones_own(world: SharingWorld) -> None:
    assert world.draft("DATA.areas", "data-all", fields=[STATUS]).applied
    assert denial(world.act("catalog.review", "data-all", "DATA.areas")) == ("G6", "E_SOD")
    world.must("catalog.review", "data-checker", "DATA.areas")


def test_I5_denies_looking_after_items_of_others(world: SharingWorld) -> None:
    world.publish()
    for verb in ("suspend", "retire"):
        result = world.act(f"catalog.{verb}", "hrss-checker", MARRIAGE, reason="envy")
        assert denial(result) == ("I5", "E_ROLE")
    world.must("catalog.suspend", "data-checker", MARRIAGE, reason="complaints")
    assert denial(world.act("catalog.resume", "ca-checker", MARRIAGE, reason="fine")) == ("I5", "E_ROLE")


def test_I5_denies_reviews_by_anybody_but_the_data_authority(world: SharingWorld) -> None:
    assert world.draft().applied
    assert denial(world.act("catalog.review", "ca-checker", MARRIAGE)) == ("I5", "E_ROLE")


@pytest.mark.parametrize(
    "changes",
    [
        {"name": ""},
        {"duty_item": "a b"},
        {"sharing": "sometimes"},
        {"fields": []},
        {"fields": [STATUS, {**STATUS, "element": "person.other"}]},
        {"fields": [{**STATUS, "name": "a/b"}]},
        {"fields": [{**STATUS, "modes": []}]},
        {"fields": [{**STATUS, "modes": ["picture"]}]},
    ],
)
def test_G1_denies_a_malformed_item(world: SharingWorld, changes: dict[str, Any]) -> None:
    assert denial(world.draft(**changes)) == ("G1", "E_PAYLOAD")


def form(world: SharingWorld, *elements: str, person: str = "hpf-maker", number: str = "F-1") -> Any:
    fields = [{"label": "请填写", "element": element} for element in elements]
    return world.act("form.publish", person, number, name="贷款申请表", service="HPF-LOAN", fields=fields)


def test_D4_allows_a_form_for_what_nobody_shares(world: SharingWorld) -> None:
    world.publish(fields=[STATUS])
    assert form(world, "loan.amount", "person.marital-since").applied
    world.must("form.withdraw", "hpf-maker", "F-1", reason="new version")
    assert world.record("form", "F-1").state == "WITHDRAWN"


def test_D4_denies_a_form_that_asks_for_what_is_shared(world: SharingWorld) -> None:
    world.publish()
    result = form(world, "loan.amount", "person.marital-status")
    assert denial(result) == ("D4", "E_RECOLLECT")
    assert MARRIAGE in result.detail


def test_D4_allows_the_source_itself_to_ask(world: SharingWorld) -> None:
    world.publish()
    assert form(world, "person.marital-status", person="ca-maker").applied


@pytest.mark.parametrize("change", ["none", "suspended", "draft"])
def test_D4_allows_asking_for_what_cannot_be_had(world: SharingWorld, change: str) -> None:
    if change == "draft":
        assert world.draft().applied
    else:
        world.publish(sharing="none" if change == "none" else "conditional")
    if change == "suspended":
        world.must("catalog.suspend", "ca-checker", MARRIAGE, reason="moving")
    assert form(world, "person.marital-status").applied


def test_D4_answers_which_old_forms_ask_again(world: SharingWorld) -> None:
    assert form(world, "person.marital-status").applied
    world.publish()
    assert find_recollected(world.access, HPF, ("loan.amount", "person.marital-status")) == [
        ("person.marital-status", MARRIAGE)
    ]


def test_I5_denies_withdrawing_a_form_of_another_department(world: SharingWorld) -> None:
    assert form(world, "loan.amount").applied
    assert denial(world.act("form.withdraw", "hrss-maker", "F-1", reason="x")) == ("I5", "E_ROLE")


def test_G1_denies_a_malformed_form(world: SharingWorld) -> None:
    assert denial(form(world)) == ("G1", "E_PAYLOAD")
    assert denial(form(world, "a", "a")) == ("G1", "E_PAYLOAD")
    assert denial(form(world, "a b")) == ("G1", "E_PAYLOAD")
