"""Hashing, signatures, trees, keys and certificates. Nothing above sees a crypto library."""

from govchain.crypto.authority import PemPair, create_authority, issue_certificate
from govchain.crypto.file_digest import digest_chunks
from govchain.crypto.history_tree import HistoryTree
from govchain.crypto.keys import derive_secret, new_secret, read_key_file, write_key_file
from govchain.crypto.log_tree import (
    compute_inclusion_proof,
    compute_root,
    verify_consistency,
    verify_inclusion,
)
from govchain.crypto.signing import (
    chain_id_of,
    digest_of,
    sign_transaction,
    transaction_id,
    verify_finality,
)
from govchain.crypto.state_map import StateMap, StateProof, verify_state
from govchain.crypto.suite import DEFAULT_SUITE, Signer, Suite, suite

__all__ = [
    "DEFAULT_SUITE",
    "HistoryTree",
    "PemPair",
    "Signer",
    "StateMap",
    "StateProof",
    "Suite",
    "chain_id_of",
    "compute_inclusion_proof",
    "compute_root",
    "create_authority",
    "derive_secret",
    "digest_chunks",
    "digest_of",
    "issue_certificate",
    "new_secret",
    "read_key_file",
    "sign_transaction",
    "suite",
    "transaction_id",
    "verify_consistency",
    "verify_finality",
    "verify_inclusion",
    "verify_state",
    "write_key_file",
]
