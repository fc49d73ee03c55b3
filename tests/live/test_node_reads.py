"""Reads at level `latest` on real validators: proven, complete, shared, and definite when they fail."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Iterator
from pathlib import Path
from random import Random

import msgspec
import pytest

from govchain.codec import decode, encode
from govchain.crypto import transaction_id
from govchain.errors import Unavailable
from govchain.ledger.payloads import decode_envelope
from govchain.ledger.state import RecordState
from govchain.model import FinalityCertificate, Transaction, TransactionBody
from govchain.node.wire import PeerFrame, ReadAnswer, ReadQuestion
from govchain.receipt import RecordProof, verify_record_proof
from tests.support.linearizability import Operation, is_linearizable
from tests.support.node_world import FAST, SUITE, TIMEOUT_S, NodeWorld, running

IMPATIENT = msgspec.structs.replace(FAST, view_timeout_ms=400, retransmit_ms=100)


def object_of(transaction: Transaction) -> str:
    return decode_envelope(decode(transaction.body, TransactionBody).payload).object_id


def value_of(proof: RecordProof) -> bytes | None:
    return None if proof.value is None else decode(proof.value, RecordState).last_record_hash


def cut_off(world: NodeWorld, index: int, *, is_cut: bool) -> None:
    """No frame reaches the validator, and none leaves it."""
    name = world.names[index]
    for other, node in world.nodes.items():
        node.network.is_link_open = lambda peer, other=other: not is_cut or name not in (peer, other)


async def test_RD1_latest_is_proven_and_holds_what_another_validator_acknowledged(tmp_path: Path) -> None:
    async with running(tmp_path) as world:
        for index in range(8):
            (transaction,) = world.deposits(1)
            world.node(0).submit([transaction])
            await world.node(0).wait_final(transaction_id(SUITE, transaction), 20_000)
            proof = await world.node(index % 4).record("evidence", object_of(transaction), "latest")
            verify_record_proof(proof, world.genesis)
            assert value_of(proof) == transaction_id(SUITE, transaction)


async def test_RD1_reads_at_one_moment_share_a_question(tmp_path: Path) -> None:
    async with running(tmp_path) as world:
        transactions = world.deposits(1)
        world.node(0).submit(transactions)
        await world.until_final(transactions)
        reads = (world.node(3).record("evidence", "EV-0", "latest") for _ in range(100))
        assert all(value_of(proof) for proof in await asyncio.gather(*reads))
        # The first read asks at once; all others began after that, and share the next question.
        assert world.sample("validator-0", "govchain_peer_messages_total", type="read-question") <= 2


async def test_RD1_one_validator_alone_reads_its_own(tmp_path: Path) -> None:
    async with running(tmp_path, size=1) as world:
        transactions = world.deposits(1)
        world.node(0).submit(transactions)
        await world.until_final(transactions)
        assert value_of(await world.node(0).record("evidence", "EV-0", "latest")) is not None


async def test_situation_53_RD1_a_validator_that_is_cut_off_says_so_and_never_what_is_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with running(tmp_path) as world:
        early = world.deposits(1)
        world.node(0).submit(early)
        await world.until_final(early)
        cut_off(world, 3, is_cut=True)
        (late,) = world.deposits(1)
        world.node(0).submit([late])
        await world.node(0).wait_final(transaction_id(SUITE, late), 20_000)
        assert value_of(await world.node(3).record("evidence", object_of(late), "certified")) is None
        with monkeypatch.context() as patched:
            patched.setattr("govchain.node.reads.LATEST_TIMEOUT_S", 0.05)
            with pytest.raises(Unavailable, match="1 of 3 validators answered") as caught:
                await world.node(3).record("evidence", object_of(late), "latest")
            assert caught.value.definite
        cut_off(world, 3, is_cut=False)
        found = await world.node(3).record("evidence", object_of(late), "latest")
        assert value_of(found) == transaction_id(SUITE, late)


async def test_situation_53_RD1_an_invented_height_holds_nobody_up(tmp_path: Path) -> None:
    async with running(tmp_path, start=[0, 1, 2]) as world:
        impostor = await world.impostor(3)
        transactions = world.deposits(1)
        world.node(0).submit(transactions)
        await world.until_final(transactions)
        found = world.node(0).block(1)
        assert found is not None
        genuine = found[0].header

        def answer(frame: PeerFrame) -> bytes | None:
            if not isinstance(frame, ReadQuestion):
                return None
            above = msgspec.structs.replace(genuine, height=1_000_000)
            votes = found[1].votes
            forged = FinalityCertificate(above.chain_id, 0, above.height, SUITE.digest(encode(above)), votes)
            return encode(ReadAnswer(frame.nonce, (above, forged)))

        impostor.answer = answer
        await world.until(lambda: impostor.network.connected()["validator-0"])
        async with asyncio.timeout(TIMEOUT_S):
            while not world.sample("validator-0", "govchain_rejected_total", code="bad-proof"):
                assert value_of(await world.node(0).record("evidence", "EV-0", "latest")) is not None
        await impostor.network.stop()


async def test_RD1_a_read_ends_when_its_validator_stops(tmp_path: Path) -> None:
    async with running(tmp_path) as world:
        transactions = world.deposits(1)
        world.node(0).submit(transactions)
        await world.until_final(transactions)
        cut_off(world, 3, is_cut=True)
        reading = asyncio.ensure_future(world.node(3).record("evidence", "EV-0", "latest"))
        await asyncio.sleep(0)
        await world.stop("validator-3")
        with pytest.raises(Unavailable, match="stopping"):
            await reading


async def test_situation_54_reads_around_the_death_of_the_primary_are_linearizable(tmp_path: Path) -> None:
    async with running(tmp_path, parameters=IMPATIENT) as world:
        history = History(world)
        work = [asyncio.ensure_future(history.write(index)) for index in (1, 2, 3)]
        work += [asyncio.ensure_future(history.read(index)) for index in (1, 2, 3)]
        await world.until(lambda: history.acknowledged >= 5)
        cut_off(world, 3, is_cut=True)
        await world.until(lambda: history.acknowledged >= 15)
        cut_off(world, 3, is_cut=False)
        await world.stop("validator-0")
        await world.until(lambda: history.acknowledged >= 30)
        history.is_over = True
        await asyncio.gather(*work)
        assert max(world.node(index).status().view for index in (1, 2, 3)) >= 1
        assert history.reads > 20
        assert all(is_linearizable(operations) for operations in history.operations.values())


class History:
    """What writers and readers at three validators saw; each object is a register that is written once."""

    def __init__(self, world: NodeWorld) -> None:
        self.is_over = False
        self.acknowledged = self.reads = 0
        self.operations: dict[str, list[Operation]] = {}
        self._world = world
        self._moments: Iterator[int] = itertools.count()
        self._random = Random(54)

    async def write(self, index: int) -> None:
        while not self.is_over:
            (transaction,) = self._world.deposits(1, clerk=index - 1)
            operations = self.operations.setdefault(object_of(transaction), [])
            id_, began = transaction_id(SUITE, transaction), next(self._moments)
            self._world.node(index).submit([transaction])
            status = await self._world.node(index).wait_final(id_, 10_000)
            is_final = status is not None and status.status == "final"
            operations.append(Operation(True, id_, began, next(self._moments) if is_final else None))
            self.acknowledged += is_final

    async def read(self, index: int) -> None:
        while not self.is_over:
            await asyncio.sleep(0)
            if not self.operations:
                continue
            # What was written last is what a stale answer would lack.
            wanted = self._random.choice(list(self.operations)[-3:])
            began = next(self._moments)
            try:
                proof = await self._world.node(index).record("evidence", wanted, "latest")
            except Unavailable:
                continue
            self.reads += 1
            self.operations[wanted].append(Operation(False, value_of(proof), began, next(self._moments)))
