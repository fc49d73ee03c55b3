"""Why a transaction may not enter the pool: one code and one sentence each (rules RQ-1, RQ-5).

The table is data; checks are in `pool`.
"""

from __future__ import annotations

from typing import Final

from govchain.errors import InvalidTransaction, Unavailable

REJECTIONS: Final[dict[str, str]] = {
    "malformed": "The body is not the canonical form of a transaction, or a field is out of range.",
    "wrong-chain": "The transaction was made for another chain.",
    "plain-identifier": "It holds a plain identity or mobile number, which no block may keep (rule I3).",
    "expired": "Its expiry height is reached; make and sign a new one.",
    "expiry-too-far": "Its expiry height lies further ahead than this chain allows.",
    "too-large": "Body and signature together are larger than this chain allows.",
    "unknown-organisation": "The organisation is not on this chain.",
    "organisation-suspended": "The organisation is suspended by a decision of the members.",
    "unknown-key": "The key is not on this chain, or belongs to another organisation.",
    "key-not-active": "The key has been revoked.",
    "bad-signature": "The signature does not match the body and the key.",
    "duplicate": "The very same transaction is in the pool.",
    "nonce-used": "The key used this nonce in another transaction, executed or waiting.",
    "nonce-too-far": "The nonce lies further ahead than the window of a key; it would burn those between.",
    "pool-full": "The pool has no room for this organisation now; the transaction was not taken. Try again.",
}
"""Code to explanation."""


class PoolFull(Unavailable):
    """There is no room now, certainly nothing was kept (rule RQ-5)."""

    code = "pool-full"


def reject(code: str, problem: str) -> InvalidTransaction:
    """The error of one code, to be raised by the check that found it."""
    assert code in REJECTIONS, f"rejection code {code!r} is not in the table"
    return InvalidTransaction(code, problem)
