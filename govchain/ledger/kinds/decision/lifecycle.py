"""Life cycle of decisions: what each record changes, and which rules it must pass.

ENTERED → GRANTED | REFUSED → APPEALED | EFFECTIVE. No rule is judged here.
"""

from __future__ import annotations

from typing import Final

import msgspec

from govchain.ledger.kinds.criteria import DECIDER
from govchain.ledger.kinds.decision import rules as ask
from govchain.ledger.kinds.decision.fields import (
    DecisionAppeal,
    DecisionData,
    DecisionEnter,
    DecisionIssue,
    DecisionReview,
    DecisionSign,
    DecisionTakeEffect,
)
from govchain.ledger.payloads import Part
from govchain.ledger.rules.attempt import Attempt, RuleFunction, Transition
from govchain.ledger.rules.common import (
    g3_object_is_new,
    g3_state_allows,
    g4_version_continues,
    i5_roles_allow,
)
from govchain.ledger.rules.rows import change_existing
from govchain.ledger.rules.rule import Text

DECISION: Final = "decision"
STATES: Final = {
    "ENTERED": "已录入",
    "GRANTED": "准予",
    "REFUSED": "不予",
    "APPEALED": "已起诉",
    "EFFECTIVE": "已生效",
}


def _enter(attempt: Attempt) -> None:
    fields: DecisionEnter = attempt.fields
    outcome = ask.compute(ask.criteria_of(attempt), fields.facts, fields.inputs)
    data = DecisionData(
        criteria=fields.criteria,
        subject_ref=fields.subject_ref,
        parties=tuple(fields.parties),
        signers=tuple(fields.signers),
        exchanges=tuple(each.exchange for each in fields.facts),
        is_met=outcome.is_met,
        amounts=outcome.amounts,
        due_cents=outcome.due_cents,
        entered_by=attempt.key.person,
        case_no=fields.case_no,
    )
    attempt.create("ENTERED", data)


def _sign(attempt: Attempt) -> None:
    data = msgspec.structs.replace(attempt.data, signed=(*attempt.data.signed, attempt.key.person))
    attempt.advance(attempt.existing, "ENTERED", data)


def _issue(attempt: Attempt) -> None:
    data = msgspec.structs.replace(attempt.data, issued_ms=attempt.claimed_time_ms)
    attempt.advance(attempt.existing, "GRANTED" if data.is_met else "REFUSED", data)
    for payment in ask.payments_that_turn(attempt):
        attempt.advance(payment, "SETTLED" if data.is_met else "RECLAIMED")


def _review(attempt: Attempt) -> None:
    facts = attempt.fields.facts
    is_met = ask.compute_facts(ask.criteria_of(attempt), facts)
    exchanges = (*attempt.data.exchanges, *(each.exchange for each in facts))
    data = msgspec.structs.replace(
        attempt.data,
        is_met=is_met,
        entered_by=attempt.key.person,
        signed=(),
        exchanges=tuple(dict.fromkeys(exchanges)),
    )
    attempt.advance(attempt.existing, "ENTERED", data)


def _appeal(attempt: Attempt) -> None:
    data = msgspec.structs.replace(attempt.data, to_case=attempt.fields.to_case)
    attempt.advance(attempt.existing, "APPEALED", data)


def _take_effect(attempt: Attempt) -> None:
    attempt.advance(attempt.existing, "EFFECTIVE")


def _row(
    verb: str,
    fields: type[Part],
    states: tuple[tuple[str, ...], tuple[str, ...]],
    sentence: Text,
    *rules: RuleFunction,
    apply: RuleFunction,
    role: str = "",
) -> Transition:
    own = (ask.i5_decision_is_own,) if role else ()
    asked = (*own, g3_state_allows, *rules)
    org_roles = (role,) if role else ()
    return change_existing(
        f"decision.{verb}", fields, states, sentence, rules=asked, apply=apply, org_roles=org_roles
    )


TRANSITIONS: Final = (
    Transition(
        verb="decision.enter",
        fields=DecisionEnter,
        sentence=Text(
            "{who} enters decision {object} about {subject_ref} by {criteria}",
            "{who} 依 {criteria} 录入关于 {subject_ref} 的决定 {object}",
        ),
        from_states=(),
        to_states=("ENTERED",),
        org_roles=(DECIDER,),
        key_roles=("maker",),
        rules=(
            i5_roles_allow,
            ask.g1_decision_is_well_formed,
            ask.g1_facts_are_well_formed,
            g3_object_is_new,
            ask.j4_criteria_are_in_force,
            ask.j4_inputs_are_those_of_the_formula,
            ask.j4_amounts_can_be_written,
            ask.j4_facts_are_proven,
            g4_version_continues,
        ),
        apply=_enter,
    ),
    _row(
        "sign",
        DecisionSign,
        (("ENTERED",), ("ENTERED",)),
        Text("{who} signs decision {object}", "{who} 签署决定 {object}"),
        ask.g6_decider_did_not_enter,
        ask.j5_signer_is_named,
        apply=_sign,
        role=DECIDER,
    ),
    _row(
        "issue",
        DecisionIssue,
        (("ENTERED",), ("GRANTED", "REFUSED")),
        Text("{who} issues decision {object}", "{who} 作出决定 {object}"),
        ask.g6_decider_did_not_enter,
        ask.j5_enough_have_signed,
        ask.j3_payments_can_turn,
        apply=_issue,
        role=DECIDER,
    ),
    _row(
        "review",
        DecisionReview,
        (("GRANTED", "REFUSED"), ("ENTERED",)),
        Text("{who} enters new facts of {object}", "{who} 重新录入 {object} 的事实"),
        ask.g1_facts_are_well_formed,
        ask.j4_facts_are_proven,
        apply=_review,
        role=DECIDER,
    ),
    _row(
        "appeal",
        DecisionAppeal,
        (("GRANTED", "REFUSED"), ("APPEALED",)),
        Text("{who} appeals against {object} in {to_case}", "{who} 就 {object} 起诉（{to_case}）"),
        ask.g1_appeal_names_a_case,
        ask.j7_party_appeals,
        ask.j7_appeal_is_in_time,
        apply=_appeal,
    ),
    _row(
        "take_effect",
        DecisionTakeEffect,
        (("GRANTED",), ("EFFECTIVE",)),
        Text("{who} records that {object} has taken effect", "{who} 登记 {object} 生效"),
        ask.j7_time_is_over,
        apply=_take_effect,
    ),
)
