"""The book of evidence: one piece of a kind, its turn to speak, and when it keeps silent."""

from __future__ import annotations

import msgspec
import pytest

from govchain.codec import decode
from govchain.ledger.evidence_book import EXPIRY_BLOCKS, KEPT_MAX, EvidenceBook
from govchain.ledger.kinds.equivocation.accusations import encode_accusation
from govchain.model import Space, TransactionBody
from govchain.model.votes import Evidence
from tests.rules.test_ledger_equivocation import votes
from tests.support.ledger_world import LedgerWorld, make_genesis, signer_of


def book_of(world: LedgerWorld, validator: int = 2) -> EvidenceBook:
    rows = [(key, value) for (space, key), value in world.store.rows.items() if space is Space.EVIDENCE]
    return EvidenceBook(world.ledger, world.chain, [signer_of(f"validator-{validator}")], rows)


def test_EV1_one_piece_of_a_kind_is_kept_and_comes_back_from_the_store() -> None:
    world = LedgerWorld()
    book, first = book_of(world), votes(world)
    world.store.write(book.keep(first))
    assert book.keep(first) == book.keep(votes(world, seq=6)) == []
    for kept in (book.list_kept(), book_of(world).list_kept()):
        assert [(each.evidence, each.is_recorded, each.name) for each in kept] == [
            (first, False, "validator-1")
        ]


def test_EV1_the_book_is_bounded() -> None:
    world = LedgerWorld()
    book = book_of(world)
    kept = [book.keep(votes(world, validator=index % 4, epoch=index // 4)) for index in range(KEPT_MAX + 4)]
    assert sum(map(bool, kept)) == KEPT_MAX


@pytest.mark.parametrize(("validator", "turn"), [(2, 0), (3, 1), (0, 2)])
def test_EV1_the_member_after_the_accused_speaks_first(validator: int, turn: int) -> None:
    world = LedgerWorld()
    book = book_of(world, validator)
    book.keep(votes(world))
    assert turn == 0 or book.accuse(turn - 1) is None
    assert book.accuse(turn) is not None


def test_EV1_nobody_accuses_itself_and_a_stranger_nobody() -> None:
    world = LedgerWorld()
    own = book_of(world, 1)
    own.keep(votes(world))
    assert own.accuse(4) is None
    assert [kept.name for kept in own.list_kept()] == ["validator-1"]
    stranger = EvidenceBook(world.ledger, world.chain, [signer_of("acme-a")], [])
    stranger.keep(votes(world))
    assert stranger.accuse(4) is None


def test_EV1_one_accusation_waits_at_a_time_and_none_is_left_when_all_are_recorded() -> None:
    world = LedgerWorld()
    book = book_of(world)
    book.keep(votes(world))
    accusation = book.accuse(0)
    assert accusation is not None
    assert book.accuse(0) is None
    world.execute([accusation])
    assert book.accuse(0) is None
    (kept,) = book.list_kept()
    assert (kept.is_recorded, kept.recorded_height) == (True, 1)
    assert book_of(world).accuse(0) is None


def test_EV1_the_next_accusation_takes_the_next_nonce_after_a_restart_too() -> None:
    world = LedgerWorld()
    first, second = (votes(world, validator=index) for index in (0, 1))
    for evidence, nonce in ((second, 0), (first, 1)):
        book = book_of(world)
        book.keep(evidence)
        accusation = book.accuse(4)
        assert accusation is not None
        assert decode(accusation.body, TransactionBody).nonce == nonce
        world.execute([accusation])


def test_EV1_what_was_not_ordered_in_time_or_not_taken_is_signed_anew() -> None:
    world = LedgerWorld()
    book = book_of(world)
    book.keep(votes(world))
    first = book.accuse(0)
    assert first is not None
    book.take_back()
    assert book.accuse(0) == first
    assert decode(first.body, TransactionBody).expiry_height == EXPIRY_BLOCKS


def test_EV1_a_denied_accusation_is_not_repeated() -> None:
    world = LedgerWorld()
    book = book_of(world)
    book.keep(votes(world, validator=3, chain_id=bytes(32)))  # Of another chain: the ledger will not have it.
    accusation = book.accuse(4)
    assert accusation is not None
    assert not world.execute([accusation]).block.results[0].applied
    assert book.accuse(4) is None


def test_EV1_evidence_that_fits_into_no_transaction_stays_in_the_book() -> None:
    genesis = make_genesis()
    parameters = msgspec.structs.replace(genesis.parameters, transaction_bytes_max=500)
    world = LedgerWorld(msgspec.structs.replace(genesis, parameters=parameters))
    book = book_of(world)
    book.keep(votes(world))
    assert book.accuse(4) is None
    assert len(book.list_kept()) == 1


def test_EV1_what_others_recorded_is_kept_in_place_of_another_piece_of_its_kind() -> None:
    world = LedgerWorld()
    book = book_of(world)
    book.keep(votes(world, seq=9))
    recorded: Evidence = votes(world, seq=5)
    payload = encode_accusation(recorded, world.now_ms)
    block = world.execute([world.sign("validator.accuse", "validator-3", payload)]).block
    assert len(book.executed(block)) == 1
    assert [(kept.evidence, kept.recorded_height) for kept in book.list_kept()] == [(recorded, 1)]
    assert book.accuse(4) is None
    assert book.executed(block) == []
