"""A YAML text as a tree of nodes that know their line. Bounded in size, depth and count; nothing is resolved.

Built from parse events rather than composed, so that aliases, tags and repeated keys are seen and refused
before they cost anything. Types do not belong here.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

import yaml

from govchain.errors import ConfigError

TEXT_BYTES_MAX: Final = 1_048_576
NODES_MAX: Final = 20_000
DEPTH_MAX: Final = 24


@dataclass(slots=True)
class Scalar:
    """One value as it was spelled; `quoted` tells "10" from 10."""

    text: str
    quoted: bool
    line: int


@dataclass(slots=True)
class Items:
    items: list[Node]
    line: int


@dataclass(slots=True)
class Entry:
    """One key of a mapping, with the line of the key."""

    key: str
    line: int
    value: Node


@dataclass(slots=True)
class Mapping:
    entries: dict[str, Entry]
    line: int
    pending: Scalar | None = field(default=None, repr=False)
    """Key whose value has not been read yet."""


Node = Scalar | Items | Mapping


def read_nodes(text: str, path: str) -> Node:
    """The node tree of one YAML document.

    Raises:
        ConfigError: Malformed, empty, several documents, alias, tag, repeated key, or over a limit.
    """
    if len(text.encode("utf-8", "surrogatepass")) > TEXT_BYTES_MAX:
        raise ConfigError("the file is too large", path=path, expected=f"at most {TEXT_BYTES_MAX} bytes")
    try:
        return _Builder(path).build(text)
    except yaml.YAMLError as error:
        raise _malformed(error, text, path) from error


class _Builder:
    def __init__(self, path: str) -> None:
        self._path = path
        self._root: Node | None = None
        self._open: list[Items | Mapping] = []
        self._count = 0
        self._documents = 0

    def build(self, text: str) -> Node:
        for event in yaml.parse(text, Loader=yaml.SafeLoader):
            self._take(event)
        if self._root is None:
            raise ConfigError("the file is empty", path=self._path, expected="a mapping of keys")
        return self._root

    def _take(self, event: yaml.Event) -> None:
        line = event.start_mark.line + 1 if event.start_mark else 1
        match event:
            case yaml.DocumentStartEvent():
                self._documents += 1
                if self._documents > 1:
                    raise self._error("a second document begins here", line, expected="one document a file")
            case yaml.AliasEvent():
                raise self._error(
                    f"alias *{event.anchor}",
                    line,
                    expected="the value written out",
                    hint="aliases are refused",
                )
            case yaml.ScalarEvent():
                self._refuse_extras(event, line)
                self._add(Scalar(event.value, quoted=event.style is not None, line=line))
            case yaml.SequenceStartEvent():
                self._refuse_extras(event, line)
                self._enter(Items([], line))
            case yaml.MappingStartEvent():
                self._refuse_extras(event, line)
                self._enter(Mapping({}, line))
            case yaml.SequenceEndEvent() | yaml.MappingEndEvent():
                self._open.pop()
            case _:
                pass

    def _refuse_extras(self, event: yaml.NodeEvent, line: int) -> None:
        if event.anchor is not None:
            raise self._error(
                f"anchor &{event.anchor}", line, expected="no anchors", hint="aliases are refused"
            )
        tag = getattr(event, "tag", None)
        if tag not in (None, "!"):
            raise self._error("a tag", line, found=tag, expected="a plain value without a tag")

    def _enter(self, node: Items | Mapping) -> None:
        if len(self._open) >= DEPTH_MAX:
            raise self._error("nested too deeply", node.line, expected=f"at most {DEPTH_MAX} levels")
        self._add(node)
        self._open.append(node)

    def _add(self, node: Node) -> None:
        self._count += 1
        if self._count > NODES_MAX:
            raise self._error("too many values", node.line, expected=f"at most {NODES_MAX}")
        if not self._open:
            # An empty plain scalar is what the parser reports for a file of comments only.
            if self._root is None and node != Scalar("", quoted=False, line=node.line):
                self._root = node
            return
        parent = self._open[-1]
        if isinstance(parent, Items):
            parent.items.append(node)
            return
        if parent.pending is None:
            parent.pending = self._key(node, parent)
            return
        key = parent.pending
        parent.pending = None
        parent.entries[key.text] = Entry(key.text, key.line, node)

    def _key(self, node: Node, parent: Mapping) -> Scalar:
        if not isinstance(node, Scalar):
            raise self._error("a key is not plain text", node.line, expected="a word before the colon")
        if node.text in parent.entries:
            first = parent.entries[node.text].line
            raise self._error(f"key {node.text!r} appears twice", node.line, hint=f"first on line {first}")
        return node

    def _error(
        self,
        problem: str,
        line: int,
        *,
        found: object = None,
        expected: str | None = None,
        hint: str | None = None,
    ) -> ConfigError:
        return ConfigError(problem, path=self._path, line=line, found=found, expected=expected, hint=hint)


def _malformed(error: yaml.YAMLError, text: str, path: str) -> ConfigError:
    if isinstance(error, yaml.MarkedYAMLError):
        mark = error.problem_mark or error.context_mark
        problem = error.problem or error.context or "cannot be read"
        if mark is not None:
            return ConfigError(
                f"not YAML: {problem} (column {mark.column + 1})", path=path, line=mark.line + 1
            )
        return ConfigError(f"not YAML: {problem}", path=path)
    position = getattr(error, "position", None)
    if isinstance(position, int):
        line = text.count("\n", 0, position) + 1
        column = position - (text.rfind("\n", 0, position) + 1) + 1
        return ConfigError(
            f"not YAML: a character that is not allowed (column {column})", path=path, line=line
        )
    return ConfigError("not YAML", path=path)
