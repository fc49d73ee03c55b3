"""Rules and life cycle of e-licences 电子证照 (records.md 1.1; rules L1 to L10).

DRAFT → VALID → SUSPENDED ↔ VALID, → SUPERSEDED by the next version, → REVOKED. Expiry is the clock's work:
it is an answer of `validity`, not a stored state.
"""

from __future__ import annotations

import re
from typing import Final

import msgspec

from govchain.ledger.identifiers import (
    LicenceId,
    is_credit_code,
    looks_like_credit_code,
    parse_date_ms,
    parse_licence_id,
)
from govchain.ledger.kinds.licence.fields import LicenceChange, LicenceData, LicenceEnter, LicenceIssue
from govchain.ledger.kinds.licence.validity import licence_status_at
from govchain.ledger.rules.attempt import Attempt, Transition
from govchain.ledger.rules.common import (
    g3_object_exists,
    g3_state_allows,
    g4_version_continues,
    i5_roles_allow,
    require_room,
    require_time_order,
)
from govchain.ledger.rules.rule import Text, deny
from govchain.ledger.state import RecordState, index_key

LICENCE: Final = "licence"
REQUIRES_MAX: Final = 16
HOLDER_REF_MAX: Final = 128

_HOLDER_REF: Final = re.compile(rf"[!-~]{{1,{HOLDER_REF_MAX}}}")

_IN_FORCE: Final = ("VALID", "SUSPENDED")
"""States in which a licence keeps its holder's place: a suspended one may come back."""


def g1_licence_is_well_formed(attempt: Attempt) -> None:
    """Rule G1: dates are dates; the holder and the list of prerequisites are within their limits."""
    fields: LicenceEnter = attempt.fields
    for name in ("issued_date", "effective_date", "expiring_date"):
        text = getattr(fields, name)
        if text or name != "expiring_date":
            try:
                parse_date_ms(text)
            except ValueError as error:
                raise deny("G1", "E_PAYLOAD", f"fields.{name}: {error}") from error
    if not _HOLDER_REF.fullmatch(fields.holder_ref):
        # Spaces and look-alikes would make two holders of one (rule L2).
        raise deny(
            "G1", "E_PAYLOAD", f"fields.holder_ref: expected 1 to {HOLDER_REF_MAX} ASCII characters, no space"
        )
    if len(fields.requires) > REQUIRES_MAX:
        raise deny("G1", "E_PAYLOAD", f"fields.requires: expected at most {REQUIRES_MAX} licences")


def l1_identifier_is_right(attempt: Attempt) -> None:
    """Rule L1: the identifier follows GB/T 36904, its check character is right, and it names the type."""
    try:
        licence_id = parse_licence_id(attempt.envelope.object_id)
    except ValueError as error:
        raise deny("L1", "E_CHECKSUM", f"object_id: {error}") from error
    if licence_id.type_code != attempt.fields.type_code:
        raise deny("L1", "E_CHECKSUM", "the type code differs from the one in the identifier")


def l1_identifier_is_new(attempt: Attempt) -> None:
    """Rule L1: a licence identifier is given once."""
    if attempt.record is not None:
        raise deny("L1", "E_DUP_ID", "this licence identifier was entered before")


def l4_issuer_is_accredited(attempt: Attempt) -> None:
    """Rule L4: the identifier's issuing organisation writes it, and is accredited for the type."""
    licence_id = _id(attempt)
    if licence_id.org != attempt.org.id:
        raise deny("L4", "E_NOT_ACCREDITED", "the identifier names another issuing organisation")
    if licence_id.type_code not in attempt.org.accredited_for:
        raise deny("L4", "E_NOT_ACCREDITED", f"{attempt.org.id} is not accredited for this type code")


def l4_issuer_writes(attempt: Attempt) -> None:
    """Rule L4: only the issuing authority changes a licence."""
    if attempt.existing.issuer_org != attempt.org.id:
        raise deny("L4", "E_NOT_ACCREDITED", "the licence was issued by another organisation")


def l5_holder_code_is_right(attempt: Attempt) -> None:
    """Rule L5: a holder that looks like a unified social credit code must be one (GB 32100)."""
    holder_ref = attempt.fields.holder_ref
    if looks_like_credit_code(holder_ref) and not is_credit_code(holder_ref):
        raise deny("L5", "E_CHECKSUM", "holder_ref: the credit code's check character is wrong")


def l3_dates_are_in_order(attempt: Attempt) -> None:
    """Rule L3: a licence cannot expire before it takes effect."""
    fields: LicenceEnter = attempt.fields
    if fields.expiring_date and fields.expiring_date < fields.effective_date:
        raise deny("L3", "E_TIME_ORDER", "the licence would expire before it takes effect")


def l2_version_follows(attempt: Attempt) -> None:
    """Rule L2: version n+1 follows a version n; at issue that one must be VALID."""
    version = _id(attempt).version
    if version == 1:
        return
    predecessor = _predecessor(attempt)
    if predecessor is None:
        raise deny("L2", "E_VERSION", f"version {version:03d} has no version {version - 1:03d} before it")
    if attempt.verb == "licence.issue" and predecessor.state != "VALID":
        raise deny("L2", "E_STATE", f"version {version - 1:03d} is {predecessor.state}; it must be VALID")
    if attempt.verb == "licence.issue":
        require_time_order(attempt, predecessor)
        require_room(predecessor)


def l2_holder_is_free(attempt: Attempt) -> None:
    """Rule L2: a holder has one licence of a type in force, but for the version that this one replaces."""
    data = attempt.fields if attempt.verb == "licence.enter" else _data(attempt)
    other = attempt.access.indexed(_holder_key(data.type_code, data.holder_ref))
    if not other:
        return
    predecessor = _predecessor(attempt)
    if predecessor is None or other != predecessor.object_id:
        raise deny("L2", "E_DUP_ID", f"the holder has a licence of this type in force: {other}")


def l10_prerequisites_are_valid(attempt: Attempt) -> None:
    """Rule L10: each licence that this one requires is VALID at the time of issue."""
    for required in _data(attempt).requires:
        record = attempt.access.record(LICENCE, required)
        answer = "unknown" if record is None else licence_status_at(record, attempt.claimed_time_ms).answer
        if answer != "VALID":
            raise deny("L10", "E_STATE", f"prerequisite {required[:128]} is {answer}")


def g6_checker_differs(attempt: Attempt) -> None:
    """Rule G6, also I6: whoever entered a licence cannot approve it, with whichever key."""
    if _data(attempt).entered_by == attempt.key.person:
        raise deny("G6", "E_SOD", f"{attempt.key.person} entered this licence and cannot approve it")


def _data(attempt: Attempt) -> LicenceData:
    assert isinstance(attempt.data, LicenceData)
    return attempt.data


def _holder_key(type_code: str, holder_ref: str) -> bytes:
    """Index of the one licence of a type that a holder has in force (rule L2)."""
    return index_key("licence-holder", type_code, holder_ref)


def _id(attempt: Attempt) -> LicenceId:
    return parse_licence_id(attempt.envelope.object_id)


def _predecessor(attempt: Attempt) -> RecordState | None:
    licence_id = _id(attempt)
    if licence_id.version == 1:
        return None
    return attempt.access.record(LICENCE, licence_id.with_version(licence_id.version - 1))


def _enter(attempt: Attempt) -> None:
    fields: LicenceEnter = attempt.fields
    data = LicenceData(
        name=fields.name,
        type_code=fields.type_code,
        holder_ref=fields.holder_ref,
        area_code=fields.area_code,
        issued_date=fields.issued_date,
        effective_date=fields.effective_date,
        expiring_date=fields.expiring_date,
        requires=tuple(fields.requires),
        face_commitment=fields.face_commitment,
        entered_by=attempt.key.person,
    )
    attempt.create("DRAFT", data)


def _issue(attempt: Attempt) -> None:
    assert isinstance(attempt.fields, LicenceIssue)
    record, data = attempt.existing, _data(attempt)
    predecessor = _predecessor(attempt)
    if predecessor is not None:
        before = predecessor.data_as(LicenceData)
        superseded = msgspec.structs.replace(before, superseded_by=record.object_id)
        attempt.advance(predecessor, "SUPERSEDED", superseded)
        attempt.clear_index(_holder_key(before.type_code, before.holder_ref))
    attempt.advance(record, "VALID", msgspec.structs.replace(data, issued_by=attempt.key.person))
    attempt.set_index(_holder_key(data.type_code, data.holder_ref), record.object_id)


def _change(attempt: Attempt) -> None:
    fields: LicenceChange = attempt.fields
    (new_state,) = attempt.transition.to_states
    data = msgspec.structs.replace(_data(attempt), reason=fields.reason, basis_document=fields.basis_document)
    attempt.advance(attempt.existing, new_state, data)
    if new_state not in _IN_FORCE:
        attempt.clear_index(_holder_key(data.type_code, data.holder_ref))


def _changes(verb: str, from_states: tuple[str, ...], to_state: str, sentence: Text) -> Transition:
    return Transition(
        verb=verb,
        fields=LicenceChange,
        sentence=sentence,
        from_states=from_states,
        to_states=(to_state,),
        org_roles=(),
        key_roles=("checker",),
        rules=(g3_object_exists, l4_issuer_writes, i5_roles_allow, g3_state_allows, g4_version_continues),
        apply=_change,
    )


TRANSITIONS: Final = (
    Transition(
        verb="licence.enter",
        fields=LicenceEnter,
        sentence=Text("{who} enters a {name} for {holder_ref}", "{who} 录入 {holder_ref} 的《{name}》"),
        from_states=(),
        to_states=("DRAFT",),
        org_roles=(),
        key_roles=("maker",),
        rules=(
            g1_licence_is_well_formed,
            l1_identifier_is_right,
            l4_issuer_is_accredited,
            i5_roles_allow,
            l1_identifier_is_new,
            l3_dates_are_in_order,
            l5_holder_code_is_right,
            l2_version_follows,
            l2_holder_is_free,
            g4_version_continues,
        ),
        apply=_enter,
    ),
    Transition(
        verb="licence.issue",
        fields=LicenceIssue,
        sentence=Text("{who} approves and issues {object}", "{who} 复核并签发 {object}"),
        from_states=("DRAFT",),
        to_states=("VALID",),
        org_roles=(),
        key_roles=("checker",),
        rules=(
            g3_object_exists,
            l4_issuer_writes,
            g6_checker_differs,
            i5_roles_allow,
            g3_state_allows,
            l2_version_follows,
            l2_holder_is_free,
            l10_prerequisites_are_valid,
            g4_version_continues,
        ),
        apply=_issue,
    ),
    _changes(
        "licence.suspend",
        ("VALID",),
        "SUSPENDED",
        Text("{who} suspends {object} ({reason})", "{who} 暂扣 {object}（{reason}）"),
    ),
    _changes(
        "licence.resume",
        ("SUSPENDED",),
        "VALID",
        Text("{who} puts {object} into force again", "{who} 恢复 {object} 的效力"),
    ),
    _changes(
        "licence.revoke",
        ("VALID", "SUSPENDED"),
        "REVOKED",
        Text("{who} revokes {object} ({reason})", "{who} 吊销 {object}（{reason}）"),
    ),
)
