"""What an adopted change does to members and validators, and whether it still can (rules I2, I9).

Who may propose and approve is in `rules`.
"""

from __future__ import annotations

from typing import Any

import msgspec

from govchain.codec import encode
from govchain.ledger import membership, state
from govchain.ledger.kinds.change.fields import (
    OrganisationAdd,
    OrganisationChange,
    OrganisationTier,
    OrganisationUnaccredit,
    ValidatorAdd,
    ValidatorRemove,
    ValidatorRotate,
)
from govchain.ledger.kinds.key.fields import ADMIN
from govchain.ledger.kinds.member import MEMBER, MemberData
from govchain.ledger.rules.attempt import Attempt
from govchain.ledger.rules.common import require_room, require_time_order
from govchain.ledger.rules.rule import deny
from govchain.ledger.state import KeyChange, KeyState, OrganisationState, RootGrantEnd, root_grant_end_key
from govchain.model import Validator
from govchain.model.validators import CONSENSUS

OrganisationFields = OrganisationChange | OrganisationTier | OrganisationUnaccredit


def judge(attempt: Attempt, kind: str, fields: Any) -> None:
    """Rule I9: the change makes sense with those adopted before, and a quorum that runs is left."""
    match fields:
        case OrganisationAdd():
            _judge_admission(attempt, fields.org)
        case OrganisationChange() | OrganisationTier() | OrganisationUnaccredit():
            _judge_organisation(attempt, kind, fields)
        case _:
            members = _members_after(attempt, fields)
            if len({member.public_key for member in members}) != len(members):
                raise deny("I9", "E_STATE", "two validators would share a key")
            problem = membership.find_broken_quorum(attempt.validators, members)
            if problem:
                raise deny("I9", "E_QUORUM", problem)


def _judge_admission(attempt: Attempt, org: str) -> None:
    """Rule I9: whoever is a member, or was expelled, is not admitted."""
    found = attempt.access.organisation(org)
    if found is not None and found.standing == "EXPELLED":
        raise deny("I9", "E_STATE", "the organisation was expelled")
    if found is not None:
        raise deny("I9", "E_STATE", "the organisation is a member already")
    _require_member_can_change(attempt, org)


def _judge_organisation(attempt: Attempt, kind: str, fields: OrganisationFields) -> None:
    """Rule I9: whoever runs a validator stays an active member of the highest tier, or votes are nobody's."""
    org = attempt.access.organisation(fields.org)
    if org is None:
        raise deny("I9", "E_STATE", "there is no such organisation")
    if org.standing == "EXPELLED":
        raise deny("I9", "E_STATE", "the organisation was expelled")
    _require_member_can_change(attempt, fields.org)
    match fields:
        case OrganisationTier():
            if fields.tier == org.tier:
                raise deny("I9", "E_STATE", f"the organisation is of tier {org.tier} already")
            if fields.tier == CONSENSUS:
                return
        case OrganisationUnaccredit():
            if fields.type_code not in org.accredited_for:
                raise deny("I9", "E_STATE", "the root grants the organisation no such type")
            return
        case OrganisationChange():
            if kind != "organisation.expel" and org.active is (kind == "organisation.resume"):
                which = "active" if org.active else "suspended"
                raise deny("I9", "E_STATE", f"the organisation is {which} already")
    waiting = membership.next_members(attempt.view, attempt.validators)
    if fields.org in [member.org for member in (*attempt.validators.members, *waiting)]:
        raise deny("I9", "E_QUORUM", "the organisation runs a validator, which must leave first")


def _require_member_can_change(attempt: Attempt, org: str) -> None:
    member = attempt.access.record(MEMBER, org)
    if member is not None:
        require_time_order(attempt, member)
        require_room(member)


def _members_after(
    attempt: Attempt, fields: ValidatorAdd | ValidatorRemove | ValidatorRotate
) -> tuple[Validator, ...]:
    """Rule I9: the members that this change would leave."""
    members = membership.next_members(attempt.view, attempt.validators)
    known = [member for member in members if member.name == fields.validator]
    if isinstance(fields, ValidatorAdd):
        org = attempt.access.organisation(fields.org)
        if org is None or not org.active:
            raise deny("I9", "E_STATE", "the organisation of the validator is no active member")
        if org.tier != CONSENSUS:
            raise deny(
                "I9", "E_STATE", f"the organisation is of tier {org.tier}; {CONSENSUS} runs validators"
            )
        if known or fields.validator in [member.name for member in attempt.validators.members]:
            raise deny("I9", "E_STATE", f"there is a validator {fields.validator} already")
        return (*members, Validator(fields.validator, fields.org, bytes.fromhex(fields.public_key)))
    if not known:
        raise deny("I9", "E_STATE", f"there is no validator {fields.validator}")
    if isinstance(fields, ValidatorRemove):
        return tuple(member for member in members if member.name != fields.validator)
    key = bytes.fromhex(fields.public_key)
    return tuple(
        Validator(member.name, member.org, key) if member.name == fields.validator else member
        for member in members
    )


def apply_for_membership(attempt: Attempt, fields: OrganisationAdd) -> None:
    """The proposed organisation is an applicant (rule I2), whoever else proposes it."""
    # A voter proposes alone: were each proposal a change, it could use up the applicant's history.
    if attempt.access.record(MEMBER, fields.org) is None:
        _put_member(attempt, fields.org, "APPLIED", MemberData(attempt.envelope.object_id, fields.tier))


def adopt(attempt: Attempt, kind: str, fields: Any) -> None:
    """Do what was approved."""
    match fields:
        case OrganisationAdd():
            _admit(attempt, fields)
        case OrganisationChange() | OrganisationTier() | OrganisationUnaccredit():
            _change_organisation(attempt, kind, fields)
        case _:
            members = _members_after(attempt, fields)
            membership.put_next_members(attempt.view, attempt.validators, members)
            if isinstance(fields, ValidatorAdd):
                address = encode(fields.peer_address)
                attempt.view.put(state.peer_address_key(fields.validator), address)


def _change_organisation(attempt: Attempt, kind: str, fields: OrganisationFields) -> None:
    org = attempt.access.organisation(fields.org)
    assert org is not None, "judged before"
    match fields:
        case OrganisationTier():
            org = msgspec.structs.replace(org, tier=fields.tier)
        case OrganisationUnaccredit():
            left = tuple(code for code in org.accredited_for if code != fields.type_code)
            org = msgspec.structs.replace(org, accredited_for=left)
            end = RootGrantEnd(attempt.claimed_time_ms)
            attempt.put(root_grant_end_key(fields.type_code, fields.org), end)
        case OrganisationChange():
            org = msgspec.structs.replace(org, standing=_STANDINGS[kind])
    attempt.view.put(state.organisation_key(org.id), encode(org))
    _put_member(attempt, org.id, org.standing, MemberData(attempt.envelope.object_id, org.tier))


_STANDINGS = {
    "organisation.suspend": "SUSPENDED",
    "organisation.resume": "ACTIVE",
    "organisation.expel": "EXPELLED",
}


def _put_member(attempt: Attempt, org: str, new_state: str, data: MemberData) -> None:
    member = attempt.access.record(MEMBER, org)
    if member is None:
        attempt.create_other(MEMBER, org, new_state, data)
    else:
        attempt.advance(member, new_state, data)


def _admit(attempt: Attempt, fields: OrganisationAdd) -> None:
    public_key = bytes.fromhex(fields.public_key)
    org = OrganisationState(
        id=fields.org,
        name=fields.display_name,
        roles=tuple(fields.roles),
        accredited_for=tuple(fields.accredited_for),
        active_admins=1,
        tier=fields.tier,
        org_type=fields.org_type,
        area=fields.area,
        standing="ADMITTED",
    )
    admin = KeyState(
        public_key=public_key,
        org=fields.org,
        person=fields.person,
        roles=(ADMIN,),
        state="ACTIVE",
        version=1,
        last_record_hash=attempt.transaction_id,
        history=(KeyChange(attempt.claimed_time_ms, "ACTIVE", attempt.transaction_id),),
    )
    attempt.view.put(state.organisation_key(org.id), encode(org))
    attempt.view.put(state.key_key(attempt.suite.key_id(public_key)), encode(admin))
    _put_member(attempt, org.id, "ADMITTED", MemberData(attempt.envelope.object_id, org.tier))
