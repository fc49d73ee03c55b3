"""Whatever storm rages and whoever lies in it: counting a vote first is the same as the long way (NC-8)."""

from __future__ import annotations

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from govchain.consensus import Output
from tests.property.test_consensus_evidence import TraitorStorm

STEPS = 300


def outputs(n: int, seed: int, loss: float, *, counts_first: bool) -> list[list[tuple[str, Output]]]:
    """What each validator was told and did, in order."""
    with pytest.MonkeyPatch.context() as patch:
        if not counts_first:
            patch.setattr(
                "govchain.consensus.replica.count_vote", lambda states, *_: list(range(len(states)))
            )
        storm = TraitorStorm(n, seed, loss=loss, traitor=seed % n)
        storm.rage(STEPS)
        storm.heal(0)
    return [member.outputs for member in storm.world.members]


@settings(max_examples=6, deadline=None)
@given(n=st.integers(4, 7), seed=st.integers(0, 2**32), loss=st.sampled_from([0.0, 0.1, 0.4]))
@example(n=7, seed=0, loss=0.1)
@example(n=4, seed=2, loss=0.1)
def test_NC8_EV1_counting_first_changes_nothing_under_lies(n: int, seed: int, loss: float) -> None:
    short, long = (outputs(n, seed, loss, counts_first=first) for first in (True, False))
    assert short == long
