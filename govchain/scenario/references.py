"""`${name}` and `${name.property}` inside the values of a step: finding them, putting values in their place.

A name is an organisation, a person, or what an earlier step saved. When a reference is the whole text, the
value keeps its type; inside a longer text it becomes part of it. Nothing is evaluated: no expressions.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

_REFERENCE: Final = re.compile(r"\$\{([^${}]*)\}")
_NAME: Final = re.compile(r"([a-z][a-z0-9_-]{0,39})(?:\.([a-z0-9_]+))?", re.ASCII)

PROPERTIES: Final[Mapping[str, tuple[str, ...]]] = {
    "organisation": ("code", "name"),
    "person": ("key_id", "public_key", "possession"),
    "saved": (
        "object_id",
        "transaction_id",
        "raw_hash",
        "size_bytes",
        "media_type",
        "query_hash",
        "answer_hash",
        "answer",
        "source_key",
    ),
}
"""Kind of name to its properties; the first is what `${name}` alone stands for."""


@dataclass(frozen=True, slots=True)
class Reference:
    """One reference as written. `name` is empty when the text between the braces is no reference."""

    text: str
    name: str
    property: str


def find_references(
    value: Any, where: tuple[str | int, ...] = ()
) -> Iterator[tuple[tuple[str | int, ...], Reference]]:
    """Every reference in a plain value, with the path to it."""
    if isinstance(value, str):
        for matched in _REFERENCE.finditer(value):
            yield where, _parse(matched)
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from find_references(item, (*where, key))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from find_references(item, (*where, index))


def resolve(value: Any, look_up: Callable[[Reference], Any]) -> Any:
    """The plain value with every reference replaced by what `look_up` gives."""
    if isinstance(value, dict):
        return {key: resolve(item, look_up) for key, item in value.items()}
    if isinstance(value, list):
        return [resolve(item, look_up) for item in value]
    if not isinstance(value, str):
        return value
    whole = _REFERENCE.fullmatch(value)
    if whole is not None:
        return look_up(_parse(whole))
    return _REFERENCE.sub(lambda matched: str(look_up(_parse(matched))), value)


def is_reference(value: Any) -> bool:
    """Whether a value is one reference and nothing else."""
    return isinstance(value, str) and _REFERENCE.fullmatch(value) is not None


def _parse(matched: re.Match[str]) -> Reference:
    inner = _NAME.fullmatch(matched[1])
    if inner is None:
        return Reference(matched[0], "", "")
    return Reference(matched[0], inner[1], inner[2] or "")
