"""JSON Schema (2020-12) of a configuration struct, as the converter reads it, for editors.

Derived from the same types, so it cannot say anything else than the converter does.
"""

from __future__ import annotations

import types
import typing
from decimal import Decimal
from typing import Any, Final

import msgspec

from govchain.config.units import UNITS

_SCALARS: Final[dict[Any, dict[str, Any]]] = {
    str: {"type": ["string", "number"]},
    bool: {"type": "boolean"},
    int: {"type": "integer"},
    float: {"type": "number"},
    Decimal: {"type": ["string", "number"]},
}


def schema_of(kind: type, *, title: str) -> dict[str, Any]:
    """JSON Schema of a struct; every nested struct is a definition of its own."""
    definitions: dict[str, Any] = {}
    root = _schema(kind, definitions)
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": title,
        **root,
        "$defs": dict(sorted(definitions.items())),
    }


def _schema(kind: Any, definitions: dict[str, Any]) -> dict[str, Any]:
    origin = typing.get_origin(kind)
    arguments = typing.get_args(kind)
    if kind is Any:
        return {}
    if kind in UNITS:
        units, description = UNITS[kind]
        pattern = rf"^(0|[1-9][0-9]*)(\.[0-9]+)? ?({'|'.join(units)})$"
        return {"type": "string", "pattern": pattern, "description": description}
    if origin is typing.Annotated:
        base = _schema(arguments[0], definitions)
        return base | _limits([e for e in arguments[1:] if isinstance(e, msgspec.Meta)])
    if origin in (types.UnionType, typing.Union):
        members = [{"type": "null"} if a is type(None) else _schema(a, definitions) for a in arguments]
        return {"anyOf": members}
    if origin is typing.Literal:
        return {"enum": list(arguments)}
    if origin in (tuple, list):
        return {"type": "array", "items": _schema(arguments[0], definitions)}
    if origin is dict:
        return {"type": "object", "additionalProperties": _schema(arguments[1], definitions)}
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        return _reference(kind, definitions)
    return dict(_SCALARS[kind])


def _reference(kind: type[msgspec.Struct], definitions: dict[str, Any]) -> dict[str, Any]:
    name = kind.__name__
    if name not in definitions:
        definitions[name] = {}
        config = kind.__struct_config__
        properties: dict[str, Any] = {}
        required: list[str] = []
        if config.tag_field is not None:
            properties[config.tag_field] = {"const": config.tag}
            required.append(config.tag_field)
        for field in msgspec.structs.fields(kind):
            properties[field.encode_name] = _schema(field.type, definitions)
            if field.required:
                required.append(field.encode_name)
        definitions[name] = {
            "type": "object",
            "description": (kind.__doc__ or "").strip().partition("\n")[0],
            "properties": properties,
            "required": required,
            "additionalProperties": False,
        }
    return {"$ref": f"#/$defs/{name}"}


def _limits(limits: list[msgspec.Meta]) -> dict[str, Any]:
    names = {
        "ge": "minimum",
        "gt": "exclusiveMinimum",
        "le": "maximum",
        "lt": "exclusiveMaximum",
        "pattern": "pattern",
        "min_length": "minLength",
        "max_length": "maxLength",
        "description": "description",
    }
    found: dict[str, Any] = {}
    for limit in limits:
        for attribute, keyword in names.items():
            value = getattr(limit, attribute)
            if value is not None:
                found[keyword] = value
    return found
