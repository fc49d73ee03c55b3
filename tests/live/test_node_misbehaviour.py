"""A validator's certificate in wrong hands: what it sends is counted and dropped, and the chain goes on."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from govchain.codec import FRAME_BYTES_MAX, encode
from govchain.consensus import SignedMessage
from govchain.crypto.evidence import order_evidence
from govchain.errors import BadProof, Diverged, MalformedBytes
from govchain.ledger import Ledger
from govchain.ledger.state import NonceState, nonces_key
from govchain.model import Block, FinalityCertificate, Space, Transaction
from govchain.model.votes import Commit, Prepare
from govchain.node.block_check import BlockCheck, CheckedBlock
from govchain.node.executor import Executor
from govchain.node.finality import Finality
from govchain.node.parts import assemble
from govchain.node.verifier import VIOLATIONS_MAX
from govchain.node.vote_log import VoteLog
from govchain.node.wire import (
    BlockParts,
    Blocks,
    BlocksWanted,
    Consensus,
    EvidenceFound,
    Hello,
    PeerFrame,
    Transactions,
    TransactionsWanted,
)
from govchain.observe import open_log
from govchain.storage import MemoryStore
from tests.support.node_world import SUITE, NodeWorld, running, signer


async def refused(world: NodeWorld, code: str, times: float = 1) -> None:
    """Wait until validator-0 counted a refusal."""
    await world.until(lambda: world.sample("validator-0", "govchain_rejected_total", code=code) >= times)


async def still_works(world: NodeWorld) -> None:
    transactions = world.deposits(12)
    world.node(0).submit(transactions)
    await world.until_final(transactions)
    world.require_equal()


async def test_repeated_garbage_closes_the_connection_and_nothing_else(tmp_path: Path) -> None:
    async with running(tmp_path, start=[0, 1, 2]) as world:
        impostor = await world.impostor(3)
        await world.until(lambda: impostor.network.connected()["validator-0"])
        changes: list[bool] = []
        impostor.network.on_change = lambda: changes.append(impostor.network.connected()["validator-0"])
        for number in range(VIOLATIONS_MAX):
            impostor.network.send("validator-0", b"\xc1" + number.to_bytes(2, "big"))
        await refused(world, "malformed", VIOLATIONS_MAX)
        await world.until(lambda: changes[:2] == [False, True])
        await still_works(world)
        await impostor.network.stop()


async def test_one_frame_of_garbage_is_not_judged_to_its_end(tmp_path: Path) -> None:
    async with running(tmp_path, start=[0, 1, 2]) as world:
        impostor = await world.impostor(3)
        await world.until(lambda: impostor.network.connected()["validator-0"])
        garbage = (SignedMessage(b"", b""),) * (3 * VIOLATIONS_MAX)
        impostor.network.send("validator-0", encode(Consensus(garbage)))
        await refused(world, "malformed", VIOLATIONS_MAX)
        await still_works(world)
        assert world.sample("validator-0", "govchain_rejected_total", code="malformed") == VIOLATIONS_MAX
        await impostor.network.stop()


@pytest.mark.parametrize(
    ("greeting", "code"),
    [
        (lambda world: encode(Hello(bytes(32), "0", "validator-3", 0)), "wrong-chain"),
        (lambda world: encode(Hello(world.chain_id, "0", "validator-1", 0)), "wrong-name"),
        (lambda world: encode(BlocksWanted(1, 1)), "no-greeting"),
        (lambda world: bytes(FRAME_BYTES_MAX), "malformed"),
    ],
)
async def test_wrong_greeting_is_refused(
    tmp_path: Path, greeting: Callable[[NodeWorld], bytes], code: str
) -> None:
    async with running(tmp_path, start=[0, 1, 2]) as world:
        impostor = await world.impostor(3)
        impostor.greeting = greeting(world)
        await refused(world, code)
        await still_works(world)
        await impostor.network.stop()


async def test_messages_with_wrong_signatures_are_counted(tmp_path: Path) -> None:
    async with running(tmp_path, start=[0, 1, 2]) as world:
        impostor = await world.impostor(3)
        prepare = Prepare(chain_id=world.chain_id, epoch=0, validator=1, view=0, seq=1, digest=bytes(32))
        body = encode(prepare)
        forged = SignedMessage(body, signer("validator/validator-3").sign(body))
        impostor.network.send("validator-0", encode(Consensus((forged, forged))))
        await refused(world, "bad-signature", 2)
        impostor.network.send("validator-0", encode(Transactions((Transaction(b"x", b"y"),))))
        await refused(world, "malformed")
        impostor.network.send("validator-0", encode(Blocks(1, (BlockParts(b"", b""),))))
        await refused(world, "unasked-blocks")
        await still_works(world)
        await impostor.network.stop()


async def test_questions_for_nothing_get_bounded_answers(tmp_path: Path) -> None:
    async with running(tmp_path, start=[0, 1, 2]) as world:
        impostor = await world.impostor(3)
        await still_works(world)
        await world.until(lambda: impostor.network.connected()["validator-0"])
        impostor.network.send("validator-0", encode(TransactionsWanted((bytes(32),) * 100)))
        impostor.network.send("validator-0", encode(BlocksWanted(10**9, 64)))
        await world.until(lambda: ("validator-0", Blocks(10**9, ())) in impostor.heard)
        impostor.network.send("validator-0", encode(BlocksWanted(1, 64)))
        await world.until(lambda: any(isinstance(f, Blocks) and f.blocks for _, f in impostor.heard))
        await impostor.network.stop()


Tamper = Callable[[Block, FinalityCertificate], BlockParts]


def other_signature(block: Block, certificate: FinalityCertificate) -> BlockParts:
    first, *rest = block.transactions
    changed = (Transaction(first.body, bytes(64)), *rest)
    return BlockParts(encode(msgspec.structs.replace(block, transactions=changed)), encode(certificate))


def fewer_transactions(block: Block, certificate: FinalityCertificate) -> BlockParts:
    cut = msgspec.structs.replace(block, transactions=block.transactions[1:], results=block.results[1:])
    return BlockParts(encode(cut), encode(certificate))


def other_batch(block: Block, certificate: FinalityCertificate) -> BlockParts:
    batch = msgspec.structs.replace(block.batch, time_ms=block.batch.time_ms + 1)
    return BlockParts(encode(msgspec.structs.replace(block, batch=batch)), encode(certificate))


def other_header(block: Block, certificate: FinalityCertificate) -> BlockParts:
    header = msgspec.structs.replace(block.header, state_root=bytes(32))
    return BlockParts(encode(msgspec.structs.replace(block, header=header)), encode(certificate))


def too_few_votes(block: Block, certificate: FinalityCertificate) -> BlockParts:
    short = msgspec.structs.replace(certificate, votes=certificate.votes[:2])
    return BlockParts(encode(block), encode(short))


def repeated_vote(block: Block, certificate: FinalityCertificate) -> BlockParts:
    twice = (certificate.votes[0], *certificate.votes[:2])
    return BlockParts(encode(block), encode(msgspec.structs.replace(certificate, votes=twice)))


def truncated(block: Block, certificate: FinalityCertificate) -> BlockParts:
    return BlockParts(encode(block)[:-1], encode(certificate))


TAMPERS: list[Tamper] = [
    other_signature,
    fewer_transactions,
    other_batch,
    other_header,
    too_few_votes,
    repeated_vote,
    truncated,
]


async def test_CU2_no_tampered_block_passes(tmp_path: Path) -> None:
    async with running(tmp_path, start=[0, 1, 2]) as world:
        await still_works(world)
        pair = world.node(0).block(1)
        assert pair is not None
        for tamper in TAMPERS:
            with pytest.raises((BadProof, MalformedBytes)):
                verify(world, tamper(*pair))
        verify(world, BlockParts(encode(pair[0]), encode(pair[1])))


async def test_CP3_certified_block_that_executes_differently_here_is_fatal(tmp_path: Path) -> None:
    async with running(tmp_path, start=[0, 1, 2]) as world:
        await still_works(world)
        pair = world.node(0).block(1)
        assert pair is not None
        disk = MemoryStore()
        newcomer_of(world, disk)
        key = nonces_key(signer("person/clerk-0").key_id)
        disk.write([(Space.STATE, key, encode(NonceState(500, b"")))], sync=True)
        newcomer, _ = newcomer_of(world, disk)
        with pytest.raises(Diverged, match="CP-3"):
            newcomer.install(CheckedBlock(*pair, ()))
        assert disk.get(Space.BLOCK, (1).to_bytes(8, "big")) is None


async def test_heights_become_final_in_order_whatever_the_order_of_certificates(tmp_path: Path) -> None:
    async with running(tmp_path, start=[0, 1, 2]) as world:
        while world.node(0).status().final_height < 3:
            await still_works(world)
        newcomer, finality = newcomer_of(world, MemoryStore())
        announced: list[int] = []
        finality.on_final = lambda block, ids: announced.append(block.header.height)
        for height in (1, 2, 3):
            pair = world.node(0).block(height)
            assert pair is not None
            newcomer.install(CheckedBlock(*pair, ()))
        for height, expected in [(3, []), (1, [1]), (1, [1]), (2, [1, 2, 3])]:
            finality.certified([height])
            assert announced == expected
        assert finality.height == 3


def newcomer_of(world: NodeWorld, disk: MemoryStore) -> tuple[Executor, Finality]:
    """What judges and executes blocks in a validator that does not run."""
    parts = assemble(
        world.genesis,
        "validator-3",
        [signer("validator/validator-3")],
        disk,
        log=open_log("validator-3", io.StringIO()),
        clock=lambda: 0.0,
        now_ms=lambda: 0,
    )
    finality = Finality(parts.chain, parts.store, parts.suite)
    return Executor(parts, VoteLog(parts.store, parts.mempool.get), finality), finality


def verify(world: NodeWorld, parts: BlockParts) -> None:
    """As a validator at height 0 does it."""
    store = MemoryStore()
    ledger = Ledger(world.genesis, SUITE, store)
    store.write(ledger.genesis_writes(), sync=True)
    check = BlockCheck(
        SUITE, world.chain_id, state_value=ledger.state_value, validators_of=ledger.validators_of
    )
    assert check.check(parts).unverified == ()


@pytest.mark.parametrize("tamper", [other_signature, None])
async def test_CU5_lying_peer_is_dropped_for_another(tmp_path: Path, tamper: Tamper | None) -> None:
    async with running(tmp_path, start=[0, 1, 2]) as world:
        for _ in range(3):
            await still_works(world)
        pair = world.node(0).block(1)
        assert pair is not None
        await world.stop("validator-2")
        world.wipe("validator-2")
        impostor = await world.impostor(3)
        impostor.greeting = encode(Hello(world.chain_id, "0", "validator-3", 10**9))
        # Without tampering it is silent, which is no better.
        if tamper is not None:
            lie = encode(Blocks(1, (tamper(*pair),)))
            impostor.answer = lambda frame: lie if isinstance(frame, BlocksWanted) else None
        await world.start(["validator-2"])
        # The honest ones are not heard until the liar was asked.
        world.node(2).network.is_link_open = lambda peer: peer == "validator-3"
        await world.until(lambda: any(is_question(each) for each in impostor.heard))
        world.node(2).network.is_link_open = lambda peer: True
        height = world.node(0).status().final_height
        await world.until(lambda: world.node(2).status().final_height >= height)
        if tamper is not None:
            assert world.sample("validator-2", "govchain_rejected_total", code="bad-proof") > 0
        world.require_equal()
        await impostor.network.stop()


def is_question(heard: tuple[str, PeerFrame]) -> bool:
    return heard[0] == "validator-2" and isinstance(heard[1], BlocksWanted)


TWO = (b"a" * 32, b"b" * 32)


def contradiction(world: NodeWorld, *digests: bytes) -> list[SignedMessage]:
    """Commits of validator-3 for one place."""
    votes = [encode(Commit(world.chain_id, 0, 3, 0, 1, digest)) for digest in digests]
    return [SignedMessage(body, signer("validator/validator-3").sign(body)) for body in votes]


def has_recorded(world: NodeWorld, index: int) -> bool:
    return any(item.recorded_height for item in world.node(index).status().evidence)


async def test_situation_12_EV1_a_liar_is_known_to_all_and_recorded_by_one(tmp_path: Path) -> None:
    async with running(tmp_path, start=[0, 1, 2]) as world:
        impostor = await world.impostor(3)
        await world.until(lambda: all(impostor.network.connected()[f"validator-{i}"] for i in range(3)))
        impostor.network.send("validator-1", encode(Consensus(tuple(contradiction(world, *TWO)))))
        await world.until(lambda: all(has_recorded(world, index) for index in range(3)))
        await still_works(world)
        for index in range(3):
            (item,) = world.node(index).status().evidence
            assert (item.validator, item.phase, item.view, item.seq) == ("validator-3", "commit", 0, 1)
            sample = world.sample(
                f"validator-{index}", "govchain_equivocations_total", validator="validator-3"
            )
            assert sample == 1
        await impostor.network.stop()
        before = world.node(1).status().evidence
        await world.stop("validator-1")
        await world.start(["validator-1"])
        assert world.node(1).status().evidence == before
        await still_works(world)


async def test_EV2_evidence_that_proves_nothing_is_counted_and_accuses_nobody(tmp_path: Path) -> None:
    async with running(tmp_path, start=[0, 1, 2]) as world:
        impostor = await world.impostor(3)
        await world.until(lambda: impostor.network.connected()["validator-0"])
        one, other = contradiction(world, *TWO)
        forged = SignedMessage(other.body, bytes(64))
        for evidence in (order_evidence(one, one), order_evidence(one, forged)):
            impostor.network.send("validator-0", encode(EvidenceFound(evidence)))
        await refused(world, "bad-evidence", 2)
        await still_works(world)
        assert world.node(0).status().evidence == ()
        await impostor.network.stop()
