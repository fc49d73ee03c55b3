"""Plain YAML values into what a record's JSON wants, and the check that they can get there.

Text is what most fields hold, so a number that YAML read as one becomes text again; nothing else is bent.
"""

from __future__ import annotations

import types
import typing
from collections.abc import Iterator
from typing import Any

import msgspec

from govchain.scenario.references import is_reference

Where = tuple[str | int, ...]


def coerce(value: Any, kind: Any) -> Any:
    """The value with numbers and truth values turned into text where the type wants text."""
    origin = typing.get_origin(kind)
    if origin in (types.UnionType, typing.Union):
        members = _members(kind)
        return value if type(value) in members else coerce(value, members[0])
    if kind is str and isinstance(value, bool):
        return "true" if value else "false"
    if kind is str and isinstance(value, int):
        return str(value)
    if origin is list and isinstance(value, list):
        return [coerce(item, typing.get_args(kind)[0]) for item in value]
    if origin is dict and isinstance(value, dict):
        return {key: coerce(item, typing.get_args(kind)[1]) for key, item in value.items()}
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct) and isinstance(value, dict):
        hints = {field.encode_name: field.type for field in msgspec.structs.fields(kind)}
        return {key: coerce(item, hints.get(key, Any)) for key, item in value.items()}
    return value


def problems(value: Any, kind: Any, where: Where = ()) -> Iterator[tuple[Where, str]]:
    """What keeps a coerced value from having the type: path and what was expected.

    A reference fits everywhere: what it stands for is known only while the scenario runs.
    """
    if is_reference(value) or kind is Any:
        return
    origin = typing.get_origin(kind)
    if origin in (types.UnionType, typing.Union):
        if type(value) not in _members(kind):
            yield from problems(value, _members(kind)[0], where)
    elif origin in (list, dict):
        yield from _container_problems(value, kind, where)
    elif origin is typing.Literal:
        if value not in typing.get_args(kind):
            yield where, "one of: " + ", ".join(typing.get_args(kind))
    elif isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        yield from _struct_problems(value, kind, where)
    elif type(value) is not kind:
        names = {str: "text", int: "a whole number", bool: "true or false"}
        yield where, names.get(kind, getattr(kind, "__name__", "a value"))


def _container_problems(value: Any, kind: Any, where: Where) -> Iterator[tuple[Where, str]]:
    container, item_kind = typing.get_origin(kind), typing.get_args(kind)[-1]
    if not isinstance(value, container):
        yield where, "a list" if container is list else "a mapping of keys"
        return
    for place, item in enumerate(value) if container is list else value.items():
        yield from problems(item, item_kind, (*where, place))


def _members(kind: Any) -> list[Any]:
    """Types of a union, without None."""
    return [member for member in typing.get_args(kind) if member is not type(None)]


def _struct_problems(value: Any, kind: type[msgspec.Struct], where: Where) -> Iterator[tuple[Where, str]]:
    if not isinstance(value, dict):
        yield where, "a mapping of keys"
        return
    fields = {field.encode_name: field for field in msgspec.structs.fields(kind)}
    for key, item in value.items():
        if key not in fields:
            yield (*where, key), "one of: " + ", ".join(fields)
            continue
        yield from problems(item, fields[key].type, (*where, key))
    for key, field in fields.items():
        if field.required and key not in value:
            yield where, f"key {key!r}"
