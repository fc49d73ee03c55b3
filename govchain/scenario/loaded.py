"""A checked scenario together with where each of its parts was written.

Values only; reading is in `load`, judging in `check`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from govchain.config import Loaded
from govchain.errors import ConfigError
from govchain.scenario.model import Scenario


@dataclass(frozen=True, slots=True)
class LoadedScenario:
    """A scenario, where each of its parts was written, and the folder that its files are relative to."""

    scenario: Scenario
    source: Loaded[Scenario]
    folder: Path

    @property
    def name(self) -> str:
        """File name without its ending; names the run folder."""
        return Path(self.source.path).stem

    @property
    def start(self) -> datetime:
        """Genesis time, with the offset that the file gives."""
        return datetime.fromisoformat(self.scenario.start)

    def file(self, name: str, where: tuple[str | int, ...]) -> Path:
        """A file that the part at `where` names.

        Raises:
            ConfigError: It is outside the scenario's folder, or there is none.
        """
        path = (self.folder / name).resolve()
        if not path.is_relative_to(self.folder.resolve()):
            raise self.source.error(
                "the file is outside the scenario's folder", *where, found=name, expected="a path below it"
            )
        if not path.is_file():
            raise self.source.error(
                "no such file", *where, found=name, expected="a path relative to the scenario"
            )
        return path

    def claimed_time(self, offset_ns: int) -> str:
        """RFC 3339 time of the story that long after its start."""
        return (self.start + timedelta(microseconds=offset_ns // 1000)).isoformat()


def not_supported(
    source: Loaded[Any], key: str, where: tuple[str | int, ...], hint: str | None = None
) -> ConfigError:
    """The error of what the format has and this version does not carry out; `hint` says why, or what else."""
    place = f"{source.path}:{source.line(*where)}"
    return ConfigError(f"not yet supported by this version: {key} at {place}", hint=hint)
