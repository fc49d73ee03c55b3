"""Execution on this node: a decision or a certified block becomes a block on disk, in one durable write.

What a transaction means is the ledger's; who is told is the core's. Rules CP-1, CP-3, CU-2.
"""

from __future__ import annotations

from collections.abc import Sequence

from govchain.consensus import Decision
from govchain.crypto import digest_of
from govchain.errors import BadProof, Diverged
from govchain.ledger import ExecutedBlock
from govchain.model import Block, FinalityCertificate, Write
from govchain.node.block_check import CheckedBlock
from govchain.node.finality import Finality
from govchain.node.parts import NodeParts
from govchain.node.snapshot_fetch import Snapshot
from govchain.node.vote_log import VoteLog


class Executor:
    """The only writer of blocks and state."""

    def __init__(self, parts: NodeParts, votes: VoteLog, finality: Finality) -> None:
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

    def install(self, checked: CheckedBlock, *, sync: bool = True) -> ExecutedBlock:
        """Execute a block that was checked, and keep it with its certificate (rules CU-2, CP-3).

        Args:
            sync: Durable on return. Without it only together with a later write: others have the block.

        Raises:
            BadProof: It is certified by the validators of another epoch than the one it would be in (MB-3).
            Diverged: Executing it gives another header than the quorum certified.
        """
        certificate = checked.certificate
        self._require_epoch(certificate, self._ledger.validators.epoch)
        if checked.proven is None:
            executed = self._ledger.execute(checked.block.batch, checked.block.transactions)
        else:
            executed = self._ledger.replay(checked.proven)
        if executed.header_digest != certificate.header_digest:
            raise Diverged(certificate.height, executed.header_digest.hex(), certificate.header_digest.hex())
        self._caught_up.inc()
        return self._keep(executed, self.certificate_writes([certificate]), sync=sync)

    def install_below(self, block: Block, certificate: FinalityCertificate) -> ExecutedBlock:
        """Execute a block that has no certificate, but is proven by a certified one above it (rule CU-2).

        Args:
            certificate: Of the certified one.

        Raises:
            BadProof: Validators of another epoch than the running one certify (MB-3).
            Diverged: Executing it gives another header than the proven one.
        """
        # Before anything is executed: whoever holds old keys could prove any chain.
        self._require_epoch(certificate, self._ledger.validators.epoch)
        executed, proven = self._ledger.execute(block.batch, block.transactions), block.header
        if executed.header_digest != digest_of(self._suite, proven):
            raise Diverged(proven.height, executed.header_digest.hex(), digest_of(self._suite, proven).hex())
        self._caught_up.inc()
        return self._keep(executed, [])

    def adopt(self, snapshot: Snapshot) -> None:
        """Put a staged state into force, with its block, certificate and finality, at once (rule CU-3)."""
        height = snapshot.block.header.height
        assert height > self._ledger.height
        self._store.adopt_staged(
            [
                *snapshot.writes,
                *self._finality.jump_writes(snapshot.certificate),
                *self._votes.removals(lambda seq: seq <= height),
            ]
        )
        self._ledger.reload()

    def certificate_writes(self, certificates: Sequence[FinalityCertificate]) -> list[Write]:
        """What stores certificates, and removes the votes that nobody can need from then on (rule RC-1)."""
        if not certificates:
            return []
        new = {certificate.height for certificate in certificates}
        removals = self._votes.removals(lambda height: height in new or self._finality.is_certified(height))
        return [*self._finality.certificate_writes(certificates), *removals]

    def require_equal(self, certificate: FinalityCertificate) -> None:
        """A certificate of a height that was executed here is of the header that was (rule CP-3).

        Raises:
            BadProof: It is of the validators of another epoch (rule MB-3).
            Diverged: A quorum certified another one.
        """
        own = self._finality.block(certificate.height)
        assert own is not None, "heights up to the head are stored"
        self._require_epoch(certificate, own.header.epoch)
        digest = digest_of(self._suite, own.header)
        if digest != certificate.header_digest:
            raise Diverged(certificate.height, digest.hex(), certificate.header_digest.hex())

    def _require_epoch(self, certificate: FinalityCertificate, epoch: int) -> None:
        """Keys of validators that left may be in anybody's hands: what they certify proves nothing here."""
        if certificate.epoch != epoch:
            problem = f"height {certificate.height} is of epoch {epoch}, not {certificate.epoch}"
            raise BadProof(problem, step="certificate")

    def _keep(self, executed: ExecutedBlock, extra: list[Write], *, sync: bool = True) -> ExecutedBlock:
        block = executed.block
        began_s = self._clock()
        self._store.write([*executed.writes, *extra], sync=sync)
        self._store_seconds.observe(self._clock() - began_s)
        self._block_transactions.observe(len(block.transactions))
        self._finality.executed(block, executed.transaction_ids)
        return executed
