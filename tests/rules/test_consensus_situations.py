"""Situations of docs/situations.md that no other file of rules names: faults that meet honest timing."""

from __future__ import annotations

import msgspec
import pytest

from govchain.codec import encode
from govchain.consensus import SignedMessage, TimerKind, certificates, verify_message
from govchain.consensus.messages import (
    CertifiedHeader,
    Commit,
    NewView,
    Prepare,
    PreparedCertificate,
    Proposal,
)
from govchain.consensus.transactions import TransactionBook
from govchain.crypto import digest_of
from govchain.errors import MalformedBytes
from govchain.model import Vote
from tests.support.consensus_world import SIGNERS, SUITE, World, small_parameters, tx


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


def test_situation_02_a_message_has_one_spelling() -> None:
    """The same value in longer bytes would be a second message: equivocation of somebody honest."""
    world = World(4)
    body = encode(world.prepare(1, bytes(32), view=7))
    for short, long in ((b"\x07", b"\xcc\x07"), (b"\xc4\x20", b"\xc5\x00\x20"), (b"\xb2", b"\xd9\x12")):
        assert short in body
        respelled = body.replace(short, long, 1)
        assert msgspec.msgpack.decode(respelled) == msgspec.msgpack.decode(body)
        with pytest.raises(MalformedBytes):
            verify_message(
                SUITE, world.validators, world.chain_id, SignedMessage(respelled, SIGNERS[1].sign(respelled))
            )


def test_situation_04_VC5_promised_to_a_higher_view_nobody_enters_a_lower_one() -> None:
    world = World(4)
    world.submit("a")
    world.wire.clear()
    for _ in range(2):
        for index in (0, 1, 3):
            world.fire(index, TimerKind.REQUEST)
    recorded = world.make_new_view(1, [0, 1, 3], [])
    for sender in (0, 1):
        world.inject(2, world.view_change(sender, 3))
    state = world.replica(2)._state
    assert (state.view, state.target) == (0, 3)
    output = world.inject(2, recorded)
    assert (state.view, state.target) == (0, 3)
    assert not output.persist
    assert not output.send


def test_situation_04_VC5_an_older_view_change_does_not_replace_a_newer_one() -> None:
    world = World(4)
    world.inject(2, world.view_change(1, 5))
    world.inject(2, world.view_change(1, 2))
    assert world.replica(2)._state.wanted[1].view == 5
    world.inject(2, world.view_change(3, 5))
    assert world.replica(2)._state.target == 5


def test_situation_26_VC7_view_changes_for_another_view_are_no_quorum() -> None:
    world = World(4)
    wanted = [world.verified(world.view_change(sender, 5)).signed for sender in (0, 1, 3)]
    world.inject(2, NewView(world.chain_id, 0, 1, 1, tuple(wanted), ()))
    assert world.rejections(2) == ["bad-new-view"]
    assert world.replica(2).status().view == 0


def test_situation_27_VC2_a_base_of_another_chain_is_refused() -> None:
    """The same validators run a test chain too: its certificates are genuine, and worthless here."""
    other = World(4, parameters=small_parameters())
    other.submit("a")
    other.deliver_all()
    disk = other.members[0].disk
    world = World(4)
    assert other.chain_id != world.chain_id
    world.inject(2, world.view_change(1, base=CertifiedHeader(disk.headers[0], disk.certificates[1])))
    assert world.rejections(2) == ["bad-view-change"]


def test_situation_29_VC2_a_view_change_that_shows_too_much_costs_no_signature(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    world = World(4)
    limit = world.replica(2)._state.in_flight_max
    shown = world.prepared(world.make_proposal(["a"]), [1, 2])
    looked_at: list[PreparedCertificate] = []
    monkeypatch.setattr(certificates, "check_prepared", lambda judge, each, *_: looked_at.append(each))
    world.inject(2, world.view_change(1, prepared=(shown,) * (limit + 1)))
    assert world.rejections(2) == ["bad-view-change"]
    assert looked_at == []


def test_situation_18_RQ4_the_book_keeps_what_is_ordered_or_executed_out_of_the_queue() -> None:
    book = TransactionBook()
    a, b = tx("a"), tx("b")
    book.order([a], seq=1)
    book.add([(a, 100), (b, 50)], head=0)
    assert book.waiting() == (b,), "a is in an accepted proposal; its body came later"
    assert book.missing([a, b]) == ()
    book.execute([a], seq=1)
    book.add([(a, 100)], head=1)
    assert book.waiting() == (b,)
    assert book.size_of([a]) == 0, "what was executed is not held again"


@pytest.mark.parametrize("votes", ["forged", "old", "few"])
def test_situation_39_a_forged_certificate_for_an_executed_height_is_no_checkpoint(votes: str) -> None:
    """Shown as the base of a view change, it must not move anything."""
    world = World(4, parameters=small_parameters())
    for number in range(4):
        world.submit(f"t{number}")
        world.deliver_all()
    disk = world.members[0].disk
    header, good = disk.headers[3], disk.certificates[4]
    wrong = {
        "forged": tuple(Vote(vote.validator, bytes(64)) for vote in good.votes),
        "old": disk.certificates[3].votes,
        "few": good.votes[:2],
    }[votes]
    later = msgspec.structs.replace(header, height=8)
    for base in (header, later):
        forged = msgspec.structs.replace(
            good, votes=wrong, height=base.height, header_digest=digest_of(SUITE, base)
        )
        world.inject(2, world.view_change(1, base=CertifiedHeader(base, forged)))
    assert world.rejections(2)[-2:] == ["bad-view-change"] * 2
    assert world.replica(2)._state.base_height == 4
