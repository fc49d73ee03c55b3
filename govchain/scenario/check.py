"""What makes a well-typed scenario impossible: unknown names, repeated ids, verbs and values that are none.

Each check raises on the first thing it finds, with file and line. Denials are not impossible: whether the
chain refuses a licence number is for the chain to say.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any, Final

from govchain.config import Loaded
from govchain.errors import ConfigError
from govchain.ledger import RULES
from govchain.ledger.identifiers import is_credit_code
from govchain.ledger.kinds import PAYLOADS, record_type_of
from govchain.mempool import REJECTIONS
from govchain.scenario.check_changes import check_changes
from govchain.scenario.check_faults import check_fault_expectations, check_stop, check_timeline
from govchain.scenario.check_gateways import (
    ASK,
    check_gateway_step,
    check_gateways,
    check_keys_of_gateways,
    check_numbers,
    refusals_of,
)
from govchain.scenario.check_load import check_workload
from govchain.scenario.check_values import check_values
from govchain.scenario.loaded import LoadedScenario, not_supported
from govchain.scenario.model import RESERVED_VERBS, RecordExpect, Scenario, Step
from govchain.scenario.physics import build_physics
from govchain.scenario.references import PROPERTIES, Reference, find_references
from govchain.scenario.suggest import suggestion
from govchain.scenario.timing import story_end_ns
from govchain.scenario.values import coerce, problems
from govchain.scenario.verbs import GATEWAY_VERBS, READS, VERBS
from govchain.sim import INVARIANTS

REFUSALS: Final = tuple(
    dict.fromkeys([*RULES, *(code for rule in RULES.values() for code in rule.codes), *REJECTIONS])
)
"""What may stand in `denied`: rule ids, denial codes, and codes with which a pool refuses."""


def validate_scenario(loaded: LoadedScenario) -> None:
    """Refuse a scenario that cannot be run as written.

    Raises:
        ConfigError: With file, line, what was found and what was expected.
    """
    source = loaded.source
    scenario = source.value
    _check_start(source, scenario)
    _check_organisations(source, scenario)
    names = _names(source, scenario)
    _check_people(source, scenario)
    _check_step_ids(source, scenario)
    check_gateways(source, scenario)
    for index, step in enumerate(scenario.steps):
        _check_step(loaded, names, index, step)
        if step.together:
            _check_together(source, scenario.steps, index)
        if step.save is not None:
            _claim(source, names, step.save, "saved", ("steps", index, "save"))
    check_numbers(source, scenario)
    build_physics(loaded)
    check_timeline(source, scenario)
    check_changes(source, scenario, REFUSALS)
    check_stop(source, scenario)
    check_workload(loaded)
    check_fault_expectations(source, scenario)
    _check_expectations(source, scenario, names)


def _check_start(source: Loaded[Any], scenario: Scenario) -> None:
    try:
        start = datetime.fromisoformat(scenario.start) if "T" in scenario.start else None
    except ValueError:
        start = None
    if start is None or start.tzinfo is None or not 1970 < start.year < 9000:
        raise source.error(
            "start: not a time",
            "start",
            found=scenario.start,
            expected="RFC 3339 with offset, for example 2026-11-02T09:00:00+08:00",
        )
    try:
        start + timedelta(microseconds=story_end_ns(scenario) // 1000)
    except OverflowError as error:
        raise source.error("the story ends after the year 9999", "steps") from error
    if start.microsecond % 1000:
        raise source.error("start: finer than a millisecond", "start", found=scenario.start)


def _check_organisations(source: Loaded[Any], scenario: Scenario) -> None:
    codes: dict[str, int] = {}
    for index, organisation in enumerate(scenario.organisations):
        where = ("organisations", index, "code")
        if not is_credit_code(organisation.code):
            raise source.error(
                f"organisation {organisation.id}: not a unified social credit code",
                *where,
                found=organisation.code,
                expected="18 characters with the right check character (GB 32100-2015)",
            )
        if organisation.code in codes:
            first = source.line("organisations", codes[organisation.code], "code")
            raise source.error(
                f"organisation {organisation.id}: the code is taken",
                *where,
                found=organisation.code,
                hint=f"first on line {first}",
            )
        codes[organisation.code] = index
    if sum(organisation.validators for organisation in scenario.organisations) == 0:
        raise source.error(
            "the network has no validator",
            "organisations",
            expected="validators: 1 on at least one organisation; four in all tolerate one faulty",
        )


def _check_people(source: Loaded[Any], scenario: Scenario) -> None:
    known = [organisation.id for organisation in scenario.organisations]
    for index, person in enumerate(scenario.people):
        if person.org not in known:
            raise _unknown(
                source,
                f"person {person.id}: unknown organisation",
                ("people", index, "org"),
                person.org,
                known,
            )


def _names(source: Loaded[Any], scenario: Scenario) -> dict[str, str]:
    names: dict[str, str] = {}
    for index, organisation in enumerate(scenario.organisations):
        _claim(source, names, organisation.id, "organisation", ("organisations", index, "id"))
    for index, person in enumerate(scenario.people):
        _claim(source, names, person.id, "person", ("people", index, "id"))
    return names


def _claim(
    source: Loaded[Any], names: dict[str, str], name: str, kind: str, where: tuple[str | int, ...]
) -> None:
    taken = names.get(name)
    if taken is not None:
        raise source.error(
            "the name is taken", *where, found=name, expected="a new name", hint=f"it is a {taken} already"
        )
    names[name] = kind


def _check_step_ids(source: Loaded[Any], scenario: Scenario) -> None:
    seen: dict[str, int] = {}
    for index, step in enumerate(scenario.steps):
        if step.id is None:
            continue
        if step.id in seen:
            first = source.line("steps", seen[step.id], "id")
            raise source.error(
                "two steps have one id", "steps", index, "id", found=step.id, hint=f"first on line {first}"
            )
        seen[step.id] = index


def _check_step(loaded: LoadedScenario, names: dict[str, str], index: int, step: Step) -> None:
    source = loaded.source
    where = ("steps", index)
    people = [person.id for person in loaded.scenario.people]
    if step.by not in people:
        raise _unknown(source, "unknown person", (*where, "by"), step.by, people)
    if step.do not in VERBS:
        if step.do.startswith(RESERVED_VERBS):
            raise not_supported(source, f"do: {step.do}", (*where, "do"))
        raise _unknown(source, "unknown verb", (*where, "do"), step.do, VERBS)
    for place, reference in find_references(step.with_):
        _check_reference(source, names, (*where, "with", *place), reference)
    for place, reference in find_references(step.expect.answer):
        _check_reference(source, names, (*where, "expect", "answer", *place), reference)
    if step.expect.answer is not None and step.do != ASK:
        raise source.error(f"{step.do} is told no answer", *where, "expect", "answer", expected=f"do: {ASK}")
    _check_files(loaded, index, step)
    if step.do in READS:
        _check_read(loaded, index, step)
    elif step.do in GATEWAY_VERBS:
        check_gateway_step(source, loaded.scenario, index, step)
    else:
        check_keys_of_gateways(source, loaded.scenario, index, step)
        check_values(source, step.do, step.with_, ("steps", index, "with"))
    _check_denied(source, index, step)


def _check_together(source: Loaded[Any], steps: tuple[Step, ...], index: int) -> None:
    """Steps of one moment are transactions that do not need each other."""
    step, where = steps[index], ("steps", index)
    if index == 0:
        raise source.error("together: there is no step before", *where, "together")
    if step.at is not None:
        raise source.error("together: the time is that of the step before", *where, "at", found=step.at)
    for each in (steps[index - 1], step):
        if each.do not in PAYLOADS:
            raise source.error(
                "together: only records are handed in",
                *where,
                "do",
                found=each.do,
                expected="verbs that write",
            )
    for earlier in reversed(steps[:index]):
        for place, reference in find_references(step.with_):
            if reference.name == earlier.save:
                raise source.error(
                    "together: made in the same moment", *where, "with", *place, found=reference.text
                )
        is_same_kind = record_type_of(earlier.do) == record_type_of(step.do)
        if is_same_kind and earlier.with_.get("object_id") == step.with_.get("object_id"):
            raise source.error("together: one record twice", *where, "with", "object_id")
        if not earlier.together:
            break


def _check_reference(
    source: Loaded[Any], names: dict[str, str], where: tuple[str | int, ...], reference: Reference
) -> None:
    if not reference.name:
        raise source.error(
            "not a reference", *where, found=reference.text, expected="${name} or ${name.property}"
        )
    kind = names.get(reference.name)
    if kind is None:
        raise _unknown(source, "unknown saved name", where, reference.name, names)
    if reference.property and reference.property not in PROPERTIES[kind]:
        raise _unknown(
            source,
            f"{reference.name} is a {kind} without this property",
            where,
            reference.property,
            PROPERTIES[kind],
        )


def _check_files(loaded: LoadedScenario, index: int, step: Step) -> None:
    names = ("file", "timestamp", "authorities") if step.do == "evidence.bundle" else ("file",)
    source = loaded.source
    for key in names:
        name, where = step.with_.get(key), ("steps", index, "with", key)
        if name is None or name == "":
            continue
        if key == "file" and "content" in step.with_:
            raise source.error("both file and content", *where, expected="one of them")
        if not isinstance(name, str):
            expected = "a path relative to the scenario"
            raise source.error(f"{key}: wrong type", *where, found=name, expected=expected)
        loaded.file(name, where)


def _check_read(loaded: LoadedScenario, index: int, step: Step) -> None:
    source = loaded.source
    where = ("steps", index, "with")
    kind = READS[step.do]
    for place, expected in problems(coerce(step.with_, kind), kind):
        raise source.error(f"{step.do}: wrong or missing value", *where, *place, expected=expected)
    if step.save is not None:
        raise source.error(f"{step.do} saves nothing", "steps", index, "save", found=step.save)
    if step.expect.denied:
        raise source.error(f"{step.do} cannot be denied", "steps", index, "expect", found=step.expect.denied)
    if step.do == "key.verify":
        people = [person.id for person in loaded.scenario.people]
        if step.with_["person"] not in people:
            raise _unknown(source, "unknown person", (*where, "person"), str(step.with_["person"]), people)
    if step.do == "receipt.check":
        earlier = [each.id for each in loaded.scenario.steps[:index] if each.id is not None]
        if step.with_["step"] not in earlier:
            raise _unknown(source, "unknown step", (*where, "step"), str(step.with_["step"]), earlier)


def _check_denied(source: Loaded[Any], index: int, step: Step) -> None:
    denied = step.expect.denied
    known = (*REFUSALS, *refusals_of(step))
    if denied and denied not in known:
        raise _unknown(
            source, "no such rule or denial code", ("steps", index, "expect", "denied"), denied, known
        )
    if step.expect.says and not denied:
        raise source.error("says without denied", "steps", index, "expect", "says", expected="denied: RULE")


def _check_expectations(source: Loaded[Any], scenario: Scenario, names: dict[str, str]) -> None:
    expect = scenario.expect
    for index, record in enumerate(expect.records):
        _check_record_expectation(source, names, index, record)
    if expect.outcome != "pass" and expect.outcome.fail not in INVARIANTS:
        raise _unknown(
            source, "unknown invariant", ("expect", "outcome", "fail"), expect.outcome.fail, INVARIANTS
        )


def _check_record_expectation(
    source: Loaded[Any], names: dict[str, str], index: int, expected: RecordExpect
) -> None:
    where = ("expect", "records", index)
    record, state, denials = expected.record, expected.state, expected.denials
    if (record is None) == (denials is None):
        raise source.error("neither or both of record and denials", *where, expected="exactly one of them")
    if record is not None:
        for _, reference in find_references(record):
            _check_reference(source, names, (*where, "record"), reference)
        if "/" not in record:
            raise source.error("not a record", *where, "record", found=record, expected="type/object id")
        if state is None:
            raise source.error("a record without a state", *where, expected="state: VALID, for example")
    elif state is not None:
        raise source.error("state without record", *where, "state", found=state)
    for rule in denials or {}:
        if rule not in REFUSALS:
            raise _unknown(
                source,
                "no such rule or denial code",
                (*where, "denials", rule),
                rule,
                REFUSALS,
            )


def _unknown(
    source: Loaded[Any], problem: str, where: tuple[str | int, ...], found: str, known: Iterable[str]
) -> ConfigError:
    return source.error(problem, *where, found=found, expected=suggestion(found, known))
