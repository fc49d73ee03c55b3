"""What a genesis must fulfil before a chain can exist: members, organisations and keys fit together.

Pure checks on values. Lengths of keys belong to the suite, codes of organisations to the ledger's rules.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterable
from typing import Final

from govchain.errors import ConfigError
from govchain.model.validators import CONSENSUS, TIERS, Genesis

VALIDATORS_MAX: Final = 256
"""Largest set that was ever considered: each message goes to every other member."""

ZERO_ALLOWED: Final = ("batch_age_ms", "clock_drift_ms", "approvals_min")


def validate_genesis(genesis: Genesis) -> None:
    """Refuse a genesis that describes no possible network.

    Raises:
        ConfigError: No validators or too many, repeated names, keys or organisations, a key of an
            organisation that the genesis does not introduce, a tier that does not fit, or a limit below its
            least value.
    """
    validate_validators(genesis)
    validate_members(genesis)
    validate_parameters(genesis)


def validate_validators(genesis: Genesis) -> None:
    """At least one validator; names and public keys occur once; the first epoch is 0."""
    members = genesis.validators.members
    if not members:
        raise ConfigError("the genesis has no validators", found=0, expected="at least 1")
    if len(members) > VALIDATORS_MAX:
        raise ConfigError(
            "the genesis has too many validators", found=len(members), expected=f"at most {VALIDATORS_MAX}"
        )
    if genesis.validators.epoch != 0:
        epoch = genesis.validators.epoch
        raise ConfigError("the first validator set has a wrong epoch", found=epoch, expected="0")
    if any(not member.name for member in members):
        raise ConfigError("a validator has no name", found="", expected="for example validator-0")
    _refuse_repeated("two validators share a name", (member.name for member in members))
    _refuse_repeated("two validators share a public key", (member.public_key.hex() for member in members))


def validate_members(genesis: Genesis) -> None:
    """Organisations and keys occur once; each key belongs to an organisation of this genesis."""
    _refuse_repeated("two organisations share an id", (org.id for org in genesis.organisations))
    _refuse_repeated("two keys are the same", (key.public_key.hex() for key in genesis.keys))
    for org in genesis.organisations:
        if org.tier not in ("", *TIERS):
            raise ConfigError(f"unknown tier of {org.id}", found=org.tier, expected=", ".join(TIERS))
        runs = [member.name for member in genesis.validators.members if member.org == org.id]
        if runs and org.tier not in ("", CONSENSUS):
            raise ConfigError(f"{org.id} runs {runs[0]}", found=f"tier {org.tier}", expected=CONSENSUS)
    known = {org.id for org in genesis.organisations}
    for key in genesis.keys:
        if key.org not in known:
            raise ConfigError(
                f"a key of {key.person!r} belongs to an unknown organisation",
                found=key.org,
                expected="the id of an organisation in this genesis",
            )


def validate_parameters(genesis: Genesis) -> None:
    """Every limit leaves room for at least one of what it limits."""
    if genesis.time_ms < 0:
        raise ConfigError("the genesis time is before 1970", found=genesis.time_ms, expected="0 or more")
    for name in genesis.parameters.__struct_fields__:
        value, least = getattr(genesis.parameters, name), 0 if name in ZERO_ALLOWED else 1
        if value < least:
            raise ConfigError(f"parameter {name} is too small", found=value, expected=f"at least {least}")


def _refuse_repeated(problem: str, values: Iterable[Hashable]) -> None:
    for value, count in Counter(values).items():
        if count > 1:
            raise ConfigError(problem, found=value, expected="each once")
