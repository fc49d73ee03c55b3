"""A receipt: one JSON file from which anyone who trusts a genesis can check one transaction, offline.

The values of the file, its one canonical spelling, and the summary for people. Nothing is verified here
(see `verify`) and nothing is fetched (see `build`).
"""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import msgspec

from govchain.codec import decode, decode_json, from_readable, to_readable
from govchain.crypto.epochs import ValidatorChange
from govchain.errors import MalformedBytes, UnknownVersion
from govchain.ledger.payloads import decode_envelope
from govchain.model import BlockHeader, FinalityCertificate, TransactionBody, TransactionResult

RECEIPT_FORMAT: Final = "govchain.receipt/1"

RECEIPT_BYTES_MAX: Final = 4_000_000
"""A body has at most 64 KiB and is in the file twice; the rest is a few hundred bytes a validator."""

NOT_CANONICAL: Final = (
    "the file is not spelled in its one canonical form (white space, order of fields, hex case)"
)

NUMBER_MAX: Final = 2**63 - 1
TIME_MS_MAX: Final = 253_402_300_799_999
"""Last millisecond of the year 9999, the last one that RFC 3339 can write."""

PAYLOAD_NESTING_MAX: Final = 16
"""Deepest payload that the summary spells out; the signed bytes are in the file in any case."""


class SignedTransaction(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The transaction as it was signed, and the key that signed it."""

    body: bytes
    """Canonical `TransactionBody`: the signed bytes."""
    signature: bytes
    signer: bytes
    """Public key; its digest is the key id that the body names."""


class Inclusion(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """RFC 9162 inclusion proof of one leaf."""

    position: int
    """Of the leaf in its block, from 0."""
    size: int
    """Leaves of the tree."""
    path: tuple[bytes, ...]


class Summary(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What the proven bytes say, for people. Verification computes it again and compares."""

    transaction_id: bytes
    kind: str
    organisation: str
    object: str
    outcome: str
    """`applied`, or `DENIED by rule …`."""
    claimed_time: str
    """When the organisation says it happened."""
    block_time: str
    """When the chain recorded it (RFC 3339, UTC)."""
    height: int
    payload: Any
    """The signed payload spelled out; null when it is not JSON or nested too deep."""


class Receipt(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One transaction, what the chain decided about it, and the proof of both."""

    govchain: str = RECEIPT_FORMAT
    summary: Summary
    chain_id: bytes
    transaction: SignedTransaction
    inclusion: Inclusion
    """Of the transaction id in the header's transactions root."""
    result: TransactionResult
    result_inclusion: Inclusion
    """Of the canonical result in the header's results root."""
    header: BlockHeader
    certificate: FinalityCertificate
    validator_changes: tuple[ValidatorChange, ...] = ()
    """Changes of the validator set from genesis to the header's epoch, in order, each proven (rule MB-4)."""


def write_receipt(receipt: Receipt) -> bytes:
    """The file's bytes: UTF-8 JSON, indented by two, fields in order of declaration, one final newline."""
    return write_pretty(to_readable(receipt))


def read_receipt(data: bytes) -> Receipt:
    """Strict inverse of `write_receipt`: one receipt has one spelling.

    Raises:
        UnknownVersion: Of a format that this build does not know.
        MalformedBytes: Not JSON, not a receipt, or not spelled as `write_receipt` spells it.
    """
    receipt = receipt_from_plain(parse_json(data))
    if write_receipt(receipt) != data:
        raise MalformedBytes(NOT_CANONICAL)
    return receipt


def parse_json(data: bytes, *, bytes_max: int = RECEIPT_BYTES_MAX) -> Any:
    """Plain value of JSON bytes of bounded size.

    Raises:
        MalformedBytes: Too long, not UTF-8 or not JSON.
    """
    if len(data) > bytes_max:
        raise MalformedBytes(f"{len(data)} bytes; at most {bytes_max} expected")
    try:
        return msgspec.json.decode(data)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        raise MalformedBytes(f"not JSON: {error}") from error


def receipt_from_plain(value: Any) -> Receipt:
    """Receipt of a parsed JSON value.

    Raises:
        UnknownVersion: Of a format that this build does not know.
        MalformedBytes: A field is unknown, missing, mistyped or out of range; the message names it.
    """
    require_format(value, RECEIPT_FORMAT)
    require_small_numbers(value)
    return from_readable(value, Receipt, where="receipt")


def require_format(value: Any, expected: str) -> None:
    """Raises MalformedBytes unless the object's first field says `expected`."""
    if not isinstance(value, dict):
        raise MalformedBytes(f"expected an object, found {type(value).__name__}")
    found = value.get("govchain")
    if found != expected:
        raise UnknownVersion(str(found)[:80], expected)


def require_small_numbers(value: Any, *, nesting: int = 0) -> None:
    """Raises MalformedBytes when a number has a fraction or more than 63 bits, or nesting has no end.

    Everything behind this line may put the numbers into canonical MessagePack without a second thought.
    """
    if nesting > 2 * PAYLOAD_NESTING_MAX:
        raise MalformedBytes("nested too deep")
    if isinstance(value, float):
        raise MalformedBytes(f"number {value} has a fraction")
    if isinstance(value, int) and not -NUMBER_MAX <= value <= NUMBER_MAX:
        raise MalformedBytes("a number is out of range")
    if isinstance(value, (dict, list)):
        for item in value.values() if isinstance(value, dict) else value:
            require_small_numbers(item, nesting=nesting + 1)


def summarise(
    transaction_id: bytes, body: TransactionBody, result: TransactionResult, header: BlockHeader
) -> Summary:
    """What the signed body, the result and the header say.

    Raises:
        MalformedBytes: The block time cannot be written as a date.
    """
    return Summary(
        transaction_id=transaction_id,
        kind=body.kind,
        organisation=body.org,
        object=result.object_id,
        outcome=outcome_of(result),
        claimed_time=claimed_time_of(body.payload),
        block_time=format_time(header.time_ms),
        height=header.height,
        payload=_spell_out(body.payload),
    )


def outcome_of(result: TransactionResult) -> str:
    """`applied`, or which rule denied it."""
    if result.applied:
        return "applied"
    return f"DENIED by rule {result.rule} ({result.code})"


def claimed_time_of(payload: bytes) -> str:
    """The envelope's claimed time; empty when the payload is not an envelope."""
    try:
        return decode_envelope(payload).claimed_time
    except MalformedBytes:
        return ""


def format_time(time_ms: int) -> str:
    """RFC 3339 in UTC with milliseconds.

    Raises:
        MalformedBytes: Before 1970 or after 9999.
    """
    if not 0 <= time_ms <= TIME_MS_MAX:
        raise MalformedBytes(f"time of {time_ms} ms cannot be written as a date")
    moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=time_ms)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def body_of(transaction: SignedTransaction) -> TransactionBody:
    """Raises MalformedBytes when the signed bytes are no transaction body."""
    return decode(transaction.body, TransactionBody)


def write_pretty(value: Any) -> bytes:
    """The one spelling of a plain value in files that people open."""
    return (json.dumps(value, ensure_ascii=False, indent=2) + "\n").encode("utf-8")


def _spell_out(payload: bytes) -> Any:
    try:
        value = decode_json(payload)
    except MalformedBytes:
        return None
    return value if _nesting(value) <= PAYLOAD_NESTING_MAX else None


def _nesting(value: Any) -> int:
    """Levels of objects and lists, counted no further than one past the limit."""
    level = [value]
    for depth in range(PAYLOAD_NESTING_MAX + 1):
        level = [
            item
            for outer in level
            if isinstance(outer, (dict, list))
            for item in (outer.values() if isinstance(outer, dict) else outer)
        ]
        if not level:
            return depth
    return PAYLOAD_NESTING_MAX + 1
