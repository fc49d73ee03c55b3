"""Batches, blocks and the certificates that make them final.

A batch is what consensus orders; a block is a batch that was executed. Nothing here hashes or signs.
"""

from __future__ import annotations

import msgspec

from govchain.model.transaction import Transaction, TransactionResult


class Batch(
    msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True, gc=False, tag="govchain.batch/1"
):
    """What a proposal asks to be ordered; its digest is what prepares and commits name.

    It holds neither view nor parent, so a new view can propose the same digest again (rule VC-3);
    the parent is checked in the proposal (rule NC-2) and fixed in the executed header.
    """

    chain_id: bytes
    epoch: int
    seq: int
    time_ms: int
    proposer: int
    """Index of the validator that first proposed it."""
    transactions_root: bytes
    """RFC 9162 root over transaction ids."""
    transaction_count: int


class BlockHeader(
    msgspec.Struct,
    frozen=True,
    array_like=True,
    forbid_unknown_fields=True,
    gc=False,
    tag="govchain.header/1",
):
    """An executed batch. Its digest is what validators attest (rule CP-1)."""

    chain_id: bytes
    epoch: int
    height: int
    parent: bytes
    """Digest of the previous header; the chain id at height 1."""
    time_ms: int
    """Never before the parent's time."""
    proposer: int
    batch_digest: bytes
    transactions_root: bytes
    transaction_count: int
    results_root: bytes
    """RFC 9162 root over canonical `TransactionResult`s."""
    state_root: bytes
    """Root of the authenticated state map after this block."""
    history_root: bytes
    """RFC 9162 root over the header digests of heights 1 to height-1."""


class Vote(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True, gc=False):
    """One validator's signature inside a certificate."""

    validator: int
    signature: bytes


class FinalityCertificate(
    msgspec.Struct,
    frozen=True,
    array_like=True,
    forbid_unknown_fields=True,
    gc=False,
    tag="govchain.finality/1",
):
    """Proof that a quorum attested one executed header (rule CP-1).

    Each signature covers the `Attestation` that these fields and the voter's index make.
    """

    chain_id: bytes
    epoch: int
    height: int
    header_digest: bytes
    votes: tuple[Vote, ...]
    """Distinct validators in rising index order."""


class Attestation(
    msgspec.Struct,
    frozen=True,
    array_like=True,
    forbid_unknown_fields=True,
    gc=False,
    tag="govchain.attestation/1",
):
    """What a validator signs to say: I executed this height and got this header (rule CP-1)."""

    chain_id: bytes
    epoch: int
    height: int
    header_digest: bytes
    validator: int


class Block(
    msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True, gc=False, tag="govchain.block/1"
):
    """An executed block with everything needed to execute it again."""

    header: BlockHeader
    batch: Batch
    transactions: tuple[Transaction, ...]
    results: tuple[TransactionResult, ...]
