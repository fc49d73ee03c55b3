"""From a file or a text to a checked value. Reading is all the I/O there is; conversion is in `convert`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TypeVar

from govchain.config.convert import Loaded, convert
from govchain.config.nodes import TEXT_BYTES_MAX, read_nodes
from govchain.config.settings import Setting, put_in
from govchain.errors import ConfigError

T = TypeVar("T")


def load_yaml(path: Path | str, kind: type[T]) -> T:
    """The value in a YAML file, as a frozen struct of `kind`.

    Raises:
        ConfigError: The file cannot be read, or anything in it does not fit.
    """
    return load_document(path, kind).value


def parse_yaml(text: str, kind: type[T], path_name: str = "<text>") -> T:
    """The value of a YAML text; `path_name` is what errors call it.

    Raises:
        ConfigError: Anything in it does not fit.
    """
    return parse_document(text, kind, path_name).value


def load_document(path: Path | str, kind: type[T]) -> Loaded[T]:
    """Like `load_yaml`, with the line of every value, for checks that only the caller can make."""
    return parse_document(_read(Path(path)), kind, str(path))


def parse_document(
    text: str, kind: type[T], path_name: str = "<text>", settings: Sequence[Setting] = ()
) -> Loaded[T]:
    """Like `parse_yaml`, with the line of every value; `settings` replace values or add some."""
    root = read_nodes(text, path_name)
    for setting in settings:
        put_in(root, setting)
    return convert(root, kind, path_name, text)


def _read(path: Path) -> str:
    name = str(path)
    try:
        with path.open("rb") as file:
            data = file.read(TEXT_BYTES_MAX + 1)
    except FileNotFoundError as error:
        raise ConfigError("no such file", path=name) from error
    except IsADirectoryError as error:
        raise ConfigError("this is a directory", path=name, expected="a YAML file") from error
    except OSError as error:
        raise ConfigError(f"cannot be read: {error.strerror}", path=name) from error
    if len(data) > TEXT_BYTES_MAX:
        raise ConfigError("the file is too large", path=name, expected=f"at most {TEXT_BYTES_MAX} bytes")
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise ConfigError("not UTF-8", path=name, line=line, expected="a file in UTF-8") from error
