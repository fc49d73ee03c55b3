"""Each way to cheat really happens, and as many as may be faulty split nobody and stop nobody for good."""

from __future__ import annotations

import asyncio
from collections import Counter

import pytest

from govchain.scenario import Result, SimBackend, parse_scenario, run_scenario
from tests.support.scenario_texts import PROJECT, play

WORLD = """\
govchain: 1
meta: {title: Traitors}
organisations:
  - {id: evp, code: 91990100MA0XX00Y57, name: Platform, roles: [evidence-platform], validators: 4}
network: {latency: {fixed: 30ms}}
protocol: {view_timeout: 500ms, checkpoint: 4}
stop: {at: 30s}
workload: [{org: evp, rate: {closed_loop: 1}, to: 4s}]
expect: {liveness: [{finalised: ">= 8"}, {within: 8s, after: heal_all}], happened: [{lie: ">= 1"}]}
timeline:
"""
LIES_MIN = {
    "equivocate": 30,
    "huge_views": 30,
    "{censor: evp}": 5,
    "replay": 100,
    "mutate": 100,
    "twins": 30,
    "wrong_execution": 30,
}
"""Behaviour to how many frames are false at least: a traitor that never lies proves nothing."""
FALLING_BEHIND = """\
  - {every: {mean: 900ms}, times: 6, do: crash, target: validator-2, disk: wipe, for: 900ms}
"""
"""Somebody must miss more than a checkpoint interval: votes sent again would be the cheaper cure."""


def betrayal(target: str, behaviour: str) -> str:
    return f"  - {{at: 10ms, do: byzantine, target: {target}, behaviour: {behaviour}, for: 3s}}\n"


def kept(result: Result) -> None:
    assert [each for each in (*result.expectations, *result.invariants) if not each.ok] == []


@pytest.mark.parametrize("target", ["validator-0", "validator-3"])
@pytest.mark.parametrize("behaviour", LIES_MIN)
def test_one_traitor_of_four_splits_nobody(behaviour: str, target: str) -> None:
    result = play(WORLD + betrayal(target, behaviour))
    assert result.happened["lie"] >= LIES_MIN[behaviour]
    kept(result)


@pytest.mark.parametrize("seed", [1, 2])
def test_situation_40_a_liar_about_blocks_is_found_out_and_others_are_asked(seed: int) -> None:
    # Validator 1 is the one that validator 2 asks first.
    text = WORLD.replace("to: 4s", "to: 12s") + betrayal("validator-1", "lying_sync")
    result = play(text.replace("for: 3s", "for: 11s") + FALLING_BEHIND, seed=seed)
    assert result.happened["lie"] >= 3
    kept(result)


@pytest.mark.parametrize("other", LIES_MIN)
def test_two_traitors_of_seven_split_nobody(other: str) -> None:
    text = WORLD.replace("validators: 4", "validators: 7") + betrayal("validator-0", "equivocate")
    kept(play(text + betrayal("validator-1", other)))


def test_situation_45_a_twin_votes_and_executes_beside_its_original() -> None:
    kinds: Counter[tuple[int, str]] = Counter()
    backend = SimBackend(lambda event: kinds.update([(event.node, event.kind)]))
    loaded = parse_scenario(WORLD + betrayal("validator-1", "twins"), "twins.yaml", PROJECT)
    kept(asyncio.run(run_scenario(loaded, backend)))
    for kind in ("persist", "execute", "final"):
        assert kinds[1, f"twin-{kind}"] > 10
        assert kinds[1, kind] > 10
    assert not any(kind.startswith("twin-") for node, kind in kinds if node != 1)


def test_lies_are_drawn_from_the_seed() -> None:
    text = WORLD + betrayal("primary", "mutate") + betrayal("primary", "replay").replace("10ms", "2s")
    one, same, other = (play(text, seed=seed).digest for seed in (1, 1, 2))
    assert one == same
    assert one != other


def test_a_traitor_that_had_nothing_to_lie_about_fails_the_scenario() -> None:
    result = play(WORLD + betrayal("one", "lying_sync"))
    (failed,) = [each for each in result.expectations if not each.ok]
    assert (failed.name, failed.measured) == ("happened lie", "0")
