"""Situations of docs/situations.md that no other file of rules names: faults that meet honest timing."""

from __future__ import annotations

from govchain.consensus import Commit, Prepare, Proposal
from govchain.crypto import digest_of
from tests.support.consensus_world import SUITE, World, small_parameters


def deliver(world: World, kind: type, *, to: int | None = None, sender: int | None = None) -> None:
    for envelope in world.on_wire(kind, to=to, sender=sender):
        world.deliver(envelope)


def test_situation_21_NC4_a_commit_waits_for_every_batch_below_it() -> None:
    """Were seq 2 committed above an unprepared seq 1, a view change could cut both off."""
    world = World(4, parameters=small_parameters())
    world.submit("a")
    world.submit("b", "c", "d")
    first, second = (e.message for e in world.on_wire(Proposal, to=1) if isinstance(e.message, Proposal))
    deliver(world, Proposal, to=3)
    for sender in (1, 2):
        world.inject(3, world.prepare(sender, digest_of(SUITE, second.batch), seq=2))
    assert world.on_wire(Commit, sender=3) == []
    world.inject(3, world.prepare(1, digest_of(SUITE, first.batch), seq=1))
    sent = [e.message.seq for e in world.on_wire(Commit, sender=3, to=0) if isinstance(e.message, Commit)]
    assert sent == [1, 2]
    assert world.on_wire(Prepare, sender=3) != []
