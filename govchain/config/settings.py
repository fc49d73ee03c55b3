"""One value put into a node tree by its path, as `--set network.latency.fixed=10ms` does.

Whether the value fits where it stands is for the conversion, as for everything that a file says.
"""

from __future__ import annotations

from dataclasses import dataclass

from govchain.config.nodes import Entry, Items, Mapping, Node, Scalar
from govchain.errors import ConfigError


@dataclass(frozen=True, slots=True)
class Setting:
    """A key path, parts between dots, and the value as one would spell it in the file."""

    key: str
    text: str

    def __str__(self) -> str:
        return f"{self.key}={self.text}"


def put_in(root: Node, setting: Setting) -> None:
    """Replace the value at the path, or add it; what is missing on the way is added as well.

    An item of a list is named by its place, from 0, or by its `id`.

    Raises:
        ConfigError: The path leads through a value that has no parts, or to an item that is not there.
    """
    node = root
    *way, last = setting.key.split(".")
    for number, part in enumerate(way):
        node = _child(node, part, way[:number], setting)
    line = node.line
    new = Scalar(setting.text, quoted=False, line=line)
    match node:
        case Mapping():
            node.entries[last] = Entry(last, line, new)
        case Items():
            node.items[_place(node, last, way, setting)] = new
        case Scalar():
            raise _no_parts(way, setting)


def _child(node: Node, part: str, way: list[str], setting: Setting) -> Node:
    match node:
        case Mapping():
            entry = node.entries.get(part)
            if entry is None:
                entry = node.entries[part] = Entry(part, node.line, Mapping({}, node.line))
            return entry.value
        case Items():
            return node.items[_place(node, part, way, setting)]
        case Scalar():
            raise _no_parts(way, setting)


def _place(node: Items, part: str, way: list[str], setting: Setting) -> int:
    if part.isascii() and part.isdigit() and int(part) < len(node.items):
        return int(part)
    ids = [_id_of(item) for item in node.items]
    if part in ids:
        return ids.index(part)
    known = ", ".join(each or str(place) for place, each in enumerate(ids))
    raise ConfigError(
        f"{'.'.join(way)} has no such item", path=f"--set {setting}", found=part, expected=f"one of: {known}"
    )


def _id_of(item: Node) -> str:
    entry = item.entries.get("id") if isinstance(item, Mapping) else None
    return entry.value.text if entry is not None and isinstance(entry.value, Scalar) else ""


def _no_parts(way: list[str], setting: Setting) -> ConfigError:
    return ConfigError(f"{'.'.join(way)} is a single value", path=f"--set {setting}", expected="a key")
