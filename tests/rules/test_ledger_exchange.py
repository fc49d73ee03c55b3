"""Queries within grant and consent, answers both sides sign, nothing passed on (D2, D3, D7 to D9, D11)."""

from __future__ import annotations

from typing import Any

import pytest

from govchain.ledger import state
from govchain.ledger.access import DecodeCache, StateAccess
from govchain.ledger.kinds.consent import ConsentData, ConsentUse
from govchain.ledger.kinds.exchange.fields import ExchangeData, ExchangeQuery
from govchain.ledger.kinds.exchange.judgement import (
    Asked,
    judge_answer,
    judge_query,
    keys_to_judge,
)
from govchain.ledger.payloads import Hashes
from tests.support.ledger_world import (
    ACME,
    BUSINESS,
    HASHES,
    START_MS,
    SUITE,
    denial,
    licence_id,
    rfc3339,
)
from tests.support.sharing_world import (
    CA,
    DAY_MS,
    FIN,
    HPF,
    HRSS,
    MARRIAGE,
    OTHER,
    PSB,
    SINCE,
    STATUS,
    SharingWorld,
    list_proof,
    list_scope,
    query_fields,
    source_ref,
)


@pytest.fixture
def world() -> SharingWorld:
    """A grant that runs, for an item that needs no consent."""
    world = SharingWorld()
    world.publish()
    world.grant()
    return world


@pytest.fixture
def personal() -> SharingWorld:
    """The same for an item that needs the consent of the person, who has given it."""
    world = SharingWorld()
    world.publish(needs_consent=True)
    world.grant()
    assert world.consent().applied
    return world


def test_D7_allows_a_query_its_answer_and_the_confirmation(world: SharingWorld) -> None:
    world.exchange()
    record = world.record("exchange", "X-1")
    assert [entry.state for entry in record.timeline] == ["QUERIED", "ANSWERED", "CONFIRMED"]
    data = record.data_as(ExchangeData)
    assert (record.issuer_org, data.provider) == (HPF, CA)
    assert (data.query_sha256, data.answer_sha256) == (HASHES["sha256"], OTHER["sha256"])


def test_D7_denies_an_answer_to_another_query(world: SharingWorld) -> None:
    assert world.query().applied
    assert denial(world.answer(query_hash=OTHER)) == ("D7", "E_HASH_MISMATCH")


def test_D7_denies_confirming_what_was_not_sent(world: SharingWorld) -> None:
    assert world.query().applied
    assert world.answer().applied
    result = world.act("exchange.confirm", "hpf-gateway", "X-1", answer_hash=HASHES)
    assert denial(result) == ("D7", "E_HASH_MISMATCH")


def test_D1_denies_an_answer_by_anybody_but_the_source(world: SharingWorld) -> None:
    assert world.query().applied
    assert denial(world.answer(person="hrss-gateway")) == ("D1", "E_NOT_AUTHORITATIVE")


def test_G3_denies_answering_twice(world: SharingWorld) -> None:
    assert world.query().applied
    assert world.answer().applied
    assert denial(world.answer()) == ("G3", "E_STATE")


def test_I5_denies_confirming_for_another_department(world: SharingWorld) -> None:
    assert world.query().applied
    assert world.answer().applied
    result = world.act("exchange.confirm", "hrss-gateway", "X-1", answer_hash=OTHER)
    assert denial(result) == ("I5", "E_ROLE")


@pytest.mark.parametrize("change", ["suspend", "retire"])
def test_D8_denies_calling_an_item_that_is_not_published(world: SharingWorld, change: str) -> None:
    assert world.query().applied
    world.must(f"catalog.{change}", "ca-checker", MARRIAGE, reason="moving")
    assert denial(world.query("X-2")) == ("D8", "E_STATE")
    assert denial(world.answer()) == ("D8", "E_STATE")


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"grant": ""}, "E_NO_GRANT"),
        ({"grant": "G-9"}, "E_NO_GRANT"),
        ({"purpose": "marketing"}, "E_PURPOSE"),
        ({"fields": ["status", "since"]}, "E_SCOPE_FIELD"),
    ],
)
def test_D2_denies_what_the_grant_does_not_hold(
    world: SharingWorld, changes: dict[str, Any], code: str
) -> None:
    assert denial(world.query(**changes)) == ("D2", code)


def test_D2_denies_the_grant_of_another_department_or_item(world: SharingWorld) -> None:
    assert denial(world.query(person="hrss-gateway")) == ("D2", "E_NO_GRANT")
    world.publish("CA.births", fields=[{**STATUS, "element": "person.birth"}])
    assert denial(world.query(item="CA.births")) == ("D2", "E_NO_GRANT")


def test_D2_denies_a_grant_that_is_not_active_yet(world: SharingWorld) -> None:
    assert world.request("G-2").applied
    assert denial(world.query(grant="G-2")) == ("D2", "E_NO_GRANT")
    world.grant("G-3", valid_from="2026-11-04")
    assert denial(world.query(grant="G-3")) == ("D2", "E_NO_GRANT")


def test_D2_denies_a_revoked_grant_also_for_the_answer(world: SharingWorld) -> None:
    assert world.query().applied
    world.must("grant.revoke", "ca-approver", "G-1", reason="misuse")
    assert denial(world.query("X-2")) == ("D2", "E_REVOKED")
    assert denial(world.answer()) == ("D2", "E_REVOKED")


def test_D2_allows_the_last_day_and_denies_the_day_after(world: SharingWorld) -> None:
    world.now_ms = START_MS + 18 * DAY_MS + 14 * 3_600_000
    assert world.query().applied
    world.now_ms = START_MS + 18 * DAY_MS + 15 * 3_600_000
    assert denial(world.query("X-2")) == ("D2", "E_EXPIRED")


def test_D2_denies_beyond_the_rate_of_a_day_and_allows_the_next_day(world: SharingWorld) -> None:
    world.grant("G-2", rate_per_day=2)
    assert world.query("X-1", grant="G-2").applied
    assert world.query("X-2", grant="G-2").applied
    assert denial(world.query("X-3", grant="G-2")) == ("D2", "E_CAP")
    world.now_ms += DAY_MS
    assert world.query("X-3", grant="G-2").applied


def test_D2_denies_more_uses_than_granted_in_one_block(world: SharingWorld) -> None:
    world.grant("G-2", max_uses=1)
    transactions = [
        world.sign(
            "exchange.query",
            "hpf-gateway",
            world.payload("exchange.query", number, query_fields(grant="G-2")),
        )
        for number in ("X-1", "X-2")
    ]
    first, second = world.execute(transactions).block.results
    assert first.applied
    assert denial(second) == ("D2", "E_CAP")


def test_G9_denies_claiming_an_earlier_time_to_get_around_a_limit(world: SharingWorld) -> None:
    world.grant("G-2", rate_per_day=1)
    world.now_ms += DAY_MS
    assert world.query(grant="G-2").applied
    payload = world.payload(
        "exchange.query", "X-2", query_fields(grant="G-2"), claimed_time=rfc3339(world.now_ms - DAY_MS)
    )
    (result,) = world.execute([world.sign("exchange.query", "hpf-gateway", payload)]).block.results
    assert denial(result) == ("G9", "E_TIME_ORDER")


def test_G9_denies_claiming_a_time_before_a_revocation(personal: SharingWorld) -> None:
    claimed = rfc3339(personal.now_ms)
    personal.now_ms += DAY_MS
    personal.must("catalog.update", "ca-checker", MARRIAGE, fields=[STATUS], reason="less")
    payload = personal.payload("exchange.query", "X-1", query_fields(consent="C-1"), claimed_time=claimed)
    (result,) = personal.execute([personal.sign("exchange.query", "hpf-gateway", payload)]).block.results
    assert denial(result) == ("G9", "E_TIME_ORDER")


def test_D2_allows_and_denies_by_the_scope_of_a_case(world: SharingWorld) -> None:
    world.grant("G-2", subject_scope={"kind": "case", "ref": "LOAN-7"})
    outside = ("D2", "E_NO_GRANT")
    assert denial(world.query("X-1", grant="G-2", case_no="LOAN-7")) == outside, "there is no such case"
    for number, parties in (("LOAN-7", [f"{PSB}/wang-at-hpf", FIN]), ("LOAN-8", ["li-at-hpf"])):
        world.must("case.open", "hpf-maker", number, matter="loan", parties=parties)
    for number, subject in enumerate(("wang-at-hpf", FIN)):
        assert world.query(f"X-2{number}", grant="G-2", case_no="LOAN-7", subject_ref=subject).applied
    assert denial(world.query("X-3", grant="G-2")) == outside
    for case_no in ("LOAN-7", "LOAN-8"):
        of_another = world.query("X-4", grant="G-2", case_no=case_no, subject_ref="li-at-hpf")
        assert denial(of_another) == outside
    world.must("case.close", "hpf-maker", "LOAN-7", outcome="granted", results=[])
    assert denial(world.query("X-5", grant="G-2", case_no="LOAN-7")) == outside


def test_D2_allows_and_denies_by_a_list_of_pseudonyms(world: SharingWorld) -> None:
    names = ["chen-at-hpf", "wang-at-hpf", "zhou-at-hpf"]
    world.grant("G-2", subject_scope=list_scope(names))
    proof = list_proof(names, "wang-at-hpf")
    assert world.query("X-1", grant="G-2", listed=proof).applied
    for number, changes in enumerate(
        [{}, {"listed": proof, "subject_ref": "li-at-hpf"}, {"listed": {**proof, "index": 7}}]
    ):
        assert denial(world.query(f"X-{number + 2}", grant="G-2", **changes)) == ("D2", "E_NO_GRANT")


def test_D2_allows_and_denies_by_a_valid_licence_of_the_subject(world: SharingWorld) -> None:
    world.grant("G-2", subject_scope={"kind": "licence", "ref": BUSINESS})
    world.make_licence(licence_id())
    asked = {"grant": "G-2", "licence": licence_id(), "subject_ref": ACME}
    assert world.query("X-1", **asked).applied
    assert denial(world.query("X-2", **{**asked, "subject_ref": FIN})) == ("D2", "E_NO_GRANT")
    assert denial(world.query("X-2", **{**asked, "licence": licence_id(9)})) == ("D2", "E_NO_GRANT")
    world.submit("licence.suspend", "amr-b", licence_id(), {"reason": "order", "basis_document": "D-1"})
    assert denial(world.query("X-2", **asked)) == ("D2", "E_NO_GRANT")


def test_D9_denies_a_mode_beyond_grant_or_field(world: SharingWorld) -> None:
    assert denial(world.query(mode="value")) == ("D9", "E_SCOPE_FIELD")
    world.grant("G-2", fields=["status", "since"], modes=["yes-no", "threshold"])
    assert denial(world.query(grant="G-2", mode="threshold")) == ("D9", "E_SCOPE_FIELD")
    assert world.query(grant="G-2", mode="threshold", fields=["since"]).applied


def test_D9_denies_an_answer_that_tells_more_than_was_asked(world: SharingWorld) -> None:
    assert world.query().applied
    assert denial(world.answer(mode="value")) == ("D9", "E_SCOPE_FIELD")


def test_D9_denies_an_answer_that_withholds_a_field(world: SharingWorld) -> None:
    assert world.query().applied
    before = world.record("exchange", "X-1")
    for withheld, expected in (
        (["status"], ("D9", "E_SCOPE_FIELD")),
        (["status", "status"], ("G1", "E_PAYLOAD")),
        (["王某"], ("G1", "E_PAYLOAD")),
    ):
        assert denial(world.answer(withheld=withheld)) == expected
    assert world.record("exchange", "X-1") == before, "nothing was answered"
    assert world.answer().applied


def test_D9_denies_an_answer_in_a_mode_that_is_offered_no_more(world: SharingWorld) -> None:
    world.grant("G-2", fields=["since"], modes=["value"], value_need="the deed names the day")
    assert world.query(grant="G-2", fields=["since"], mode="value").applied
    less = [STATUS, {**SINCE, "modes": ["yes-no"]}]
    world.must("catalog.update", "ca-checker", MARRIAGE, fields=less, reason="less")
    assert denial(world.answer(mode="value")) == ("D9", "E_SCOPE_FIELD")


def test_D11_allows_a_query_with_consent_and_lists_it_for_the_person(personal: SharingWorld) -> None:
    personal.exchange(consent="C-1")
    consent = personal.record("consent", "C-1")
    assert consent.data_as(ConsentData).uses == (ConsentUse(MARRIAGE, "X-1"),)
    assert consent.version == 1, "revoking never races with a query"


@pytest.mark.parametrize(
    ("consent", "query"),
    [
        ({}, {}),
        ({}, {"consent": "C-9"}),
        ({"audience": HRSS}, {"consent": "C-2"}),
        ({"purpose": "other"}, {"consent": "C-2"}),
        ({"fields": [f"{MARRIAGE}/since"]}, {"consent": "C-2"}),
        ({"fields": ["CA.births/status"]}, {"consent": "C-2"}),
        ({}, {"consent": "C-2", "subject_ref": "chen-at-hpf"}),
    ],
)
def test_D11_denies_a_query_that_no_consent_covers(
    personal: SharingWorld, consent: dict[str, Any], query: dict[str, Any]
) -> None:
    assert personal.consent("C-2", **consent).applied
    assert denial(personal.query(**query)) == ("D11", "E_CONSENT_MISSING")


def test_D11_denies_a_consent_that_is_used_up(personal: SharingWorld) -> None:
    assert personal.query("X-1", consent="C-1").applied
    assert personal.query("X-2", consent="C-1").applied
    result = personal.query("X-3", consent="C-1")
    assert denial(result) == ("D11", "E_CONSENT_EXPIRED")
    assert "max_uses" in result.detail


def test_D11_denies_a_consent_that_is_over(personal: SharingWorld) -> None:
    personal.now_ms += 7 * DAY_MS
    assert denial(personal.query(consent="C-1")) == ("D11", "E_CONSENT_EXPIRED")


def test_D11_denies_query_and_answer_once_the_person_revokes(personal: SharingWorld) -> None:
    assert personal.query(consent="C-1").applied
    personal.must("consent.revoke", "wang-at-hpf", "C-1")
    assert denial(personal.query("X-2", consent="C-1")) == ("D11", "E_CONSENT_MISSING")
    assert denial(personal.answer()) == ("D11", "E_CONSENT_MISSING")


def test_D11_denies_consenting_for_somebody_else(personal: SharingWorld) -> None:
    assert denial(personal.consent("C-2", subject_ref="chen-at-hpf")) == ("D11", "E_ROLE")
    assert denial(personal.act("consent.revoke", "chen-at-hpf", "C-1")) == ("D11", "E_ROLE")


def test_D11_denies_a_consent_that_is_over_before_it_begins(personal: SharingWorld) -> None:
    result = personal.consent("C-2", expires_at=rfc3339(personal.now_ms))
    assert denial(result) == ("D11", "E_CONSENT_EXPIRED")


def test_I5_denies_a_consent_signed_by_a_department(personal: SharingWorld) -> None:
    fields = personal.consent_fields("hpf-gateway")
    assert denial(personal.act("consent.give", "hpf-gateway", "C-2", **fields)) == ("I5", "E_ROLE")


@pytest.mark.parametrize(
    "changes",
    [
        {"subject_ref": "a b"},
        {"audience": "HPF"},
        {"purpose": ""},
        {"fields": []},
        {"fields": ["status"]},
        {"fields": ["a/b/c"]},
        {"expires_at": "soon"},
        {"max_uses": 0},
        {"max_uses": 201},
        {"fields": ["a/b", "c/d"], "max_uses": 101},
    ],
)
def test_G1_denies_a_malformed_consent(personal: SharingWorld, changes: dict[str, Any]) -> None:
    assert denial(personal.consent("C-2", **changes)) == ("G1", "E_PAYLOAD")


def test_D3_denies_passing_an_answer_on_and_allows_it_with_consent(world: SharingWorld) -> None:
    world.exchange()
    forward = ("exchange.forward", "hpf-gateway", "X-1")
    assert denial(world.act(*forward, to_org=FIN)) == ("D3", "E_ONWARD")
    world.must("exchange.permit", "ca-approver", "X-1", to_org=FIN, reason="joint duty")
    assert denial(world.act(*forward, to_org=HRSS)) == ("D3", "E_ONWARD")
    world.must(*forward, to_org=FIN)
    assert world.record("exchange", "X-1").data_as(ExchangeData).forwarded == (FIN,)
    assert denial(world.act(*forward, to_org=FIN)) == ("G3", "E_STATE")


def test_D3_denies_answering_with_what_was_received(world: SharingWorld) -> None:
    world.exchange()
    world.publish("HPF.loans", "hpf", fields=[{**STATUS, "element": "loan.status"}], sharing="unconditional")
    assert world.request("G-2", "hrss-maker", item="HPF.loans").applied
    asked = {"item": "HPF.loans", "grant": "G-2", "subject_ref": "wang-at-hrss"}
    assert world.query("X-2", "hrss-gateway", **asked).applied
    assert denial(world.answer("X-2", "hpf-gateway", source_exchange="X-1")) == ("D3", "E_ONWARD")
    assert denial(world.answer("X-2", "hpf-gateway", source_exchange="X-9")) == ("D3", "E_ONWARD")
    world.must("exchange.permit", "ca-approver", "X-1", to_org=HRSS, reason="joint duty")
    assert world.answer("X-2", "hpf-gateway", source_exchange="X-1").applied


def test_D10_denies_one_reference_for_two_requesters(world: SharingWorld) -> None:
    world.exchange()
    world.grant("G-2", "hrss")
    assert world.query("X-2", "hrss-gateway", grant="G-2").applied
    assert denial(world.answer("X-2", source_ref=source_ref("wang", HPF))) == ("D10", "E_DUP_ID")


def test_I4_never_one_reference_for_two_requesters_or_subjects() -> None:
    found = {source_ref(subject, org) for subject in ("wang", "chen") for org in (HPF, HRSS)}
    assert len(found) == 4


@pytest.mark.parametrize(
    "changes",
    [
        {"item": "a/b"},
        {"fields": []},
        {"mode": "picture"},
        {"subject_ref": ""},
        {"consent": "a b"},
        {"listed": {"index": -1, "path": []}},
        {"listed": {"index": 0, "path": ["x"]}},
        {"listed": {"index": 0, "path": ["a" * 64] * 65}},
    ],
)
def test_G1_denies_a_malformed_query(world: SharingWorld, changes: dict[str, Any]) -> None:
    assert denial(world.query(**changes)) == ("G1", "E_PAYLOAD")


def test_G1_denies_a_malformed_answer_or_receiver(world: SharingWorld) -> None:
    assert world.query().applied
    assert denial(world.answer(source_ref="wang")) == ("G1", "E_PAYLOAD")
    assert denial(world.answer(source_exchange="a b")) == ("G1", "E_PAYLOAD")
    assert world.answer().applied
    for verb, person in (("permit", "ca-approver"), ("forward", "hpf-gateway")):
        reason = {"reason": "r"} if verb == "permit" else {}
        assert denial(world.act(f"exchange.{verb}", person, "X-1", to_org="FIN", **reason)) == (
            "G1",
            "E_PAYLOAD",
        )


def test_G2_denies_malformed_hashes_of_a_query(world: SharingWorld) -> None:
    result = world.query(query_hash={"sha256": "x", "sm3": "y"})
    assert denial(result) == ("G2", "E_PAYLOAD")
    assert "query_hash" in result.detail


def ask(world: SharingWorld, access: StateAccess, **changes: Any) -> Asked:
    fields = {**query_fields(), **changes, "query_hash": Hashes(**HASHES)}
    return Asked(ExchangeQuery(**fields), HPF, world.now_ms, access, SUITE)


@pytest.mark.parametrize("changes", [{}, {"purpose": "marketing"}, {"consent": "C-1"}, {"mode": "value"}])
def test_D2_answers_off_the_chain_what_the_chain_would_say(
    personal: SharingWorld, changes: dict[str, Any]
) -> None:
    values = personal.store.state()
    keys = keys_to_judge(ExchangeQuery(**{**query_fields(), **changes}))
    proven = {key: values[key] for key in keys if key in values}
    assert state.record_key("grant", "G-1") in proven
    judged = judge_query(ask(personal, StateAccess(proven.get, DecodeCache()), **changes))
    result = personal.query(**changes)
    if judged is None:
        assert result.applied
    else:
        assert (judged.rule, judged.denial) == denial(result)
        assert judged.detail == result.detail


def test_D11_answers_before_an_answer_that_the_consent_is_revoked(personal: SharingWorld) -> None:
    asked = {"consent": "C-1"}
    assert judge_answer(ask(personal, personal.access, **asked)) is None
    personal.must("consent.revoke", "wang-at-hpf", "C-1", reason="second thoughts")
    judged = judge_answer(ask(personal, personal.access, **asked))
    assert judged is not None
    assert (judged.rule, judged.denial) == ("D11", "E_CONSENT_MISSING")
