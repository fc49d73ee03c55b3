"""Rules of members: validators and organisations come and go by proposals that others approve (I2, I9, I10).

A proposal is a record of type `change`. What adopted changes add up to is in `govchain.ledger.membership`.
"""

from __future__ import annotations

import re
from typing import Any, Final

import msgspec

from govchain.ledger import membership
from govchain.ledger.identifiers import is_area_code, is_credit_code, is_licence_type
from govchain.ledger.kinds.change.effects import adopt, apply_for_membership, judge
from govchain.ledger.kinds.change.fields import (
    ChangeApprove,
    ChangeData,
    ChangeWithdraw,
    OrganisationAdd,
    OrganisationChange,
    OrganisationTier,
    OrganisationUnaccredit,
    ValidatorAdd,
    ValidatorRemove,
    ValidatorRotate,
)
from govchain.ledger.kinds.key.fields import ADMIN, PERSON, ROLES_MAX, is_role
from govchain.ledger.payloads import Part
from govchain.ledger.rules.attempt import Attempt, RuleFunction, Transition
from govchain.ledger.rules.common import (
    g3_object_exists,
    g3_state_allows,
    g4_version_continues,
    i5_roles_allow,
)
from govchain.ledger.rules.new_keys import (
    i10_first_key_is_proven,
    i10_vote_key_is_proven,
    public_key_of,
)
from govchain.ledger.rules.rule import Text, deny
from govchain.model.validators import CONSENSUS, TIERS

CHANGE: Final = "change"
REGULATOR: Final = "regulator"
"""Role of organisations of which one must approve every change, as long as one runs a validator."""
TYPES_MAX: Final = 64
_NAME: Final = re.compile(r"[a-z][a-z0-9-]{0,62}")
_ADDRESS: Final = re.compile(r"(\[[0-9a-fA-F:.]+\]|[A-Za-z0-9.-]{1,253}):[0-9]{1,5}")
_DISPLAY_NAME_MAX: Final = 128


def i2_voter_asks(attempt: Attempt) -> None:
    """Rule I2: only organisations that run validators propose and approve changes of members."""
    if attempt.org.id not in membership.voters_of(attempt.validators):
        raise deny("I2", "E_ROLE", f"{attempt.verb} needs an organisation that runs a validator")


def i2_change_is_new(attempt: Attempt) -> None:
    """Rule I2: the number of a change is used once."""
    if attempt.record is not None:
        raise deny("I2", "E_DUP_ID", "there is a change with this number")


def i2_approves_once(attempt: Attempt) -> None:
    """Rule I2: each organisation approves a change once; the proposal is its organisation's approval."""
    if attempt.org.id in _data(attempt).approved_by:
        raise deny("I2", "E_DUP_ID", "this organisation approved the change already")


def i2_own_proposal(attempt: Attempt) -> None:
    """Rule I2: only the organisation that proposed a change takes it back."""
    if attempt.existing.issuer_org != attempt.org.id:
        raise deny("I2", "E_ROLE", "another organisation proposed this change")


def g1_validator_is_well_formed(attempt: Attempt) -> None:
    """Rule G1: name, organisation and address of a new validator."""
    fields: ValidatorAdd = attempt.fields
    if not _NAME.fullmatch(fields.validator):
        raise deny("G1", "E_PAYLOAD", "fields.validator: expected lower-case letters, digits and hyphens")
    if not _ADDRESS.fullmatch(fields.peer_address):
        raise deny("G1", "E_PAYLOAD", "fields.peer_address: expected host:port")


def g1_organisation_is_well_formed(attempt: Attempt) -> None:
    """Rule G1: code, name, roles and first admin of a new organisation."""
    fields: OrganisationAdd = attempt.fields
    if not is_credit_code(fields.org):
        raise deny("G1", "E_PAYLOAD", "fields.org: not a unified social credit code")
    if not 1 <= len(fields.display_name) <= _DISPLAY_NAME_MAX:
        raise deny("G1", "E_PAYLOAD", f"fields.display_name: expected 1 to {_DISPLAY_NAME_MAX} characters")
    roles, types = fields.roles, fields.accredited_for
    if len(roles) > ROLES_MAX or len(set(roles)) != len(roles) or not all(map(is_role, roles)):
        raise deny("G1", "E_PAYLOAD", f"fields.roles: expected up to {ROLES_MAX} different role names")
    if len(types) > TYPES_MAX or len(set(types)) != len(types):
        raise deny("G1", "E_PAYLOAD", f"fields.accredited_for: expected up to {TYPES_MAX} different codes")
    if not PERSON.fullmatch(fields.person):
        raise deny("G1", "E_PAYLOAD", "fields.person: expected a pseudonym of 1 to 64 characters")
    if fields.org_type and not is_role(fields.org_type):
        raise deny("G1", "E_PAYLOAD", "fields.org_type: expected a code such as department")
    if fields.area and not is_area_code(fields.area):
        raise deny("G1", "E_PAYLOAD", "fields.area: expected six digits")
    g1_tier_is_known(attempt)


def g1_tier_is_known(attempt: Attempt) -> None:
    """Rule G1: the tier is one of those that there are."""
    if attempt.fields.tier not in TIERS:
        raise deny("G1", "E_PAYLOAD", f"fields.tier: expected {', '.join(TIERS)}")


def g1_type_is_well_formed(attempt: Attempt) -> None:
    """Rule G1: the licence type is a type code."""
    if not is_licence_type(attempt.fields.type_code):
        raise deny("G1", "E_PAYLOAD", "fields.type_code: expected a credit code and three digits")


def i10_key_is_new(attempt: Attempt) -> None:
    """Rule I10: the chain never saw this key; a key that left does not come back."""
    _require_new_key(attempt, public_key_of(attempt))


def i10_key_is_still_new(attempt: Attempt) -> None:
    """Rule I10 again when it is adopted: the key may have been added, or have come and gone, since then."""
    fields = _fields_of(_data(attempt))
    if isinstance(fields, ValidatorAdd | ValidatorRotate | OrganisationAdd):
        _require_new_key(attempt, bytes.fromhex(fields.public_key))


def _require_new_key(attempt: Attempt, public_key: bytes) -> None:
    if attempt.access.key(attempt.suite.key_id(public_key)) is not None:
        raise deny("I10", "E_DUP_ID", "this key is known already")
    waiting = membership.next_members(attempt.view, attempt.validators)
    if public_key in [member.public_key for member in waiting]:
        raise deny("I10", "E_DUP_ID", "this key is about to be installed")


def i9_change_fits(attempt: Attempt) -> None:
    """Rule I9: the change makes sense with those adopted before, and a quorum that runs is left."""
    judge(attempt, attempt.verb, attempt.fields)


def i9_change_still_fits(attempt: Attempt) -> None:
    """Rule I9 again when it is adopted: others may have been adopted since it was proposed."""
    change = _data(attempt)
    judge(attempt, change.kind, _fields_of(change))


def _data(attempt: Attempt) -> ChangeData:
    assert isinstance(attempt.data, ChangeData)
    return attempt.data


def _fields_of(change: ChangeData) -> Any:
    return msgspec.json.decode(change.fields, type=_PROPOSALS[change.kind])


def _propose(attempt: Attempt) -> None:
    change = ChangeData(attempt.verb, bytes(attempt.envelope.fields), (attempt.org.id,))
    if isinstance(attempt.fields, OrganisationAdd):
        apply_for_membership(attempt, attempt.fields)
    attempt.create(_adopt_if_approved(attempt, change), change)


def _approve(attempt: Attempt) -> None:
    change = msgspec.structs.replace(
        _data(attempt), approved_by=(*_data(attempt).approved_by, attempt.org.id)
    )
    attempt.advance(attempt.existing, _adopt_if_approved(attempt, change), change)


def _withdraw(attempt: Attempt) -> None:
    attempt.advance(attempt.existing, "WITHDRAWN")


def _adopt_if_approved(attempt: Attempt, change: ChangeData) -> str:
    """Rule I2: enough organisations with validators approve, a regulator among them where one of them is."""
    voters = membership.voters_of(attempt.validators)
    approvals = [org for org in change.approved_by if org in voters]
    if len(approvals) < membership.approvals_needed(attempt.parameters, attempt.validators):
        return "PROPOSED"
    regulators = [org for org in voters if _is_regulator(attempt, org)]
    if regulators and not any(org in approvals for org in regulators):
        return "PROPOSED"
    adopt(attempt, change.kind, _fields_of(change))
    return "ADOPTED"


def _is_regulator(attempt: Attempt, org: str) -> bool:
    found = attempt.access.organisation(org)
    return found is not None and REGULATOR in found.roles


_PROPOSALS: Final[dict[str, type[Part]]] = {
    "validator.add": ValidatorAdd,
    "validator.remove": ValidatorRemove,
    "validator.rotate": ValidatorRotate,
    "organisation.add": OrganisationAdd,
    "organisation.suspend": OrganisationChange,
    "organisation.resume": OrganisationChange,
    "organisation.expel": OrganisationChange,
    "organisation.tier": OrganisationTier,
    "organisation.unaccredit": OrganisationUnaccredit,
}


def _proposal(verb: str, sentence: Text, *rules: RuleFunction) -> Transition:
    return Transition(
        verb=verb,
        fields=_PROPOSALS[verb],
        sentence=sentence,
        from_states=(),
        to_states=("PROPOSED", "ADOPTED"),
        org_roles=(),
        key_roles=(ADMIN,),
        rules=(
            i5_roles_allow,
            i2_voter_asks,
            i2_change_is_new,
            *rules,
            i9_change_fits,
            g4_version_continues,
        ),
        apply=_propose,
        tier=CONSENSUS,
    )


TRANSITIONS: Final = (
    _proposal(
        "validator.add",
        Text(
            "{who} proposes that {validator} of {org} joins the validators",
            "{who} 提议增加由 {org} 运行的验证节点 {validator}",
        ),
        g1_validator_is_well_formed,
        i10_key_is_new,
        i10_vote_key_is_proven,
    ),
    _proposal(
        "validator.remove",
        Text("{who} proposes that {validator} leaves", "{who} 提议验证节点 {validator} 退出"),
    ),
    _proposal(
        "validator.rotate",
        Text("{who} proposes another key for {validator}", "{who} 提议更换 {validator} 的密钥"),
        i10_key_is_new,
        i10_vote_key_is_proven,
    ),
    _proposal(
        "organisation.add",
        Text("{who} proposes {display_name} as a member", "{who} 提议吸收 {display_name} 为成员"),
        g1_organisation_is_well_formed,
        i10_key_is_new,
        i10_first_key_is_proven,
    ),
    _proposal(
        "organisation.suspend",
        Text("{who} proposes to suspend {org} ({reason})", "{who} 提议暂停 {org}（{reason}）"),
    ),
    _proposal(
        "organisation.resume",
        Text("{who} proposes to resume {org} ({reason})", "{who} 提议恢复 {org}（{reason}）"),
    ),
    _proposal(
        "organisation.expel",
        Text("{who} proposes to expel {org} ({reason})", "{who} 提议将 {org} 除名（{reason}）"),
    ),
    _proposal(
        "organisation.tier",
        Text(
            "{who} proposes tier {tier} for {org} ({reason})",
            "{who} 提议将 {org} 的层级改为 {tier}（{reason}）",
        ),
        g1_tier_is_known,
    ),
    _proposal(
        "organisation.unaccredit",
        Text(
            "{who} proposes that {org} loses the root's grant for {type_code} ({reason})",
            "{who} 提议撤销 {org} 对 {type_code} 的根授权（{reason}）",
        ),
        g1_type_is_well_formed,
    ),
    Transition(
        verb="change.approve",
        fields=ChangeApprove,
        sentence=Text("{who} approves the change {object}", "{who} 批准变更 {object}"),
        from_states=("PROPOSED",),
        to_states=("PROPOSED", "ADOPTED"),
        org_roles=(),
        key_roles=(ADMIN,),
        rules=(
            i5_roles_allow,
            i2_voter_asks,
            g3_object_exists,
            g3_state_allows,
            i2_approves_once,
            i10_key_is_still_new,
            i9_change_still_fits,
            g4_version_continues,
        ),
        apply=_approve,
        tier=CONSENSUS,
    ),
    Transition(
        verb="change.withdraw",
        fields=ChangeWithdraw,
        sentence=Text("{who} withdraws the change {object}", "{who} 撤回变更 {object}"),
        from_states=("PROPOSED",),
        to_states=("WITHDRAWN",),
        org_roles=(),
        key_roles=(ADMIN,),
        rules=(i5_roles_allow, g3_object_exists, g3_state_allows, i2_own_proposal, g4_version_continues),
        apply=_withdraw,
        tier=CONSENSUS,
    ),
)
