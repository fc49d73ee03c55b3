"""The answer of an exchange as its provider signs it: what its hash on the chain stands for.

A format and how to read it. An answer is on the chain only where a decision opens it (rule J4), or a registry
that names a joint owner anyway (rule N1). Who may be told what is not decided here.
"""

from __future__ import annotations

from typing import Final

import msgspec

from govchain.codec import decode
from govchain.errors import MalformedBytes

Told = bool | int | str | None
"""What is told about one field: a value, or yes or no; None when the provider does not know."""

OPENED_HEX_MAX: Final = 4_096
"""Longest answer that a record opens, in hex digits."""


class Answer(
    msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True, tag="govchain.gateway-answer/2"
):
    """An answer as the provider signs it. Its hashes are `answer_hash` on the chain."""

    chain_id: bytes
    exchange: str
    query_sha256: str
    requester: str
    provider: str
    mode: str
    told: tuple[tuple[str, Told], ...]
    bounds: tuple[tuple[str, int], ...]
    """Mode `threshold`: what each yes or no is about (at least this much)."""
    salt: bytes


def bytes_of_opened(text: str) -> bytes:
    """The bytes of an answer that a record opens in hex.

    Raises:
        MalformedBytes: It is no lower-case hex, or too long.
    """
    if len(text) > OPENED_HEX_MAX or text != text.lower() or not text.isalnum():
        raise MalformedBytes(f"expected up to {OPENED_HEX_MAX} lower-case hex digits")
    try:
        return bytes.fromhex(text)
    except ValueError as error:
        raise MalformedBytes("expected whole bytes in hex") from error


def told_by(data: bytes) -> tuple[tuple[str, Told], ...]:
    """Fields that an answer tells, and what.

    Raises:
        MalformedBytes: It is no answer.
    """
    return decode(data, Answer).told


def bound_of(data: bytes, field: str) -> int | None:
    """The bound with which an answer about a field was compared; None when with none.

    Raises:
        MalformedBytes: It is no answer.
    """
    return dict(decode(data, Answer).bounds).get(field)


def tells_yes(data: bytes, field: str) -> bool:
    """Whether an answer says yes to a field.

    Raises:
        MalformedBytes: It is no answer.
    """
    return dict(told_by(data)).get(field) is True
