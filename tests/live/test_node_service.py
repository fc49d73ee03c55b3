"""What a running validator answers its clients: admissions, statuses, reads with proofs, events."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from govchain.client.answers import FinalEvent
from govchain.crypto import transaction_id
from govchain.errors import BadProof, InvalidInput, Unavailable
from govchain.ledger.state import record_key
from govchain.model import ProtocolParameters, Transaction
from govchain.receipt import verify_receipt, verify_record_proof, write_receipt
from tests.support.node_world import SUITE, running, signer


async def test_admissions_say_what_happened_to_each(tmp_path: Path) -> None:
    async with running(tmp_path) as world:
        good, other = world.deposits(2)
        forged = Transaction(other.body, good.signature)
        answers = world.node(0).submit([good, good, forged, Transaction(b"?", b"?")])
        assert [(answer.status, answer.code) for answer in answers] == [
            ("admitted", ""),
            ("known", ""),
            ("rejected", "bad-signature"),
            ("rejected", "malformed"),
        ]
        await world.until_final([good])
        assert [answer.status for answer in world.node(3).submit([good])] == ["known"]
        assert world.sample("validator-0", "govchain_rejected_total", code="bad-signature") == 1
        assert world.sample("validator-0", "govchain_finality_seconds_count") == 1


async def test_RQ5_full_pool_is_a_definite_answer_and_drains(tmp_path: Path) -> None:
    parameters = ProtocolParameters(retransmit_ms=100, pool_records_max=10, pool_records_per_org_max=10)
    async with running(tmp_path, parameters=parameters) as world:
        transactions = world.deposits(12)
        answers = world.node(0).submit(transactions)
        assert [answer.code for answer in answers] == [""] * 10 + ["pool-full"] * 2
        await world.until_final(transactions[:10])
        assert [answer.status for answer in world.node(0).submit(transactions[10:])] == ["admitted"] * 2
        await world.until_final(transactions[10:])


async def test_status_of_a_transaction_from_pending_to_final(tmp_path: Path) -> None:
    async with running(tmp_path) as world:
        (transaction,) = world.deposits(1)
        id_, node = transaction_id(SUITE, transaction), world.node(1)
        assert node.transaction(id_) is None
        assert await node.wait_final(id_, 0) is None
        assert await node.wait_final(id_, 1) is None
        node.submit([transaction])
        pending = node.transaction(id_)
        assert pending is not None
        assert pending.status == "pending"
        final = await node.wait_final(id_, 20_000)
        assert final is not None
        assert (final.status, final.height, final.position) == ("final", 1, 0)
        assert final.result is not None
        assert final.result.applied
        assert node.transaction(id_) == final


async def test_waiting_elsewhere_ends_when_gossip_and_order_arrive(tmp_path: Path) -> None:
    async with running(tmp_path) as world:
        (transaction,) = world.deposits(1)
        id_ = transaction_id(SUITE, transaction)
        waiting = asyncio.ensure_future(world.node(3).wait_final(id_, 20_000))
        await asyncio.sleep(0)
        world.node(0).submit([transaction])
        found = await waiting
        assert found is not None
        assert found.status == "final"


async def test_RD1_certified_read_proves_presence_and_absence(tmp_path: Path) -> None:
    async with running(tmp_path) as world:
        node = world.node(2)
        with pytest.raises(Unavailable, match="no block"):
            await node.record("evidence", "EV-0", "local")
        transactions = world.deposits(3)
        world.node(0).submit(transactions)
        await world.until_final(transactions)
        present = await node.record("evidence", "EV-1", "certified")
        assert present.value is not None
        verify_record_proof(present, world.genesis, key=record_key("evidence", "EV-1"))
        absent = await node.record("evidence", "EV-99", "certified")
        assert absent.value is None
        verify_record_proof(absent, world.genesis, key=record_key("evidence", "EV-99"))
        local = await node.record("evidence", "EV-1", "local")
        assert local.certificate is None
        with pytest.raises(BadProof):
            verify_record_proof(local, world.genesis)
        with pytest.raises(InvalidInput, match="no level"):
            await node.record("evidence", "EV-1", "guessed")


async def test_certified_read_without_a_quorum_is_unavailable(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("govchain.node.service.CERTIFIED_TIMEOUT_S", 0.01)
    async with running(tmp_path) as world:
        transactions = world.deposits(3)
        world.node(0).submit(transactions)
        await world.until_final(transactions)
        node = world.node(0)
        node._finality.height = 0  # As if the certificate had not come yet.
        with pytest.raises(Unavailable, match="no certificate within"):
            await node.record("evidence", "EV-1", "certified")
        node._finality.height = node.status().height


async def test_receipt_of_a_final_transaction_verifies_offline(tmp_path: Path) -> None:
    async with running(tmp_path) as world:
        transactions = world.deposits(9)
        world.node(0).submit(transactions)
        assert world.node(0).receipt(transaction_id(SUITE, transactions[0])) is None
        await world.until_final(transactions)
        receipt = world.node(3).receipt(transaction_id(SUITE, transactions[5]))
        assert receipt is not None
        verify_receipt(write_receipt(receipt), world.genesis)
        assert world.node(3).receipt(bytes(32)) is None


async def test_key_answers_its_owner_and_next_nonce(tmp_path: Path) -> None:
    async with running(tmp_path) as world:
        transactions = world.deposits(3, clerk=1)
        key_id = signer("person/clerk-1").key_id
        before = world.node(0).key(key_id)
        assert before is not None
        assert (before.person, before.next_nonce, before.is_active) == ("clerk-1", 0, True)
        world.node(0).submit(transactions)
        await world.until_final(transactions)
        after = world.node(2).key(key_id)
        assert after is not None
        assert after.next_nonce == 3
        assert world.node(0).key(bytes(32)) is None


async def test_events_come_in_order_from_the_past_and_live_and_end_with_the_validator(tmp_path: Path) -> None:
    async with running(tmp_path) as world:
        early, late = world.deposits(5), world.deposits(5)
        world.node(0).submit(early)
        await world.until_final(early)
        past: list[FinalEvent] = []
        live: list[FinalEvent] = []

        async def listen(seen: list[FinalEvent], from_height: int | None) -> None:
            async for event in world.node(1).events(from_height):
                seen.append(event)

        listeners = [asyncio.ensure_future(listen(past, 1)), asyncio.ensure_future(listen(live, None))]
        await asyncio.sleep(0)
        world.node(2).submit(late)
        await world.until_final(late)
        await world.until(lambda: sum(len(event.results) for event in past) == 10)
        await world.until(lambda: sum(len(event.results) for event in live) == 5)
        assert [event.height for event in past] == list(range(1, len(past) + 1))
        assert past[-len(live) :] == live
        assert {kind for event in past for kind in event.kinds} == {"evidence.deposit"}
        await world.stop("validator-1")
        await asyncio.gather(*listeners)


async def test_stopped_validator_refuses_and_ends_waits(tmp_path: Path) -> None:
    async with running(tmp_path) as world:
        node = world.node(0)
        waiting = asyncio.ensure_future(node.wait_final(bytes(32), 20_000))
        await world.until(node.is_ready)
        await world.stop("validator-0")
        assert not waiting.done() or waiting.result() is None
        waiting.cancel()
        assert not node.is_ready()
        with pytest.raises(Unavailable, match="stopping"):
            node.submit(world.deposits(1))


async def test_readiness_needs_a_quorum(tmp_path: Path) -> None:
    async with running(tmp_path) as world:
        await world.until(world.node(0).is_ready)
        await world.stop("validator-3")
        await world.until(lambda: sum(world.node(0).peers().values()) == 2)
        assert world.node(0).is_ready()
        await world.stop("validator-2")
        await world.until(lambda: not world.node(0).is_ready())
        world.node(0).submit(world.deposits(1))
        await world.until(lambda: world.node(0).status().stall != "")
        assert "validator-2" in world.node(0).status().stall


async def test_metrics_follow_what_happens(tmp_path: Path) -> None:
    async with running(tmp_path) as world:
        transactions = world.deposits(7)
        world.node(0).submit([*transactions, *transactions[:1]])
        await world.until_final(transactions)
        await world.until(lambda: world.sample("validator-2", "govchain_height") >= 1)
        assert world.sample("validator-2", "govchain_finalised_total") == 7
        assert world.sample("validator-2", "govchain_peers") == 3
        assert world.sample("validator-2", "govchain_store_seconds_count", write="block") >= 1
        assert b"govchain_final_height" in world.node(2).metrics()
