"""Canonical bytes: one value, one encoding, one version.

MessagePack arrays with fixed field order; top-level values begin with a tag `domain.type/version`.
MessagePack itself allows several encodings of one number or string, so `decode` encodes again and compares:
what does not come back byte for byte is refused. No hashing here.
"""

from __future__ import annotations

from typing import Any, Final, TypeVar

import msgspec

from govchain.errors import MalformedBytes, UnknownVersion

T = TypeVar("T")

_encoder = msgspec.msgpack.Encoder()
encode = _encoder.encode
"""Canonical MessagePack bytes of a value made of structs, tuples, ints, strings and bytes."""


_decoders: Final[dict[Any, msgspec.msgpack.Decoder[Any]]] = {}
"""One for each type that was ever decoded; types come from code, so there are few."""


def _decoder(kind: Any) -> msgspec.msgpack.Decoder[Any]:
    decoder = _decoders.get(kind)
    if decoder is None:
        decoder = _decoders[kind] = msgspec.msgpack.Decoder(kind)
    return decoder


def decode(data: bytes, kind: type[T]) -> T:
    """Decode canonical bytes.

    Raises:
        UnknownVersion: The leading tag names another format or version.
        MalformedBytes: The bytes do not decode, or not to their canonical form.
    """
    try:
        value: T = _decoder(kind).decode(data)
        again = _encoder.encode(value)
    except (msgspec.DecodeError, msgspec.ValidationError, RecursionError, UnicodeDecodeError) as error:
        raise _explain(data, kind, error) from error
    if again != data:
        raise MalformedBytes(f"{_name(kind)}: bytes are not the canonical encoding of their value")
    return value


def _explain(data: bytes, kind: Any, error: Exception) -> MalformedBytes:
    expected = getattr(getattr(kind, "__struct_config__", None), "tag", None)
    if isinstance(expected, str):
        found = _leading_tag(data)
        if found is not None and found != expected:
            return UnknownVersion(found, expected)
    return MalformedBytes(f"{_name(kind)}: {error}")


def _leading_tag(data: bytes) -> str | None:
    try:
        value = msgspec.msgpack.decode(data)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        return None
    if isinstance(value, list) and value and isinstance(value[0], str):
        return value[0][:80]
    return None


def _name(kind: Any) -> str:
    return getattr(kind, "__name__", str(kind))
