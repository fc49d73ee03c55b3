"""When the steps of a story happen, by the story's own clock. Pure."""

from __future__ import annotations

from typing import Final

from govchain.scenario.model import Scenario

STEP_SPACING_NS: Final = 60_000_000_000
"""Time between two steps of which the later gives none."""


def step_offsets(scenario: Scenario) -> list[int]:
    """Nanoseconds after the start at which each step happens."""
    offsets: list[int] = []
    offset_ns = 0
    for step in scenario.steps:
        if not step.together:
            offset_ns = offset_ns + STEP_SPACING_NS if step.at is None else step.at
        offsets.append(offset_ns)
    return offsets


def story_end_ns(scenario: Scenario) -> int:
    """Latest time that a step of the story has; 0 for a story without steps."""
    return max(step_offsets(scenario), default=0)
