"""View changes: who starts them, what they show, what a new view takes over, what nobody does in them."""

from __future__ import annotations

import msgspec
import pytest

from govchain.codec import encode
from govchain.consensus import SetTimer, SignedMessage, TimerFired, TimerKind
from govchain.consensus.deadlines import timeout_ms
from govchain.consensus.messages import CertifiedHeader, NewView, PreparedCertificate, ViewChange
from govchain.consensus.output import VIEW_ENTRY_SEQ, Output
from govchain.crypto import digest_of
from govchain.model import Attestation, Vote
from govchain.model.votes import Commit, Prepare, Proposal
from tests.support.consensus_world import SUITE, World, small_parameters


def complain(world: World, *indices: int) -> None:
    """Both halves of the request time pass."""
    for _ in range(2):
        for index in indices:
            world.fire(index, TimerKind.REQUEST)


def deliver(world: World, kind: type, *, to: int | None = None, sender: int | None = None) -> None:
    for envelope in world.on_wire(kind, to=to, sender=sender):
        world.deliver(envelope)


def prepare_at(world: World, *indices: int) -> None:
    """Transaction a is proposed, accepted by all and prepared at some; everything else is lost."""
    world.submit("a")
    deliver(world, Proposal)
    for index in indices:
        deliver(world, Prepare, to=index)
    world.wire.clear()


def finish(world: World, periods: int = 40) -> None:
    for _ in range(periods):
        world.advance(500)


def views(world: World) -> list[int]:
    return [member.replica.status().view if member.replica else -1 for member in world.members]


# When a view change starts (VC-1, VC-4, RQ-3).


def test_RQ3_what_waits_is_forwarded_first_and_becomes_a_complaint_then() -> None:
    world = World(4)
    world.crash(0)
    world.submit("a", to=[2])
    assert world.members[2].due_ms[TimerKind.REQUEST] == 1_000
    world.fire(2, TimerKind.REQUEST)
    output = world.members[2].outputs[-1][1]
    assert [peer for _, peer in output.forward] == [0]
    assert not world.replica(2)._state.is_changing
    world.fire(2, TimerKind.REQUEST)
    assert world.replica(2)._state.target == 1
    assert world.replica(2).status().stall == (
        "view 1: waiting for new view from validator-1, 1 of 3 view-changes, "
        "missing validator-0, validator-1, validator-3"
    )


def test_situation_33_VC4_no_timer_before_there_is_work_and_none_after_it() -> None:
    world = World(4)
    assert all(TimerKind.REQUEST not in member.timers for member in world.members)
    world.submit("a")
    assert all(TimerKind.REQUEST in member.timers for member in world.members)
    world.deliver_all()
    assert all(TimerKind.REQUEST not in member.timers for member in world.members)
    alone = World(1, executes=False)
    alone.submit("a")
    assert TimerKind.REQUEST not in alone.members[0].timers


def test_VC4_votes_without_a_proposal_are_no_work() -> None:
    world = World(4)
    world.inject(3, world.prepare(2, bytes(32), seq=5))
    assert TimerKind.REQUEST not in world.members[3].timers


def test_VC4_the_time_doubles_up_to_a_cap_and_falls_back_on_progress() -> None:
    world = World(4)
    world.crash(0)
    world.submit("a")
    state = world.replica(3)._state
    seen = []
    for _ in range(7):
        seen.append(timeout_ms(state))
        state.failed_views += 1
    assert seen == [2_000, 4_000, 8_000, 16_000, 32_000, 32_000, 32_000]
    finish(world)
    assert state.failed_views == 0


def test_VC4_a_stale_generation_does_nothing() -> None:
    world = World(4)
    world.crash(0)
    world.submit("a")
    complain(world, 1, 2, 3)
    world.wire.clear()
    deliver(world, ViewChange)
    for kind in (TimerKind.REQUEST, TimerKind.VIEW_CHANGE):
        for generation in (0, 10**6):
            event = TimerFired(kind, generation)
            assert world.handle(world.members[3], event, "stale") == Output()


def test_VC4_only_a_quorum_of_view_changes_makes_the_next_primary_owe_something() -> None:
    world = World(4)
    world.submit("a")
    world.wire.clear()
    complain(world, 3)
    assert TimerKind.VIEW_CHANGE not in world.members[3].timers
    world.inject(3, world.view_change(1))
    assert TimerKind.VIEW_CHANGE not in world.members[3].timers
    output = world.inject(3, world.view_change(2))
    assert [(timer.kind, timer.delay_ms) for timer in output.timers if isinstance(timer, SetTimer)] == [
        (TimerKind.VIEW_CHANGE, 4_000)
    ]
    world.fire(3, TimerKind.VIEW_CHANGE)
    assert world.replica(3)._state.target == 2


def test_situation_30_VC1_a_weak_quorum_is_joined_and_fewer_are_not() -> None:
    world = World(4)
    world.inject(3, world.view_change(1, 7))
    assert world.on_wire(ViewChange) == []
    world.inject(3, world.view_change(2, 5))
    assert [e.message.view for e in world.on_wire(ViewChange, to=0) if isinstance(e.message, ViewChange)] == [
        5
    ]


def test_VC1_own_complaint_is_not_half_of_a_weak_quorum() -> None:
    world = World(4)
    world.submit("a")
    world.wire.clear()
    complain(world, 3)
    world.inject(3, world.view_change(1, 9))
    assert world.replica(3)._state.target == 1, "one other alone may be a liar"


def test_VC1_during_a_view_change_nobody_votes_but_certificates_complete() -> None:
    world = World(4, executes=False)
    world.submit("a")
    deliver(world, Proposal)
    deliver(world, Prepare)
    deliver(world, Commit)
    world.execute(3)
    world.inject(3, world.view_change(1))
    world.inject(3, world.view_change(2))
    assert world.replica(3)._state.is_changing
    world.wire = [e for e in world.wire if e.sender != 3]
    world.submit("b", to=[3])
    world.inject(3, world.make_proposal(["b"], seq=2))
    world.inject(3, world.prepare(1, bytes(32), seq=2))
    assert world.rejections(3) == ["wrong-view", "wrong-view"]
    assert world.on_wire(Prepare, sender=3) == []
    for index in (0, 1):
        world.execute(index)
    world.deliver_all()
    assert list(world.members[3].disk.certificates) == [1]


# What it shows (VC-2).


def prepared_world() -> tuple[World, PreparedCertificate, Proposal]:
    world = World(4)
    prepare_at(world, 3)
    proposal = world.make_proposal(["a"])
    return world, world.prepared(proposal, [1, 2]), proposal


def test_VC2_a_faulty_view_change_is_refused() -> None:
    world, good, proposal = prepared_world()
    other = world.make_proposal(["b"], seq=2)
    swapped = msgspec.structs.replace(good, prepares=good.prepares[::-1])
    relabelled = world.verified(
        msgspec.structs.replace(proposal, transaction_ids=other.transaction_ids)
    ).signed
    forged = msgspec.structs.replace(good, proposal=SignedMessage(good.proposal.body, bytes(64)))
    of_others = msgspec.structs.replace(good, prepares=world.prepared(other, [1, 2]).prepares)
    of_backup = world.prepared(world.make_proposal(["a"], sender=1, batch_proposer=1), [2, 3])
    later = world.prepared(world.make_proposal(["a"], view=1, sender=1, batch_proposer=1), [2, 3])
    far = world.prepared(world.make_proposal(["a"], seq=40), [1, 2])
    far_small = world.prepared(other, [1, 2])
    faults = [
        (world.prepared(proposal, [1]),),
        (world.prepared(proposal, [1, 2, 3]),),
        (world.prepared(proposal, [1, 1]),),
        (world.prepared(proposal, [0, 1]),),
        (swapped,),
        (msgspec.structs.replace(good, proposal=relabelled),),
        (forged,),
        (of_others,),
        (of_backup,),
        (later,),
        (far,),
        (good, good),
        (far_small, good),
        (good,) * 17,
    ]
    for count, fault in enumerate(faults, start=1):
        world.inject(2, world.view_change(1, prepared=fault))
        assert world.rejections(2) == ["bad-view-change"] * count, f"fault {count}"
    assert world.replica(2)._state.wanted == {}
    world.inject(2, world.view_change(1, prepared=(good,)))
    assert list(world.replica(2)._state.wanted) == [1]


def certified_world() -> tuple[World, CertifiedHeader]:
    world = World(4)
    world.submit("a")
    world.deliver_all()
    disk = world.members[0].disk
    return world, CertifiedHeader(disk.headers[0], disk.certificates[1])


def test_situation_27_39_VC2_a_forged_base_is_refused() -> None:
    world, base = certified_world()
    certificate = base.certificate
    for fault in (
        msgspec.structs.replace(base, header=msgspec.structs.replace(base.header, time_ms=1)),
        msgspec.structs.replace(
            base, certificate=msgspec.structs.replace(certificate, votes=certificate.votes[:2])
        ),
        msgspec.structs.replace(
            base,
            certificate=msgspec.structs.replace(
                certificate, votes=(*certificate.votes[:2], Vote(3, bytes(64)))
            ),
        ),
    ):
        world.inject(2, world.view_change(1, base=fault))
    assert world.rejections(2) == ["bad-view-change"] * 3
    output = world.inject(2, world.view_change(1, base=base))
    assert output.notes == []


def test_VC2_two_view_changes_for_one_view_are_noted() -> None:
    world, base = certified_world()
    world.inject(2, world.view_change(1))
    world.inject(2, world.view_change(1))
    world.inject(2, world.view_change(1, base=base))
    assert world.rejections(2) == ["conflicting-view-change"]


def test_VC2_a_certificate_replaces_what_was_prepared_below_it() -> None:
    world, base = certified_world()
    world.submit("b", to=[1])
    complain(world, 1)
    (sent,) = world.on_wire(ViewChange, to=2)
    assert isinstance(sent.message, ViewChange)
    assert sent.message.base is not None
    assert sent.message.base.header == base.header
    assert sent.message.prepared == ()


# What a new view takes over (VC-3, VC-5, VC-7).


@pytest.mark.parametrize("prepared_at", [(1,), (2,), (3,), (1, 2), (2, 3), (1, 2, 3)])
def test_situation_21_25_38_VC3_what_was_prepared_anywhere_is_proposed_again(
    prepared_at: tuple[int, ...],
) -> None:
    world = World(4)
    prepare_at(world, *prepared_at)
    world.crash(0)
    world.now_ms += 60_000
    finish(world)
    assert [world.order(index) for index in (1, 2, 3)] == [["a"]] * 3
    header = world.members[1].disk.headers[0]
    assert header.batch_digest == digest_of(
        SUITE, world.make_proposal(["a"], batch_time_ms=header.time_ms).batch
    )
    assert header.time_ms == world.now_ms - 60_000, "the batch keeps its time"


def test_situation_22_what_was_committed_at_one_node_only_survives_its_crash() -> None:
    world = World(4)
    world.submit("a")
    deliver(world, Proposal)
    deliver(world, Prepare)
    deliver(world, Commit, to=3)
    assert world.order(3) == ["a"]
    world.wire.clear()
    world.crash(3)
    world.submit("b", to=[1, 2])
    complain(world, 0, 1, 2)
    finish(world)
    assert world.order(1)[0] == "a"
    world.restart(3)
    finish(world)
    assert [world.order(index) for index in range(4)] == [["a", "b"]] * 4


def test_VC3_who_decided_before_votes_again_so_that_others_can() -> None:
    world = World(4)
    world.submit("a")
    deliver(world, Proposal)
    deliver(world, Prepare)
    deliver(world, Commit, to=3)
    world.wire.clear()
    world.crash(0)
    complain(world, 1, 2, 3)
    deliver(world, ViewChange)
    deliver(world, NewView)
    assert len(world.on_wire(Prepare, sender=3, to=1)) == 1
    world.deliver_all()
    assert [world.order(index) for index in (1, 2, 3)] == [["a"]] * 3
    finish(world, 4)
    assert all(list(world.members[index].disk.certificates) == [1] for index in (1, 2, 3))


def voted_world() -> World:
    """Seq 1 is prepared at validator 3; validators 1, 2 and 3 want view 1, and nobody has heard of it."""
    world = World(4)
    prepare_at(world, 3)
    world.crash(0)
    complain(world, 1, 2, 3)
    world.wire.clear()
    return world


def test_situation_23_24_26_VC3_VC5_VC7_a_new_view_that_does_not_follow_is_refused() -> None:
    world = voted_world()
    right = world.make_new_view(1, [1, 2, 3], ["a"])
    replace = msgspec.structs.replace
    stolen = [
        replace(world.verified(each).signed, signature=bytes(64)) for each in [world.make_proposal(["a"])]
    ]
    wrong = [
        world.make_new_view(1, [1, 2, 3], []),
        world.make_new_view(1, [1, 2, 3], ["b"]),
        world.make_new_view(1, [1, 2, 3], ["a", "b"]),
        world.make_new_view(1, [1, 3], ["a"]),
        replace(right, view_changes=(right.view_changes[2],) * 3),
        world.make_new_view(1, [1, 3], ["a"], forged=[2]),
        replace(right, view_changes=right.view_changes * 2),
        replace(right, proposals=tuple(stolen)),
        replace(right, proposals=(world.verified(world.make_proposal(["a"])).signed,)),
        replace(right, view=5),
    ]
    for count, message in enumerate(wrong, start=1):
        world.inject(2, message)
        assert world.rejections(2) == ["bad-new-view"] * count, f"case {count}"
    world.inject(2, replace(right, validator=3))
    assert world.rejections(2)[-1] == "not-primary"
    assert views(world)[2] == 0
    world.inject(2, world.make_new_view(1, [1, 2, 3], ["a"], forged=[0]))
    assert views(world)[2] == 1, "what does not verify is passed over"


def test_situation_04_VC5_a_recorded_quorum_never_takes_a_view_back() -> None:
    world = voted_world()
    old = world.make_new_view(1, [1, 2, 3], ["a"])
    world.inject(2, old)
    world.inject(2, world.view_change(1, 3))
    world.inject(2, world.view_change(3, 3))
    assert world.replica(2)._state.target == 3
    world.inject(2, old)
    assert world.replica(2)._state.target == 3
    for sender in (1, 3):
        world.inject(2, world.view_change(sender, 1))
    assert world.replica(2)._state.target == 3
    world.inject(2, world.make_new_view(1, [1, 2, 3], ["a"], forged=[0]))
    assert world.rejections(2) == ["conflicting-new-view"]


def test_situation_29_VC5_huge_views_of_one_node_cost_one_entry() -> None:
    world = World(4)
    for view in range(2, 400, 7):
        world.inject(2, world.view_change(1, view))
        world.inject(2, world.prepare(1, bytes(32), view=view))
    state = world.replica(2)._state
    assert list(state.wanted) == [1]
    assert state.view == state.target == 0
    assert state.early == {}
    for seq in range(1, 400):
        world.inject(2, world.prepare(1, bytes(32), view=1, seq=seq))
    assert len(state.early[1]) == 2 * state.in_flight_max


def test_situation_32_views_1_2_and_110_come_together() -> None:
    world = World(4)
    world.submit("a")
    world.wire.clear()
    world.corrupt.add(3)
    for target in (0, 1, 2):
        world.inject(target, world.view_change(3, 110))
    complain(world, 0, 1, 2)
    world.inject(2, world.view_change(0, 2))
    finish(world, 80)
    assert [world.order(index) for index in (0, 1, 2)] == [["a"]] * 3


def test_VC5_a_view_is_not_entered_without_its_certificate() -> None:
    world = voted_world()
    world.inject(3, world.make_proposal(["a"], view=1, sender=1, batch_proposer=0))
    assert views(world)[3] == 0
    assert world.on_wire(Prepare, sender=3) == []


# Lost messages, silent primaries, crashes (VC-6, RC-1).


def test_situation_28_VC6_who_missed_the_new_view_gets_it_from_any_peer() -> None:
    world = voted_world()
    for index in (1, 2, 3):
        world.fire(index)
    deliver(world, ViewChange)
    world.wire = [e for e in world.wire if not (e.to == 3 and isinstance(e.message, NewView))]
    while envelopes := [e for e in world.wire if e.to != 3]:
        world.deliver(envelopes[0])
    assert views(world) == [-1, 1, 1, 0]
    world.wire.clear()
    world.crash(1)
    world.fire(2)
    world.wire.clear()
    world.fire(3)
    world.deliver_all()
    assert views(world) == [-1, -1, 1, 1]
    assert world.rejections(3) == []


def test_VC6_the_last_view_change_is_sent_again_with_the_same_bytes() -> None:
    world = voted_world()
    for index in (1, 3):
        world.fire(index)
        (again,) = world.on_wire(ViewChange, sender=index, to=2)
        assert again.payload == world.view_changes[(index, 1)]


def test_situation_34_35_as_many_silent_primaries_in_a_row_as_allowed() -> None:
    world = World(7, parameters=small_parameters())
    for index in (0, 1):
        world.crash(index)
    world.submit("a", "b", "c", "d")
    finish(world, 60)
    assert {view for view in views(world) if view >= 0} == {2}
    assert [sorted(world.order(index)) for index in range(2, 7)] == [["a", "b", "c", "d"]] * 5


def test_situation_35_a_new_primary_that_tells_only_a_weak_quorum_and_falls_silent() -> None:
    world = voted_world()
    deliver(world, ViewChange)
    for index in (1, 2, 3):
        world.fire(index)
    deliver(world, ViewChange)
    world.wire = [e for e in world.wire if e.to != 3]
    deliver(world, NewView, to=2)
    world.wire.clear()
    world.crash(1)
    world.restart(0)
    finish(world, 80)
    assert [world.order(index) for index in (0, 2, 3)] == [["a"]] * 3


def test_situation_31_two_of_four_paused_longer_than_every_window() -> None:
    world = World(4)
    world.submit("a")
    for _ in range(200):
        for index in (0, 1):
            for kind in list(world.members[index].timers):
                world.fire(index, kind)
        while envelopes := [e for e in world.wire if {e.sender, e.to} == {0, 1}]:
            world.deliver(envelopes[0])
        world.wire.clear()
    finish(world, 200)
    assert [world.order(index) for index in range(4)] == [["a"]] * 4


@pytest.mark.parametrize("index", [1, 3])
def test_situation_36_RC1_a_crash_in_a_view_change_keeps_the_promise(index: int) -> None:
    world = voted_world()
    world.crash(index)
    world.restart(index)
    state = world.replica(index)._state
    assert (state.view, state.target) == (0, 1)
    (again,) = world.on_wire(ViewChange, sender=index, to=2)
    assert again.payload == world.view_changes[(index, 1)]
    world.wire.clear()
    world.inject(index, world.make_proposal(["b"], seq=2))
    assert world.on_wire(Prepare) == []
    finish(world)
    assert [world.order(each) for each in (1, 2, 3)] == [["a"]] * 3


@pytest.mark.parametrize("steps", range(0, 40, 3))
def test_situation_36_a_crash_of_everybody_at_every_step_of_a_view_change(steps: int) -> None:
    world = voted_world()
    for index in (1, 2, 3):
        world.fire(index)
    for _ in range(steps):
        if world.wire:
            world.deliver(world.wire[0])
    before = views(world)
    promised = [world.replica(index)._state.prepared.keys() for index in (1, 2, 3)]
    for index in (1, 2, 3):
        world.crash(index)
    world.wire.clear()
    for index in (1, 2, 3):
        world.restart(index)
    assert views(world) == before
    assert [world.replica(index)._state.prepared.keys() for index in (1, 2, 3)] == promised
    finish(world)
    assert [world.order(index) for index in (1, 2, 3)] == [["a"]] * 3
    assert VIEW_ENTRY_SEQ in [entry.seq for entry in world.members[2].disk.log.values()]


def test_situation_37_VC1_a_batch_that_is_executed_and_not_certified_makes_everybody_move() -> None:
    """One has left the view, one is down: only a new view lets the one vote for what the others executed."""
    world = World(4)
    world.submit("a")
    complain(world, 0)
    world.wire = [e for e in world.wire if not isinstance(e.message, ViewChange)]
    # Validator 2 dies before anybody hears what it executed.
    while envelopes := [
        e for e in world.wire if e.to != 0 and not (e.sender == 2 and isinstance(e.message, Attestation))
    ]:
        world.deliver(envelopes[0])
    world.wire.clear()
    world.crash(2)
    assert [list(world.members[index].disk.certificates) for index in (1, 3)] == [[], []]
    finish(world, 60)
    assert [world.order(index) for index in (0, 1, 3)] == [["a"]] * 3
    assert all(list(world.members[index].disk.certificates) == [1] for index in (0, 1, 3))


def test_CP3_a_new_view_that_contradicts_a_decision_stops_the_replica() -> None:
    world = World(4)
    world.submit("a")
    deliver(world, Proposal)
    deliver(world, Prepare)
    deliver(world, Commit, to=3)
    assert world.order(3) == ["a"]
    for sender in (0, 1, 2):
        world.view_changes[(sender, 1)] = world.verified(world.view_change(sender)).signed
    world.inject(3, world.make_new_view(1, [0, 1, 2], []))
    assert [note.event for note in world.members[3].notes][-1] == "diverged"
    assert world.replica(3).status().stall.startswith("stopped")


def test_situation_20_VC1_a_timer_between_commit_quorum_and_head_update_loses_nothing() -> None:
    world = World(4, executes=False)
    world.submit("a", "b")
    world.deliver_all()
    for index in range(4):
        complain(world, index)
    world.deliver_all()
    assert views(world) == [0, 0, 0, 0], "it is decided: there is nothing to complain about"
    for sender in (1, 2):
        world.inject(3, world.view_change(sender, 1))
    world.execute(3)
    assert world.order(3) == ["a", "b"]


def test_VC1_n_2_and_n_3_change_views_too() -> None:
    world = World(3)
    world.crash(0)
    world.submit("a")
    finish(world)
    assert [world.order(index) for index in (1, 2)] == [["a"]] * 2
    pair = World(2)
    pair.crash(0)
    pair.submit("a")
    finish(pair)
    assert pair.order(1) == []
    pair.restart(0)
    finish(pair, 80)
    assert [pair.order(index) for index in (0, 1)] == [["a"]] * 2


def test_VC2_the_proof_is_on_disk_before_the_commit_leaves() -> None:
    world = World(4)
    prepare_at(world, 3)
    entry = world.members[3].disk.log[(1, 0, "prepared")]
    assert entry.signed.signature == b""
    world.crash(3)
    world.restart(3)
    world.submit("b", to=[3])
    complain(world, 3)
    (sent,) = world.on_wire(ViewChange, to=1)
    assert isinstance(sent.message, ViewChange)
    (shown,) = sent.message.prepared
    assert encode(shown.prepares) == entry.signed.body


def test_VC1_what_a_certificate_makes_possible_is_not_voted_on_during_a_view_change() -> None:
    world = World(4, parameters=small_parameters())
    world.submit("a", "b", "c", "d", "e", "f")
    deliver(world, Proposal, to=3)
    second = [e.message for e in world.on_wire(Proposal, to=1) if isinstance(e.message, Proposal)][1]
    world.inject(3, world.prepare(1, digest_of(SUITE, second.batch), seq=2))
    for sender in (1, 2):
        world.inject(3, world.view_change(sender))
    world.wire = [e for e in world.wire if not isinstance(e.message, ViewChange)]
    while envelopes := [e for e in world.wire if e.to != 3]:
        world.deliver(envelopes[0])
    first = world.members[0].disk
    world.wire.clear()
    world.members[0].disk.certificates.pop(2, None)
    world.catch_up(world.members[3], world.members[0])
    assert len(first.headers) >= 1
    assert len(world.members[3].disk.headers) == 1
    assert world.on_wire(Commit, sender=3) == [], "seq 2 could be prepared now, but the view is left"


def test_VC2_nobody_votes_further_than_a_view_change_can_show() -> None:
    world = World(4, parameters=small_parameters(pipeline=1, checkpoint_interval=128))
    for number in range(6):
        world.submit(f"t{number}")
        while envelopes := [e for e in world.wire if not (e.to == 3 and isinstance(e.message, Attestation))]:
            world.deliver(envelopes[0])
    assert len(world.order(0)) == 6
    assert len(world.order(3)) == 4, "four pipelines above genesis, which is all that is certified there"
    world.deliver_all()
    finish(world, 6)
    assert len(world.order(3)) == 6
