"""Floods of what may not enter: refused with a code, bounded, and gone when they end (situation 52)."""

from __future__ import annotations

from pathlib import Path

import msgspec

from govchain.codec import decode, encode
from govchain.crypto import sign_transaction
from govchain.model import Transaction, TransactionBody
from govchain.node.wire import Transactions
from tests.support.node_world import FAST, NodeWorld, running, signer

FLOOD = 300


def expired(transaction: Transaction) -> Transaction:
    body = msgspec.structs.replace(decode(transaction.body, TransactionBody), expiry_height=0)
    return sign_transaction(signer("person/clerk-0"), body)


def floods(world: NodeWorld, replayed: list[Transaction]) -> dict[str, list[Transaction]]:
    """Code to transactions that are refused with it."""
    fresh = world.deposits(FLOOD, clerk=0)
    return {
        "bad-signature": [Transaction(each.body, bytes(64)) for each in fresh],
        "expired": [expired(each) for each in fresh],
        "malformed": [Transaction(each.body[:-1], each.signature) for each in fresh],
        "nonce-used": [replayed[number % len(replayed)] for number in range(FLOOD)],
    }


async def test_situation_52_floods_of_clients_and_peers_are_refused_and_leave_nothing(tmp_path: Path) -> None:
    async with running(tmp_path, start=[0, 1, 2]) as world:
        impostor = await world.impostor(3)
        await world.until(lambda: impostor.network.connected()["validator-0"])
        early = world.deposits(3, clerk=0)
        world.node(0).submit(early)
        await world.until_final(early)
        for code, flood in floods(world, early).items():
            answers = {(answer.status, answer.code) for answer in world.node(0).submit(flood)}
            assert answers == {("known", "") if code == "nonce-used" else ("rejected", code)}
            impostor.network.send("validator-0", encode(Transactions(tuple(flood))))
        late = world.deposits(3, clerk=1)
        world.node(0).submit(late)
        await world.until_final(late)
        for code in ("bad-signature", "expired", "malformed"):
            await world.until(lambda code=code: _counted(world, code) == 2 * FLOOD)  # type: ignore[misc]
        assert {node.status().pool_transactions for node in world.nodes.values()} == {0}
        await world.until(lambda: world.node(0)._pool.waiting_count == 0)
        world.require_equal()
        await impostor.network.stop()


async def test_situation_52_a_pool_that_is_full_says_so_and_drains(tmp_path: Path) -> None:
    parameters = msgspec.structs.replace(FAST, pool_records_max=20, pool_records_per_org_max=10)
    async with running(tmp_path, parameters=parameters) as world:
        first = world.deposits(40, clerk=0)
        answers = world.node(0).submit(first)
        taken = [each for each, answer in zip(first, answers, strict=True) if answer.status == "admitted"]
        assert len(taken) == 10
        assert {answer.code for answer in answers if answer.status == "rejected"} == {"pool-full"}
        other = world.deposits(3, clerk=1)
        assert {answer.status for answer in world.node(0).submit(other)} == {"admitted"}
        await world.until_final([*taken, *other])
        await world.until(lambda: {each.status().pool_transactions for each in world.nodes.values()} == {0})
        again = first[10:20]
        assert {answer.status for answer in world.node(0).submit(again)} == {"admitted"}
        await world.until_final(again)
        world.require_equal()


def _counted(world: NodeWorld, code: str) -> float:
    return world.sample("validator-0", "govchain_rejected_total", code=code)
