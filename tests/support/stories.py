"""The six stories of the domain, played: results with the ledger that they leave."""

from __future__ import annotations

import asyncio
import functools
from dataclasses import dataclass
from pathlib import Path

from govchain.ledger import Ledger, RecordState
from govchain.scenario import LoadedScenario, Result, SimBackend, StepResult, parse_scenario, run_scenario
from tests.support.scenario_texts import PROJECT

STORIES = sorted((PROJECT / "scenarios").glob("30[1-7]-*.yaml"))


@dataclass(frozen=True, slots=True)
class Played:
    """A story that was played in the simulator."""

    loaded: LoadedScenario
    result: Result
    backend: SimBackend

    @property
    def ledger(self) -> Ledger:
        return next(iter(self.backend.cluster.running())).ledger

    def record(self, record_type: str, object_id: str) -> RecordState:
        found = self.ledger.record(record_type, object_id)
        assert found is not None, f"no {record_type} {object_id}"
        return found

    def step(self, step_id: str) -> StepResult:
        return next(step for step in self.result.steps if step.id == step_id)

    @property
    def refusals(self) -> list[tuple[str, str, str]]:
        steps = self.result.steps
        return [(step.id, step.rule, step.code) for step in steps if step.outcome in ("denied", "rejected")]


def story(number: int) -> Path:
    return next(path for path in STORIES if path.name.startswith(str(number)))


def play(path: Path, *changes: tuple[str, str], timeline: str = "") -> Played:
    """Play a story, with some of its text replaced, or with faults."""
    text = path.read_text(encoding="utf-8")
    for before, after in changes:
        assert before in text
        text = text.replace(before, after)
    if timeline:
        text = text.replace("\nexpect:\n", f"\ntimeline:\n  - {timeline}\n\nexpect:\n")
    loaded = parse_scenario(text, str(path), path.parent)
    backend = SimBackend()
    return Played(loaded, asyncio.run(run_scenario(loaded, backend)), backend)


@functools.cache
def played(number: int) -> Played:
    """A story as it is written, played once for all tests of a process."""
    return play(story(number))
