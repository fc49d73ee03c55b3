"""What happens to licences after issue, their uses and their status lists (records.md 1.1; L2 to L9)."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from govchain.disclosure.status_list import ListedStatus, StatusList, pack_statuses, require_anchored
from govchain.errors import BadCredential
from govchain.ledger.kinds import KINDS
from govchain.ledger.kinds.authorisation.uses import count_uses, list_uses
from govchain.ledger.kinds.licence.validity import licence_status_at
from govchain.ledger.kinds.licence_use import LicenceUseData
from govchain.ledger.kinds.status_list import PLACES_MIN, StatusListData
from tests.support.identity_world import (
    ORDER,
    PSB,
    IdentityWorld,
    identity_genesis,
    key_id,
)
from tests.support.ledger_world import (
    ACME,
    AMR,
    BANK,
    HASHES,
    TAX,
    denial,
    licence_fields,
    licence_id,
    rfc3339,
)

LICENCE = licence_id()
CASE = {"reason": "unlawful", "basis_document": "（2026）京0491行初7号"}
DAY_MS = 86_400_000


@pytest.fixture
def world() -> IdentityWorld:
    world = IdentityWorld()
    world.make_licence(LICENCE)
    return world


# L3 and L4: how a licence ends.

ENDS = {
    "licence.revoke": "REVOKED",
    "licence.recall": "RECALLED",
    "licence.cancel": "CANCELLED",
    "licence.void": "VOIDED",
}


@pytest.mark.parametrize(("verb", "state"), ENDS.items())
def test_L3_answers_valid_then_and_never_valid_from_the_end_on(
    world: IdentityWorld, verb: str, state: str
) -> None:
    end_ms = world.now_ms
    world.do(verb, "amr-b", LICENCE, ORDER)
    record = world.record("licence", LICENCE)
    before = licence_status_at(record, end_ms - 1)
    assert before.answer == "VALID"
    assert "later" in before.explanation_en
    assert all(licence_status_at(record, end_ms + ms).answer == state for ms in (0, 1, 9_999 * DAY_MS))
    for other in (*ENDS, "licence.resume", "licence.suspend", "licence.withdraw"):
        assert denial(world.ask(other, "amr-b", LICENCE, ORDER)) == ("G3", "E_STATE")
    assert world.enter_licence(licence_id(2)).applied, "the holder's place is free"


def test_L3_withdrawn_was_never_valid(world: IdentityWorld) -> None:
    issued_ms = world.now_ms
    world.now_ms += 5 * DAY_MS
    assert licence_status_at(world.record("licence", LICENCE), issued_ms).answer == "VALID"
    world.do("licence.withdraw", "amr-b", LICENCE, ORDER)
    record = world.record("licence", LICENCE)
    for at_ms in (issued_ms, issued_ms + DAY_MS, world.now_ms, world.now_ms + 9_999 * DAY_MS):
        answer = licence_status_at(record, at_ms)
        assert answer.answer == "WITHDRAWN"
        assert "自始无效" in answer.explanation_zh


def test_L3_answers_for_a_licence_withdrawn_before_it_took_effect(world: IdentityWorld) -> None:
    early = licence_id(2)
    world.make_licence(early, holder_ref="holder-2", effective_date="2026-12-01")
    world.do("licence.withdraw", "amr-b", early, ORDER)
    answer = licence_status_at(world.record("licence", early), world.now_ms)
    assert answer.answer == "WITHDRAWN"
    assert "before it took effect" in answer.explanation_en


def test_L4_allows_withdrawal_by_court_with_its_case_number(world: IdentityWorld) -> None:
    assert denial(world.ask("licence.withdraw", "court-a", LICENCE, ORDER)) == ("L4", "E_NOT_ACCREDITED")
    world.do("licence.withdraw", "court-a", LICENCE, CASE)
    assert world.record("licence", LICENCE).state == "WITHDRAWN"


def test_L4_allows_withdrawal_by_an_authority_above_and_denies_others(world: IdentityWorld) -> None:
    world.accredit("AC-1", area="990000", may_accredit=True)
    world.accredit("AC-2", ("amrb-a", "amrb-b", "amrb-c"), issuer=PSB, under="AC-1")
    fields = licence_fields(area_code="990200", holder_ref="holder-2")
    for serial, above in ((1, "amrb-b"), (2, "amr-b"), (3, "psb-b")):
        number = licence_id(serial, org=PSB)
        world.do("licence.enter", "psb-a", number, fields)
        world.do("licence.issue", "psb-b", number)
        assert denial(world.ask("licence.withdraw", "tax-a", number, CASE)) == ("L4", "E_NOT_ACCREDITED")
        assert denial(world.ask("licence.revoke", "amr-b", number, ORDER)) == ("L4", "E_NOT_ACCREDITED")
        world.do("licence.withdraw", above, number, ORDER)


def test_I5_denies_withdrawal_by_a_maker(world: IdentityWorld) -> None:
    assert denial(world.ask("licence.withdraw", "amr-a", LICENCE, ORDER)) == ("I5", "E_ROLE")


def test_L2_allows_a_version_after_one_that_was_thrown_away_as_a_draft(world: IdentityWorld) -> None:
    second, third = licence_id(version=2), licence_id(version=3)
    assert world.enter_licence(second).applied
    world.do("licence.void", "amr-b", second, ORDER)
    assert denial(world.enter_licence(licence_id(7))) == ("L2", "E_DUP_ID"), (
        "the first version keeps its place"
    )
    assert world.enter_licence(third).applied
    assert world.issue_licence(third).applied
    assert world.record("licence", LICENCE).state == "SUPERSEDED"


def test_L2_denies_a_version_after_one_that_was_void_when_in_force(world: IdentityWorld) -> None:
    world.do("licence.void", "amr-b", LICENCE, ORDER)
    assert world.enter_licence(licence_id(version=2)).applied
    assert denial(world.issue_licence(licence_id(version=2))) == ("L2", "E_STATE")


def test_L4_allows_the_holder_to_apply_and_denies_all_else(world: IdentityWorld) -> None:
    since_ms = licence_status_at(world.record("licence", LICENCE), world.now_ms).since_ms
    wanted = {"wants": "renewal"}
    world.do("licence.apply", "acme-a", LICENCE, wanted)
    after = licence_status_at(world.record("licence", LICENCE), world.now_ms)
    assert (after.answer, after.since_ms) == ("VALID", since_ms), "an application changes nothing"
    assert denial(world.ask("licence.apply", "bank-a", LICENCE, wanted)) == ("L4", "E_ROLE")
    assert denial(world.ask("licence.apply", "acme-a", LICENCE, {"wants": "gold"})) == ("G1", "E_PAYLOAD")
    assert denial(world.ask("licence.cancel", "acme-a", LICENCE, ORDER)) == ("L4", "E_NOT_ACCREDITED")


# L6 to L8: authorised uses.


def grant(world: IdentityWorld, **fields: Any) -> dict[str, Any]:
    return {
        "licence": LICENCE,
        "audience": BANK,
        "purpose": "open-account",
        "fields": ["name", "scope"],
        "expires": rfc3339(world.now_ms + 2 * DAY_MS),
        "max_uses": 2,
        **fields,
    }


USE = {"purpose": "open-account", "fields": ["name"]}


def test_L6_allows_counted_uses_and_denies_the_next(world: IdentityWorld) -> None:
    world.do("licence.authorise", "acme-a", "AU-1", grant(world))
    world.do("licence.use", "bank-a", "AU-1", USE)
    assert world.record("authorisation", "AU-1").state == "ACTIVE"
    world.do("licence.use", "bank-a", "AU-1", USE)
    assert world.record("authorisation", "AU-1").state == "USED_UP"
    assert denial(world.ask("licence.use", "bank-a", "AU-1", USE)) == ("L6", "E_CONSENT_EXPIRED")


def test_L6_shows_every_use_to_the_holder(world: IdentityWorld) -> None:
    world.do("licence.authorise", "acme-a", "AU-1", grant(world))
    world.do("licence.use", "bank-a", "AU-1", USE)
    world.do("licence.end_use", "acme-a", "AU-1")
    entries = list_uses(world.access, ACME)
    seen = [entry.data_as(LicenceUseData) for entry in entries]
    assert [data.verb for data in seen] == ["licence.end_use", "licence.use", "licence.authorise"]
    use = seen[1]
    assert (use.audience, use.purpose, use.fields, use.licence) == (BANK, "open-account", ("name",), LICENCE)
    done = world.record("authorisation", "AU-1").timeline[1]
    assert entries[1].last_record_hash == done.transaction_id
    assert entries[1] == world.record("licence-use", f"{ACME}/1"), "and over HTTP, like any record"
    assert list_uses(world.access, ACME, before=1) == entries[2:]
    assert list_uses(world.access, ACME, page=1) == entries[:1]
    assert list_uses(world.access, BANK) == ()
    assert count_uses(world.access, ACME) == 3


def test_L6_denies_use_without_after_the_end_and_after_expiry(world: IdentityWorld) -> None:
    assert denial(world.ask("licence.use", "bank-a", "AU-1", USE)) == ("L6", "E_CONSENT_MISSING")
    world.do("licence.authorise", "acme-a", "AU-1", grant(world))
    assert denial(world.ask("licence.use", "tax-a", "AU-1", USE)) == ("L6", "E_CONSENT_MISSING")
    world.do("licence.end_use", "acme-a", "AU-1")
    assert denial(world.ask("licence.use", "bank-a", "AU-1", USE)) == ("L6", "E_CONSENT_MISSING")
    world.do("licence.authorise", "acme-a", "AU-2", grant(world))
    early = rfc3339(world.now_ms)
    world.now_ms += 2 * DAY_MS
    for claimed in ({}, {"claimed_time": early}):
        result = world.ask("licence.use", "bank-a", "AU-2", USE, **claimed)
        assert denial(result) == ("L6", "E_CONSENT_EXPIRED"), claimed


def test_L6_denies_authorisation_by_anybody_but_the_holder(world: IdentityWorld) -> None:
    for person in ("bank-a", "amr-b", "citizen-1"):
        assert denial(world.ask("licence.authorise", person, "AU-1", grant(world))) == ("L6", "E_ROLE")
    unknown = grant(world, licence=licence_id(77))
    assert denial(world.ask("licence.authorise", "acme-a", "AU-1", unknown)) == ("L6", "E_ROLE")
    world.do("licence.authorise", "acme-a", "AU-1", grant(world))
    assert denial(world.ask("licence.end_use", "bank-a", "AU-1")) == ("L6", "E_ROLE")


def test_L6_allows_a_person_by_the_key_of_its_organisation_only(world: IdentityWorld) -> None:
    number = licence_id(2)
    world.make_licence(number, holder_ref=f"{PSB}:citizen-1")
    wanted = grant(world, licence=number)
    world.do("licence.authorise", "citizen-1", "AU-1", wanted)
    world.do("licence.use", "bank-a", "AU-1", USE)
    assert len(list_uses(world.access, f"{PSB}:citizen-1")) == 2
    world.do("key.add", "acme-admin", *impostor(world))
    result = world.submit("licence.authorise", "impostor", "AU-2", wanted, org=ACME)
    assert denial(result) == ("L6", "E_ROLE"), "the same pseudonym at another organisation"


def impostor(world: IdentityWorld) -> tuple[str, dict[str, Any]]:
    return key_id("impostor"), {**world.key_fields("impostor", org=ACME), "person": "citizen-1"}


def test_L7_allows_one_copy_for_its_purpose_and_denies_another(world: IdentityWorld) -> None:
    world.do("licence.authorise", "acme-a", "AU-1", grant(world))
    world.do("licence.authorise", "acme-a", "AU-2", grant(world, purpose="loan"))
    world.do("licence.authorise", "acme-a", "AU-3", grant(world, audience=TAX))
    stamped = {**USE, "copy_hash": HASHES}
    world.do("licence.use", "bank-a", "AU-1", stamped)
    world.do("licence.use", "bank-a", "AU-1", stamped)
    other = world.ask("licence.use", "bank-a", "AU-2", {**stamped, "purpose": "loan"})
    assert denial(other) == ("L7", "E_PURPOSE")
    assert denial(world.ask("licence.use", "tax-a", "AU-3", stamped)) == ("L7", "E_PURPOSE")
    assert denial(world.ask("licence.use", "bank-a", "AU-2", USE)) == ("L7", "E_PURPOSE")


def test_L8_allows_authorised_fields_and_denies_others(world: IdentityWorld) -> None:
    world.do("licence.authorise", "acme-a", "AU-1", grant(world))
    world.do("licence.use", "bank-a", "AU-1", {**USE, "fields": ["scope", "name"]})
    more = {**USE, "fields": ["name", "capital"]}
    assert denial(world.ask("licence.use", "bank-a", "AU-1", more)) == ("L8", "E_SCOPE_FIELD")


def test_L8_never_has_face_data_in_the_state(world: IdentityWorld) -> None:
    kind = KINDS["licence"]
    assert kind.data is not None
    names = set(kind.data.__struct_fields__)
    assert "face_commitment" in names
    assert not [name for name in names if "face" in name and name != "face_commitment"]


@pytest.mark.parametrize("verb", ["licence.suspend", "licence.revoke", "licence.withdraw"])
def test_L3_denies_use_and_authorisation_of_what_is_not_valid(world: IdentityWorld, verb: str) -> None:
    world.do("licence.authorise", "acme-a", "AU-1", grant(world))
    world.do(verb, "amr-b", LICENCE, ORDER)
    assert denial(world.ask("licence.use", "bank-a", "AU-1", USE)) == ("L3", "E_STATE")
    assert denial(world.ask("licence.authorise", "acme-a", "AU-2", grant(world))) == ("L3", "E_STATE")


@pytest.mark.parametrize(
    "fields",
    [
        {"fields": []},
        {"fields": ["a", "a"]},
        {"fields": ["a b"]},
        {"purpose": ""},
        {"max_uses": 0},
        {"max_uses": 10**9},
        {"expires": "soon"},
    ],
)
def test_G1_denies_malformed_authorisation(world: IdentityWorld, fields: dict[str, Any]) -> None:
    assert denial(world.ask("licence.authorise", "acme-a", "AU-1", grant(world, **fields))) == (
        "G1",
        "E_PAYLOAD",
    )


def test_G2_denies_a_copy_without_hashes(world: IdentityWorld) -> None:
    bad = {**USE, "copy_hash": {"sha256": "1", "sm3": "2"}}
    assert denial(world.ask("licence.use", "bank-a", "AU-1", bad)) == ("G2", "E_PAYLOAD")


# L9: status lists.

URI = "https://lists.example.org/business/1"


def status_list(world: IdentityWorld, **fields: Any) -> dict[str, Any]:
    return {
        "digest": "ab" * 32,
        "places": PLACES_MIN,
        "fresh_until": rfc3339(world.now_ms + DAY_MS),
        **fields,
    }


def test_L9_allows_an_issuer_to_publish_and_replace_its_list(world: IdentityWorld) -> None:
    world.do("licence.publish_list", "amr-b", URI, status_list(world))
    world.do("licence.publish_list", "amr-a", URI, status_list(world, digest="cd" * 32))
    record = world.record("status-list", URI)
    assert record.data_as(StatusListData).digest == "cd" * 32
    assert len(record.timeline) == 2


def test_L9_allows_a_list_that_the_chain_anchors_and_refuses_another(world: IdentityWorld) -> None:
    packed = pack_statuses(PLACES_MIN, {7: ListedStatus.SUSPENDED})
    found = StatusList(URI, packed, issued_s=0, fresh_until_s=1)
    world.do("licence.publish_list", "amr-b", URI, status_list(world, digest=found.digest))
    on_chain = world.record("status-list", URI).data_as(StatusListData)
    require_anchored(found, on_chain.digest)
    other = StatusList(URI, pack_statuses(PLACES_MIN, {}), issued_s=0, fresh_until_s=1)
    with pytest.raises(BadCredential, match="another list"):
        require_anchored(other, on_chain.digest)


def test_L9_denies_a_list_that_tells_which_licence_and_one_of_another(world: IdentityWorld) -> None:
    small = status_list(world, places=PLACES_MIN - 1)
    assert denial(world.ask("licence.publish_list", "amr-b", URI, small)) == ("L9", "E_K_ANON")
    world.do("licence.publish_list", "amr-b", URI, status_list(world))
    assert denial(world.ask("licence.publish_list", "psb-a", URI, status_list(world))) == ("L9", "E_ROLE")
    assert denial(world.ask("licence.publish_list", "bank-a", URI, status_list(world))) == ("I5", "E_ROLE")


def test_L9_denies_a_list_at_the_address_of_another_issuer(world: IdentityWorld) -> None:
    address = f"https://lists.example.org/v1/status-lists/{AMR}/business"
    assert denial(world.ask("licence.publish_list", "psb-a", address, status_list(world))) == ("L9", "E_ROLE")
    world.do("licence.publish_list", "amr-b", address, status_list(world))


@pytest.mark.parametrize("fields", [{"digest": "x"}, {"fresh_until": "x"}, {"places": -1}, {"places": 10**9}])
def test_G1_denies_malformed_list(world: IdentityWorld, fields: dict[str, Any]) -> None:
    result = world.ask("licence.publish_list", "amr-b", URI, status_list(world, **fields))
    assert denial(result) == ("G1", "E_PAYLOAD")


def test_L9_never_names_a_licence_on_the_chain(world: IdentityWorld) -> None:
    world.do("licence.publish_list", "amr-b", URI, status_list(world))
    key = f"record/status-list/{URI}".encode()
    assert LICENCE.encode() not in world.store.state()[key]


def test_L6_observers_use_licences() -> None:
    base = identity_genesis()
    lowered = tuple(
        msgspec.structs.replace(org, tier="observer") if org.id in (ACME, BANK) else org
        for org in base.organisations
    )
    world = IdentityWorld(msgspec.structs.replace(base, organisations=lowered))
    world.make_licence(LICENCE)
    world.do("licence.authorise", "acme-a", "AU-1", grant(world))
    world.do("licence.use", "bank-a", "AU-1", USE)
