"""Hot path: suites, signatures, Merkle trees, keys and certificates. The only room that sees a crypto library."""

from govchain.crypto.signing import (
    chain_id_of,
    digest_of,
    sign_transaction,
    transaction_id,
    verify_finality,
)
from govchain.crypto.suite import DEFAULT_SUITE, Signer, Suite, suite

__all__ = [
    "DEFAULT_SUITE",
    "Signer",
    "Suite",
    "chain_id_of",
    "digest_of",
    "sign_transaction",
    "suite",
    "transaction_id",
    "verify_finality",
]
