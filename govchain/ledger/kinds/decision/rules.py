"""Rules of decisions 行政决定与裁决 (J4, J5, J7): computed by published criteria, signed, appealed in time.

ENTERED → GRANTED | REFUSED → APPEALED | EFFECTIVE. What a record changes is in `lifecycle`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from govchain.crypto.file_digest import digest_chunks
from govchain.errors import MalformedBytes
from govchain.ledger.amounts import CENTS_MAX, format_cents, parse_cents
from govchain.ledger.field_checks import require_code, require_reference, require_text
from govchain.ledger.kinds.criteria import (
    CRITERIA,
    FACTS_MAX,
    CriteriaData,
    FactData,
    LineData,
    compute_line,
    field_of,
)
from govchain.ledger.kinds.decision.fields import (
    DecisionEnter,
    DecisionFact,
    DecisionInput,
    Outcome,
)
from govchain.ledger.kinds.exchange.answers import bound_of, bytes_of_opened, tells_yes
from govchain.ledger.kinds.exchange.fields import ExchangeData
from govchain.ledger.kinds.payment import payments_by
from govchain.ledger.rules.attempt import Attempt
from govchain.ledger.rules.common import require_other_person, require_room, require_time_order
from govchain.ledger.rules.rule import deny
from govchain.ledger.state import RecordState

PARTIES_MAX: Final = 16
DAY_MS: Final = 86_400_000
CHINA_MS: Final = 8 * 3_600_000


def g1_decision_is_well_formed(attempt: Attempt) -> None:
    """Rule G1: references, parties, inputs and facts have their form."""
    fields: DecisionEnter = attempt.fields
    require_reference("subject_ref", fields.subject_ref)
    for name, values in (("parties", fields.parties), ("signers", fields.signers)):
        if len(values) > PARTIES_MAX or len(set(values)) != len(values):
            raise deny("G1", "E_PAYLOAD", f"fields.{name}: expected at most {PARTIES_MAX} different ones")
        for value in values:
            for part in value.split("/", 1):
                require_reference(name, part)
    if len({each.name for each in fields.inputs}) != len(fields.inputs) or len(fields.inputs) > FACTS_MAX:
        raise deny("G1", "E_PAYLOAD", f"fields.inputs: expected at most {FACTS_MAX} different inputs")
    for each in fields.inputs:
        require_code("inputs", each.name)
        try:
            parse_cents(each.amount)
        except ValueError as error:
            raise deny("G1", "E_PAYLOAD", f"fields.inputs: {error}") from error
    if fields.case_no:
        require_text("case_no", fields.case_no)


def g1_facts_are_well_formed(attempt: Attempt) -> None:
    """Rule G1: each fact is named once, with exchange and answer."""
    facts: list[DecisionFact] = attempt.fields.facts
    if len(facts) > FACTS_MAX or len({each.fact for each in facts}) != len(facts):
        raise deny("G1", "E_PAYLOAD", f"fields.facts: expected at most {FACTS_MAX} different facts")
    for each in facts:
        require_code("facts", each.fact)
        require_reference("facts", each.exchange)
        try:
            bytes_of_opened(each.answer)
        except MalformedBytes as error:
            raise deny("G1", "E_PAYLOAD", f"fields.facts: {error}") from error


def g1_appeal_names_a_case(attempt: Attempt) -> None:
    """Rule G1: an appeal names the case that it begins."""
    require_text("to_case", attempt.fields.to_case)


def j4_criteria_are_in_force(attempt: Attempt) -> None:
    """Rule J4: an office decides by criteria that it published and that are in force."""
    record = attempt.access.record(CRITERIA, attempt.fields.criteria)
    if record is None or record.state != "IN_FORCE" or record.issuer_org != attempt.org.id:
        raise deny("J4", "E_STATE", "the office has no such criteria in force")
    named, wanted = len(attempt.fields.signers), criteria_of(attempt).signers
    if named != wanted:
        raise deny("J5", "E_QUORUM", f"{named} signers are named; the criteria ask for {wanted}")


def j4_inputs_are_those_of_the_formula(attempt: Attempt) -> None:
    """Rule J4: the formula gets the inputs that it asks for."""
    wanted = {line.of for line in criteria_of(attempt).lines}
    given = {each.name for each in attempt.fields.inputs}
    missing = sorted(wanted ^ given)
    if missing:
        raise deny("J4", "E_AMOUNT", f"inputs and formula differ in {missing[0][:64]}")


def j4_amounts_can_be_written(attempt: Attempt) -> None:
    """Rule J4: what the formula gives, line by line and in all, is an amount, however large its inputs."""
    amounts = [cents for _, cents in _compute_lines(criteria_of(attempt), attempt.fields.inputs)]
    if sum(map(abs, amounts)) > CENTS_MAX:
        raise deny("J4", "E_AMOUNT", "the formula gives an amount of more than fifteen digits")


def j4_facts_are_proven(attempt: Attempt) -> None:
    """Rule J4: each fact is one that the criteria name, in an answer that its provider signed."""
    facts = {fact.fact: fact for fact in criteria_of(attempt).facts}
    for each in attempt.fields.facts:
        if each.fact not in facts:
            raise deny("J4", "E_STATE", f"the criteria do not ask for {each.fact}")
        record = attempt.access.record("exchange", each.exchange)
        if record is None or record.state != "CONFIRMED" or record.issuer_org != attempt.org.id:
            raise deny("J4", "E_STATE", f"{each.exchange} is no confirmed exchange of this office")
        data, fact = record.data_as(ExchangeData), facts[each.fact]
        if data.item != fact.item:
            raise deny("J4", "E_STATE", f"{each.exchange} asked {data.item}, not {fact.item}")
        if data.subject_ref not in people_of(attempt):
            raise deny("J4", "E_STATE", f"{each.exchange} is about somebody else")
        opened = bytes_of_opened(each.answer)
        if digest_chunks([opened]).sha256 != data.answer_sha256:
            raise deny("J4", "E_HASH_MISMATCH", f"the answer of {each.exchange} is another one")
        if data.mode != fact.mode:
            raise deny("J4", "E_STATE", f"{each.exchange} is in mode {data.mode}, not {fact.mode}")
        _require_bound(each.exchange, opened, fact)
    _require_people_apart(attempt)


def _require_people_apart(attempt: Attempt) -> None:
    """Rule J4: a word in front of a fact stands for one person, who is not whom other facts are about.

    One person's answer would prove a fact of the other one else.
    """
    about = attempt.fields if attempt.record is None else attempt.data
    words, people = {about.subject_ref: ""}, dict[str, str]()
    for each in attempt.fields.facts:
        record = attempt.access.record("exchange", each.exchange)
        assert record is not None, "its facts were asked for before"
        word, person = each.fact.rpartition(".")[0], record.data_as(ExchangeData).subject_ref
        is_another = bool(word) and people.setdefault(word, person) != person
        if is_another or words.setdefault(person, word) != word:
            raise deny("J4", "E_STATE", f"{each.exchange} is not about whom {each.fact} asks for")


def _require_bound(exchange: str, opened: bytes, fact: FactData) -> None:
    """Rule J4: an answer is about the bound that the criteria name.

    A yes to a lower bound proves less, and a no to a higher one refuses whom the criteria do not.
    """
    # A provider may have signed the hash of anything.
    try:
        bound = bound_of(opened, field_of(fact.fact))
    except MalformedBytes as error:
        raise deny("J4", "E_STATE", f"{exchange} was answered with no answer document") from error
    if bound != fact.at_least:
        found, wanted = ("no bound" if each is None else each for each in (bound, fact.at_least))
        raise deny("J4", "E_STATE", f"{exchange} tells of {found}, not of {wanted}")


def people_of(attempt: Attempt) -> set[str]:
    """Pseudonyms that the facts of a decision may be about: its subject, and parties who are persons."""
    about = attempt.fields if attempt.record is None else attempt.data
    return {about.subject_ref, *(party.rpartition("/")[2] for party in about.parties)}


def g6_decider_did_not_enter(attempt: Attempt) -> None:
    """Rule G6: who entered a decision does not sign or issue it."""
    require_other_person(attempt, attempt.data.entered_by)


def j5_signer_is_named(attempt: Attempt) -> None:
    """Rule J5: only those who decide sign, each once."""
    if attempt.key.person not in attempt.data.signers:
        raise deny("J5", "E_ROLE", "the signer is none of those who decide this")
    if attempt.key.person in attempt.data.signed:
        raise deny("J5", "E_QUORUM", "this person has signed already")


def j5_enough_have_signed(attempt: Attempt) -> None:
    """Rule J5: a decision is issued with as many signatures as its criteria ask for."""
    wanted, found = criteria_of(attempt).signatures, len(attempt.data.signed)
    if found < wanted:
        raise deny("J5", "E_QUORUM", f"{found} of {wanted} signatures")


def j3_payments_can_turn(attempt: Attempt) -> None:
    """Rule J3: what was paid is reclaimed with the record that takes the decision back."""
    for payment in payments_that_turn(attempt):
        require_time_order(attempt, payment)
        require_room(payment)


def payments_that_turn(attempt: Attempt) -> tuple[RecordState, ...]:
    """Payments by this decision: reclaimed when it is refused now, settled again when it is granted."""
    lines = [name for name, _ in attempt.data.amounts]
    turns = "RECLAIMED" if attempt.data.is_met else "SETTLED"
    known = payments_by(attempt.access, attempt.existing.object_id, lines)
    return tuple(payment for payment in known if payment.state == turns)


def i5_decision_is_own(attempt: Attempt) -> None:
    """Rule I5: the office that entered a decision goes on with it."""
    if attempt.existing.issuer_org != attempt.org.id:
        raise deny("I5", "E_ROLE", "another office entered this decision")


def j7_party_appeals(attempt: Attempt) -> None:
    """Rule J7: only a party appeals."""
    names = (attempt.org.id, f"{attempt.org.id}/{attempt.key.person}")
    if not any(name in attempt.data.parties for name in names):
        raise deny("J7", "E_ROLE", "only a party of the decision appeals")


def j7_appeal_is_in_time(attempt: Attempt) -> None:
    """Rule J7: an appeal comes at the latest on the last day that the criteria leave for it."""
    days = criteria_of(attempt).appeal_days
    if attempt.claimed_time_ms >= appeal_until_ms(attempt.data.issued_ms, days):
        raise deny("J7", "E_DEADLINE", f"the {days} days for an appeal are over")


def j7_time_is_over(attempt: Attempt) -> None:
    """Rule J7: a decision takes effect after the last day for an appeal."""
    days = criteria_of(attempt).appeal_days
    if attempt.claimed_time_ms < appeal_until_ms(attempt.data.issued_ms, days):
        raise deny("J7", "E_STATE", f"the {days} days for an appeal are not over")


def appeal_until_ms(issued_ms: int, days: int) -> int:
    """First moment, in China, after the last day for an appeal; the day of issue does not count.

    Where there is no appeal, a decision takes effect at once.
    """
    if not days:
        return issued_ms
    day = (issued_ms + CHINA_MS) // DAY_MS
    return (day + days + 1) * DAY_MS - CHINA_MS


def criteria_of(attempt: Attempt) -> CriteriaData:
    """The criteria of this decision. Expects that they exist."""
    number = attempt.fields.criteria if attempt.record is None else attempt.data.criteria
    record = attempt.access.record(CRITERIA, number)
    assert record is not None
    return record.data_as(CriteriaData)


def compute(
    criteria: CriteriaData, facts: Sequence[DecisionFact], inputs: Sequence[DecisionInput]
) -> Outcome:
    """What the criteria give for facts and inputs."""
    lines = _compute_lines(criteria, inputs)
    due = [amount for line, amount in lines if line.is_due]
    return Outcome(
        is_met=compute_facts(criteria, facts),
        amounts=tuple((line.name, format_cents(amount)) for line, amount in lines),
        due_cents=sum(due) if due else None,
    )


def _compute_lines(criteria: CriteriaData, inputs: Sequence[DecisionInput]) -> list[tuple[LineData, int]]:
    cents = {each.name: parse_cents(each.amount) for each in inputs}
    return [(line, compute_line(line, cents[line.of])) for line in criteria.lines]


def compute_facts(criteria: CriteriaData, facts: Sequence[DecisionFact]) -> bool:
    """Whether every fact that the criteria ask for is answered with yes.

    A fact is called like the field that tells it; about one more person, with a word in front, as `spouse.`.
    """
    holding = {each.fact for each in facts if tells_yes(bytes_of_opened(each.answer), field_of(each.fact))}
    return all(each.fact in holding for each in criteria.facts)
