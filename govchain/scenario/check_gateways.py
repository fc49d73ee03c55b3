"""What makes the gateways of a scenario impossible, and steps that go through them.

Raises on the first thing it finds, with file and line. Whether a question is allowed is for the chain to say.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from govchain.config import Loaded
from govchain.gateway.ports import NUMBER_MAX, REFUSED_CODE
from govchain.ledger.sharing import THRESHOLD, VALUE
from govchain.scenario.model import GatewayEntry, Scenario, Step
from govchain.scenario.references import is_reference
from govchain.scenario.rehearsal import gateway_holder
from govchain.scenario.suggest import suggestion
from govchain.scenario.values import coerce, problems
from govchain.scenario.verbs import GATEWAY_VERBS

ASK: Final = "gateway.ask"
USES: Final = "gateway.uses"

Where = tuple[str | int, ...]


def check_gateways(source: Loaded[Any], scenario: Scenario) -> None:
    """Refuse gateways of nobody, without a key, or twice; and names that are none in what they hold."""
    known = [organisation.id for organisation in scenario.organisations]
    seen: dict[str, int] = {}
    for index, entry in enumerate(scenario.gateways):
        where = ("gateways", index)
        _require_known(source, "gateway of an unknown organisation", (*where, "org"), entry.org, known)
        if entry.org in seen:
            first = source.line("gateways", seen[entry.org])
            raise source.error(
                f"{entry.org} has two gateways", *where, "org", found=entry.org, hint=f"first on line {first}"
            )
        seen[entry.org] = index
        if gateway_holder(scenario, entry.org) is None:
            raise source.error(
                f"the gateway of {entry.org} has no key to sign with",
                *where,
                "org",
                expected=f"somebody in people with org: {entry.org} and roles: [gateway]",
            )
        _check_holdings(source, where, entry, known)


def check_gateway_step(source: Loaded[Any], scenario: Scenario, index: int, step: Step) -> None:
    """Refuse a step that goes through a gateway which is not there, or asks or expects what cannot be."""
    where = ("steps", index, "with")
    kind = GATEWAY_VERBS[step.do]
    for place, expected in problems(coerce(step.with_, kind), kind):
        raise source.error(f"{step.do}: wrong or missing value", *where, *place, expected=expected)
    orgs = [entry.org for entry in scenario.gateways]
    if step.do == USES:
        _require_known(
            source, "the department has no gateway", (*where, "gateway"), step.with_["gateway"], orgs
        )
        _require_no_expectation(source, index, step)
        return
    own = next(person.org for person in scenario.people if person.id == step.by)
    _require_known(source, f"{own} has no gateway", ("steps", index, "by"), own, orgs)
    if step.do != ASK:
        _check_correction(source, scenario, index, step)
        return
    _require_numbers(source, (*where, "bounds"), step.with_.get("bounds", {}))
    provider = step.with_["provider"]
    _require_known(source, "the provider has no gateway", (*where, "provider"), provider, orgs)
    fields: list[str] = step.with_["fields"]
    if not fields:
        raise source.error("a question asks for something", *where, "fields", expected="one field or more")
    bounds = step.with_.get("bounds", {})
    if (step.with_["mode"] == THRESHOLD) != bool(bounds) or (bounds and sorted(bounds) != sorted(fields)):
        raise source.error(
            "a threshold asks for a bound of each field, and no other mode for any",
            *where,
            "bounds",
            found=bounds,
            expected="field: number for each of " + ", ".join(fields)
            if step.with_["mode"] == THRESHOLD
            else "none",
        )
    _check_answer(source, index, step)


def check_numbers(source: Loaded[Any], scenario: Scenario) -> None:
    """Refuse one number for two questions: a gateway asks a number once, and gives its outcome ever after."""
    orgs = {person.id: person.org for person in scenario.people}
    seen: dict[tuple[str, str], int] = {}
    for index, step in enumerate(scenario.steps):
        if step.do != ASK:
            continue
        number = step.with_["exchange"]
        first = seen.setdefault((orgs[step.by], number), index)
        if scenario.steps[first].with_ != step.with_:
            where = ("steps", index, "with", "exchange")
            line = source.line("steps", first, "with", "exchange")
            hint = f"first on line {line}"
            raise source.error("the number is used for another question", *where, found=number, hint=hint)


def check_keys_of_gateways(source: Loaded[Any], scenario: Scenario, index: int, step: Step) -> None:
    """Refuse a step signed with a gateway's key: the two would take one another's numbers."""
    for entry in scenario.gateways:
        holder = gateway_holder(scenario, entry.org)
        if holder is not None and holder.id == step.by and step.do not in GATEWAY_VERBS:
            raise source.error(
                f"{step.by} is the key of a gateway, and signs through it alone",
                "steps",
                index,
                "by",
                found=step.by,
                expected="gateway.ask, or another key of the organisation with the role that the step needs",
            )


def refusals_of(step: Step) -> tuple[str, ...]:
    """What may refuse a step beside rules and pools: the other department's gateway, without saying why."""
    return (REFUSED_CODE,) if step.do == ASK else ()


def _check_holdings(source: Loaded[Any], where: Where, entry: GatewayEntry, known: list[str]) -> None:
    items = [offer.item for offer in entry.items]
    for index, held in enumerate(entry.holdings):
        place = (*where, "holdings", index)
        _require_known(source, f"{entry.org} serves no such item", (*place, "item"), held.item, items)
        fields = [field.name for offer in entry.items if offer.item == held.item for field in offer.fields]
        for name in held.values:
            _require_known(source, f"{held.item} has no such field", (*place, "values", name), name, fields)
        _require_numbers(source, (*place, "values"), held.values)
        for org in held.known_as:
            _require_known(source, "unknown organisation", (*place, "known_as", org), org, known)


def _check_correction(source: Loaded[Any], scenario: Scenario, index: int, step: Step) -> None:
    _require_no_expectation(source, index, step)
    own = next(person.org for person in scenario.people if person.id == step.by)
    entry = next(each for each in scenario.gateways if each.org == own)
    _require_numbers(source, ("steps", index, "with", "values"), step.with_["values"])
    people = [held.person for held in entry.holdings if held.item == step.with_["item"]]
    person = step.with_["person"]
    if not is_reference(person):
        where = ("steps", index, "with", "person")
        _require_known(source, f"{own} holds nothing of this person for the item", where, person, people)


def _require_no_expectation(source: Loaded[Any], index: int, step: Step) -> None:
    if step.expect != type(step.expect)():
        raise source.error(f"{step.do} is no record: nothing denies it", "steps", index, "expect")


def _check_answer(source: Loaded[Any], index: int, step: Step) -> None:
    answer = step.expect.answer
    if answer is None:
        return
    where = ("steps", index, "expect", "answer")
    if step.expect.denied:
        raise source.error("both denied and answer", *where, expected="one of them")
    fields: list[str] = step.with_["fields"]
    for name in answer:
        _require_known(source, "the question has no such field", (*where, name), name, fields)
    for name in fields:
        if name not in answer:
            raise source.error("a field of the question is missing", *where, expected=f"{name}: …")
    for name, told in answer.items():
        if step.with_["mode"] != VALUE and told is not None and not isinstance(told, bool):
            problem = f"mode {step.with_['mode']} tells no value"
            raise source.error(problem, *where, name, found=told, expected="true, false or null")


def _require_numbers(source: Loaded[Any], where: Where, values: Mapping[str, Any]) -> None:
    for name, value in values.items():
        if isinstance(value, int) and abs(value) > NUMBER_MAX:
            raise source.error(
                "too large a number", *where, name, found=value, expected="at most 2^53-1, or text in quotes"
            )


def _require_known(source: Loaded[Any], problem: str, where: Where, found: str, known: list[str]) -> None:
    if found not in known:
        raise source.error(problem, *where, found=found, expected=suggestion(found, known))
