"""Execution on this node: a decision or a certified block becomes a block on disk, in one durable write.

What a transaction means is the ledger's; who is told is the core's. Rules CP-1, CP-3, CU-2.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from govchain.codec import decode
from govchain.consensus import Decision
from govchain.crypto import digest_of
from govchain.crypto.log_tree import compute_root
from govchain.errors import BadProof, BadSignature, Diverged, MalformedBytes
from govchain.ledger import ExecutedBlock
from govchain.model import Block, FinalityCertificate, Transaction, TransactionBody, Write
from govchain.node.finality import Finality
from govchain.node.parts import NodeParts
from govchain.node.vote_log import VoteLog
from govchain.node.wire import BlockParts

STEP: Final = "block"


class Executor:
    """The only writer of blocks and state."""

    def __init__(self, parts: NodeParts, votes: VoteLog, finality: Finality) -> None:
        self._verify_certified = parts.verify_certified
        self._suite = parts.suite
        self._store = parts.store
        self._ledger = parts.ledger
        self._mempool = parts.mempool
        self._chain = parts.chain
        self._votes = votes
        self._finality = finality
        self._clock = parts.clock
        metrics = parts.metrics
        self._caught_up = metrics.counter("govchain_catch_up_blocks_total")
        self._store_seconds = metrics.histogram("govchain_store_seconds").labels("block")
        self._execute_seconds = metrics.histogram("govchain_execute_seconds")
        self._block_transactions = metrics.histogram("govchain_block_transactions")

    def execute(self, decision: Decision) -> ExecutedBlock:
        """Execute a decision and make it durable (rule NC-6)."""
        # What a new view took over may repeat a transaction (rule VC-3); execution denies it then.
        held = [self._mempool.get(id_) or self._chain.transaction(id_) for id_ in decision.transaction_ids]
        transactions = [each for each in held if each is not None]
        assert len(transactions) == len(held), "NC-2: a batch is voted for only with all its transactions"
        began_s = self._clock()
        executed = self._ledger.execute(decision.batch, transactions)
        self._execute_seconds.observe(self._clock() - began_s)
        return self._keep(executed, [])

    def install(self, block: Block, certificate: FinalityCertificate) -> ExecutedBlock:
        """Execute a block that `verify` accepted, and keep it with its certificate (rules CU-2, CP-3).

        Raises:
            Diverged: Executing it gives another header than the quorum certified.
        """
        executed = self._ledger.execute(block.batch, block.transactions)
        if executed.header_digest != certificate.header_digest:
            raise Diverged(certificate.height, executed.header_digest.hex(), certificate.header_digest.hex())
        self._caught_up.inc()
        return self._keep(executed, self.certificate_writes([certificate]))

    def certificate_writes(self, certificates: Sequence[FinalityCertificate]) -> list[Write]:
        """What stores certificates, and removes the votes that nobody can need from then on (rule RC-1)."""
        if not certificates:
            return []
        new = {certificate.height for certificate in certificates}
        removals = self._votes.removals(lambda height: height in new or self._finality.is_certified(height))
        return [*self._finality.certificate_writes(certificates), *removals]

    def verify(self, parts: BlockParts) -> tuple[Block, FinalityCertificate]:
        """Check a peer's block by its certificate; contents that no certificate covers are checked too.

        Raises:
            MalformedBytes: The bytes are no block or certificate.
            BadProof: The certificate does not prove it, or it is not what the certificate proves.
            Diverged: A quorum certified another header than the one that was executed here (rule CP-3).
        """
        block, certificate = decode(parts.block, Block), decode(parts.certificate, FinalityCertificate)
        header, batch = block.header, block.batch
        self._verify_certified(header, certificate)
        if header.height <= self._ledger.height:
            self._require_equal(certificate)
            return block, certificate
        if digest_of(self._suite, batch) != header.batch_digest or batch.seq != header.height:
            raise BadProof("the batch is not the one that the header names", step=STEP)
        ids = [self._suite.digest(each.body) for each in block.transactions]
        if batch.transaction_count != len(ids) or compute_root(self._suite, ids) != batch.transactions_root:
            raise BadProof("the transactions are not those that the batch names", step=STEP)
        return block, certificate

    def verify_signatures(self, block: Block) -> None:
        """Check the transactions' signatures, which no id covers; needs the state just before the block.

        Raises:
            BadProof: A signature was replaced on the way.
        """
        for transaction in block.transactions:
            self._verify_signature(transaction)

    def _verify_signature(self, transaction: Transaction) -> None:
        try:
            body = decode(transaction.body, TransactionBody)
            key = self._ledger.key(body.key_id)
            if key is None:
                raise BadProof("a transaction of a key that the state does not know", step=STEP)
            self._suite.verify(key.public_key, transaction.body, transaction.signature)
        except (MalformedBytes, BadSignature) as error:
            raise BadProof(f"a transaction's signature was replaced: {error}", step=STEP) from error

    def _require_equal(self, certificate: FinalityCertificate) -> None:
        own = self._finality.block(certificate.height)
        assert own is not None, "heights up to the head are stored"
        digest = digest_of(self._suite, own.header)
        if digest != certificate.header_digest:
            raise Diverged(certificate.height, digest.hex(), certificate.header_digest.hex())

    def _keep(self, executed: ExecutedBlock, extra: list[Write]) -> ExecutedBlock:
        block = executed.block
        began_s = self._clock()
        self._store.write([*executed.writes, *extra], sync=True)
        self._store_seconds.observe(self._clock() - began_s)
        self._block_transactions.observe(len(block.transactions))
        self._finality.executed(block, executed.transaction_ids)
        return executed
