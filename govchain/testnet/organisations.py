"""The file that says who takes part: organisations, their validators, and people with their roles.

Reads and plans only. The format is the `organisations` and `people` part of a scenario, written on its own.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Literal

import msgspec

from govchain.config import Loaded, load_document
from govchain.crypto import DEFAULT_SUITE
from govchain.errors import ConfigError
from govchain.ledger.identifiers import is_credit_code
from govchain.model import Organisation, ProtocolParameters
from govchain.testnet.plan import NetworkPlan, PlannedPerson, PlannedValidator

VALIDATORS_MAX = 100
Tier = Literal["", "observer", "verify", "consensus"]


class OrganisationEntry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One organisation as the file writes it."""

    id: str
    """Short name by which the file's people refer to it, for example `amr`."""
    code: str
    """Unified social credit code (GB 32100-2015), 18 characters."""
    name: str
    name_zh: str = ""
    region: str = ""
    """For people; has no effect."""
    roles: tuple[str, ...] = ()
    accredited_for: tuple[str, ...] = ()
    tier: Tier = ""
    """observer, verify or consensus; empty: consensus for whoever runs a validator, verify for others."""
    org_type: str = ""
    area: str = ""
    validators: Annotated[int, msgspec.Meta(ge=0, le=VALIDATORS_MAX)] = 0


class PersonEntry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One key holder as the file writes it."""

    id: str
    org: str
    roles: tuple[str, ...] = ()


class OrganisationsFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Content of an organisations file."""

    organisations: tuple[OrganisationEntry, ...]
    people: tuple[PersonEntry, ...] = ()
    name: str = "testnet"


def load_organisations(path: Path) -> OrganisationsFile:
    """Read an organisations file.

    Raises:
        ConfigError: Anything in it does not fit; file and line are named.
    """
    document = load_document(path, OrganisationsFile)
    orgs, people = document.value.organisations, document.value.people
    _require_new(document, "organisations", "id", [entry.id for entry in orgs])
    _require_new(document, "organisations", "code", [entry.code for entry in orgs])
    _require_new(document, "people", "id", [entry.id for entry in people])
    for index, entry in enumerate(orgs):
        if not is_credit_code(entry.code):
            raise document.error(
                f"organisation {entry.id}: not a unified social credit code",
                *("organisations", index, "code"),
                found=entry.code,
                expected="18 characters with the right check character (GB 32100-2015)",
            )
    known = [entry.id for entry in orgs]
    for index, person in enumerate(people):
        if person.org not in known:
            raise document.error(
                f"person {person.id}: unknown organisation",
                *("people", index, "org"),
                found=person.org,
                expected="one of: " + ", ".join(known),
            )
    return document.value


def plan_network(
    file: OrganisationsFile,
    *,
    time_ms: int,
    name: str | None = None,
    validators: int | None = None,
    seed: int | None = None,
    suite_name: str = DEFAULT_SUITE,
    parameters: ProtocolParameters | None = None,
) -> NetworkPlan:
    """The network that an organisations file describes.

    Args:
        validators: How many, spread over the organisations that run any (over all, if none says so); None
            takes the numbers of the file.

    Raises:
        ConfigError: A person of an unknown organisation, or no validator at all.
    """
    code_of = {entry.id: entry.code for entry in file.organisations}
    for person in file.people:
        if person.org not in code_of:
            raise ConfigError(
                f"person {person.id} belongs to an unknown organisation",
                found=person.org,
                expected="one of: " + ", ".join(code_of),
            )
    hosts = _hosting_organisations(file.organisations, validators)
    return NetworkPlan(
        name=file.name if name is None else name,
        time_ms=time_ms,
        validators=tuple(PlannedValidator(f"validator-{i}", org) for i, org in enumerate(hosts)),
        organisations=tuple(
            Organisation(
                id=entry.code,
                name=entry.name_zh or entry.name,
                roles=entry.roles,
                accredited_for=entry.accredited_for,
                tier=entry.tier,
                org_type=entry.org_type,
                area=entry.area,
            )
            for entry in file.organisations
        ),
        people=tuple(PlannedPerson(entry.id, code_of[entry.org], entry.roles) for entry in file.people),
        suite=suite_name,
        parameters=parameters or ProtocolParameters(),
        seed=seed,
    )


def _require_new(document: Loaded[OrganisationsFile], part: str, key: str, values: Sequence[str]) -> None:
    """Refuse a value that an earlier entry has: it would silently take that one's place."""
    first_of: dict[str, int] = {}
    for index, value in enumerate(values):
        first = first_of.setdefault(value, index)
        if first != index:
            line = document.line(part, first, key)
            raise document.error(
                f"{key} is taken", part, index, key, found=value, hint=f"first on line {line}"
            )


def _hosting_organisations(entries: Sequence[OrganisationEntry], validators: int | None) -> list[str]:
    declared = [entry.code for entry in entries for _ in range(entry.validators)]
    if validators is None:
        return declared
    if not 1 <= validators <= VALIDATORS_MAX:
        raise ConfigError("number of validators", found=validators, expected=f"1 to {VALIDATORS_MAX}")
    if not entries:
        raise ConfigError("no organisation to run a validator", expected="at least one")
    willing = [entry.code for entry in entries if entry.validators] or [entry.code for entry in entries]
    return [willing[i % len(willing)] for i in range(validators)]
