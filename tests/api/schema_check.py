"""The part of JSON Schema that our OpenAPI document uses, read strictly: an unknown keyword is an error."""

from __future__ import annotations

import re
from typing import Any

_TYPES: dict[str, Any] = {"object": dict, "array": list, "string": str, "null": type(None)}
_IGNORED = {"description", "default", "contentMediaType"}
_COMBINED = {"$ref", "anyOf", "oneOf"}


def validate_schema(value: Any, schema: dict[str, Any], components: dict[str, Any], where: str = "$") -> None:
    """Raises AssertionError with the path of the first value that does not fit."""
    for keyword, expected in schema.items():
        if keyword == "$ref":
            validate_schema(value, components[expected.rsplit("/", 1)[1]], components, where)
        elif keyword in _COMBINED:
            assert any(_fits(value, option, components) for option in expected), f"{where}: fits no option"
        elif keyword in ("properties", "items", "additionalProperties"):
            _validate_inside(value, keyword, schema, components, where)
        else:
            _validate_plain(value, keyword, expected, where)


def _validate_plain(value: Any, keyword: str, expected: Any, where: str) -> None:
    match keyword:
        case "type":
            assert _is_type(value, expected), f"{where}: {value!r} is not {expected}"
        case "required":
            assert set(expected) <= set(value), f"{where}: lacks {set(expected) - set(value)}"
        case "pattern":
            assert re.search(expected, value), f"{where}: {value!r} does not match {expected}"
        case "enum":
            assert value in expected, f"{where}: {value!r} is not one of {expected}"
        case _:
            assert keyword in _IGNORED, f"{where}: this check does not know {keyword!r}"


def _validate_inside(
    value: Any, keyword: str, schema: dict[str, Any], components: dict[str, Any], where: str
) -> None:
    expected = schema[keyword]
    if keyword == "items":
        for index, item in enumerate(value):
            validate_schema(item, expected, components, f"{where}[{index}]")
        return
    described = schema.get("properties", {})
    if keyword == "properties":
        for name in described.keys() & value.keys():
            validate_schema(value[name], described[name], components, f"{where}.{name}")
        return
    others = [name for name in value if name not in described]
    assert expected is not False or not others, f"{where}: unexpected {others}"
    if isinstance(expected, dict):
        for name in others:
            validate_schema(value[name], expected, components, f"{where}.{name}")


def _fits(value: Any, schema: dict[str, Any], components: dict[str, Any]) -> bool:
    try:
        validate_schema(value, schema, components)
    except AssertionError:
        return False
    return True


def _is_type(value: Any, name: str) -> bool:
    if name in ("integer", "boolean"):
        return type(value) is (int if name == "integer" else bool)
    return isinstance(value, _TYPES[name])
