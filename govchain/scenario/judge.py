"""From what a run showed to a verdict. Pure: the same observation gives the same result.

Pass: everything that the file demands holds. Fail: something does not, or a promise of the chain is broken.
Undecided: a limit came first, and nothing failed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from govchain import __version__
from govchain.model import Genesis
from govchain.scenario.backend import NodeFacts, Rehearsal
from govchain.scenario.comparison import parse_comparison
from govchain.scenario.conditions import Cpu, Disk, Network
from govchain.scenario.judge_faults import (
    count_happenings,
    judge_acknowledged,
    judge_faults,
    list_faults,
    workload_result,
)
from govchain.scenario.model import FailOutcome, Scenario
from govchain.scenario.observation import Observation
from govchain.scenario.reads import check_receipt
from govchain.scenario.result import (
    Expectation,
    InvariantResult,
    ReceiptEntry,
    Result,
    StepResult,
    Verdict,
    percentiles,
)

RECEIPTS: Final = "receipts"
"""Invariant that every backend has: a final transaction has a receipt that verifies offline."""

SIMULATED: Final = "sim"
"""Name of the backend on which lines, processors and disks are what the file says."""

BEFORE_A_BREAK: Final = ("outcome", "finalised", "happened ")
"""Expectations that count although a scenario expects a broken promise."""


def judge(
    rehearsal: Rehearsal, backend_name: str, seen: Observation, watched: Mapping[str, str], digest: str
) -> Result:
    """The result of a run.

    Args:
        rehearsal: What was played.
        backend_name: Where.
        seen: What the engine saw.
        watched: Invariants that the backend watched: name to what was broken, empty when it held.
        digest: Of everything observable; empty where there is none.
    """
    scenario = rehearsal.loaded.scenario
    final = [step for step in seen.steps if step.outcome in ("applied", "denied")]
    receipts = tuple(_receipts(seen, rehearsal.genesis))
    invariants = tuple(_invariants(seen, watched, final, receipts, rehearsal.genesis))
    expectations = (
        *_outcome(scenario.expect.outcome, invariants),
        *_steps(seen.steps),
        *_expectations(rehearsal, seen, final),
    )
    duration_s = seen.duration_ns / 1e9
    return Result(
        scenario=rehearsal.loaded.name,
        title=scenario.meta.title,
        seed=rehearsal.seed,
        backend=backend_name,
        verdict=_verdict(scenario.expect.outcome, expectations, invariants),
        expectations=expectations,
        invariants=invariants,
        digest=digest,
        height=seen.height,
        state_root=_state_root(seen.nodes),
        records=sum(len(step.records()) for step in final),
        denials=_denials(seen),
        latency_ms=percentiles([step.latency_ms for step in final]),
        finalised_per_s=round(len(final) / duration_s, 3) if duration_s else 0.0,
        duration_s=round(duration_s, 3),
        receipts=receipts,
        steps=tuple(seen.steps),
        version=__version__,
        workload=workload_result(scenario, seen),
        happened=count_happenings(seen),
        faults=list_faults(seen),
        states=seen.states,
        unused=() if backend_name == SIMULATED else _physics_blocks(scenario),
    )


def _physics_blocks(scenario: Scenario) -> tuple[str, ...]:
    written = {
        "network": scenario.network != Network(),
        "cpu": scenario.cpu != Cpu(),
        "disk": scenario.disk != Disk(),
    }
    return tuple(name for name, is_written in written.items() if is_written)


def _verdict(
    outcome: str | FailOutcome,
    expectations: tuple[Expectation, ...],
    invariants: tuple[InvariantResult, ...],
) -> Verdict:
    if isinstance(outcome, FailOutcome):
        # The scenario documents a break. A run ends at the first one, so of what else it expects only what
        # must have come before counts.
        before = [each.ok for each in expectations if each.name.startswith(BEFORE_A_BREAK)]
        return "pass" if all(before) else "fail"
    if any(not each.ok for each in invariants):
        return "fail"
    failed = [each for each in expectations if not each.ok]
    if any(not each.undecided for each in failed):
        return "fail"
    return "undecided" if failed else "pass"


def _outcome(outcome: str | FailOutcome, invariants: tuple[InvariantResult, ...]) -> Iterator[Expectation]:
    if isinstance(outcome, FailOutcome):
        broken = [each.name for each in invariants if not each.ok]
        yield Expectation(
            name="outcome",
            ok=broken == [outcome.fail],
            expected=f"{outcome.fail} is broken, and nothing else",
            measured=f"broken: {', '.join(broken)}" if broken else "nothing was broken",
        )


def _steps(steps: list[StepResult]) -> Iterator[Expectation]:
    for step in steps:
        yield Expectation(
            name=f"{step.id}: {step.do}",
            ok=step.ok,
            expected=step.expected,
            measured=step.measured,
            undecided=step.outcome == "pending",
        )


def _expectations(rehearsal: Rehearsal, seen: Observation, final: list[StepResult]) -> Iterator[Expectation]:
    expect = rehearsal.loaded.scenario.expect
    has_pending = any(step.outcome == "pending" for step in seen.steps)
    finalised = sum(len(step.records()) for step in final)
    finalised += len(seen.load.acknowledged) if seen.load is not None else 0
    for liveness in expect.liveness:
        if liveness.finalised is not None:
            comparison = parse_comparison(liveness.finalised)
            assert comparison is not None, "the check refused everything else"
            held = comparison.holds(finalised)
            yield Expectation("finalised", held, str(comparison), str(finalised), undecided=has_pending)
    yield from judge_faults(rehearsal.loaded.scenario, seen)
    yield _level(seen.nodes, has_pending)
    for record in expect.records:
        if record.record is not None:
            found = seen.records.get(record.record, "ABSENT")
            wanted = record.state or ""
            yield Expectation(
                f"record {record.record}", found == wanted, wanted, found, undecided=has_pending
            )
        for rule, count in (record.denials or {}).items():
            measured = sum(1 for step in seen.steps if rule in (step.rule, step.code))
            loads = {} if seen.load is None else seen.load.denied
            measured += sum(number for reason, number in loads.items() if rule in reason)
            yield Expectation(f"denials {rule}", measured == count, str(count), str(measured), has_pending)


def _level(nodes: list[NodeFacts], has_pending: bool) -> Expectation:
    """After what was stopped for a time is back, everybody who runs holds the same final blocks."""
    running = [node for node in nodes if node.is_running and node.is_honest]
    highest = max((node.height for node in running), default=0)
    behind = [f"{node.name} at {node.final_height}" for node in running if node.final_height != highest]
    return Expectation(
        name="level",
        ok=bool(running) and not behind,
        expected=f"{len(running)} running validators with final height {highest}",
        measured=", ".join(behind) or f"{len(running)} running validators with final height {highest}",
        undecided=has_pending,
    )


def _invariants(
    seen: Observation,
    watched: Mapping[str, str],
    final: list[StepResult],
    receipts: tuple[ReceiptEntry, ...],
    genesis: Genesis,
) -> Iterator[InvariantResult]:
    problems = dict(_compare_nodes(seen.nodes))
    for name, problem in watched.items():
        text = problem or problems.pop(name, "")
        problems.pop(name, None)
        yield InvariantResult(name, not text, text)
    for name, problem in problems.items():
        yield InvariantResult(name, not problem, problem)
    missing = [label for step in final for label in step.records() if label not in seen.receipts]
    bad = [f"{each.step}: {each.detail}" for each in receipts if not each.verified]
    for label, name, data in seen.witnesses:
        answer = check_receipt(data, genesis, None)
        if not answer.ok:
            bad.append(f"{label} from {name}: {answer.detail.en}")
    text = f"no receipt of {', '.join(missing)}" if missing else "; ".join(bad)
    yield InvariantResult(RECEIPTS, not text, text)
    yield from judge_acknowledged(seen)


def _compare_nodes(nodes: list[NodeFacts]) -> Iterator[tuple[str, str]]:
    """What shows at the end even without having watched: equal heights have equal heads and state roots."""
    by_height: dict[int, NodeFacts] = {}
    agreement = roots = ""
    for node in nodes:
        if not node.is_running or not node.is_honest:
            continue
        first = by_height.setdefault(node.height, node)
        if first.head_digest != node.head_digest:
            agreement = f"{first.name} and {node.name} have different blocks at height {node.height}"
        if first.state_root != node.state_root:
            roots = f"{first.name} and {node.name} have different state roots at height {node.height}"
    yield "agreement", agreement
    yield "state-roots", roots


def _receipts(seen: Observation, genesis: Genesis) -> Iterator[ReceiptEntry]:
    for step, (transaction, data) in seen.receipts.items():
        answer = check_receipt(data, genesis, None)
        yield ReceiptEntry(step, transaction, answer.ok, "" if answer.ok else answer.detail.en)


def _denials(seen: Observation) -> dict[str, int]:
    counted: dict[str, int] = {}
    for step in seen.steps:
        if step.outcome == "denied":
            counted[step.rule] = counted.get(step.rule, 0) + 1
    for (rule, _), number in () if seen.load is None else seen.load.denied.items():
        counted[rule] = counted.get(rule, 0) + number
    return dict(sorted(counted.items()))


def _state_root(nodes: list[NodeFacts]) -> str:
    running = [node for node in nodes if node.is_running]
    highest = max(running, key=lambda node: node.height, default=None)
    return "" if highest is None else highest.state_root.hex()
