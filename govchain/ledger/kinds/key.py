"""Rules of keys (identity): an organisation's admin adds and revokes its keys (rules I1, I5, I8).

Whether a key may sign at this moment is judged in `govchain.ledger.execution`, before any of these.
"""

from __future__ import annotations

import re
from typing import Final

import msgspec

from govchain.codec import encode
from govchain.ledger import state
from govchain.ledger.access import decode_stored
from govchain.ledger.kind import RecordKind
from govchain.ledger.payloads import Part
from govchain.ledger.rules.attempt import Attempt, Transition
from govchain.ledger.rules.common import i5_roles_allow, require_next_version
from govchain.ledger.rules.rule import TECHNICAL, Rule, Text, deny
from govchain.ledger.state import KeyState

ADMIN: Final = "admin"
ROLES_MAX: Final = 16

_ROLE: Final = re.compile(r"[a-z][a-z0-9-]{0,31}")
PERSON: Final = re.compile(r"[^\s/]{1,64}")


class KeyAdd(Part, frozen=True):
    """`key.add`: an organisation's admin adds a key. Object id: key id (hex)."""

    public_key: str
    person: str
    roles: list[str]


class KeyRevoke(Part, frozen=True):
    """`key.revoke`: an organisation's admin ends a key. Object id: key id (hex)."""

    reason: str


def g1_key_is_well_formed(attempt: Attempt) -> None:
    """Rule G1: the object id is the id of the given public key; person and roles are plain names."""
    fields: KeyAdd = attempt.fields
    try:
        public_key = bytes.fromhex(fields.public_key)
    except ValueError:
        raise deny("G1", "E_PAYLOAD", "fields.public_key: expected lower-case hex") from None
    length = attempt.suite.public_key_bytes
    if len(public_key) != length or public_key.hex() != fields.public_key:
        raise deny("G1", "E_PAYLOAD", f"fields.public_key: expected {length} bytes in lower-case hex")
    if attempt.suite.key_id(public_key).hex() != attempt.envelope.object_id:
        raise deny("G1", "E_PAYLOAD", "object_id: is not the id of fields.public_key")
    if not PERSON.fullmatch(fields.person):
        raise deny("G1", "E_PAYLOAD", "fields.person: expected a pseudonym of 1 to 64 characters")
    roles = fields.roles
    if len(roles) > ROLES_MAX or len(set(roles)) != len(roles) or not all(map(is_role, roles)):
        raise deny("G1", "E_PAYLOAD", f"fields.roles: expected up to {ROLES_MAX} different role names")


def is_role(name: str) -> bool:
    """Whether it can be the name of a role."""
    return _ROLE.fullmatch(name) is not None


def i1_key_is_new(attempt: Attempt) -> None:
    """Rule I1: a key is added once; a revoked one never comes back."""
    if _target(attempt) is not None:
        raise deny("I1", "E_DUP_ID", "this key is known already")


def i5_key_is_own(attempt: Attempt) -> None:
    """Rule I5: an admin revokes keys of its own organisation only."""
    target = _target(attempt)
    if target is not None and target.org != attempt.org.id:
        raise deny("I5", "E_ROLE", "the key belongs to another organisation")


def g3_key_is_active(attempt: Attempt) -> None:
    """Rule G3: only a known and active key can be revoked."""
    target = _target(attempt)
    if target is None:
        raise deny("G3", "E_STATE", "there is no key with this id")
    if not target.active:
        raise deny("G3", "E_STATE", "the key is revoked already")


def g4_key_version_continues(attempt: Attempt) -> None:
    """Rule G4 for keys: a key of genesis is at version 0."""
    target = _target(attempt)
    if target is None:
        require_next_version(attempt, 0, b"")
    else:
        require_next_version(attempt, target.version, target.last_record_hash)


def i8_an_admin_remains(attempt: Attempt) -> None:
    """Rule I8: the last active admin key cannot be revoked."""
    target = _target(attempt)
    assert target is not None
    if ADMIN in target.roles and attempt.org.active_admins <= 1:
        raise deny("I8", "E_STATE", "this is the organisation's last active admin key")


def _target(attempt: Attempt) -> KeyState | None:
    data = attempt.access.get(_target_key(attempt))
    return None if data is None else decode_stored(data, KeyState)


def _target_key(attempt: Attempt) -> bytes:
    return f"key/{attempt.envelope.object_id}".encode()


def _add(attempt: Attempt) -> None:
    fields: KeyAdd = attempt.fields
    key = KeyState(
        public_key=bytes.fromhex(fields.public_key),
        org=attempt.org.id,
        person=fields.person,
        roles=tuple(fields.roles),
        active=True,
        version=1,
        last_record_hash=attempt.transaction_id,
    )
    attempt.view.put(_target_key(attempt), encode(key))
    _count_admins(attempt, key, +1)


def _revoke(attempt: Attempt) -> None:
    assert isinstance(attempt.fields, KeyRevoke)
    target = _target(attempt)
    assert target is not None
    revoked = msgspec.structs.replace(
        target,
        active=False,
        version=target.version + 1,
        last_record_hash=attempt.transaction_id,
        revoked_at_ms=attempt.claimed_time_ms,
    )
    attempt.view.put(_target_key(attempt), encode(revoked))
    _count_admins(attempt, target, -1)


def _count_admins(attempt: Attempt, key: KeyState, change: int) -> None:
    if ADMIN not in key.roles:
        return
    org = msgspec.structs.replace(attempt.org, active_admins=attempt.org.active_admins + change)
    assert org.active_admins >= 1
    attempt.view.put(state.organisation_key(org.id), encode(org))


_TRANSITIONS: Final = (
    Transition(
        verb="key.add",
        fields=KeyAdd,
        sentence=Text("{who} adds a signing key for {person}", "{who} 为 {person} 登记签名密钥"),
        from_states=(),
        to_states=("ACTIVE",),
        org_roles=(),
        key_roles=(ADMIN,),
        rules=(i5_roles_allow, g1_key_is_well_formed, i1_key_is_new, g4_key_version_continues),
        apply=_add,
    ),
    Transition(
        verb="key.revoke",
        fields=KeyRevoke,
        sentence=Text("{who} revokes a signing key ({reason})", "{who} 吊销签名密钥（{reason}）"),
        from_states=("ACTIVE",),
        to_states=("REVOKED",),
        org_roles=(),
        key_roles=(ADMIN,),
        rules=(
            i5_roles_allow,
            i5_key_is_own,
            g3_key_is_active,
            i8_an_admin_remains,
            g4_key_version_continues,
        ),
        apply=_revoke,
    ),
)

KIND: Final = RecordKind(
    record_type="key",
    title=Text("Signing key", "签名密钥"),
    data=None,
    states={
        "ACTIVE": "有效",
        "REVOKED": "吊销",
    },
    transitions=_TRANSITIONS,
    rules=(
        Rule(
            "I8",
            Text(
                "An organisation keeps at least one active admin key",
                "机构须至少保留一把有效的管理员密钥",
            ),
            TECHNICAL,
            {
                "E_STATE": Text("Add another admin key first.", "先登记另一把管理员密钥。"),
            },
        ),
    ),
    names_zh={
        "public_key": "公钥",
        "person": "人员代号",
        "roles": "角色",
        "reason": "理由",
    },
    texts_zh={
        "`key.add`: an organisation's admin adds a key. Object id: key id (hex).": (
            "`key.add`：机构管理员登记密钥。对象编号为密钥标识（十六进制）。"
        ),
        "`key.revoke`: an organisation's admin ends a key. Object id: key id (hex).": (
            "`key.revoke`：机构管理员吊销密钥。对象编号为密钥标识（十六进制）。"
        ),
    },
    keeps_records=False,
)
