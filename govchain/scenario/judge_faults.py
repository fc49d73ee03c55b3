"""Judges whether the network bore what went wrong: progress, bounds, and that anything happened at all.

Pure, as `judge` is; the same observation gives the same verdict.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from govchain.scenario.comparison import parse_comparison, parse_duration_limit, parse_figure
from govchain.scenario.director import Happening
from govchain.scenario.model import LivenessExpect, PerformanceExpect, Scenario
from govchain.scenario.observation import Observation
from govchain.scenario.result import Expectation, FaultEntry, InvariantResult, WorkloadResult, percentiles
from govchain.scenario.traffic import LoadSeen

ACKNOWLEDGED: Final = "acknowledged"
"""Invariant of every workload: what a validator called final is in the ledger of every other one."""
NS_PER_S: Final = 1e9
NS_PER_MS: Final = 1e6


def count_happenings(seen: Observation) -> dict[str, int]:
    """Kind of fault, `view_change` and `lie` to how often it happened; the last epoch and its size."""
    counted: dict[str, int] = {}
    for happening in seen.happenings:
        counted[happening.do] = counted.get(happening.do, 0) + 1
    counted["view_change"] = max((node.view_changes for node in seen.nodes), default=0)
    counted["lie"] = sum(node.lies for node in seen.nodes)
    counted["epoch"] = max((node.epoch for node in seen.nodes), default=0)
    counted["validators"] = max(
        (node.validators for node in seen.nodes if node.epoch == counted["epoch"]), default=0
    )
    return dict(sorted(counted.items()))


def judge_faults(scenario: Scenario, seen: Observation) -> Iterator[Expectation]:
    """Expectations about faults, and the workload's own: nothing that was handed in is lost on the way."""
    if seen.load is not None:
        yield _load(scenario, seen.load)
    if scenario.stop.condition is not None:
        measured = "reached" if seen.is_enough else "not reached"
        yield Expectation("stop", seen.is_enough, scenario.stop.condition, measured, undecided=True)
    for happening in seen.happenings:
        if happening.change is not None:
            change, name = happening.change, " ".join((happening.do, *happening.targets))
            is_open = change.outcome in ("waiting", "adopted")
            took_s = ((happening.ended_ns or seen.healed_ns) - happening.began_ns) / NS_PER_S
            measured = f"{change.measured} after {took_s:.2f} s"
            yield Expectation(name, change.is_ok, change.wanted, measured, undecided=is_open)
    for liveness in scenario.expect.liveness:
        if liveness.within is not None:
            yield _next_progress(liveness, seen)
    for bound in scenario.expect.performance:
        yield _performance(bound, scenario, seen)
    counts = count_happenings(seen)
    for demanded in scenario.expect.happened:
        for name, text in demanded.items():
            comparison = parse_comparison(text)
            assert comparison is not None, "the check refused everything else"
            found = counts.get(name, 0)
            yield Expectation(f"happened {name}", comparison.holds(found), str(comparison), str(found))


def judge_acknowledged(seen: Observation) -> Iterator[InvariantResult]:
    """Every acknowledged record is in the ledger of every running validator (only with a workload)."""
    if seen.load is None:
        return
    honest = [node.name for node in seen.nodes if node.is_honest]
    lacking = [f"{name} lacks {lost}" for name, lost in seen.lost.items() if lost and name in honest]
    total = len(seen.load.acknowledged)
    text = f"of {total} acknowledged records {', '.join(lacking)}" if lacking else ""
    if not seen.lost:
        text = "no validator answered"
    yield InvariantResult(ACKNOWLEDGED, not text, text)


def workload_result(scenario: Scenario, seen: Observation) -> WorkloadResult | None:
    """The workload in numbers."""
    load = seen.load
    if load is None:
        return None
    began_ns = min(int(each.from_) for each in scenario.workload)
    in_time = sum(at_ns <= seen.healed_ns for at_ns in load.acknowledged.values())
    offered_s = (seen.healed_ns - began_ns) / NS_PER_S
    last_ns = max(load.acknowledged.values(), default=0)
    return WorkloadResult(
        len(load.acknowledged),
        len(load.waiting),
        len(load.refused),
        percentiles(load.latencies_ms),
        finalised_per_s=round(in_time / offered_s, 3) if offered_s > 0 else 0.0,
        drained_ms=round(max(0, last_ns - seen.healed_ns) / NS_PER_MS, 3),
        by_org=dict(sorted(load.by_org.items())),
        denied=sum(load.denied.values()),
    )


def list_faults(seen: Observation) -> tuple[FaultEntry, ...]:
    """What went wrong and when, in order."""
    return tuple(
        FaultEntry(
            each.do,
            each.targets,
            round(each.began_ns / NS_PER_MS, 3),
            None if each.ended_ns is None else round(each.ended_ns / NS_PER_MS, 3),
            each.how,
        )
        for each in seen.happenings
    )


def _load(scenario: Scenario, load: LoadSeen) -> Expectation:
    """Nothing that was handed in is lost; and no rule denies any of it, but where the file says so."""
    waiting, refused = len(load.waiting), len(load.refused)
    wanted = {name for record in scenario.expect.records for name in record.denials or {}}
    denied = {
        f"{rule} {code}": count for (rule, code), count in load.denied.items() if not wanted & {rule, code}
    }
    reasons = ", ".join(sorted(denied))
    unwanted = f", {sum(denied.values())} denied ({reasons})" if denied else ""
    return Expectation(
        "workload",
        not waiting and not refused and not denied,
        "every record that was handed in is final",
        f"{len(load.acknowledged)} final, {waiting} waiting, {refused} refused{unwanted}",
        undecided=not refused and not denied,
    )


def _next_progress(liveness: LivenessExpect, seen: Observation) -> Expectation:
    assert liveness.within is not None
    if liveness.after == "heal_all":
        ends = [each.began_ns for each in seen.happenings if each.do == "heal_all"] or [seen.healed_ns]
    else:
        chosen = [each for each in seen.happenings if each.do == liveness.after]
        ends = [each.began_ns if each.ended_ns is None else each.ended_ns for each in chosen]
    waits = [
        min((at_ns - end_ns for at_ns in seen.progress_ns if at_ns >= end_ns), default=None)
        for end_ns in ends
    ]
    known = [wait for wait in waits if wait is not None]
    measured = f"{max(known) / NS_PER_S:.2f} s" if known else "no progress"
    if len(known) < len(waits):
        measured = "no progress any more"
    if not ends:
        measured = f"no {liveness.after} happened"
    is_ok = bool(ends) and len(known) == len(waits) and max(known) <= liveness.within
    return Expectation(
        f"progress after {liveness.after}", is_ok, f"within {liveness.within / NS_PER_S:g} s", measured
    )


def _performance(bound: PerformanceExpect, scenario: Scenario, seen: Observation) -> Expectation:
    if bound.latency_p95 is not None:
        return _latency(bound.latency_p95, scenario, seen)
    if bound.finalised_per_s is not None:
        return _throughput(bound.finalised_per_s, scenario, seen)
    assert bound.no_progress is not None
    assert bound.after is not None
    return _standstill(bound.no_progress, bound.after, bound.at, scenario, seen)


def _latency(limit: str, scenario: Scenario, seen: Observation) -> Expectation:
    limit_ns = parse_duration_limit(limit, int(scenario.protocol.view_timeout))
    assert limit_ns is not None, "the check refused everything else"
    latencies_ms = [step.latency_ms for step in seen.steps if step.outcome in ("applied", "denied")]
    if seen.load is not None:
        latencies_ms += seen.load.latencies_ms
    p95_ms = percentiles(latencies_ms).p95
    return Expectation(
        "latency p95",
        bool(latencies_ms) and p95_ms * NS_PER_MS <= limit_ns,
        f"<= {limit_ns / NS_PER_MS:g} ms",
        f"{p95_ms:g} ms over {len(latencies_ms)}" if latencies_ms else "nothing became final",
        undecided=not latencies_ms,
    )


def _throughput(wanted: str, scenario: Scenario, seen: Observation) -> Expectation:
    figure, load = parse_figure(wanted), workload_result(scenario, seen)
    assert figure is not None, "the check refused everything else"
    assert load is not None, "the check demanded a workload"
    per_s = load.finalised_per_s
    return Expectation("finalised per second", figure.holds(per_s), str(figure), f"{per_s:g}")


def _standstill(limit: str, after: str, at: str, scenario: Scenario, seen: Observation) -> Expectation:
    view_timeout_ns = int(scenario.protocol.view_timeout)
    limit_ns = parse_duration_limit(limit, view_timeout_ns)
    assert limit_ns is not None, "the check refused everything else"
    kind = after.removesuffix(" primary")
    chosen = [each for each in seen.happenings if each.do == kind and (each.hit_primary or kind == after)]
    gaps = sorted(_gap_ns(each, seen, view_timeout_ns) for each in chosen)
    name = f"no progress after {after} ({at})"
    expected = f"<= {limit_ns / NS_PER_S:g} s"
    if not gaps:
        return Expectation(name, False, expected, f"no {after} happened")
    worst_ns = gaps[len(gaps) // 2] if at == "median" else gaps[-1]
    measured = f"{worst_ns / NS_PER_S:.2f} s over {len(gaps)}, longest {gaps[-1] / NS_PER_S:.2f} s"
    return Expectation(name, worst_ns <= limit_ns, expected, measured)


def _gap_ns(happening: Happening, seen: Observation, view_timeout_ns: int) -> int:
    """The longest time without progress that begins within a view timeout after the fault.

    Not the first pause: what was on its way when the fault came may still become final right after it.
    """
    began_ns = happening.began_ns
    longest_ns = 0
    earlier_ns = began_ns
    for at_ns in seen.progress_ns:
        if at_ns <= began_ns:
            continue
        longest_ns = max(longest_ns, at_ns - earlier_ns)
        earlier_ns = at_ns
        if at_ns > began_ns + view_timeout_ns:
            return longest_ns
    return max(longest_ns, seen.healed_ns - earlier_ns)
