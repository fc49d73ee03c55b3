"""Terms that all records of data sharing use: modes, sharing classes, roles, deadlines, well-formed names.

Words and small checks only. What a record may do is in its own kind: `catalog`, `grant`, `consent`,
`exchange`, `objection`, `form`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Final, NamedTuple

import msgspec

from govchain.ledger.identifiers import is_credit_code, parse_date_ms, parse_time_ms
from govchain.ledger.rules.rule import deny
from govchain.ledger.state import index_key
from govchain.ledger.workdays import deadline_ms

PROVIDER: Final = "data-provider"
REQUESTER: Final = "data-requester"
AUTHORITY: Final = "data-authority"
"""The body that keeps the directory and decides what others left undecided."""
PORTAL: Final = "citizen-portal"
"""The identity organisation under which people's keys are registered."""
GATEWAY: Final = "gateway"
"""Role of the key with which a department's gateway signs exchanges."""
CITIZEN: Final = "citizen"
"""Role of a person's key; its `person` is the pseudonym at one audience."""

YES_NO: Final = "yes-no"
THRESHOLD: Final = "threshold"
VALUE: Final = "value"
MODES: Final = (YES_NO, THRESHOLD, VALUE)
"""How a field is answered, from the least that is told to the most."""

UNCONDITIONAL: Final = "unconditional"
CONDITIONAL: Final = "conditional"
NOT_SHARED: Final = "none"
CLASSES: Final = (UNCONDITIONAL, CONDITIONAL, NOT_SHARED)

FIELDS_MAX: Final = 64
TEXT_MAX: Final = 1_000
USES_MAX: Final = 1_000_000

CALLABLE: Final = ("PUBLISHED", "UPDATED")
"""States of a catalog item in which it may be called (rule D8)."""


class Deadline(NamedTuple):
    """So many working days, and who says so."""

    workdays: int
    source: str

    def end_ms(self, from_ms: int) -> int:
        return deadline_ms(from_ms, self.workdays)


DECISION: Final = Deadline(10, "regulations on government data sharing, conditional class; unconfirmed")
SUPPLY: Final = Deadline(20, "regulations on government data sharing, data after consent; unconfirmed")
CORRECTION: Final = Deadline(10, "regulations on government data sharing, correction; unconfirmed")


class ItemElement(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """One field of a catalog item, as the state keeps it."""

    name: str
    element: str
    modes: tuple[str, ...]


_CODE: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_REFERENCE: Final = re.compile(r"[!-.0-~]{1,128}")
_HEX: Final = re.compile(r"[0-9a-f]{64}")
_CHINA: Final = timedelta(hours=8)


def element_key(element: str) -> bytes:
    """Index of the one catalog item that is the source of an element (rule D1)."""
    return index_key("catalog-element", element)


def day_of(time_ms: int) -> str:
    """The day in China."""
    return (datetime.fromtimestamp(time_ms // 1000, UTC) + _CHINA).date().isoformat()


def require_codes(name: str, codes: Sequence[str], most: int = FIELDS_MAX) -> None:
    """Rule G1: a list of different codes."""
    if not 1 <= len(codes) <= most or len(set(codes)) != len(codes):
        raise deny("G1", "E_PAYLOAD", f"fields.{name}: expected 1 to {most} different entries")
    for code in codes:
        require_code(name, code)


def require_code(name: str, code: str) -> None:
    """Rule G1: a code is short and plain."""
    if not _CODE.fullmatch(code):
        raise deny("G1", "E_PAYLOAD", f"fields.{name}: expected 1 to 64 letters, digits, dots and hyphens")


def require_reference(name: str, text: str) -> None:
    """Rule G1: a pseudonym, commitment or number is printable ASCII without spaces and slashes."""
    if not _REFERENCE.fullmatch(text):
        raise deny("G1", "E_PAYLOAD", f"fields.{name}: expected 1 to 128 printable characters, no / or space")


def require_hex(name: str, text: str) -> None:
    """Rule G1: 32 bytes in hex."""
    if not _HEX.fullmatch(text):
        raise deny("G1", "E_PAYLOAD", f"fields.{name}: expected 64 lower-case hex digits")


def require_organisation(name: str, text: str) -> None:
    """Rule G1: an organisation is named by its credit code."""
    if not is_credit_code(text):
        raise deny("G1", "E_PAYLOAD", f"fields.{name}: expected a unified social credit code")


def require_text(name: str, text: str) -> None:
    """Rule G1: a reason is given, and short."""
    if not 1 <= len(text) <= TEXT_MAX:
        raise deny("G1", "E_PAYLOAD", f"fields.{name}: expected 1 to {TEXT_MAX} characters")


def require_one_of(name: str, text: str, options: Sequence[str]) -> None:
    """Rule G1: one of few words."""
    if text not in options:
        raise deny("G1", "E_PAYLOAD", f"fields.{name}: expected {' or '.join(options)}")


def require_number(name: str, number: int, least: int, most: int) -> None:
    """Rule G1: a whole number within its limits."""
    if not least <= number <= most:
        raise deny("G1", "E_PAYLOAD", f"fields.{name}: expected a number from {least} to {most}")


def require_date(name: str, text: str) -> int:
    """Rule G1: a day of the calendar; gives the moment at which it begins."""
    try:
        return parse_date_ms(text)
    except ValueError as error:
        raise deny("G1", "E_PAYLOAD", f"fields.{name}: {error}") from error


def require_time(name: str, text: str) -> int:
    """Rule G1: a moment with offset."""
    try:
        return parse_time_ms(text)
    except ValueError as error:
        raise deny("G1", "E_PAYLOAD", f"fields.{name}: {error}") from error
