"""Quantities as people write them: `20ms`, `10MB`, `1Gbit`. Integers inside, never floats.

Only text to number and back; where a text stood in a file is the converter's business.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Final, NewType

DurationNs = NewType("DurationNs", int)
"""Nanoseconds; written as a number and a unit, for example `20ms`, `1.5s`, `2m`, `3h`, `7d`."""

SizeBytes = NewType("SizeBytes", int)
"""Bytes; written as `512B`, `64kB`, `10MB`, `2GB`, or in powers of two `64KiB`, `8MiB`, `1GiB`."""

BitsPerSecond = NewType("BitsPerSecond", int)
"""Bandwidth; written as `800kbit`, `100Mbit`, `1Gbit`, always a second."""

_DURATION: Final[Mapping[str, int]] = {
    "ns": 1,
    "us": 1_000,
    "ms": 1_000_000,
    "s": 1_000_000_000,
    "m": 60_000_000_000,
    "h": 3_600_000_000_000,
    "d": 86_400_000_000_000,
}
_SIZE: Final[Mapping[str, int]] = {
    "B": 1,
    "kB": 10**3,
    "MB": 10**6,
    "GB": 10**9,
    "KiB": 2**10,
    "MiB": 2**20,
    "GiB": 2**30,
}
_BANDWIDTH: Final[Mapping[str, int]] = {"bit": 1, "kbit": 10**3, "Mbit": 10**6, "Gbit": 10**9}

_QUANTITY: Final = re.compile(r"((?:0|[1-9][0-9]{0,17})(?:\.[0-9]{1,9})?) ?([A-Za-z]+)", re.ASCII)

UNITS: Final[Mapping[object, tuple[Mapping[str, int], str]]] = {
    DurationNs: (_DURATION, "a duration such as 20ms, 1.5s, 2m, 3h or 7d"),
    SizeBytes: (_SIZE, "a size such as 512B, 64kB, 10MB or 8MiB"),
    BitsPerSecond: (_BANDWIDTH, "a bandwidth such as 100Mbit or 1Gbit"),
}
"""Quantity type to its units and to the sentence that an error shows."""


def parse_quantity(text: str, units: Mapping[str, int]) -> int | None:
    """The quantity in its base unit; None when the text is none, or not a whole number of base units."""
    matched = _QUANTITY.fullmatch(text)
    if matched is None or matched[2] not in units:
        return None
    value = Decimal(matched[1]) * units[matched[2]]
    return int(value) if value == int(value) else None
