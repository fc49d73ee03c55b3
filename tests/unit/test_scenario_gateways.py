"""Gateways of a scenario: what cannot be is refused with its place; what is told stays with the two."""

from __future__ import annotations

import asyncio

import pytest

from govchain.errors import ConfigError
from govchain.scenario import Result, SimBackend, StepResult, parse_scenario, run_scenario
from tests.support import stories
from tests.support.scenario_texts import PROJECT

FILE = PROJECT / "scenarios" / "045-one-question-between-departments.yaml"
TEXT = FILE.read_text(encoding="utf-8")
ANSWER = "expect: {answer: {status: true}}"
MODE = f"      mode: yes-no\n      subject_ref: wang-at-hpf\n      consent: ${{consent}}\n    {ANSWER}"


def changed(*changes: tuple[str, str]) -> str:
    text = TEXT
    for before, after in changes:
        assert before in text, before
        text = text.replace(before, after, 1)
    return text


def play(*changes: tuple[str, str]) -> Result:
    loaded = parse_scenario(changed(*changes), "s.yaml", FILE.parent)
    return asyncio.run(run_scenario(loaded, SimBackend()))


def step(result: Result, step_id: str) -> StepResult:
    return next(each for each in result.steps if each.id == step_id)


BAD = [
    (
        "fields: [status]\n      mode: yes-no\n      subject_ref: wang-at-hpf\n    expect",
        "fields: []\n      mode: yes-no\n      subject_ref: wang-at-hpf\n    expect",
        "a question asks for something; expected one field or more",
    ),
    (
        "values: {status: married}",
        "values: {status: 9007199254740992}",
        "too large a number; found 9007199254740992",
    ),
    (
        "  - org: hpf\n  - org: tax",
        "  - org: hp\n  - org: tax",
        "gateway of an unknown organisation; found 'hp'; expected 'hpf'",
    ),
    ("  - org: hpf\n  - org: tax", "  - org: ca\n  - org: tax", "ca has two gateways"),
    (
        "  - org: hpf\n  - org: tax",
        "  - org: bank\n  - org: tax",
        "the gateway of bank has no key to sign with",
    ),
    ("{name: status, yes_when", "{name: status, yes_if", "unknown key in gateways[0].items[0].fields[0]"),
    (
        "values: {status: married}",
        "values: {state: married}",
        "CA.marriage has no such field; found 'state'; expected 'status'",
    ),
    (
        "item: CA.marriage, person: wang-at-ca, values: {status: m",
        "item: CA.marriages, person: wang-at-ca, values: {status: m",
        "ca serves no such item",
    ),
    ("known_as: {hpf: ", "known_as: {hfp: ", "unknown organisation; found 'hfp'; expected 'hpf'"),
    ("values: {status: married}", "values: {status: [married]}", "gateways[0].holdings[0].values"),
    (
        "by: hpf-desk\n    do: exchange.forward",
        "by: hpf-gateway\n    do: exchange.forward",
        "hpf-gateway is the key of a gateway, and signs through it alone",
    ),
    (
        "by: hpf-maker\n    do: gateway.ask",
        "by: data-checker\n    do: gateway.ask",
        "data has no gateway; found 'data'",
    ),
    (
        "provider: ca",
        "provider: bank",
        "the provider has no gateway; found 'bank'; expected one of: ca, hpf, tax",
    ),
    ("do: gateway.ask", "do: gateway.asks", "unknown verb; found 'gateway.asks'; expected 'gateway.ask'"),
    (
        "mode: yes-no\n      subject_ref: wang-at-hpf\n    expect",
        "mode: yes\n      subject_ref: wang-at-hpf\n    expect",
        "gateway.ask: wrong or missing value; expected one of: yes-no, threshold, value",
    ),
    ("      exchange: X-2026-D2", "      exchange: X-2026-D1", "the number is used for another question"),
    (
        ANSWER,
        "expect: {answer: {state: true}}",
        "the question has no such field; found 'state'; expected 'status'",
    ),
    (ANSWER, "expect: {answer: {}}", "a field of the question is missing; expected status: …"),
    (
        ANSWER,
        "expect: {answer: {status: married}}",
        "mode yes-no tells no value; found 'married'; expected true, false or null",
    ),
    (ANSWER, "expect: {answer: {status: true}, denied: D2}", "both denied and answer"),
    (
        ANSWER,
        "expect: {denied: E_REFUSE}",
        "no such rule or denial code; found 'E_REFUSE'; expected 'E_REFUSED'",
    ),
    (
        "expect: {denied: D10}",
        "expect: {denied: E_REFUSED}",
        "no such rule or denial code; found 'E_REFUSED'",
    ),
    ("expect: {denied: D10}", "expect: {answer: {status: true}}", "objection.acknowledge is told no answer"),
    (
        MODE,
        MODE.replace("yes-no", "threshold"),
        "a threshold asks for a bound of each field, and no other mode for any",
    ),
    (
        MODE,
        MODE.replace("yes-no", "yes-no\n      bounds: {status: 1}"),
        "a threshold asks for a bound of each field",
    ),
    (
        "person: wang-at-ca, values: {status: divorced}",
        "person: wang, values: {status: divorced}",
        "ca holds nothing of this person for the item; found 'wang'; expected 'wang-at-ca'",
    ),
    (
        "values: {status: divorced}}",
        "values: {status: divorced}}\n    expect: {denied: D2}",
        "gateway.correct is no record: nothing denies it",
    ),
]


KILLS = [
    ("{after: query, do: kill_gateway, org: bank, for: 1s}", "no gateway to kill; found 'bank'"),
    ("{after: query, do: kill_gateway, for: 1s}", "no gateway to kill"),
    (
        "{after: query, do: kill_gateway, org: ca}",
        "a gateway that is killed must start again; expected for: 2s",
    ),
    ("{after: query, do: kill_gateway, org: ca, target: all, for: 1s}", "kill_gateway has no target"),
]


@pytest.mark.parametrize(("fault", "message"), KILLS)
def test_a_kill_of_no_gateway_is_refused_with_its_place(fault: str, message: str) -> None:
    text = TEXT.replace("\nexpect:\n", f"\ntimeline:\n  - {fault}\n\nexpect:\n")
    with pytest.raises(ConfigError) as caught:
        parse_scenario(text, "s.yaml", FILE.parent)
    assert message in str(caught.value)


@pytest.mark.parametrize(("before", "after", "message"), BAD, ids=[message[:50] for _, _, message in BAD])
def test_gateways_that_cannot_be_are_refused_with_their_place(before: str, after: str, message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        parse_scenario(changed((before, after)), "s.yaml", FILE.parent)
    assert message in str(caught.value)
    assert str(caught.value).startswith("s.yaml:")


def test_each_record_of_an_exchange_is_counted_and_has_a_receipt() -> None:
    result = play()
    assert result.verdict == "pass"
    asked = step(result, "query")
    assert asked.exchange is not None
    verbs = [verb for verb, _ in asked.exchange.records]
    assert verbs == ["exchange.query", "exchange.answer", "exchange.confirm"]
    assert list(asked.records()) == ["query.query", "query.answer", "query"]
    assert {*asked.records()} <= {each.step for each in result.receipts if each.verified}
    assert result.records == sum(len(each.records()) for each in result.steps)
    assert play().digest == result.digest, "equal seeds put equal bytes on the chain"


def test_D9_what_a_gateway_does_not_offer_is_refused_and_the_reason_stays_with_it() -> None:
    offered = ("{name: status, yes_when: [married]}", "{name: other}")
    held = ("values: {status: married}", "values: {other: true}")
    corrected = ("values: {status: divorced}", "values: {other: true}")
    refused = step(play(offered, held, corrected, (ANSWER, "expect: {denied: E_REFUSED}")), "query")
    assert (refused.ok, refused.outcome, refused.rule, refused.code) == (True, "rejected", "", "E_REFUSED")
    assert refused.state == "QUERIED"
    assert "not offered" not in refused.detail


def test_another_answer_fails_the_step_and_no_result_says_what_was_told() -> None:
    result = play((ANSWER, "expect: {answer: {status: false}}"))
    wrong = step(result, "query")
    assert result.verdict == "fail"
    assert (wrong.ok, wrong.expected) == (False, "answered: status")
    assert wrong.measured == "another answer to status"
    told = play((ANSWER, "expect: {}"))
    assert step(told, "query") == step(play(), "query"), "a result is the same whatever the file expects"


def test_D7_a_number_that_is_taken_on_the_chain_is_refused_and_nothing_is_put_there() -> None:
    taken = ("exchange: X-2026-4", "exchange: X-2026-2")
    result = play(taken, ("{denied: E_CONSENT_EXPIRED, says: max_uses}", "{denied: E_DUP_ID}"))
    refused = step(result, "third-query")
    assert (refused.ok, refused.outcome, refused.code) == (True, "rejected", "E_DUP_ID")
    assert (refused.transaction, refused.records()) == ("", {})


def test_a_reference_that_stands_for_something_else_fails_the_step() -> None:
    fitting = "      exchange: X-2026-insured\n"
    asked = stories.play(
        stories.story(306), (fitting, fitting.replace("X-2026-insured", "${payroll.raw_hash}"))
    )
    failed = asked.step("ask-insured")
    assert (failed.ok, failed.outcome, failed.measured) == (False, "failed", "cannot be asked")


def test_yes_is_not_the_number_one() -> None:
    held = ("values: {married: true, spouse: nr-88d21e}", "values: {married: true, spouse: 1}")
    expected = ("expect: {answer: {spouse: nr-88d21e}}", "expect: {answer: {spouse: true}}")
    asked = stories.play(stories.story(303), held, expected).step("ask-spouse")
    assert (asked.ok, asked.measured) == (False, "another answer to spouse")


LOOK = "  - {by: wang-at-hpf, do: gateway.uses, with: {gateway: ca, person: wang-at-ca, answered: [%s]}}\n"


@pytest.mark.parametrize("numbers", ["X-2026-1", "", "X-2026-1, X-2026-4"])
def test_D11_a_person_is_told_who_got_an_answer_and_no_other(numbers: str) -> None:
    result = play(("\nexpect:\n", "\n" + LOOK % numbers + "\nexpect:\n"))
    looked = result.steps[-1]
    assert (looked.ok, looked.outcome) == (numbers == "X-2026-1", "answered")
    assert looked.measured == "used: X-2026-1"
    assert "Housing provident fund" in looked.detail
    assert "公积金" in looked.detail_zh
    assert "wang-at-ca" not in repr(looked)


def test_a_portal_that_is_not_there_or_a_denial_of_it_is_refused_with_its_place() -> None:
    no_portal = (LOOK % "").replace("gateway: ca", "gateway: bank")
    denied = (LOOK % "").replace("}}\n", "}, expect: {denied: D11}}\n")
    for line, message in ((no_portal, "the department has no gateway"), (denied, "nothing denies it")):
        with pytest.raises(ConfigError) as caught:
            parse_scenario(changed(("\nexpect:\n", "\n" + line + "\nexpect:\n")), "s.yaml", FILE.parent)
        assert message in str(caught.value)


def test_a_denial_that_does_not_come_fails_the_step() -> None:
    asked = step(play((ANSWER, "expect: {denied: D2}")), "query")
    assert (asked.ok, asked.outcome, asked.expected) == (False, "applied", "denied D2")
