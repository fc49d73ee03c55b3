"""A submission as a request in either encoding, and what validators answer to it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import msgspec

from govchain.client.answers import Admission
from govchain.client.transport import DETAIL_MAX, Reply, Request, error_of
from govchain.codec import decode, decode_json, encode, to_readable
from govchain.errors import ConfigError, MalformedBytes, Unavailable
from govchain.model import Transaction, TransactionBody

PATH: Final = "/v1/transactions"

STABLE_CODES: Final = (
    "malformed",
    "unknown-version",
    "wrong-chain",
    "plain-identifier",
    "too-large",
    "bad-signature",
)
"""Rejections that every correct validator gives at any time: they say that nothing happened anywhere."""


def submission_request(transactions: Sequence[Transaction], encoding: str) -> Request:
    """The request that submits transactions.

    Raises:
        ConfigError: Unknown encoding.
        MalformedBytes: As JSON, and a body or payload is not what it should be.
    """
    match encoding:
        case "msgpack":
            return Request("POST", PATH, body=encode(tuple(transactions)), content_type="application/msgpack")
        case "json":
            listed = [_as_json(transaction) for transaction in transactions]
            data = msgspec.json.encode({"transactions": listed})
            return Request("POST", PATH, body=data, content_type="application/json")
        case _:
            raise ConfigError("unknown encoding", found=encoding, expected="msgpack or json")


def read_admissions(reply: Reply, ids: Sequence[bytes]) -> list[Admission]:
    """One admission for each id, in order.

    Raises:
        Unavailable: The whole submission met a full pool or a full server.
        MalformedBytes: The answer is not about these transactions.
        GovchainError: The request as a whole was refused.
    """
    try:
        listed = _answer_decoder.decode(reply.body).transactions
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        if reply.problem is not None or not 200 <= reply.status < 300:
            raise error_of(reply) from error
        raise MalformedBytes(f"{reply.url}: no admissions: {error}") from error
    if len(listed) != len(ids):
        raise MalformedBytes(f"{reply.url} answered {len(listed)} of {len(ids)} transactions")
    admissions = [_admission(item, wanted) for item, wanted in zip(listed, ids, strict=True)]
    if all(admission.code == "pool-full" for admission in admissions):
        raise Unavailable(admissions[0].detail or "the pool is full")
    return admissions


class _WireAdmission(msgspec.Struct):
    id: str
    status: str
    code: str = ""
    detail: str = ""


class _WireAnswer(msgspec.Struct):
    transactions: list[_WireAdmission]


_answer_decoder = msgspec.json.Decoder(_WireAnswer)


def _admission(item: _WireAdmission, wanted: bytes) -> Admission:
    if item.status not in ("admitted", "known", "rejected"):
        raise MalformedBytes(f"unknown admission status {item.status[:40]!r}")
    about = b"" if item.id == "" and item.status == "rejected" else wanted
    if item.id != about.hex():
        raise MalformedBytes("an admission of another transaction")
    return Admission(about, item.status, item.code[:DETAIL_MAX], item.detail[:DETAIL_MAX])


def _as_json(transaction: Transaction) -> dict[str, Any]:
    body = to_readable(decode(transaction.body, TransactionBody))
    payload = decode_json(bytes.fromhex(body["payload"]))
    return {"body": {**body, "payload": payload}, "signature": transaction.signature.hex()}
