"""Looks for people in bytes: identity numbers, mobile numbers, and the names of a story's people.

Written on its own, beside the ledger's rule I3, so that one does not share the other's mistakes.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from stdnum.iso7064 import mod_11_2

from govchain.model import Space
from govchain.scenario import LoadedScenario

_DIGESTS = re.compile(rb"[0-9a-f]{32,}")
"""Hex of 128 bits and more has runs of digits by chance."""
_NUMBERS = re.compile(rb"(?<=[:,\[])-?[0-9][0-9.]*(?=[,\]}])")
"""Numbers of the JSON inside a page."""
_IDENTITY = re.compile(rb"(?<![0-9])[1-9][0-9]{16}[0-9Xx](?![0-9A-Za-z])")
_MOBILE = re.compile(rb"(?<![0-9])1[3-9][0-9]{9}(?![0-9])")


def names_of(loaded: LoadedScenario) -> list[str]:
    """Names of a story's people, as no record may hold them."""
    return [name for person in loaded.scenario.people for name in (person.name, person.name_zh) if name]


def held_texts(loaded: LoadedScenario) -> list[str]:
    """Whom the gateways of a story know, and texts that they hold: nothing outside of them may show these.

    Without what steps write themselves, such as the number of a licence, and without hashes.
    """
    holdings = [held for gateway in loaded.scenario.gateways for held in gateway.holdings]
    written = repr([step.with_ for step in loaded.scenario.steps if step.do != "gateway.correct"])
    texts = {held.person for held in holdings}
    texts |= {value for held in holdings for value in held.values.values() if isinstance(value, str)}
    return sorted(text for text in texts if text not in written and not _DIGESTS.fullmatch(text.encode()))


def find_people(data: bytes, names: list[str]) -> list[str]:
    """Everything in some bytes that tells who somebody is."""
    text = _DIGESTS.sub(lambda match: b"." * len(match.group()), data)
    found = [match.decode() for match in _IDENTITY.findall(text) if _is_identity(match.decode().upper())]
    found += [match.decode() for match in _MOBILE.findall(text)]
    lowered = data.lower()
    return found + [name for name in names if name.lower().encode() in lowered]


def _is_identity(number: str) -> bool:
    has_date = number[6:8] in ("19", "20") and number[10:12] <= "12" and number[12:14] <= "31"
    return has_date and bool(mod_11_2.is_valid(number))


def store_bytes(store: Any) -> Iterator[bytes]:
    """Every key and value of a store, of all spaces."""
    for space in Space:
        for key, value in store.scan(space):
            yield from (key, value)


def log_bytes(path: Path) -> Iterator[bytes]:
    """A log, trace or page: the texts of JSON lines (times and counts are numbers), or a line as it is."""
    data = path.read_bytes()
    for line in (_NUMBERS.sub(b".", data) if path.suffix == ".html" else data).splitlines():
        try:
            parts = [json.loads(line)]
        except ValueError:
            yield line
            continue
        while parts:
            part = parts.pop()
            if isinstance(part, dict):
                parts += [*part.keys(), *part.values()]
            elif isinstance(part, list):
                parts += part
            elif isinstance(part, str):
                yield part.encode()
