"""A transaction: what an organisation's key holder asks the chain to record.

Values only. Building, signing and checking live in `crypto`, `mempool` and `client`.
"""

from __future__ import annotations

import msgspec


class TransactionBody(
    msgspec.Struct,
    frozen=True,
    array_like=True,
    forbid_unknown_fields=True,
    gc=False,
    tag="govchain.transaction/1",
):
    """Everything that the signature covers. Its canonical bytes are what is signed and hashed."""

    chain_id: bytes
    """Chain it is meant for; a transaction is worthless on any other."""
    kind: str
    """What is asked, for example `licence.issue`."""
    org: str
    """Organisation on whose behalf it is asked (USCC)."""
    key_id: bytes
    """Key that signs; the chain knows its owner and roles."""
    nonce: int
    """Chosen by the signer; one (key, nonce) executes at most once (rule RQ-4)."""
    expiry_height: int
    """Last height at which it may be executed (rule RQ-1)."""
    payload: bytes
    """Record envelope as RFC 8785 canonical JSON (rule G1)."""


class Transaction(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True, gc=False):
    """A signed transaction as it travels: the exact signed bytes and the signature."""

    body: bytes
    """Canonical bytes of a `TransactionBody`."""
    signature: bytes
    """Signature of `body` under the key that the body names."""


class TransactionResult(
    msgspec.Struct,
    frozen=True,
    array_like=True,
    forbid_unknown_fields=True,
    gc=False,
    tag="govchain.result/1",
):
    """What execution said about one transaction; leaf of the results tree."""

    transaction_id: bytes
    applied: bool
    """True when the state changed as asked; False when a rule denied it."""
    rule: str = ""
    """Id of the rule that denied it, for example `L2`; empty when applied."""
    code: str = ""
    """Denial code, for example `E_DUP_ID`; empty when applied."""
    object_id: str = ""
    """Record that it was about, as `type/id`."""
    detail: str = ""
    """One sentence for people; never holds a personal identifier (rule I3)."""
