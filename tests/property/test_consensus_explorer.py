"""Every state that a round at n = 4 can get into, visited once; in none of them do two replicas disagree.

With `GOVCHAIN_EXPLORE=deep` in the environment the large worlds are explored too, which takes minutes.
The bounds on the number of states are there so that no exploration becomes vacuous.
"""

from __future__ import annotations

import os

import pytest

from govchain.consensus.messages import Prepare, Proposal
from govchain.crypto import digest_of
from tests.support.consensus_world import SUITE
from tests.support.explorer import Explorer

IS_DEEP = os.environ.get("GOVCHAIN_EXPLORE") == "deep"
deep = pytest.mark.skipif(not IS_DEEP, reason="set GOVCHAIN_EXPLORE=deep; takes minutes")
STATES_MAX = 20_000_000 if IS_DEEP else 400_000
ALL = (0, 1, 2, 3)
BACKUPS = (1, 2, 3)


def digest(proposal: Proposal) -> bytes:
    return digest_of(SUITE, proposal.batch)


def test_situation_14_NC8_every_state_of_a_round_at_three_backups() -> None:
    """The primary says what it must and to all of them: 51,056 states, and every end is a decision."""
    explorer = Explorer(4, BACKUPS, ("a",))
    proposal = explorer.world.make_proposal(["a"])
    explorer.say(proposal, BACKUPS)
    explorer.say(explorer.world.commit(0, digest(proposal)), BACKUPS)
    found = explorer.explore(STATES_MAX)
    assert found.is_complete
    assert found.states > 40_000
    assert found.decided == {((digest(proposal),),) * 3}


def test_situation_14_NC8_every_state_of_a_round_with_a_silent_backup() -> None:
    """Validator 3 is down: every vote of the others is needed, whatever the order; 184 states."""
    explorer = Explorer(4, (0, 1, 2), ("a",))
    proposal = explorer.world.make_proposal(["a"])
    explorer.say(proposal, (1, 2))
    found = explorer.explore(STATES_MAX)
    assert found.is_complete
    assert found.states > 150
    assert found.decided == {((digest(proposal),),) * 3}


def test_situation_12_NC3_every_state_under_an_equivocating_primary() -> None:
    """Two proposals, and commits for both: 94,464 states. Only one batch can gather a quorum."""
    explorer = Explorer(4, BACKUPS, ("a", "b"))
    first, second = explorer.world.make_proposal(["a"]), explorer.world.make_proposal(["b"])
    explorer.say(first, (1,))
    explorer.say(second, (2, 3))
    explorer.say(explorer.world.commit(0, digest(first)), (1,))
    explorer.say(explorer.world.commit(0, digest(second)), (2,))
    found = explorer.explore(STATES_MAX)
    assert found.is_complete
    assert found.states > 40_000
    assert {value for end in found.decided for replica in end for value in replica} == {digest(second)}


def test_situation_35_VC1_every_state_when_patience_ends_at_any_moment_under_a_silent_primary() -> None:
    """Three complaints among votes for the next view: 318,070 states."""
    explorer = Explorer(4, BACKUPS, ("a",))
    explorer.let_complain(*BACKUPS)
    found = explorer.explore(STATES_MAX)
    assert found.is_complete
    assert found.states > 70_000
    assert found.views >= {0, 1}
    assert max(sum(map(len, end)) for end in found.decided) == 3, "all decide where nobody runs ahead"


def test_situation_20_37_VC1_every_state_when_one_loses_patience_in_a_round() -> None:
    """The view-change timer of validator 2 fires at each point of the round: 98,174 states."""
    explorer = Explorer(4, BACKUPS, ("a",))
    proposal = explorer.world.make_proposal(["a"])
    explorer.say(proposal, BACKUPS)
    explorer.let_complain(2)
    found = explorer.explore(STATES_MAX)
    assert found.is_complete
    assert found.states > 70_000
    assert {value for end in found.decided for replica in end for value in replica} == {digest(proposal)}


def test_situation_22_37_VC3_a_decision_at_one_replica_binds_the_next_view() -> None:
    """All prepared, and two complaints: who decides before it joins binds the next view. 132,947 states."""
    explorer = Explorer(4, BACKUPS, ("a",))
    proposal = explorer.world.make_proposal(["a"])
    explorer.say(proposal, BACKUPS)
    explorer.deliver(Proposal)
    explorer.deliver(Prepare)
    explorer.let_complain(1, 2)
    found = explorer.explore(STATES_MAX)
    assert found.is_complete
    assert found.states > 70_000
    assert found.views >= {0, 1}
    assert found.decided == {((digest(proposal),),) * 3}


@deep
def test_situation_14_NC8_every_state_of_a_round_at_all_four() -> None:
    """2,332,465 states."""
    explorer = Explorer(4, ALL, ("a",))
    proposal = explorer.world.make_proposal(["a"])
    explorer.say(proposal, BACKUPS)
    found = explorer.explore(STATES_MAX)
    assert found.is_complete
    assert found.states > 2_000_000
    assert found.decided == {((digest(proposal),),) * 4}


@deep
def test_situation_38_VC3_every_state_when_one_got_the_proposal_and_all_lose_patience() -> None:
    """591,639 states."""
    explorer = Explorer(4, BACKUPS, ("a",))
    explorer.say(explorer.world.make_proposal(["a"]), (3,))
    explorer.let_complain(*BACKUPS)
    found = explorer.explore(STATES_MAX)
    assert found.is_complete
    assert found.states > 500_000
