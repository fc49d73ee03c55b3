"""Receipts across changes of the set: old ones stay valid, new ones prove their validators (MB-4)."""

from __future__ import annotations

import msgspec
import pytest

from govchain.errors import BadProof, Unavailable
from govchain.receipt import build_receipt, read_receipt, verify_receipt, write_receipt
from govchain.receipt.build import collect_changes
from tests.rules.test_ledger_governance import (
    add_fields,
    adopt,
    make_world,
    to_checkpoint,
)
from tests.support.ledger_world import SUITE, LedgerWorld


@pytest.fixture(scope="module")
def world() -> LedgerWorld:
    """Three epochs: a validator joins, then another rotates its key."""
    world = make_world()
    adopt(world, "validator.add", "GC-1", add_fields(world))
    to_checkpoint(world)
    rotated = world.vote_key_proof("validator-2", "validator-2-next")
    adopt(world, "validator.rotate", "GC-2", {"validator": "validator-2", "reason": "yearly", **rotated})
    to_checkpoint(world)
    to_checkpoint(world)
    return world


def receipt_at(world: LedgerWorld, height: int) -> bytes:
    block = world.chain.block(height)
    assert block is not None
    known = world.ledger.key

    def public_key_of(key_id: bytes) -> bytes | None:
        key = known(key_id)
        return None if key is None else key.public_key

    receipt = build_receipt(world.chain, SUITE, block.results[0].transaction_id, public_key_of)
    assert receipt is not None
    return write_receipt(receipt)


def test_MB4_receipts_of_every_epoch_verify_from_genesis_alone(world: LedgerWorld) -> None:
    assert world.ledger.validators.epoch == 2
    # Heights whose certificates this small world made: the last ones before each checkpoint.
    heights = [height for height in range(1, world.ledger.height + 1) if world.chain.certificate(height)]
    epochs = []
    for height in heights:
        data = receipt_at(world, height)
        report = verify_receipt(data, world.genesis)
        step = next(step for step in report.steps if step.id == "validators")
        epochs.append(int(step.checked.en.split()[1].strip(":,")))
    assert sorted(dict.fromkeys(epochs)) == [0, 1, 2]


def test_MB4_a_receipt_without_a_change_or_with_one_forged_is_refused(world: LedgerWorld) -> None:
    receipt = read_receipt(receipt_at(world, world.ledger.height))
    first, second = receipt.validator_changes
    forged = msgspec.structs.replace(second, validators=msgspec.structs.replace(first.validators, epoch=2))
    for changes in ((), (first,), (second, first), (first, first), (first, second, second), (first, forged)):
        broken = msgspec.structs.replace(receipt, validator_changes=changes)
        with pytest.raises(BadProof) as refused:
            verify_receipt(write_receipt(broken), world.genesis)
        assert refused.value.step == "validators"


def test_MB4_a_store_that_lacks_a_change_says_so(world: LedgerWorld) -> None:
    with pytest.raises(Unavailable, match="epoch 3"):
        collect_changes(world.chain, 3)
