"""What makes a workload impossible: a rate that is none, records that nobody can make, a load without an end.

The part of `check` that is about background load.
"""

from __future__ import annotations

from typing import Any, Final

from govchain.config import Loaded
from govchain.errors import ConfigError
from govchain.scenario.check_faults import check_length
from govchain.scenario.check_values import check_values
from govchain.scenario.load_records import ENGINE_FILLS, load_verbs
from govchain.scenario.loaded import LoadedScenario
from govchain.scenario.model import Scenario
from govchain.scenario.rate_trace import read_trace
from govchain.scenario.references import PROPERTIES, find_references
from govchain.scenario.suggest import suggestion
from govchain.scenario.workload import DEPOSIT, SIZE_MAX, Load, Share, load_person

RATES: Final = (
    "{fixed: 50/s}, {poisson: 50/s}, {ramp: {from: 10/s, to: 90/s}}, {trace: rates.csv} or {closed_loop: 4}"
)


def check_workload(loaded: LoadedScenario) -> None:
    """Refuse loads that nobody can hand in, or that never end."""
    source, scenario = loaded.source, loaded.scenario
    organisations = [org.id for org in scenario.organisations]
    people = [person.id for person in scenario.people]
    is_finite = _is_finite(scenario)
    for number, load in enumerate(scenario.workload):
        where = ("workload", number)
        if load.org not in organisations:
            expected = suggestion(load.org, organisations)
            raise source.error("unknown organisation", *where, "org", found=load.org, expected=expected)
        _check_rate(loaded, number, load)
        check_length(source, (*where, "to"), load.to)
        if load.to is not None and load.to <= load.from_:
            raise source.error("the load ends before it begins", *where, "to")
        if load.to is None and not is_finite and not scenario.steps:
            raise source.error("the load never ends", *where, expected="to, stop, or a timeline that ends")
        if load_person(number) in people:
            raise source.error("the name is taken", "people", found=load_person(number))
        if load.do is not None and load.mix:
            raise source.error("both do and mix", *where, expected="one of them")
        for place, share in enumerate(load.mix):
            _check_share(source, scenario, (*where, "mix", place), share)


def _is_finite(scenario: Scenario) -> bool:
    """Whether something ends a load that names no end."""
    return scenario.stop.condition is not None or any(
        fault.at is not None or fault.times is not None or fault.between is not None
        for fault in scenario.timeline
    )


def _check_rate(loaded: LoadedScenario, number: int, load: Load) -> None:
    source, where = loaded.source, ("workload", number)
    given = [name for name in load.rate.__struct_fields__ if getattr(load.rate, name) is not None]
    if len(given) != 1:
        found = " and ".join(given) or None
        raise source.error("a load has one rate", *where, "rate", found=found, expected=RATES)
    if given[0] in ("ramp", "trace") and load.to is None:
        raise source.error(f"a {given[0]} has an end", *where, expected="to: 30s")
    read_trace(loaded, number)


def _check_share(source: Loaded[Any], scenario: Scenario, where: tuple[str | int, ...], share: Share) -> None:
    verbs = load_verbs()
    if share.do not in verbs:
        expected = suggestion(share.do, verbs)
        raise source.error("no verb of a load", *where, "do", found=share.do, expected=expected)
    if share.size is not None and share.size > SIZE_MAX:
        found, expected = share.size, f"at most {SIZE_MAX} bytes"
        raise source.error("too large for a record", *where, "size", found=found, expected=expected)
    for key in ENGINE_FILLS:
        if key in share.with_:
            raise source.error("the engine fills this in for each record", *where, "with", key, found=key)
    for place, reference in find_references(share.with_):
        kind = _kind_of_party(scenario, reference.name)
        if kind is None or (reference.property and reference.property not in PROPERTIES[kind]):
            raise _no_party(source, scenario, (*where, "with", *place), reference.text)
    usual = {"evidence_kind": "log", "collected_at": ""} if share.do == DEPOSIT else {}
    filled = {"object_id": "x", "content": "x", **usual, **share.with_}
    check_values(source, share.do, filled, (*where, "with"))


def _kind_of_party(scenario: Scenario, name: str) -> str | None:
    if name in [organisation.id for organisation in scenario.organisations]:
        return "organisation"
    return "person" if name in [person.id for person in scenario.people] else None


def _no_party(
    source: Loaded[Any], scenario: Scenario, where: tuple[str | int, ...], found: str
) -> ConfigError:
    parties = [org.id for org in scenario.organisations] + [person.id for person in scenario.people]
    expected = f"${{name}} or ${{name.property}} of an organisation or a person: {', '.join(parties[:12])}"
    return source.error("a load refers to parties only", *where, found=found, expected=expected)
