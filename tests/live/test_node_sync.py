"""Validators that come back: from a snapshot, from blocks of several peers, beside liars, under load."""

from __future__ import annotations

from pathlib import Path

import pytest

from govchain.codec import encode
from govchain.crypto import transaction_id
from govchain.errors import BadProof, Unavailable
from govchain.ledger.head import height_key
from govchain.model import Space, Transaction
from govchain.node import snapshot_server
from govchain.node.block_check import BlockCheck
from govchain.node.catch_up import FAR_BLOCKS
from govchain.node.wire import (
    Blocks,
    BlocksWanted,
    Hello,
    PeerFrame,
    SnapshotChunk,
    SnapshotHead,
    SnapshotWanted,
)
from tests.support.node_world import SHORT_WINDOW, SUITE, NodeWorld, running


async def make_blocks(world: NodeWorld, count: int) -> None:
    height = world.node(0).status().final_height
    while world.node(0).status().final_height < height + count:
        transactions = world.deposits(3)
        world.node(0).submit(transactions)
        await world.until_final(transactions)


async def returned(world: NodeWorld, index: int) -> None:
    """Wait until a validator is where validator-0 is, and takes part again."""
    await world.until(
        lambda: world.node(index).status().final_height >= world.node(0).status().final_height > 0
    )
    transactions = world.deposits(3)
    world.node(index).submit(transactions)
    await world.until_final(transactions)


async def test_situation_46_CU3_a_wiped_validator_takes_a_snapshot_and_becomes_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(snapshot_server, "CHUNK_BYTES", 4_000)
    async with running(tmp_path) as world:
        early = world.deposits(2)
        world.node(0).submit(early)
        await world.until_final(early)
        await make_blocks(world, FAR_BLOCKS + 1)
        await world.stop("validator-3")
        world.wipe("validator-3")
        world.snapshot_blocks = 2
        height = world.node(0).status().final_height
        await world.start(["validator-3"])
        # Connections alone make nobody ready: first it hears how far the others are, then it gets there.
        await world.until(lambda: world.node(3).is_ready())
        assert world.node(3).status().final_height >= height
        await returned(world, 3)
        assert world.sample("validator-3", "govchain_snapshot_chunks_total") >= 2
        # Old blocks follow by themselves, and with them every receipt.
        await world.until(lambda: world.node(3).has_all_blocks)
        for transaction in early:
            receipts = [world.node(index).receipt(transaction_id(SUITE, transaction)) for index in (0, 3)]
            assert receipts[0] is not None
            assert receipts[1] is not None
            assert receipts[1].result == receipts[0].result
        world.require_equal()
        assert world.node(3).status().finalised == world.node(0).status().finalised
        await world.stop("validator-3")
        await world.start(["validator-3"])
        await returned(world, 3)


async def test_CU3_what_lies_below_a_snapshot_is_unavailable_and_not_unknown(tmp_path: Path) -> None:
    async with running(tmp_path, parameters=SHORT_WINDOW) as world:
        early = world.deposits(1)
        world.node(0).submit(early)
        await world.until_final(early)
        await make_blocks(world, 12)
        await world.stop("validator-3")
        world.wipe("validator-3")
        world.snapshot_blocks = 2
        for index in range(3):
            # They give the state, but no blocks.
            world.node(index)._sync._peers.answer_blocks = lambda *_: None  # type: ignore[method-assign]
        await world.start(["validator-3"])
        await world.until(lambda: not world.node(3).has_all_blocks)
        newcomer, early_id = world.node(3), transaction_id(SUITE, early[0])
        for question in (
            lambda: newcomer.transaction(early_id),
            lambda: newcomer.receipt(early_id),
            lambda: newcomer.block(1),
            lambda: newcomer.events(1),
        ):
            with pytest.raises(Unavailable, match="ask another validator"):
                question()
        assert newcomer.block(newcomer.status().final_height) is not None


def snapshot_liar(frame: PeerFrame) -> bytes | None:
    """Answers every question with something that looks like an answer."""
    match frame:
        case SnapshotWanted(part="head"):
            return encode(SnapshotHead(b"\x90", b"\x90", (), ()))
        case SnapshotWanted(height=height, part=part, start=start):
            return encode(SnapshotChunk(height, part, start, (b"\x10",), is_last=True))
        case BlocksWanted(from_height=height):
            return encode(Blocks(height, ()))
        case _:
            return None


async def test_situation_40_41_CU5_a_liar_about_height_and_state_only_costs_time(tmp_path: Path) -> None:
    async with running(tmp_path, start=[0, 1, 2]) as world:
        await make_blocks(world, 6)
        await world.stop("validator-2")
        world.wipe("validator-2")
        world.snapshot_blocks = 3
        impostor = await world.impostor(3)
        impostor.greeting = encode(Hello(world.chain_id, "0", "validator-3", 10**9))
        impostor.answer = snapshot_liar
        await world.start(["validator-2"])
        # The honest ones are not asked for the state before the liar was.
        passed_over = world.node(2)._sync._fetch._passed_over_until
        passed_over |= {"validator-0": float("inf"), "validator-1": float("inf")}
        await world.until(lambda: any(isinstance(frame, SnapshotWanted) for _, frame in impostor.heard))
        passed_over.clear()
        # First far too high, then far too low: neither keeps it from the honest ones.
        impostor.network.send("validator-2", encode(Hello(world.chain_id, "0", "validator-3", 0)))
        await returned(world, 2)
        await world.until(lambda: world.node(2).has_all_blocks)
        world.require_equal()
        await impostor.network.stop()


async def test_CU2_without_a_snapshot_everything_comes_as_blocks(tmp_path: Path) -> None:
    async with running(tmp_path, parameters=SHORT_WINDOW) as world:
        await world.stop("validator-3")
        await make_blocks(world, 40)
        world.snapshot_blocks = 0
        await world.start(["validator-3"])
        await returned(world, 3)
        assert world.sample("validator-3", "govchain_catch_up_blocks_total") > 30
        assert world.sample("validator-3", "govchain_snapshot_chunks_total") == 0
        world.require_equal()


async def test_CU3_RC4_a_stop_during_a_snapshot_is_forgotten_and_it_begins_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with running(tmp_path) as world:
        await make_blocks(world, 6)
        await world.stop("validator-3")
        world.wipe("validator-3")
        world.snapshot_blocks = 2
        monkeypatch.setattr(snapshot_server, "_values", lambda lent, wanted: snapshot_server.NOTHING)
        await world.start(["validator-3"])
        staged = world.store("validator-3")
        await world.until(lambda: any(True for _ in staged.scan(Space.STAGED_TREE)))
        await world.stop("validator-3")
        monkeypatch.undo()
        await world.start(["validator-3"])
        await returned(world, 3)
        await world.until(lambda: world.node(3).has_all_blocks)
        world.require_equal()


async def test_CU3_MB2_a_snapshot_leads_over_epochs_that_were_missed(tmp_path: Path) -> None:
    """Each validator set is proven by the one before it, from genesis on; then the state, by the last one."""
    async with running(tmp_path, parameters=SHORT_WINDOW) as world:
        for number in (1, 2):
            rotated = world.possession("validator-1", f"validator/validator-1-{number}")
            change = world.change("validator.rotate", reason="yearly", **rotated)
            world.node(0).submit([change])
            await world.until_final([change])
            while world.node(0).status().epoch < number:
                await make_blocks(world, 1)
        await make_blocks(world, 3)
        await world.stop("validator-3")
        world.wipe("validator-3")
        world.snapshot_blocks = 3
        await world.start(["validator-3"])
        await returned(world, 3)
        assert world.sample("validator-3", "govchain_snapshot_chunks_total") >= 2
        assert world.node(3).status().epoch == 2
        await world.until(lambda: world.node(3).has_all_blocks)
        world.require_equal()
        proof = await world.node(3).record("evidence", "EV-0", "certified")
        assert [change.validators.epoch for change in proof.validator_changes] == [1, 2]
        await world.stop("validator-3")
        await world.start(["validator-3"])
        await returned(world, 3)


async def test_situation_40_CU5_what_is_wrong_at_its_turn_comes_from_another_peer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A signature that could not be checked ahead was replaced: its sender is passed over."""
    genuine, looked_at = BlockCheck.require_signatures, []

    def replaced_once(check: BlockCheck, transactions: tuple[Transaction, ...]) -> None:
        looked_at.append(transactions)
        if len(looked_at) == 1:
            raise BadProof("a transaction's signature was replaced", step="block")
        genuine(check, transactions)

    async with running(tmp_path, parameters=SHORT_WINDOW, start=[0, 1, 2]) as world:
        await make_blocks(world, 4 * SHORT_WINDOW.checkpoint_interval)
        monkeypatch.setattr(BlockCheck, "require_signatures", replaced_once)
        await world.start(["validator-3"])
        await returned(world, 3)
        assert len(looked_at) > 1
        assert world.sample("validator-3", "govchain_rejected_total", code="bad-proof") == 1
        world.require_equal()


async def test_CU2_a_block_whose_certificate_is_gone_is_taken_by_the_chain_above(
    tmp_path: Path,
) -> None:
    """Validator 3 has an empty disk; the one that held the certificate of height 1 does not come back."""
    world = NodeWorld(tmp_path)
    try:
        await world.start()
        await world.until_ready()
        for transaction in world.deposits(2):
            world.node(0).submit([transaction])
            await world.until_final([transaction])
        await world.stop_all()
        for name in world.names[1:3]:
            store = world.store(name).reopen()  # type: ignore[attr-defined]
            lost = [(Space.CERTIFICATE, height_key(1), None), (Space.META, b"node/final-height", bytes(8))]
            store.write(lost, sync=True)
        world.wipe("validator-3")
        await world.start(world.names[1:])
        (transaction,) = world.deposits(1)
        world.node(1).submit([transaction])
        await world.until_final([transaction])
        world.require_equal()
        assert all(node.status().final_height == 3 for node in world.nodes.values())
    finally:
        await world.stop_all()
