"""A certified chain without validators that run: blocks, certificates and stores for tests of syncing."""

from __future__ import annotations

import io
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from govchain.codec import encode
from govchain.crypto import compute_root, transaction_id
from govchain.ledger import Ledger
from govchain.model import (
    Attestation,
    Batch,
    FinalityCertificate,
    ProtocolParameters,
    Space,
    Transaction,
    Vote,
)
from govchain.node.block_check import BlockCheck
from govchain.node.executor import Executor
from govchain.node.finality import Finality
from govchain.node.parts import NodeParts, assemble
from govchain.node.vote_log import VoteLog
from govchain.node.wire import BlockParts
from govchain.observe import open_log
from govchain.storage import MemoryStore, Store
from tests.support.node_world import FAST, SUITE, NodeWorld, signer


class ChainWorld:
    """One chain; `grow` executes and certifies blocks of it on the store of the one who has them all."""

    def __init__(self, folder: Path, parameters: ProtocolParameters = FAST) -> None:
        self.world = NodeWorld(folder, parameters=parameters)
        self.store = MemoryStore()
        self.parts = self.open(self.store)

    @property
    def ledger(self) -> Ledger:
        return self.parts.ledger

    def open(self, store: Store, index: int = 0) -> NodeParts:
        """A validator over a store; nothing of it runs."""
        return assemble(
            self.world.genesis,
            f"validator-{index}",
            [signer(f"validator/validator-{index}")],
            store,
            log=open_log("test", io.StringIO()),
            clock=lambda: 0.0,
            now_ms=lambda: 0,
        )

    def grow(self, blocks: int, records: int = 20) -> None:
        for _ in range(blocks):
            self.execute(self.world.deposits(records))

    def rotate(self, number: int) -> None:
        """A block that gives validator-1 its next key of this number, at the next checkpoint."""
        possession = self.world.possession("validator-1", f"validator/validator-1-{number}")
        self.execute([self.world.change("validator.rotate", reason="yearly", **possession)])

    def to_epoch(self, epoch: int) -> None:
        """Blocks until this epoch has begun; the last one is the checkpoint that installed its validators."""
        while self.ledger.validators.epoch < epoch:
            self.rotate(self.ledger.validators.epoch + 1)
            while self.ledger.height % self.world.genesis.parameters.checkpoint_interval:
                self.grow(1, records=1)

    def execute(self, transactions: Sequence[Transaction]) -> None:
        ledger, height = self.ledger, self.ledger.height + 1
        validators = ledger.validators
        ids = [transaction_id(SUITE, each) for each in transactions]
        root = compute_root(SUITE, ids)
        # Not before what deposits claim, or a rule denies them.
        time_ms = int(datetime.now(UTC).timestamp() * 1000) + height
        batch = Batch(ledger.chain_id, validators.epoch, height, time_ms, 0, root, len(ids))
        executed = ledger.execute(batch, transactions)
        certificate = self.certificate(height, executed.header_digest, epoch=validators.epoch)
        self.store.write([*executed.writes, self.parts.chain.certificate_write(certificate)], sync=True)

    def certificate(
        self, height: int, header_digest: bytes, voters: Sequence[int] = (0, 2, 3), *, epoch: int = 0
    ) -> FinalityCertificate:
        """Votes of those whose keys are never rotated here."""
        chain_id = self.ledger.chain_id
        votes = []
        for voter in voters:
            attestation = Attestation(chain_id, epoch, height, header_digest, voter)
            votes.append(Vote(voter, signer(f"validator/validator-{voter}").sign(encode(attestation))))
        return FinalityCertificate(chain_id, epoch, height, header_digest, tuple(votes))

    def block_parts(self, height: int) -> BlockParts:
        key = height.to_bytes(8, "big")
        block, certificate = self.store.get(Space.BLOCK, key), self.store.get(Space.CERTIFICATE, key)
        assert block is not None
        assert certificate is not None
        return BlockParts(block, certificate)


def check_of(parts: NodeParts) -> BlockCheck:
    return BlockCheck(
        parts.suite,
        parts.ledger.chain_id,
        state_value=lambda key: parts.store.get(Space.STATE, key),
        validators_of=parts.ledger.validators_of,
    )


def executor_of(parts: NodeParts) -> tuple[Executor, Finality]:
    finality = Finality(parts.chain, parts.store, parts.suite)
    return Executor(parts, VoteLog(parts.store, parts.mempool.get), finality), finality


def content_of(store: Store) -> dict[Space, list[tuple[bytes, bytes]]]:
    """Everything of the chain in a store, its meta entries apart."""
    wanted = (Space.BLOCK, Space.CERTIFICATE, Space.TRANSACTION, Space.STATE, Space.TREE, Space.HISTORY)
    return {space: list(store.scan(space)) for space in wanted}
