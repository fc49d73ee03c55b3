"""After execution: attestations, certificates, checkpoints, divergence, and being left behind."""

from __future__ import annotations

from govchain.consensus import BlockExecuted, BlockInstalled, Output, TimerKind
from govchain.consensus.messages import Progress
from govchain.crypto import digest_of, verify_finality
from govchain.model import Attestation
from govchain.model.votes import Prepare, Proposal
from tests.support.consensus_world import SUITE, World, small_parameters

OTHER = SUITE.digest(b"other")


def run_blocks(world: World, count: int, *, first: int = 0) -> None:
    for number in range(first, first + count):
        world.submit(f"t{number}", to=[m.index for m in world.members if m.replica is not None])
        world.deliver_all()


def notes_of(world: World, index: int, event: str) -> list[dict[str, str | int]]:
    return [dict(note.facts) for note in world.members[index].notes if note.event == event]


def test_CP1_a_quorum_of_equal_attestations_is_a_certificate() -> None:
    world = World(4)
    world.submit("a")
    held = world.on_wire
    for kind in (Proposal, Prepare):
        for envelope in held(kind):
            world.deliver(envelope)
    for envelope in [e for e in world.wire if not isinstance(e.message, Attestation)]:
        world.deliver(envelope)
    first, second, third = world.on_wire(Attestation, to=0)
    world.deliver(first)
    assert world.members[0].disk.certificates == {}
    world.deliver(second)
    certificate = world.members[0].disk.certificates[1]
    verify_finality(SUITE, world.validators, certificate, world.members[0].disk.headers[0])
    assert [vote.validator for vote in certificate.votes] == [0, 1, 2]
    world.deliver(third)
    assert world.rejections(0) == []


def test_CP1_attestations_before_the_own_execution_are_kept() -> None:
    world = World(4, executes=False)
    world.submit("a")
    world.deliver_all()
    for index in (0, 1, 2):
        world.execute(index)
    world.deliver_all()
    assert world.members[3].disk.certificates == {}
    world.execute(3)
    assert [vote.validator for vote in world.members[3].disk.certificates[1].votes] == [0, 1, 2, 3]


def test_CP1_one_attestation_and_the_own_one_are_no_certificate() -> None:
    """The own one comes last, by execution: it is counted no differently from those of others."""
    world = World(4, executes=False)
    world.submit("a")
    world.deliver_all()
    world.execute(0)
    world.deliver_all()
    world.execute(3)
    assert world.members[3].disk.certificates == {}
    world.execute(1)
    world.deliver_all()
    assert [vote.validator for vote in world.members[3].disk.certificates[1].votes] == [0, 1, 3]


def test_CP1_a_quorum_of_attestations_of_two_headers_is_no_certificate() -> None:
    """Enough have spoken, but too few of them for one header."""
    world = World(4, executes=False)
    world.submit("a")
    world.deliver_all()
    world.inject(3, world.attestation(2, OTHER))
    world.execute(0)
    world.deliver_all()
    world.execute(3)
    assert world.members[3].disk.certificates == {}
    world.execute(1)
    world.deliver_all()
    assert [vote.validator for vote in world.members[3].disk.certificates[1].votes] == [0, 1, 3]


def test_CP1_certificates_may_complete_out_of_order() -> None:
    world = World(4)
    run_blocks(world, 1)
    first = world.members[3].disk.certificates
    world.submit("a")
    while envelopes := [e for e in world.wire if not (e.to == 3 and isinstance(e.message, Attestation))]:
        world.deliver(envelopes[0])
    lost = list(world.wire)
    world.wire.clear()
    run_blocks(world, 1, first=5)
    assert list(first) == [1, 3]
    for envelope in lost:
        world.receive(envelope)
    assert sorted(first) == [1, 2, 3]
    assert world.replica(3).status().stall == ""


def test_CP2_every_K_blocks_the_low_watermark_moves_and_logs_are_collected() -> None:
    world = World(4, parameters=small_parameters())
    run_blocks(world, 9)
    for index in range(4):
        assert [facts["height"] for facts in notes_of(world, index, "stable-checkpoint")] == [4, 8]
        state = world.replica(index)._state
        assert (state.low, state.high) == (8, 16)
        assert list(state.slots) == [9]


def test_CP2_without_a_checkpoint_the_window_closes() -> None:
    """Two of four never attest: what is decided cannot become stable, so proposals stop at 2K."""
    world = World(4, parameters=small_parameters())
    for number in range(12):
        world.submit(f"t{number}")
        while envelopes := [e for e in world.wire if not isinstance(e.message, Attestation)]:
            world.deliver(envelopes[0])
        world.wire.clear()
    assert world.replica(0).status().head_height == 8
    for index in range(4):
        for _ in range(3):
            world.fire(index)
    world.deliver_all()
    assert world.replica(0).status().head_height > 8, "the attestations heal and the window opens"


def test_situation_17_CP3_one_node_executes_differently_it_stops_and_the_others_go_on() -> None:
    world = World(4)
    world.corrupt.add(3)
    world.submit("a")
    world.deliver_all()
    (facts,) = notes_of(world, 3, "diverged")
    assert facts["height"] == 1
    assert facts["own"] != facts["quorum"]
    assert world.replica(3).status().stall == "stopped: a quorum attested another header of height 1"
    assert world.members[3].disk.certificates == {}
    assert "other-header" in world.rejections(0)
    world.submit("b")
    world.deliver_all()
    assert [world.order(index) for index in range(4)] == [["a", "b"]] * 3 + [["a"]]


def test_CP3_a_stopped_replica_answers_nothing() -> None:
    world = World(4)
    world.corrupt.add(3)
    world.submit("a")
    world.deliver_all()
    header = world.members[0].disk.headers[0]
    for event in (
        world.verified(world.make_proposal(["b"])),
        BlockExecuted(header, digest_of(SUITE, header)),
        BlockInstalled(header, (), world.members[0].disk.certificates[1]),
    ):
        assert world.replica(3).handle(event, world.now_ms) == Output()


def test_CP3_a_quorum_known_before_execution_stops_it_too() -> None:
    world = World(4, executes=False)
    world.submit("a")
    world.deliver_all()
    for index in (0, 1, 2):
        world.execute(index)
    world.deliver_all()
    world.corrupt.add(3)
    world.execute(3)
    assert len(notes_of(world, 3, "diverged")) == 1


def test_CP3_a_certificate_from_a_peer_stops_it_too() -> None:
    world = World(4)
    world.corrupt.add(3)
    world.submit("a")
    while envelopes := [e for e in world.wire if not (e.to == 3 and isinstance(e.message, Attestation))]:
        world.deliver(envelopes[0])
    peer = world.members[0].disk
    world.handle(world.members[3], BlockInstalled(peer.headers[0], (), peer.certificates[1]), "certificate")
    assert len(notes_of(world, 3, "diverged")) == 1


def lose_attestations(world: World, height: int, *, blocks: int, losers: tuple[int, ...]) -> None:
    """Make blocks while those of one height are lost, and let no timer fire in between."""
    for number in range(blocks):
        world.submit(f"t{number}")
        while envelopes := [
            e for e in world.wire if not (e.to in losers and is_attestation_of(height, e.message))
        ]:
            world.deliver(envelopes[0])
    world.wire.clear()
    for index in losers:
        assert height not in world.members[index].disk.certificates


def test_CP2_an_uncertified_height_is_asked_for_when_the_logs_have_passed_it() -> None:
    world = World(4, parameters=small_parameters(checkpoint_interval=2))
    lose_attestations(world, 1, blocks=10, losers=(3,))
    world.advance(5_000)
    assert {facts["height"] for facts in notes_of(world, 3, "uncertified")} == {1}
    assert sorted(world.members[3].disk.certificates) == list(range(1, 11))


def test_CP2_a_certificate_that_nobody_has_can_still_be_made_when_the_logs_have_passed_it() -> None:
    world = World(4, parameters=small_parameters(checkpoint_interval=2))
    lose_attestations(world, 1, blocks=8, losers=(0, 1, 2, 3))
    world.advance(5_000)
    for member in world.members:
        assert sorted(member.disk.certificates) == list(range(1, 9))


def test_CP2_attestations_kept_for_missing_certificates_are_bounded() -> None:
    """Nobody votes further than two windows above the lowest height without certificate."""
    world = World(4, parameters=small_parameters(checkpoint_interval=2))
    for number in range(30):
        world.submit(f"t{number}")
        while envelopes := [e for e in world.wire if not is_attestation_of(1, e.message)]:
            world.deliver(envelopes[0])
    assert {len(member.disk.headers) for member in world.members} == {8}
    world.deliver_all()
    world.advance(5_000)
    for member in world.members:
        assert sorted(member.disk.certificates) == list(range(1, len(member.disk.headers) + 1))
        assert sum(map(len, member.disk.ids)) == 30


def is_attestation_of(height: int, message: object) -> bool:
    return isinstance(message, Attestation) and message.height == height


def test_CP3_fewer_than_a_quorum_stop_nobody() -> None:
    world = World(4)
    world.submit("a")
    while envelopes := [e for e in world.wire if not isinstance(e.message, Attestation)]:
        world.deliver(envelopes[0])
    world.inject(3, world.attestation(0, OTHER))
    world.inject(3, world.attestation(1, OTHER))
    assert world.rejections(3) == ["other-header"] * 2
    assert notes_of(world, 3, "diverged") == []


def isolate(world: World, index: int, blocks: int) -> None:
    """Let the others go on while everything to one validator is lost."""
    for number in range(blocks):
        world.submit(f"i{number}", to=[m.index for m in world.members if m.index != index])
        while envelopes := [e for e in world.wire if e.to != index]:
            world.deliver(envelopes[0])
        world.wire.clear()


def test_CU1_left_behind_is_noticed_by_signed_heights_once_a_period() -> None:
    world = World(4, parameters=small_parameters())
    world.installs = False
    isolate(world, 3, 10)
    digest = digest_of(SUITE, world.members[0].disk.headers[-1])
    world.inject(3, world.attestation(0, digest, height=10))
    world.fire(3)
    assert notes_of(world, 3, "behind") == [], "one validator alone may lie (CU-1)"
    world.inject(3, world.attestation(1, digest, height=10))
    for _ in range(5):
        world.inject(3, world.attestation(2, digest, height=10))
    world.fire(3)
    (facts,) = notes_of(world, 3, "behind")
    assert facts["height"] == 10
    world.inject(3, world.attestation(0, digest, height=10**6))
    world.fire(3)
    assert notes_of(world, 3, "behind")[-1]["height"] == 10, (
        "the height that a weak quorum signed, not a liar's"
    )
    asked = [facts["peer"] for facts in notes_of(world, 3, "behind")]
    assert len(asked) == 2
    assert asked[0] != asked[1], "another peer every period (CU-5)"


def test_CU1_claims_of_progress_drive_nothing() -> None:
    world = World(4)
    for sender in (0, 1, 2):
        world.inject(3, Progress(world.chain_id, 0, sender, view=9, head=10**6, final=10**6))
    world.fire(3)
    assert notes_of(world, 3, "behind") == []
    assert world.replica(3).status().head_height == 0


def test_VC6_progress_is_answered_once_a_period_and_peer() -> None:
    world = World(4)
    run_blocks(world, 2)
    for member in world.members:
        world.fire(member.index)
    ask = Progress(world.chain_id, 0, 3, view=0, head=0, final=0)
    answer = world.inject(0, ask).send
    assert [send.to for send in answer] == [3] * len(answer)
    assert len(answer) == 6, "proposal, commit and attestation of both heights"
    assert not world.inject(0, ask).send
    world.fire(0)
    assert world.inject(0, ask).send


def test_VC6_a_peer_within_the_logs_is_healed_by_votes_alone() -> None:
    world = World(4, parameters=small_parameters())
    world.installs = False
    isolate(world, 3, 3)
    world.submit("i0", "i1", "i2", to=[3])
    for _ in range(4):
        world.fire(3)
        world.deliver_all()
    assert world.order(3) == world.order(0)
    assert sorted(world.members[3].disk.certificates) == [1, 2, 3]


def test_situation_42_CU2_a_peer_out_of_the_logs_continues_from_installed_blocks() -> None:
    world = World(4, parameters=small_parameters())
    isolate(world, 3, 10)
    world.submit("again", to=[3])
    for _ in range(6):
        world.fire(3)
        world.deliver_all()
    assert world.replica(3).status().head_height == 10
    world.submit("again", to=[0, 1, 2])
    world.deliver_all()
    assert world.order(3)[-1] == "again"
    assert [header.state_root for header in world.members[3].disk.headers] == [
        header.state_root for header in world.members[0].disk.headers
    ]


def test_situation_42_43_a_late_or_repeated_answer_changes_nothing() -> None:
    world = World(4, parameters=small_parameters())
    run_blocks(world, 3)
    before = world.replica(3).status()
    peer = world.members[0].disk
    for height in (3, 1, 2, 2):
        event = BlockInstalled(peer.headers[height - 1], peer.ids[height - 1], peer.certificates[height])
        assert world.handle(world.members[3], event, "late answer") == Output()
    assert world.replica(3).status() == before
    late = BlockExecuted(peer.headers[1], digest_of(SUITE, peer.headers[1]))
    assert world.handle(world.members[3], late, "late execution") == Output()


def test_CU2_installing_settles_what_was_in_flight_below() -> None:
    """Validator 3 accepted another batch at seq 1 from a lying primary; the certified one replaces it."""
    world = World(4)
    world.submit("wrong", to=[3])
    world.inject(3, world.make_proposal(["wrong"]))
    world.wire.clear()
    isolate(world, 3, 1)
    world.catch_up(world.members[3], world.members[0])
    assert world.replica(3).status().head_height == 1
    assert world.replica(3).status().in_flight == 0
    world.wire.clear()
    world.submit("wrong", to=[0, 1, 2])
    world.deliver_all()
    assert world.order(3) == ["i0", "wrong"], "a transaction of the replaced batch waits again"


def test_CP1_an_uncertified_height_asks_for_its_certificate() -> None:
    world = World(2)
    world.submit("a")
    while envelopes := [e for e in world.wire if not (e.to == 1 and isinstance(e.message, Attestation))]:
        world.deliver(envelopes[0])
    world.crash(0)
    world.wire.clear()
    world.restart(0)
    world.wire.clear()
    for _ in range(4):
        world.fire(1)
        world.wire.clear()
    assert notes_of(world, 1, "uncertified")[0] == {"height": 1, "peer": 0}
    assert list(world.members[1].disk.certificates) == [1]
    assert world.replica(1).status().stall == ""


def test_CP1_the_timer_runs_until_the_certificate_is_there() -> None:
    world = World(4)
    world.submit("a")
    while envelopes := [e for e in world.wire if not isinstance(e.message, Attestation)]:
        world.deliver(envelopes[0])
    world.wire.clear()
    for _ in range(3):
        assert world.fire(2)
    assert len(world.on_wire(Attestation, sender=2, to=0)) == 2, "once a full period and then every period"
    world.deliver_all()
    assert TimerKind.RETRANSMIT in world.members[2].timers, "validators 0 and 1 have their own to send"
    world.fire(0)
    world.fire(0)
    world.deliver_all()
    assert list(world.members[2].disk.certificates) == [1]
