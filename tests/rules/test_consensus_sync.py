"""Far behind, a replica fetches and does not vote; then it joins the view that runs (rules CU-1, CU-4)."""

from __future__ import annotations

from govchain.codec import decode
from govchain.consensus import BlockInstalled, TimerKind
from govchain.consensus.messages import Commit, Prepare, Proposal, ViewChange
from govchain.consensus.verify import MESSAGE_KIND
from govchain.crypto import digest_of
from tests.support.consensus_world import SUITE, World, small_parameters

IN_FLIGHT = 4 * small_parameters().pipeline


def leave_behind(world: World, index: int, blocks: int) -> None:
    """The others go on while one hears nothing, and nothing of it is helped by blocks."""
    world.installs = False
    for number in range(blocks):
        world.submit(f"b{number}", to=[m.index for m in world.members if m.index != index])
        while envelopes := [envelope for envelope in world.wire if envelope.to != index]:
            world.deliver(envelopes[0])
        world.wire.clear()


def tell_height(world: World, index: int, *, by: tuple[int, ...], height: int) -> None:
    headers = world.members[0].disk.headers
    digest = digest_of(SUITE, headers[min(height, len(headers)) - 1]) if headers else SUITE.digest(b"far")
    for other in by:
        world.inject(index, world.attestation(other, digest, height=height))


def hear_all_of(world: World, index: int, other: int) -> None:
    """Everything that another one ever sent arrives now."""
    for _, output in list(world.members[other].outputs):
        for send in output.send:
            world.inject(index, decode(send.signed.body, MESSAGE_KIND))


def votes_of(world: World, index: int) -> list[object]:
    kinds = (Proposal, Prepare, Commit, ViewChange)
    return [each.message for each in world.wire if each.sender == index and isinstance(each.message, kinds)]


def test_CU4_no_vote_and_no_complaint_while_syncing_and_votes_again_after_it() -> None:
    world = World(4, parameters=small_parameters(checkpoint_interval=8))
    leave_behind(world, 3, IN_FLIGHT + 1)
    tell_height(world, 3, by=(0, 1), height=IN_FLIGHT + 1)
    world.submit("b0", "b1", "waiting", to=[3])
    hear_all_of(world, 3, 0)
    for _ in range(6):
        world.fire(3, TimerKind.REQUEST)
        world.fire(3)
    assert votes_of(world, 3) == []
    world.wire.clear()
    # One block less to go, and what is missing may be in flight: the votes count again.
    peer = world.members[0].disk
    event = BlockInstalled(peer.headers[0], peer.ids[0], peer.certificates[1])
    world.members[3].disk.certificates[1] = peer.certificates[1]
    world._install(world.members[3], peer.headers[0], peer.ids[0])
    world.handle(world.members[3], event, "installed 1")
    assert [type(vote) for vote in votes_of(world, 3)].count(Prepare) >= 1


def test_CU4_what_was_accepted_before_is_not_committed_while_syncing() -> None:
    world = World(4, parameters=small_parameters(checkpoint_interval=8))
    world.submit("a")
    for envelope in world.on_wire(Proposal):
        world.deliver(envelope)
    tell_height(world, 3, by=(1, 2), height=IN_FLIGHT + 1)
    for envelope in world.on_wire(Prepare, to=3):
        world.deliver(envelope)
    assert not any(isinstance(vote, Commit) for vote in votes_of(world, 3))


def test_CU4_what_may_be_in_flight_is_voted_on() -> None:
    world = World(4, parameters=small_parameters(checkpoint_interval=8))
    leave_behind(world, 3, IN_FLIGHT)
    tell_height(world, 3, by=(0, 1), height=IN_FLIGHT)
    world.submit("b0", to=[3])
    hear_all_of(world, 3, 0)
    assert any(isinstance(vote, Prepare) for vote in votes_of(world, 3))


def test_situation_41_CU1_CU4_one_liar_about_height_silences_nobody() -> None:
    world = World(4, parameters=small_parameters(checkpoint_interval=8))
    world.submit("a")
    world.deliver_all()
    for height in (10**6, 3, 10**9):
        tell_height(world, 3, by=(2,), height=height)
    world.submit("b")
    world.deliver_all()
    assert world.order(3)[-1:] == ["b"]


def test_situation_48_CU4_behind_by_more_than_a_window_while_views_change() -> None:
    """Three go on, then lose their primary; the one behind must come back to make a quorum again."""
    world = World(4, parameters=small_parameters())
    leave_behind(world, 3, 30)
    world.crash(0)
    world.submit("next", to=[1, 2, 3])
    world.installs = True
    world.advance(60_000)
    assert world.order(1)[-1:] == ["next"]
    assert world.order(3) == world.order(1)
    replica = world.members[3].replica
    assert replica is not None
    assert replica.status().view >= 1


def test_situation_37_VC1_CU2_blocks_and_certificates_arrive_in_the_middle_of_a_view_change() -> None:
    """Whenever a block comes, before, during or after the change of views, all end alike."""
    for moment in range(12):
        world = World(4, parameters=small_parameters())
        leave_behind(world, 3, 3)
        world.crash(0)
        world.submit("next", to=[1, 2, 3])
        for step in range(12):
            if step == moment:
                world.catch_up(world.members[3], world.members[1])
            for index in (1, 2, 3):
                world.fire(index, TimerKind.REQUEST)
            if world.wire:
                world.deliver(world.wire[0])
        world.installs = True
        world.advance(60_000)
        assert world.order(1)[-1:] == ["next"]
        assert world.order(3) == world.order(2) == world.order(1)
