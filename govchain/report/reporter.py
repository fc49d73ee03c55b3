"""Keeps a run with its page and its trace for viewers: what `govchain replay --report` writes.

The folder itself is the scenario package's; here it gains `report.html` and `trace.chrome.json`.
"""

from __future__ import annotations

from pathlib import Path

from govchain.errors import ConfigError
from govchain.report.chrome import ChromeTrace
from govchain.report.film import Film
from govchain.report.page import render_page
from govchain.report.story import tell_run
from govchain.scenario import Observation, Rehearsal, Result, RunFolder
from govchain.sim import TraceEvent, WireFrame


class Reporter:
    """Writes one run below a folder, with its page.

    Args:
        root: For example `runs`.
        scenario: Name of the scenario.
        seed: Seed of the run.

    Attributes:
        path: Folder of the run.
    """

    def __init__(self, root: Path, scenario: str, seed: int) -> None:
        self._folder = RunFolder(root, scenario, seed)
        self._film = Film()
        self._chrome = ChromeTrace()
        self._is_watched = False
        self.path = self._folder.path

    def add_event(self, event: TraceEvent) -> None:
        """Keep a trace event; hand this to the simulator as its listener."""
        self._is_watched = True
        self._folder.add_event(event)
        self._film.add_event(event)
        self._chrome.add_event(event)

    def add_frame(self, sent: WireFrame) -> None:
        """Keep a frame; hand this to the simulator as well."""
        self._film.add_frame(sent)

    def write(self, rehearsal: Rehearsal, seen: Observation, result: Result) -> None:
        """Write all files of a finished run.

        Raises:
            ConfigError: The folder cannot be written.
        """
        self._folder.write(rehearsal, seen, result)
        names = [member.name for member in rehearsal.genesis.validators.members]
        film = self._film.to_plain(len(names)) if self._is_watched else None
        page = render_page("run", f"{result.title} · govchain", tell_run(rehearsal, seen, result, film))
        trace = self._chrome.to_json(names, result.faults) if self._is_watched else None
        write_file(self.path / "report.html", page)
        write_file(self.path / "trace.chrome.json", trace)


def write_file(path: Path, data: bytes | None) -> None:
    """Write a file, or see that there is none.

    Raises:
        ConfigError: That is not possible.
    """
    try:
        if data is None:
            path.unlink(missing_ok=True)
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
    except OSError as error:
        raise ConfigError(f"cannot be written: {error.strerror}", path=str(path)) from error
