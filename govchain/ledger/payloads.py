"""What every transaction carries: the record envelope, around the fields of its kind of record.

A payload is RFC 8785 canonical JSON (rule G1): the envelope's keys, and in `fields` the struct of the verb.
Only hashes, codes, organisation ids and pseudonyms: a plain personal identifier is refused (rule I3).
The structs of the verbs are in `govchain.ledger.kinds`. No rule lives here.
"""

from __future__ import annotations

from typing import Any, TypeVar

import msgspec

from govchain.codec import encode_json
from govchain.errors import MalformedBytes

T = TypeVar("T")


class Part(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """JSON object; defaults are left out so that one value has one spelling."""


class Hashes(Part, frozen=True):
    """Two hashes, so that one broken hash does not end the proof (rule G2). 64 lower-case hex digits each."""

    sha256: str
    sm3: str


class PayloadRef(Part, frozen=True):
    """What the hashes are of. The document itself stays off the chain."""

    size_bytes: int
    media_type: str


class Envelope(Part, frozen=True):
    """Common record envelope (records.md). Kind, organisation and signing key are in the transaction."""

    object_id: str
    object_version: int
    """Version of the object after this record: 1 for its first record (rule G4)."""
    claimed_time: str
    """RFC 3339 with offset: when the organisation says it happened."""
    fields: msgspec.Raw
    prev_record_hash: str = ""
    """Transaction id (hex) of the object's last applied record; empty for its first (rule G4)."""
    schema_version: int = 1
    role: str = ""
    legal_basis: str = ""
    purpose_code: str = ""
    classification: str = ""
    subject_ref: str = ""
    """Salted commitment or pseudonym of the person concerned."""
    payload_hash: Hashes | None = None
    payload_ref: PayloadRef | None = None
    consent_ref: str = ""
    retention_until: str = ""


def encode_payload(envelope: dict[str, Any], fields: Any) -> bytes:
    """Canonical payload bytes of envelope keys (without `fields`) and a fields struct or dict.

    Raises:
        MalformedBytes: The envelope does not fit `Envelope`, or a value cannot be written as canonical JSON.
    """
    plain = fields if isinstance(fields, dict) else msgspec.to_builtins(fields)
    data = encode_json({**envelope, "fields": plain})
    decode_envelope(data)
    return data


_envelope_decoder = msgspec.json.Decoder(Envelope)


def decode_envelope(data: bytes) -> Envelope:
    """Envelope of payload bytes.

    Raises:
        MalformedBytes: Not JSON, or not an envelope; the message names the field.
    """
    try:
        return _envelope_decoder.decode(data)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        raise MalformedBytes(f"payload: {error}") from error


def decode_fields(envelope: Envelope, kind: type[T]) -> T:
    """The fields of an envelope as the struct of their kind.

    Raises:
        MalformedBytes: A field is unknown, missing or mistyped; the message names it.
    """
    try:
        return msgspec.json.decode(envelope.fields, type=kind)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        raise MalformedBytes(f"payload fields: {error}") from error
