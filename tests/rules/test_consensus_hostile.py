"""What one liar can do to an honest replica with well-signed messages: nothing that stops or misleads it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from govchain.codec import FRAME_BYTES_MAX, decode, encode
from govchain.consensus import EarlyMessages, SignedMessage, TimerKind, largest_new_view_bytes
from govchain.consensus.epochs import EARLY_BYTES_MAX
from govchain.consensus.messages import Commit, NewView, Prepare, Progress, ViewChange
from govchain.crypto import digest_of
from govchain.errors import ConfigError
from govchain.model import Attestation, ProtocolParameters
from tests.support.chain_world import ChainWorld
from tests.support.consensus_world import SUITE, Envelope, World, small_parameters


def deliver(world: World, wanted: Callable[[Envelope], bool]) -> None:
    """Deliver whatever of this kind is on its way, and what follows from it."""
    for _ in range(100):
        envelopes = [envelope for envelope in world.wire if wanted(envelope)]
        if not envelopes:
            return
        for envelope in envelopes:
            if envelope in world.wire:
                world.deliver(envelope)
    raise AssertionError("messages never end")


def is_attestation(envelope: Envelope) -> bool:
    return isinstance(envelope.message, Attestation)


def is_vote_at(envelope: Envelope, kind: type, seq: int, *to: int) -> bool:
    message = envelope.message
    return (
        isinstance(message, Prepare | Commit)
        and isinstance(message, kind)
        and (message.seq == seq and envelope.to in to)
    )


def complain(world: World, *indices: int) -> None:
    for _ in range(3):
        for index in indices:
            world.fire(index, TimerKind.REQUEST)


def test_situation_12_VC3_no_commit_stands_on_another_parent_than_the_certified_block() -> None:
    """The primary 0 lies: x goes to 1 and y to the others, then z behind x to 1, behind y to the others."""
    world = World(4)
    world.installs = False
    world.submit("x", "y", "z", "w", to=[1, 2, 3])
    first = {name: world.make_proposal([name]) for name in ("x", "y")}
    parents = {name: digest_of(SUITE, first[name].batch) for name in first}
    second = {name: world.make_proposal(["z"], seq=2, parent=parents[name]) for name in first}
    digest = digest_of(SUITE, second["x"].batch)
    assert digest == digest_of(SUITE, second["y"].batch), "a batch does not name its parent"
    world.inject(1, first["x"])
    world.inject(1, second["x"])
    for to in (2, 3):
        world.inject(to, first["y"])
    world.inject(2, second["y"])
    deliver(world, lambda each: is_vote_at(each, Prepare, 1, 2, 3))
    for to in (2, 3):
        world.inject(to, world.commit(0, parents["y"]))
    deliver(world, lambda each: is_vote_at(each, Commit, 1, 2, 3))
    header = world.members[2].disk.headers[0]
    for to in (2, 3):
        world.inject(to, world.attestation(0, digest_of(SUITE, header)))
    deliver(world, lambda each: is_attestation(each) and each.to in (2, 3))
    # Validator 1 gets the certified block y, and then sees a quorum of prepares for z.
    world.catch_up(world.members[1], world.members[2])
    deliver(world, lambda each: is_vote_at(each, Prepare, 2, 1, 2))
    assert world.order(1) == world.order(2) == ["y"]
    state = world.replica(1)._state
    assert state.slots[2].own_commit is None, "its proof could not be carried: z names x as its parent"
    assert 2 not in state.prepared
    # Validator 2 commits and the liar helps; without another honest commit z is not decided by it.
    world.inject(2, world.commit(0, digest, seq=2))
    deliver(world, lambda each: is_vote_at(each, Commit, 2, 2))
    assert world.order(2) == ["y"]
    # The others go on in a view to which 2 contributed nothing; the judge watches over the order.
    world.wire.clear()
    complain(world, 1, 3)
    deliver(world, lambda each: {each.sender, each.to} == {1, 3})
    world.installs = True
    world.inject(1, world.view_change(0))
    for _ in range(60):
        world.advance(500)
    assert sorted(world.order(1)) == ["w", "x", "y", "z"]
    assert world.order(1) == world.order(2) == world.order(3)


def test_MS1_a_vote_below_what_a_later_view_begins_with_is_refused() -> None:
    """A view began below the window of 3, the next one does not: what it left there is gone."""
    world = World(4, parameters=small_parameters())
    world.installs = False
    for number in range(4):
        world.submit(f"t{number}")
        world.deliver_all()
    for number in range(4, 8):
        world.submit(f"t{number}")
        deliver(world, lambda each: not is_attestation(each) or each.to == 3)
    late = [each for each in world.wire if is_attestation(each)]
    world.wire.clear()
    complain(world, 0, 1, 2)
    deliver(world, lambda each: not isinstance(each.message, Attestation | Progress))
    state = world.replica(3)._state
    assert (state.view, state.floor, state.low) == (1, 4, 8)
    world.wire.clear()
    for envelope in late:
        world.receive(envelope)
    world.submit("new", to=[0, 2, 3])
    world.wire.clear()
    complain(world, 0, 2, 3)
    world.deliver_all()
    assert (state.view, state.floor) == (2, 8)
    before = len(world.rejections(3))
    for seq in range(1, 9):
        world.inject(3, world.prepare(0, bytes(32), seq=seq, view=2))
        world.inject(3, world.commit(0, bytes(32), seq=seq, view=2))
    assert world.rejections(3)[before:] == ["old-seq"] * 16


def test_RC1_a_full_window_without_certificates_survives_a_restart_of_all() -> None:
    """Whoever forgot the lowest of them could show nothing above it in a view change either."""
    world = World(4, parameters=small_parameters())
    world.installs = False
    for number in range(8):
        world.submit(f"t{number}")
        deliver(world, lambda each: not is_attestation(each))
    assert [len(member.disk.headers) for member in world.members] == [8] * 4
    assert not world.members[0].disk.certificates
    for index in range(4):
        world.crash(index)
    for index in range(4):
        world.restart(index)
    world.submit("new")
    world.wire.clear()
    complain(world, 0, 1, 2, 3)
    deliver(world, lambda each: not is_attestation(each))
    assert [world.replica(index).status().view for index in range(4)] == [1] * 4
    assert not [note for member in world.members for note in member.notes if note.event == "diverged"]


def test_VC3_a_certificate_that_a_view_brought_is_kept_for_those_who_lack_the_block() -> None:
    """Only 0 has the certificate of height 1, shows it in a view change and is gone; 3 has no block."""
    world = World(4)
    world.submit("a")
    deliver(world, lambda each: not is_attestation(each) and each.to != 3)
    deliver(world, lambda each: is_attestation(each) and each.to == 0)
    assert [len(member.disk.certificates) for member in world.members] == [1, 0, 0, 0]
    assert not world.members[3].disk.headers
    world.wire.clear()
    world.submit("b")
    world.wire.clear()
    complain(world, 0, 1, 2, 3)
    deliver(world, lambda each: isinstance(each.message, ViewChange | NewView))
    assert [world.replica(index).status().view for index in range(4)] == [1] * 4
    world.wire.clear()
    world.crash(0)
    for _ in range(60):
        world.advance(500)
    assert world.order(1) == world.order(2) == world.order(3) == ["a", "b"]


def test_VC5_an_early_proposal_that_is_too_large_is_not_kept() -> None:
    world = World(4, parameters=small_parameters())
    proposal = world.make_proposal(["a", "b", "c", "d"], sender=1, view=1)
    world.inject(2, proposal)
    assert not world.replica(2)._state.early.get(1)
    world.inject(2, world.make_proposal(["a", "b", "c"], sender=1, view=1))
    assert len(world.replica(2)._state.early[1]) == 1


def test_MB3_early_messages_of_one_peer_are_bounded_by_their_bytes() -> None:
    world = World(4)
    ids = tuple(bytes([number % 256]) * 32 for number in range(100_000))
    large = msgspec.structs.replace(world.make_proposal(["a"]), epoch=1, transaction_ids=ids)
    signed = SignedMessage(encode(large), bytes(64))
    early = EarlyMessages()
    for _ in range(20):
        early.keep("peer", signed, 0)
    kept = early.take()
    assert 0 < sum(len(each.body) for _, each in kept) <= EARLY_BYTES_MAX


def test_VC2_the_prepares_of_a_certificate_are_counted_before_they_are_verified() -> None:
    world = World(4)
    proposal = world.make_proposal(["a"])
    certificate = world.prepared(proposal, [1, 2])
    forged = SignedMessage(certificate.prepares[0].body, bytes(64))
    padded = msgspec.structs.replace(certificate, prepares=(forged,) * 5)
    world.inject(3, world.view_change(0, prepared=(padded,)))
    problems = [str(dict(note.facts)["problem"]) for note in world.members[3].notes]
    assert "5 prepares at seq 1" in problems[-1]


@pytest.mark.parametrize("n", [4, 7])
def test_VC2_a_new_view_under_full_load_is_no_larger_than_the_estimate(n: int) -> None:
    """Every seq that may be in flight is full, prepared everywhere and certified nowhere."""
    world = World(n, parameters=small_parameters(checkpoint_interval=16, batch_records_max=20))
    world.installs = False
    for number in range(8):
        world.submit(*[f"t{number}-{place}" for place in range(20)])
        deliver(world, lambda each: not is_attestation(each))
    world.submit("waits")
    world.wire.clear()
    complain(world, *range(n))
    world.deliver_all()
    signed = world.replica(0)._state.new_view
    assert signed is not None
    new_view = decode(signed.body, NewView)
    assert len(new_view.proposals) == 8
    largest = largest_new_view_bytes(world.genesis.parameters, world.validators)
    assert largest / 2 < len(signed.body) <= largest


def test_VC2_parameters_that_no_view_change_could_carry_are_refused() -> None:
    validators = World(4).validators
    assert largest_new_view_bytes(ProtocolParameters(), validators) < FRAME_BYTES_MAX // 4
    for parameters in (ProtocolParameters(pipeline=64), ProtocolParameters(batch_records_max=5_000)):
        assert largest_new_view_bytes(parameters, validators) > FRAME_BYTES_MAX


def test_VC2_a_validator_does_not_start_with_such_parameters(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="a view change under full load would not fit one message"):
        ChainWorld(tmp_path, ProtocolParameters(pipeline=64))


def test_VC3_a_height_below_the_base_whose_certificate_is_gone_does_not_stop_progress() -> None:
    """Three executed heights 1 and 2; one alone holds their certificates, shows the higher, and is gone."""
    world = World(4)
    for name in ("a", "b"):
        world.submit(name)
        deliver(world, lambda each: not is_attestation(each) and each.to != 3)
    deliver(world, lambda each: is_attestation(each) and each.to == 0)
    world.submit("c")
    world.wire.clear()
    complain(world, 0, 1, 2, 3)
    deliver(world, lambda each: isinstance(each.message, ViewChange | NewView))
    world.wire.clear()
    world.crash(0)
    for _ in range(200):
        world.advance(500)
    assert all("c" in world.order(index) for index in (1, 2, 3))
