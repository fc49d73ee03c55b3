"""What the page of one run tells: verdict, charts, departments, the life of every record.

Arranges what the run gave back; judges nothing, draws nothing. Equal runs give equal values.
"""

from __future__ import annotations

from typing import Any, Final

import msgspec

from govchain.ledger import RULES, Text
from govchain.legal import explain
from govchain.report.exchanges import exchange_lines
from govchain.report.phrases import BESIDE_THE_CHAIN, PROMISES, in_chinese
from govchain.scenario import LoadedScenario, Observation, Rehearsal, Result, StepResult
from govchain.sim import INVARIANTS

BINS_WANTED: Final = 120
"""About so many points has a line over time."""
BIN_WIDTHS_MS: Final = (10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000, 30_000, 60_000)
NS_PER_MS: Final = 1_000_000


def tell_run(rehearsal: Rehearsal, seen: Observation, result: Result, film: Any) -> dict[str, Any]:
    """The values of a run's page.

    Args:
        film: What the validators did, from `Film.to_plain`; None where nobody watched.
    """
    loaded = rehearsal.loaded
    members = rehearsal.genesis.validators.members
    names = {org.code: [org.name, org.name_zh or org.name] for org in loaded.scenario.organisations}
    span_ms = max(
        [result.duration_s * 1000, *(each.at_ms + each.latency_ms for each in result.steps)]
        + [fault.ended_ms or fault.began_ms for fault in result.faults]
    )
    return {
        "result": msgspec.to_builtins(msgspec.structs.replace(result, steps=())),
        "title": [loaded.scenario.meta.title, loaded.scenario.meta.title_zh or loaded.scenario.meta.title],
        "why": [loaded.scenario.meta.why, loaded.scenario.meta.why_zh],
        "refs": loaded.scenario.meta.refs,
        "nodes": [[member.name, *names.get(member.org, [member.org] * 2)] for member in members],
        "span_ms": span_ms,
        "chart": _chart(seen, result, span_ms),
        "steps": [_step(step, loaded) for step in result.steps],
        "organisations": _organisations(loaded, result),
        "lives": _lives(result),
        "film": film,
        "promises": _promises(result),
        "zh": _chinese(result),
    }


def _chinese(result: Result) -> dict[str, list[list[str]]]:
    """Texts of expectations and promises in Chinese, in the order of the result."""
    return {
        "expectations": [
            [in_chinese(text) for text in (each.name, each.expected, each.measured)]
            for each in result.expectations
        ],
        "invariants": [[PROMISES.get(each.name, each.name)] for each in result.invariants],
    }


def _promises(result: Result) -> list[str]:
    """What each promise says, in the order of the result."""
    known = {**INVARIANTS, **BESIDE_THE_CHAIN}
    return [known.get(each.name, "") for each in result.invariants]


def _step(step: StepResult, loaded: LoadedScenario) -> dict[str, Any]:
    people = {person.id: person.org for person in loaded.scenario.people}
    rule, why = RULES.get(step.rule), explain(step.rule, step.code)
    return {
        **{name: getattr(step, name) for name in ("number", "id", "by", "do", "ok", "outcome", "object")},
        **{name: getattr(step, name) for name in ("rule", "code", "height", "latency_ms", "at_ms")},
        **{name: getattr(step, name) for name in ("expected", "measured", "transaction")},
        "text": [step.en, step.zh],
        "detail": [step.detail, step.detail_zh or step.detail],
        "org": people.get(step.by, ""),
        "asked": [[text.en, text.zh] for text in _asked(step)],
        "why": None if why is None else [[text.en, text.zh] for text in why.lines()[1:]],
        "rule_title": [rule.demands.en, rule.demands.zh] if rule is not None else ["", ""],
    }


def _asked(step: StepResult) -> tuple[Text, ...]:
    asked = step.exchange
    return () if asked is None else exchange_lines(asked, is_answered=step.outcome == "applied")


def _organisations(loaded: LoadedScenario, result: Result) -> list[dict[str, Any]]:
    """Each organisation with what it handed in: kind of record and outcome to how many."""
    people = {person.id: person.org for person in loaded.scenario.people}
    told = []
    for org in loaded.scenario.organisations:
        flows: dict[tuple[str, str], int] = {}
        for step in result.steps:
            if people.get(step.by) == org.id:
                flow = (step.do, step.outcome)
                flows[flow] = flows.get(flow, 0) + 1
        told.append(
            {
                "id": org.id,
                "name": [org.name, org.name_zh or org.name],
                "validators": org.validators,
                "load": 0 if result.workload is None else result.workload.by_org.get(org.id, 0),
                "flows": [[do, outcome, count] for (do, outcome), count in sorted(flows.items())],
            }
        )
    return told


def _lives(result: Result) -> list[dict[str, Any]]:
    """Every record of the story with the places of its steps, in order."""
    places: dict[str, list[int]] = {}
    for place, step in enumerate(result.steps):
        if step.object:
            places.setdefault(step.object, []).append(place)
    return [{"object": name, "steps": steps} for name, steps in places.items()]


def _chart(seen: Observation, result: Result, span_ms: float) -> dict[str, Any]:
    """Final transactions and their latency over time, in bins."""
    finals = [
        (step.at_ms + step.latency_ms, step.latency_ms)
        for step in result.steps
        if step.outcome in ("applied", "denied")
    ]
    if seen.load is not None:
        acknowledged = [at_ns / NS_PER_MS for at_ns in seen.load.acknowledged.values()]
        finals += zip(acknowledged, seen.load.latencies_ms, strict=True)
    end_ms = max([span_ms, *(at_ms for at_ms, _ in finals)])
    width_ms = next((each for each in BIN_WIDTHS_MS if each * BINS_WANTED >= end_ms), BIN_WIDTHS_MS[-1])
    bins: list[list[float]] = [[] for _ in range(int(end_ms // width_ms) + 1)]
    for at_ms, latency_ms in finals:
        bins[int(at_ms // width_ms)].append(latency_ms)
    return {
        "bin_ms": width_ms,
        "per_s": [round(len(each) * 1000 / width_ms, 3) for each in bins],
        "p50_ms": [_rank(each, 50) for each in bins],
        "p95_ms": [_rank(each, 95) for each in bins],
    }


def _rank(values: list[float], percent: int) -> float | None:
    ordered = sorted(values)
    return round(ordered[max(1, -(-percent * len(ordered) // 100)) - 1], 3) if ordered else None
