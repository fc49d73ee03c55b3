"""Rules of entering and issuing e-licences 电子证照 (records.md 1.1; rules L1 to L10).

DRAFT → VALID, and the version before → SUPERSEDED. What happens to a licence later is in `changes`. Expiry is
the clock's work: it is an answer of `validity`, not a stored state.
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
from govchain.ledger.kinds.accreditation.chain import ChainAnswer, accreditation_at
from govchain.ledger.kinds.licence.changes import (
    CHANGES,
    LICENCE,
    data_of_licence,
    holder_key,
    l4_issuer_writes,
)
from govchain.ledger.kinds.licence.fields import LicenceData, LicenceEnter, LicenceIssue
from govchain.ledger.kinds.licence.validity import licence_status_at
from govchain.ledger.rules.attempt import Attempt, Transition
from govchain.ledger.rules.common import (
    g3_object_exists,
    g3_state_allows,
    g4_version_continues,
    i5_roles_allow,
    require_other_person,
    require_room,
    require_time_order,
)
from govchain.ledger.rules.rule import Text, deny
from govchain.ledger.state import RecordState

REQUIRES_MAX: Final = 16
HOLDER_REF_MAX: Final = 128

_HOLDER_REF: Final = re.compile(rf"[!-~]{{1,{HOLDER_REF_MAX}}}")


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
    """Rule L4: the identifier's issuing organisation writes it, and is accredited for type and area."""
    licence_id = _id(attempt)
    if licence_id.org != attempt.org.id:
        raise deny("L4", "E_NOT_ACCREDITED", "the identifier names another issuing organisation")
    area = (attempt.fields if attempt.record is None else attempt.data).area_code
    # A claim of the past does not help whoever has lost its accreditation since.
    now_ms = max(attempt.claimed_time_ms, attempt.block_time_ms)
    for at_ms in (attempt.claimed_time_ms, now_ms):
        answer = accreditation_at(attempt.access, attempt.org.id, licence_id.type_code, area, at_ms)
        _require_unbroken(attempt, answer)


def _require_unbroken(attempt: Attempt, answer: ChainAnswer) -> None:
    """Rule I7: where somebody accredited the issuer, the chain up to the root holds at the time of issue."""
    if answer.unbroken:
        return
    if answer.known:
        raise deny("I7", "E_NOT_ACCREDITED", answer.broken_at)
    raise deny("L4", "E_NOT_ACCREDITED", f"{attempt.org.id} is not accredited for this type code")


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
    if version > 1 and _version(attempt, version - 1) is None:
        raise deny("L2", "E_VERSION", f"version {version:03d} has no version {version - 1:03d} before it")
    predecessor = _predecessor(attempt)
    if predecessor is None or attempt.verb != "licence.issue":
        return
    if predecessor.state != "VALID":
        found = parse_licence_id(predecessor.object_id).version
        raise deny("L2", "E_STATE", f"version {found:03d} is {predecessor.state}; it must be VALID")
    require_time_order(attempt, predecessor)
    require_room(predecessor)


def l2_holder_is_free(attempt: Attempt) -> None:
    """Rule L2: a holder has one licence of a type in force, but for the version that this one replaces."""
    data = attempt.fields if attempt.verb == "licence.enter" else data_of_licence(attempt)
    other = attempt.access.indexed(holder_key(data.type_code, data.holder_ref))
    if not other:
        return
    predecessor = _predecessor(attempt)
    if predecessor is None or other != predecessor.object_id:
        raise deny("L2", "E_DUP_ID", f"the holder has a licence of this type in force: {other}")


def l10_prerequisites_are_valid(attempt: Attempt) -> None:
    """Rule L10: each licence that this one requires is VALID at the time of issue."""
    for required in data_of_licence(attempt).requires:
        record = attempt.access.record(LICENCE, required)
        answer = "unknown" if record is None else licence_status_at(record, attempt.claimed_time_ms).answer
        if answer != "VALID":
            raise deny("L10", "E_STATE", f"prerequisite {required[:128]} is {answer}")


def g6_checker_differs(attempt: Attempt) -> None:
    """Rule G6, also I6: whoever entered a licence cannot approve it, with whichever key."""
    require_other_person(attempt, data_of_licence(attempt).entered_by)


def _id(attempt: Attempt) -> LicenceId:
    return parse_licence_id(attempt.envelope.object_id)


def _version(attempt: Attempt, version: int) -> RecordState | None:
    return attempt.access.record(LICENCE, _id(attempt).with_version(version))


def _predecessor(attempt: Attempt) -> RecordState | None:
    """The last version before this one that was more than a draft thrown away."""
    for version in range(_id(attempt).version - 1, 0, -1):
        record = _version(attempt, version)
        if record is None or [entry.state for entry in record.timeline] != ["DRAFT", "VOIDED"]:
            return record
    return None


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
    record, data = attempt.existing, data_of_licence(attempt)
    predecessor = _predecessor(attempt)
    if predecessor is not None:
        before = predecessor.data_as(LicenceData)
        superseded = msgspec.structs.replace(before, superseded_by=record.object_id)
        attempt.advance(predecessor, "SUPERSEDED", superseded)
        attempt.clear_index(holder_key(before.type_code, before.holder_ref))
    attempt.advance(record, "VALID", msgspec.structs.replace(data, issued_by=attempt.key.person))
    attempt.set_index(holder_key(data.type_code, data.holder_ref), record.object_id)


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
            l4_issuer_is_accredited,
            l2_version_follows,
            l2_holder_is_free,
            l10_prerequisites_are_valid,
            g4_version_continues,
        ),
        apply=_issue,
    ),
    *CHANGES,
)
