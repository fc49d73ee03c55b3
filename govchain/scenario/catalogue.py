"""The scenarios in a folder, one line each. Broken files are listed as such, never left out."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from govchain.errors import ConfigError
from govchain.scenario.load import load_scenario

DEFAULT_FOLDER: Final = Path("scenarios")


@dataclass(frozen=True, slots=True)
class CatalogueEntry:
    """One scenario file; `problem` is empty when it loads."""

    path: Path
    title: str = ""
    title_zh: str = ""
    why: str = ""
    why_zh: str = ""
    problem: str = ""


def list_scenarios(folder: Path = DEFAULT_FOLDER) -> list[CatalogueEntry]:
    """Scenarios of a folder and its subfolders, in order of file name.

    Raises:
        ConfigError: There is no such folder.
    """
    if not folder.is_dir():
        raise ConfigError("no such folder", path=str(folder), expected="a folder of scenarios")
    return [_entry(path) for path in sorted(folder.rglob("*.yaml"))]


def _entry(path: Path) -> CatalogueEntry:
    try:
        meta = load_scenario(path).scenario.meta
    except ConfigError as error:
        return CatalogueEntry(path, problem=str(error))
    return CatalogueEntry(path, meta.title, meta.title_zh, meta.why, meta.why_zh)
