"""Rules of e-licences: one test that allows and one that denies for each (records.md 1.1)."""

from __future__ import annotations

import pytest
from stdnum.cn import uscc
from stdnum.iso7064 import mod_37_36

from govchain.ledger.identifiers import compute_credit_check, compute_licence_check
from govchain.ledger.kinds.licence.fields import LicenceData
from govchain.ledger.kinds.licence.validity import licence_status_at
from tests.support.ledger_world import (
    ACME,
    AMR,
    AMR_B,
    BETA,
    BUSINESS,
    FOOD,
    START_MS,
    LedgerWorld,
    denial,
    licence_id,
    rfc3339,
)

ORDER = {"reason": "penalty", "basis_document": "PEN-2026-1"}
DAY_MS = 86_400_000

SAMPLES_OK = (
    "1.2.156.3005.2.11100000000013338W011.11430000006122244L.20230000403.001.U",
    "1.2.156.3005.2.11100000000013338W009.11330105002500287C.2025052201.002.0",
)


@pytest.fixture
def world() -> LedgerWorld:
    return LedgerWorld()


def test_L1_allows_identifier_with_right_check_character(world: LedgerWorld) -> None:
    assert world.enter_licence(f"1.2.156.3005.2.{AMR}001.{AMR}.20261102000000000001.001.O").applied


@pytest.mark.parametrize(
    "object_id",
    [
        licence_id()[:-1] + "P",
        licence_id().replace("1.2.156.3005.2.", "1.2.156.3005.3."),
        licence_id().replace(".001.", ".01."),
        "1.2.156.3005.2.11100000000013661B006.113700000045046442.209FA4E88F9E4C878F3E9BED2CE7EA49.001.M",
    ],
)
def test_L1_denies_wrong_identifier(world: LedgerWorld, object_id: str) -> None:
    assert denial(world.enter_licence(object_id)) == ("L1", "E_CHECKSUM")


def test_L1_denies_identifier_of_another_type(world: LedgerWorld) -> None:
    assert denial(world.enter_licence(licence_id(), type_code=FOOD)) == ("L1", "E_CHECKSUM")


def test_L1_denies_identifier_entered_before(world: LedgerWorld) -> None:
    world.enter_licence(licence_id())
    assert denial(world.enter_licence(licence_id(), holder_ref=BETA)) == ("L1", "E_DUP_ID")


@pytest.mark.parametrize("object_id", SAMPLES_OK)
def test_L1_allows_published_samples(world: LedgerWorld, object_id: str) -> None:
    # Their issuers are not on this chain, so the next rule denies them: the check character passed.
    type_code = object_id.split(".")[5]
    assert denial(world.enter_licence(object_id, type_code=type_code)) == ("L4", "E_NOT_ACCREDITED")


def test_L2_allows_next_version_and_supersedes(world: LedgerWorld) -> None:
    world.make_licence(licence_id())
    world.make_licence(licence_id(version=2))
    before = world.record("licence", licence_id())
    assert before.state == "SUPERSEDED"
    assert before.data_as(LicenceData).superseded_by == licence_id(version=2)
    assert world.record("licence", licence_id(version=2)).state == "VALID"
    assert before.last_record_hash == world.record("licence", licence_id(version=2)).last_record_hash


def test_L2_denies_second_licence_of_same_holder(world: LedgerWorld) -> None:
    world.make_licence(licence_id(1))
    assert denial(world.enter_licence(licence_id(2))) == ("L2", "E_DUP_ID")


def test_L2_denies_second_draft_at_issue(world: LedgerWorld) -> None:
    world.enter_licence(licence_id(1))
    world.enter_licence(licence_id(2))
    assert world.issue_licence(licence_id(1)).applied
    assert denial(world.issue_licence(licence_id(2))) == ("L2", "E_DUP_ID")


def test_L2_denies_while_suspended_and_allows_after_revocation(world: LedgerWorld) -> None:
    world.make_licence(licence_id(1))
    world.submit("licence.suspend", "amr-b", licence_id(1), ORDER)
    assert denial(world.enter_licence(licence_id(2))) == ("L2", "E_DUP_ID")
    world.submit("licence.revoke", "amr-b", licence_id(1), ORDER)
    assert world.enter_licence(licence_id(2)).applied


def test_L2_denies_version_without_predecessor(world: LedgerWorld) -> None:
    assert denial(world.enter_licence(licence_id(version=2))) == ("L2", "E_VERSION")


def test_L2_denies_version_after_revoked_one(world: LedgerWorld) -> None:
    world.make_licence(licence_id())
    world.enter_licence(licence_id(version=2))
    world.submit("licence.revoke", "amr-b", licence_id(), ORDER)
    assert denial(world.issue_licence(licence_id(version=2))) == ("L2", "E_STATE")


def test_L3_allows_valid_between_dates(world: LedgerWorld) -> None:
    world.make_licence(licence_id(), effective_date="2026-11-03", expiring_date="2026-11-05")
    record = world.record("licence", licence_id())
    answers = [licence_status_at(record, START_MS + day * DAY_MS).answer for day in (-1, 0.5, 1, 3, 4)]
    assert answers == ["UNKNOWN", "NOT_YET", "VALID", "VALID", "EXPIRED"]


def test_L3_denies_expiry_before_effect(world: LedgerWorld) -> None:
    result = world.enter_licence(licence_id(), effective_date="2026-11-05", expiring_date="2026-11-04")
    assert denial(result) == ("L3", "E_TIME_ORDER")


def test_L3_never_valid_from_revocation_on(world: LedgerWorld) -> None:
    world.make_licence(licence_id())
    revoked_ms = world.now_ms
    world.submit("licence.revoke", "amr-b", licence_id(), ORDER)
    record = world.record("licence", licence_id())
    before = licence_status_at(record, revoked_ms - 1)
    assert before.answer == "VALID"
    assert "revoked later" in before.explanation_en
    assert "吊销" in before.explanation_zh
    for later_ms in (0, 1, DAY_MS, 10_000 * DAY_MS):
        after = licence_status_at(record, revoked_ms + later_ms)
        assert (after.answer, after.since_ms) == ("REVOKED", revoked_ms)


def test_L3_suspension_ends_with_resume(world: LedgerWorld) -> None:
    world.make_licence(licence_id())
    suspended_ms = world.now_ms
    world.submit("licence.suspend", "amr-b", licence_id(), ORDER)
    world.submit("licence.resume", "amr-b", licence_id(), ORDER)
    record = world.record("licence", licence_id())
    assert licence_status_at(record, suspended_ms).answer == "SUSPENDED"
    assert licence_status_at(record, world.now_ms).answer == "VALID"


def test_L4_allows_accredited_issuer(world: LedgerWorld) -> None:
    own_type = f"{AMR_B}001"
    object_id = licence_id(type_code=own_type, org=AMR_B)
    assert world.enter_licence(object_id, person="amr-b-checker", type_code=own_type).applied


def test_L4_denies_issuer_without_accreditation(world: LedgerWorld) -> None:
    object_id = licence_id(type_code=BUSINESS, org=AMR_B)
    assert denial(world.enter_licence(object_id, person="amr-b-checker")) == ("L4", "E_NOT_ACCREDITED")


def test_L4_denies_identifier_of_another_issuer(world: LedgerWorld) -> None:
    assert denial(world.enter_licence(licence_id(), person="amr-b-checker")) == ("L4", "E_NOT_ACCREDITED")


@pytest.mark.parametrize("kind", ["licence.suspend", "licence.revoke"])
def test_L4_denies_change_by_another_authority(world: LedgerWorld, kind: str) -> None:
    world.make_licence(licence_id())
    assert denial(world.submit(kind, "amr-b-checker", licence_id(), ORDER)) == ("L4", "E_NOT_ACCREDITED")


@pytest.mark.parametrize("holder_ref", [ACME, "commitment:9f2c"])
def test_L5_allows_right_code_or_commitment(world: LedgerWorld, holder_ref: str) -> None:
    assert world.enter_licence(licence_id(), holder_ref=holder_ref).applied


def test_L5_denies_wrong_check_character(world: LedgerWorld) -> None:
    assert denial(world.enter_licence(licence_id(), holder_ref=ACME[:-1] + "U")) == ("L5", "E_CHECKSUM")


@pytest.mark.parametrize(
    ("holder_ref", "expected"),
    [
        (ACME.lower(), ("L5", "E_CHECKSUM")),
        (ACME[:-1] + ACME[-1].lower(), ("L5", "E_CHECKSUM")),
        (f"{ACME} ", ("G1", "E_PAYLOAD")),
        (f"{ACME}\u200b", ("G1", "E_PAYLOAD")),
        ("".join(chr(ord(sign) + 0xFEE0) for sign in ACME), ("G1", "E_PAYLOAD")),
    ],
)
def test_L2_L5_one_holder_has_one_spelling(
    world: LedgerWorld, holder_ref: str, expected: tuple[str, str]
) -> None:
    world.make_licence(licence_id())
    assert denial(world.enter_licence(licence_id(9), holder_ref=holder_ref)) == expected


def test_L1_L5_check_characters_are_those_of_the_library() -> None:
    for number in range(300):
        digits = f"{number * 7919:017d}"
        letters = "".join("0123456789ABCDEFGHJKLMNPQRTUWXY"[int(sign) * 3] for sign in digits)
        for text in (digits, letters):
            assert compute_credit_check(text) == uscc.calc_check_digit(text)
            assert compute_licence_check(text) == mod_37_36.calc_check_digit(text)


def test_L10_allows_with_valid_prerequisite(world: LedgerWorld) -> None:
    world.make_licence(licence_id())
    world.make_licence(licence_id(9, type_code=FOOD), type_code=FOOD, requires=[licence_id()])


def test_L10_denies_with_suspended_or_unknown_prerequisite(world: LedgerWorld) -> None:
    permit = licence_id(9, type_code=FOOD)
    world.enter_licence(permit, type_code=FOOD, requires=[licence_id()])
    assert denial(world.issue_licence(permit)) == ("L10", "E_STATE")
    world.make_licence(licence_id())
    world.submit("licence.suspend", "amr-b", licence_id(), ORDER)
    assert denial(world.issue_licence(permit)) == ("L10", "E_STATE")


def test_G6_I6_allows_checker_of_another_persons_entry(world: LedgerWorld) -> None:
    world.enter_licence(licence_id(), person="amr-c")
    assert world.issue_licence(licence_id(), person="amr-b").applied


@pytest.mark.parametrize("person", ["amr-a", "amr-c"])
def test_G6_I6_denies_own_entry_with_and_without_checker_role(world: LedgerWorld, person: str) -> None:
    world.enter_licence(licence_id(), person=person)
    assert denial(world.issue_licence(licence_id(), person=person)) == ("G6", "E_SOD")


def test_G3_denies_change_that_the_life_cycle_does_not_list(world: LedgerWorld) -> None:
    world.enter_licence(licence_id())
    assert denial(world.submit("licence.revoke", "amr-b", licence_id(), ORDER)) == ("G3", "E_STATE")
    assert denial(world.submit("licence.resume", "amr-b", licence_id(2), ORDER)) == ("G3", "E_STATE")


def test_G9_denies_issue_before_the_predecessors_last_change(world: LedgerWorld) -> None:
    world.make_licence(licence_id())
    world.enter_licence(licence_id(version=2))
    early = rfc3339(world.now_ms)
    world.submit("licence.suspend", "amr-b", licence_id(), ORDER)
    world.submit("licence.resume", "amr-b", licence_id(), ORDER)
    result = world.submit("licence.issue", "amr-b", licence_id(version=2), {}, claimed_time=early)
    assert denial(result) == ("G9", "E_TIME_ORDER")
