"""Validators join, rotate their key and leave while the network runs (rules MB-1 to MB-4)."""

from __future__ import annotations

from pathlib import Path

from govchain.crypto import transaction_id
from govchain.model import Transaction
from govchain.receipt import verify_receipt, verify_record_proof, write_receipt
from tests.live.test_node_reads import object_of
from tests.support.node_world import ORGANISATIONS, SHORT_WINDOW, SUITE, NodeWorld, running

K = SHORT_WINDOW.checkpoint_interval


async def record(world: NodeWorld, *transactions: Transaction, via: int = 0) -> None:
    """Make transactions final on every running validator, one block each."""
    for transaction in transactions:
        (answer,) = world.node(via).submit([transaction])
        assert answer.status in ("admitted", "known"), answer
        await world.until_final([transaction])


async def to_epoch(world: NodeWorld, epoch: int, *, via: int = 0) -> None:
    """Deposits until every running validator is in this epoch."""
    for transaction in world.deposits(2 * K):
        if min(node.status().epoch for node in world.nodes.values()) == epoch:
            return
        await record(world, transaction, via=via)
    await world.until(lambda: all(node.status().epoch == epoch for node in world.nodes.values()))


async def test_situation_55_join_rotate_leave_and_restart(tmp_path: Path) -> None:
    async with running(
        tmp_path, parameters=SHORT_WINDOW, candidates=["validator-9"], start=[0, 1, 2, 3]
    ) as world:
        await world.start(["validator-9"])
        await record(
            world,
            world.change(
                "validator.add",
                org=ORGANISATIONS[0],
                peer_address=world.address("validator-9"),
                **world.possession("validator-9", "validator/validator-9"),
            ),
        )
        newcomer = world.nodes["validator-9"]
        assert newcomer.status().index == -1
        # Whoever is no member yet, or no more, reads what a quorum of members has (rule RD-1).
        await record(world, *(first := world.deposits(1)))
        assert (await newcomer.record("evidence", object_of(first[0]), "latest")).value is not None
        await to_epoch(world, 1)
        assert newcomer.status().index == 4
        await record(world, *world.deposits(2), via=4)
        rotated = world.possession("validator-1", "validator/validator-1-next")
        await record(world, world.change("validator.rotate", reason="yearly", **rotated))
        await to_epoch(world, 2)
        # Both keys are at hand: the validator with the new one starts again and votes.
        await world.stop("validator-1")
        await world.start(["validator-1"])
        await record(world, world.change("validator.remove", validator="validator-0", reason="leaves"), via=1)
        await to_epoch(world, 3, via=1)
        assert world.node(0).status().index == -1
        await record(world, *(second := world.deposits(1)), via=1)
        proof = await world.node(0).record("evidence", object_of(second[0]), "latest")
        assert proof.value is not None
        verify_record_proof(proof, world.genesis)
        await world.stop("validator-0")
        await world.stop("validator-2")  # Three of the four that are left are a quorum.
        last = world.deposits(2)
        await record(world, *last, via=1)
        receipt = world.node(1).receipt(transaction_id(SUITE, last[-1]))
        assert receipt is not None
        verify_receipt(write_receipt(receipt), world.genesis)
        world.require_equal()
        # A court that has the genesis alone can check what four different sets of validators certified.
        proof = await world.node(1).record("evidence", "EV-0", "certified")
        verify_record_proof(proof, world.genesis)
        assert [change.validators.epoch for change in proof.validator_changes] == [1, 2, 3]


async def test_situation_55_MB2_one_alone_becomes_two_and_the_founder_leaves(tmp_path: Path) -> None:
    async with running(
        tmp_path, size=1, parameters=SHORT_WINDOW, candidates=["validator-9"], start=[0]
    ) as world:
        await world.start(["validator-9"])
        proven = world.possession("validator-9", "validator/validator-9")
        address = world.address("validator-9")
        await record(
            world, world.change("validator.add", org=ORGANISATIONS[0], peer_address=address, **proven)
        )
        await to_epoch(world, 1)
        await record(world, world.change("validator.remove", validator="validator-0", reason="leaves"))
        await to_epoch(world, 2, via=1)
        assert world.node(0).status().index == -1
        # An observer takes transactions, reads the latest and hands out receipts as all others do.
        (last,) = world.deposits(1)
        await record(world, last, via=0)
        proof = await world.node(0).record("evidence", object_of(last), "latest")
        verify_record_proof(proof, world.genesis)
        assert proof.value is not None
        receipt = world.node(0).receipt(transaction_id(SUITE, last))
        assert receipt is not None
        assert verify_receipt(write_receipt(receipt), world.genesis)
        world.require_equal()


async def test_MB2_a_validator_comes_back_under_its_name_with_another_key(tmp_path: Path) -> None:
    async with running(tmp_path, parameters=SHORT_WINDOW) as world:
        await record(world, world.change("validator.remove", validator="validator-3", reason="leaves"))
        await to_epoch(world, 1)
        # The key that left stays out; its holder brings another one.
        proven = world.possession("validator-3", "validator/validator-3-next")
        address = world.address("validator-3")
        await record(
            world, world.change("validator.add", org=ORGANISATIONS[0], peer_address=address, **proven)
        )
        await to_epoch(world, 2)
        assert world.node(3).status().index == 3
        await world.stop("validator-1")  # Without the one that came back there is no quorum.
        await record(world, *world.deposits(2))
        world.require_equal()
