"""The short cut for votes that complete nothing: it takes those, and no others."""

from __future__ import annotations

import msgspec
import pytest

from govchain.consensus import NOTHING, TimerKind
from govchain.consensus.messages import Commit, Prepare
from govchain.crypto import digest_of
from tests.support.consensus_world import SUITE, World

ME = 3
OTHER = SUITE.digest(b"other")


def world_with_a_proposal(held: tuple[str, ...] = ("a",)) -> tuple[World, bytes]:
    """Seven validators, of whom one accepted a proposal and lacks all votes on it.

    Without its transaction the proposal is only parked.
    """
    world = World(7)
    world.submit(*held, to=[ME])
    proposal = world.make_proposal(["a"])
    world.inject(ME, proposal)
    return world, digest_of(SUITE, proposal.batch)


def test_NC8_a_vote_that_completes_nothing_is_only_counted() -> None:
    world, digest = world_with_a_proposal()
    for sender in (1, 2):
        assert world.inject(ME, world.prepare(sender, digest)) is NOTHING
        assert world.inject(ME, world.commit(sender, digest)) is NOTHING
    assert world.inject(ME, world.prepare(4, digest)).send, "prepared"
    assert world.inject(ME, world.prepare(5, digest)) is NOTHING
    assert world.inject(ME, world.commit(4, digest)) is NOTHING
    assert world.inject(ME, world.commit(5, digest)).decide
    assert world.inject(ME, world.commit(6, digest)) is NOTHING
    assert NOTHING.is_empty, "one object for all: whoever writes to it speaks for everybody"


FAULTS: list[tuple[str, dict[str, object]]] = [
    ("wrong-chain", {"chain_id": OTHER}),
    ("wrong-epoch", {"epoch": 1}),
    ("unknown-validator", {"validator": 9}),
    ("own-message", {"validator": ME}),
]


@pytest.mark.parametrize(("code", "changes"), FAULTS)
@pytest.mark.parametrize("phase", ["prepare", "commit"])
def test_MS1_what_no_member_of_the_epoch_says_is_refused_by_its_rule(
    phase: str, code: str, changes: dict[str, object]
) -> None:
    world, digest = world_with_a_proposal()
    vote: Prepare | Commit = world.prepare(1, digest) if phase == "prepare" else world.commit(1, digest)
    assert world.inject(ME, msgspec.structs.replace(vote, **changes)) is not NOTHING
    assert world.rejections(ME) == [code]
    assert world.inject(ME, vote) is NOTHING, "nothing was counted in its place"


def test_NC4_the_primary_does_not_prepare() -> None:
    world, digest = world_with_a_proposal()
    world.inject(ME, world.prepare(0, digest))
    assert world.rejections(ME) == ["primary-prepare"]


@pytest.mark.parametrize("held", [("a",), ()], ids=["accepted", "parked"])
def test_EV1_a_vote_for_another_batch_is_told_to_the_others(held: tuple[str, ...]) -> None:
    """Also while the proposal waits for its transactions: nobody looks at these votes later."""
    world, digest = world_with_a_proposal(held)
    assert world.inject(ME, world.commit(1, OTHER)).send
    assert world.inject(ME, world.commit(2, digest)) is NOTHING


def test_NC3_a_second_vote_is_no_first_one() -> None:
    world, digest = world_with_a_proposal()
    assert world.inject(ME, world.commit(1, digest)) is NOTHING
    assert world.inject(ME, world.commit(1, digest)) is not NOTHING
    world.inject(ME, world.commit(1, OTHER))
    assert world.rejections(ME) == ["conflicting-vote"]


def test_VC1_during_a_view_change_no_vote_is_counted() -> None:
    world, digest = world_with_a_proposal()
    assert world.fire(ME, TimerKind.REQUEST)
    assert world.fire(ME, TimerKind.REQUEST)
    world.inject(ME, world.commit(1, digest))
    assert world.rejections(ME) == ["wrong-view"]
