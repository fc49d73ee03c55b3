"""The node's small parts one by one: frames, vote log, inbox, catching up."""

from __future__ import annotations

import pytest

from govchain.codec import encode
from govchain.consensus import LogEntry, SignedMessage
from govchain.errors import MalformedBytes, StorageFailure
from govchain.model import Space, Transaction
from govchain.node.catch_up import (
    BLAMED_S,
    FAR_BLOCKS,
    FIRST_COUNT,
    PATIENCE_S,
    PROBE_AFTER_S,
    CatchUp,
    Question,
)
from govchain.node.inbox import PEER_BYTES_MAX, Inbox
from govchain.node.stall import LINE_EVERY_S, StallWatch
from govchain.node.vote_log import VoteLog
from govchain.node.wire import (
    BLOCKS_MAX,
    CHANGES_MAX,
    IDS_MAX,
    ITEMS_MAX,
    PARTS_MAX,
    PEAKS_MAX,
    START_BYTES_MAX,
    TRANSACTIONS_BYTES,
    BlockParts,
    Blocks,
    BlocksWanted,
    Consensus,
    Hello,
    ReadAnswer,
    ReadQuestion,
    SnapshotChunk,
    SnapshotHead,
    SnapshotWanted,
    Transactions,
    TransactionsWanted,
    decode_frame,
    transactions_payloads,
)
from govchain.reads import NONCE_BYTES
from govchain.storage import MemoryStore

PARTS = BlockParts(b"block", b"certificate")
ALL_UP = {"a": True, "b": True, "c": True}


@pytest.mark.parametrize(
    "frame",
    [
        Hello(bytes(32), "1.0", "validator-0", 7),
        Consensus((SignedMessage(b"body", b"signature"),)),
        Transactions((Transaction(b"body", b"signature"),)),
        TransactionsWanted((bytes(32),)),
        BlocksWanted(1, BLOCKS_MAX),
        Blocks(7, (PARTS,)),
        SnapshotWanted(7, "rows", b"/a"),
        SnapshotHead(b"block", b"certificate", (bytes(32),), (b"change",)),
        SnapshotChunk(7, "values", b"", (b"key", b"value"), is_last=True),
        ReadQuestion(bytes(NONCE_BYTES)),
        ReadAnswer(bytes(NONCE_BYTES), None),
    ],
)
def test_frames_come_back(frame: object) -> None:
    assert decode_frame(encode(frame)) == frame


@pytest.mark.parametrize(
    "payload",
    [
        b"\x00",
        b"garbage that is long enough",
        encode(["govchain.hello/2", bytes(32), "1.0", "validator-0", 7]),
        encode(["govchain.unknown/1"]),
        encode(Hello(bytes(32), "1.0", "validator-0", -1)),
        encode(ReadQuestion(bytes(NONCE_BYTES - 1))),
        encode(ReadAnswer(bytes(NONCE_BYTES + 1), None)),
        encode(TransactionsWanted(())),
        encode(TransactionsWanted((bytes(31),))),
        encode(TransactionsWanted((bytes(32),) * (IDS_MAX + 1))),
        encode(BlocksWanted(0, 1)),
        encode(BlocksWanted(1, 0)),
        encode(BlocksWanted(1, BLOCKS_MAX + 1)),
        encode(Consensus((SignedMessage(b"", b""),) * (PARTS_MAX + 1))),
        encode(Transactions((Transaction(b"", b""),) * (PARTS_MAX + 1))),
        encode(Blocks(1, (PARTS,) * (BLOCKS_MAX + 1))),
        encode(Blocks(0, (PARTS,))),
        encode(SnapshotWanted(-1, "head", b"")),
        encode(["govchain.snapshot-wanted/1", 1, "votes", b""]),
        encode(SnapshotWanted(1, "rows", bytes(START_BYTES_MAX + 1))),
        encode(SnapshotHead(b"", b"", (bytes(32),) * (PEAKS_MAX + 1), ())),
        encode(SnapshotHead(b"", b"", (), (b"",) * (CHANGES_MAX + 1))),
        encode(SnapshotChunk(1, "rows", b"", (b"",) * (ITEMS_MAX + 1), is_last=False)),
        encode(SnapshotChunk(1, "rows", bytes(START_BYTES_MAX + 1), (), is_last=False)),
        encode(Consensus(())) + b"\x00",
        b"\x91" * 5_000,
    ],
)
def test_what_is_no_frame_is_malformed(payload: bytes) -> None:
    with pytest.raises(MalformedBytes):
        decode_frame(payload)


def test_gossip_is_cut_into_frames_in_order() -> None:
    transactions = [Transaction(number.to_bytes(4, "big") * 2_500, b"s") for number in range(100)]
    payloads = list(transactions_payloads(transactions))
    assert 3 < len(payloads) < 6
    assert all(len(payload) < 1.2 * TRANSACTIONS_BYTES for payload in payloads)
    found = [each for payload in payloads for each in decode_frame(payload).transactions]  # type: ignore[union-attr]
    assert found == transactions


def signed(text: str) -> SignedMessage:
    return SignedMessage(text.encode(), b"signature")


def test_RC1_vote_log_comes_back_with_bodies_and_is_removed_by_known_keys() -> None:
    store = MemoryStore()
    bodies = {b"one": Transaction(b"1", b""), b"two": Transaction(b"2", b"")}
    log = VoteLog(store, bodies.get)
    entries = [
        LogEntry(5, "proposal", 0, signed("p5"), (b"one", b"two")),
        LogEntry(5, "prepare", 0, signed("v5")),
        LogEntry(6, "proposal", 1, signed("p6")),
    ]
    store.write(log.writes(entries), sync=True)
    found, transactions = VoteLog(store, bodies.get).load(0, lambda height: False)
    assert set(found) == {LogEntry(e.seq, e.phase, e.view, e.signed) for e in entries}
    assert transactions == (bodies[b"one"], bodies[b"two"])

    # Executed but not certified: peers may still need the votes; the bodies are in the block.
    found, transactions = VoteLog(store, bodies.get).load(5, lambda height: False)
    assert [entry.seq for entry in found] == [5, 5, 6]
    assert transactions == ()
    again = VoteLog(store, bodies.get)
    found, _ = again.load(5, lambda height: height == 5)
    assert [entry.seq for entry in found] == [6]
    assert again.removals(lambda height: False) == []
    store.write(again.removals(lambda height: height == 5), sync=True)
    assert [key[7] for key, _ in store.scan(Space.VOTE)] == [6]
    assert again.removals(lambda height: height == 5) == []
    store.write(log.removals(lambda height: height == 6), sync=True)
    assert list(store.scan(Space.VOTE)) == []


@pytest.mark.parametrize(
    ("key", "value"),
    [
        (bytes(15), b"x"),
        (bytes(16), b"x"),
        (bytes(16) + b"\xff", encode(signed("v"))),
        (b"\x00" * 7 + b"\x09" + bytes(8) + b"prepare", b"\xc1"),
        (b"\x00" * 7 + b"\x09" + bytes(8) + b"transactions", b"\x91\x01"),
    ],
)
def test_RC3_damaged_vote_log_refuses_to_start(key: bytes, value: bytes) -> None:
    store = MemoryStore()
    store.write([(Space.VOTE, key, value)], sync=True)
    with pytest.raises(StorageFailure, match="vote"):
        VoteLog(store, lambda id_: None).load(0, lambda height: False)


async def test_inbox_stops_reading_a_fast_peer_and_reads_on() -> None:
    paused: list[str] = []
    resumed: list[str] = []
    inbox = Inbox(paused.append, resumed.append)
    frame = bytes(PEER_BYTES_MAX // 4)
    for _ in range(6):
        inbox.put_frames("fast", [frame])
    inbox.put_frames("slow", [b"x"])
    assert paused == ["fast"]
    taken = inbox.take_frames()
    assert len(taken) == 7
    for peer, payload in taken[:3]:  # Half of the bound and more is left.
        inbox.done(peer, len(payload))
    assert resumed == []
    for peer, payload in taken[3:]:
        inbox.done(peer, len(payload))
    assert resumed == ["fast"]
    assert inbox.take_frames() == []


def ask(catch_up: CatchUp, now_s: float, *, is_waiting: bool = False) -> str | None:
    questions = catch_up.ask(now_s, is_waiting=is_waiting, connected=ALL_UP)
    return questions[0].peer if questions else None


def test_CU1_claim_only_causes_a_question_after_patience() -> None:
    catch_up = CatchUp()
    catch_up.advance(10, 100.0)
    catch_up.claim("b", 12)
    assert ask(catch_up, 100.0) is None
    (question,) = catch_up.ask(100.1 + PATIENCE_S, is_waiting=False, connected=ALL_UP)
    assert question == Question("b", BlocksWanted(11, FIRST_COUNT))
    assert ask(catch_up, 100.2 + PATIENCE_S) is None, "one question at a time"


def test_CU4_far_behind_is_known_with_the_claim_and_not_with_the_first_question() -> None:
    """A load balancer asks whether this validator is ready as soon as it is connected."""
    catch_up = CatchUp()
    catch_up.claim("a", FAR_BLOCKS)
    assert not catch_up.is_active
    catch_up.claim("a", FAR_BLOCKS + 1)
    assert catch_up.is_active


def test_claim_that_we_reach_ourselves_causes_nothing() -> None:
    catch_up = CatchUp()
    catch_up.claim("b", 3)
    for height, now_s in [(1, 10.0), (2, 10.4), (3, 10.8)]:
        catch_up.advance(height, now_s)
        assert ask(catch_up, now_s + 0.05) is None


def test_being_left_behind_is_urgent() -> None:
    catch_up = CatchUp()
    catch_up.advance(10, 90.0)
    catch_up.hurry("c", 14, 100.0)
    assert ask(catch_up, 100.0) == "c"


def test_CU5_silent_peer_is_passed_over_for_another() -> None:
    catch_up = CatchUp()
    catch_up.claim("a", 1_000)
    catch_up.claim("b", 1_000)
    catch_up.claim("c", 2)
    asked = catch_up.ask(100.0, is_waiting=False, connected=ALL_UP)
    assert {question.peer: question.wanted.from_height for question in asked} == {"b": 1, "a": 17}
    catch_up.claim("c", 1_000)
    (question,) = catch_up.ask(103.0, is_waiting=False, connected=ALL_UP)
    assert question == Question("c", BlocksWanted(1, FIRST_COUNT))


def test_CU5_late_answer_is_taken_once() -> None:
    catch_up = CatchUp()
    catch_up.claim("a", 1_000)
    catch_up.claim("b", 1_000)
    slow, other = catch_up.ask(100.0, is_waiting=False, connected=ALL_UP)
    assert catch_up.answered(other.peer, other.wanted.from_height, (PARTS,) * FIRST_COUNT)
    assert ask(catch_up, 103.0) == other.peer
    assert not catch_up.answered(slow.peer, 5, (PARTS,)), "nobody asked for that"
    assert catch_up.answered(slow.peer, 1, (PARTS,))
    assert catch_up.block(1) == (slow.peer, PARTS)
    assert not catch_up.answered(slow.peer, 1, (PARTS,)), "one answer for one question"


def test_CU5_liar_loses_its_blocks_and_its_claim() -> None:
    catch_up = CatchUp()
    catch_up.claim("a", 10**9)
    assert ask(catch_up, 100.0) == "a"
    assert not catch_up.answered("b", 1, (PARTS,)), "nobody asked b"
    assert catch_up.answered("a", 1, (PARTS, PARTS))
    assert catch_up.block(2) == ("a", PARTS)
    catch_up.blame("a", 101.0)
    assert catch_up.block(1) is None
    assert catch_up.block(2) is None
    assert catch_up.best_claim == 0
    catch_up.claim("a", 10**9)
    catch_up.claim("b", 5)
    assert ask(catch_up, 101.5) == "b"
    assert catch_up.answered("b", 1, ())
    assert ask(catch_up, 102.0 + BLAMED_S) == "a"


def test_situation_52_CU5_no_more_blocks_wait_than_were_asked_for() -> None:
    catch_up = CatchUp()
    catch_up.claim("a", 1_000)
    assert ask(catch_up, 100.0) == "a"
    assert catch_up.answered("a", 1, (PARTS,) * (FIRST_COUNT + 1))
    assert catch_up.block(FIRST_COUNT) == ("a", PARTS)
    assert catch_up.block(FIRST_COUNT + 1) is None


def test_stalled_validator_probes_its_peers() -> None:
    catch_up = CatchUp()
    catch_up.advance(1, 100.0)
    assert ask(catch_up, 100.0 + PROBE_AFTER_S, is_waiting=False) is None
    assert ask(catch_up, 99.9 + PROBE_AFTER_S, is_waiting=True) is None
    assert ask(catch_up, 100.0 + PROBE_AFTER_S, is_waiting=True) is not None


def test_a_stall_is_told_after_two_view_timeouts_and_then_now_and_then() -> None:
    watch = StallWatch(view_timeout_ms=2_000)
    line = "seq 4 view 0: no proposal from validator-0"
    assert not watch.look(0.0, (3, 3), line)
    assert not watch.look(4.0, (3, 3), line)
    assert not watch.is_stalled
    assert watch.look(4.1, (3, 3), line)
    assert not watch.look(4.2, (3, 3), line)
    assert watch.is_stalled
    assert watch.look(4.1 + LINE_EVERY_S, (3, 3), "another reason")


@pytest.mark.parametrize(("heights", "line"), [((4, 3), "line"), ((3, 4), "line"), ((3, 3), "")])
def test_a_stall_ends_when_a_height_moves_or_nothing_waits(heights: tuple[int, int], line: str) -> None:
    watch = StallWatch(view_timeout_ms=2_000)
    watch.look(0.0, (3, 3), "line")
    assert watch.look(5.0, (3, 3), "line")
    assert not watch.look(5.1, heights, line)
    assert not watch.is_stalled
    watch.look(6.0, (5, 5), "line")
    assert not watch.look(9.9, (5, 5), "line")
