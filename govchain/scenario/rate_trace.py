"""Rates over time from a file: lines of a time since the load began and records a second from then on.

Reads the file; when records are due is in `pace`.
"""

from __future__ import annotations

import re
from typing import Final

from govchain.config.units import UNITS, DurationNs, parse_quantity
from govchain.errors import ConfigError
from govchain.scenario.loaded import LoadedScenario

Trace = tuple[tuple[int, int], ...]
"""Nanoseconds since the load began, and records a second from then on."""

FILE_BYTES_MAX: Final = 1024 * 1024
LINES_MAX: Final = 20_000
"""Lines of a trace that say something."""

_RATE: Final = re.compile(r"(0|[1-9][0-9]{0,4})/s")
_EXPECTED: Final = "a time and a rate, for example 30s, 50/s"


def read_trace(loaded: LoadedScenario, number: int) -> Trace:
    """The trace of an entry of `workload`; empty when its rate names no file.

    Raises:
        ConfigError: The file is not there, or not a trace; with its line.
    """
    name = loaded.scenario.workload[number].rate.trace
    if name is None:
        return ()
    where = ("workload", number, "rate", "trace")
    path = loaded.file(name, where)
    if path.stat().st_size > FILE_BYTES_MAX:
        expected = f"at most {FILE_BYTES_MAX} bytes"
        raise loaded.source.error("the file is too large", *where, found=name, expected=expected)
    return parse_trace(path.read_bytes().decode("utf-8", "replace"), name)


def parse_trace(text: str, name: str) -> Trace:
    """The trace in a text.

    Raises:
        ConfigError: A line is wrong, times do not grow, or the first is not `0s` with a rate above zero.
    """
    found: list[tuple[int, int]] = []
    for line, written in enumerate(text.removeprefix("\ufeff").splitlines(), start=1):
        content = written.partition("#")[0].strip()
        if not content:
            continue
        if len(found) == LINES_MAX:
            raise ConfigError("the trace is too long", path=name, line=line, expected=f"{LINES_MAX} lines")
        at_ns, per_s = _read(content, name, line)
        if not found and (at_ns or not per_s):
            # The first record is due when the load begins.
            expected = "0s and a rate above zero; `from` lets the load begin later"
            raise ConfigError("not the first line", path=name, line=line, found=content, expected=expected)
        if found and at_ns <= found[-1][0]:
            raise ConfigError(
                "times do not grow", path=name, line=line, found=content, expected="a later time than before"
            )
        found.append((at_ns, per_s))
    if not found:
        raise ConfigError("an empty trace", path=name, expected=_EXPECTED)
    return tuple(found)


def _read(content: str, name: str, line: int) -> tuple[int, int]:
    time, _, rate = content.partition(",")
    at_ns, matched = parse_quantity(time.strip(), UNITS[DurationNs][0]), _RATE.fullmatch(rate.strip())
    if at_ns is None or matched is None:
        raise ConfigError("no line of a trace", path=name, line=line, found=content[:80], expected=_EXPECTED)
    return at_ns, int(matched[1])
