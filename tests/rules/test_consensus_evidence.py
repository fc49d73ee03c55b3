"""Evidence rules: contradictions are noticed wherever they show, proved, told; honest messages are none."""

from __future__ import annotations

from collections.abc import Callable

import msgspec
import pytest

from govchain.codec import encode
from govchain.consensus import EvidenceReceived, SignedMessage, TimerKind
from govchain.consensus import evidence as consensus_evidence
from govchain.consensus.evidence import EVIDENCE_BYTES_MAX
from govchain.consensus.messages import ConsensusMessage, NewView, ViewChange
from govchain.crypto import digest_of
from govchain.crypto.evidence import order_evidence, read_evidence, verify_evidence
from govchain.errors import BadProof, BadSignature, InvalidInput, MalformedBytes
from govchain.model import Attestation
from govchain.model.votes import Evidence
from tests.support.consensus_world import SIGNERS, SUITE, World, small_parameters, tx

A, B = tx("digest a"), tx("digest b")

PAIRS: dict[str, Callable[[World, int], tuple[ConsensusMessage, ConsensusMessage]]] = {
    "proposal": lambda w, v: (w.make_proposal(["a"], sender=v), w.make_proposal(["b"], sender=v)),
    "prepare": lambda w, v: (w.prepare(v, A), w.prepare(v, B)),
    "commit": lambda w, v: (w.commit(v, A), w.commit(v, B)),
    "attestation": lambda w, v: (w.attestation(v, A), w.attestation(v, B)),
    "view-change": lambda w, v: (
        w.view_change(v),
        w.view_change(v, prepared=(w.prepared(w.make_proposal(["a"]), [1, 2]),)),
    ),
    "new-view": lambda w, v: (NewView(w.chain_id, 0, v, 1, (), ()), NewView(w.chain_id, 0, v, 1, _NOISE, ())),
}
"""Phase to two messages of one validator that contradict each other."""

_NOISE = (SignedMessage(b"", b""),)


def pair(world: World, phase: str, validator: int = 0) -> Evidence:
    one, other = PAIRS[phase](world, validator)
    return order_evidence(world.verified(one).signed, world.verified(other).signed)


@pytest.mark.parametrize("phase", PAIRS)
def test_EV1_every_kind_of_vote_that_is_signed_once_is_evidence_when_signed_twice(phase: str) -> None:
    world = World(4)
    found = verify_evidence(SUITE, world.validators, world.chain_id, pair(world, phase, 3))
    assert (found.validator, found.phase, found.epoch) == (3, phase, 0)
    assert found.object_id.startswith(f"0-3-{phase}-")


def other_place(world: World, evidence: Evidence) -> Evidence:
    return order_evidence(evidence.first, world.verified(world.prepare(1, B, seq=2)).signed)


def other_view(world: World, evidence: Evidence) -> Evidence:
    return order_evidence(evidence.first, world.verified(world.prepare(1, B, view=1)).signed)


def other_kind(world: World, evidence: Evidence) -> Evidence:
    return order_evidence(evidence.first, world.verified(world.commit(1, B)).signed)


def other_validator(world: World, evidence: Evidence) -> Evidence:
    return order_evidence(evidence.first, world.verified(world.prepare(2, B)).signed)


def other_chain(world: World, evidence: Evidence) -> Evidence:
    votes = [msgspec.structs.replace(world.prepare(1, each), chain_id=tx("x")) for each in (A, B)]
    one, other = (world.verified(vote).signed for vote in votes)
    return order_evidence(one, other)


def other_epoch(world: World, evidence: Evidence) -> Evidence:
    one, other = (
        world.verified(msgspec.structs.replace(world.prepare(1, each), epoch=1)).signed for each in (A, B)
    )
    return order_evidence(one, other)


def stranger(world: World, evidence: Evidence) -> Evidence:
    one, other = (world.verified(world.prepare(9, each)).signed for each in (A, B))
    return order_evidence(one, other)


def huge_number(world: World, evidence: Evidence) -> Evidence:
    one, other = (world.verified(world.prepare(1, each, seq=2**60)).signed for each in (A, B))
    return order_evidence(one, other)


def forged_second(world: World, evidence: Evidence) -> Evidence:
    forged = SignedMessage(evidence.second.body, SIGNERS[2].sign(evidence.second.body))
    return Evidence(evidence.first, forged)


def forged_first(world: World, evidence: Evidence) -> Evidence:
    return Evidence(SignedMessage(evidence.first.body, bytes(64)), evidence.second)


NOT_EVIDENCE: dict[str, tuple[Callable[[World, Evidence], Evidence], type[InvalidInput]]] = {
    "one message twice": (lambda w, e: Evidence(e.first, e.first), BadProof),
    "the wrong way round": (lambda w, e: Evidence(e.second, e.first), BadProof),
    "two sequence numbers": (other_place, BadProof),
    "two views": (other_view, BadProof),
    "two kinds": (other_kind, BadProof),
    "two validators": (other_validator, BadProof),
    "of another chain": (other_chain, BadProof),
    "of another epoch": (other_epoch, BadProof),
    "of a stranger": (stranger, BadProof),
    "of an impossible place": (huge_number, BadProof),
    "the second not signed": (forged_second, BadSignature),
    "the first not signed": (forged_first, BadSignature),
    "no message": (lambda w, e: Evidence(SignedMessage(b"\x00", b""), e.second), MalformedBytes),
    "a message that is no vote": (
        lambda w, e: Evidence(SignedMessage(encode((b"x",)), b""), e.second),
        MalformedBytes,
    ),
}


@pytest.mark.parametrize("fault", NOT_EVIDENCE)
def test_EV2_what_does_not_prove_guilt_is_refused_and_accuses_nobody(fault: str) -> None:
    world = World(4)
    spoil, error = NOT_EVIDENCE[fault]
    spoiled = spoil(world, pair(world, "prepare", 1))
    with pytest.raises(error):
        verify_evidence(SUITE, world.validators, world.chain_id, spoiled)
    member = world.members[0]
    output = world.handle(member, EvidenceReceived(spoiled, 2), "spoiled evidence")
    assert output.evidence == []
    assert world.rejections(0) == ["bad-evidence"]
    assert world.accused(0) == []


def test_EV1_evidence_of_a_peer_is_verified_kept_once_and_told_to_everybody() -> None:
    world = World(4)
    evidence = pair(world, "commit", 1)
    assert world.handle(world.members[0], EvidenceReceived(evidence, 2), "evidence").evidence == [evidence]
    assert world.handle(world.members[0], EvidenceReceived(evidence, 3), "again").evidence == []
    world.deliver_all()
    assert all(world.accused(index) == [(1, "commit")] for index in range(4))
    assert world.rejections(0) == []


def test_EV1_one_piece_for_each_validator_and_phase_is_enough() -> None:
    world = World(4)
    for seq in (1, 2, 3):
        for digest in (A, B):
            world.inject(0, world.prepare(2, digest, seq=seq))
    kept = [each for _, output in world.members[0].outputs for each in output.evidence]
    assert [read_evidence(each).seq for each in kept] == [1]


def test_EV1_a_pair_that_is_too_large_is_not_kept() -> None:
    world = World(4)
    noise = (SignedMessage(bytes(EVIDENCE_BYTES_MAX), b""),)
    votes = [NewView(world.chain_id, 0, 1, 1, changes, ()) for changes in ((), noise)]
    one, other = (world.verified(vote).signed for vote in votes)
    output = world.handle(world.members[0], EvidenceReceived(order_evidence(one, other), 2), "large")
    assert output.evidence == []


@pytest.mark.parametrize("phase", ["prepare", "commit", "attestation"])
def test_EV1_votes_that_a_liar_told_to_disjoint_sets_meet(phase: str) -> None:
    """Nobody hears both from the liar; the odd vote is passed on by whoever finds it odd."""
    world = World(4)
    liar = 3 if phase == "prepare" else 0  # The primary has no prepare of its own.
    heard = [index for index in (1, 2, 3) if index != liar][:2]
    if liar == 0:
        world.crash(3)  # So that the others need the liar.
    world.submit("a", to=heard)
    proposal = world.make_proposal(["a"])
    honest = digest_of(SUITE, proposal.batch)
    for index in heard:
        world.inject(index, proposal)
    make = {"prepare": world.prepare, "commit": world.commit, "attestation": world.attestation}[phase]
    if phase == "attestation":
        world.deliver_all()
        for index in heard:
            world.inject(index, world.commit(0, honest))
        honest = digest_of(SUITE, world.members[1].disk.headers[0])
    world.inject(heard[0], make(liar, A))
    world.inject(heard[1], make(liar, honest))
    world.deliver_all()
    assert all((liar, phase) in world.accused(index) for index in heard)


def test_situation_12_EV1_proposals_to_disjoint_sets_accuse_the_primary_at_every_validator() -> None:
    world = World(4)
    world.submit("a", "b", to=[1, 2, 3])
    world.inject(1, world.make_proposal(["a"]))
    world.inject(2, world.make_proposal(["b"]))
    world.inject(3, world.make_proposal(["b"]))
    world.deliver_all()
    for index in (1, 2, 3):
        assert world.accused(index) == [(0, "proposal")]
        assert world.members[index].disk.evidence == world.members[1].disk.evidence


def test_situation_12_EV1_a_vote_that_came_before_the_proposal_is_exposed_too() -> None:
    world = World(4)
    world.submit("a", "b", to=[1, 2, 3])
    world.inject(2, world.make_proposal(["b"]))
    world.deliver_all()
    world.inject(1, world.make_proposal(["a"]))
    world.deliver_all()
    assert world.accused(1) == world.accused(2) == [(0, "proposal")]


def test_EV1_a_view_change_shows_what_contradicts_the_own_proposal() -> None:
    world = World(4)
    world.submit("a", "b", to=[1, 2, 3])
    world.inject(1, world.make_proposal(["a"]))
    shown = world.prepared(world.make_proposal(["b"]), [2, 3])
    world.inject(1, world.view_change(2, prepared=(shown,)))
    assert world.accused(1) == [(0, "proposal")]


def test_EV1_what_was_prepared_in_an_earlier_view_is_compared_still() -> None:
    world = World(4)
    world.submit("a", "b")
    world.wire.clear()
    proposal = world.make_proposal(["a"])
    for index in (1, 2, 3):
        world.submit("a", to=[index])
        world.inject(index, proposal)
    digest = digest_of(SUITE, proposal.batch)
    world.inject(1, world.prepare(2, digest))
    world.inject(1, world.prepare(3, digest))
    for sender in (2, 3):
        world.inject(1, world.view_change(sender))
    world.wire.clear()
    assert world.replica(1).status().view == 1
    world.inject(1, world.make_proposal(["b"]))
    world.inject(1, world.prepare(2, B))
    assert world.accused(1) == [(0, "proposal"), (2, "prepare")]


def test_EV1_votes_outside_the_view_are_compared_before_they_are_dropped() -> None:
    world = World(4)
    world.submit("a")
    world.inject(1, world.prepare(2, A))
    for _ in range(2):
        assert world.fire(1, TimerKind.REQUEST)
    world.inject(1, world.prepare(2, B))
    assert world.rejections(1) == ["wrong-view"]
    assert world.accused(1) == [(2, "prepare")]


def test_EV1_an_attestation_against_the_certificate_of_its_height_is_evidence() -> None:
    world = World(4)
    world.submit("a")
    world.settle()
    certificate = world.members[1].disk.certificates[1]
    voter = next(vote.validator for vote in certificate.votes if vote.validator != 1)
    world.inject(1, world.attestation(voter, A))
    assert (voter, "attestation") in world.accused(1)


def test_EV1_a_certificate_of_a_peer_speaks_against_a_later_attestation_too() -> None:
    world = World(4)
    world.submit("a")
    while world.wire:
        envelope = world.wire[0]
        if isinstance(envelope.message, Attestation) and envelope.to == 1:
            world.wire.remove(envelope)
        else:
            world.deliver(envelope)
    world.certify(world.members[1], world.members[2], 1)
    certificate = world.members[1].disk.certificates[1]
    voter = next(vote.validator for vote in certificate.votes if vote.validator != 1)
    world.inject(1, world.attestation(voter, A))
    assert world.accused(1) == [(voter, "attestation")]


def test_EV1_EV2_two_view_changes_of_two_views_are_no_contradiction() -> None:
    world = World(4)
    for view in (1, 2, 5):
        world.inject(1, world.view_change(3, view))
    assert world.accused(1) == []
    world.inject(
        1, ViewChange(world.chain_id, 0, 3, 5, None, (world.prepared(world.make_proposal(["a"]), [1, 2]),))
    )
    assert world.accused(1) == [(3, "view-change")]


def test_EV2_a_forged_half_inside_a_view_change_accuses_nobody() -> None:
    """A liar shows a proposal that the primary never signed: refused, and the primary stays clean."""
    world = World(4)
    world.submit("a", "b", to=[1, 2, 3])
    world.inject(1, world.make_proposal(["a"]))
    shown = world.prepared(world.make_proposal(["b"]), [2, 3])
    forged = msgspec.structs.replace(shown, proposal=SignedMessage(shown.proposal.body, bytes(64)))
    world.inject(1, world.view_change(2, prepared=(forged,)))
    assert world.rejections(1) == ["bad-view-change"]
    assert world.accused(1) == []


def test_situation_52_EV1_the_pieces_of_one_replica_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(consensus_evidence, "EVIDENCE_MAX", 2)
    world = World(4)
    for validator in (1, 2, 3):
        world.handle(world.members[0], EvidenceReceived(pair(world, "commit", validator), 2), "evidence")
    assert world.accused(0) == [(1, "commit"), (2, "commit")]


def test_situation_56_EV2_evidence_of_an_epoch_that_is_over_accuses_nobody_in_the_next() -> None:
    """Its indices and keys may be others' by now; who noticed it in time asks the chain to record it."""
    world = World(4, parameters=small_parameters())
    world.plan(4, world.validators.members[::-1])
    evidence = pair(world, "commit", 1)
    world.handle(world.members[3], EvidenceReceived(evidence, 2), "in time")
    for number in range(4):
        world.submit(f"t{number}")
        world.settle()
    world.advance(1_000)
    assert [world.replica(index).validators.epoch for index in range(4)] == [1] * 4
    kept = world.accused(0)
    output = world.handle(world.members[0], EvidenceReceived(evidence, 3), "late")
    assert output.evidence == []
    assert world.rejections(0)[-1:] == ["bad-evidence"]
    assert world.accused(0) == kept
    assert world.accused(3) == [(1, "commit")]
