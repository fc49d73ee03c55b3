"""What makes a timeline or what is expected of it impossible; each check names its place.

The part of `check` that is about things going wrong.
"""

from __future__ import annotations

import typing
from typing import Any, Final

import msgspec

from govchain.config import Loaded
from govchain.scenario.comparison import (
    QUANTITIES,
    parse_comparison,
    parse_condition,
    parse_duration_limit,
    parse_figure,
)
from govchain.scenario.model import PerformanceExpect, Scenario
from govchain.scenario.rehearsal import joining_names, validator_names
from govchain.scenario.suggest import suggestion
from govchain.scenario.timeline import (
    ALWAYS,
    BEHAVIOURS,
    CHANGES,
    DECIDED,
    DISTURBING,
    EVERY_NS_MIN,
    KEYS,
    RUN_NS_MAX,
    TARGETS,
    Censoring,
    Fault,
    FaultKind,
    FaultyCount,
)
from govchain.sim import PROTOCOLS

KINDS: Final[tuple[str, ...]] = typing.get_args(FaultKind)
COUNTED: Final = (*KINDS, "view_change", "lie", "epoch", "validators")
"""What `happened` may count."""

_TRIGGERS: Final = ("at", "after", "when", "every")


def check_timeline(source: Loaded[Any], scenario: Scenario) -> None:
    """Refuse faults that cannot be produced as written."""
    for number, fault in enumerate(scenario.timeline):
        _check_trigger(source, scenario, number, fault)
        _check_choice(source, number, fault)
        _check_keys(source, number, fault)
        for each in map(fault.as_kind, fault.kinds):
            _check_target(source, scenario, number, each)
            _check_details(source, scenario, number, each)
            _check_protocol(source, scenario, number, each)
            if each.do == "kill_gateway":
                _check_kill(source, scenario, number, each)


def check_stop(source: Loaded[Any], scenario: Scenario) -> None:
    """Refuse an end that cannot be recognised."""
    stop = scenario.stop
    if stop.height is not None and stop.when is not None:
        raise source.error("both height and when", "stop", expected="one of them")
    if stop.when is not None:
        _check_condition(source, ("stop", "when"), stop.when)


def check_length(source: Loaded[Any], where: tuple[str | int, ...], time_ns: int | None) -> None:
    """Refuse a time that no run reaches."""
    if time_ns is not None and time_ns > RUN_NS_MAX:
        raise source.error("no run lasts so long", *where, expected="at most 1d")


def check_fault_expectations(source: Loaded[Any], scenario: Scenario) -> None:
    """Refuse expectations about faults that cannot be judged."""
    _check_liveness(source, scenario)
    for number, bound in enumerate(scenario.expect.performance):
        _check_performance(source, scenario, ("expect", "performance", number), bound)
    for number, counts in enumerate(scenario.expect.happened):
        for name, comparison in counts.items():
            counted = ("expect", "happened", number, name)
            if name not in COUNTED:
                raise source.error(
                    "nothing that is counted", *counted, found=name, expected=suggestion(name, COUNTED)
                )
            if parse_comparison(comparison) is None:
                raise _no_comparison(source, counted, comparison)


def _check_performance(
    source: Loaded[Any], scenario: Scenario, place: tuple[str | int, ...], bound: PerformanceExpect
) -> None:
    measured = ("latency_p95", "finalised_per_s", "no_progress")
    given = [name for name in measured if getattr(bound, name) is not None]
    if len(given) != 1:
        raise source.error(
            "one figure each", *place, found=" and ".join(given) or None, expected=" or ".join(measured)
        )
    if bound.finalised_per_s is not None:
        if parse_figure(bound.finalised_per_s) is None:
            raise source.error(
                "not a comparison",
                *place,
                "finalised_per_s",
                found=bound.finalised_per_s,
                expected='">= 100" or "within 10% of 1200"',
            )
        if not scenario.workload:
            raise source.error("there is no load to measure", *place, expected="a workload")
    limit = bound.latency_p95 if bound.no_progress is None else bound.no_progress
    if limit is not None and parse_duration_limit(limit, int(scenario.protocol.view_timeout)) is None:
        raise source.error(
            "not a limit", *place, given[0], found=limit, expected='"<= 5s" or "<= 2.5 view timeouts"'
        )
    if (bound.no_progress is None) == (bound.after is not None):
        raise source.error("no_progress and after belong together", *place, expected="both")
    if bound.no_progress is None and bound.at != "max":
        raise source.error("at belongs to no_progress", *place, "at", found=bound.at)
    kind = (bound.after or KINDS[0]).removesuffix(" primary")
    if kind not in KINDS:
        expected = suggestion(kind, KINDS)
        raise source.error("no such fault", *place, "after", found=bound.after, expected=expected)


def _check_liveness(source: Loaded[Any], scenario: Scenario) -> None:
    for number, liveness in enumerate(scenario.expect.liveness):
        where = ("expect", "liveness", number)
        if (liveness.finalised is None) == (liveness.within is None):
            raise source.error("neither or both of finalised and within", *where)
        if liveness.finalised is not None and parse_comparison(liveness.finalised) is None:
            raise _no_comparison(source, (*where, "finalised"), liveness.finalised)
        if (liveness.within is None) != (liveness.after is None):
            raise source.error("within and after belong together", *where, expected="both")
        if liveness.after is not None and liveness.after not in KINDS:
            expected = suggestion(liveness.after, KINDS)
            raise source.error("no such fault", *where, "after", found=liveness.after, expected=expected)


def _check_trigger(source: Loaded[Any], scenario: Scenario, number: int, fault: Fault) -> None:
    where = ("timeline", number)
    given = [name for name in _TRIGGERS if getattr(fault, name) is not None]
    if len(given) != 1:
        raise source.error(
            "a fault needs exactly one trigger",
            *where,
            found=" and ".join(given) or None,
            expected="one of at, after, when, every",
        )
    step_ids = [step.id for step in scenario.steps if step.id is not None]
    if fault.after is not None and fault.after not in step_ids:
        expected = suggestion(fault.after, step_ids)
        raise source.error("unknown step", *where, "after", found=fault.after, expected=expected)
    if fault.when is not None:
        _check_condition(source, (*where, "when"), fault.when)
    check_length(source, (*where, "at"), fault.at)
    check_length(source, (*where, "for"), fault.for_)
    if fault.every is None:
        if fault.between is not None or fault.times is not None:
            raise source.error("between and times belong to every", *where, expected="every: {mean: 10s}")
        return
    if (fault.every.mean is None) == (fault.every.exactly is None):
        raise source.error("every has one time", *where, "every", expected="{mean: 10s} or {exactly: 10s}")
    if (fault.every.mean or fault.every.exactly or 0) < EVERY_NS_MIN:
        raise source.error("every has no time between", *where, "every", expected="at least 1ms")
    check_length(source, (*where, "between"), None if fault.between is None else fault.between[1])
    if fault.between is not None and fault.between[0] >= fault.between[1]:
        raise source.error("between ends before it begins", *where, "between")
    if any("for" in KEYS[kind] for kind in fault.kinds) and fault.for_ is None:
        raise source.error("a fault that comes again must end", *where, expected="for: 1s")


def _check_condition(source: Loaded[Any], where: tuple[str | int, ...], text: str) -> None:
    if parse_condition(text) is None:
        expected = f'one of {", ".join(QUANTITIES)} and a comparison, for example "view >= 2"'
        raise source.error("not a condition", *where, found=text, expected=expected)


def _check_choice(source: Loaded[Any], number: int, fault: Fault) -> None:
    if len(fault.kinds) == 1:
        return
    for kind in fault.kinds:
        if kind in (*DECIDED, "heal_all") or fault.kinds.count(kind) > 1:
            raise source.error(
                "one_of draws between different things that go wrong",
                *("timeline", number, "do", "one_of"),
                found=kind,
                expected=", ".join(each for each in KINDS if each not in (*DECIDED, "heal_all")),
            )


def _check_keys(source: Loaded[Any], number: int, fault: Fault) -> None:
    known = list(dict.fromkeys(key for kind in fault.kinds for key in KEYS[kind]))
    for field in msgspec.structs.fields(fault):
        key = field.encode_name
        if key in (*ALWAYS, *known) or getattr(fault, field.name) == field.default:
            continue
        problem = (
            "a restart has no duration"
            if (fault.do, key) == ("restart", "for")
            else f"{' or '.join(fault.kinds)} has no {key}"
        )
        raise source.error(problem, "timeline", number, key, expected=", ".join(known) or "no further key")


def _check_target(source: Loaded[Any], scenario: Scenario, number: int, fault: Fault) -> None:
    where = ("timeline", number, "target")
    target = fault.target
    has_target = any("target" in KEYS[kind] for kind in fault.kinds)
    if not has_target or fault.do in CHANGES or isinstance(target, FaultyCount):
        return
    targets = [*_who(scenario), *TARGETS]
    if target not in targets:
        expected = suggestion(target, targets)
        raise source.error("unknown target", *where, found=target or None, expected=expected)
    if fault.do in ("restart", "resume") and target in ("primary", "one", "backups", "minority", "majority"):
        raise source.error(f"a {fault.do} needs a validator's name", *where, found=target)
    if target == "each_in_turn" and fault.every is None:
        raise source.error("one after the other needs every", *where, found=target)


def _who(scenario: Scenario) -> list[str]:
    """Every validator, and the words for those of an organisation or of a region."""
    organisations = [f"org({org.id})" for org in scenario.organisations]
    regions = dict.fromkeys(f"region({org.region})" for org in scenario.organisations if org.region)
    return [*validator_names(scenario), *joining_names(scenario), *organisations, *regions]


def _check_groups(source: Loaded[Any], scenario: Scenario, number: int, fault: Fault) -> None:
    where = ("timeline", number)
    if len(fault.groups) < 2 or fault.groups.count("rest") > 1 or fault.groups[0] == "rest":
        raise source.error(
            "a partition needs groups", *where, expected="groups: [[validator-0, validator-1], rest]"
        )
    names = _who(scenario)
    for name in (name for group in fault.groups if group != "rest" for name in group):
        if name not in names:
            expected = suggestion(name, names)
            raise source.error("unknown validator", *where, "groups", found=name, expected=expected)


def _check_details(source: Loaded[Any], scenario: Scenario, number: int, fault: Fault) -> None:
    where = ("timeline", number)
    match fault.do:
        case "partition":
            _check_groups(source, scenario, number, fault)
        case "clog" if fault.for_ is None:
            raise source.error("what is clogged must open again", *where, expected="for: 1s")
        case "delay" if fault.by is None and fault.jitter is None:
            raise source.error("a delay of nothing", *where, expected="by: 200ms, or jitter: 500ms")
        case "clock_skew" if (fault.ahead is None) == (fault.behind is None):
            raise source.error("a clock is ahead or behind", *where, expected="ahead: 10m, or behind: 10m")
        case "byzantine":
            if fault.behaviour is None:
                raise source.error("a traitor needs a behaviour", *where, expected="behaviour: equivocate")
            organisations = [org.id for org in scenario.organisations]
            if isinstance(fault.behaviour, Censoring) and fault.behaviour.censor not in organisations:
                found = fault.behaviour.censor
                expected = suggestion(found, organisations)
                raise source.error(
                    "unknown organisation", *where, "behaviour", found=found, expected=expected
                )
        case "crash" if fault.disk == "restore_old":
            if not any(each.do == "backup" for each in scenario.timeline[:number]):
                raise source.error(
                    "no old disk to restore", *where, "disk", expected="an entry with do: backup before it"
                )


def _check_kill(source: Loaded[Any], scenario: Scenario, number: int, fault: Fault) -> None:
    where = ("timeline", number)
    orgs = [entry.org for entry in scenario.gateways]
    if fault.org not in orgs:
        expected = suggestion(fault.org, orgs)
        raise source.error("no gateway to kill", *where, "org", found=fault.org or None, expected=expected)
    if fault.for_ is None:
        raise source.error("a gateway that is killed must start again", *where, expected="for: 2s")


def _check_protocol(source: Loaded[Any], scenario: Scenario, number: int, fault: Fault) -> None:
    """Some faults are attacks on one protocol; most have nothing to do with any."""
    protocol = PROTOCOLS[scenario.protocol.consensus]
    if fault.do in CHANGES and not protocol.changes_validators:
        problem = f"{protocol.name} changes no validators"
        raise source.error(problem, "timeline", number, "do", found=fault.do, expected="consensus: pbft")
    behaviour = fault.behaviour
    if isinstance(behaviour, str) and behaviour not in (*DISTURBING, *protocol.traitors):
        known = [each for each in BEHAVIOURS if each in (*DISTURBING, *protocol.traitors)]
        raise source.error(
            f"no such behaviour under {protocol.name}",
            *("timeline", number, "behaviour"),
            found=behaviour,
            expected=", ".join([*known, "{censor: ORGANISATION}"]),
        )


def _no_comparison(source: Loaded[Any], where: tuple[str | int, ...], found: str) -> Exception:
    return source.error("not a comparison", *where, found=found, expected='for example ">= 10"')
