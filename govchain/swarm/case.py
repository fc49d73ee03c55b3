"""One run of a case in the simulator, and what it showed: violations, events, what really happened.

A run depends on its case alone. Whatever goes wrong inside is a violation, never an error of the swarm.
"""

from __future__ import annotations

import asyncio
import re
from pathlib import Path
from typing import Any, Final

import msgspec

from govchain.config import write_yaml
from govchain.scenario import LoadedScenario, Result, SimBackend, parse_scenario, run_scenario
from govchain.swarm.draw import Case, case_name, draw_case

PROGRESS: Final = "progress"
"""No invariant: everything is mended, and nothing becomes final any more, or not for everybody."""
FAILURE: Final = "failure"
"""The program itself stumbled: an assertion, an exception, a run without end."""

CASE_EVENTS_MAX: Final = 1_000_000
"""Events that no sound network needs by far."""
CHANGES: Final = ("membership", "rotate_key")
COVERAGE: Final = (
    "view_changes",
    "crashes",
    "disks_wiped",
    "disks_old",
    "disks_torn",
    "restarts",
    "pauses",
    "partitions",
    "one_way",
    "clogs",
    "delays",
    "drops",
    "duplicates",
    "reorders",
    "clock_skews",
    "byzantine",
    "silent",
    "slow",
    "equivocate",
    "huge_views",
    "censor",
    "replay",
    "mutate",
    "twins",
    "wrong_execution",
    "lying_sync",
    "memberships",
    "rotations",
)
"""What a swarm counts; what is never counted, it says."""
OF_CHANGES: Final = ("memberships", "rotations")
"""Those that a protocol without changes of the validators never has."""

_NAMES: Final = {
    "crash": "crashes",
    "restart": "restarts",
    "pause": "pauses",
    "partition": "partitions",
    "clog": "clogs",
    "delay": "delays",
    "drop": "drops",
    "duplicate": "duplicates",
    "reorder": "reorders",
    "clock_skew": "clock_skews",
    "byzantine": "byzantine",
    "membership": "memberships",
    "rotate_key": "rotations",
}
_DISKS: Final = {
    "wipe": "disks_wiped",
    "restore_old": "disks_old",
    "lose_unsynced": "disks_torn",
    "corrupt": "disks_torn",
}


class Broken(msgspec.Struct, frozen=True):
    """A promise that a run broke."""

    invariant: str
    problem: str

    @property
    def cause(self) -> tuple[str, str]:
        """Equal for what very likely has one reason: numbers and digests are left out."""
        text = re.sub(r"\b(?=[0-9a-f]*[0-9])[0-9a-f]{6,}\b", "H", self.problem)
        return self.invariant, re.sub(r"\d+(\.\d+)?", "N", text)


class Outcome(msgspec.Struct, frozen=True):
    """What one run showed."""

    seed: int
    broken: tuple[Broken, ...]
    """In the order in which results list them; the first one names the run."""
    events: int
    coverage: dict[str, int]


def load_case(case: Case) -> LoadedScenario:
    """The scenario of a case, checked like any file."""
    return parse_scenario(write_yaml(case), f"{case_name(case)}.yaml", Path())


def run_seed(seed: int, protocol_name: str) -> Outcome:
    """Draw the case of a seed and run it."""
    return run_case(draw_case(seed, protocol_name))


def run_case(case: Case, events_max: int = CASE_EVENTS_MAX) -> Outcome:
    """Run a case in the simulator, with symbolic signatures.

    Args:
        case: The case.
        events_max: A run with more events has no end, which is a find.

    Raises:
        ConfigError: It is no possible scenario.
    """
    loaded = load_case(case)
    backend = SimBackend(events_max=events_max)
    seed = int(case["seed"])
    try:
        result = asyncio.run(run_scenario(loaded, backend))
    except Exception as error:
        # Anything: an assertion of the core, a missing case, a run without end. All of them are finds.
        problem = f"{type(error).__name__} {_place(error)}: {error}".strip()
        return Outcome(seed, (Broken(FAILURE, problem),), backend.cluster.events, {})
    return Outcome(seed, tuple(_broken(result)), backend.cluster.events, _coverage(case, result))


def _place(error: BaseException) -> str:
    """Where it was raised: file and function, which do not change with every edit."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    if trace is None:
        return ""
    code = trace.tb_frame.f_code
    return f"in {Path(code.co_filename).name} {code.co_name}"


def _broken(result: Result) -> list[Broken]:
    found = [Broken(each.name, each.detail) for each in result.invariants if not each.ok]
    if found:
        # A run that broke a promise was ended at once: what it did not reach says nothing.
        return found
    return [
        Broken(PROGRESS, f"{each.name}: {each.measured}")
        for each in result.expectations
        # Whether a change goes through under faults is its organisations' affair.
        if not each.ok and not each.name.startswith(CHANGES)
    ]


def _coverage(case: Case, result: Result) -> dict[str, int]:
    """What happened, by the names of the report."""
    counted = {"view_changes": result.happened.get("view_change", 0)}
    # Timelines are in order of time, so a run that ended early had the first ones.
    entries: list[dict[str, Any]] = case["timeline"]
    for entry in entries[: len(result.faults)]:
        names = [_NAMES.get(entry["do"]), _DISKS.get(entry.get("disk", ""))]
        if entry["do"] == "partition" and entry["direction"] != "both":
            names.append("one_way")
        if entry["do"] == "byzantine":
            behaviour = entry["behaviour"]
            names.append(behaviour if isinstance(behaviour, str) else "censor")
        for name in filter(None, names):
            counted[name] = counted.get(name, 0) + 1
    return {name: count for name, count in counted.items() if count}
