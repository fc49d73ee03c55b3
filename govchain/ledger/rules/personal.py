"""Plain personal identifiers in texts (rule I3): identity numbers and mobile numbers.

Finding and masking only. False alarms would block honest records, so digits must stand alone (a 20-digit
invoice number is not an identity number and a digest is not a telephone number), and identity numbers must
hold a real date and a right check character (GB 11643, MOD 11-2). One space or hyphen between digits hides
nothing.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any, Final

MASK: Final = "[withheld]"
PARTS_READ_MAX: Final = 256
"""Objects and lists up to which a payload is taken apart; a larger one is searched as one text.

No record has more, and how deep a decoder can go depends on the caller's stack; no verdict may."""

_PHONE: Final = re.compile(r"(?<![0-9])(?:(?:\+|00)?86[- ]?)?1[3-9][0-9]([- ]?)[0-9]{4}\1[0-9]{4}(?![0-9])")
# Looked for at every digit that begins a group: what stands before a space may not hide what follows it.
_IDENTITY: Final = re.compile(r"(?<![0-9])(?=([1-9](?:[- \t]?[0-9]){16}[- \t]?[0-9Xx])(?![0-9]))")

# What every identifier contains, in shapes that are searched for in a microsecond.
_PHONE_SHAPE: Final = re.compile(rb"1[3-9][0-9](?:[- ]?[0-9]{4}){2}")
_DIGITS_TO_ZERO: Final = bytes(48 if 48 <= byte < 58 else byte for byte in range(256))
_SEPARATORS: Final = b"- \t"
_ASCII: Final = bytes(range(128))
_IDENTITY_SHAPE: Final = b"0" * 17

_CODE: Final = re.compile(
    r"(?<![0-9A-Za-z])(?:[0-9a-f]{40,}|[0-9A-F]{40,}"
    r"|[0-9]{8}(?=[0-9]{0,8}[A-Z])[0-9A-HJ-NPQRTUWXY]{10}(?:[0-9]{3})?)(?![0-9A-Za-z])"
)
"""Hash values of 160 bits and more; credit codes with a letter before their check character, and the licence
types that begin with one."""

_ESCAPE: Final = re.compile(r"\\u([0-9A-Fa-f]{4})")


def holds_identifier(text: str) -> bool:
    """True when a text holds a plain identity number or mobile number."""
    return bool(_found(_normal(text)))


def mask_identifiers(text: str) -> str:
    """The text with every plain identifier replaced, for details and logs."""
    normal = _normal(text)
    found = _found(normal)
    if not found:
        return text
    parts, kept = [], 0
    for start, end in found:
        if start >= kept:
            parts += [normal[kept:start], MASK]
        kept = max(kept, end)
    return "".join(parts) + normal[kept:]


def payload_holds_identifier(payload: bytes) -> bool:
    """True when a string, a key or a number inside a payload holds a plain identifier.

    Any bytes may be asked about: what is not JSON is searched as one text. A short number may be a count of
    bytes, so only identity numbers are looked for in numbers.
    """
    # Most payloads hold nothing that even looks like one; then no string is cut out and looked at.
    if not _may_hold(payload):
        return False
    return any(
        _holds_identity(text) if isinstance(text, _Number) else holds_identifier(text)
        for text in _texts(payload)
    )


def _may_hold(payload: bytes) -> bool:
    if b"\\" in payload:
        return True
    if not payload.isascii():
        others = payload.translate(None, _ASCII).decode("utf-8", "replace")
        if not _FOREIGN.isdisjoint(others):
            return True
    if _PHONE_SHAPE.search(payload) is not None and _PHONE.search(payload.decode("utf-8", "replace")):
        return True
    # Invoice numbers have the shape too; without escapes the payload's text holds its strings as they are.
    has_shape = _IDENTITY_SHAPE in payload.translate(_DIGITS_TO_ZERO, _SEPARATORS)
    return has_shape and _holds_identity(payload.decode("utf-8", "replace"))


class _Number(str):
    """A JSON number as it is written."""

    __slots__ = ()


def _texts(payload: bytes) -> Iterator[str]:
    """Every string, key and number, also those that a repeated key would hide."""
    text = payload.decode("utf-8", "replace")
    if text.count("[") + text.count("{") <= PARTS_READ_MAX:
        try:
            value = json.loads(
                text,
                object_pairs_hook=_flatten,
                parse_int=_Number,
                parse_float=_Number,
                parse_constant=_Number,
            )
        except (ValueError, RecursionError):
            pass
        else:
            yield from _leaves(value)
            return
    yield text
    yield _ESCAPE.sub(lambda match: chr(int(match.group(1), 16)), text)


def _flatten(pairs: list[tuple[str, Any]]) -> list[Any]:
    return [part for pair in pairs for part in pair]


def _leaves(value: Any) -> Iterator[str]:
    waiting = [value]
    while waiting:
        item = waiting.pop()
        if isinstance(item, list):
            waiting.extend(item)
        elif isinstance(item, str):
            yield item


def _table() -> dict[int, int | None]:
    # Our own: Unicode's tables grow with every Python, a verdict must not.
    table: dict[int, int | None] = {0xFF0B: 0x2B, 0xFF38: 0x58, 0xFF58: 0x78}
    for zero in (0xFF10, 0x0660, 0x06F0, *range(0x1D7CE, 0x1D800, 10)):
        table.update({zero + digit: 0x30 + digit for digit in range(10)})
    table.update(dict.fromkeys((*range(0x2010, 0x2016), 0x2212, 0xFE58, 0xFE63, 0xFF0D), 0x2D))
    table.update(dict.fromkeys((0xA0, *range(0x2000, 0x200B), 0x202F, 0x205F, 0x3000), 0x20))
    table.update(dict.fromkeys((0xAD, *range(0x200B, 0x2010), 0x2060, 0xFEFF)))
    return table


_PLAIN: Final = _table()
"""Other digits, hyphens and spaces to the plain ones; what has no width to nothing."""
_FOREIGN: Final = frozenset(map(chr, _PLAIN))


def _normal(text: str) -> str:
    return text if text.isascii() else text.translate(_PLAIN)


def _found(text: str) -> list[tuple[int, int]]:
    """Where identifiers are, in rising order; they may overlap."""
    cleared = _without_codes(text)
    phones = [match.span() for match in _PHONE.finditer(cleared)]
    identities = [match.span(1) for match in _IDENTITY.finditer(cleared) if _is_identity(match.group(1))]
    return sorted(phones + identities)


def _holds_identity(text: str) -> bool:
    return any(_is_identity(match.group(1)) for match in _IDENTITY.finditer(text))


def _without_codes(text: str) -> str:
    # Both hold long runs of digits by chance; blank them at equal length to keep the positions.
    return _CODE.sub(lambda match: "g" * len(match.group()), text)


def _is_identity(text: str) -> bool:
    digits = text.translate(_NO_SEPARATORS).upper()
    assert len(digits) == 18
    month, day = int(digits[10:12]), int(digits[12:14])
    if digits[6:8] not in ("18", "19", "20") or not (1 <= month <= 12 and 1 <= day <= 31):
        return False
    return digits[17] == compute_identity_check(digits[:17])


_NO_SEPARATORS: Final = dict.fromkeys(_SEPARATORS)


def compute_identity_check(digits: str) -> str:
    """Check character of 17 digits (GB 11643, ISO/IEC 7064 MOD 11-2)."""
    assert len(digits) == 17
    total = sum(int(digit) << (17 - position) for position, digit in enumerate(digits))
    check = (12 - total % 11) % 11
    return "X" if check == 10 else str(check)
