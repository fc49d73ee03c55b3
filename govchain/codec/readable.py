"""Structs as JSON that people read: named fields, bytes as lower-case hex.

The strict inverse is here too, because genesis files, receipts and JSON requests come back from people.
`canonical` stays the form that is hashed and signed.
"""

from __future__ import annotations

import types
import typing
from typing import Any, Final, TypeVar

import msgspec

from govchain.errors import MalformedBytes

T = TypeVar("T")

INTEGER_MIN: Final = -(2**63)
INTEGER_MAX: Final = 2**64 - 1
"""What MessagePack can carry: beyond it a value could be read here and not be encoded again."""


def to_readable(value: Any) -> Any:
    """Plain dicts, lists, strings and ints of a struct; bytes become lower-case hex."""
    if isinstance(value, msgspec.Struct):
        return {name: to_readable(getattr(value, name)) for name in value.__struct_fields__}
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, (list, tuple)):
        return [to_readable(item) for item in value]
    if isinstance(value, dict):
        return {key: to_readable(item) for key, item in value.items()}
    return value


def from_readable(value: Any, kind: type[T], *, where: str = "") -> T:
    """Strict inverse of `to_readable`.

    Raises:
        MalformedBytes: Unknown, missing or mistyped field; the message names its path.
    """
    return typing.cast(T, _read(value, kind, where or getattr(kind, "__name__", "value")))


def _read(value: Any, kind: Any, where: str) -> Any:
    if kind is Any:
        return value
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        return _read_struct(value, kind, where)
    if kind is bytes:
        return _read_hex(value, where)
    origin = typing.get_origin(kind)
    if origin is tuple or origin is list:
        if not isinstance(value, list):
            raise _wrong(where, "a list", value)
        item_kind = typing.get_args(kind)[0]
        items = [_read(item, item_kind, f"{where}[{i}]") for i, item in enumerate(value)]
        return tuple(items) if origin is tuple else items
    if origin is dict:
        if not isinstance(value, dict):
            raise _wrong(where, "an object", value)
        item_kind = typing.get_args(kind)[1]
        return {key: _read(item, item_kind, f"{where}.{key}") for key, item in value.items()}
    if origin in (types.UnionType, typing.Union):
        members = typing.get_args(kind)
        if value is None and type(None) in members:
            return None
        others = [member for member in members if member is not type(None)]
        assert len(others) == 1, "readable structs use optional fields only"
        return _read(value, others[0], where)
    if type(value) is not kind:
        raise _wrong(where, kind.__name__, value)
    if kind is int and not INTEGER_MIN <= value <= INTEGER_MAX:
        raise MalformedBytes(f"{where}: an integer that does not fit canonical bytes")
    return value


def _read_struct(value: Any, kind: type[msgspec.Struct], where: str) -> msgspec.Struct:
    if not isinstance(value, dict):
        raise _wrong(where, "an object", value)
    hints = _hints(kind)
    unknown = [key for key in value if key not in hints]
    if unknown:
        raise MalformedBytes(f"{where}: unknown field {unknown[0]!r}; known: {', '.join(hints)}")
    fields = {key: _read(item, hints[key], f"{where}.{key}") for key, item in value.items()}
    try:
        return kind(**fields)
    except TypeError as error:
        raise MalformedBytes(f"{where}: {error}") from error


_hint_cache: dict[type, dict[str, Any]] = {}


def _hints(kind: type[msgspec.Struct]) -> dict[str, Any]:
    if kind not in _hint_cache:
        known = typing.get_type_hints(kind)
        _hint_cache[kind] = {name: known[name] for name in kind.__struct_fields__}
    return _hint_cache[kind]


def _read_hex(value: Any, where: str) -> bytes:
    if not isinstance(value, str):
        raise _wrong(where, "lower-case hex", value)
    try:
        data = bytes.fromhex(value)
    except ValueError as error:
        raise _wrong(where, "lower-case hex", value) from error
    if data.hex() != value:
        raise _wrong(where, "lower-case hex without spaces", value)
    return data


def _wrong(where: str, expected: str, found: Any) -> MalformedBytes:
    text = repr(found)
    return MalformedBytes(
        f"{where}: expected {expected}, found {text if len(text) <= 80 else text[:77] + '...'}"
    )
