"""Makes a receipt from a validator's own blocks.

Reads through the ports below and computes two inclusion proofs; what it returns has yet to convince anyone.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from govchain.codec import decode, encode
from govchain.crypto import Suite
from govchain.crypto.epochs import ValidatorChange
from govchain.crypto.log_tree import compute_inclusion_proof
from govchain.crypto.signing import transaction_id as id_of
from govchain.errors import MalformedBytes, Unavailable
from govchain.model import Block, FinalityCertificate, TransactionBody
from govchain.receipt.bundle import Inclusion, Receipt, SignedTransaction, summarise


class BlockSource(Protocol):
    """Read side of a chain; `govchain.ledger.Chain` has it."""

    def block(self, height: int, /) -> Block | None: ...

    def certificate(self, height: int, /) -> FinalityCertificate | None: ...

    def validator_change(self, epoch: int, /) -> ValidatorChange | None:
        """What proves the validator set of an epoch after genesis."""
        ...

    def locate(self, transaction_id: bytes, /) -> tuple[int, int] | None:
        """Height and position of an executed transaction."""
        ...


def build_receipt(
    chain: BlockSource,
    suite: Suite,
    transaction_id: bytes,
    public_key_of: Callable[[bytes], bytes | None],
) -> Receipt | None:
    """Receipt of a final transaction; None when it is unknown here, or its block has no certificate yet.

    Args:
        chain: Where blocks and certificates are read.
        suite: Suite of the chain.
        transaction_id: Digest of the signed body.
        public_key_of: Public key of a key id, revoked keys included.

    Raises:
        Unavailable: The signer's public key is not known here, or the body was denied as unreadable.
    """
    place = chain.locate(transaction_id)
    if place is None:
        return None
    height, position = place
    block, certificate = chain.block(height), chain.certificate(height)
    if block is None or certificate is None:
        return None
    assert 0 <= position < len(block.transactions), "the index points outside its block"
    transaction, result = block.transactions[position], block.results[position]
    assert result.transaction_id == transaction_id, "the index points at another transaction"
    ids: list[bytes] = [id_of(suite, each) for each in block.transactions]
    try:
        body = decode(transaction.body, TransactionBody)
    except MalformedBytes as error:
        # Rule RQ-1 denied it, and nobody is known to have signed it: there is nothing to prove to anyone.
        raise Unavailable(
            f"transaction {transaction_id.hex()} has no readable body, so no receipt"
        ) from error
    public_key = public_key_of(body.key_id)
    if public_key is None:
        raise Unavailable(f"the public key of signer {body.key_id.hex()} is not known here")
    return Receipt(
        summary=summarise(transaction_id, body, result, block.header),
        chain_id=block.header.chain_id,
        transaction=SignedTransaction(
            body=transaction.body, signature=transaction.signature, signer=public_key
        ),
        inclusion=_prove(suite, ids, position),
        result=result,
        result_inclusion=_prove(suite, [encode(each) for each in block.results], position),
        header=block.header,
        certificate=certificate,
        validator_changes=collect_changes(chain, block.header.epoch),
    )


def collect_changes(chain: BlockSource, epoch: int) -> tuple[ValidatorChange, ...]:
    """The changes from genesis to the set of an epoch, in order.

    Raises:
        Unavailable: One of them is not in this store.
    """
    changes = []
    for each in range(1, epoch + 1):
        change = chain.validator_change(each)
        if change is None:
            raise Unavailable(f"what proves the set of epoch {each} is not known here; ask another validator")
        changes.append(change)
    return tuple(changes)


def _prove(suite: Suite, leaves: list[bytes], position: int) -> Inclusion:
    path = compute_inclusion_proof(suite, leaves, position)
    return Inclusion(position=position, size=len(leaves), path=tuple(path))
