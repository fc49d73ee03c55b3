"""Blocks from peers: checked ahead in threads, handed out in order, liars passed over (rules CU-2, CU-5)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from concurrent.futures import wait
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast
from unittest.mock import Mock

import msgspec
import pytest

from govchain.codec import decode, encode
from govchain.crypto import digest_of, sign_transaction
from govchain.crypto.possession import prove_signing_key
from govchain.errors import BadProof, InvalidInput
from govchain.ledger.payloads import encode_payload
from govchain.model import Block, FinalityCertificate, Space, Transaction, TransactionBody
from govchain.node.block_check import BlockCheck, stored_validators
from govchain.node.block_sync import BlockSync, ReadyBlock
from govchain.node.catch_up import CatchUp
from govchain.node.sync import Sync
from govchain.node.wire import BlockParts, BlocksWanted, SnapshotWanted
from govchain.storage import MemoryStore
from tests.support.chain_world import ChainWorld, check_of, executor_of
from tests.support.node_world import ORGANISATIONS, SHORT_WINDOW, SUITE, signer

K = SHORT_WINDOW.checkpoint_interval
NOW_S = 100.0


@pytest.fixture
def chain(tmp_path: Path) -> ChainWorld:
    return ChainWorld(tmp_path, SHORT_WINDOW)


class Follower:
    """A validator with an empty store to which blocks come."""

    def __init__(self, chain: ChainWorld) -> None:
        self.parts = chain.open(MemoryStore(), 3)
        self.catch_up = CatchUp()
        self.refused: list[tuple[str, str]] = []
        self._chain = chain
        self._executor, self._finality = executor_of(self.parts)
        self._woken = asyncio.Event()
        store = self.parts.store
        check = BlockCheck(
            self.parts.suite,
            self.parts.ledger.chain_id,
            state_value=lambda key: store.get(Space.STATE, key),
            validators_of=lambda epoch: stored_validators(self.parts.genesis, store, epoch),
        )
        self.sync = BlockSync(check, self.catch_up, refuse=self._refuse, wake=self._woken.set)

    def give(self, peer: str, blocks: Sequence[BlockParts]) -> None:
        """A peer is asked for what is missing next and answers."""
        self.catch_up.claim(peer, 1_000)
        (question,) = self.catch_up.ask(NOW_S, is_waiting=False, connected={peer: True})
        assert self.catch_up.answered(peer, question.wanted.from_height, blocks)

    async def next(self) -> ReadyBlock | None:
        """The next block once its check is over; None when there is none, or its sender was blamed."""
        height = self.parts.ledger.height + 1
        while (ready := self.sync.take(height, NOW_S)) is None and self.catch_up.block(height) is not None:
            await self._woken.wait()
            self._woken.clear()
        return ready

    async def checks_end(self) -> None:
        """Every check that was begun is over, whatever it found."""
        results = [running.result for running in self.sync._running.values()]
        await asyncio.to_thread(wait, results)

    def install(self, ready: ReadyBlock) -> None:
        """As the owner does it."""
        self.sync.check.require_signatures(ready.checked.unverified)
        height = ready.checked.block.header.height
        self._executor.install(ready.checked)
        self._finality.certified([height])
        self.catch_up.advance(height, NOW_S)

    async def install_all(self) -> int:
        while (ready := await self.next()) is not None:
            self.install(ready)
        return self.parts.ledger.height

    def _refuse(self, peer: str, error: InvalidInput) -> None:
        self.refused.append((peer, str(error)))


@asynccontextmanager
async def following(chain: ChainWorld) -> AsyncIterator[Follower]:
    follower = Follower(chain)
    try:
        yield follower
    finally:
        follower.sync.close()


def parts_of(chain: ChainWorld, *heights: int) -> list[BlockParts]:
    return [chain.block_parts(height) for height in heights]


# What a block must be.


def changed(change: Callable[[Block], Block]) -> Callable[[BlockParts], BlockParts]:
    return lambda parts: BlockParts(encode(change(decode(parts.block, Block))), parts.certificate)


def other_signature(block: Block) -> Block:
    first, *rest = block.transactions
    return msgspec.structs.replace(
        block, transactions=(msgspec.structs.replace(first, signature=bytes(64)), *rest)
    )


def other_result(block: Block) -> Block:
    first, *rest = block.results
    return msgspec.structs.replace(block, results=(msgspec.structs.replace(first, detail="other"), *rest))


def results_swapped(block: Block) -> Block:
    return msgspec.structs.replace(block, results=tuple(reversed(block.results)))


def fewer_transactions(block: Block) -> Block:
    return msgspec.structs.replace(block, transactions=block.transactions[1:], results=block.results[1:])


def other_batch(block: Block) -> Block:
    return msgspec.structs.replace(block, batch=msgspec.structs.replace(block.batch, time_ms=1))


def other_header(block: Block) -> Block:
    return msgspec.structs.replace(block, header=msgspec.structs.replace(block.header, time_ms=1))


def too_few_votes(parts: BlockParts) -> BlockParts:
    certificate = decode(parts.certificate, FinalityCertificate)
    return BlockParts(parts.block, encode(msgspec.structs.replace(certificate, votes=certificate.votes[:2])))


LIES: dict[str, tuple[Callable[[BlockParts], BlockParts], str]] = {
    "another signature": (changed(other_signature), "signature was replaced"),
    "another result": (changed(other_result), "not those that the header names"),
    "results in another order": (changed(results_swapped), "not those of the transactions"),
    "fewer transactions": (changed(fewer_transactions), "not those that the batch names"),
    "another batch": (changed(other_batch), "not the one that the header names"),
    "another header": (changed(other_header), "certificate"),
    "too few votes": (too_few_votes, "quorum"),
}


@pytest.mark.parametrize("name", LIES)
def test_situation_40_CU2_a_lie_in_a_block_is_refused(chain: ChainWorld, name: str) -> None:
    chain.grow(1, records=2)
    lie, problem = LIES[name]
    check = check_of(chain.open(MemoryStore(), 3))
    assert check.check(chain.block_parts(1)).unverified == ()
    with pytest.raises(BadProof, match=problem):
        check.check(lie(chain.block_parts(1)))


def test_situation_3_CU2_a_block_of_another_chain_is_refused(chain: ChainWorld, tmp_path: Path) -> None:
    """The same validators run another chain, so every signature in its certificates is right."""
    other = ChainWorld(tmp_path / "other")
    other.grow(1, records=1)
    with pytest.raises(BadProof, match="another chain"):
        check_of(chain.open(MemoryStore(), 3)).check(other.block_parts(1))


def brought_key(chain: ChainWorld) -> tuple[Transaction, Transaction]:
    """A transaction that adds a key, and one that the new key signed."""
    key = signer("person/new-clerk")
    envelope = {
        "object_id": key.key_id.hex(),
        "object_version": 1,
        "claimed_time": datetime.now(UTC).isoformat(timespec="seconds"),
    }
    proof = prove_signing_key(key, chain.world.chain_id, ORGANISATIONS[0])
    fields = {**proof, "person": "new-clerk", "roles": ["maker"]}
    added = chain.world._sign("key.add", 0, encode_payload(envelope, fields))
    (deposit,) = chain.world.deposits(1, clerk=0)
    body = decode(deposit.body, TransactionBody)
    return added, sign_transaction(key, msgspec.structs.replace(body, key_id=key.key_id, nonce=0))


async def test_CU2_a_key_that_an_earlier_block_brings_is_checked_when_it_is_there(chain: ChainWorld) -> None:
    for transaction in brought_key(chain):
        chain.execute([transaction])
    first, second = parts_of(chain, 1, 2)
    async with following(chain) as follower:
        follower.give("liar", [first, changed(other_signature)(second)])
        assert await follower.next() is not None
        await follower.checks_end()
        ready = await follower.next()
        assert ready is not None
        follower.install(ready)
        ready = await follower.next()
        assert ready is not None
        with pytest.raises(BadProof, match="signature was replaced"):
            follower.install(ready)
        follower.sync.blame("liar", BadProof("replaced"), NOW_S)
        follower.give("honest", [second])
        assert await follower.install_all() == 2


# Ahead of their turn.


async def test_situation_55_CU2_MB2_a_block_of_a_later_epoch_that_came_early_blames_nobody(
    chain: ChainWorld,
) -> None:
    """Its validators are known once the block before it is executed: until then nobody can judge it."""
    chain.to_epoch(1)
    chain.grow(2, records=1)
    assert chain.ledger.height == K + 2 < 2 * K
    async with following(chain) as follower:
        follower.give("honest", parts_of(chain, *range(1, K + 3)))
        ready = await follower.next()
        await follower.checks_end()
        early = follower.sync._running[K + 1].result.exception()
        assert "validators of epoch 1 are not known here" in str(early)
        assert ready is not None
        follower.install(ready)
        assert await follower.install_all() == K + 2
        assert follower.refused == []
        assert follower.parts.ledger.head == chain.ledger.head
        # At its own turn a block of an epoch that never began is a lie.
        chain.grow(1, records=1)
        (parts,) = parts_of(chain, K + 3)
        certificate = msgspec.structs.replace(decode(parts.certificate, FinalityCertificate), epoch=7)
        follower.give("liar", [BlockParts(parts.block, encode(certificate))])
        assert await follower.next() is None
        assert [peer for peer, _ in follower.refused] == ["liar"]


async def test_situation_40_CU5_blocks_in_another_order_are_refused(chain: ChainWorld) -> None:
    chain.grow(2, records=1)
    async with following(chain) as follower:
        follower.give("liar", parts_of(chain, 2, 1))
        assert await follower.next() is None
        assert follower.refused == [("liar", "a block of height 2 where 1 was asked for")]
        follower.give("honest", parts_of(chain, 1, 2))
        assert await follower.install_all() == 2


async def test_situation_40_CU5_nothing_else_of_a_liar_is_used(chain: ChainWorld) -> None:
    """Checked blocks of a liar are thrown away too, and asked for elsewhere."""
    chain.grow(3, records=1)
    first, second, third = parts_of(chain, 1, 2, 3)
    async with following(chain) as follower:
        follower.give("liar", [too_few_votes(first), second, too_few_votes(third)])
        assert follower.sync.take(1, NOW_S) is None
        await follower.checks_end()
        assert await follower.next() is None
        assert [peer for peer, _ in follower.refused] == ["liar"]
        assert follower.sync._running == {}
        follower.give("honest", [first, second, third])
        assert await follower.install_all() == 3
        assert [peer for peer, _ in follower.refused] == ["liar"]


# Whom to ask.


async def test_situation_41_CU1_one_liar_about_its_height_begins_no_snapshot(chain: ChainWorld) -> None:
    """While a state is awaited no block is installed, so one claim must not be enough."""
    parts = chain.open(MemoryStore(), 3)
    _, finality = executor_of(parts)
    asked: list[tuple[str, object]] = []
    sync = Sync(
        parts,
        finality,
        cast(Any, SimpleNamespace(ask=lambda *question: asked.append(question), verifier=Mock())),
        cast(Any, SimpleNamespace(connected=lambda: {"validator-0": True, "validator-1": True})),
        snapshot_blocks=3,
        inbox=cast(Any, SimpleNamespace(arrived=asyncio.Event())),
    )
    try:
        sync.catch_up.claim("validator-1", 10**9)
        sync.look(is_waiting=False)
        assert [type(wanted) for _, wanted in asked] == [BlocksWanted]
        sync.catch_up.claim("validator-0", 10)
        sync.look(is_waiting=False)
        assert type(asked[-1][1]) is SnapshotWanted
    finally:
        sync.close()


# Blocks below a certified one, whose own certificates are gone.


def over(chain: ChainWorld, *heights: int) -> BlockParts:
    """The last of these blocks with its certificate, and the others as what its header proves."""
    *below, last = parts_of(chain, *heights)
    return BlockParts(last.block, last.certificate, tuple(each.block for each in below))


def test_CU2_a_certified_block_proves_those_below_it(chain: ChainWorld) -> None:
    chain.grow(3, records=1)
    checked = check_of(chain.parts).check(over(chain, 1, 2, 3))
    assert (checked.first_height, len(checked.below)) == (1, 2)


@pytest.mark.parametrize(
    ("name", "lie"),
    [
        ("a gap", lambda chain: over(chain, 1, 3)),
        ("out of order", lambda chain: over(chain, 2, 1, 3)),
        ("twice", lambda chain: over(chain, 2, 2, 3)),
        ("another header", lambda chain: with_below(chain, lambda block: restated(block, time_ms=1))),
        ("other transactions", lambda chain: with_below(chain, restated_block)),
        ("another epoch", lambda chain: with_below(chain, lambda block: restated(block, epoch=1))),
    ],
)
def test_CU2_what_a_certified_block_does_not_prove_is_refused(
    chain: ChainWorld, name: str, lie: Callable[[ChainWorld], BlockParts]
) -> None:
    chain.grow(3, records=2)
    with pytest.raises(BadProof):
        check_of(chain.parts).check(lie(chain))


def test_situation_40_56_CU2_MB3_validators_of_an_old_epoch_prove_nothing_below_their_block(
    chain: ChainWorld,
) -> None:
    """Their keys may be in anybody's hands: what stands on their certificate must not be executed first."""
    chain.to_epoch(1)
    follower = chain.open(MemoryStore(), 3)
    executor, _ = executor_of(follower)
    for height in range(1, K + 1):
        executor.install(check_of(follower).check(chain.block_parts(height)))
    forged = forged_by_an_old_epoch(chain)
    checked = check_of(follower).check(forged)
    certificate = checked.certificate
    assert (checked.first_height, certificate.epoch) == (K + 1, 0)
    with pytest.raises(BadProof, match="of epoch 1, not 0"):
        executor.install_below(checked.below[0], certificate)
    assert follower.ledger.height == K


def forged_by_an_old_epoch(chain: ChainWorld) -> BlockParts:
    """Two blocks above the head; the old validators certify the upper one, as of their epoch."""
    chain.grow(2, records=1)
    below, above = (decode(each.block, Block) for each in parts_of(chain, K + 1, K + 2))
    batch = msgspec.structs.replace(above.batch, epoch=0)
    forged = restated(above, epoch=0, batch_digest=digest_of(SUITE, batch))
    certificate = chain.certificate(K + 2, digest_of(SUITE, forged.header), epoch=0)
    return BlockParts(
        encode(msgspec.structs.replace(forged, batch=batch)), encode(certificate), (encode(below),)
    )


def with_below(chain: ChainWorld, change: Callable[[Block], Block]) -> BlockParts:
    parts = over(chain, 2, 3)
    return BlockParts(parts.block, parts.certificate, (encode(change(decode(parts.below[0], Block))),))


def restated(block: Block, **changes: object) -> Block:
    return msgspec.structs.replace(block, header=msgspec.structs.replace(block.header, **changes))


def restated_block(block: Block) -> Block:
    return msgspec.structs.replace(block, transactions=tuple(reversed(block.transactions)))
