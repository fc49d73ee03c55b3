"""Rules of authorised uses of licences 用证 (records.md 1.1; rules L6, L7, L8).

ACTIVE → USED_UP by the last use, → ENDED by the holder. Its expiry is the clock's work.
"""

from __future__ import annotations

import re
from typing import Final

import msgspec

from govchain.ledger.identifiers import parse_time_ms
from govchain.ledger.kinds.authorisation.fields import (
    AuthorisationData,
    CopyPurpose,
    LicenceAuthorise,
    LicenceEndUse,
    LicenceUse,
    UseCount,
    copy_key,
    count_key,
)
from govchain.ledger.kinds.authorisation.uses import count_uses
from govchain.ledger.kinds.licence.changes import LICENCE, is_holder
from govchain.ledger.kinds.licence.fields import LicenceData
from govchain.ledger.kinds.licence.validity import licence_status_at
from govchain.ledger.kinds.licence_use import LICENCE_USE, LicenceUseData, use_id
from govchain.ledger.rules.attempt import Attempt, Transition
from govchain.ledger.rules.common import (
    g3_object_exists,
    g3_object_is_new,
    g3_state_allows,
    g4_version_continues,
    i5_roles_allow,
)
from govchain.ledger.rules.rule import Text, deny
from govchain.model.validators import OBSERVER

AUTHORISATION: Final = "authorisation"
FIELDS_MAX: Final = 64
USES_MAX: Final = 900
"""Most uses of one authorisation; its history has room for them and its end."""

_NAME: Final = re.compile(r"[!-~]{1,64}")


def g1_use_is_well_formed(attempt: Attempt) -> None:
    """Rule G1: purpose and fields are codes."""
    fields: LicenceAuthorise | LicenceUse = attempt.fields
    names = fields.fields
    if not 1 <= len(names) <= FIELDS_MAX or len(set(names)) != len(names) or not all(map(_is_name, names)):
        raise deny("G1", "E_PAYLOAD", f"fields.fields: expected 1 to {FIELDS_MAX} different names")
    if not _is_name(fields.purpose):
        raise deny("G1", "E_PAYLOAD", "fields.purpose: expected a code of 1 to 64 characters")


def _is_name(text: str) -> bool:
    return _NAME.fullmatch(text) is not None


def g1_limits_are_well_formed(attempt: Attempt) -> None:
    """Rule G1: an authorisation ends at a time and after a number of uses."""
    if not 1 <= attempt.fields.max_uses <= USES_MAX:
        raise deny("G1", "E_PAYLOAD", f"fields.max_uses: expected 1 to {USES_MAX}")
    try:
        parse_time_ms(attempt.fields.expires)
    except ValueError as error:
        raise deny("G1", "E_PAYLOAD", f"fields.expires: {error}") from error


def l6_holder_authorises(attempt: Attempt) -> None:
    """Rule L6: only the holder of a licence lets others use it, and takes that back."""
    if not is_holder(attempt, _holder_ref(attempt)):
        raise deny("L6", "E_ROLE", "only the holder of the licence authorises its use")


def l6_authorisation_is_open(attempt: Attempt) -> None:
    """Rule L6: a use needs an authorisation that is neither used up, nor ended, nor expired."""
    data: AuthorisationData = attempt.data
    if attempt.existing.state == "ENDED":
        raise deny("L6", "E_CONSENT_MISSING", "the holder took the authorisation back")
    if data.used >= data.max_uses:
        raise deny("L6", "E_CONSENT_EXPIRED", f"all {data.max_uses} uses are taken")
    # A claim of the past does not bring an expired authorisation back.
    if max(attempt.claimed_time_ms, attempt.block_time_ms) >= data.expires_ms:
        raise deny("L6", "E_CONSENT_EXPIRED", "the authorisation has expired")


def l6_audience_uses(attempt: Attempt) -> None:
    """Rule L6: only the organisation that an authorisation names uses the licence, once there is one."""
    if attempt.record is None:
        raise deny("L6", "E_CONSENT_MISSING", "there is no authorisation with this number")
    if attempt.data.audience != attempt.org.id:
        raise deny("L6", "E_CONSENT_MISSING", "the holder authorised another organisation")


def l7_purpose_is_the_authorised_one(attempt: Attempt) -> None:
    """Rule L7: a use serves the purpose that was authorised, and a copy the one it was stamped for."""
    data, fields = attempt.data, attempt.fields
    if fields.purpose != data.purpose:
        raise deny("L7", "E_PURPOSE", "the authorisation is for another purpose")
    if fields.copy_hash is None:
        return
    stamped = attempt.access.value(copy_key(fields.copy_hash.sha256), CopyPurpose)
    if stamped is not None and stamped != CopyPurpose(data.audience, data.purpose):
        raise deny("L7", "E_PURPOSE", "the copy was stamped for another purpose or organisation")


def l8_only_authorised_fields(attempt: Attempt) -> None:
    """Rule L8: a use asks for no field beyond those that the holder authorised."""
    if not set(attempt.fields.fields) <= set(attempt.data.fields):
        raise deny("L8", "E_SCOPE_FIELD", "a field is asked for that the holder did not authorise")


def l3_licence_is_valid(attempt: Attempt) -> None:
    """Rule L3: what is authorised and used is a licence that is valid now."""
    licence = attempt.fields.licence if attempt.record is None else attempt.data.licence
    record = attempt.access.record(LICENCE, licence)
    now_ms = max(attempt.claimed_time_ms, attempt.block_time_ms)
    answer = "unknown" if record is None else licence_status_at(record, now_ms).answer
    if answer != "VALID":
        raise deny("L3", "E_STATE", f"the licence is {answer}")


def _holder_ref(attempt: Attempt) -> str:
    if attempt.record is not None:
        return str(attempt.data.holder_ref)
    record = attempt.access.record(LICENCE, attempt.fields.licence)
    return "" if record is None else record.data_as(LicenceData).holder_ref


def _authorise(attempt: Attempt) -> None:
    fields: LicenceAuthorise = attempt.fields
    data = AuthorisationData(
        licence=fields.licence,
        holder_ref=_holder_ref(attempt),
        audience=fields.audience,
        purpose=fields.purpose,
        fields=tuple(fields.fields),
        expires_ms=parse_time_ms(fields.expires),
        max_uses=fields.max_uses,
    )
    attempt.create("ACTIVE", data)
    _show_holder(attempt, attempt.envelope.object_id, data, data.fields)


def _use(attempt: Attempt) -> None:
    data: AuthorisationData = attempt.data
    fields: LicenceUse = attempt.fields
    used = msgspec.structs.replace(data, used=data.used + 1)
    new_state = "USED_UP" if used.used == used.max_uses else "ACTIVE"
    attempt.advance(attempt.existing, new_state, used)
    if fields.copy_hash is not None:
        attempt.put(copy_key(fields.copy_hash.sha256), CopyPurpose(data.audience, data.purpose))
    _show_holder(attempt, attempt.existing.object_id, data, tuple(fields.fields))


def _end(attempt: Attempt) -> None:
    assert isinstance(attempt.fields, LicenceEndUse)
    attempt.advance(attempt.existing, "ENDED")
    _show_holder(attempt, attempt.existing.object_id, attempt.data, ())


def _show_holder(attempt: Attempt, number: str, data: AuthorisationData, fields: tuple[str, ...]) -> None:
    """What rule L6 promises: the holder finds every use, without asking anybody who used."""
    position = count_uses(attempt.access, data.holder_ref)
    entry = LicenceUseData(
        verb=attempt.verb,
        authorisation=number,
        licence=data.licence,
        audience=data.audience,
        purpose=data.purpose,
        fields=fields,
    )
    attempt.create_other(LICENCE_USE, use_id(data.holder_ref, position), "RECORDED", entry)
    attempt.put(count_key(data.holder_ref), UseCount(position + 1))


TRANSITIONS: Final = (
    Transition(
        verb="licence.authorise",
        fields=LicenceAuthorise,
        sentence=Text(
            "{who} lets {audience} use {licence} for {purpose}, at most {max_uses} time(s)",
            "{who} 授权 {audience} 为 {purpose} 使用 {licence}，至多 {max_uses} 次",
        ),
        from_states=(),
        to_states=("ACTIVE",),
        org_roles=(),
        key_roles=(),
        rules=(
            i5_roles_allow,
            g1_use_is_well_formed,
            g1_limits_are_well_formed,
            g3_object_is_new,
            l6_holder_authorises,
            l3_licence_is_valid,
            g4_version_continues,
        ),
        apply=_authorise,
        tier=OBSERVER,
    ),
    Transition(
        verb="licence.use",
        fields=LicenceUse,
        sentence=Text(
            "{who} uses a licence by {object} for {purpose}", "{who} 依据 {object} 为 {purpose} 用证"
        ),
        from_states=("ACTIVE",),
        to_states=("ACTIVE", "USED_UP"),
        org_roles=(),
        key_roles=(),
        rules=(
            i5_roles_allow,
            g1_use_is_well_formed,
            l6_audience_uses,
            l6_authorisation_is_open,
            g3_state_allows,
            l7_purpose_is_the_authorised_one,
            l8_only_authorised_fields,
            l3_licence_is_valid,
            g4_version_continues,
        ),
        apply=_use,
        tier=OBSERVER,
    ),
    Transition(
        verb="licence.end_use",
        fields=LicenceEndUse,
        sentence=Text("{who} takes authorisation {object} back", "{who} 收回用证授权 {object}"),
        from_states=("ACTIVE", "USED_UP"),
        to_states=("ENDED",),
        org_roles=(),
        key_roles=(),
        rules=(
            i5_roles_allow,
            g3_object_exists,
            l6_holder_authorises,
            g3_state_allows,
            g4_version_continues,
        ),
        apply=_end,
        tier=OBSERVER,
    ),
)
