"""The normal case: who proposes when, what is prepared and committed, and in which order decisions leave."""

from __future__ import annotations

import pytest

from govchain.consensus import CancelTimer, Output, SetTimer, TimerFired, TimerKind, TransactionsDropped
from govchain.crypto import digest_of
from govchain.model import Attestation
from govchain.model.votes import Commit, Prepare, Proposal
from tests.support.consensus_world import SUITE, BodiesWanted, World, small_parameters, tx


def proposed(world: World) -> list[list[str]]:
    """Transactions of the proposals that validator 0 sent, in order of sending."""
    seen: dict[int, list[str]] = {}
    for _, output in world.members[0].outputs:
        for entry in output.persist:
            if entry.phase == "proposal":
                seen[entry.seq] = [world.names[id_] for id_ in entry.transaction_ids]
    return list(seen.values())


@pytest.mark.parametrize("n", [1, 2, 3, 4, 5, 6, 7])
def test_NC1_to_NC6_every_size_decides(n: int) -> None:
    world = World(n)
    world.submit("a")
    world.deliver_all()
    assert [world.order(index) for index in range(n)] == [["a"]] * n
    assert all(list(member.disk.certificates) == [1] for member in world.members)
    assert [header.proposer for header in world.members[-1].disk.headers] == [0]


@pytest.mark.parametrize(("n", "quorum"), [(1, 1), (2, 2), (3, 2), (4, 3), (5, 4), (6, 4), (7, 5)])
def test_NC4_NC5_thresholds_are_exact(n: int, quorum: int) -> None:
    """One vote fewer is not enough at any size; the proposal is the primary's prepare."""
    world = World(n)
    if n == 1:
        world.submit("a")
        assert world.order(0) == ["a"], "a single validator decides alone, at once"
        return
    me = n - 1
    world.submit("a", to=[me])
    proposal = world.make_proposal(["a"])
    digest = digest_of(SUITE, proposal.batch)
    world.inject(me, proposal)
    backups = range(1, me)
    for count, sender in enumerate(backups, start=3):  # The proposal and the own prepare are two already.
        if count > quorum:
            break
        assert not world.on_wire(Commit, sender=me)
        world.inject(me, world.prepare(sender, digest))
    assert world.on_wire(Commit, sender=me)
    for count, sender in enumerate(range(me), start=2):  # The own commit is one already.
        output = world.inject(me, world.commit(sender, digest))
        assert bool(output.decide) == (count == quorum)


def test_NC7_one_transaction_alone_is_proposed_at_once() -> None:
    world = World(4)
    world.submit("a", to=[0])
    assert proposed(world) == [["a"]]


def test_NC7_behind_proposals_in_flight_a_batch_waits_for_age_size_or_room() -> None:
    world = World(4, parameters=small_parameters())
    world.submit("a", to=[0])
    world.submit("b", to=[0])
    assert proposed(world) == [["a"]]
    assert TimerKind.BATCH_AGE in world.members[0].timers
    world.fire(0, TimerKind.BATCH_AGE)
    assert proposed(world) == [["a"], ["b"]]


def test_NC7_a_full_batch_does_not_wait() -> None:
    world = World(4, parameters=small_parameters())
    world.submit("a", to=[0])
    world.submit("b", "c", "d", "e", to=[0])
    assert proposed(world) == [["a"], ["b", "c", "d"]]


def test_NC7_bytes_fill_a_batch_too() -> None:
    world = World(4, parameters=small_parameters(batch_bytes_max=250))
    world.submit("a", to=[0])
    world.submit("b", "c", "d", to=[0])
    assert proposed(world) == [["a"], ["b", "c"]]


def test_NC7_at_most_pipeline_in_flight() -> None:
    world = World(4, parameters=small_parameters())
    world.submit(*[f"t{number}" for number in range(12)], to=[0])
    assert proposed(world) == [["t0", "t1", "t2"], ["t3", "t4", "t5"]]
    world.submit(*[f"t{number}" for number in range(12)], to=[1, 2, 3])
    world.deliver_all()
    assert len(world.order(3)) == 12


def test_NC7_execution_that_lags_stops_proposals() -> None:
    # The checkpoint lies far ahead: it would stop proposals too (MB-2).
    world = World(1, parameters=small_parameters(checkpoint_interval=128), executes=False)
    for number in range(30):
        world.submit(f"t{number}")
    assert world.replica(0).status().next_seq - 1 == 4, "two pipelines ahead of the executed head"
    while world.execute(0):
        pass
    assert len(world.order(0)) == 30


def test_NC7_nothing_is_proposed_when_nothing_is_pending() -> None:
    world = World(4)
    world.submit("a")
    world.deliver_all()
    world.submit("a")
    world.deliver_all()
    assert proposed(world) == [["a"]]
    assert not world.wire


def test_NC7_the_age_timer_is_cancelled_when_nothing_waits() -> None:
    world = World(4, parameters=small_parameters())
    world.submit("a", to=[0])
    world.submit("b", to=[0])
    output = world.handle(world.members[0], TransactionsDropped((tx("b"),)), "expired")
    assert output.timers == [CancelTimer(TimerKind.BATCH_AGE)]


@pytest.mark.parametrize("kind", [TimerKind.BATCH_AGE, TimerKind.RETRANSMIT, TimerKind.REQUEST])
def test_NC7_VC6_a_stale_timer_does_nothing(kind: TimerKind) -> None:
    world = World(4, parameters=small_parameters())
    world.submit("a", "b", to=[0])
    world.submit("c", to=[0])
    generation = world.members[0].timers[kind]
    output = world.handle(world.members[0], TimerFired(kind, generation - 1), "stale")
    assert output == Output()


def test_NC7_proposed_time_never_goes_back() -> None:
    world = World(4)
    world.submit("a")
    world.deliver_all()
    world.now_ms -= 5_000
    world.submit("b")
    world.deliver_all()
    times = [header.time_ms for header in world.members[3].disk.headers]
    assert times[0] == times[1]


def test_RQ4_a_transaction_is_not_proposed_again_before_or_after_execution() -> None:
    world = World(4, executes=False)
    world.submit("a")
    world.deliver_all()
    for index in range(4):
        world.submit("a", to=[index])
    world.deliver_all()
    for index in range(4):
        world.execute(index)
    world.deliver_all()
    assert proposed(world) == [["a"]]


def test_RQ3_a_dropped_transaction_is_not_proposed() -> None:
    world = World(4, parameters=small_parameters())
    world.submit("a", to=[0])
    world.submit("b", to=[0])
    world.handle(world.members[0], TransactionsDropped((tx("b"), tx("never seen"))), "expired")
    world.submit("a", to=[1, 2, 3])
    world.deliver_all()
    assert proposed(world) == [["a"]]


def test_RQ3_dropping_what_was_accepted_does_not_stop_its_decision() -> None:
    world = World(4)
    world.submit("a")
    for member in world.members[1:]:
        for envelope in world.on_wire(Proposal, to=member.index):
            world.deliver(envelope)
        world.handle(member, TransactionsDropped((tx("a"),)), "expired")
    while world.wire:
        assert not world.on_wire(BodiesWanted), "the bodies of an accepted proposal are kept (RC-1)"
        world.deliver(world.wire[0])
    assert world.order(3) == ["a"]


def test_NC2_missing_transactions_are_fetched_and_then_prepared() -> None:
    world = World(4)
    world.submit("a", to=[0, 1, 2])
    world.deliver(world.on_wire(Proposal, to=3)[0])
    assert not world.on_wire(Prepare, sender=3), "no vote for what it does not hold"
    assert [envelope.to for envelope in world.on_wire(BodiesWanted, sender=3)] == [0]
    assert world.replica(3).status().stall == "seq 1 view 0: 1 of 1 transactions missing"
    world.deliver_all()
    assert world.order(3) == ["a"]


def test_NC2_a_fetch_without_an_answer_goes_to_another_peer_next_period() -> None:
    world = World(4)
    world.submit("a", to=[1])
    world.inject(3, world.make_proposal(["a"]))
    asked = []
    for _ in range(4):
        asked += [envelope.to for envelope in world.on_wire(BodiesWanted, sender=3)]
        world.wire.clear()
        world.fire(3)
    assert asked[0] == 0, "the proposer first"
    assert sorted(set(asked)) == [0, 1, 2]


def test_situation_15_NC6_seq_2_committed_before_1_leaves_after_it() -> None:
    world = World(4, parameters=small_parameters())
    world.submit("a", "b", "c", "d", "e", "f")
    for envelope in world.on_wire(Proposal, to=3):
        world.deliver(envelope)
    digests = [digest_of(SUITE, e.message.batch) for e in world.on_wire(Proposal, to=1) if e.message]
    outputs = [world.inject(3, world.prepare(1, digests[1], seq=2))]
    outputs += [world.inject(3, world.commit(sender, digests[1], seq=2)) for sender in (0, 1)]
    assert [output.decide for output in outputs] == [[], [], []]
    assert [output.send for output in outputs] == [[], [], []], (
        "nothing is committed before seq 1 is prepared"
    )
    outputs = [world.inject(3, world.prepare(1, digests[0]))]
    outputs += [world.inject(3, world.commit(sender, digests[0])) for sender in (0, 1)]
    assert [decision.batch.seq for decision in outputs[-1].decide] == [1, 2]


def test_situation_20_NC8_a_timer_between_commit_quorum_and_head_update_changes_no_vote() -> None:
    """Two honest nodes once forked this way: the timer must not touch what is decided and not executed."""
    world = World(4, executes=False)
    world.submit("a")
    world.deliver_all()
    before = dict(world.members[3].disk.log)
    for _ in range(3):
        world.fire(3)
        world.deliver_all()
    assert world.members[3].disk.log == before
    assert [decision.batch.seq for decision in world.members[3].decided] == [1]
    for index in range(4):
        world.execute(index)
    world.deliver_all()
    assert list(world.members[3].disk.certificates) == [1]


def test_NC8_a_proposal_ahead_of_its_parent_is_parked() -> None:
    world = World(4, parameters=small_parameters())
    world.submit("a", "b", "c", "d", "e", "f")
    first, second = world.on_wire(Proposal, to=3)
    world.deliver(second)
    assert not world.on_wire(Prepare, sender=3)
    world.deliver(first)
    votes = [e.message.seq for e in world.on_wire(Prepare, sender=3, to=1) if isinstance(e.message, Prepare)]
    assert votes == [1, 2]


def test_NC8_votes_before_the_proposal_are_kept() -> None:
    world = World(4)
    world.submit("a")
    held = world.on_wire(Proposal, to=3)[0]
    world.wire.remove(held)
    world.deliver_all()
    assert world.order(3) == []
    assert world.replica(3).status().stall == "seq 1 view 0: no proposal from validator-0"
    world.receive(held)
    assert world.order(3) == ["a"]


def test_NC8_memory_stays_within_the_window() -> None:
    world = World(4, parameters=small_parameters())
    for number in range(50):
        world.submit(f"t{number}")
        world.deliver_all()
    for member in world.members:
        state = world.replica(member.index)._state
        assert len(state.slots) <= 8
        assert len(state.heights) <= 16
        assert state.transactions.pending_count == 0
        assert len(state.transactions._ordered) <= 8
        assert not state.transactions._held


def test_RC1_everything_sent_as_a_vote_was_persisted_in_the_same_output() -> None:
    world = World(4)
    world.submit("a")
    world.deliver_all()
    for member in world.members:
        durable = [entry.signed for _, output in member.outputs for entry in output.persist]
        sent = [send.signed for _, output in member.outputs for send in output.send]
        votes = [signed for signed in sent if b"govchain.attestation/1" not in signed.body]
        assert votes
        assert all(vote in durable for vote in votes)


def test_situation_14_status_tells_what_is_missing_at_every_phase() -> None:
    world = World(4, executes=False)
    world.submit("a")
    replica = world.replica(0)
    assert replica.status().stall == (
        "seq 1 view 0: 1 of 3 prepares, missing validator-1, validator-2, validator-3"
    )
    for kind, stall in (
        (Proposal, "seq 1 view 0: 1 of 3 prepares, missing validator-1, validator-2, validator-3"),
        (Prepare, "seq 1 view 0: 1 of 3 commits, missing validator-1, validator-2, validator-3"),
        (Commit, "height 1: decided, not executed yet"),
    ):
        for envelope in world.on_wire(kind):
            world.deliver(envelope)
        assert replica.status().stall == stall
    world.execute(0)
    assert (
        replica.status().stall
        == "height 1: 1 of 3 attestations, missing validator-1, validator-2, validator-3"
    )
    for index in (1, 2, 3):
        world.execute(index)
    for envelope in world.on_wire(Attestation):
        world.deliver(envelope)
    assert replica.status().stall == ""


def test_VC6_retransmission_stops_when_nothing_is_open() -> None:
    world = World(4)
    world.submit("a")
    world.deliver_all()
    for index in range(4):
        world.fire(index)
    assert not world.wire
    assert all(TimerKind.RETRANSMIT not in member.timers for member in world.members)


def test_VC6_the_retransmit_timer_runs_while_votes_are_missing() -> None:
    world = World(4)
    world.submit("a", to=[0])
    first = [timer for _, output in world.members[0].outputs for timer in output.timers]
    assert first == [SetTimer(TimerKind.RETRANSMIT, 500, 1), SetTimer(TimerKind.REQUEST, 1_000, 1)]
    world.wire.clear()
    world.fire(0)
    assert [type(e.message).__name__ for e in world.on_wire(to=3)] == ["Proposal", "Progress"]
    assert TimerKind.RETRANSMIT in world.members[0].timers
