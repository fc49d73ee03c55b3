"""The network that a scenario describes, with and without keys. Pure: same file and seed, same network."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Final

from govchain.crypto import DEFAULT_SUITE, suite
from govchain.crypto.keys import derive_secret
from govchain.gateway import Holding
from govchain.gateway.ports import ItemOffer
from govchain.ledger.sharing import GATEWAY
from govchain.model import Organisation, ProtocolParameters
from govchain.model.validators import CONSENSUS
from govchain.scenario.backend import Rehearsal
from govchain.scenario.load_records import load_roles
from govchain.scenario.loaded import LoadedScenario
from govchain.scenario.model import PersonEntry, Scenario
from govchain.scenario.workload import load_person
from govchain.testnet.plan import (
    GenesisWithSecrets,
    NetworkPlan,
    PlannedPerson,
    PlannedValidator,
    build_genesis,
    person_label,
)

_NS_PER_MS: Final = 1_000_000
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


def validator_names(scenario: Scenario) -> list[str]:
    """Names of the validators, `validator-0` on, in order of organisations."""
    return [f"validator-{index}" for index in range(sum(org.validators for org in scenario.organisations))]


def joining_names(scenario: Scenario) -> list[str]:
    """Names of the validators that the timeline lets join, in its order."""
    return [str(fault.target) for fault in scenario.timeline if fault.change == "join"]


def network_plan(loaded: LoadedScenario, seed: int | None) -> NetworkPlan:
    """The plan of a scenario's network under a seed; the scenario's own when None."""
    scenario = loaded.scenario
    codes = {organisation.id: organisation.code for organisation in scenario.organisations}
    owners = [org.code for org in scenario.organisations for _ in range(org.validators)]
    joining = [fault.org for fault in scenario.timeline if fault.change == "join"]
    protocol = scenario.protocol
    return NetworkPlan(
        name=loaded.name,
        time_ms=(loaded.start - _EPOCH) // timedelta(milliseconds=1),
        validators=tuple(
            PlannedValidator(name, org) for name, org in zip(validator_names(scenario), owners, strict=True)
        ),
        organisations=tuple(
            Organisation(
                org.code,
                org.name_zh or org.name,
                roles=org.roles,
                accredited_for=org.accredited_for,
                # Who is to run a validator later has to be of that tier from the start.
                tier=org.tier or (CONSENSUS if org.id in joining else ""),
                org_type=org.org_type,
                area=org.area,
            )
            for org in scenario.organisations
        ),
        people=tuple(
            PlannedPerson(person.id, codes[person.org], person.roles)
            for person in scenario.people
            if person.genesis
        )
        + tuple(
            PlannedPerson(load_person(number), codes[load.org], load_roles(load))
            for number, load in enumerate(scenario.workload)
        ),
        suite=DEFAULT_SUITE,
        parameters=ProtocolParameters(
            batch_records_max=protocol.batch.records,
            batch_age_ms=protocol.batch.age // _NS_PER_MS,
            pipeline=protocol.pipeline,
            checkpoint_interval=protocol.checkpoint,
            view_timeout_ms=protocol.view_timeout // _NS_PER_MS,
        ),
        seed=scenario.seed if seed is None else seed,
    )


def gateway_holder(scenario: Scenario, org: str) -> PersonEntry | None:
    """Whose key an organisation's gateway signs with; None when no key of its genesis has the role."""
    holders = (each for each in scenario.people if each.org == org and each.genesis)
    return next((each for each in holders if GATEWAY in each.roles), None)


def gateway_offers(loaded: LoadedScenario) -> dict[str, tuple[ItemOffer, ...]]:
    """Code of each organisation with a gateway to what it serves, in order of the file."""
    codes = {organisation.id: organisation.code for organisation in loaded.scenario.organisations}
    return {codes[entry.org]: entry.items for entry in loaded.scenario.gateways}


def gateway_holdings(loaded: LoadedScenario) -> dict[str, list[Holding]]:
    """Code of each organisation with a gateway to what it holds when the story begins."""
    codes = {organisation.id: organisation.code for organisation in loaded.scenario.organisations}
    return {
        codes[entry.org]: [
            Holding(
                item=held.item,
                person=held.person,
                values=held.values,
                known_as={codes[org]: name for org, name in held.known_as.items()},
            )
            for held in entry.holdings
        ]
        for entry in loaded.scenario.gateways
    }


def build_rehearsal(loaded: LoadedScenario, seed: int | None = None) -> GenesisWithSecrets:
    """Genesis and secrets of a scenario; equal scenario and seed give equal bytes."""
    return build_genesis(network_plan(loaded, seed))


def rehearse(loaded: LoadedScenario, seed: int | None = None) -> Rehearsal:
    """A scenario with all its keys, those of people included whom the chain does not know yet."""
    chosen = loaded.scenario.seed if seed is None else seed
    made = build_rehearsal(loaded, chosen)
    algorithms = suite(made.genesis.suite)
    secrets = dict(made.secrets)
    for person in loaded.scenario.people:
        secrets.setdefault(person_label(person.id), derive_secret(chosen, person_label(person.id)))
    names = [person.id for person in loaded.scenario.people]
    names += [load_person(number) for number in range(len(loaded.scenario.workload))]
    signers = {name: algorithms.signer(secrets[person_label(name)]) for name in names}
    return Rehearsal(loaded, chosen, made.genesis, secrets, signers)
