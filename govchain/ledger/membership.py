"""Who votes next: what changes of validators add up to, and their installation at a checkpoint.

Arithmetic on sets and the few state keys about them (rules MB-1, MB-2, MB-5). Who may ask for a change is
judged in `rules.governance`.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from govchain.codec import encode
from govchain.crypto import Suite
from govchain.ledger import state
from govchain.ledger.access import StateAccess, decode_stored
from govchain.ledger.overlay import StateView
from govchain.ledger.validator_keys import validator_key_changes
from govchain.model import ProtocolParameters, Validator, ValidatorSet
from govchain.model.genesis_rules import VALIDATORS_MAX
from govchain.model.validators import validators_key


def voters_of(validators: ValidatorSet) -> tuple[str, ...]:
    """Organisations that run validators, each once, in order of their first one (rule MB-1)."""
    return tuple(dict.fromkeys(member.org for member in validators.members))


def approvals_needed(parameters: ProtocolParameters, validators: ValidatorSet) -> int:
    """How many of these organisations must approve: the parameter, or more than half (rule MB-1)."""
    voters = len(voters_of(validators))
    return min(voters, parameters.approvals_min) or voters // 2 + 1


def next_members(view: StateView, validators: ValidatorSet) -> tuple[Validator, ...]:
    """Members from the next checkpoint on, as adopted so far."""
    data = view.get(state.NEXT_VALIDATORS_KEY)
    return validators.members if data is None else decode_stored(data, ValidatorSet).members


def put_next_members(view: StateView, validators: ValidatorSet, members: Sequence[Validator]) -> None:
    """Try another set for the next checkpoint; the same one as now means that nothing waits."""
    if tuple(members) == validators.members:
        view.put(state.NEXT_VALIDATORS_KEY, None)
    else:
        view.put(state.NEXT_VALIDATORS_KEY, encode(ValidatorSet(validators.epoch + 1, tuple(members))))


def find_broken_quorum(validators: ValidatorSet, members: Sequence[Validator]) -> str:
    """Why these members could not take over from the present ones; empty when they can (rule MB-5).

    Newcomers may not be running yet. As many of them as the new set tolerates are allowed at one checkpoint,
    and one always, because a set that tolerates none could never change otherwise.
    """
    wanted = ValidatorSet(validators.epoch + 1, tuple(members))
    if not members:
        return "no validator would be left"
    if len(members) > VALIDATORS_MAX:
        return f"{len(members)} validators; at most {VALIDATORS_MAX}"
    newcomers = [member.name for member in members if member not in validators.members]
    allowed = max(1, wanted.size - wanted.quorum_size)
    if len(newcomers) > allowed:
        return (
            f"{len(newcomers)} of {wanted.size} would be new at one checkpoint ({', '.join(newcomers)}) and "
            f"{wanted.quorum_size} must vote; at most {allowed} at once, the others after that checkpoint"
        )
    return ""


def install_next(
    view: StateView, access: StateAccess, suite: Suite, validators: ValidatorSet
) -> ValidatorSet | None:
    """At a checkpoint: the set that was adopted becomes that of the next epoch (rule MB-2); None without one.

    Vote keys are keys of the chain: new ones become known, those that left can sign nothing any more.
    """
    data = view.get(state.NEXT_VALIDATORS_KEY)
    if data is None:
        return None
    installed = decode_stored(data, ValidatorSet)
    assert installed.epoch == validators.epoch + 1
    view.put(state.NEXT_VALIDATORS_KEY, None)
    view.put(validators_key(installed.epoch), data)
    known = [key for member in installed.members if view.get(key := _key_of(suite, member)) is not None]
    orgs = [member.org for member in installed.members if access.organisation(member.org) is not None]
    for key, value in validator_key_changes(suite, installed.members, known=known, orgs=orgs).items():
        view.put(key, value)
    staying = [member.public_key for member in installed.members]
    for member in validators.members:
        key_state = access.key(suite.key_id(member.public_key))
        if key_state is not None and member.public_key not in staying:
            ended = msgspec.structs.replace(key_state, state="ROTATED", version=key_state.version + 1)
            view.put(_key_of(suite, member), encode(ended))
    view.commit()
    return installed


def _key_of(suite: Suite, member: Validator) -> bytes:
    return state.key_key(suite.key_id(member.public_key))
