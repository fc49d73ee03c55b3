"""Submissions: from the bytes of a request to transactions, in MessagePack or JSON.

Both formats give the same canonical body bytes and so the same transaction id. A body whose structure cannot
be read is refused whole and nothing of it is submitted; what a readable transaction says, the pool judges.
"""

from __future__ import annotations

from typing import Any, Final

import msgspec

from govchain.api.problems import Refusal
from govchain.codec import decode, encode, encode_json, from_readable
from govchain.errors import MalformedBytes
from govchain.model import Transaction, TransactionBody

COUNTER_MAX: Final = 2**64 - 1
"""Largest number that canonical bytes can hold."""

NESTING_MAX: Final = 24

_ARRAY_OF_TWO: Final = 0x92
_BIN_MARKERS: Final = (0xC4, 0xC5, 0xC6)


class JsonBody(msgspec.Struct, frozen=True):
    """A transaction's body as JSON; `payload` is written as canonical JSON before it is hashed."""

    chain_id: bytes
    kind: str
    org: str
    key_id: bytes
    nonce: int
    expiry_height: int
    payload: dict[str, Any]


class JsonTransaction(msgspec.Struct, frozen=True):
    """A signed transaction as JSON; the signature is over the canonical bytes of the body."""

    body: JsonBody
    signature: bytes


class JsonSubmission(msgspec.Struct, frozen=True):
    """Several transactions as JSON; one alone may be sent as `{"body", "signature"}`."""

    transactions: tuple[JsonTransaction, ...]


def read_msgpack(data: bytes, transactions_max: int) -> tuple[Transaction, ...]:
    """Transactions of one canonical `[body, signature]` pair, or of an array of such pairs.

    Raises:
        MalformedBytes: Not canonical MessagePack of that shape.
        Refusal: None, or too many.
    """
    if len(data) >= 2 and data[0] == _ARRAY_OF_TWO and data[1] in _BIN_MARKERS:
        return (decode(data, Transaction),)
    return _bounded(decode(data, tuple[Transaction, ...]), transactions_max)


def read_json(data: bytes, transactions_max: int) -> tuple[Transaction, ...]:
    """Transactions of a JSON submission.

    Raises:
        MalformedBytes: Not JSON, or not of that shape; the message names the field.
        Refusal: None, or too many.
    """
    try:
        value = msgspec.json.decode(data)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        raise MalformedBytes(f"not JSON: {error}") from error
    if not isinstance(value, dict):
        raise MalformedBytes('expected {"transactions": [...]} or {"body": {...}, "signature": "..."}')
    if "transactions" not in value:
        return (_transaction(from_readable(value, JsonTransaction, where="transaction")),)
    listed = value["transactions"]
    if isinstance(listed, list):
        _bounded(tuple(listed), transactions_max)
    submission = from_readable(value, JsonSubmission, where="submission")
    return tuple(_transaction(each) for each in submission.transactions)


def _transaction(given: JsonTransaction) -> Transaction:
    body = given.body
    for name, counter in (("nonce", body.nonce), ("expiry_height", body.expiry_height)):
        if not 0 <= counter <= COUNTER_MAX:
            raise MalformedBytes(f"body.{name}: expected 0 to 2^64-1, found {counter}")
    _require_shallow(body.payload)
    signed = TransactionBody(
        chain_id=body.chain_id,
        kind=body.kind,
        org=body.org,
        key_id=body.key_id,
        nonce=body.nonce,
        expiry_height=body.expiry_height,
        payload=encode_json(body.payload),
    )
    return Transaction(body=encode(signed), signature=given.signature)


def _require_shallow(value: Any) -> None:
    level = [value]
    for _ in range(NESTING_MAX):
        level = [
            item
            for outer in level
            if isinstance(outer, (dict, list))
            for item in (outer.values() if isinstance(outer, dict) else outer)
        ]
        if not level:
            return
    raise MalformedBytes(f"body.payload: nested deeper than {NESTING_MAX} levels")


def _bounded(found: tuple[Any, ...], transactions_max: int) -> tuple[Any, ...]:
    if not found:
        raise MalformedBytes("a submission holds at least one transaction")
    if len(found) > transactions_max:
        raise Refusal(
            "batch-too-large",
            f"{len(found)} transactions in one request; at most {transactions_max} are taken",
        )
    return found
