"""What a transaction shows by itself: size, canonical body, chain, and no plain identifier (rules RQ-1, I3).

The same for every validator of a chain, at every height. What depends on the executed state is `pool`'s.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from govchain.codec import decode
from govchain.crypto import Suite, chain_id_of, transaction_id
from govchain.errors import MalformedBytes
from govchain.ledger import mask_identifiers, payload_holds_identifier
from govchain.mempool.rejections import reject
from govchain.model import Genesis, Transaction, TransactionBody
from govchain.model.ids import TransactionId

KIND_CHARACTERS_MAX: Final = 64
"""Longest kind. Unknown kinds are denied by execution, which records the denial."""
NONCE_MAX: Final = 2**53 - 1

ReadForm = Callable[[Transaction], tuple[TransactionId, TransactionBody]]


class TransactionForm:
    """The form of transactions of one chain."""

    def __init__(self, genesis: Genesis, suite: Suite) -> None:
        self._bytes_max = genesis.parameters.transaction_bytes_max
        self._chain_id = chain_id_of(suite, genesis)
        self._suite = suite

    def read(self, transaction: Transaction) -> tuple[TransactionId, TransactionBody]:
        """Id and body of a transaction, cheapest checks first (rule RQ-1).

        Raises:
            InvalidTransaction: No validator admits it.
        """
        size_bytes = len(transaction.body) + len(transaction.signature)
        if size_bytes > self._bytes_max:
            raise reject("too-large", f"{size_bytes} bytes, limit {self._bytes_max}")
        try:
            body = decode(transaction.body, TransactionBody)
        except MalformedBytes as error:
            raise reject("malformed", str(error)) from error
        if not 1 <= len(body.kind) <= KIND_CHARACTERS_MAX:
            raise reject("malformed", f"kind of {len(body.kind)} characters, limit {KIND_CHARACTERS_MAX}")
        if not 0 <= body.nonce <= NONCE_MAX:
            raise reject("malformed", f"nonce {body.nonce}; expected 0 to 2^53-1")
        if body.chain_id != self._chain_id:
            raise reject("wrong-chain", f"made for chain {body.chain_id.hex()[:12]}")
        # A denial would come too late: blocks keep denied payloads for ever (rule I3).
        if payload_holds_identifier(body.payload) or mask_identifiers(body.kind) != body.kind:
            raise reject("plain-identifier", "the transaction holds a plain identity or mobile number")
        return transaction_id(self._suite, transaction), body
