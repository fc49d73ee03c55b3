"""What a crash at an unlucky moment leaves behind, and that the validators get over it."""

from __future__ import annotations

import asyncio
import io
import shutil
from pathlib import Path

import msgspec
import pytest

from govchain.codec import decode
from govchain.consensus import FetchTransactions
from govchain.crypto import sign_transaction, transaction_id
from govchain.errors import StorageFailure
from govchain.ledger.head import height_key
from govchain.model import Space, TransactionBody
from govchain.node.parts import assemble
from govchain.node.pool import PoolTraffic
from govchain.observe import open_log
from govchain.storage import MemoryStore
from tests.support.node_world import SUITE, NodeWorld, running, signer


async def test_RC1_head_without_certificate_gets_it_after_a_restart(tmp_path: Path) -> None:
    # Alone, a validator has nobody to ask: power was cut between a block and its certificate.
    async with running(tmp_path, size=1) as world:
        transactions = world.deposits(3)
        world.node(0).submit(transactions)
        await world.until_final(transactions)
        height = world.node(0).status().height
        await world.stop("validator-0")
        store = world.store("validator-0").reopen()  # type: ignore[attr-defined]
        store.write([(Space.CERTIFICATE, height_key(height), None)], sync=True)
        store.write([(Space.META, b"node/final-height", None)], sync=True)
        await world.start()
        assert world.node(0).status().final_height < height
        await world.until(lambda: world.node(0).status().final_height == height)
        more = world.deposits(1)
        world.node(0).submit(more)
        await world.until_final(more)


async def test_RC1_votes_stay_until_the_certificate_for_a_peer_that_lacks_them(tmp_path: Path) -> None:
    async with running(tmp_path, size=2) as world:
        send = world.node(0).network.send

        def send_no_commits(peer: str, payload: bytes, *, is_urgent: bool = False) -> None:
            if b"govchain.commit/1" not in payload:
                send(peer, payload, is_urgent=is_urgent)

        world.node(0).network.send = send_no_commits  # type: ignore[method-assign]
        transactions = world.deposits(3)
        world.node(0).submit(transactions)
        await world.until(lambda: world.node(0).status().height == 1)
        assert world.node(1).status().height == 0
        # Of two validators only this one has the commit that the other one needs.
        await world.stop("validator-0")
        await world.start(["validator-0"])
        await world.until_final(transactions)
        world.require_equal()
        assert list(world.store("validator-0").scan(Space.VOTE)) == []


async def test_RQ3_primary_that_forgot_its_pool_hears_of_it_from_those_who_heard(tmp_path: Path) -> None:
    async with running(tmp_path) as world:
        await world.stop("validator-0")
        transactions = world.deposits(5)
        world.node(1).submit(transactions)
        await world.until(lambda: world.node(2).status().pool_transactions == 5)
        # The one that took them forgets them too: nobody is left that submitted them.
        await world.stop("validator-1")
        await world.start(["validator-0", "validator-1"])
        await world.until_final(transactions)
        world.require_equal()


async def test_situation_51_same_nonce_to_two_validators_is_applied_once_and_forgotten(
    tmp_path: Path,
) -> None:
    async with running(tmp_path) as world:
        (chosen,) = world.deposits(1, clerk=0)
        world.node(2).network.is_link_open = lambda peer: False
        world.node(1).submit([chosen])
        body = decode(chosen.body, TransactionBody)
        twin = sign_transaction(signer("person/clerk-0"), msgspec.structs.replace(body, expiry_height=999))
        assert world.node(2).submit([twin])[0].status == "admitted"
        for index in (0, 1, 3):
            await world.node(index).wait_final(transaction_id(SUITE, chosen), 20_000)
        world.node(2).network.is_link_open = lambda peer: True
        await world.until_final([chosen])
        # Nothing waits for a transaction that can only be denied, and nobody is told that it is pending.
        await world.until(lambda: all(node.status().pool_transactions == 0 for node in world.nodes.values()))
        await world.until(lambda: world.node(2).status().stall == "")
        assert world.node(2).transaction(transaction_id(SUITE, twin)) is None
        assert world.node(2).status().finalised == 1


async def test_RC3_a_block_that_is_missing_under_the_head_stops_the_start(tmp_path: Path) -> None:
    async with running(tmp_path, size=1) as world:
        for _ in range(4):
            transactions = world.deposits(1)
            world.node(0).submit(transactions)
            await world.until_final(transactions)
        await world.stop("validator-0")
        store = world.store("validator-0").reopen()  # type: ignore[attr-defined]
        for height, problem in ((2, "block 2 is expected"), (1, "block 1 and all below"), (4, "block 4")):
            kept = store.get(Space.BLOCK, height_key(height))
            store.write([(Space.BLOCK, height_key(height), None)], sync=True)
            with pytest.raises(StorageFailure, match=problem):
                await world.start()
            store.write([(Space.BLOCK, height_key(height), kept)], sync=True)
        await world.start()
        assert world.node(0).status().height == 4


def test_NC2_an_expired_transaction_that_a_proposal_names_is_told_to_the_core_again(tmp_path: Path) -> None:
    world = NodeWorld(tmp_path)
    parts = assemble(
        world.genesis,
        "validator-3",
        [signer("validator/validator-3")],
        MemoryStore(),
        log=open_log("validator-3", io.StringIO()),
        clock=lambda: 0.0,
        now_ms=lambda: 0,
    )
    traffic = PoolTraffic(parts)
    (transaction,) = world.deposits(1)
    (answer,) = traffic.submit([transaction], 0.0)
    entries = traffic.take_available()
    assert traffic.expire(1_000) == (answer.id,)
    # The core has dropped it and asks; it is here, so no peer is asked and the core must hear of it.
    assert traffic.want(FetchTransactions((answer.id,), 0), 0.0) == ()
    assert traffic.take_available() == entries


async def test_situation_45_46_RC2_an_old_and_an_empty_data_directory_rejoin(
    tmp_path: Path,
) -> None:
    async with running(tmp_path, durable=True) as world:
        data, backup = tmp_path / "validator-3" / "data", tmp_path / "backup"

        async def make_final(count: int) -> None:
            for _ in range(count):
                transactions = world.deposits(2)
                next(iter(world.nodes.values())).submit(transactions)
                await world.until_final(transactions)

        await make_final(2)
        await world.stop("validator-3")
        shutil.copytree(data, backup)
        await world.start(["validator-3"])
        await make_final(3)
        for source in (backup, None):
            await world.stop("validator-3")
            shutil.rmtree(data)
            if source is not None:
                shutil.copytree(source, data)
            await world.start(["validator-3"])
            assert world.node(3).status().stall.startswith("not voting until height"), (
                "it knows what it forgot"
            )
            await make_final(1)
            await world.until(
                lambda: world.node(3).status().final_height >= world.node(0).status().final_height
            )
            assert '"event":"silenced"' in world.logs["validator-3"].getvalue().replace(" ", "")
            # With one down, nothing becomes final without its votes.
            await world.stop("validator-2")
            await make_final(1)
            await world.start(["validator-2"])
            await world.until_ready()
        world.require_equal()


async def test_situation_44_RC3_a_lost_guard_stops_the_start(tmp_path: Path) -> None:
    async with running(tmp_path, size=1, durable=True) as world:
        transactions = world.deposits(1)
        world.node(0).submit(transactions)
        await world.until_final(transactions)
        await world.stop("validator-0")
        (tmp_path / "validator-0" / "guard").unlink()
        with pytest.raises(StorageFailure, match="the guard is missing"):
            await world.start()
        world.store("validator-0").close()


async def test_situation_47_all_restart_at_once_with_what_they_have_on_disk(tmp_path: Path) -> None:
    async with running(tmp_path, durable=True) as world:
        transactions = world.deposits(30)
        world.node(1).submit(transactions)
        await world.until(lambda: world.node(0).status().height > 0)
        await asyncio.gather(*(world.stop(name) for name in list(world.nodes)))
        await world.start()
        await world.until_final(transactions)
        world.require_equal()
