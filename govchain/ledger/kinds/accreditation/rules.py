"""Rules and life cycle of accreditations (records.md 1.5; rules I7, G6).

ENTERED → CHECKED → ACTIVE → REVOKED. Three persons of the organisation above enter, check and grant.
"""

from __future__ import annotations

import re
from typing import Final

import msgspec

from govchain.ledger.identifiers import covers_area, is_area_code, is_licence_type, parse_date_ms
from govchain.ledger.kinds.accreditation.chain import (
    DEPTH_MAX,
    end_ms,
    find_root_problem,
    follow,
    was_member,
)
from govchain.ledger.kinds.accreditation.fields import (
    ACCREDITATION,
    AccreditationData,
    AccreditationEnter,
    AccreditationList,
    AccreditationRevoke,
    AccreditationStep,
    list_key,
)
from govchain.ledger.rules.attempt import Attempt, RuleFunction, Transition
from govchain.ledger.rules.common import (
    g3_object_exists,
    g3_object_is_new,
    g3_state_allows,
    g4_version_continues,
    i5_roles_allow,
    require_other_person,
)
from govchain.ledger.rules.rule import Text, deny

GRANTS_MAX: Final = 64
"""Accreditations that an organisation may ever get for one type: each is tried when it issues."""

_NUMBER: Final = re.compile(r"[A-Za-z0-9-]{1,64}")


def g1_accreditation_is_well_formed(attempt: Attempt) -> None:
    """Rule G1: number, type, area and dates are of their form."""
    fields: AccreditationEnter = attempt.fields
    if not _NUMBER.fullmatch(attempt.envelope.object_id):
        raise deny("G1", "E_PAYLOAD", "object_id: expected 1 to 64 letters, digits and hyphens")
    if not is_licence_type(fields.type_code):
        raise deny("G1", "E_PAYLOAD", "fields.type_code: expected a credit code and three digits")
    if not is_area_code(fields.area):
        raise deny("G1", "E_PAYLOAD", "fields.area: expected six digits")
    for name in ("from_date", "to_date"):
        text = getattr(fields, name)
        if text or name == "from_date":
            try:
                parse_date_ms(text)
            except ValueError as error:
                raise deny("G1", "E_PAYLOAD", f"fields.{name}: {error}") from error
    if fields.to_date and fields.to_date < fields.from_date:
        raise deny("I7", "E_TIME_ORDER", "the accreditation would end before it begins")


def i7_issuer_is_another_member(attempt: Attempt) -> None:
    """Rule I7: an organisation accredits another active member, never itself."""
    issuer = _wanted(attempt).issuer
    if issuer == attempt.org.id:
        raise deny("I7", "E_NOT_ACCREDITED", "nobody accredits itself")
    if not was_member(attempt.access, issuer, _now_ms(attempt)):
        raise deny("I7", "E_NOT_ACCREDITED", f"{issuer[:32]} is no active member")


def i7_chain_is_unbroken(attempt: Attempt) -> None:
    """Rule I7: whoever grants is accredited up to the root itself, and grants no more than it has."""
    wanted = _wanted(attempt)
    for at_ms in (attempt.claimed_time_ms, _now_ms(attempt)):
        problem = _find_broken_link(attempt, wanted, at_ms)
        if problem:
            raise deny("I7", "E_NOT_ACCREDITED", problem)


def _find_broken_link(attempt: Attempt, wanted: AccreditationData, at_ms: int) -> str:
    if not wanted.under:
        return find_root_problem(attempt.access, attempt.org.id, wanted.type_code, at_ms)
    above = attempt.access.record(ACCREDITATION, wanted.under)
    if above is None:
        return "there is no accreditation with the number in `under`"
    data = above.data_as(AccreditationData)
    if data.issuer != attempt.org.id or data.type_code != wanted.type_code:
        return "the accreditation in `under` is another organisation's, or for another type"
    if not data.may_accredit:
        return "the accreditation in `under` does not allow to accredit others"
    if not covers_area(data.area, wanted.area):
        return f"the accreditation in `under` is for area {data.area}"
    if wanted.from_date < data.from_date or end_ms(wanted.to_date) > end_ms(data.to_date):
        return f"the accreditation in `under` is for {data.from_date} to {data.to_date or 'no end'}"
    path, problem = follow(attempt.access, wanted.under, data.area, at_ms)
    if not problem and len(path) > DEPTH_MAX:
        return f"a chain has at most {DEPTH_MAX} accreditations"
    return problem


def i7_list_has_room(attempt: Attempt) -> None:
    """Rule I7: an organisation gets a bounded number of accreditations for one type."""
    data: AccreditationData = attempt.data
    if len(_list(attempt, data).numbers) >= GRANTS_MAX:
        raise deny("I7", "E_CAP", f"the issuer has had {GRANTS_MAX} accreditations for this type")


def i7_granter_writes(attempt: Attempt) -> None:
    """Rule I7: the organisation that entered an accreditation carries it on."""
    if attempt.existing.issuer_org != attempt.org.id:
        raise deny("I7", "E_NOT_ACCREDITED", "another organisation entered this accreditation")


def i7_one_above_revokes(attempt: Attempt) -> None:
    """Rule I7: whoever granted an accreditation takes it back, or one above in its chain."""
    record, data = attempt.existing, attempt.data
    for _ in range(DEPTH_MAX + 1):
        if record.issuer_org == attempt.org.id:
            return
        above = attempt.access.record(ACCREDITATION, data.under) if data.under else None
        if above is None:
            break
        record, data = above, above.data_as(AccreditationData)
    raise deny("I7", "E_NOT_ACCREDITED", "only the organisation that granted it, or one above, takes it back")


def g6_third_person_signs(attempt: Attempt) -> None:
    """Rule G6, also I6: maker, checker and approver of an accreditation are three persons."""
    require_other_person(attempt, *attempt.data.signers)


def _now_ms(attempt: Attempt) -> int:
    # A claim of the past does not help whoever has lost its accreditation since.
    return max(attempt.claimed_time_ms, attempt.block_time_ms)


def _wanted(attempt: Attempt) -> AccreditationData:
    """The accreditation that this record is about, also before there is one."""
    if attempt.record is not None:
        data: AccreditationData = attempt.data
        return data
    fields: AccreditationEnter = attempt.fields
    return AccreditationData(
        issuer=fields.issuer,
        type_code=fields.type_code,
        area=fields.area,
        from_date=fields.from_date,
        to_date=fields.to_date,
        may_accredit=fields.may_accredit,
        under=fields.under,
        signers=(attempt.key.person,),
    )


def _list(attempt: Attempt, data: AccreditationData) -> AccreditationList:
    found = attempt.access.value(list_key(data.type_code, data.issuer), AccreditationList)
    return found or AccreditationList(())


def _enter(attempt: Attempt) -> None:
    attempt.create("ENTERED", _wanted(attempt))


def _step(attempt: Attempt) -> None:
    data: AccreditationData = attempt.data
    (new_state,) = attempt.transition.to_states
    signed = msgspec.structs.replace(data, signers=(*data.signers, attempt.key.person))
    attempt.advance(attempt.existing, new_state, signed)
    if new_state == "ACTIVE":
        numbers = (*_list(attempt, data).numbers, attempt.existing.object_id)
        attempt.put(list_key(data.type_code, data.issuer), AccreditationList(numbers))


def _revoke(attempt: Attempt) -> None:
    attempt.advance(attempt.existing, "REVOKED")


def _steps(
    verb: str, states: tuple[str, str], key_role: str, sentence: Text, *rules: RuleFunction
) -> Transition:
    return Transition(
        verb=verb,
        fields=AccreditationStep,
        sentence=sentence,
        from_states=(states[0],),
        to_states=(states[1],),
        org_roles=(),
        key_roles=(key_role,),
        rules=(
            i5_roles_allow,
            g3_object_exists,
            i7_granter_writes,
            g3_state_allows,
            g6_third_person_signs,
            *rules,
            g4_version_continues,
        ),
        apply=_step,
    )


TRANSITIONS: Final = (
    Transition(
        verb="accreditation.enter",
        fields=AccreditationEnter,
        sentence=Text(
            "{who} enters an accreditation of {issuer} for {type_code} in {area}",
            "{who} 录入对 {issuer} 的授权：{type_code}，区划 {area}",
        ),
        from_states=(),
        to_states=("ENTERED",),
        org_roles=(),
        key_roles=("maker",),
        rules=(
            i5_roles_allow,
            g1_accreditation_is_well_formed,
            g3_object_is_new,
            i7_issuer_is_another_member,
            i7_chain_is_unbroken,
            g4_version_continues,
        ),
        apply=_enter,
    ),
    _steps(
        "accreditation.check",
        ("ENTERED", "CHECKED"),
        "checker",
        Text("{who} checks accreditation {object}", "{who} 复核授权 {object}"),
    ),
    _steps(
        "accreditation.grant",
        ("CHECKED", "ACTIVE"),
        "approver",
        Text("{who} grants accreditation {object}", "{who} 批准授权 {object}"),
        i7_issuer_is_another_member,
        i7_chain_is_unbroken,
        i7_list_has_room,
    ),
    Transition(
        verb="accreditation.revoke",
        fields=AccreditationRevoke,
        sentence=Text(
            "{who} revokes accreditation {object} ({reason})", "{who} 撤销授权 {object}（{reason}）"
        ),
        from_states=("ACTIVE",),
        to_states=("REVOKED",),
        org_roles=(),
        key_roles=("checker",),
        rules=(
            i5_roles_allow,
            g3_object_exists,
            i7_one_above_revokes,
            g3_state_allows,
            g4_version_continues,
        ),
        apply=_revoke,
    ),
)
