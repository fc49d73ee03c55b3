"""JSON Schema of the readable form of a struct: what `codec.to_readable` writes, field by field.

Follows the same type hints as `codec.readable`, so that the document cannot say anything else than what is
sent.
"""

from __future__ import annotations

import types
import typing
from typing import Any

import msgspec

from govchain.ledger.kinds import KINDS
from govchain.ledger.state import RecordData

REFERENCE = "#/components/schemas/"
HEX = {"type": "string", "pattern": "^([0-9a-f]{2})*$", "description": "bytes as lower-case hex"}

_PLAIN: dict[Any, dict[str, Any]] = {
    Any: {},
    bytes: HEX,
    str: {"type": "string"},
    int: {"type": "integer"},
    bool: {"type": "boolean"},
}


def schema_of(kind: Any, components: dict[str, Any]) -> dict[str, Any]:
    """Schema of a type; structs are added to `components` under their name and referred to."""
    if kind in _PLAIN:
        return dict(_PLAIN[kind])
    if kind is RecordData:
        data = [each.data for each in KINDS.values() if each.data is not None]
        return {"anyOf": [schema_of(each, components) for each in data]}
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        return _struct(kind, components)
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if origin in (tuple, list):
        return {"type": "array", "items": schema_of(arguments[0], components)}
    if origin is dict:
        return {"type": "object", "additionalProperties": schema_of(arguments[1], components)}
    assert origin in (types.UnionType, typing.Union), f"{kind} has no readable form"
    return {"anyOf": [_member(member, components) for member in arguments]}


def _member(kind: Any, components: dict[str, Any]) -> dict[str, Any]:
    return {"type": "null"} if kind is type(None) else schema_of(kind, components)


def _struct(kind: type[msgspec.Struct], components: dict[str, Any]) -> dict[str, Any]:
    name = kind.__name__
    if name not in components:
        components[name] = {}
        hints = typing.get_type_hints(kind)
        components[name] = {
            "type": "object",
            "description": (kind.__doc__ or name).strip().splitlines()[0],
            "properties": {field: schema_of(hints[field], components) for field in kind.__struct_fields__},
            "required": list(kind.__struct_fields__),
            "additionalProperties": False,
        }
    return {"$ref": REFERENCE + name}
