"""Proof of blocks without a certificate of their own: parents of a certified block above them (rule CU-2).

Headers are chained, so what makes a block final makes all below it final; and a block holds what its header
names. Nothing is executed or stored here.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from govchain.codec import encode
from govchain.crypto.log_tree import compute_root
from govchain.crypto.signing import digest_of, verify_finality
from govchain.crypto.suite import Suite
from govchain.errors import BadProof
from govchain.model import Block, BlockHeader, FinalityCertificate, ValidatorSet
from govchain.model.ids import Digest

MaybeCertified = tuple[Block, FinalityCertificate | None]


def split_by_certificate(blocks: Sequence[MaybeCertified]) -> list[list[MaybeCertified]]:
    """Runs of blocks, each ending with a certified one; what no certificate follows is left out."""
    groups: list[list[MaybeCertified]] = [[]]
    for block, certificate in blocks:
        groups[-1].append((block, certificate))
        if certificate is not None:
            groups.append([])
    return groups[:-1]


def require_proven(
    suite: Suite, validators_of: Callable[[int], ValidatorSet | None], blocks: Sequence[MaybeCertified]
) -> None:
    """Each block has its certificate, or is the parent of the next one, and holds what it names (rule CU-2).

    Raises:
        BadProof: A certificate does not hold, of an epoch that is not known, or a chain leads to none.
    """
    above: BlockHeader | None = None
    for block, certificate in reversed(blocks):
        if certificate is not None:
            validators = validators_of(block.header.epoch)
            if validators is None:
                raise BadProof(f"epoch {block.header.epoch} is not known yet", step="certificate")
            verify_finality(suite, validators, certificate, block.header)
        elif above is None:
            raise BadProof(f"height {block.header.height} has no certificate, nor one above it", step="block")
        else:
            require_parent(suite, block.header, above)
        require_contents(suite, block)
        above = block.header


def require_parent(suite: Suite, header: BlockHeader, above: BlockHeader) -> None:
    """The header above, which is proven, names this one as its parent.

    Raises:
        BadProof: It does not.
    """
    if above.parent != digest_of(suite, header):
        raise BadProof(f"not the block below height {above.height}", step="block")


def require_contents(suite: Suite, block: Block) -> tuple[Digest, ...]:
    """Batch, transactions and results are those that the header names (rule CU-2); ids of the transactions.

    No id covers a signature: those are another matter.

    Raises:
        BadProof: They are others.
    """
    header, batch = block.header, block.batch
    if digest_of(suite, batch) != header.batch_digest or batch.seq != header.height:
        raise BadProof("the batch is not the one that the header names", step="block")
    ids = tuple(suite.digest(each.body) for each in block.transactions)
    if batch.transaction_count != len(ids) or compute_root(suite, ids) != batch.transactions_root:
        raise BadProof("the transactions are not those that the batch names", step="block")
    if tuple(result.transaction_id for result in block.results) != ids:
        raise BadProof("the results are not those of the transactions", step="block")
    if compute_root(suite, [encode(result) for result in block.results]) != header.results_root:
        raise BadProof("the results are not those that the header names", step="block")
    return ids
