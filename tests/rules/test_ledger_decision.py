"""Decisions by published criteria: computed, signed, appealed in time (J4, J5, J7)."""

from __future__ import annotations

import pytest

from govchain.ledger.kinds.criteria import CriteriaData, FactData, LineData, compute_line
from govchain.ledger.kinds.decision.fields import DecisionData
from govchain.model import TransactionResult
from tests.support.joint_world import DAY_MS, ITEM, NR, PSB, Bounds, JointWorld, answer_of
from tests.support.ledger_world import denial

ANSWER = answer_of("X-1")


@pytest.fixture
def world() -> JointWorld:
    world = JointWorld()
    world.adopt()
    world.answered("X-1")
    return world


def data_of(world: JointWorld, number: str = "D-1") -> DecisionData:
    return world.record("decision", number).data_as(DecisionData)


def fact(**fields: str) -> list[dict[str, str]]:
    return [{"fact": "married", "exchange": "X-1", "answer": ANSWER, **fields}]


def test_J4_allows_a_decision_that_the_chain_computes(world: JointWorld) -> None:
    world.grant_decision()
    assert world.record("decision", "D-1").state == "GRANTED"
    assert data_of(world).amounts == (("loan", "600.00"),)
    assert data_of(world).exchanges == ("X-1",)


def test_J4_answers_with_a_refusal_when_a_fact_is_not_proven(world: JointWorld) -> None:
    world.answered("X-2", married=False)
    world.grant_decision(facts=fact(exchange="X-2", answer=answer_of("X-2", married=False)))
    assert world.record("decision", "D-1").state == "REFUSED"
    world.grant_decision("D-2", facts=[])
    assert world.record("decision", "D-2").state == "REFUSED"


def test_J4_shows_the_change_when_it_is_decided_again(world: JointWorld) -> None:
    world.grant_decision()
    world.answered("X-2", married=False)
    facts = fact(exchange="X-2", answer=answer_of("X-2", married=False))
    world.must("decision.review", "hpf-maker", "D-1", facts=facts)
    assert world.record("decision", "D-1").state == "ENTERED"
    assert denial(world.act("decision.issue", "hpf-b", "D-1")) == ("J5", "E_QUORUM")
    world.must("decision.sign", "hpf-b", "D-1")
    world.must("decision.issue", "hpf-b", "D-1")
    assert world.record("decision", "D-1").state == "REFUSED"
    assert data_of(world).exchanges == ("X-1", "X-2")


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"criteria": "R-9"}, "E_STATE"),
        ({"facts": fact(fact="rich")}, "E_STATE"),
        ({"facts": fact(exchange="X-9")}, "E_STATE"),
        ({"facts": fact(exchange="X-8")}, "E_STATE"),
        ({"facts": fact(exchange="X-7")}, "E_STATE"),
        ({"facts": fact(exchange="X-6", answer=answer_of("X-6"))}, "E_STATE"),
        ({"facts": fact(exchange="X-5", answer=b"yes".hex())}, "E_STATE"),
        ({"facts": fact(exchange="X-4", answer=answer_of("X-4"))}, "E_STATE"),
        ({"facts": fact(answer=answer_of("X-2"))}, "E_HASH_MISMATCH"),
        ({"inputs": []}, "E_AMOUNT"),
        ({"inputs": [{"name": "balance", "amount": "1"}, {"name": "luck", "amount": "1"}]}, "E_AMOUNT"),
    ],
)
def test_J4_denies_what_does_not_follow(world: JointWorld, fields: dict[str, object], code: str) -> None:
    world.answered("X-8", requester=NR)
    world.answered("X-7", subject="somebody else")
    world.answered("X-6", mode="value")
    world.answered("X-5", document=b"yes")
    world.answered("X-4", item="friends.marriage")
    assert denial(world.enter(**fields)) == ("J4", code)


def test_J4_asks_one_field_about_several_people_by_a_word_in_front(world: JointWorld) -> None:
    world.adopt("R-2", facts=["married", "spouse.married"])
    assert criteria_facts(world) == (FactData("married", ITEM, None), FactData("spouse.married", ITEM, None))
    world.answered("X-2", subject="spouse")
    parties = [f"{PSB}/spouse"]
    both = [*fact(), *fact(fact="spouse.married", exchange="X-2", answer=answer_of("X-2"))]
    world.grant_decision("D-1", criteria="R-2", parties=parties, facts=both)
    assert world.record("decision", "D-1").state == "GRANTED"
    world.grant_decision("D-2", criteria="R-2", parties=parties, facts=fact())
    assert world.record("decision", "D-2").state == "REFUSED"


@pytest.mark.parametrize(
    ("first", "second", "third"),
    [
        ("subject", "subject", "subject"),
        ("subject", "spouse", "other"),
        ("spouse", "subject", "subject"),
        ("spouse", "spouse", "spouse"),
    ],
)
def test_J4_denies_an_answer_about_one_person_as_a_fact_about_another(
    world: JointWorld, first: str, second: str, third: str
) -> None:
    world.adopt("R-2", facts=["married", "spouse.married", "spouse.alive"])
    parties = [f"{PSB}/spouse", f"{PSB}/other"]
    facts = []
    for name, whom in (("married", first), ("spouse.married", second), ("spouse.alive", third)):
        subject = "w" if whom == "subject" else whom
        world.answered(f"X-{name}", subject=subject)
        facts += fact(fact=name, exchange=f"X-{name}", answer=answer_of(f"X-{name}"))
    assert denial(world.enter(criteria="R-2", parties=parties, facts=facts)) == ("J4", "E_STATE")


LONG_ENOUGH = {"fact": "months", "item": "SI.paid", "at_least": 6}


@pytest.fixture
def measured(world: JointWorld) -> JointWorld:
    """Criteria R-6 that ask for at least six months, and an item that tells months."""
    world.catalogued("SI.paid", {"months": "paid-months"})
    world.adopt("R-6", facts=[LONG_ENOUGH])
    return world


def enter_months(
    world: JointWorld,
    *,
    criteria: str = "R-6",
    mode: str = "threshold",
    bounds: Bounds,
    is_reached: bool = True,
) -> TransactionResult:
    told = (("months", is_reached),)
    world.answered("X-M", item="SI.paid", mode=mode, told=told, bounds=bounds)
    opened = fact(fact="months", exchange="X-M", answer=answer_of("X-M", told=told, bounds=bounds))
    return world.enter(criteria=criteria, facts=opened)


@pytest.mark.parametrize(("is_reached", "state"), [(True, "GRANTED"), (False, "REFUSED")])
def test_J4_allows_a_fact_that_is_asked_with_the_bound_of_the_criteria(
    measured: JointWorld, is_reached: bool, state: str
) -> None:
    assert enter_months(measured, bounds=(("months", 6),), is_reached=is_reached).applied
    measured.must("decision.sign", "hpf-b", "D-1")
    measured.must("decision.issue", "hpf-b", "D-1")
    assert measured.record("decision", "D-1").state == state


@pytest.mark.parametrize("bounds", [(("months", 1),), (("months", 7),), (("years", 6),), ()])
def test_J4_denies_an_answer_about_another_bound_than_the_criteria_name(
    measured: JointWorld, bounds: Bounds
) -> None:
    """A lower bound proves too little, and a higher one refuses whom the criteria do not."""
    assert denial(enter_months(measured, bounds=bounds)) == ("J4", "E_STATE")


def test_J4_denies_a_plain_yes_where_the_criteria_name_a_bound(measured: JointWorld) -> None:
    refused = enter_months(measured, mode="yes-no", bounds=(("months", 6),))
    assert denial(refused) == ("J4", "E_STATE")


def test_J4_denies_an_answer_by_a_bound_where_the_criteria_name_none(measured: JointWorld) -> None:
    measured.adopt("R-7", facts=[{"fact": "months", "item": "SI.paid"}])
    assert denial(enter_months(measured, criteria="R-7", bounds=(("months", 6),))) == ("J4", "E_STATE")
    assert denial(enter_months(measured, criteria="R-7", bounds=())) == ("J4", "E_STATE")


def test_J4_denies_deciding_again_by_an_answer_about_a_lower_bound(measured: JointWorld) -> None:
    assert enter_months(measured, bounds=(("months", 6),), is_reached=False).applied
    measured.must("decision.sign", "hpf-b", "D-1")
    measured.must("decision.issue", "hpf-b", "D-1")
    lower = (("months", 1),)
    measured.answered("X-L", item="SI.paid", mode="threshold", told=(("months", True),), bounds=lower)
    answer = answer_of("X-L", told=(("months", True),), bounds=lower)
    facts = fact(fact="months", exchange="X-L", answer=answer)
    refused = measured.act("decision.review", "hpf-maker", "D-1", facts=facts)
    assert denial(refused) == ("J4", "E_STATE")


@pytest.mark.parametrize("bound", [2**53, -(2**53), 2**70])
def test_G1_denies_a_bound_that_no_query_can_ask_for(measured: JointWorld, bound: int) -> None:
    wanted = {"name": "loans", "facts": [LONG_ENOUGH]}
    payload = measured.payload("criteria.adopt", "R-8", wanted)
    forged = payload.replace(b'"at_least":6', f'"at_least":{bound}'.encode())
    assert forged != payload
    transaction = measured.sign("criteria.adopt", "hpf-head", forged)
    assert denial(measured.execute([transaction]).block.results[0]) == ("G1", "E_PAYLOAD")


def test_J4_denies_criteria_whose_item_does_not_answer_like_that(world: JointWorld) -> None:
    world.catalogued("SI.paid", {"months": "paid-months"}, modes=("yes-no",))
    assert denial(world.try_to_adopt("R-6", facts=[LONG_ENOUGH])) == ("J4", "E_STATE")
    world.catalogued("SI.paid", {"months": "paid-months"}, modes=("threshold", "value"))
    plain = {"fact": "months", "item": "SI.paid"}
    assert denial(world.try_to_adopt("R-6", facts=[plain])) == ("J4", "E_STATE")


@pytest.mark.parametrize("answer", ["", "yes", "ABCD", "abc", "00" * 3_000, "married=yes salt=1"])
def test_G1_denies_an_answer_that_is_no_hex(world: JointWorld, answer: str) -> None:
    assert denial(world.enter(facts=fact(answer=answer))) == ("G1", "E_PAYLOAD")


def test_J4_denies_withdrawn_criteria(world: JointWorld) -> None:
    world.must("criteria.withdraw", "hpf-head", "R-1", reason="new ones")
    assert denial(world.enter()) == ("J4", "E_STATE")


@pytest.mark.parametrize(
    ("factor", "cap", "cents", "result"),
    [("12", "", 100, 1_200), ("12", "10.00", 100, 1_000), ("0.0875", "", 100, 9), ("-0.0875", "", 100, -9)],
)
def test_J4_answers_to_the_cent(factor: str, cap: str, cents: int, result: int) -> None:
    assert compute_line(LineData("x", "y", factor, cap, True), cents) == result


def test_J5_allows_two_of_three_and_denies_one(world: JointWorld) -> None:
    world.adopt("R-3", signatures=2, signers=3)
    assert denial(world.enter(criteria="R-3")) == ("J5", "E_QUORUM")
    assert world.enter(criteria="R-3", signers=["hpf-a", "hpf-b", "hpf-c"]).applied
    assert denial(world.act("decision.sign", "hpf-head", "D-1")) == ("J5", "E_ROLE")
    world.must("decision.sign", "hpf-b", "D-1")
    assert denial(world.act("decision.sign", "hpf-b", "D-1")) == ("J5", "E_QUORUM")
    assert denial(world.act("decision.issue", "hpf-b", "D-1")) == ("J5", "E_QUORUM")
    world.must("decision.sign", "hpf-c", "D-1")
    assert world.act("decision.issue", "hpf-b", "D-1").applied


def test_G6_denies_the_maker_a_signature(world: JointWorld) -> None:
    assert world.enter(signers=["hpf-maker"]).applied
    assert denial(world.act("decision.sign", "hpf-maker", "D-1")) == ("G6", "E_SOD")


@pytest.fixture
def award(world: JointWorld) -> JointWorld:
    world.adopt("R-15", appeal_days=15)
    world.grant_decision(criteria="R-15")
    return world


def appeal(world: JointWorld, person: str = "acme-a") -> TransactionResult:
    return world.act("decision.appeal", person, "D-1", to_case="C-1")


def test_J7_allows_an_appeal_on_the_last_day(award: JointWorld) -> None:
    award.now_ms += 15 * DAY_MS
    assert appeal(award).applied
    assert denial(award.act("decision.take_effect", "hpf-b", "D-1")) == ("G3", "E_STATE")


def test_J7_denies_an_appeal_on_the_day_after_and_by_a_stranger(award: JointWorld) -> None:
    assert denial(appeal(award, "beta-a")) == ("J7", "E_ROLE")
    award.now_ms += 16 * DAY_MS
    assert denial(appeal(award)) == ("J7", "E_DEADLINE")
    assert award.act("decision.take_effect", "hpf-b", "D-1").applied


def test_J7_denies_effect_before_the_last_day_is_over(award: JointWorld) -> None:
    award.now_ms += 15 * DAY_MS
    assert denial(award.act("decision.take_effect", "hpf-b", "D-1")) == ("J7", "E_STATE")


def test_J7_allows_effect_at_once_where_there_is_no_appeal(world: JointWorld) -> None:
    world.grant_decision()
    assert world.act("decision.take_effect", "hpf-b", "D-1").applied


@pytest.mark.parametrize(
    "fields",
    [
        {"facts": ["married", "married"]},
        {"facts": [{"fact": "married/not", "item": ITEM}]},
        {"facts": [{"fact": "married", "item": "CA/marriage"}]},
        {"lines": [{"name": "x", "of": "y", "factor": "1.00001"}]},
        {"lines": [{"name": "x", "of": "y", "factor": "1", "cap": "much"}]},
        {"signatures": 2},
        {"appeal_days": -1},
    ],
)
def test_G1_denies_criteria_that_are_not_well_formed(world: JointWorld, fields: dict[str, object]) -> None:
    assert denial(world.try_to_adopt("R-2", **{"facts": [], **fields})) == ("G1", "E_PAYLOAD")


@pytest.mark.parametrize(
    ("fact", "item"), [("married", "no.such-item"), ("rich", ITEM), ("spouse.rich", ITEM), ("old", "CA.old")]
)
def test_J4_denies_criteria_about_what_no_item_offers(world: JointWorld, fact: str, item: str) -> None:
    world.catalogued("CA.old", {"old": "old"}, state="RETIRED")
    refused = world.try_to_adopt("R-2", facts=[{"fact": fact, "item": item}])
    assert denial(refused) == ("J4", "E_STATE")


def criteria_facts(world: JointWorld) -> tuple[FactData, ...]:
    return world.record("criteria", "R-2").data_as(CriteriaData).facts
