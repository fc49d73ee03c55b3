"""Gateways inside a simulation, killed at any moment of a question: one outcome, and the same records."""

from __future__ import annotations

import functools

import pytest

from govchain.scenario import StepResult
from tests.support.scenario_texts import PROJECT
from tests.support.stories import Played, play

FILE = PROJECT / "scenarios" / "045-one-question-between-departments.yaml"
DOWN_MS = 1_500


@functools.cache
def undisturbed() -> Played:
    return play(FILE)


def killed(org: str, part: float) -> Played:
    """Played with a gateway killed when that part of the question's time is over."""
    question = undisturbed().step("query")
    at_ms = round(question.at_ms + part * question.latency_ms)
    return play(FILE, timeline=f"{{at: {at_ms}ms, do: kill_gateway, org: {org}, for: {DOWN_MS}ms}}")


def told(run: Played) -> list[tuple[str, str, str, str]]:
    return [_facts(step) for step in run.result.steps]


def _facts(step: StepResult) -> tuple[str, str, str, str]:
    return step.transaction, step.outcome, step.code, step.state


@pytest.mark.parametrize(
    ("org", "part"), [("hpf", 0.1), ("hpf", 0.4), ("hpf", 0.6), ("hpf", 0.9), ("ca", 0.1), ("ca", 0.5)]
)
def test_a_gateway_killed_in_a_question_changes_nothing_but_its_time(org: str, part: float) -> None:
    run = killed(org, part)
    assert run.result.verdict == "pass"
    assert run.result.happened["kill_gateway"] == 1
    assert run.step("query").latency_ms > DOWN_MS / 2, "it really was in the middle of it"
    assert told(run) == told(undisturbed())
    assert run.result.state_root == undisturbed().result.state_root
    answers = [entry.kind for entry in run.record("exchange", "X-2026-1").timeline]
    assert answers == ["exchange.query", "exchange.answer", "exchange.confirm"]


def test_a_provider_killed_after_its_answer_is_not_missed() -> None:
    run = killed("ca", 0.9)
    assert run.step("query").latency_ms == undisturbed().step("query").latency_ms
    assert told(run) == told(undisturbed())


def test_a_gateway_that_is_down_when_it_must_correct_is_asked_again() -> None:
    at_ms = round(undisturbed().step("put-right").at_ms) - 1
    run = play(FILE, timeline=f"{{at: {at_ms}ms, do: kill_gateway, org: ca, for: {DOWN_MS}ms}}")
    assert run.result.verdict == "pass"
    assert run.step("correct").at_ms >= at_ms + DOWN_MS, "it really was down"
    assert told(run) == told(undisturbed())
    assert run.result.state_root == undisturbed().result.state_root
