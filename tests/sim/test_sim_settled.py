"""A vote that is only counted settles nothing, and going the long way with it changes nothing (NC-8)."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache

import pytest

from govchain.consensus import Output, Replica, Verified
from govchain.scenario import Result
from tests.support.scenario_texts import PROJECT, play

NOW_MS = 2**45
"""Later than all that is proposed: no proposal is refused for its time."""
SCENARIOS = ["050-validator-crashes", "120-equivocation", "131-bad-lines"]


@cache
def usual_run(name: str) -> tuple[str, Result]:
    """Text of a shipped scenario, and how it ends."""
    text = (PROJECT / "scenarios" / f"{name}.yaml").read_text(encoding="utf-8")
    return text, play(text)


@pytest.mark.parametrize("name", SCENARIOS)
def test_NC8_a_counted_vote_makes_nothing_possible(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    text, usual = usual_run(name)
    count, counted = Replica.count, []

    def settle_always(replicas: Iterable[Replica], event: Verified) -> list[int]:
        all_replicas = list(replicas)
        left = count(all_replicas, event)
        for place, replica in enumerate(all_replicas):
            if place not in left:
                counted.append(event)
                replica._settle(NOW_MS, more := Output())
                assert more.is_empty, f"{event} was taken as counted only"
        return left

    monkeypatch.setattr(Replica, "count", staticmethod(settle_always))
    assert play(text).digest == usual.digest
    assert len(counted) > 50


@pytest.mark.parametrize("name", SCENARIOS)
def test_NC8_counting_first_is_the_same_as_the_long_way(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    text, usual = usual_run(name)
    monkeypatch.setattr("govchain.consensus.replica.count_vote", lambda states, *_: list(range(len(states))))
    assert play(text) == usual
