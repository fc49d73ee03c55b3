"""Nodes into typed values: the one place where a spelling becomes a number, a truth value or a quantity.

Plain scalars are resolved by the type that is expected, never by YAML's own guesses: `on` is text, `010` is
no integer, a date stays text, and quoted always means text. No file is opened here.
"""

from __future__ import annotations

import difflib
import re
import types
import typing
from collections.abc import Iterable
from collections.abc import Mapping as MappingView
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final, Generic, TypeVar

import msgspec

from govchain.config.nodes import Items, Mapping, Node, Scalar
from govchain.config.units import UNITS, parse_quantity
from govchain.errors import ConfigError

T = TypeVar("T")

Where = tuple[str | int, ...]
"""Path of a value from the root, for example ("steps", 2, "by")."""

INTEGER_MAX: Final = 2**53 - 1
_INTEGER: Final = re.compile(r"-?(?:0|[1-9][0-9]*)", re.ASCII)
_DECIMAL: Final = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?", re.ASCII)
_NULLS: Final = ("", "~", "null")
_YAML_1_1_BOOLEANS: Final = frozenset(
    spelling
    for word in ("yes", "no", "on", "off", "y", "n", "true", "false")
    for spelling in (word, word.capitalize(), word.upper())
)


@dataclass(frozen=True, slots=True)
class Loaded(Generic[T]):
    """A checked value and where each of its parts was written."""

    value: T
    path: str
    text: str
    lines: MappingView[Where, int]

    def line(self, *where: str | int) -> int:
        """Line of a part, or of the nearest enclosing part that was written."""
        while where and where not in self.lines:
            where = where[:-1]
        return self.lines.get(where, 1)

    def error(
        self,
        problem: str,
        *where: str | int,
        found: object = None,
        expected: str | None = None,
        hint: str | None = None,
    ) -> ConfigError:
        """An error that points at a part."""
        line = self.line(*where)
        return ConfigError(problem, path=self.path, line=line, found=found, expected=expected, hint=hint)


def convert(node: Node, kind: type[T], path: str, text: str) -> Loaded[T]:
    """A node tree as a value of `kind`.

    Raises:
        ConfigError: The first thing that does not fit.
    """
    converter = _Converter(path)
    value = converter.read(node, kind, ())
    return Loaded(value, path, text, types.MappingProxyType(converter.lines))


def nearest(found: str, known: Iterable[str]) -> str | None:
    """The known word that was most likely meant."""
    close = difflib.get_close_matches(found, list(known), n=1, cutoff=0.5)
    return close[0] if close else None


def expected_key(found: str, known: Iterable[str]) -> str:
    """What an error says was expected instead of an unknown word."""
    words = list(known)
    close = nearest(found, words)
    return f"{close!r}" if close is not None else "one of: " + ", ".join(words)


class _Converter:
    def __init__(self, path: str) -> None:
        self._path = path
        self.lines: dict[Where, int] = {}

    def read(self, node: Node, kind: Any, where: Where) -> Any:
        self.lines.setdefault(where, node.line)
        origin = typing.get_origin(kind)
        if origin is typing.Annotated:
            base, *extras = typing.get_args(kind)
            value = self.read(node, base, where)
            self._check_limits(value, [e for e in extras if isinstance(e, msgspec.Meta)], node, where)
            return value
        if kind is Any:
            return self._read_any(node, where)
        if origin in (types.UnionType, typing.Union):
            return self._read_union(node, typing.get_args(kind), where)
        if origin is typing.Literal:
            return self._read_literal(node, typing.get_args(kind), where)
        if origin in (tuple, list):
            return self._read_items(node, kind, where)
        if origin is dict:
            return self._read_dict(node, typing.get_args(kind)[1], where)
        if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
            return self._read_struct(node, kind, where)
        return self._read_scalar(node, kind, where)

    def _read_scalar(self, node: Node, kind: Any, where: Where) -> Any:
        if not isinstance(node, Scalar):
            raise self._wrong(node, where, expected_of(kind))
        if kind in UNITS:
            value = parse_quantity(node.text, UNITS[kind][0])
            if value is None:
                raise self._wrong(node, where, UNITS[kind][1])
            return value
        if kind is str:
            if not node.quoted and node.text in _NULLS:
                raise self._wrong(node, where, "text")
            return node.text
        if kind is bool and not node.quoted and node.text in ("true", "false"):
            return node.text == "true"
        if kind is int and not node.quoted and _INTEGER.fullmatch(node.text) and len(node.text) <= 40:
            return int(node.text)
        if kind is float and not node.quoted and _DECIMAL.fullmatch(node.text):
            return float(node.text)
        if kind is Decimal and _DECIMAL.fullmatch(node.text):
            return Decimal(node.text)
        assert kind in (bool, int, float, Decimal), f"no YAML spelling for {kind!r}"
        raise self._wrong(node, where, expected_of(kind))

    def _read_literal(self, node: Node, words: tuple[Any, ...], where: Where) -> Any:
        if isinstance(node, Scalar):
            for word in words:
                if node.text == str(word) and not (node.quoted and not isinstance(word, str)):
                    return word
            raise self._error(
                f"{_name(where)}: unknown value",
                node.line,
                node.text,
                expected_key(node.text, map(str, words)),
            )
        raise self._wrong(node, where, "one of: " + ", ".join(map(str, words)))

    def _read_union(self, node: Node, members: tuple[Any, ...], where: Where) -> Any:
        others = [member for member in members if member is not type(None)]
        is_null = isinstance(node, Scalar) and not node.quoted and node.text in _NULLS
        if is_null and len(others) < len(members):
            return None
        if len(others) == 1:
            return self.read(node, others[0], where)
        if all(isinstance(m, type) and issubclass(m, msgspec.Struct) for m in others):
            return self._read_tagged(node, others, where)
        fitting = [member for member in others if _fits(node, member)]
        for member in fitting[:-1]:
            try:
                return self.read(node, member, where)
            except ConfigError:
                continue
        if fitting:
            return self.read(node, fitting[-1], where)
        raise self._wrong(node, where, " or ".join(expected_of(member) for member in others))

    def _read_tagged(self, node: Node, kinds: list[Any], where: Where) -> Any:
        configs = {kind.__struct_config__.tag: kind for kind in kinds}
        tag_field = kinds[0].__struct_config__.tag_field
        assert tag_field is not None, "a union of structs needs a tag field"
        if not isinstance(node, Mapping):
            raise self._wrong(node, where, "a mapping of keys")
        if tag_field not in node.entries:
            raise self._missing(node, where, tag_field)
        tag = self.read(node.entries[tag_field].value, typing.Literal[tuple(configs)], (*where, tag_field))
        return self._read_struct(node, configs[tag], where)

    def _read_items(self, node: Node, kind: Any, where: Where) -> Any:
        if not isinstance(node, Items):
            raise self._wrong(node, where, "a list")
        item_kind = typing.get_args(kind)[0]
        items = [self.read(item, item_kind, (*where, i)) for i, item in enumerate(node.items)]
        return tuple(items) if typing.get_origin(kind) is tuple else items

    def _read_dict(self, node: Node, item_kind: Any, where: Where) -> dict[str, Any]:
        if not isinstance(node, Mapping):
            raise self._wrong(node, where, "a mapping of keys")
        for entry in node.entries.values():
            self.lines[(*where, entry.key)] = entry.line
        return {key: self.read(entry.value, item_kind, (*where, key)) for key, entry in node.entries.items()}

    def _read_struct(self, node: Node, kind: Any, where: Where) -> Any:
        if not isinstance(node, Mapping):
            raise self._wrong(node, where, "a mapping of keys")
        fields = {field.encode_name: field for field in msgspec.structs.fields(kind)}
        tag_field = kind.__struct_config__.tag_field
        values: dict[str, Any] = {}
        for entry in node.entries.values():
            if entry.key == tag_field:
                continue
            field = fields.get(entry.key)
            if field is None:
                place = f" in {_name(where)}" if where else ""
                raise self._error(
                    f"unknown key{place}", entry.line, entry.key, expected_key(entry.key, fields)
                )
            self.lines[(*where, entry.key)] = entry.line
            values[field.name] = self.read(entry.value, field.type, (*where, entry.key))
        for name, field in fields.items():
            if field.required and field.name not in values:
                raise self._missing(node, where, name)
        try:
            return kind(**values)
        except ValueError as error:
            raise self._error(f"{_name(where)}: {error}" if where else str(error), node.line) from error

    def _read_any(self, node: Node, where: Where) -> Any:
        if isinstance(node, Items):
            return [self.read(item, Any, (*where, i)) for i, item in enumerate(node.items)]
        if isinstance(node, Mapping):
            return self._read_dict(node, Any, where)
        if node.quoted:
            return node.text
        if node.text in _NULLS:
            return None
        if node.text in ("true", "false"):
            return node.text == "true"
        # What does not fit is text: long numbers, amounts with their trailing zeros, dates.
        if _INTEGER.fullmatch(node.text) and len(node.text) <= 16 and abs(int(node.text)) <= INTEGER_MAX:
            return int(node.text)
        return node.text

    def _check_limits(self, value: Any, limits: list[msgspec.Meta], node: Node, where: Where) -> None:
        for limit in limits:
            problem = _limit_problem(value, limit)
            if problem is not None:
                raise self._error(f"{_name(where)}: not allowed", node.line, _shown(node), problem)

    def _missing(self, node: Node, where: Where, key: str) -> ConfigError:
        place = f" in {_name(where)}" if where else ""
        return self._error(f"key {key!r} is missing{place}", node.line)

    def _wrong(self, node: Node, where: Where, expected: str) -> ConfigError:
        name = _name(where) or "the file"
        if isinstance(node, Scalar):
            if not node.quoted and node.text in _NULLS:
                return self._error(f"{name}: no value", node.line, None, expected)
            if node.quoted and expected != "text":
                expected += ", without quotation marks"
            elif expected == expected_of(int) and re.fullmatch(r"[-+]?[0-9_]+", node.text):
                expected += ", plainly written (no leading zero, no _)"
            elif expected == expected_of(bool) and node.text in _YAML_1_1_BOOLEANS:
                expected += ", exactly so"
        return self._error(f"{name}: wrong type", node.line, _shown(node), expected)

    def _error(
        self, problem: str, line: int, found: object = None, expected: str | None = None
    ) -> ConfigError:
        return ConfigError(problem, path=self._path, line=line, found=found, expected=expected)


def expected_of(kind: Any) -> str:
    """What an error says a value of this type looks like."""
    if kind in UNITS:
        return UNITS[kind][1]
    origin = typing.get_origin(kind)
    if origin is typing.Annotated:
        return expected_of(typing.get_args(kind)[0])
    if origin is typing.Literal:
        return "one of: " + ", ".join(map(str, typing.get_args(kind)))
    if origin in (tuple, list):
        return "a list"
    names = {
        str: "text",
        bool: "true or false",
        int: "a whole number",
        float: "a number",
        Decimal: "a number",
    }
    return names.get(kind, "a mapping of keys")


def _fits(node: Node, kind: Any) -> bool:
    origin = typing.get_origin(kind)
    if origin is typing.Annotated:
        return _fits(node, typing.get_args(kind)[0])
    if origin in (tuple, list):
        return isinstance(node, Items)
    if origin is dict or (isinstance(kind, type) and issubclass(kind, msgspec.Struct)):
        return isinstance(node, Mapping)
    return isinstance(node, Scalar)


def _limit_problem(value: Any, limit: msgspec.Meta) -> str | None:
    if limit.ge is not None and value < limit.ge:
        return f"at least {limit.ge}"
    if limit.gt is not None and value <= limit.gt:
        return f"more than {limit.gt}"
    if limit.le is not None and value > limit.le:
        return f"at most {limit.le}"
    if limit.lt is not None and value >= limit.lt:
        return f"less than {limit.lt}"
    if limit.min_length is not None and len(value) < limit.min_length:
        return f"a length of at least {limit.min_length}"
    if limit.max_length is not None and len(value) > limit.max_length:
        return f"a length of at most {limit.max_length}"
    if limit.pattern is not None and re.search(limit.pattern, value) is None:
        return f"text that matches {limit.pattern}"
    return None


def _shown(node: Node) -> object:
    if isinstance(node, Scalar):
        return node.text if len(node.text) <= 80 else node.text[:77] + "..."
    return "a list" if isinstance(node, Items) else "a mapping"


def _name(where: Where) -> str:
    text = ""
    for part in where:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return text
