"""Requests and grants: classes, deadlines, who decides (D2, D5, D6, D8, D9, G6)."""

from __future__ import annotations

from typing import Any

import pytest

from govchain.ledger.kinds.grant import rules
from govchain.ledger.kinds.grant.status import grant_status_at
from tests.support.ledger_world import START_MS, denial
from tests.support.sharing_world import DAY_MS, MARRIAGE, SINCE, STATUS, SharingWorld

LATE_MS = 15 * DAY_MS
"""Ten working days after Monday 2 November end with Monday the 16th."""


@pytest.fixture
def world() -> SharingWorld:
    world = SharingWorld()
    world.publish()
    return world


def state(world: SharingWorld, number: str = "G-1") -> str:
    return world.record("grant", number).state


def test_G3_allows_the_whole_life_of_a_grant(world: SharingWorld) -> None:
    assert world.request().applied
    world.must("grant.accept", "ca-maker", "G-1")
    world.must("grant.approve", "ca-approver", "G-1", connect_later=True)
    world.must("grant.activate", "ca-maker", "G-1")
    world.must("grant.revoke", "ca-approver", "G-1", reason="misuse")
    states = [entry.state for entry in world.record("grant", "G-1").timeline]
    assert states == ["SUBMITTED", "PENDING", "APPROVED", "ACTIVE", "REVOKED"]


def test_G3_allows_expiry_after_the_last_day_and_denies_it_before(world: SharingWorld) -> None:
    world.grant()
    world.now_ms = START_MS + 18 * DAY_MS
    assert denial(world.act("grant.expire", "fin-a", "G-1")) == ("G3", "E_STATE")
    assert grant_status_at(world.record("grant", "G-1"), world.now_ms).answer == "ACTIVE"
    world.now_ms += DAY_MS
    assert grant_status_at(world.record("grant", "G-1"), world.now_ms).answer == "EXPIRED"
    world.must("grant.expire", "fin-a", "G-1")
    assert state(world) == "EXPIRED"


def test_D6_allows_what_is_shared_unconditionally_at_once(world: SharingWorld) -> None:
    world.publish("HRSS.firms", "hrss", sharing="unconditional", fields=[{**STATUS, "element": "firm.size"}])
    assert world.request(item="HRSS.firms").applied
    assert state(world) == "ACTIVE"


def test_D6_denies_rejecting_or_taking_back_what_is_shared_unconditionally(world: SharingWorld) -> None:
    world.publish("HRSS.firms", "hrss", sharing="unconditional", fields=[{**STATUS, "element": "firm.size"}])
    assert world.request(item="HRSS.firms").applied
    for verb in ("reject", "revoke"):
        result = world.act(f"grant.{verb}", "hrss-approver", "G-1", reason="no")
        assert denial(result) == ("D6", "E_STATE")
    world.must("grant.revoke", "data-checker", "G-1", reason="misuse")


def test_D6_denies_asking_for_what_is_not_shared(world: SharingWorld) -> None:
    world.publish("HRSS.health", "hrss", sharing="none", fields=[{**STATUS, "element": "person.health"}])
    assert denial(world.request(item="HRSS.health")) == ("D6", "E_NO_GRANT")


@pytest.mark.parametrize("step", ["unknown", "draft", "suspended"])
def test_D8_denies_asking_for_an_item_that_is_not_published(world: SharingWorld, step: str) -> None:
    item = MARRIAGE
    if step == "unknown":
        item = "CA.unknown"
    elif step == "draft":
        item = "CA.draft"
        assert world.draft(item, fields=[{**STATUS, "element": "person.draft"}]).applied
    else:
        world.must("catalog.suspend", "ca-checker", MARRIAGE, reason="moving")
    assert denial(world.request(item=item)) == ("D8", "E_STATE")


def test_D8_allows_asking_for_an_updated_item(world: SharingWorld) -> None:
    world.must("catalog.update", "ca-checker", MARRIAGE, fields=[STATUS], reason="less")
    assert world.request().applied


def test_D2_denies_asking_for_a_field_that_the_item_lacks(world: SharingWorld) -> None:
    assert denial(world.request(fields=["status", "spouse"])) == ("D2", "E_SCOPE_FIELD")


def test_D9_denies_a_value_where_yes_or_no_is_all_that_is_offered(world: SharingWorld) -> None:
    result = world.request(modes=["value"], value_need="curiosity")
    assert denial(result) == ("D9", "E_SCOPE_FIELD")
    assert "yes-no" in result.detail


def test_D9_denies_a_value_without_a_need_and_allows_it_with_one(world: SharingWorld) -> None:
    assert denial(world.request(fields=["since"], modes=["value"])) == ("D9", "E_SCOPE_FIELD")
    assert world.request(fields=["since"], modes=["value"], value_need="the deed names the day").applied


def test_D5_allows_the_provider_to_reject_in_time(world: SharingWorld) -> None:
    assert world.request().applied
    world.now_ms = START_MS + 14 * DAY_MS
    world.must("grant.reject", "ca-approver", "G-1", reason="no duty needs this")
    assert state(world) == "REJECTED"


def test_D5_denies_rejecting_late_and_allows_agreeing_late(world: SharingWorld) -> None:
    assert world.request().applied
    world.now_ms = START_MS + LATE_MS
    assert denial(world.act("grant.reject", "ca-approver", "G-1", reason="no")) == ("D5", "E_DEADLINE")
    world.must("grant.approve", "ca-approver", "G-1")


@pytest.mark.parametrize("is_recorded", [True, False])
@pytest.mark.parametrize("verb", ["approve", "reject"])
def test_D5_allows_the_data_authority_to_decide_late(
    world: SharingWorld, verb: str, is_recorded: bool
) -> None:
    assert world.request().applied
    world.now_ms = START_MS + LATE_MS
    record = world.record("grant", "G-1")
    assert grant_status_at(record, world.now_ms).answer == "ESCALATED", "the clock escalates by itself"
    if is_recorded:
        world.must("grant.escalate", "fin-a", "G-1")
        assert state(world) == "ESCALATED"
    reason = {"reason": "no duty"} if verb == "reject" else {}
    world.must(f"grant.{verb}", "data-checker", "G-1", **reason)


def test_D5_denies_deciding_for_the_provider_before_the_deadline(world: SharingWorld) -> None:
    assert world.request().applied
    assert denial(world.act("grant.escalate", "fin-a", "G-1")) == ("D5", "E_DEADLINE")
    assert denial(world.act("grant.approve", "data-checker", "G-1")) == ("D5", "E_DEADLINE")


def test_D5_answers_that_data_is_overdue(world: SharingWorld) -> None:
    assert world.request(valid_to="2027-11-02").applied
    world.must("grant.approve", "ca-approver", "G-1", connect_later=True)
    record = world.record("grant", "G-1")
    assert not grant_status_at(record, START_MS + 28 * DAY_MS).overdue
    assert grant_status_at(record, START_MS + 29 * DAY_MS).overdue


def test_G6_denies_deciding_what_one_took_in_hand(world: SharingWorld) -> None:
    assert world.request().applied
    world.must("grant.accept", "ca-all", "G-1")
    assert denial(world.act("grant.approve", "ca-all", "G-1")) == ("G6", "E_SOD")
    assert denial(world.act("grant.reject", "ca-all", "G-1", reason="no")) == ("G6", "E_SOD")
    world.must("grant.approve", "ca-approver", "G-1")


def test_I5_denies_deciding_for_another_department(world: SharingWorld) -> None:
    assert world.request().applied
    assert denial(world.act("grant.accept", "hrss-maker", "G-1")) == ("I5", "E_ROLE")
    assert denial(world.act("grant.approve", "hrss-approver", "G-1")) == ("I5", "E_ROLE")
    world.must("grant.approve", "ca-approver", "G-1")
    assert denial(world.act("grant.revoke", "hrss-approver", "G-1", reason="x")) == ("I5", "E_ROLE")
    world.must("grant.revoke", "hpf-approver", "G-1", reason="not needed")


def test_G3_denies_more_organisations_than_a_correction_can_look_at(
    world: SharingWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rules, "REQUESTERS_MAX", 1)
    world.grant()
    assert denial(world.request("G-2", "hrss-maker")) == ("G3", "E_STATE")
    assert world.request("G-3").applied, "one that is known already takes no place"


@pytest.mark.parametrize(
    "changes",
    [
        {"item": "a b"},
        {"purpose": ""},
        {"fields": []},
        {"fields": ["status", "status"]},
        {"modes": ["picture"]},
        {"subject_scope": {"kind": "all"}},
        {"subject_scope": {"kind": "any", "ref": "x"}},
        {"subject_scope": {"kind": "case"}},
        {"subject_scope": {"kind": "case", "ref": "x", "size": 1}},
        {"subject_scope": {"kind": "listed", "ref": "x", "size": 1}},
        {"subject_scope": {"kind": "listed", "ref": "a" * 64}},
        {"valid_to": "2026-11-01"},
        {"valid_to": "soon"},
        {"rate_per_day": 0},
        {"max_uses": -1},
        {"value_need": "x" * 1_001},
    ],
)
def test_G1_denies_a_malformed_request(world: SharingWorld, changes: dict[str, Any]) -> None:
    assert denial(world.request(**changes)) == ("G1", "E_PAYLOAD")


def test_G1_denies_a_rejection_without_reason(world: SharingWorld) -> None:
    assert world.request().applied
    assert denial(world.act("grant.reject", "ca-approver", "G-1", reason="")) == ("G1", "E_PAYLOAD")


def test_D9_allows_fields_of_different_modes_in_one_grant(world: SharingWorld) -> None:
    assert STATUS["modes"] != SINCE["modes"]
    assert world.request(fields=["status", "since"], modes=["yes-no", "threshold"]).applied
