"""Many seeds, their violations sorted by cause, and for each cause one case that is as small as it gets.

Seeds run in batches of a fixed size and are looked at in order, so a pool and a single process give the same
result. Keeps no time and writes no file.
"""

from __future__ import annotations

import functools
import itertools
from collections.abc import Callable, Iterator
from typing import Final

import msgspec

from govchain import __version__
from govchain.sim import PROTOCOLS
from govchain.sim.protocols import PBFT
from govchain.swarm.case import CASE_EVENTS_MAX, COVERAGE, OF_CHANGES, Broken, Outcome, run_case, run_seed
from govchain.swarm.draw import Case, draw_case
from govchain.swarm.shrink import fault_count, shrink
from govchain.sweep import Spread

BATCH: Final = 16
"""Seeds between two looks at the clock and at what was found."""
SMALLER_TIMES: Final = 4
LEAST_EVENTS: Final = 50_000
"""What an attempt to shrink may cost: so many times the events of the smallest yet, or at least so many."""
SHRINK_EVENTS_MAX: Final = 15_000_000
"""What all attempts together may cost."""
SEEDS_MAX: Final = 2**53


class Violation(msgspec.Struct, frozen=True):
    """One cause, found by one or more seeds."""

    invariant: str
    problem: str
    """As the first seed showed it."""
    seeds: tuple[int, ...]
    faults_drawn: int
    """Things that went wrong in the case of the first seed."""
    faults: int
    """Of them those that are left after shrinking."""
    validators: int
    case: Case
    """Scenario that reproduces it, as plain values."""


class SwarmResult(msgspec.Struct, frozen=True):
    """What a swarm showed; the same for the same seeds."""

    seeds: tuple[int, int]
    """First seed, and the one after the last that was run."""
    runs: int
    violations: tuple[Violation, ...]
    events: int
    coverage: dict[str, int]
    """How often each kind of fault happened."""
    missing: tuple[str, ...]
    """Kinds that never happened."""
    version: str

    @property
    def exit_status(self) -> int:
        """0 every promise was kept, 1 one was not."""
        return 1 if self.violations else 0


class Progress(msgspec.Struct, frozen=True):
    """How far a swarm is."""

    runs: int
    events: int
    violations: int


def run_swarm(
    first: int,
    end: int | None,
    spread: Spread,
    *,
    protocol_name: str = PBFT.name,
    keep_going: bool = False,
    is_shrinking: bool = True,
    is_over: Callable[[], bool] = lambda: False,
    on_progress: Callable[[Progress], None] = lambda progress: None,
) -> SwarmResult:
    """Run the seeds of a range, until the first violation or to the end.

    Args:
        first: The first seed.
        end: The seed after the last; None goes on until it is over.
        spread: Where.
        protocol_name: How the validators reach an order.
        keep_going: Collect violations instead of stopping at the first.
        is_shrinking: Shrink what fails, one case for each cause.
        is_over: Asked after each batch; true ends the swarm.
        on_progress: Told after each batch.
    """
    outcomes: list[Outcome] = []
    found: dict[tuple[str, str], list[Outcome]] = {}
    for batch in _batches(first, SEEDS_MAX if end is None else end):
        for outcome in spread(functools.partial(run_seed, protocol_name=protocol_name), batch):
            if outcome.broken:
                found.setdefault(outcome.broken[0].cause, []).append(outcome)
            outcomes.append(outcome)
            if found and not keep_going:
                break
        on_progress(Progress(len(outcomes), sum(each.events for each in outcomes), len(found)))
        if (found and not keep_going) or is_over():
            break
    changes = PROTOCOLS[protocol_name].changes_validators
    names = [name for name in COVERAGE if changes or name not in OF_CHANGES]
    counted = {name: sum(each.coverage.get(name, 0) for each in outcomes) for name in names}
    return SwarmResult(
        seeds=(first, first + len(outcomes)),
        runs=len(outcomes),
        violations=tuple(
            _report(each, draw_case(each[0].seed, protocol_name), is_shrinking=is_shrinking)
            for each in found.values()
        ),
        events=sum(each.events for each in outcomes),
        coverage=counted,
        missing=tuple(name for name, count in counted.items() if not count),
        version=__version__,
    )


def _batches(first: int, end: int) -> Iterator[list[int]]:
    seeds = iter(range(first, end))
    while batch := list(itertools.islice(seeds, BATCH)):
        yield batch


def _report(outcomes: list[Outcome], drawn: Case, *, is_shrinking: bool) -> Violation:
    first = outcomes[0]
    broken = first.broken[0]
    case = shrink(drawn, _Attempts(first)) if is_shrinking else drawn
    return Violation(
        invariant=broken.invariant,
        problem=broken.problem,
        seeds=tuple(each.seed for each in outcomes),
        faults_drawn=fault_count(drawn),
        faults=fault_count(case),
        validators=sum(org["validators"] for org in case["organisations"]),
        case=_named(case, broken, first.seed),
    )


class _Attempts:
    """Says of smaller cases whether they break the same promise as a run did, as long as events are left.

    The same promise: numbers in the problem change when anything is left out. What takes many times the
    events is no smaller case, and would cost as much as all other attempts; only when the drawn case had no
    end, one without an end is the same.
    """

    def __init__(self, first: Outcome) -> None:
        self._invariant = first.broken[0].invariant
        self._smallest = first.events
        self._left = SHRINK_EVENTS_MAX

    def __call__(self, case: Case) -> bool:
        if self._left <= 0:
            return False
        limit = min(CASE_EVENTS_MAX, max(LEAST_EVENTS, SMALLER_TIMES * self._smallest))
        outcome = run_case(case, limit)
        self._left -= outcome.events
        if not outcome.broken or outcome.broken[0].invariant != self._invariant:
            return False
        if outcome.events > limit != CASE_EVENTS_MAX:
            return False
        self._smallest = min(self._smallest, outcome.events)
        return True


def _named(case: Case, broken: Broken, seed: int) -> Case:
    meta = {
        "title": f"{broken.invariant} under seed {seed}",
        "title_zh": f"种子 {seed}：{broken.invariant}",
        "why": f"Found by a swarm and shrunk. It showed: {broken.problem}",
        "tags": ["fault", "regression"],
    }
    return {**case, "meta": meta}
