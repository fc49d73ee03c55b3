"""Structured logs: one JSON object a line, with time, level, node, event and facts.

Neither secrets nor payloads may be logged: values are numbers, short texts and ids, and what else comes
here is cut or replaced by its type. No line is written for a single transaction.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable, Iterator, MutableMapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, Final, TextIO

import structlog

from govchain.errors import ConfigError

TEXT_CHARACTERS_MAX: Final = 500
DIGEST_CHARACTERS_SHOWN: Final = 16
NAMES_HIDDEN: Final = frozenset({"secret", "passphrase", "password", "payload", "body", "signature", "token"})
LINES_PER_EVENT_MAX: Final = 5
"""Lines of one kind in one second; more are counted and told with the next one."""

Logger = structlog.typing.FilteringBoundLogger
Facts = MutableMapping[str, Any]


@contextmanager
def log_stream(path: Path | str = "") -> Iterator[TextIO]:
    """The file to log to, appended to and closed at the end; standard error when the path is empty.

    Raises:
        ConfigError: The file cannot be written.
    """
    if not str(path):
        yield sys.stderr
        return
    with ExitStack() as stack:
        try:
            stream = stack.enter_context(Path(path).open("a", encoding="utf-8", buffering=1))
        except OSError as error:
            raise ConfigError(f"cannot write the log: {error.strerror}", path=str(path)) from error
        yield stream


def open_log(node: str, stream: TextIO, *, level: int = logging.INFO) -> Logger:
    """Logger of one node."""
    logger = structlog.wrap_logger(
        structlog.WriteLogger(stream),
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            redact,
            structlog.processors.JSONRenderer(ensure_ascii=False, default=_type_name),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        cache_logger_on_first_use=True,
    )
    bound: Logger = logger.bind(node=node)
    return bound


def redact(_logger: object, _method: str, facts: Facts) -> Facts:
    """Keep a line short and free of contents: ids are cut, other objects become their type's name."""
    for name, value in facts.items():
        if name in NAMES_HIDDEN:
            facts[name] = "[hidden]"
        elif isinstance(value, bytes | bytearray):
            facts[name] = bytes(value).hex()[:DIGEST_CHARACTERS_SHOWN]
        elif isinstance(value, str) and len(value) > TEXT_CHARACTERS_MAX and name != "exception":
            facts[name] = value[:TEXT_CHARACTERS_MAX] + "…"
        elif not isinstance(value, str | int | float | bool | None):
            facts[name] = _type_name(value)
    return facts


def capture_standard_logging(log: Logger) -> logging.Handler:
    """Send what libraries write through `logging` into the node's log; remove the handler to undo it."""
    handler = _Forwarder(log)
    root = logging.getLogger()
    root.addHandler(handler)
    root.setLevel(logging.WARNING)
    return handler


class Throttle:
    """Bounds lines of one kind: `allow` says whether to write, and how many were left out before.

    Args:
        clock: Seconds, monotonic.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._windows: dict[str, tuple[int, int, int]] = {}

    def allow(self, event: str) -> tuple[bool, int]:
        """Whether a line may be written now, and the number of suppressed ones since the last."""
        second = int(self._clock())
        started, written, suppressed = self._windows.get(event, (second, 0, 0))
        if started != second:
            started, written = second, 0
        if written >= LINES_PER_EVENT_MAX:
            self._windows[event] = (started, written, suppressed + 1)
            return False, 0
        self._windows[event] = (started, written + 1, 0)
        return True, suppressed


class _Forwarder(logging.Handler):
    def __init__(self, log: Logger) -> None:
        super().__init__(logging.WARNING)
        self._log = log

    def emit(self, record: logging.LogRecord) -> None:
        self._log.warning("library", logger=record.name, message=record.getMessage())


def _type_name(value: object) -> str:
    return f"<{type(value).__name__}>"
