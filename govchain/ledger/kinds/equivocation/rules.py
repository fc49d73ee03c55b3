"""Rules of evidence against validators: it is recorded once, and only when it proves itself (EV-1, EV-2).

What proves guilt is defined in `crypto.evidence`, for the core and the ledger alike. Any validator may accuse
any other: the proof speaks, not the accuser. What follows from a record is for people to decide.
"""

from __future__ import annotations

from typing import Final

from govchain.crypto.evidence import read_evidence, verify_evidence
from govchain.errors import BadProof, BadSignature, MalformedBytes
from govchain.ledger.kinds.equivocation.accusations import evidence_of
from govchain.ledger.kinds.equivocation.fields import ValidatorAccuse
from govchain.ledger.rules.attempt import Attempt, Transition
from govchain.ledger.rules.common import g4_version_continues, i5_roles_allow
from govchain.ledger.rules.rule import Text, deny
from govchain.ledger.validator_keys import VALIDATOR


def g1_evidence_is_well_formed(attempt: Attempt) -> None:
    """Rule G1: both messages decode, and the object id is the place that they name."""
    try:
        named = read_evidence(evidence_of(attempt.fields)).object_id
    except MalformedBytes:
        raise deny("G1", "E_PAYLOAD", "fields: not two signed votes in base64") from None
    except BadProof as error:
        raise deny("EV-2", "E_EVIDENCE", str(error)) from error
    if named != attempt.envelope.object_id:
        raise deny("G1", "E_PAYLOAD", f"object_id: the messages are evidence of {named}")


def ev1_is_recorded_once(attempt: Attempt) -> None:
    """Rule EV-1: one record for each place is enough."""
    if attempt.record is not None:
        raise deny("EV-1", "E_DUP_ID", "this equivocation is recorded already")


def ev2_proves_guilt(attempt: Attempt) -> None:
    """Rule EV-2: a validator of the named epoch signed both messages, and they contradict each other."""
    evidence = evidence_of(attempt.fields)
    epoch = read_evidence(evidence).epoch
    validators = attempt.validators_of(epoch)
    if validators is None:
        raise deny("EV-2", "E_EVIDENCE", f"there is no epoch {epoch}")
    try:
        verify_evidence(attempt.suite, validators, attempt.chain_id, evidence)
    except BadProof as error:
        raise deny("EV-2", "E_EVIDENCE", str(error)) from error
    except BadSignature:
        raise deny("EV-2", "E_EVIDENCE", "the accused validator did not sign both messages") from None


def _record(attempt: Attempt) -> None:
    attempt.create("RECORDED")


TRANSITIONS: Final = (
    Transition(
        verb="validator.accuse",
        fields=ValidatorAccuse,
        sentence=Text(
            "{who} accuses a validator of signing two contradicting votes ({object})",
            "{who} 就验证节点的矛盾投票提交证据（{object}）",
        ),
        from_states=(),
        to_states=("RECORDED",),
        org_roles=(),
        key_roles=(VALIDATOR,),
        rules=(
            i5_roles_allow,
            g1_evidence_is_well_formed,
            ev1_is_recorded_once,
            ev2_proves_guilt,
            g4_version_continues,
        ),
        apply=_record,
    ),
)
