"""The sign-state guard: nothing is signed otherwise than before, whatever the store forgot (rule RC-2)."""

from __future__ import annotations

import msgspec
import pytest

from govchain.codec import encode
from govchain.consensus import LogEntry, SignedMessage, TimerKind
from govchain.consensus.guard import SignGuard
from govchain.consensus.messages import (
    CertifiedHeader,
    Commit,
    ConsensusMessage,
    NewView,
    Prepare,
    Progress,
    Proposal,
    ViewChange,
)
from govchain.consensus.output import VIEW_ENTRY_SEQ
from govchain.errors import StorageFailure
from govchain.model import Attestation
from tests.rules.test_consensus_view_change import complain, deliver, finish
from tests.support.consensus_world import SIGNERS, SPARE_SIGNERS, SUITE, World, small_parameters

ME = 3
VOTES = (Proposal, Prepare, Commit, ViewChange, NewView)


def signed(message: ConsensusMessage) -> SignedMessage:
    body = encode(message)
    return SignedMessage(body, SIGNERS[message.validator].sign(body))


def entry(message: ConsensusMessage) -> LogEntry:
    match message:
        case Proposal() | Prepare() | Commit():
            return LogEntry(message.seq, type(message).__name__.lower(), message.view, signed(message))
        case ViewChange():
            return LogEntry(VIEW_ENTRY_SEQ, "view-change", 0, signed(message))
        case _:
            return LogEntry(VIEW_ENTRY_SEQ, "new-view", 0, signed(message))


def admit(guard: SignGuard, *messages: ConsensusMessage, certified: int = 0, index: int = ME) -> list[bytes]:
    return guard.admit([entry(message) for message in messages], index=index, certified=certified)


# What the guard admits.


def test_RC2_the_same_bytes_pass_again_and_a_second_different_vote_does_not() -> None:
    world = World(4)
    world.submit("a", "b", to=[ME])
    first, other = SUITE.digest(b"first"), SUITE.digest(b"other")
    for make in (world.prepare, world.commit):
        guard = SignGuard(SUITE)
        assert len(admit(guard, make(ME, first, seq=1, view=2))) == 1
        assert admit(guard, make(ME, first, seq=1, view=2)) == [], "known"
        with pytest.raises(StorageFailure, match=r"RC-2.*something else was signed there before"):
            admit(guard, make(ME, other, seq=1, view=2))
    guard = SignGuard(SUITE)
    admit(guard, world.make_proposal(["a"]), index=0)
    with pytest.raises(StorageFailure, match="proposal at seq 1 of view 0"):
        admit(guard, world.make_proposal(["b"]), index=0)


def test_RC2_a_lower_view_than_the_promised_one_gets_no_new_vote() -> None:
    world, digest = World(4), SUITE.digest(b"batch")
    guard = SignGuard(SUITE)
    admit(guard, world.view_change(ME, 3))
    for message in (
        world.prepare(ME, digest, view=2),
        world.commit(ME, digest, view=2),
        world.view_change(ME, 2),
        NewView(world.chain_id, 0, ME, 2, (), ()),
    ):
        with pytest.raises(StorageFailure, match="view 3 was promised"):
            admit(guard, message)
    assert admit(guard, world.prepare(ME, digest, view=3))
    with pytest.raises(StorageFailure, match="view 3 was promised"):
        admit(guard, world.prepare(ME, digest, seq=2, view=2))


def test_RC2_a_second_view_change_or_new_view_of_one_view_is_refused() -> None:
    world = World(4)
    guard = SignGuard(SUITE)
    admit(guard, world.view_change(ME, 3))
    assert admit(guard, world.view_change(ME, 3)) == []
    base = world_base(world)
    with pytest.raises(StorageFailure, match="something else"):
        admit(guard, world.view_change(ME, 3, base=base))
    admit(guard, NewView(world.chain_id, 0, ME, 3, (), ()))
    with pytest.raises(StorageFailure, match=r"new-view .*something else"):
        admit(guard, NewView(world.chain_id, 0, ME, 3, (signed(world.view_change(ME, 3)),), ()))


def world_base(world: World) -> CertifiedHeader | None:
    """A certified header of height 1."""
    world.submit("a")
    world.deliver_all()
    return world.replica(ME)._state.base


def test_RC2_a_view_change_that_hides_a_commit_is_refused() -> None:
    world = World(4)
    base = world_base(world)
    digest = SUITE.digest(b"batch")
    guard = SignGuard(SUITE)
    admit(guard, world.prepare(ME, digest), world.commit(ME, digest))
    with pytest.raises(StorageFailure, match="hides the commit at seq 1 of view 0"):
        admit(guard, world.view_change(ME, 1))
    assert admit(guard, world.view_change(ME, 1, base=base))
    guard = SignGuard(SUITE)
    admit(guard, world.commit(ME, digest, seq=2))
    with pytest.raises(StorageFailure, match="hides the commit at seq 2"):
        admit(guard, world.view_change(ME, 1, base=base))


def test_RC2_what_a_view_change_shows_in_a_lower_view_than_the_commit_hides_it() -> None:
    world = World(4)
    shown = world.prepared(world.make_proposal(["a"]), [1, 2])
    digest = SUITE.digest(b"batch")
    guard = SignGuard(SUITE)
    admit(guard, world.commit(ME, digest))
    assert admit(guard, world.view_change(ME, 5, prepared=(shown,)))
    guard = SignGuard(SUITE)
    admit(guard, world.commit(ME, digest, view=4))
    with pytest.raises(StorageFailure, match="hides the commit at seq 1 of view 4"):
        admit(guard, world.view_change(ME, 5, prepared=(shown,)))


def test_RC2_messages_of_others_are_passed_over() -> None:
    world, digest = World(4), SUITE.digest(b"batch")
    proof = LogEntry(1, "prepared", 0, SignedMessage(encode(()), b""))
    others = [entry(world.prepare(1, digest)), entry(world.make_proposal(["a"])), proof]
    assert SignGuard(SUITE).admit(others, index=ME, certified=0) == []


def test_RC2_records_make_the_same_guard_again_and_stay_few() -> None:
    world, digest = World(4), SUITE.digest(b"batch")
    guard, records = SignGuard(SUITE), []
    for seq in range(1, 200):
        for make in (world.prepare, world.commit):
            records += admit(guard, make(ME, digest, seq=seq, view=seq // 50), certified=max(0, seq - 3))
    assert len(records) == 398
    kept = guard.records()
    assert len(kept) < 12
    for again in (SignGuard(SUITE, records), SignGuard(SUITE, kept)):
        assert (again.highest, again.certified, again.promised) == (199, 196, (0, 3))
        assert again.records() == kept
        with pytest.raises(StorageFailure, match="something else"):
            admit(again, world.commit(ME, SUITE.digest(b"other"), seq=198, view=3))
        with pytest.raises(StorageFailure, match="hides the commit at seq 197"):
            admit(again, world.view_change(ME, 4))


def test_RC2_a_certified_height_alone_tells_that_a_store_is_old() -> None:
    """No vote is above it, so nothing else tells."""
    guard = SignGuard(SUITE)
    guard = SignGuard(SUITE, guard.adopt([], index=ME, certified=6))
    assert guard.find_gap([], epoch=0, certified=6) == ""
    assert guard.find_gap([], epoch=0, certified=5) == (
        "height 6 was certified here, and the store knows none above 5"
    )


def test_RC3_a_damaged_record_refuses_to_vote() -> None:
    with pytest.raises(StorageFailure, match="guard"):
        SignGuard(SUITE, [b"\xc1"])


# What a replica does whose store forgot.


def grow(world: World, count: int = 1, *, to: list[int] | None = None) -> None:
    for _ in range(count):
        world.submit(f"t{len(world.names)}", to=to)
        world.settle()


def lose_disk(world: World, index: int) -> None:
    world.crash(index)
    world.replace_disk(index)


def test_situation_45_RC2_an_old_disk_is_silent_until_the_chain_has_passed_what_it_signed() -> None:
    world = World(4)
    grow(world, 2)
    old = world.members[ME].disk.copy()
    world.submit("x")
    for kind in (Proposal, Prepare):
        deliver(world, kind)
    assert world.on_wire(Commit, sender=ME), "it has voted at seq 3"
    world.crash(ME)
    world.replace_disk(ME, old)
    world.wire = [envelope for envelope in world.wire if envelope.sender != ME]
    world.restart(ME)
    assert own_votes(world) == []
    assert world.replica(ME).status().silent_to == 3
    stall = world.replica(ME).status().stall
    assert stall.startswith("not voting until height 3 is certified here (now 2): the store lacks the")
    finish(world, 4)
    assert len(world.order(ME)) == 3
    assert world.replica(ME).status().silent_to == 0
    world.submit("y")
    deliver(world, Proposal)
    assert world.on_wire(Prepare, sender=ME), "it votes again"
    world.settle()
    assert world.order(ME) == world.order(0)


def test_situation_45_RC2_an_old_vote_log_sends_nothing_again() -> None:
    world = World(4)
    world.submit("a")
    deliver(world, Proposal)
    old = world.members[ME].disk.copy()
    assert old.log
    deliver(world, Prepare)
    world.crash(ME)
    world.replace_disk(ME, old)
    world.wire.clear()
    world.restart(ME)
    assert own_votes(world) == []
    assert world.on_wire(Progress, sender=ME), "it asks for what it missed"


def test_situation_46_RC2_a_wiped_disk_rejoins_by_blocks_and_votes_again() -> None:
    world = World(4, parameters=small_parameters())
    grow(world, 9)
    lose_disk(world, ME)
    world.restart(ME)
    assert world.replica(ME).status().silent_to == 9
    finish(world, 6)
    assert world.order(ME) == world.order(0)
    assert world.replica(ME).status().silent_to == 0
    world.crash(0)
    grow(world)
    finish(world)
    assert len(world.order(ME)) == 10, "of the three that are left each is needed"


def test_situation_46_RC2_more_disks_than_may_be_faulty_rejoin_when_nothing_was_in_flight() -> None:
    world = World(4)
    grow(world, 3)
    for index in (2, 3):
        lose_disk(world, index)
    for index in (2, 3):
        world.restart(index)
    finish(world, 6)
    grow(world)
    finish(world, 4)
    assert [len(world.order(index)) for index in range(4)] == [4] * 4


def test_situation_46_RC2_more_disks_than_may_be_faulty_with_votes_in_flight_are_refused() -> None:
    world = World(4)
    grow(world, 2)
    world.submit("x")
    for kind in (Proposal, Prepare):
        deliver(world, kind)
    for index in (2, 3):
        lose_disk(world, index)
    world.wire.clear()  # Whoever has decided already is not heard of.
    for index in (2, 3):
        world.restart(index)
    finish(world)
    assert [len(world.order(index)) for index in range(4)] == [2] * 4, "nobody guesses"
    for index in (2, 3):
        assert "not voting until height 3 is certified here" in world.replica(index).status().stall
    for index in (0, 1):
        assert "missing validator-2, validator-3" in world.replica(index).status().stall


def test_situation_46_RC2_all_disks_wiped_do_not_begin_a_second_history() -> None:
    world = World(4)
    grow(world, 3)
    for index in range(4):
        lose_disk(world, index)
    for index in range(4):
        world.restart(index)
    world.submit("other")
    finish(world)
    assert [world.order(index) for index in range(4)] == [[]] * 4
    assert (
        "not voting until height 3 is certified here (now 0): height 2 was certified"
        in world.replica(0).status().stall
    )


def test_RC2_a_single_validator_that_lost_its_disk_does_not_begin_again() -> None:
    world = World(1)
    grow(world, 2)
    lose_disk(world, 0)
    world.restart(0)
    grow(world)
    assert world.order(0) == []


def test_RC2_a_silent_validator_follows_and_votes_on_what_lies_above() -> None:
    world = World(4)
    world.submit("a")
    for kind in (Proposal, Prepare):
        deliver(world, kind)
    lose_disk(world, ME)
    world.restart(ME)
    deliver(world, Progress, sender=ME)
    world.submit("b")
    world.fire(0, TimerKind.BATCH_AGE)
    while envelopes := [e for e in world.wire if not isinstance(e.message, Attestation)]:
        world.deliver(envelopes[0])
    assert world.order(ME) == ["a"], "it decides what others voted for"
    assert world.replica(ME).status().silent_to == 1
    assert own_votes(world) == [], "but says nothing"
    deliver(world, Attestation, to=ME)
    assert world.replica(ME).status().silent_to == 0
    assert own_votes(world) == ["prepare 2", "commit 2"]


def own_votes(world: World) -> list[str]:
    """Votes that validator 3 sent since it woke up."""
    outputs = world.members[ME].outputs
    woken = max(number for number, (cause, _) in enumerate(outputs) if cause == "start")
    sent = [world.decode(send.signed) for _, output in outputs[woken:] for send in output.send]
    return [world.describe_message(each) for each in sent if isinstance(each, VOTES)]


def test_RC2_a_primary_that_forgot_its_new_view_does_not_make_another() -> None:
    world = World(4)
    world.crash(0)
    world.submit("a", to=[1, 2, 3])
    complain(world, 1, 2, 3)
    deliver(world, ViewChange, to=1, sender=2)
    deliver(world, ViewChange, to=1, sender=3)
    assert world.on_wire(NewView, sender=1)
    lose_disk(world, 1)
    world.wire = [each for each in world.wire if each.sender != 1]
    world.restart(0)
    complain(world, 0)
    world.restart(1)
    for _ in range(3):
        for index in (0, 2, 3):
            world.fire(index)
        for envelope in world.on_wire(ViewChange, to=1):
            world.deliver(envelope)
    assert not world.on_wire(NewView, sender=1)
    finish(world)
    assert [world.order(index) for index in range(4)] == [["a"]] * 4
    assert len({world.replica(index).status().view for index in (0, 2, 3)}) == 1


def test_RC2_a_forgotten_view_change_is_replaced_by_the_next_when_others_wait() -> None:
    world = World(4)
    grow(world)
    world.submit("x", to=[ME])
    complain(world, ME)
    world.fire(ME, TimerKind.REQUEST)
    assert world.replica(ME)._state.target == 1
    lose_disk(world, ME)
    world.wire.clear()
    world.restart(ME)
    finish(world, 3)
    assert world.replica(ME).status().silent_to == 0
    assert world.replica(ME)._state.target == 1, "no vote in view 0, whatever it forgot"
    world.crash(0)
    world.submit("y", to=[1, 2, 3])
    finish(world, 80)
    assert [world.order(index)[-1] for index in (1, 2, 3)] == ["y"] * 3


def test_RC2_power_fails_between_store_and_guard() -> None:
    world = World(4)
    world.submit("a")
    deliver(world, Proposal)
    member = world.members[ME]
    member.guard.clear()
    world.crash(ME)
    world.restart(ME)
    assert not world.replica(ME).forgot
    assert member.guard, "what the log holds is promised before it leaves"
    world.settle()
    assert world.order(ME) == ["a"]


def test_RC2_a_log_that_holds_other_votes_than_the_guard_counts_as_forgotten() -> None:
    world = World(4)
    world.submit("a")
    deliver(world, Proposal)
    member = world.members[ME]
    world.crash(ME)
    world.replace_disk(ME, member.disk)
    member.guard = admit(SignGuard(SUITE), world.prepare(ME, SUITE.digest(b"other")))
    world.restart(ME)
    assert world.replica(ME).forgot == "the store lacks the prepare at seq 1 of view 0"


def test_RC2_power_fails_between_store_and_guard_in_a_view_change() -> None:
    world = World(4)
    world.submit("a")
    for kind in (Proposal, Prepare):
        deliver(world, kind)
    before = list(world.members[ME].guard)
    complain(world, ME)
    assert len(world.members[ME].guard) == len(before) + 1
    world.members[ME].guard = list(before)
    world.crash(ME)
    world.restart(ME)
    assert not world.replica(ME).forgot
    assert len(world.members[ME].guard) == len(before) + 1


def test_situation_45_RC2_an_old_disk_that_forgot_a_promised_view_votes_in_no_lower_one() -> None:
    world = World(4)
    grow(world)
    old = world.members[ME].disk.copy()
    world.submit("x", to=[ME])
    complain(world, ME)
    world.crash(ME)
    world.replace_disk(ME, old)
    world.restart(ME)
    (note,) = [note for note in world.members[ME].notes if note.event == "silenced"]
    assert dict(note.facts)["reason"] == "view 1 was promised, and the store knows none above 0"
    world.wire.clear()
    world.submit("y", to=[0, 1, 2])
    world.settle()
    assert own_votes(world) == []
    assert [len(world.order(index)) for index in range(4)] == [2, 2, 2, 1]


def test_situation_45_RC2_disk_and_guard_both_old_are_noticed_by_an_own_vote_in_a_certificate() -> None:
    world = World(4, parameters=small_parameters())
    fall_silent_by_certificate(world)
    status = world.replica(ME).status()
    assert world.order(ME) == world.order(0)
    assert status.silent_to == 6 + world.replica(ME)._state.in_flight_max
    assert "height 3 holds a vote of this validator that it does not know" in status.stall
    grow(world, world.replica(ME)._state.in_flight_max)
    assert world.replica(ME).status().silent_to == 0
    assert world.order(ME) == world.order(0)


def test_situation_45_RC2_a_silence_that_only_a_certificate_told_of_outlives_a_restart() -> None:
    """Store and guard agree by then, and neither knows what was signed before both were old."""
    world = World(4, parameters=small_parameters())
    fall_silent_by_certificate(world)
    until = world.replica(ME).status().silent_to
    assert until > len(world.members[ME].disk.headers)
    world.crash(ME)
    world.restart(ME)
    assert world.replica(ME).status().silent_to == until
    finish(world, 6)
    assert own_votes(world) == []
    assert f"votes up to height {until} may have been lost" in world.replica(ME).forgot
    grow(world, until)
    assert world.replica(ME).status().silent_to == 0
    assert own_votes(world)
    world.crash(ME)
    world.restart(ME)
    assert not world.replica(ME).forgot, "it is over"


def fall_silent_by_certificate(world: World) -> None:
    """Disk and guard of a validator are brought back as they were four blocks ago."""
    grow(world, 2)
    disk, guard = world.members[ME].disk.copy(), list(world.members[ME].guard)
    world.crash(0)  # Of the three that are left every certificate needs the vote of 3.
    grow(world, 1)
    finish(world)
    grow(world, 3)
    world.restart(0)
    finish(world)
    world.crash(ME)
    world.replace_disk(ME, disk)
    world.members[ME].guard = guard
    world.restart(ME)
    assert not world.replica(ME).forgot, "store and guard agree"
    finish(world, 6)


# The guard and the next epoch.


def to_epoch(world: World, height: int) -> None:
    """Blocks until everybody who is up has passed the checkpoint that installs the next validators."""
    while len(world.members[0].disk.headers) < height:
        grow(world)
    world.advance(1_000)
    assert world.replica(0).validators.epoch == 1


@pytest.mark.parametrize("is_rotated", [False, True])
def test_situation_45_55_RC2_MB2_who_is_silent_stays_so_in_the_next_epoch(is_rotated: bool) -> None:
    """What it forgot lies below a height, whoever votes beside it and with whichever key it signs by then."""
    world = World(4, parameters=small_parameters())
    members = list(world.validators.members)
    if is_rotated:
        members[ME] = msgspec.structs.replace(members[ME], public_key=SPARE_SIGNERS[ME].public_key)
    else:
        members[0], members[1] = members[1], members[0]
    world.plan(8, members)
    fall_silent_by_certificate(world)
    assert world.replica(ME).status().silent_to > 8
    to_epoch(world, 8)
    finish(world, 6)
    assert world.replica(ME).validators.epoch == 1
    until = world.replica(ME).status().silent_to
    assert until > 8
    assert own_votes(world) == []
    grow(world, until)
    finish(world, 6)
    assert world.replica(ME).status().silent_to == 0
    assert own_votes(world)
    assert world.order(ME) == world.order(0)


def test_situation_45_55_RC2_MB2_a_view_promised_in_a_forgotten_epoch_holds_there() -> None:
    """Its disk is of the epoch before: once it is back in the one that it forgot, the guard still tells."""
    world = World(4, parameters=small_parameters())
    world.plan(4, list(world.validators.members)[::-1])
    grow(world)
    old = world.members[ME].disk.copy()
    to_epoch(world, 4)
    world.submit("x", to=[ME])
    complain(world, ME)
    world.crash(ME)
    world.replace_disk(ME, old)
    world.restart(ME)
    assert world.replica(ME).validators.epoch == 0
    world.wire.clear()
    world.submit("y", to=[0, 1, 2])
    world.settle()
    grow(world, to=[0, 1, 2])
    finish(world, 4)
    assert world.replica(ME).validators.epoch == 1
    assert world.replica(ME).status().silent_to == 0
    later = [vote for vote in own_votes(world) if not vote.startswith("view-change")]
    assert later == [], "view 0 of this epoch was given up"
    assert world.order(ME) == world.order(0)


def test_situation_45_RC2_an_old_disk_enters_again_the_view_in_which_it_had_decided() -> None:
    world = World(4)
    grow(world)
    world.submit("x")
    world.wire.clear()
    for index in range(4):
        complain(world, index)
    for kind in (ViewChange, NewView, Proposal, Prepare, Commit):
        deliver(world, kind)
    assert world.replica(ME).status().view == 1
    assert len(world.order(ME)) == 2, "decided in view 1, and not certified"
    old = world.members[ME].disk.copy()
    world.settle()
    world.submit("y")
    deliver(world, Proposal)
    world.crash(ME)
    world.replace_disk(ME, old)
    world.restart(ME)
    finish(world, 6)
    assert world.replica(ME).status().stall == ""
    assert world.order(ME) == world.order(0)
