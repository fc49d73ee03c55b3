"""What two gateways send each other: a signed query, and a signed answer sealed to the asking department.

Formats and their checks only. The chain holds a hash of each document as it was before it was sealed, with a
salt inside: so the hash proves what was told, and tells nothing to whoever tries all possible answers.
"""

from __future__ import annotations

from typing import Final

import msgspec

from govchain.codec import decode, encode
from govchain.crypto import Signer, Suite, digest_chunks
from govchain.crypto.vault import Vault, seal_to
from govchain.errors import MalformedBytes
from govchain.gateway.ports import REFUSAL_TAG
from govchain.ledger.kinds.exchange.answers import Answer
from govchain.ledger.payloads import Hashes

MESSAGE_BYTES_MAX: Final = 16_384
"""Of a signed query."""
ANSWER_BLOCK_BYTES: Final = 4_096
"""Answers are padded to a multiple of this before they are sealed, so that their size tells nothing."""
ANSWER_BYTES_MAX: Final = 262_144
_SEAL_BYTES: Final = 48
_LENGTH_BYTES: Final = 4

REFUSAL: Final = REFUSAL_TAG.ljust(ANSWER_BLOCK_BYTES + _SEAL_BYTES, b"\x00")
"""What a gateway says when it does not answer: always these bytes, as many as of a short answer."""


class Query(
    msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True, tag="govchain.gateway-query/1"
):
    """A question as the asking department signs it. Its hashes are `query_hash` on the chain."""

    chain_id: bytes
    exchange: str
    requester: str
    provider: str
    item: str
    grant: str
    purpose: str
    fields: tuple[str, ...]
    mode: str
    subject_ref: str
    consent: str
    bounds: tuple[tuple[str, int], ...]
    answer_key: bytes
    """X25519 public key of the asking gateway, to which the answer is sealed."""
    asked_at_ms: int
    salt: bytes


class Signed(
    msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True, tag="govchain.gateway-signed/1"
):
    """A document and who signed it."""

    body: bytes
    key_id: bytes
    signature: bytes


def sign(signer: Signer, body: bytes) -> Signed:
    """A document's bytes signed with a department's gateway key."""
    return Signed(body, signer.key_id, signer.sign(body))


def hashes_of(body: bytes) -> Hashes:
    """Both hashes of a document, as the chain holds them (rule G2)."""
    found = digest_chunks([body])
    return Hashes(sha256=found.sha256, sm3=found.sm3)


def read_query(message: bytes) -> tuple[Signed, Query]:
    """A query as it arrived; its signature is not judged here.

    Raises:
        MalformedBytes: It is none, or too long.
    """
    if len(message) > MESSAGE_BYTES_MAX:
        raise MalformedBytes(f"a query of more than {MESSAGE_BYTES_MAX} bytes")
    signed = decode(message, Signed)
    return signed, decode(signed.body, Query)


def seal_answer(signed: Signed, answer_key: bytes) -> bytes:
    """The bytes that travel: padded, then sealed to the asking department."""
    plain = encode(signed)
    data = len(plain).to_bytes(_LENGTH_BYTES, "big") + plain
    size = -(-len(data) // ANSWER_BLOCK_BYTES) * ANSWER_BLOCK_BYTES
    if size > ANSWER_BYTES_MAX:
        raise MalformedBytes(f"an answer of more than {ANSWER_BYTES_MAX} bytes")
    return seal_to(answer_key, data.ljust(size, b"\x00"))


def open_answer(vault: Vault, data: bytes) -> tuple[Signed, Answer]:
    """An answer as it arrived; whether it is the one on the chain is not judged here.

    Raises:
        BadProof: It does not open with this gateway's key.
        MalformedBytes: What was sealed is no answer.
    """
    if len(data) > ANSWER_BYTES_MAX + _SEAL_BYTES:
        raise MalformedBytes(f"an answer of more than {ANSWER_BYTES_MAX} bytes")
    plain = vault.open_answer(data)
    size = int.from_bytes(plain[:_LENGTH_BYTES], "big")
    signed = decode(plain[_LENGTH_BYTES : _LENGTH_BYTES + size], Signed)
    return signed, decode(signed.body, Answer)


def verify_signed(suite: Suite, signed: Signed, public_key: bytes) -> None:
    """Raises BadSignature unless the document is signed with this key."""
    suite.verify(public_key, signed.body, signed.signature)
