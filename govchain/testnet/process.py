"""One validator or gateway as a process: start, signal, and tell a live one from a stale pid file.

A pid file holds the pid and when that process began, so a number the system gave to somebody else is never
mistaken for ours, and never signalled.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Final

import psutil

import govchain
from govchain.errors import Unavailable

_PROGRAM: Final = (sys.executable, "-m", "govchain")
LOG_LINES_SHOWN: Final = 12
STOP_TIMEOUT_S: Final = 10.0
_START_TOLERANCE_S: Final = 1.0


class ValidatorProcess:
    """The process of one folder. Another process may have started it (`testnet up --detach`).

    Args:
        service: `node` or `gateway`: the command that runs it, and the name of its files.
    """

    def __init__(self, name: str, folder: Path, service: str = "node") -> None:
        self.name = name
        self.folder = folder
        self._service = service
        self._child: subprocess.Popen[bytes] | None = None

    @property
    def log_path(self) -> Path:
        """Where its standard output and error go."""
        return self.folder / f"{self._service}.log"

    @property
    def _pid_path(self) -> Path:
        return self.folder / f"{self._service}.pid"

    def start(self) -> None:
        """Start it, unless it runs. It gets its own session, so a terminal's Ctrl-C reaches only us."""
        if self.find() is not None:
            return
        package_root = str(Path(govchain.__file__).resolve().parent.parent)
        paths = [package_root, *filter(None, [os.environ.get("PYTHONPATH")])]
        with self.log_path.open("ab") as log:
            self._child = subprocess.Popen(
                [*_PROGRAM, self._service, "run", "--config", str(self.folder / f"{self._service}.yaml")],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                env={**os.environ, "PYTHONPATH": os.pathsep.join(paths), "PYTHONUNBUFFERED": "1"},
            )
        started = psutil.Process(self._child.pid).create_time()
        content = json.dumps({"pid": self._child.pid, "started": started})
        self._pid_path.write_text(content + "\n", encoding="ascii")

    def find(self) -> psutil.Process | None:
        """The running process, or None. Removes a pid file that outlived its process."""
        try:
            known = json.loads(self._pid_path.read_text(encoding="ascii"))
            process = psutil.Process(int(known["pid"]))
            same = abs(process.create_time() - float(known["started"])) <= _START_TOLERANCE_S
            if same and process.status() != psutil.STATUS_ZOMBIE:
                return process
        except FileNotFoundError:
            self.exit_status()
            return None
        except (psutil.Error, ValueError, KeyError, TypeError):
            pass
        # Taken last: it may have ended between two looks, and nobody else takes its exit status.
        self.exit_status()
        with contextlib.suppress(FileNotFoundError):
            self._pid_path.unlink()
        return None

    def signal(self, number: signal.Signals) -> bool:
        """Send a signal; False when the process does not run."""
        process = self.find()
        if process is None:
            return False
        try:
            process.send_signal(number)
        except psutil.NoSuchProcess:
            return False
        return True

    def ask_to_end(self) -> None:
        """Ask it once to end; a validator takes a second request as an order. Wakes a paused one for that."""
        self.signal(signal.SIGTERM)
        self.signal(signal.SIGCONT)

    def wait_ended(self, timeout_s: float = STOP_TIMEOUT_S) -> None:
        """Wait until it has ended; after the timeout, end it."""
        process = self.find()
        if process is not None and not self._wait(process, timeout_s):
            self.kill()

    def kill(self) -> None:
        """End it at once, as a power cut would."""
        process = self.find()
        if process is not None:
            self.signal(signal.SIGKILL)
            self._wait(process, STOP_TIMEOUT_S)

    def exit_status(self) -> int | None:
        """Exit status of a process that we started and that ended; None otherwise."""
        return self._child.poll() if self._child is not None else None

    def log_tail(self, lines: int = LOG_LINES_SHOWN) -> str:
        """The last lines it wrote."""
        try:
            with self.log_path.open("rb") as log:
                log.seek(0, os.SEEK_END)
                log.seek(max(0, log.tell() - 16_384))
                text = log.read().decode("utf-8", "replace")
        except OSError:
            return ""
        return "\n".join(text.splitlines()[-lines:])

    def ended(self) -> Unavailable:
        """The error that says it is gone, with its exit status and last words."""
        status = self.exit_status()
        how = "is not running" if status is None else f"ended with exit status {status}"
        return Unavailable(f"{self.name} {how}; its last lines, from {self.log_path}:\n{self.log_tail()}")

    def _wait(self, process: psutil.Process, timeout_s: float) -> bool:
        try:
            if self._child is not None and self._child.pid == process.pid:
                self._child.wait(timeout_s)
            else:
                process.wait(timeout_s)
        except (subprocess.TimeoutExpired, psutil.TimeoutExpired):
            return False
        except psutil.NoSuchProcess:
            pass
        with contextlib.suppress(FileNotFoundError):
            self._pid_path.unlink()
        return True
