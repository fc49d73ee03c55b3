"""Rules of keys (identity): an organisation's admin adds, suspends and revokes its keys (I1, I5, I8).

ACTIVE → ROTATED by the key that takes its place, ↔ SUSPENDED, → REVOKED since a time. Whether a key may sign
at this moment is judged in `govchain.ledger.execution`, before any of these; what a signature was worth at an
earlier time is said by `standing`.
"""

from __future__ import annotations

import re
from typing import Final

import msgspec

from govchain.codec import encode
from govchain.ledger import state
from govchain.ledger.access import decode_stored
from govchain.ledger.identifiers import parse_time_ms
from govchain.ledger.kinds.key.fields import (
    ADMIN,
    PERSON,
    ROLES_MAX,
    KeyAdd,
    KeyPause,
    KeyRevoke,
    KeyRotate,
    is_role,
)
from govchain.ledger.rules.attempt import Attempt, RuleFunction, Transition
from govchain.ledger.rules.common import i5_roles_allow, require_next_version
from govchain.ledger.rules.new_keys import i10_key_is_proven, public_key_of
from govchain.ledger.rules.rule import Text, deny
from govchain.ledger.state import RECORD_CHANGES_MAX, KeyChange, KeyState
from govchain.ledger.validator_keys import VALIDATOR
from govchain.model.validators import OBSERVER

_DIGEST: Final = re.compile(r"([0-9a-f]{64})?")


def g1_key_is_well_formed(attempt: Attempt) -> None:
    """Rule G1: the object id is the id of the given public key; person and roles are plain names."""
    fields: KeyAdd = attempt.fields
    if _id_of_new_key(attempt).hex() != attempt.envelope.object_id:
        raise deny("G1", "E_PAYLOAD", "object_id: is not the id of fields.public_key")
    if not PERSON.fullmatch(fields.person):
        raise deny("G1", "E_PAYLOAD", "fields.person: expected a pseudonym of 1 to 64 characters")
    roles = fields.roles
    if len(roles) > ROLES_MAX or len(set(roles)) != len(roles) or not all(map(is_role, roles)):
        raise deny("G1", "E_PAYLOAD", f"fields.roles: expected up to {ROLES_MAX} different role names")
    g1_commitment_is_well_formed(attempt)


def g1_commitment_is_well_formed(attempt: Attempt) -> None:
    """Rule G1: the commitment to the next key is a digest, and the new key is a public key of the suite."""
    _id_of_new_key(attempt)
    if not _DIGEST.fullmatch(attempt.fields.next_key_commitment):
        raise deny("G1", "E_PAYLOAD", "fields.next_key_commitment: expected 64 lower-case hex digits")


def _id_of_new_key(attempt: Attempt) -> bytes:
    return attempt.suite.key_id(public_key_of(attempt))


def i1_key_is_new(attempt: Attempt) -> None:
    """Rule I1: a key is added once; a revoked one never comes back."""
    if attempt.access.key(_id_of_new_key(attempt)) is not None:
        raise deny("I1", "E_DUP_ID", "this key is known already")


def i1_key_is_the_committed_one(attempt: Attempt) -> None:
    """Rule I1: where a key committed to the next one, no other takes its place, whoever signs."""
    wanted = _existing(attempt).next_key_commitment
    if wanted and attempt.suite.digest(bytes.fromhex(attempt.fields.public_key)).hex() != wanted:
        raise deny("I1", "E_SIG", "fields.public_key is not the key that the present one committed to")


def i1_since_is_past(attempt: Attempt) -> None:
    """Rule I1: a revocation counts from now, or from an earlier time that it names."""
    since_ms = _since_ms(attempt)
    if since_ms > attempt.claimed_time_ms:
        raise deny("I1", "E_TIME_ORDER", "fields.since lies after the claimed time of the revocation")
    # Zero stands for a key that is not revoked.
    if since_ms <= 0:
        raise deny("I1", "E_TIME_ORDER", "a revocation counts from a time after the beginning of 1970")


def _since_ms(attempt: Attempt) -> int:
    """Rule G1: the time from which a revocation counts."""
    fields: KeyRevoke = attempt.fields
    if not fields.since:
        return attempt.claimed_time_ms
    try:
        return parse_time_ms(fields.since)
    except ValueError as error:
        raise deny("G1", "E_PAYLOAD", f"fields.since: {error}") from error


def i5_key_is_own(attempt: Attempt) -> None:
    """Rule I5: an admin changes keys of its own organisation only."""
    target = _target(attempt)
    if target is not None and target.org != attempt.org.id:
        raise deny("I5", "E_ROLE", "the key belongs to another organisation")


def i5_itself_or_admin_rotates(attempt: Attempt) -> None:
    """Rule I5: a key gives its place to another by itself, or an admin does it; a vote key never."""
    target = _existing(attempt)
    if target.public_key != attempt.key.public_key and ADMIN not in attempt.key.roles:
        raise deny("I5", "E_ROLE", "only the key itself or an admin rotates it")
    if VALIDATOR in target.roles:
        raise deny("I5", "E_ROLE", "a vote key changes by validator.rotate")


def g3_key_state_allows(attempt: Attempt) -> None:
    """Rule G3: the life cycle lists this change from the key's present state."""
    target = _target(attempt)
    if target is None:
        raise deny("G3", "E_STATE", "there is no key with this id")
    if target.state not in attempt.transition.from_states:
        raise deny("G3", "E_STATE", f"the key is {target.state.lower()} already")
    if len(target.history) >= RECORD_CHANGES_MAX:
        raise deny("G3", "E_STATE", f"the key has reached the limit of {RECORD_CHANGES_MAX} changes")


def g9_key_time_runs_forward(attempt: Attempt) -> None:
    """Rule G9 for keys: no change is claimed before the last one."""
    history = _existing(attempt).history
    if history and attempt.claimed_time_ms < history[-1].claimed_time_ms:
        raise deny("G9", "E_TIME_ORDER", "the claimed time lies before the last change of the key")


def g4_key_version_continues(attempt: Attempt) -> None:
    """Rule G4 for keys: a key of genesis is at version 0."""
    target = _target(attempt)
    if target is None:
        require_next_version(attempt, 0, b"")
    else:
        require_next_version(attempt, target.version, target.last_record_hash)


def i8_an_admin_remains(attempt: Attempt) -> None:
    """Rule I8: the last active admin key can be neither suspended nor revoked."""
    target = _existing(attempt)
    if ADMIN in target.roles and target.active and attempt.org.active_admins <= 1:
        raise deny("I8", "E_STATE", "this is the organisation's last active admin key")


def _target(attempt: Attempt) -> KeyState | None:
    data = attempt.access.get(_target_key(attempt))
    return None if data is None else decode_stored(data, KeyState)


def _existing(attempt: Attempt) -> KeyState:
    target = _target(attempt)
    assert target is not None, "an earlier rule made sure that it exists"
    return target


def _target_key(attempt: Attempt) -> bytes:
    return f"key/{attempt.envelope.object_id}".encode()


def _add(attempt: Attempt) -> None:
    fields: KeyAdd = attempt.fields
    _put_new(attempt, fields.person, tuple(fields.roles))
    _count_admins(attempt, +(ADMIN in fields.roles))


def _rotate(attempt: Attempt) -> None:
    old = _existing(attempt)
    _put_new(attempt, old.person, old.roles)
    _put_changed(attempt, "ROTATED")
    # One active admin key takes the place of another; a suspended one did not count.
    _count_admins(attempt, +(ADMIN in old.roles and not old.active))


def _pause(attempt: Attempt) -> None:
    is_admin = ADMIN in _existing(attempt).roles
    (new_state,) = attempt.transition.to_states
    _put_changed(attempt, new_state)
    _count_admins(attempt, is_admin if new_state == "ACTIVE" else -is_admin)


def _revoke(attempt: Attempt) -> None:
    target = _existing(attempt)
    _put_changed(attempt, "REVOKED", revoked_since_ms=_since_ms(attempt))
    _count_admins(attempt, -(ADMIN in target.roles and target.active))


def _put_new(attempt: Attempt, person: str, roles: tuple[str, ...]) -> None:
    public_key = bytes.fromhex(attempt.fields.public_key)
    key = KeyState(
        public_key=public_key,
        org=attempt.org.id,
        person=person,
        roles=roles,
        state="ACTIVE",
        version=1,
        last_record_hash=attempt.transaction_id,
        next_key_commitment=attempt.fields.next_key_commitment,
        history=(_change(attempt, "ACTIVE"),),
    )
    attempt.view.put(state.key_key(attempt.suite.key_id(public_key)), encode(key))


def _put_changed(attempt: Attempt, new_state: str, *, revoked_since_ms: int = 0) -> None:
    target = _existing(attempt)
    changed = msgspec.structs.replace(
        target,
        state=new_state,
        version=target.version + 1,
        last_record_hash=attempt.transaction_id,
        revoked_since_ms=revoked_since_ms,
        history=(*target.history, _change(attempt, new_state)),
    )
    attempt.view.put(_target_key(attempt), encode(changed))


def _change(attempt: Attempt, new_state: str) -> KeyChange:
    return KeyChange(attempt.claimed_time_ms, new_state, attempt.transaction_id)


def _count_admins(attempt: Attempt, change: int) -> None:
    if change:
        org = msgspec.structs.replace(attempt.org, active_admins=attempt.org.active_admins + change)
        assert org.active_admins >= 1
        attempt.view.put(state.organisation_key(org.id), encode(org))


def _pauses(verb: str, from_state: str, to_state: str, sentence: Text, *rules: RuleFunction) -> Transition:
    return Transition(
        verb=verb,
        fields=KeyPause,
        sentence=sentence,
        from_states=(from_state,),
        to_states=(to_state,),
        org_roles=(),
        key_roles=(ADMIN,),
        rules=(
            i5_roles_allow,
            i5_key_is_own,
            g3_key_state_allows,
            g9_key_time_runs_forward,
            *rules,
            g4_key_version_continues,
        ),
        apply=_pause,
        tier=OBSERVER,
    )


TRANSITIONS: Final = (
    Transition(
        verb="key.add",
        fields=KeyAdd,
        sentence=Text("{who} adds a signing key for {person}", "{who} 为 {person} 登记签名密钥"),
        from_states=(),
        to_states=("ACTIVE",),
        org_roles=(),
        key_roles=(ADMIN,),
        rules=(
            i5_roles_allow,
            g1_key_is_well_formed,
            i1_key_is_new,
            i10_key_is_proven,
            g4_key_version_continues,
        ),
        apply=_add,
        tier=OBSERVER,
    ),
    Transition(
        verb="key.rotate",
        fields=KeyRotate,
        sentence=Text(
            "{who} puts another signing key into the place of {object}", "{who} 更换签名密钥 {object}"
        ),
        from_states=("ACTIVE", "SUSPENDED"),
        to_states=("ROTATED",),
        org_roles=(),
        key_roles=(),
        rules=(
            i5_roles_allow,
            g1_commitment_is_well_formed,
            i5_key_is_own,
            g3_key_state_allows,
            g9_key_time_runs_forward,
            i5_itself_or_admin_rotates,
            i1_key_is_new,
            i1_key_is_the_committed_one,
            i10_key_is_proven,
            g4_key_version_continues,
        ),
        apply=_rotate,
        tier=OBSERVER,
    ),
    _pauses(
        "key.suspend",
        "ACTIVE",
        "SUSPENDED",
        Text("{who} suspends a signing key ({reason})", "{who} 暂停签名密钥（{reason}）"),
        i8_an_admin_remains,
    ),
    _pauses(
        "key.resume",
        "SUSPENDED",
        "ACTIVE",
        Text("{who} lets a signing key sign again", "{who} 恢复签名密钥"),
    ),
    Transition(
        verb="key.revoke",
        fields=KeyRevoke,
        sentence=Text("{who} revokes a signing key ({reason})", "{who} 吊销签名密钥（{reason}）"),
        from_states=("ACTIVE", "SUSPENDED", "ROTATED"),
        to_states=("REVOKED",),
        org_roles=(),
        key_roles=(ADMIN,),
        rules=(
            i5_roles_allow,
            i5_key_is_own,
            g3_key_state_allows,
            g9_key_time_runs_forward,
            i1_since_is_past,
            i8_an_admin_remains,
            g4_key_version_continues,
        ),
        apply=_revoke,
        tier=OBSERVER,
    ),
)
