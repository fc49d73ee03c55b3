"""What happens to an e-licence after it was issued (records.md 1.1; rules L2, L4).

SUSPENDED 暂扣 ↔ VALID, and five ends: REVOKED 吊销 (a penalty), WITHDRAWN 撤销 (was unlawfully granted: never
valid), RECALLED 撤回 (policy changed), CANCELLED 注销, VOIDED 作废 (misprint or lost).
"""

from __future__ import annotations

from typing import Final

import msgspec

from govchain.ledger.identifiers import is_case_number, parse_licence_id
from govchain.ledger.kinds.accreditation.chain import accreditation_at
from govchain.ledger.kinds.licence.fields import LicenceApply, LicenceChange, LicenceData
from govchain.ledger.rules.attempt import Attempt, RuleFunction, Transition
from govchain.ledger.rules.common import (
    g3_object_exists,
    g3_state_allows,
    g4_version_continues,
    i5_roles_allow,
)
from govchain.ledger.rules.rule import Text, deny
from govchain.ledger.state import RecordState, index_key
from govchain.model.validators import OBSERVER

LICENCE: Final = "licence"
COURT: Final = "court"
CHECKER: Final = "checker"
WANTED: Final = ("renewal", "change", "reissue", "cancellation")

_IN_FORCE: Final = ("VALID", "SUSPENDED")
"""States in which a licence keeps its holder's place: a suspended one may come back."""


def l4_issuer_writes(attempt: Attempt) -> None:
    """Rule L4: only the issuing authority changes a licence."""
    if attempt.existing.issuer_org != attempt.org.id:
        raise deny("L4", "E_NOT_ACCREDITED", "the licence was issued by another organisation")


def l4_withdrawal_is_due(attempt: Attempt) -> None:
    """Rule L4: withdrawn by its issuer, an authority above it, or a court with its case number."""
    if attempt.has_org_role(COURT):
        if not is_case_number(attempt.fields.basis_document):
            raise deny("L4", "E_NOT_ACCREDITED", "a court withdraws by a case number in basis_document")
        return
    if attempt.org.id != attempt.existing.issuer_org and attempt.org.id not in _authorities_above(attempt):
        raise deny("L4", "E_NOT_ACCREDITED", "only the issuer, an authority above it or a court withdraws")


def i5_checker_withdraws(attempt: Attempt) -> None:
    """Rule I5: at an authority a checker withdraws; who signs for a court is the court's business."""
    if not attempt.has_org_role(COURT) and CHECKER not in attempt.key.roles:
        raise deny("I5", "E_ROLE", f"licence.withdraw needs a key with role {CHECKER}")


def _authorities_above(attempt: Attempt) -> tuple[str, ...]:
    """Whoever defines the type, and whoever the issuer's accreditation came from."""
    record, data = attempt.existing, data_of_licence(attempt)
    issued_ms = record.timeline[0].claimed_time_ms
    answer = accreditation_at(attempt.access, record.issuer_org, data.type_code, data.area_code, issued_ms)
    return (parse_licence_id(record.object_id).type_code[:18], *answer.path)


def data_of_licence(attempt: Attempt) -> LicenceData:
    """What the chain remembers of this licence, where an earlier rule made sure that it exists."""
    assert isinstance(attempt.data, LicenceData)
    return attempt.data


def holder_key(type_code: str, holder_ref: str) -> bytes:
    """Index of the one licence of a type that a holder has in force, whoever issued it (rule L2)."""
    return index_key("licence-holder", type_code, holder_ref)


def free_holder(attempt: Attempt, record: RecordState) -> None:
    """The holder may have another licence of the type, unless the place is that of another one already."""
    data = record.data_as(LicenceData)
    key = holder_key(data.type_code, data.holder_ref)
    # A draft never had the place, nor what goes with something else (rule N5).
    if attempt.access.indexed(key) == record.object_id:
        attempt.clear_index(key)


def g1_application_is_well_formed(attempt: Attempt) -> None:
    """Rule G1: a holder asks for one of the things that there are."""
    if attempt.fields.wants not in WANTED:
        raise deny("G1", "E_PAYLOAD", f"fields.wants: expected {', '.join(WANTED)}")


def l4_holder_applies(attempt: Attempt) -> None:
    """Rule L4: whoever is not the authority may only apply, and only the holder does."""
    if not is_holder(attempt, data_of_licence(attempt).holder_ref):
        raise deny("L4", "E_ROLE", "only the holder of the licence applies for a change")


def is_holder(attempt: Attempt, holder_ref: str) -> bool:
    """Whether the holder itself signs.

    That is an organisation by its code, or a person by `org:person` of the organisation that keeps the
    person's key: another organisation may give the same pseudonym to somebody else.
    """
    return holder_ref in (attempt.org.id, f"{attempt.org.id}:{attempt.key.person}")


def _apply_for(attempt: Attempt) -> None:
    assert isinstance(attempt.fields, LicenceApply)
    attempt.advance(attempt.existing, attempt.existing.state)


def _change(attempt: Attempt) -> None:
    fields: LicenceChange = attempt.fields
    (new_state,) = attempt.transition.to_states
    record, data = attempt.existing, data_of_licence(attempt)
    changed = msgspec.structs.replace(data, reason=fields.reason, basis_document=fields.basis_document)
    attempt.advance(record, new_state, changed)
    if new_state not in _IN_FORCE:
        free_holder(attempt, record)


_BY_ISSUER: Final = (g3_object_exists, l4_issuer_writes, i5_roles_allow)
_WITHDRAWAL: Final = (g3_object_exists, l4_withdrawal_is_due, i5_roles_allow, i5_checker_withdraws)


def _changes(
    verb: str,
    to_state: str,
    sentence: Text,
    *,
    from_states: tuple[str, ...] = _IN_FORCE,
    first: tuple[RuleFunction, ...] = _BY_ISSUER,
    key_roles: tuple[str, ...] = (CHECKER,),
) -> Transition:
    return Transition(
        verb=verb,
        fields=LicenceChange,
        sentence=sentence,
        from_states=from_states,
        to_states=(to_state,),
        org_roles=(),
        key_roles=key_roles,
        rules=(*first, g3_state_allows, g4_version_continues),
        apply=_change,
    )


CHANGES: Final = (
    _changes(
        "licence.suspend",
        "SUSPENDED",
        Text("{who} suspends {object} ({reason})", "{who} 暂扣 {object}（{reason}）"),
        from_states=("VALID",),
    ),
    _changes(
        "licence.resume",
        "VALID",
        Text("{who} puts {object} into force again", "{who} 恢复 {object} 的效力"),
        from_states=("SUSPENDED",),
    ),
    _changes(
        "licence.revoke",
        "REVOKED",
        Text("{who} revokes {object} ({reason})", "{who} 吊销 {object}（{reason}）"),
    ),
    _changes(
        "licence.withdraw",
        "WITHDRAWN",
        Text("{who} withdraws {object} as unlawfully granted ({reason})", "{who} 撤销 {object}（{reason}）"),
        first=_WITHDRAWAL,
        key_roles=(),
    ),
    _changes(
        "licence.recall",
        "RECALLED",
        Text("{who} recalls {object} ({reason})", "{who} 撤回 {object}（{reason}）"),
    ),
    _changes(
        "licence.cancel",
        "CANCELLED",
        Text("{who} cancels {object} ({reason})", "{who} 注销 {object}（{reason}）"),
    ),
    _changes(
        "licence.void",
        "VOIDED",
        Text("{who} voids {object} ({reason})", "{who} 作废 {object}（{reason}）"),
        from_states=("DRAFT", *_IN_FORCE),
    ),
    Transition(
        verb="licence.apply",
        fields=LicenceApply,
        sentence=Text("{who} applies for {wants} of {object}", "{who} 就 {object} 提出申请：{wants}"),
        from_states=_IN_FORCE,
        to_states=_IN_FORCE,
        org_roles=(),
        key_roles=(),
        rules=(
            i5_roles_allow,
            g3_object_exists,
            g1_application_is_well_formed,
            l4_holder_applies,
            g3_state_allows,
            g4_version_continues,
        ),
        apply=_apply_for,
        tier=OBSERVER,
    ),
)
