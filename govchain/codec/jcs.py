"""RFC 8785 canonical JSON, for payloads that people and courts read (rule G1).

The subset that records need: objects, arrays, strings, booleans and integers within ±(2^53-1).
Fractions are refused: amounts are decimal strings.
"""

from __future__ import annotations

import json
from typing import Any, Final

import msgspec

from govchain.errors import MalformedBytes

INTEGER_MAX: Final = 2**53 - 1

_decode = msgspec.json.Decoder().decode
_quote = json.JSONEncoder(ensure_ascii=False).encode


def encode_json(value: Any) -> bytes:
    """Canonical JSON bytes of plain dicts, lists, strings, booleans, integers and None.

    Raises:
        MalformedBytes: The value holds a float, a large integer, a lone surrogate or a non-string key.
    """
    try:
        return _write(value).encode("utf-8")
    except (RecursionError, UnicodeEncodeError) as error:
        raise MalformedBytes(f"not canonical JSON: {error}") from error


def decode_json(data: bytes) -> Any:
    """Plain value of canonical JSON bytes.

    Raises:
        MalformedBytes: Not JSON, not canonical, or a repeated key.
    """
    try:
        value = _decode(data)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        raise MalformedBytes(f"not JSON: {error}") from error
    # A repeated key or a different spelling does not survive writing the value again.
    if encode_json(value) != data:
        raise MalformedBytes("JSON is not in RFC 8785 canonical form")
    return value


def _write(value: Any) -> str:
    if isinstance(value, str):
        return _quote(value)
    if value is None or isinstance(value, bool):
        return _quote(value)
    if isinstance(value, int):
        if abs(value) > INTEGER_MAX:
            # The number itself is not shown: Python refuses to print very long ones.
            raise MalformedBytes("an integer is outside ±(2^53-1); write it as a string")
        return str(value)
    if isinstance(value, (list, tuple)):
        return "[" + ",".join(_write(item) for item in value) + "]"
    if isinstance(value, dict):
        return "{" + ",".join(f"{_key(k)}:{_write(value[k])}" for k in sorted(value, key=_utf16)) + "}"
    raise MalformedBytes(f"{type(value).__name__} cannot be written as canonical JSON")


def _key(key: object) -> str:
    if not isinstance(key, str):
        raise MalformedBytes(f"object key {key!r} is not a string")
    return _quote(key)


def _utf16(key: object) -> bytes:
    # RFC 8785 section 3.2.3 sorts by UTF-16 code units.
    return key.encode("utf-16-be") if isinstance(key, str) else b""
