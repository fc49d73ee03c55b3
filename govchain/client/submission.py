"""A submission as a request in either encoding, and what validators answer to it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import msgspec

from govchain.client.answers import Admission
from govchain.client.transport import Reply, Request, error_of
from govchain.codec import decode, decode_json, encode, from_readable, to_readable
from govchain.errors import ConfigError, MalformedBytes, Unavailable
from govchain.model import Transaction, TransactionBody

PATH: Final = "/v1/transactions"

STABLE_CODES: Final = ("malformed", "unknown-version", "wrong-chain", "too-large", "bad-signature")
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
    value = reply.json()
    listed = value.get("transactions") if isinstance(value, dict) else None
    if not isinstance(listed, list):
        raise error_of(reply) if reply.problem is not None else MalformedBytes(f"{reply.url}: no admissions")
    admissions = [_admission(item) for item in listed]
    if len(admissions) != len(ids):
        raise MalformedBytes(f"{reply.url} answered {len(admissions)} of {len(ids)} transactions")
    for admission, wanted in zip(admissions, ids, strict=True):
        if admission.status != "rejected" and admission.id != wanted:
            raise MalformedBytes(f"{reply.url} answered about another transaction")
    if all(admission.code == "pool-full" for admission in admissions):
        raise Unavailable(admissions[0].detail or "the pool is full")
    return admissions


def _admission(item: Any) -> Admission:
    if not isinstance(item, dict):
        raise MalformedBytes("an admission that is not an object")
    known = {name: value for name, value in item.items() if name in Admission.__struct_fields__}
    admission = from_readable(known, Admission)
    if admission.status not in ("admitted", "known", "rejected"):
        raise MalformedBytes(f"unknown admission status {admission.status[:40]!r}")
    return admission


def _as_json(transaction: Transaction) -> dict[str, Any]:
    body = to_readable(decode(transaction.body, TransactionBody))
    payload = decode_json(bytes.fromhex(body["payload"]))
    return {"body": {**body, "payload": payload}, "signature": transaction.signature.hex()}
