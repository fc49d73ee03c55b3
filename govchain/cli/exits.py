"""Exit statuses, and the one boundary where an error becomes a message and a status.

Every command raises; nothing below this file prints an error or ends the process because of one.
"""

from __future__ import annotations

import errno
from collections.abc import Callable
from enum import IntEnum
from typing import Final

from rich.console import Console
from rich.text import Text

from govchain.cli.errors_zh import HEADLINES_ZH, LABELS_ZH, sentence_zh
from govchain.errors import (
    BadCredential,
    BadProof,
    BadSignature,
    BadTimestamp,
    ConfigError,
    GovchainError,
    Indeterminate,
    InvalidInput,
    InvalidTransaction,
    NotPermitted,
    SimulationFailure,
    StorageFailure,
    Unavailable,
)


class ExitStatus(IntEnum):
    """What the caller of a command learns, everywhere the same."""

    HOLDS = 0
    FAILS = 1
    """An expectation was violated, a verification failed, a rule denied."""
    USAGE = 2
    """Bad usage or input."""
    UNDECIDED = 3
    """A limit was reached first; it may still happen."""
    ENVIRONMENT = 4
    """Port taken, disk full, peer unreachable."""
    INTERRUPTED = 130


_STATUS_OF: Final[tuple[tuple[type[BaseException], ExitStatus], ...]] = (
    # The first class that fits decides, so a subclass stands before its base.
    (BadCredential, ExitStatus.FAILS),
    (BadTimestamp, ExitStatus.FAILS),
    (BadProof, ExitStatus.FAILS),
    (BadSignature, ExitStatus.FAILS),
    (InvalidTransaction, ExitStatus.FAILS),
    (NotPermitted, ExitStatus.FAILS),
    (SimulationFailure, ExitStatus.FAILS),
    (ConfigError, ExitStatus.USAGE),
    (InvalidInput, ExitStatus.USAGE),
    (Indeterminate, ExitStatus.UNDECIDED),
    (Unavailable, ExitStatus.ENVIRONMENT),
    (StorageFailure, ExitStatus.ENVIRONMENT),
    (GovchainError, ExitStatus.FAILS),
    # Somebody named a file that is not there, or a folder for a file: the input is wrong, not the machine.
    (FileNotFoundError, ExitStatus.USAGE),
    (IsADirectoryError, ExitStatus.USAGE),
    (NotADirectoryError, ExitStatus.USAGE),
    (OSError, ExitStatus.ENVIRONMENT),
)

_HEADLINES: Final = {
    ExitStatus.FAILS: "does not hold",
    ExitStatus.USAGE: "bad input",
    ExitStatus.UNDECIDED: "undecided",
    ExitStatus.ENVIRONMENT: "cannot run here",
}


def status_of(error: BaseException) -> ExitStatus:
    """Exit status of a deliberate error or one of the operating system."""
    return next(status for kind, status in _STATUS_OF if isinstance(error, kind))


def run_bounded(command: Callable[[], None], console: Console, *, chinese: bool = False) -> int:
    """Run a command; every deliberate error becomes one clear message on `console` and its exit status."""
    try:
        command()
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else ExitStatus.HOLDS if end.code is None else 1
    except KeyboardInterrupt:
        return ExitStatus.INTERRUPTED
    except BrokenPipeError:
        # The reader of a pipe has seen enough; that is nobody's fault.
        return ExitStatus.HOLDS
    except (GovchainError, OSError) as error:
        status = status_of(error)
        for line in _message(error, status, chinese):
            console.print(line, soft_wrap=True)
        return status
    return ExitStatus.HOLDS


def _message(error: GovchainError | OSError, status: ExitStatus, chinese: bool) -> list[Text]:
    name = _HEADLINES[status]
    headline = Text.assemble(
        ("govchain: ", "bold red"), (f"{HEADLINES_ZH[name]}：" if chinese else f"{name}: ", "red")
    )
    if isinstance(error, ConfigError):
        problem = sentence_zh(error.problem) if chinese else error.problem
        return [headline + Text(_place(error) + problem), *_details(error, chinese)]
    if isinstance(error, BadProof):
        step = f"步骤 {error.step!r} 不成立：" if chinese else f"step {error.step!r} failed: "
        return [headline + Text(f"{step}{error}")]
    if isinstance(error, OSError):
        return [headline + Text(_os_error(error, chinese))]
    lines = [headline + Text(str(error))]
    if not error.definite:
        en = "it may have happened, or may still happen: ask again by id"
        lines.append(Text("  " + ("可能已经发生，或仍会发生：请按编号再次查询" if chinese else en)))
    return lines


def _place(error: ConfigError) -> str:
    if error.path is None:
        return ""
    return f"{error.path}:{error.line}: " if error.line is not None else f"{error.path}: "


def _details(error: ConfigError, chinese: bool) -> list[Text]:
    rows = (
        ("found", None if error.found is None else str(error.found)),
        ("expected", sentence_zh(error.expected) if chinese and error.expected else error.expected),
        ("what to do", error.hint),
    )
    return [
        Text.assemble((f"  {LABELS_ZH[name]}：" if chinese else f"  {name}: ", "dim"), value)
        for name, value in rows
        if value is not None
    ]


def _os_error(error: OSError, chinese: bool) -> str:
    text = error.strerror or str(error)
    if error.filename is not None:
        text = f"{error.filename}: {text}"
    if error.errno == errno.ENOSPC:
        text += "；请腾出空间后重试" if chinese else "; free some space and run it again"
    return text
