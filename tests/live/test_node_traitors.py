"""Validators in one loop among whom one cheats: huge views move nobody, and nobody is kept out."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import msgspec

from govchain.codec import decode, encode
from govchain.crypto import transaction_id
from govchain.model import Transaction, TransactionBody
from govchain.model.votes import SignedMessage, ViewChange
from govchain.node.wire import Consensus
from tests.support.node_world import FAST, ORGANISATIONS, SUITE, running, signer

ROUNDS_MAX = 1_000
IMPATIENT = msgspec.structs.replace(FAST, view_timeout_ms=400, retransmit_ms=100)


async def test_situation_29_huge_views_of_one_validator_move_nobody(tmp_path: Path) -> None:
    async with running(tmp_path, start=[0, 1, 2]) as world:
        impostor = await world.impostor(3)
        await world.until(lambda: impostor.network.connected()["validator-0"])
        key = signer("validator/validator-3")
        for number in range(1, 200):
            body = encode(ViewChange(world.chain_id, 0, 3, number * 1_000_000, None, ()))
            impostor.network.broadcast(encode(Consensus((SignedMessage(body, key.sign(body)),))))
        transactions = world.deposits(12)
        world.node(0).submit(transactions)
        await world.until_final(transactions)
        assert [world.node(index).status().view for index in range(3)] == [0, 0, 0]
        world.require_equal()
        await impostor.network.stop()


async def test_situation_49_a_primary_that_drops_one_organisation_is_replaced(tmp_path: Path) -> None:
    async with running(tmp_path, parameters=IMPATIENT) as world:
        pool, inbox = world.node(0)._pool, world.node(0)._inbox
        receive = pool.receive

        def drop(peer: str, transactions: Sequence[Transaction], size_bytes: int) -> None:
            others = [
                each for each in transactions if decode(each.body, TransactionBody).org != ORGANISATIONS[1]
            ]
            if others:
                receive(peer, tuple(others), size_bytes)
            else:
                inbox.done(peer, size_bytes)

        pool.receive = drop  # type: ignore[method-assign, assignment]
        kept_out = world.deposits(1, clerk=1)
        world.node(1).submit(kept_out)
        kept_out_id = transaction_id(SUITE, kept_out[0])
        for _ in range(ROUNDS_MAX):
            # The others are served all the time, so that only the one that waits can be a reason.
            served = world.deposits(3, clerk=2)
            world.node(2).submit(served)
            await world.until_final(served)
            status = world.node(1).transaction(kept_out_id)
            if status is not None and status.status == "final":
                break
        else:
            raise AssertionError("kept out for ever")
        assert world.node(1).status().view >= 1
        world.require_equal()
