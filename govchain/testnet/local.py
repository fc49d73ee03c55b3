"""A network folder's validators as processes of this machine.

Starting, watching and stopping only; what they agree on is asked over their APIs.
"""

from __future__ import annotations

import shutil
import signal
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from govchain.errors import Indeterminate, Unavailable
from govchain.node.rehearsal import Rehearsed, double_votes, write_control
from govchain.testnet.health import Health, is_port_free, probe
from govchain.testnet.layout import DATA_NAME, REHEARSAL_NAME
from govchain.testnet.manifest import ManifestValidator, load_manifest, load_network
from govchain.testnet.process import ValidatorProcess

READY_TIMEOUT_S: Final = 60.0
BACKUP_NAME: Final = "data.backup"
_POLL_INTERVAL_S: Final = 0.1


@dataclass(frozen=True, slots=True)
class ValidatorHealth:
    """One validator of the network, now."""

    name: str
    pid: int | None
    health: Health


class LocalNetwork:
    """Runs the validators of a folder made by `init_network`.

    As a context manager it stops on exit whatever it finds running.
    """

    def __init__(self, directory: Path | str) -> None:
        self.directory = Path(directory)
        self.manifest, self.genesis = load_network(self.directory)
        self._processes = {
            member.name: ValidatorProcess(member.name, self.directory / member.folder)
            for member in self.manifest.validators
        }

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def names(self) -> tuple[str, ...]:
        """Validators in genesis order."""
        return tuple(self._processes)

    @property
    def urls(self) -> tuple[str, ...]:
        """API addresses in genesis order."""
        return self.manifest.urls

    def start(self, *, timeout_s: float = READY_TIMEOUT_S) -> None:
        """Start every validator that does not run and wait until all take part.

        Raises:
            Unavailable: A port is taken, or a validator ended; what had been started is stopped again.
            Indeterminate: Not all were ready within the timeout.
        """
        self.require_free_ports()
        try:
            for process in self._processes.values():
                process.start()
            self.wait_ready(timeout_s=timeout_s)
        except BaseException:
            self.stop()
            raise

    def start_validator(self, name: str) -> None:
        """Start one validator, or start it again; it is not waited for."""
        self.process(name).start()

    def admit(self) -> None:
        """Take up validators that were added to the folder since (`prepare_join`)."""
        self.manifest = load_manifest(self.directory)
        for member in self.manifest.validators:
            folder = self.directory / member.folder
            self._processes.setdefault(member.name, ValidatorProcess(member.name, folder))

    def process(self, name: str) -> ValidatorProcess:
        """The process of one validator."""
        self.manifest.validator(name)
        return self._processes[name]

    def kill(self, name: str) -> None:
        """End one validator at once, as a power cut would."""
        self.process(name).kill()

    def pause(self, name: str) -> None:
        """Freeze one validator."""
        self.process(name).signal(signal.SIGSTOP)

    def resume(self, name: str) -> None:
        """Let a frozen validator go on."""
        self.process(name).signal(signal.SIGCONT)

    def wipe(self, name: str) -> None:
        """Replace the disk of a validator that does not run by an empty one."""
        shutil.rmtree(self._down_folder(name) / DATA_NAME, ignore_errors=True)

    def back_up(self, name: str) -> None:
        """Copy the data directory of a validator that does not run; replaces the copy before."""
        folder = self._down_folder(name)
        shutil.rmtree(folder / BACKUP_NAME, ignore_errors=True)
        shutil.copytree(folder / DATA_NAME, folder / BACKUP_NAME)

    def restore_backup(self, name: str) -> None:
        """Give a validator that does not run the data directory that was copied; nothing if none was."""
        folder = self._down_folder(name)
        shutil.rmtree(folder / DATA_NAME, ignore_errors=True)
        if (folder / BACKUP_NAME).is_dir():
            shutil.copytree(folder / BACKUP_NAME, folder / DATA_NAME)

    def disturb(self, name: str, wanted: Rehearsed) -> None:
        """Disturb links and clock of a validator from now on; the network was made for a rehearsal."""
        write_control(self.rehearsal_folder(name), wanted)

    def rehearsal_folder(self, name: str) -> Path:
        """Where a validator of a rehearsal is disturbed and records its votes."""
        folder = self.process(name).folder / REHEARSAL_NAME
        folder.mkdir(mode=0o700, exist_ok=True)
        return folder

    def double_votes(self) -> list[str]:
        """What validators of a rehearsal signed that no honest one may, by their own record."""
        return list(double_votes({name: self.rehearsal_folder(name) for name in self.names}))

    def wait_ready(self, names: Sequence[str] | None = None, *, timeout_s: float = READY_TIMEOUT_S) -> None:
        """Wait until validators take part in consensus (`/readyz`).

        Raises:
            Unavailable: One of them ended meanwhile.
            Indeterminate: The timeout passed first.
        """
        waiting = [self.manifest.validator(name) for name in (self.names if names is None else names)]
        deadline = time.monotonic() + timeout_s
        while waiting:
            for member in waiting:
                if self._processes[member.name].find() is None:
                    raise self._processes[member.name].ended()
            waiting = [
                member for member in waiting if probe(member.host, member.api_port) is not Health.READY
            ]
            if waiting and time.monotonic() > deadline:
                raise Indeterminate(self._unready(waiting, timeout_s))
            if waiting:
                time.sleep(_POLL_INTERVAL_S)

    def health(self) -> list[ValidatorHealth]:
        """Every validator's process and health."""
        return [self._health(member) for member in self.manifest.validators]

    def ended(self, names: Iterable[str] | None = None) -> list[ValidatorProcess]:
        """Validators whose process is gone."""
        chosen = self.names if names is None else names
        return [self._processes[name] for name in chosen if self._processes[name].find() is None]

    def stop(self) -> int:
        """Stop whatever runs, all at once; returns how many that were."""
        running = [process for process in self._processes.values() if process.find() is not None]
        # Everyone is told before anyone is waited for: a network of ten stops as fast as its slowest member.
        for process in running:
            process.ask_to_end()
        for process in running:
            process.wait_ended()
        return len(running)

    def require_free_ports(self) -> None:
        """Refuse to start a validator whose port another program holds.

        Raises:
            Unavailable: Names the port and what to do.
        """
        for member in self.manifest.validators:
            if self._processes[member.name].find() is not None:
                continue
            for use, port in (("api", member.api_port), ("peer", member.peer_port)):
                if not is_port_free(member.host, port):
                    raise Unavailable(
                        f"port {port} on {member.host} is taken by another program, and {member.name} needs "
                        f"it ({use}_port). Stop that program, or make the network on other ports: "
                        f"govchain testnet init --base-port {port + 1000 if port < 64_000 else 7100} …"
                    )

    def _down_folder(self, name: str) -> Path:
        process = self.process(name)
        if process.find() is not None:
            raise Unavailable(f"{name} runs; its data directory is left alone until it has ended")
        return process.folder

    def _health(self, member: ManifestValidator) -> ValidatorHealth:
        process = self._processes[member.name].find()
        health = probe(member.host, member.api_port) if process is not None else Health.SILENT
        return ValidatorHealth(member.name, process.pid if process is not None else None, health)

    def _unready(self, waiting: Sequence[ManifestValidator], timeout_s: float) -> str:
        lines = [f"not ready after {timeout_s:g} s: {', '.join(member.name for member in waiting)}"]
        for member in waiting:
            tail = self._processes[member.name].log_tail(4)
            lines.append(f"{member.name}, from {self._processes[member.name].log_path}:\n{tail}")
        return "\n".join(lines)
