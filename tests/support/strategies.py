"""Hypothesis strategies for the structs of `model` and `consensus`, made from their field types.

`structs(kind)` gives well-typed values with arbitrary content: what a codec carries, not what rules allow.
"""

from __future__ import annotations

import inspect
import types
import typing
from typing import Any

import msgspec
from hypothesis import strategies as st

from govchain import model
from govchain.consensus import messages

NUMBER_MAX = 2**63 - 1

digests = st.binary(min_size=32, max_size=32)
numbers = st.integers(0, NUMBER_MAX)
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
byte_strings = st.binary(max_size=40)


def structs(kind: type[Any]) -> st.SearchStrategy[Any]:
    """Values of one struct type, every field of it chosen freely."""
    hints = typing.get_type_hints(kind)
    return st.builds(kind, **{name: _of_type(hints[name]) for name in kind.__struct_fields__})


def struct_types() -> list[type[Any]]:
    """Every struct that `model` and the consensus messages define, in order of their names."""
    found = {
        value
        for module in (model, messages)
        for name, value in vars(module).items()
        if inspect.isclass(value) and issubclass(value, msgspec.Struct) and not name.startswith("_")
    }
    return sorted(found, key=lambda kind: kind.__name__)


def plain_list(value: Any) -> Any:
    """What a struct's canonical bytes must say, for an encoder that knows nothing of structs."""
    if isinstance(value, msgspec.Struct):
        tag = type(value).__struct_config__.tag
        fields = [plain_list(getattr(value, name)) for name in type(value).__struct_fields__]
        return fields if tag is None else [tag, *fields]
    if isinstance(value, tuple):
        return [plain_list(item) for item in value]
    return value


def _of_type(hint: Any) -> st.SearchStrategy[Any]:
    if isinstance(hint, type) and issubclass(hint, msgspec.Struct):
        return structs(hint)
    if typing.get_origin(hint) is tuple:
        return st.lists(_of_type(typing.get_args(hint)[0]), max_size=3).map(tuple)
    if isinstance(hint, types.UnionType):
        return st.one_of(st.none() if part is type(None) else _of_type(part) for part in hint.__args__)
    simple = {bool: st.booleans(), int: numbers, str: texts, bytes: byte_strings}
    return simple[hint]
