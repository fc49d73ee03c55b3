"""Accreditation chains (records.md 1.5; I7 and L4): unbroken up to the root at the time of issue."""

from __future__ import annotations

from typing import Any

import pytest

from govchain.ledger.kinds.accreditation import rules
from govchain.ledger.kinds.accreditation.chain import DEPTH_MAX, accreditation_at
from tests.support.identity_world import ORDER, PSB, IdentityWorld, accreditation
from tests.support.ledger_world import (
    ACME,
    AMR,
    AMR_B,
    BUSINESS,
    START_MS,
    denial,
    licence_fields,
    licence_id,
    rfc3339,
)

DENIED = ("I7", "E_NOT_ACCREDITED")
AMR_B_STAFF = ("amrb-a", "amrb-b", "amrb-c")
DAY_MS = 86_400_000


@pytest.fixture
def world() -> IdentityWorld:
    return IdentityWorld()


def foreign_licence(org: str = AMR_B, serial: int = 1) -> str:
    return licence_id(serial, type_code=BUSINESS, org=org)


def enter(
    world: IdentityWorld, *, area: str = "990200", person: str = "amrb-a", serial: int = 1, **more: Any
) -> Any:
    org = AMR_B if person.startswith("amrb") else PSB
    fields = licence_fields(area_code=area, holder_ref=f"holder-{serial}")
    return world.ask("licence.enter", person, foreign_licence(org, serial), fields, **more)


def test_I7_L4_allows_an_issuer_that_the_root_s_holder_accredited(world: IdentityWorld) -> None:
    assert denial(enter(world)) == ("L4", "E_NOT_ACCREDITED")
    world.accredit("AC-1")
    assert enter(world).applied
    world.do("licence.issue", "amrb-b", foreign_licence())
    answer = accreditation_at(world.access, AMR_B, BUSINESS, "990200", world.now_ms)
    assert (answer.unbroken, answer.path) == (True, (AMR, AMR_B))


@pytest.mark.parametrize("area", ["990100", "990000", "123456", "", "99020a"])
def test_I7_denies_another_area(world: IdentityWorld, area: str) -> None:
    world.accredit("AC-1")
    assert denial(enter(world, area=area)) == DENIED


@pytest.mark.parametrize(
    ("given", "area"), [("990000", "990200"), ("000000", "110101"), ("990203", "990203")]
)
def test_I7_allows_areas_inside(world: IdentityWorld, given: str, area: str) -> None:
    world.accredit("AC-1", area=given)
    assert enter(world, area=area).applied


@pytest.mark.parametrize("period", [("2026-11-03", ""), ("2026-10-01", "2026-11-01")])
def test_I7_denies_outside_the_period(world: IdentityWorld, period: tuple[str, str]) -> None:
    world.accredit("AC-1", from_date=period[0], to_date=period[1])
    assert denial(enter(world)) == DENIED


def test_I7_denies_issue_after_revocation_and_keeps_what_was_issued(world: IdentityWorld) -> None:
    world.accredit("AC-1")
    for serial in (1, 2):
        assert enter(world, serial=serial).applied
    world.do("licence.issue", "amrb-b", foreign_licence(serial=1))
    before = world.now_ms - 1
    world.do("accreditation.revoke", "amr-b", "AC-1", ORDER)
    assert denial(world.ask("licence.issue", "amrb-b", foreign_licence(serial=2))) == DENIED
    backdated = enter(world, serial=3, claimed_time=rfc3339(world.now_ms - 180_000))
    assert denial(backdated) == DENIED, "an earlier claimed time does not help"
    assert accreditation_at(world.access, AMR_B, BUSINESS, "990200", before).unbroken
    assert not accreditation_at(world.access, AMR_B, BUSINESS, "990200", world.now_ms).unbroken
    assert world.record("licence", foreign_licence()).state == "VALID"
    world.do("licence.suspend", "amrb-b", foreign_licence(), ORDER)


def three_levels(world: IdentityWorld) -> None:
    world.accredit("AC-1", area="990000", may_accredit=True, to_date="2026-12-31")
    world.accredit("AC-2", AMR_B_STAFF, issuer=PSB, under="AC-1", to_date="2026-12-01")


def test_I7_allows_root_to_TAO_to_issuer_and_denies_when_a_link_breaks(world: IdentityWorld) -> None:
    three_levels(world)
    assert enter(world, person="psb-a").applied
    world.do("accreditation.revoke", "amr-b", "AC-1", ORDER)
    result = enter(world, person="psb-a", serial=2)
    assert denial(result) == DENIED
    assert "AC-1 was REVOKED" in result.detail


@pytest.mark.parametrize(("verb", "org"), [("organisation.suspend", AMR_B), ("organisation.expel", AMR_B)])
def test_I7_denies_when_one_above_is_no_member_any_more(world: IdentityWorld, verb: str, org: str) -> None:
    three_levels(world)
    world.adopt(verb, "GC-1", {"org": org, "reason": "r"})
    assert denial(enter(world, person="psb-a")) == DENIED
    if verb == "organisation.suspend":
        world.adopt("organisation.resume", "GC-2", {"org": org, "reason": "r"})
        assert enter(world, person="psb-a").applied


def test_I7_denies_when_the_root_takes_its_grant_back(world: IdentityWorld) -> None:
    three_levels(world)
    before = world.now_ms
    world.do("licence.enter", "amr-a", licence_id(9), licence_fields())
    fields = {"org": AMR, "type_code": BUSINESS, "reason": "moved to another bureau"}
    world.adopt("organisation.unaccredit", "GC-1", fields)
    assert denial(enter(world, person="psb-a")) == DENIED
    assert denial(world.ask("licence.issue", "amr-b", licence_id(9))) == ("L4", "E_NOT_ACCREDITED")
    assert accreditation_at(world.access, PSB, BUSINESS, "990200", before).path == (AMR, AMR_B, PSB)
    again = world.ask("organisation.unaccredit", "amr-admin", "GC-2", fields)
    assert denial(again) == ("I9", "E_STATE")
    bad = world.ask("organisation.unaccredit", "amr-admin", "GC-3", {**fields, "type_code": "1"})
    assert denial(bad) == ("G1", "E_PAYLOAD")


@pytest.mark.parametrize(
    "fields",
    [
        {"area": "980000"},
        {"area": "000000"},
        {"from_date": "2026-10-31"},
        {"to_date": "2027-01-01"},
        {"to_date": ""},
        {"type_code": f"{AMR}002"},
        {"under": "AC-77"},
        {"under": ""},
    ],
)
def test_I7_denies_more_than_the_granter_has(world: IdentityWorld, fields: dict[str, str]) -> None:
    world.accredit("AC-1", area="990000", may_accredit=True, to_date="2026-12-31")
    wanted = accreditation(**{"issuer": PSB, "under": "AC-1", "to_date": "2026-12-31", **fields})
    assert denial(world.ask("accreditation.enter", "amrb-a", "AC-2", wanted)) == DENIED


def test_I7_denies_a_granter_that_may_not_accredit(world: IdentityWorld) -> None:
    world.accredit("AC-1")
    wanted = accreditation(issuer=PSB, under="AC-1")
    assert denial(world.ask("accreditation.enter", "amrb-a", "AC-2", wanted)) == DENIED


@pytest.mark.parametrize("issuer", [AMR, "11990200MA0XX00BX0"])
def test_I7_denies_accrediting_itself_or_a_stranger(world: IdentityWorld, issuer: str) -> None:
    result = world.ask("accreditation.enter", "amr-a", "AC-1", accreditation(issuer=issuer))
    assert denial(result) == DENIED


def test_I7_denies_revocation_by_another_and_allows_one_above(world: IdentityWorld) -> None:
    three_levels(world)
    assert denial(world.ask("accreditation.revoke", "psb-b", "AC-2", ORDER)) == DENIED
    world.do("accreditation.revoke", "amr-b", "AC-2", ORDER)
    assert denial(world.ask("accreditation.revoke", "amrb-b", "AC-2", ORDER)) == ("G3", "E_STATE")


def test_I7_denies_carrying_on_what_another_entered(world: IdentityWorld) -> None:
    world.do("accreditation.enter", "amr-a", "AC-1", accreditation())
    assert denial(world.ask("accreditation.check", "psb-b", "AC-1")) == DENIED


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"type_code": "x"}, ("G1", "E_PAYLOAD")),
        ({"area": "99"}, ("G1", "E_PAYLOAD")),
        ({"from_date": ""}, ("G1", "E_PAYLOAD")),
        ({"to_date": "2026-02-30"}, ("G1", "E_PAYLOAD")),
        ({"to_date": "2026-10-01"}, ("I7", "E_TIME_ORDER")),
    ],
)
def test_G1_I7_denies_malformed_accreditation(
    world: IdentityWorld, fields: dict[str, str], expected: tuple[str, str]
) -> None:
    assert denial(world.ask("accreditation.enter", "amr-a", "AC-1", accreditation(**fields))) == expected


def test_G1_denies_a_number_with_signs(world: IdentityWorld) -> None:
    assert denial(world.ask("accreditation.enter", "amr-a", "AC/1", accreditation())) == ("G1", "E_PAYLOAD")


def test_I7_denies_more_accreditations_than_are_looked_through(
    world: IdentityWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rules, "GRANTS_MAX", 1)
    world.accredit("AC-1")
    world.do("accreditation.enter", "amr-a", "AC-2", accreditation())
    world.do("accreditation.check", "amr-b", "AC-2")
    assert denial(world.ask("accreditation.grant", "amr-d", "AC-2")) == ("I7", "E_CAP")


def test_I7_denies_a_chain_that_is_too_long(world: IdentityWorld) -> None:
    world.accredit("AC-1", may_accredit=True)
    staff = {AMR_B: AMR_B_STAFF, PSB: ("psb-a", "psb-b", "psb-c")}
    granter = AMR_B
    for level in range(2, DEPTH_MAX + 1):
        other = PSB if granter == AMR_B else AMR_B
        world.accredit(
            f"AC-{level}", staff[granter], issuer=other, under=f"AC-{level - 1}", may_accredit=True
        )
        granter = other
    answer = accreditation_at(world.access, granter, BUSINESS, "990200", world.now_ms)
    assert answer.unbroken
    wanted = accreditation(issuer=ACME, under=f"AC-{DEPTH_MAX}")
    result = world.ask("accreditation.enter", staff[granter][0], "AC-last", wanted)
    assert denial(result) == DENIED
    assert "at most" in result.detail


def test_I7_answers_that_the_future_is_not_accredited(world: IdentityWorld) -> None:
    world.accredit("AC-1", to_date="2026-11-30")
    answers = [
        accreditation_at(world.access, AMR_B, BUSINESS, "990200", START_MS + day * DAY_MS).unbroken
        for day in (-2, 1, 28, 29)
    ]
    assert answers == [False, True, True, False]
