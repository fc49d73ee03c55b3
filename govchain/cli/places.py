"""Whether what an option names can be written, asked before a run of minutes rather than after it.

Nothing is made or written here.
"""

from __future__ import annotations

import os
from pathlib import Path

from govchain.errors import ConfigError


def require_folder_place(option: str, folder: Path) -> None:
    """A folder that is there and may be written into, or that can be made.

    Raises:
        ConfigError: It cannot.
    """
    there = next(place for place in (folder, *folder.absolute().parents) if place.exists())
    if not there.is_dir():
        raise ConfigError(f"{option}: this is no folder", path=str(there), expected="a folder, or none yet")
    _require_access(option, there)


def require_file_place(option: str, file: Path) -> None:
    """A file that may be replaced, or one that can be made in a folder that is there.

    Raises:
        ConfigError: It cannot.
    """
    if file.is_dir():
        raise ConfigError(f"{option}: this is a directory", path=str(file), expected="a file")
    if file.exists():
        _require_access(option, file)
        return
    if not file.absolute().parent.is_dir():
        raise ConfigError(f"{option}: there is no such folder", path=str(file.parent), expected="a folder")
    _require_access(option, file.absolute().parent)


def _require_access(option: str, place: Path) -> None:
    if not os.access(place, os.W_OK):
        raise ConfigError(f"{option}: nothing can be written here", path=str(place))
