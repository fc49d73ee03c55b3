"""Tables that are folders of files: found, not listed. What an entry means is not known here."""

from __future__ import annotations

from pathlib import Path
from typing import TypeVar

from govchain.config import load_document
from govchain.errors import ConfigError

Entry = TypeVar("Entry")


def read_table(folder: Path, kind: type[dict[str, Entry]], entry: str) -> dict[str, Entry]:
    """Every entry of every file in a folder.

    Args:
        folder: Holds YAML files.
        kind: What each file is.
        entry: What an entry is called in an error.

    Raises:
        ConfigError: A file does not fit, two of them hold one entry, or there is none.
    """
    found: dict[str, Entry] = {}
    for path in sorted(folder.glob("*.yaml")):
        loaded = load_document(path, kind)
        for key, value in loaded.value.items():
            if key in found:
                raise loaded.error(f"this {entry} stands in another file too", key, found=key)
            found[key] = value
    if not found:
        raise ConfigError(f"no table with a {entry}", path=str(folder), expected="files that end in .yaml")
    return found
