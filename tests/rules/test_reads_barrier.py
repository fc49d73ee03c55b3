"""Rule RD-1: whose answers count, which question serves which read, and when an answer may be given."""

from __future__ import annotations

import pytest

from govchain.errors import BadProof
from govchain.model import BlockHeader, FinalityCertificate, Validator, ValidatorSet
from govchain.reads import NONCE_BYTES, BarrierAnswers, ProvenHeight, ReadBarrier

GENUINE = FinalityCertificate(b"c" * 32, 0, 1, b"d" * 32, ())
FORGED = FinalityCertificate(b"f" * 32, 0, 1, b"d" * 32, ())


def members(size: int = 4, epoch: int = 0) -> ValidatorSet:
    return ValidatorSet(epoch, tuple(Validator(f"v{index}", "org", b"") for index in range(size)))


def proven(height: int, certificate: FinalityCertificate = GENUINE, epoch: int = 0) -> ProvenHeight:
    other = b"x" * 32
    header = BlockHeader(
        other, epoch, height, other, 0, 0, other, other, 0, other, state_root=other, history_root=other
    )
    return header, certificate


def nonce(number: int) -> bytes:
    return number.to_bytes(NONCE_BYTES, "big")


def verify(header: BlockHeader, certificate: FinalityCertificate) -> None:
    if certificate is FORGED:
        raise BadProof("forged")


def asking(size: int = 4, *, height: int = 5) -> tuple[ReadBarrier, int]:
    """The barrier of v0 with a question that the read with this ticket waits for."""
    barrier = ReadBarrier("v0", verify)
    ticket = barrier.begin()
    barrier.ask(members(size), nonce(1), height)
    return barrier, ticket


@pytest.mark.parametrize(("size", "others"), [(1, 0), (2, 1), (3, 1), (4, 2), (5, 3), (6, 3), (7, 4)])
def test_RD1_a_quorum_answers_this_validator_included(size: int, others: int) -> None:
    barrier, ticket = asking(size)
    for index in range(1, others + 1):
        assert barrier.floor(ticket) is None
        barrier.on_answer(f"v{index}", nonce(1), proven(5 + index), 5)
    assert barrier.floor(ticket) == 5 + others
    assert barrier.unanswered() == ()


def test_RD1_nobody_counts_twice_and_no_stranger_and_no_old_answer() -> None:
    barrier, ticket = asking()
    for peer, number in (("v1", 1), ("v1", 1), ("v0", 1), ("v9", 1), ("v2", 7), ("v3", 0)):
        barrier.on_answer(peer, nonce(number), proven(6), 5)
    assert barrier.floor(ticket) is None
    assert barrier.unanswered() == ("v2", "v3")


def test_situation_53_RD1_a_height_without_proof_counts_for_nothing() -> None:
    barrier, ticket = asking()
    barrier.on_answer("v1", nonce(1), proven(6), 5)
    with pytest.raises(BadProof):
        barrier.on_answer("v2", nonce(1), proven(1_000, FORGED), 5)
    assert barrier.floor(ticket) is None
    barrier.on_answer("v3", nonce(1), None, 5)
    assert barrier.floor(ticket) == 6


def test_RD1_what_is_final_here_moves_nothing_and_needs_no_proof() -> None:
    barrier, ticket = asking()
    barrier.on_answer("v1", nonce(1), proven(4, FORGED), 5)
    barrier.on_answer("v2", nonce(1), proven(5, FORGED), 5)
    assert barrier.floor(ticket) == 5


def test_RD1_a_question_from_before_a_read_does_not_serve_it() -> None:
    barrier, early = asking()
    late = barrier.begin()
    for peer in ("v1", "v2"):
        barrier.on_answer(peer, nonce(1), proven(5), 5)
    assert barrier.floor(early) == 5
    assert barrier.floor(late) is None
    barrier.ask(members(), nonce(2), 8)
    for peer in ("v1", "v2"):
        barrier.on_answer(peer, nonce(2), proven(9), 5)
    assert barrier.floor(late) == 9


def test_RD1_a_later_question_takes_the_place_of_an_open_one() -> None:
    barrier, ticket = asking()
    barrier.on_answer("v1", nonce(1), proven(6), 5)
    barrier.ask(members(), nonce(2), 5)
    assert barrier.unanswered() == ("v1", "v2", "v3")
    for peer in ("v2", "v3"):
        barrier.on_answer(peer, nonce(2), proven(7), 5)
    assert barrier.floor(ticket) == 7


def test_RD1_an_answer_of_an_epoch_that_is_not_known_here_waits_for_catching_up() -> None:
    barrier, ticket = asking()
    for peer in ("v1", "v2", "v3"):
        barrier.on_answer(peer, nonce(1), proven(9, FORGED, epoch=1), 5)
    assert barrier.floor(ticket) is None


def test_RD1_whoever_is_no_member_asks_but_does_not_count() -> None:
    barrier = ReadBarrier("observer", verify)
    ticket = barrier.begin()
    barrier.ask(members(), nonce(1), 5)
    for peer in ("v0", "v1"):
        barrier.on_answer(peer, nonce(1), proven(5), 5)
    assert barrier.floor(ticket) is None
    barrier.on_answer("v3", nonce(1), proven(6), 5)
    assert barrier.floor(ticket) == 6


def test_RD1_an_answer_waits_until_all_that_was_executed_is_certified() -> None:
    answers = BarrierAnswers()
    answers.on_question("v1", nonce(1), 7)
    assert answers.take_due(6) == ()
    assert answers.is_waiting
    assert answers.take_due(7) == (("v1", nonce(1)),)
    assert answers.take_due(7) == ()


def test_RD1_a_repeated_question_does_not_wait_for_what_came_in_between() -> None:
    answers = BarrierAnswers()
    answers.on_question("v1", nonce(1), 7)
    answers.on_question("v1", nonce(1), 9)
    assert answers.take_due(7) == (("v1", nonce(1)),)


def test_RD1_one_question_of_each_peer_is_kept() -> None:
    answers = BarrierAnswers()
    for number in range(100):
        answers.on_question("v1", nonce(number), 7)
    answers.on_question("v2", nonce(1), 8)
    assert answers.take_due(8) == (("v1", nonce(99)), ("v2", nonce(1)))
