"""A scenario file into a checked scenario. What could go wrong later and can be seen now is an error here.

Reads the file, and the sizes of files that it names; runs nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from govchain.config import Loaded, Setting, load_document, parse_document
from govchain.scenario.check import validate_scenario
from govchain.scenario.loaded import LoadedScenario, not_supported
from govchain.scenario.model import RESERVED, RESERVED_WORDS, Scenario


def load_scenario(path: Path | str) -> LoadedScenario:
    """The scenario in a file.

    Raises:
        ConfigError: Anything in it is wrong, impossible or not yet supported; with file and line.
    """
    text = load_document(path, Any).text
    return parse_scenario(text, str(path), Path(path).parent)


def parse_scenario(
    text: str, path_name: str, folder: Path, settings: Sequence[Setting] = ()
) -> LoadedScenario:
    """The scenario in a text; `folder` is what file names in it are relative to.

    Args:
        settings: Values instead of those in the text; checked as if they stood there.

    Raises:
        ConfigError: As `load_scenario`.
    """
    plain = parse_document(text, Any, path_name, settings)
    _refuse_reserved(plain)
    source = parse_document(text, Scenario, path_name, settings)
    loaded = LoadedScenario(source.value, source, folder)
    validate_scenario(loaded)
    return loaded


def _refuse_reserved(plain: Loaded[Any]) -> None:
    for pattern, hint in RESERVED.items():
        for where, _ in _matches(plain.value, pattern.split("."), ()):
            raise not_supported(plain, _name(where), where, hint)
    for pattern, words in RESERVED_WORDS.items():
        for where, value in _matches(plain.value, pattern.split("."), ()):
            if isinstance(value, str) and value in words:
                raise not_supported(plain, f"{_name(where)}: {value}", where, words[value])


def _matches(
    value: Any, parts: list[str], where: tuple[str | int, ...]
) -> Iterator[tuple[tuple[str | int, ...], Any]]:
    if not parts:
        yield where, value
    elif parts[0] == "*" and isinstance(value, list):
        for index, item in enumerate(value):
            yield from _matches(item, parts[1:], (*where, index))
    elif isinstance(value, dict) and parts[0] in value:
        yield from _matches(value[parts[0]], parts[1:], (*where, parts[0]))


def _name(where: tuple[str | int, ...]) -> str:
    return ".".join(str(part) for part in where if isinstance(part, str))
