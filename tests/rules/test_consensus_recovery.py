"""Restarts: own votes come back, the same bytes are sent again, and never others."""

from __future__ import annotations

import msgspec
import pytest

from govchain.codec import encode
from govchain.consensus import LogEntry, Replica, RestoredState, SignedMessage
from govchain.consensus.healing import QUESTIONS_MAX
from govchain.consensus.messages import Progress
from govchain.crypto import digest_of
from govchain.errors import StorageFailure
from govchain.model.votes import Commit, Prepare, Proposal
from tests.support.consensus_world import (
    GENESIS_MS,
    SIGNERS,
    SUITE,
    BodiesWanted,
    World,
    small_parameters,
)


def votes_of(world: World, index: int) -> list[bytes]:
    """Bodies of the votes and proposals that a validator has on the wire to the next one."""
    to = (index + 1) % len(world.members)
    kinds = (Proposal, Prepare, Commit)
    return [e.payload.body for kind in kinds for e in world.on_wire(kind, sender=index, to=to)]


def is_signed_by(index: int, signed: SignedMessage) -> bool:
    return SIGNERS[index].sign(signed.body) == signed.signature


@pytest.mark.parametrize("stop_after", [Proposal, Prepare, Commit])
@pytest.mark.parametrize("index", [0, 3])
def test_RC1_a_restart_sends_the_same_bytes_again(stop_after: type, index: int) -> None:
    world = World(4, executes=False)
    world.submit("a", "b")
    for kind in (Proposal, Prepare, Commit):
        for envelope in world.on_wire(kind):
            world.wire.remove(envelope)
            world.receive(envelope)
        if kind is stop_after:
            break
    logged = [entry.signed for entry in world.members[index].disk.log.values()]
    own = [signed.body for signed in logged if is_signed_by(index, signed)]
    world.crash(index)
    world.wire = [envelope for envelope in world.wire if envelope.sender != index]
    world.restart(index)
    assert votes_of(world, index) == own
    for _ in range(4):
        world.deliver_all()
        for member in world.members:
            world.execute(member.index)
            world.fire(member.index)
    assert [world.order(i) for i in range(4)] == [["a", "b"]] * 4


def test_RC1_a_restarted_backup_never_prepares_another_proposal() -> None:
    world = World(4)
    world.submit("a", "b", to=[3])
    world.inject(3, world.make_proposal(["a"]))
    world.crash(3)
    world.wire.clear()
    world.restart(3)
    world.submit("a", "b", to=[3])
    world.inject(3, world.make_proposal(["b"]))
    assert world.rejections(3) == ["equivocation"]
    digests = {e.message.digest for e in world.on_wire(Prepare, sender=3) if isinstance(e.message, Prepare)}
    assert digests == {digest_of(SUITE, world.make_proposal(["a"]).batch)}


def test_RC1_a_restarted_primary_continues_its_proposals() -> None:
    world = World(4, parameters=small_parameters())
    world.submit("a")
    world.crash(0)
    world.wire.clear()
    world.restart(0)
    world.now_ms += 60_000
    world.submit("b")
    world.deliver_all()
    assert world.order(3) == ["a", "b"]


def test_RC1_a_single_validator_decides_what_it_had_committed_before_a_crash() -> None:
    world = World(1, executes=False)
    world.submit("a")
    world.crash(0)
    world.restart(0)
    world.execute(0)
    assert world.order(0) == ["a"]
    assert list(world.members[0].disk.certificates) == [1]


def test_RC1_bodies_that_were_lost_are_fetched_before_the_decision() -> None:
    world = World(4)
    world.submit("a")
    for kind in (Proposal, Prepare):
        for envelope in world.on_wire(kind):
            world.deliver(envelope)
    world.crash(3)
    world.restart(3, keeps_bodies=False)
    for envelope in [e for e in world.wire if not isinstance(e.payload, BodiesWanted)]:
        world.deliver(envelope)
    for index in (0, 1, 2):
        world.fire(index)
    while envelopes := [e for e in world.wire if not isinstance(e.payload, BodiesWanted)]:
        world.deliver(envelopes[0])
    assert world.order(3) == [], "committed, but it does not hold what it would execute"
    (wanted,) = world.on_wire(BodiesWanted, sender=3)
    world.receive(wanted)
    world.deliver_all()
    assert world.order(3) == ["a"]


def test_situation_18_a_transaction_is_not_ordered_again_after_a_restart() -> None:
    world = World(4)
    world.submit("a")
    world.deliver_all()
    for index in range(4):
        world.crash(index)
        world.restart(index)
    world.deliver_all()
    world.submit("a", "b")
    world.deliver_all()
    assert world.order(2) == ["a", "b"]


def test_situation_47_everybody_restarts_at_once_in_mid_round() -> None:
    for kinds in ((), (Proposal,), (Proposal, Prepare), (Proposal, Prepare, Commit)):
        world = World(4)
        world.submit("a")
        for kind in kinds:
            for envelope in world.on_wire(kind):
                world.deliver(envelope)
        for index in range(4):
            world.crash(index)
        for index in range(4):
            world.restart(index)
        for _ in range(3):
            world.deliver_all()
            for index in range(4):
                world.fire(index)
        assert [world.order(index) for index in range(4)] == [["a"]] * 4
        assert [world.replica(index).status().stall for index in range(4)] == [""] * 4


def test_RC1_votes_of_uncertified_heights_survive_for_those_who_still_need_them() -> None:
    """Validator 1 decides and restarts before validator 0 has its commit: at n = 2 nobody else can help."""
    world = World(2)
    world.submit("a")
    while envelopes := [e for e in world.wire if not (e.to == 0 and isinstance(e.message, Commit))]:
        world.deliver(envelopes[0])
    assert world.order(1) == ["a"]
    world.crash(1)
    world.wire.clear()
    world.restart(1)
    world.wire.clear()
    for _ in range(3):
        for index in (0, 1):
            world.fire(index)
        world.deliver_all()
    assert world.order(0) == ["a"]
    assert list(world.members[0].disk.certificates) == [1]


def test_RC4_a_restart_asks_for_what_it_missed() -> None:
    world = World(4)
    world.submit("a")
    world.deliver_all()
    world.crash(3)
    world.restart(3)
    assert world.on_wire(Progress, sender=3)
    world.deliver_all()
    assert world.replica(3).status().stall == ""


def test_RC4_the_question_after_a_restart_is_repeated_until_a_quorum_was_heard() -> None:
    world = World(4)
    world.crash(3)
    world.submit("a", to=[0, 1, 2])
    world.deliver_all()
    world.restart(3)
    world.wire.clear()  # It wakes before its connections stand, and the others have nothing to say.
    assert world.fire(3)
    assert world.on_wire(Progress, sender=3)
    for envelope in world.on_wire(Progress, sender=3):
        world.deliver(envelope)
    for _ in range(3):
        world.deliver_all()
        world.fire(3)
    assert world.order(3) == ["a"]
    assert world.replica(3).status().stall == ""
    while world.fire(3):
        world.deliver_all()
    assert not world.on_wire(Progress, sender=3), "it was answered"


def test_RC4_the_question_after_a_restart_ends_when_nobody_answers() -> None:
    world = World(4)
    world.crash(3)
    world.restart(3)
    world.wire.clear()
    while world.fire(3):
        pass
    assert len(world.on_wire(Progress, sender=3, to=0)) == QUESTIONS_MAX


def restored_log(world: World, index: int) -> list[LogEntry]:
    world.submit("a")
    for kind in (Proposal, Prepare):
        for envelope in world.on_wire(kind):
            world.deliver(envelope)
    return list(world.members[index].disk.log.values())


def wake(world: World, index: int, entries: list[LogEntry]) -> Replica:
    restored = RestoredState(head=None, head_batch_digest=world.chain_id, entries=tuple(entries))
    return Replica(world.genesis, SUITE, SIGNERS[index], restored=restored)


def test_RC3_an_intact_log_in_any_order_is_accepted() -> None:
    world = World(4)
    entries = restored_log(world, 3)
    assert [entry.phase for entry in entries] == ["proposal", "prepare", "prepared", "commit"]
    replica = wake(world, 3, entries[::-1])
    assert replica.start(GENESIS_MS).send
    assert replica.status().in_flight == 1


def test_RC3_a_damaged_log_refuses_to_vote() -> None:
    world = World(4)
    proposal, prepare, prepared, commit = restored_log(world, 3)
    flipped = SignedMessage(prepare.signed.body, bytes(64))
    other_vote = encode(world.prepare(3, SUITE.digest(b"other")))
    other = SignedMessage(other_vote, SIGNERS[3].sign(other_vote))
    foreign_vote = encode(world.prepare(2, digest_of(SUITE, world.make_proposal(["a"]).batch)))
    foreign = SignedMessage(foreign_vote, SIGNERS[2].sign(foreign_vote))
    for entries in (
        [prepare, commit],
        [prepared],
        [proposal, msgspec.structs.replace(prepared, signed=flipped)],
        [proposal, msgspec.structs.replace(prepared, signed=SignedMessage(encode(()), b""))],
        [msgspec.structs.replace(proposal, view=1)],
        [proposal, msgspec.structs.replace(prepare, signed=flipped)],
        [proposal, msgspec.structs.replace(prepare, signed=other)],
        [proposal, msgspec.structs.replace(prepare, signed=foreign)],
        [proposal, msgspec.structs.replace(commit, phase="prepare")],
        [proposal, msgspec.structs.replace(prepare, seq=2)],
        [msgspec.structs.replace(proposal, phase="unknown")],
        [msgspec.structs.replace(proposal, seq=10**6)],
    ):
        with pytest.raises(StorageFailure, match="vote log"):
            wake(world, 3, entries)
