"""Checks of single payload fields that many kinds of record share (rule G1).

Each raises with the field's name and what was expected. Nothing of the state is read here, and what a value
means is for the kind that asks.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from govchain.ledger.amounts import parse_cents
from govchain.ledger.identifiers import is_credit_code, parse_date_ms, parse_time_ms
from govchain.ledger.rules.rule import deny

CODES_MAX: Final = 64
TEXT_MAX: Final = 1_000

_CODE: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_REFERENCE: Final = re.compile(r"[!-.0-~]{1,128}")
_HEX: Final = re.compile(r"[0-9a-f]{64}")


def require_codes(name: str, codes: Sequence[str], most: int = CODES_MAX) -> None:
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


def require_amount(name: str, text: str) -> int:
    """Rule G1: an amount above 0; gives its cents."""
    try:
        cents = parse_cents(text)
    except ValueError as error:
        raise deny("G1", "E_PAYLOAD", f"fields.{name}: {error}") from error
    if cents <= 0:
        raise deny("G1", "E_PAYLOAD", f"fields.{name}: expected an amount above 0")
    return cents
