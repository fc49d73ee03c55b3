"""Builds signed transactions for one key of one organisation, and counts its nonces.

The private key stays behind `Signer`. Nothing is sent from here.
"""

from __future__ import annotations

from govchain.crypto import Signer, sign_transaction
from govchain.model import Transaction, TransactionBody


class OrgSigner:
    """One key of one organisation on one chain (rule RQ-4: each nonce is used once).

    Args:
        chain_id: Chain that every transaction is for.
        org: Organisation (USCC).
        signer: The key.
        next_nonce: First nonce to use; `Client.open_signer` asks the chain for it.
    """

    def __init__(self, chain_id: bytes, org: str, signer: Signer, next_nonce: int = 0) -> None:
        assert next_nonce >= 0
        self.chain_id = chain_id
        self.org = org
        self._signer = signer
        self._next_nonce = next_nonce

    @property
    def key_id(self) -> bytes:
        return self._signer.key_id

    @property
    def next_nonce(self) -> int:
        """Nonce of the next transaction built without one of its own."""
        return self._next_nonce

    def build(
        self, kind: str, payload: bytes, *, expiry_height: int, nonce: int | None = None
    ) -> Transaction:
        """A signed transaction.

        Args:
            kind: For example `licence.issue`.
            payload: Canonical JSON of the record envelope, from `ledger.payloads.encode_payload`.
            expiry_height: Last height at which it may be executed.
            nonce: Use this one, and leave the counter alone; without it the next one is taken.
        """
        if nonce is None:
            nonce = self._next_nonce
            self._next_nonce += 1
        body = TransactionBody(
            chain_id=self.chain_id,
            kind=kind,
            org=self.org,
            key_id=self._signer.key_id,
            nonce=nonce,
            expiry_height=expiry_height,
            payload=payload,
        )
        return sign_transaction(self._signer, body)
