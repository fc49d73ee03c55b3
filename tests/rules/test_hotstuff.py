"""The rules of the second protocol, HS-1 to HS-9, and that the judges see what happens without them."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from govchain.consensus import REJECTION_CODES, Send, SignedMessage, TimerKind
from govchain.crypto import digest_of
from govchain.errors import BadSignature, InvalidInput, MalformedBytes, ProtocolViolation
from govchain.hotstuff import (
    HOTSTUFF_REJECTIONS,
    Block,
    BlockProposal,
    BlockVote,
    QuorumCertificate,
    Timeout,
    TimeoutCertificate,
    verify_hotstuff,
)
from govchain.hotstuff.messages import BlockRequest, TimeoutShare
from govchain.hotstuff.voting import is_safe
from govchain.model import Attestation, Vote
from tests.support.hotstuff_world import SUITE, HotWorld, codes_of, votes_of

VIEW_TIMER = TimerKind.VIEW_CHANGE
RETRANSMIT = TimerKind.RETRANSMIT


@pytest.fixture
def world() -> HotWorld:
    return HotWorld()


def refused(world: HotWorld, signed: SignedMessage) -> str:
    with pytest.raises(InvalidInput) as error:
        world.read(signed)
    return error.value.code


def heights(world: HotWorld) -> list[int]:
    return [len(member.headers) for member in world.members]


def chain_of(world: HotWorld, *names: str) -> list[Block]:
    """Blocks of views 1 on, each with one transaction and certified by the next one."""
    blocks: list[Block] = []
    for view, name in enumerate(names, start=1):
        justify = world.qc(blocks[-1]) if blocks else world.genesis_qc
        blocks.append(world.block(view, justify, view, name))
    return blocks


def test_one_transaction_is_final_after_two_certified_blocks(world: HotWorld) -> None:
    world.submit("a")
    assert world.deliver(BlockProposal) == 3, "the leader of view 1"
    assert world.deliver(BlockVote) == 3, "to the leader of view 2; it has its own"
    assert heights(world) == [0, 0, 0, 0], "one certificate decides nothing"
    world.deliver(BlockProposal)
    world.deliver(BlockVote)
    assert heights(world) == [0, 0, 0, 1], "the leader of view 3 knows two"
    world.deliver_all()
    assert heights(world) == [1, 1, 1, 1]
    assert [member.certified for member in world.members] == [1, 1, 1, 1]
    assert not world.wire
    assert all(VIEW_TIMER not in member.timers for member in world.members), "the chain rests"


def test_all_validators_decide_the_same_in_the_same_order(world: HotWorld) -> None:
    world.submit("a", "b")
    world.deliver(BlockProposal)
    world.submit("c")
    world.deliver_all()
    batches = [[each.batch for each in member.decided] for member in world.members]
    assert batches[0]
    assert all(each == batches[0] for each in batches)
    ids = [id_ for each in world.members[0].decided for id_ in each.transaction_ids]
    assert ids == [SUITE.digest(name) for name in (b"a", b"b", b"c")]


def test_HS1_only_the_leader_of_a_view_may_propose(world: HotWorld) -> None:
    block = world.block(1, world.genesis_qc, 1, "a")
    assert refused(world, world.sign(2, BlockProposal(world.chain_id, 0, 2, block, None))) == "not-leader"
    assert world.read(world.proposal(block))


def test_HS1_a_view_has_another_leader_each_time(world: HotWorld) -> None:
    for name in "abcdefgh":
        world.submit(name)
        world.deliver_all()
    proposers = {decision.batch.proposer for decision in world.members[0].decided}
    assert proposers == {0, 1, 2, 3}


@pytest.mark.parametrize("voters", [(0, 1), (0, 1, 1), (1, 0, 2), (0, 1, 2, 3)])
def test_HS2_a_certificate_has_exactly_a_quorum_in_order(world: HotWorld, voters: tuple[int, ...]) -> None:
    first = world.block(1, world.genesis_qc, 1, "a")
    assert (
        refused(world, world.proposal(world.block(2, world.qc(first, voters), 2, "b"))) == "bad-certificate"
    )


def test_HS2_every_vote_of_a_certificate_must_verify(world: HotWorld) -> None:
    first, other = world.block(1, world.genesis_qc, 1, "a"), world.block(1, world.genesis_qc, 1, "b")
    good, bad = world.qc(first), world.qc(other)
    votes = (*good.votes[:2], bad.votes[2])
    forged = msgspec.structs.replace(good, votes=votes)
    assert refused(world, world.proposal(world.block(2, forged, 2, "c"))) == "bad-certificate"
    stranger = msgspec.structs.replace(good, votes=(*good.votes[:2], Vote(9, b"")))
    assert refused(world, world.proposal(world.block(2, stranger, 2, "c"))) == "bad-certificate"
    genesis = QuorumCertificate(0, world.chain_id, good.votes)
    assert refused(world, world.proposal(world.block(1, genesis, 1, "a"))) == "bad-certificate"


def test_HS2_a_certificate_of_timeouts_must_verify(world: HotWorld) -> None:
    good = world.tc(1, {0: 0, 1: 0, 2: 0})
    block = world.block(2, world.genesis_qc, 1, "a")
    assert world.read(world.proposal(block, good))
    few = TimeoutCertificate(1, good.votes[:2])
    assert refused(world, world.proposal(block, few)) == "bad-certificate"
    higher = msgspec.structs.replace(good.votes[0], high_view=1)
    assert refused(world, world.proposal(block, TimeoutCertificate(1, (higher, *good.votes[1:])))) == (
        "bad-certificate"
    )
    third = world.block(3, world.genesis_qc, 1, "a")
    moved = TimeoutCertificate(2, world.tc(1, {0: 0, 1: 0, 2: 0}).votes)
    assert refused(world, world.proposal(third, moved)) == "bad-certificate"


def test_HS3_a_view_begins_with_a_certificate_of_the_view_before(world: HotWorld) -> None:
    first = world.block(1, world.genesis_qc, 1, "a")
    assert refused(world, world.proposal(world.block(3, world.qc(first), 2, "b"))) == "unjustified"
    assert refused(world, world.timeout(0, 3, world.qc(first))) == "unjustified"
    early = world.tc(1, {0: 0, 1: 0, 2: 0})
    assert refused(world, world.proposal(world.block(3, world.qc(first), 2, "b"), early)) == "unjustified"
    same = msgspec.structs.replace(world.qc(first), view=2)
    assert refused(world, world.proposal(world.block(2, same, 2, "b"))) == "unjustified"


def test_HS3_nobody_reaches_a_huge_view_by_asking_for_it(world: HotWorld) -> None:
    assert refused(world, world.timeout(3, 1_000_000, world.genesis_qc)) == "unjustified"


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"chain_id": bytes(32)}, "wrong-chain"),
        ({"epoch": 1}, "wrong-epoch"),
        ({"validator": 4}, "unknown-validator"),
        ({"view": 0}, MalformedBytes.code),
        ({"digest": b"short"}, MalformedBytes.code),
    ],
)
def test_MS1_a_vote_is_of_this_chain_and_of_a_member(
    world: HotWorld, change: dict[str, object], code: str
) -> None:
    vote = BlockVote(world.chain_id, 0, 2, 1, bytes(32))
    assert refused(world, world.sign(2, msgspec.structs.replace(vote, **change))) == code
    assert refused(world, world.sign(1, vote)) == BadSignature.code


def test_HS4_the_lock_is_what_a_quorum_of_timeouts_shows(world: HotWorld) -> None:
    first, second = chain_of(world, "a", "b")
    locked = world.tc(2, {0: 1, 1: 0, 3: 0})
    assert is_safe(second, None), "it extends the view before it"
    assert is_safe(world.block(3, world.qc(first), 2, "c"), locked)
    assert not is_safe(world.block(3, world.genesis_qc, 1, "c"), locked)
    assert not is_safe(world.block(3, world.genesis_qc, 1, "c"), None)
    assert not is_safe(world.block(4, world.qc(first), 2, "c"), locked), "of another view"


def test_HS4_no_vote_for_a_block_below_the_lock(world: HotWorld) -> None:
    world.submit("a", "b", "c", to=[0])
    first, second = chain_of(world, "a", "b")
    world.give(0, world.proposal(first))
    world.give(0, world.proposal(second))
    locked = world.tc(2, {0: 1, 1: 0, 3: 0})
    fork = world.give(0, world.proposal(world.block(3, world.genesis_qc, 1, "c"), locked))
    assert codes_of(fork) == ["unsafe-block"]
    assert votes_of(fork) == []


def test_HS4_at_most_one_vote_a_view(world: HotWorld) -> None:
    world.submit("a", "b", to=[0])
    block, other = world.block(1, world.genesis_qc, 1, "a"), world.block(1, world.genesis_qc, 1, "b")
    assert len(votes_of(world.give(0, world.proposal(block)))) == 1
    second = world.give(0, world.proposal(other))
    assert codes_of(second) == ["two-blocks"]
    assert votes_of(second) == []
    assert votes_of(world.give(0, world.proposal(block))) == []


def test_HS4_no_vote_in_a_view_that_was_given_up(world: HotWorld) -> None:
    world.submit("a", to=[0])
    world.fire(VIEW_TIMER, 0)
    assert votes_of(world.give(0, world.proposal(world.block(1, world.genesis_qc, 1, "a")))) == []


@pytest.mark.parametrize(
    "change",
    [
        {"seq": 2},
        {"seq": 0},
        {"batch": None},
        {"transaction_ids": ()},
        {"batch.seq": 2},
        {"batch.proposer": 2},
        {"batch.time_ms": 999},
        {"batch.time_ms": 1_000_000},
        {"batch.transaction_count": 2},
        {"batch.transactions_root": bytes(32)},
        {"batch.epoch": 1},
    ],
    ids=str,
)
def test_HS5_a_block_follows_from_its_parent(world: HotWorld, change: dict[str, object]) -> None:
    world.submit("a", to=[0])
    block = world.block(1, world.genesis_qc, 1, "a")
    for key, value in change.items():
        if key.startswith("batch."):
            assert block.batch is not None
            batch = msgspec.structs.replace(block.batch, **{key.removeprefix("batch."): value})
            block = msgspec.structs.replace(block, batch=batch)
        else:
            block = msgspec.structs.replace(block, **{key: value})
    output = world.give(0, world.proposal(block))
    assert codes_of(output) == ["bad-block"]
    assert votes_of(output) == []


def test_HS5_no_transaction_is_in_two_blocks_of_a_chain(world: HotWorld) -> None:
    world.submit("a", "b", to=[0])
    first = world.block(1, world.genesis_qc, 1, "a")
    world.give(0, world.proposal(first))
    again = world.give(0, world.proposal(world.block(2, world.qc(first), 2, "b", "a")))
    assert codes_of(again) == ["bad-block"]


def test_HS5_a_vote_waits_for_the_transactions_and_the_parent(world: HotWorld) -> None:
    world.submit("b", to=[0])
    first, second = chain_of(world, "a", "b")
    early = world.give(0, world.proposal(second))
    assert votes_of(early) == []
    (request,) = [each for each in early.send if isinstance(world.read(each.signed), BlockRequest)]
    assert request.to == 2, "who spoke of it"
    late = world.give(0, world.proposal(first))
    assert len(votes_of(late)) == 1, "the parent was voted for by others, and its body is their affair"


def test_HS6_a_chain_of_two_consecutive_views_commits_the_first(world: HotWorld) -> None:
    world.submit("a", "b", "c", to=[0])
    first, second, third = chain_of(world, "a", "b", "c")
    assert not world.give(0, world.proposal(first)).decide
    assert not world.give(0, world.proposal(second)).decide, "one certificate is not enough"
    (decision,) = world.give(0, world.proposal(third)).decide
    assert decision.batch == first.batch


def test_HS6_views_in_between_commit_nothing(world: HotWorld) -> None:
    world.submit("a", "b", "c", "d", to=[0])
    (first,) = chain_of(world, "a")
    world.give(0, world.proposal(first))
    second = world.block(3, world.qc(first), 2, "b")
    assert not world.give(0, world.proposal(second, world.tc(2, {0: 1, 1: 1, 2: 1}))).decide
    third = world.block(4, world.qc(second), 3, "c")
    assert not world.give(0, world.proposal(third)).decide, "views 1 and 3 are not consecutive"
    fourth = world.block(5, world.qc(third), 4, "d")
    decided = world.give(0, world.proposal(fourth)).decide
    assert [each.batch for each in decided] == [first.batch, second.batch]


def test_HS7_a_quorum_of_timeouts_ends_a_view(world: HotWorld) -> None:
    world.submit("a")
    world.wire.clear()
    world.fire(VIEW_TIMER, 2, 3)
    world.deliver(Timeout, to=[0])
    assert any(each.event == "view-change-started" for each in world.members[0].notes), "a weak quorum"
    world.deliver_all()
    assert all(member.core.status().view_changes == 1 for member in world.members)
    assert heights(world) == [1, 1, 1, 1], "the next leader takes up what waits"


def test_HS7_time_doubles_with_every_view_that_fails(world: HotWorld) -> None:
    world.submit("a")
    delays = []
    for _ in range(7):
        world.wire.clear()
        delays.append(world.members[0].timers[VIEW_TIMER].delay_ms)
        world.fire(VIEW_TIMER, 0, 1, 2, 3)
        world.deliver(Timeout)
    assert delays == [2_000 * factor for factor in (1, 2, 4, 8, 16, 16, 16)]


def test_HS7_votes_reach_everybody_when_their_collector_is_down(world: HotWorld) -> None:
    world.submit("a")
    world.deliver(BlockProposal, to=[0, 3])
    world.wire.clear()
    # Validator 2 should have collected the votes and led view 2. It is down.
    world.fire(VIEW_TIMER, 0, 1, 3)
    world.deliver(BlockVote, to=[0, 1, 3])
    world.deliver(Timeout, to=[0, 1, 3])
    assert [world.members[i].core.status().view for i in (0, 1, 3)] == [2, 2, 2]
    assert world.members[0].core.status().view_changes == 0, "the block was certified after all"


def test_HS7_whoever_is_behind_is_led_on(world: HotWorld) -> None:
    world.submit("a", "b", to=[0])
    for block in chain_of(world, "a", "b"):
        world.give(0, world.proposal(block))
    late = world.give(0, world.timeout(3, 1, world.genesis_qc))
    assert late.send == [Send(world.proposal(chain_of(world, "a", "b")[1]), to=3)]


@pytest.mark.parametrize("what", ["vote", "timeout"])
def test_HS8_what_was_signed_holds_after_a_restart(world: HotWorld, what: str) -> None:
    world.submit("a", "b", to=[0])
    block = world.block(1, world.genesis_qc, 1, "a")
    if what == "vote":
        world.give(0, world.proposal(block))
    else:
        world.fire(VIEW_TIMER, 0)
    world.restart(0)
    world.submit("a", "b", to=[0])
    other = world.block(1, world.genesis_qc, 1, "b")
    assert votes_of(world.give(0, world.proposal(other))) == []


def test_HS8_the_lock_holds_after_a_restart(world: HotWorld) -> None:
    world.submit("a", "b", to=[0])
    first, second = chain_of(world, "a", "b")
    world.give(0, world.proposal(first))
    world.give(0, world.proposal(second))
    world.restart(0)
    world.submit("a", "b", to=[0])
    world.fire(VIEW_TIMER, 0)
    said = [world.read(signed) for source, _, signed in world.wire if source == 0]
    assert [each.high.view for each in said if isinstance(each, Timeout)][-1] == 1


def test_HS8_who_lost_its_disk_signs_nothing_below_its_lock(world: HotWorld) -> None:
    world.submit("a", "b", "c", to=[0])
    first, second, third = chain_of(world, "a", "b", "c")
    world.give(0, world.proposal(first))
    world.give(0, world.proposal(second))
    world.restart(0, keep_log=False)
    world.submit("a", "b", "c", to=[0])
    world.wire.clear()
    world.fire(VIEW_TIMER, 0)
    assert not [signed for _, _, signed in world.wire if isinstance(world.read(signed), Timeout)]
    assert "certificate of view 1" in world.members[0].core.status().stall
    world.give(0, world.proposal(first))
    assert votes_of(world.give(0, world.proposal(second))) == [], "it may have voted in view 2"
    assert votes_of(world.give(0, world.proposal(third))) != [], "it knows as much again as it did"


def test_HS9_whoever_lacks_blocks_gets_them_as_they_were_proposed(world: HotWorld) -> None:
    world.submit("a", "b", "c", to=[0, 3])
    first, second, third = chain_of(world, "a", "b", "c")
    for block in (first, second, third):
        world.give(0, world.proposal(block))
    digest = digest_of(SUITE, second)
    asked = world.give(0, world.sign(3, BlockRequest(world.chain_id, 0, 3, digest, 0)))
    assert asked.send == [Send(world.proposal(first), to=3), Send(world.proposal(second), to=3)]
    unknown = world.give(0, world.sign(3, BlockRequest(world.chain_id, 0, 3, bytes(32), 0)))
    assert unknown.send == []


def test_HS9_lost_messages_are_said_again(world: HotWorld) -> None:
    world.submit("a", to=[0])
    world.wire.clear()
    world.fire(RETRANSMIT, 0)
    timer = world.members[0].timers[RETRANSMIT]
    assert timer.delay_ms == world.genesis.parameters.retransmit_ms


def test_CP3_another_header_of_a_quorum_stops_a_validator(world: HotWorld) -> None:
    world.submit("a")
    while not world.members[3].headers:
        world.deliver()
    wrong = [world.sign(i, Attestation(world.chain_id, 0, 1, bytes(32), i)) for i in (0, 1, 2)]
    assert [codes_of(world.give(3, signed)) for signed in wrong] == [["other-header"]] * 3
    assert world.members[3].core.status().stall.startswith("stopped")


def test_every_rejection_has_a_rule_and_a_test() -> None:
    text = Path(__file__).read_text(encoding="utf-8")
    assert [code for code in HOTSTUFF_REJECTIONS if f'"{code}"' not in text] == []
    page = (Path(__file__).parents[2] / "docs" / "protocol.md").read_text(encoding="utf-8")
    for code, (rule, meaning) in HOTSTUFF_REJECTIONS.items():
        if code in REJECTION_CODES:
            assert REJECTION_CODES[code].rule == rule
        else:
            assert f"| `{code}` | {rule} | {meaning} |" in page


def test_shares_of_timeouts_do_not_travel_alone(world: HotWorld) -> None:
    share = world.sign(0, TimeoutShare(world.chain_id, 0, 0, 1, 0))
    with pytest.raises(MalformedBytes):
        verify_hotstuff(SUITE, world.validators, world.chain_id, share)
    assert issubclass(ProtocolViolation, InvalidInput)
