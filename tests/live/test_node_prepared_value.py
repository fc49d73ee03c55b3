"""A batch is prepared at one running validator alone when the primary stops (situation 21)."""

from __future__ import annotations

from pathlib import Path

import msgspec

from govchain.codec import encode
from govchain.consensus import SignedMessage, verify_message
from govchain.consensus.messages import Commit, Prepare
from govchain.model import Space
from govchain.node import NodeRuntime
from govchain.node.wire import Consensus, decode_frame
from tests.support.node_world import FAST, SUITE, NodeWorld, running

IMPATIENT = msgspec.structs.replace(FAST, view_timeout_ms=1_000)
WITNESS = "validator-3"


def lose_votes(world: NodeWorld, node: NodeRuntime) -> None:
    """In view 0 only the witness gets this validator's prepares, and nobody its commits."""
    send = node.network.send

    def is_lost(signed: SignedMessage, peer: str) -> bool:
        message = verify_message(SUITE, world.genesis.validators, world.chain_id, signed).message
        if not isinstance(message, Prepare | Commit) or message.view > 0:
            return False
        return isinstance(message, Commit) or peer != WITNESS

    def lossy(peer: str, payload: bytes, *, is_urgent: bool = False) -> None:
        frame = decode_frame(payload)
        if isinstance(frame, Consensus):
            kept = tuple(signed for signed in frame.messages if not is_lost(signed, peer))
            if not kept:
                return
            payload = encode(Consensus(kept))
        send(peer, payload, is_urgent=is_urgent)

    node.network.send = lossy  # type: ignore[method-assign]


async def test_situation_21_VC3_what_one_validator_saw_prepared_comes_back_with_its_bytes(
    tmp_path: Path,
) -> None:
    async with running(tmp_path, parameters=IMPATIENT) as world:
        for index in range(4):
            lose_votes(world, world.node(index))
        transactions = world.deposits(1)
        world.node(0).submit(transactions)
        await world.until(lambda: phases(world, WITNESS) >= {"prepared", "commit"})
        assert all("commit" not in phases(world, f"validator-{index}") for index in (0, 1, 2))
        await world.stop("validator-0")
        await world.until_final(transactions)
        assert world.node(1).status().view >= 1
        block = world.node(1).block(1)
        assert block is not None
        assert block[0].batch.proposer == 0, "the batch of view 0, and no other with the same transaction"
        world.require_equal()


def phases(world: NodeWorld, name: str) -> set[str]:
    """Phases of the entries in a validator's vote log."""
    return {key[16:].decode() for key, _ in world.store(name).scan(Space.VOTE)}
