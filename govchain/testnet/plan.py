"""Who takes part in a network, before any key exists, and the genesis that follows from it.

Pure apart from fresh keys: with a seed every secret is derived, so that a rehearsal is the same everywhere.
Files, folders, certificates and processes of a test network are elsewhere in this package.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from govchain.crypto import DEFAULT_SUITE, Suite, derive_secret, new_secret, suite
from govchain.errors import ConfigError
from govchain.ledger.identifiers import is_credit_code
from govchain.model import Genesis, KeyRecord, Organisation, ProtocolParameters, Validator, ValidatorSet

_FILE_NAME: Final = re.compile(r"(?!\.)[\w.-]{1,64}")
"""Keys lie in files of these names; a path would lead out of the network folder."""


@dataclass(frozen=True, slots=True)
class PlannedValidator:
    """A validator to be: its network name and the organisation (USCC) that runs it."""

    name: str
    org: str


@dataclass(frozen=True, slots=True)
class PlannedPerson:
    """A key holder to be: pseudonym, organisation (USCC) and roles."""

    id: str
    org: str
    roles: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class NetworkPlan:
    """A network without keys. Without a seed secrets are fresh; with one they are derived, for rehearsals."""

    name: str
    time_ms: int
    validators: tuple[PlannedValidator, ...]
    organisations: tuple[Organisation, ...]
    people: tuple[PlannedPerson, ...]
    suite: str = DEFAULT_SUITE
    parameters: ProtocolParameters = field(default_factory=ProtocolParameters)
    seed: int | None = None


@dataclass(frozen=True, slots=True)
class GenesisWithSecrets:
    """A genesis and the 32-byte secrets behind it, by label: `validator/<name>` and `person/<person id>`."""

    genesis: Genesis
    secrets: Mapping[str, bytes] = field(repr=False)


def build_genesis(plan: NetworkPlan) -> GenesisWithSecrets:
    """Genesis and secrets of a plan; equal plans with a seed give equal bytes.

    Raises:
        ConfigError: No validator, a repeated or unusable name, an unknown organisation or a
            code that is no USCC.
    """
    validate_plan(plan)
    chosen = suite(plan.suite)
    labels = [validator_label(v.name) for v in plan.validators] + [person_label(p.id) for p in plan.people]
    secrets = {label: _secret(plan.seed, label) for label in labels}
    members = tuple(
        Validator(name=v.name, org=v.org, public_key=_public_key(chosen, secrets[validator_label(v.name)]))
        for v in plan.validators
    )
    keys = tuple(
        KeyRecord(
            public_key=_public_key(chosen, secrets[person_label(p.id)]), org=p.org, person=p.id, roles=p.roles
        )
        for p in plan.people
    )
    genesis = Genesis(
        name=plan.name,
        suite=plan.suite,
        time_ms=plan.time_ms,
        parameters=plan.parameters,
        validators=ValidatorSet(epoch=0, members=members),
        organisations=plan.organisations,
        keys=keys,
    )
    return GenesisWithSecrets(genesis, secrets)


def validate_plan(plan: NetworkPlan) -> None:
    """Refuse a network that cannot exist.

    Raises:
        ConfigError: No validator, a repeated or unusable name, an unknown organisation or a
            code that is no USCC.
    """
    if not plan.validators:
        raise ConfigError("the network has no validator", expected="at least one")
    _require_distinct("organisation", [o.id for o in plan.organisations])
    _require_distinct("validator", [v.name for v in plan.validators])
    _require_distinct("person", [p.id for p in plan.people])
    for name in [v.name for v in plan.validators] + [p.id for p in plan.people]:
        if not _FILE_NAME.fullmatch(name):
            raise ConfigError(
                "the name of a validator or person cannot name a file",
                found=name,
                expected="1 to 64 letters, digits, dots, dashes and underscores, no dot first",
            )
    for organisation in plan.organisations:
        if not is_credit_code(organisation.id):
            raise ConfigError(
                "an organisation's id is no unified social credit code",
                found=organisation.id,
                expected="18 characters with the right check character (GB 32100-2015)",
            )
    known = [o.id for o in plan.organisations]
    for who, org in [(v.name, v.org) for v in plan.validators] + [(p.id, p.org) for p in plan.people]:
        if org not in known:
            raise ConfigError(
                f"{who} belongs to an unknown organisation", found=org, expected="one of: " + ", ".join(known)
            )


def validator_label(name: str) -> str:
    """Label under which a validator's secret is derived and handed out."""
    return f"validator/{name}"


def person_label(person: str) -> str:
    """Label under which a person's secret is derived and handed out."""
    return f"person/{person}"


def _secret(seed: int | None, label: str) -> bytes:
    return new_secret() if seed is None else derive_secret(seed, label)


def _public_key(chosen: Suite, secret: bytes) -> bytes:
    return chosen.signer(secret).public_key


def _require_distinct(what: str, names: Iterable[str]) -> None:
    seen: set[str] = set()
    for name in names:
        if name in seen:
            raise ConfigError(f"two of the same {what}", found=name)
        seen.add(name)
