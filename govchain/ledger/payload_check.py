"""From payload bytes to an envelope and its fields, or the rule that they break (rules G1 and I3).

Canonical form is judged by writing the value again. No state is read here.
"""

from __future__ import annotations

import re
import typing
from typing import Any, Final

import msgspec

from govchain.codec import decode_json
from govchain.errors import MalformedBytes
from govchain.ledger.identifiers import parse_time_ms
from govchain.ledger.kinds import Verb
from govchain.ledger.payloads import Envelope
from govchain.ledger.rules.personal import mask_identifiers, payload_holds_identifier
from govchain.ledger.rules.rule import deny
from govchain.ledger.state import OBJECT_ID_MAX

INTEGER_MAX: Final = 2**53 - 1

PARTS_EXPLAINED_MAX: Final = 256
"""Objects and lists up to which a broken payload is explained.

How deep a decoder can go depends on the caller's stack; no verdict and no word of a result may."""

_OBJECT_ID: Final = re.compile(rf"[^\s\x00-\x1f\x7f]{{1,{OBJECT_ID_MAX}}}")
_read_envelope: Final = msgspec.json.Decoder(Envelope).decode
_DECODE_ERRORS: Final = (msgspec.DecodeError, RecursionError, UnicodeDecodeError)


class _Fraction(Exception):
    pass


def _refuse_fraction(text: str) -> float:
    raise _Fraction(text)


# RFC 8785 and this encoder agree on all that an envelope can hold: its keys are ASCII, its numbers whole.
_read_plain: Final = msgspec.json.Decoder(float_hook=_refuse_fraction).decode
_write_sorted: Final = msgspec.json.Encoder(order="sorted").encode


def decode_payload(verb: Verb, payload: bytes) -> tuple[Envelope, Any, int]:
    """Envelope, fields and claimed time (ms) of a payload.

    Raises:
        NotPermitted: Rule G1 with the field named, or rule I3.
    """
    try:
        envelope = _read_envelope(payload)
        fields = verb.decode_fields(envelope.fields)
    except _DECODE_ERRORS as error:
        raise deny("G1", "E_PAYLOAD", _explain(payload, verb.transition.fields)) from error
    if not _is_canonical(payload):
        raise deny("G1", "E_PAYLOAD", "payload: not in canonical form (RFC 8785)")
    if payload_holds_identifier(payload):
        raise deny("I3", "E_PLAIN_ID", "the payload holds a plain identity or mobile number")
    if not _OBJECT_ID.fullmatch(envelope.object_id):
        raise deny("G1", "E_PAYLOAD", f"object_id: expected 1 to {OBJECT_ID_MAX} characters without spaces")
    _validate_integers(envelope, fields)
    try:
        return envelope, fields, parse_time_ms(envelope.claimed_time)
    except ValueError as error:
        raise deny("G1", "E_PAYLOAD", f"claimed_time: {error}") from error


def _explain(payload: bytes, fields: type[msgspec.Struct]) -> str:
    """What is wrong with a payload that did not decode.

    In our own words: results are hashed, and a library's messages change with its version.
    """
    if payload.count(b"[") + payload.count(b"{") > PARTS_EXPLAINED_MAX:
        return "payload: not an envelope of this kind"
    try:
        value = msgspec.json.decode(payload)
    except _DECODE_ERRORS:
        return "payload: not JSON"
    return (
        _find_mismatch(value, Envelope, "payload")
        or _find_mismatch(value["fields"], fields, "fields")
        or "payload: not the fields of this kind"
    )


def _find_mismatch(value: Any, struct: type[msgspec.Struct], where: str) -> str:
    if not isinstance(value, dict):
        return f"{where}: expected an object"
    known = {field.encode_name: field for field in msgspec.structs.fields(struct)}
    unknown = sorted(key for key in value if key not in known)
    if unknown:
        # Masked before it is cut: half an identifier is still one.
        return f"{where}: unknown field {mask_identifiers(unknown[0])[:64]}"
    for name, field in known.items():
        if name not in value:
            if field.required:
                return f"{where}: field {name} is missing"
        elif field.type is not msgspec.Raw and not _fits(value[name], field.type):
            part = _struct_in(field.type)
            inner = "" if part is None else _find_mismatch(value[name], part, f"{where}.{name}")
            return inner or f"{where}: field {name} is not of its type"
    return ""


def _struct_in(kind: Any) -> type[msgspec.Struct] | None:
    """The struct of a field that holds one, or may."""
    for option in (kind, *typing.get_args(kind)):
        if isinstance(option, type) and issubclass(option, msgspec.Struct):
            return None if typing.get_origin(kind) is list else option
    return None


def _fits(value: Any, kind: Any) -> bool:
    try:
        msgspec.convert(value, kind)
    except (msgspec.ValidationError, RecursionError):
        return False
    return True


def _is_canonical(payload: bytes) -> bool:
    try:
        if _write_sorted(_read_plain(payload)) == payload:
            return True
    except (_Fraction, *_DECODE_ERRORS, UnicodeEncodeError):
        return False
    try:
        decode_json(payload)
    except MalformedBytes:
        return False
    return True


def _validate_integers(envelope: Envelope, fields: Any) -> None:
    sizes = [("object_version", envelope.object_version), ("schema_version", envelope.schema_version)]
    if envelope.payload_ref is not None:
        sizes.append(("payload_ref.size_bytes", envelope.payload_ref.size_bytes))
    if hasattr(fields, "size_bytes"):
        sizes.append(("fields.size_bytes", fields.size_bytes))
    for name, value in sizes:
        if not 0 <= value <= INTEGER_MAX:
            raise deny("G1", "E_PAYLOAD", f"{name}: expected a whole number from 0 to 2^53-1")
