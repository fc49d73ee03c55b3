"""Plain personal identifiers in texts (rule I3): identity numbers and mobile numbers.

Finding and masking only. False alarms would block honest records, so digits must stand alone (a 20-digit
invoice number is not an identity number and a digest is not a telephone number), and identity numbers must
hold a real date and a right check character (GB 11643, MOD 11-2).
"""

from __future__ import annotations

import re
from typing import Any, Final

import msgspec

MASK: Final = "[withheld]"

_PHONE: Final = r"(?<![0-9])(?:(?:\+|00)?86[- ]?)?1[3-9][0-9]([- ]?)[0-9]{4}\1[0-9]{4}(?![0-9])"
_IDENTITY: Final = r"(?<![0-9])[1-9][0-9]{5}(?:18|19|20)[0-9]{9}[0-9Xx](?![0-9])"
_CANDIDATE: Final = re.compile(f"{_PHONE}|{_IDENTITY}")

# What every identifier contains, in shapes that are searched for in a microsecond.
_PHONE_SHAPE: Final = re.compile(rb"1[3-9][0-9](?:[- ]?[0-9]{4}){2}")
_DIGITS_TO_ZERO: Final = bytes(48 if 48 <= byte < 58 else byte for byte in range(256))
_IDENTITY_SHAPE: Final = b"0" * 17

_DIGEST: Final = re.compile(r"(?<![0-9A-Za-z])(?:[0-9a-f]{40,}|[0-9A-F]{40,})(?![0-9A-Za-z])")
"""Hash values of 160 bits and more."""


def holds_identifier(text: str) -> bool:
    """True when a text holds a plain identity number or mobile number."""
    return bool(_found(_normal(text)))


def mask_identifiers(text: str) -> str:
    """The text with every plain identifier replaced, for details and logs."""
    normal = _normal(text)
    found = _found(normal)
    if not found:
        return text
    for start, end in reversed(found):
        normal = normal[:start] + MASK + normal[end:]
    return normal


def payload_holds_identifier(payload: bytes) -> bool:
    """True when a string or a key inside a JSON payload holds a plain identifier. Expects valid JSON."""
    # Most payloads hold nothing that even looks like one; then no string is cut out and looked at.
    if (
        payload.isascii()
        and b"\\" not in payload
        and _PHONE_SHAPE.search(payload) is None
        and _IDENTITY_SHAPE not in payload.translate(_DIGITS_TO_ZERO)
    ):
        return False
    return any(holds_identifier(text) for text in _strings(msgspec.json.decode(payload)))


def _strings(value: Any) -> list[str]:
    if isinstance(value, str):
        return [value]
    if isinstance(value, dict):
        return [text for key, item in value.items() for text in (key, *_strings(item))]
    if isinstance(value, list):
        return [text for item in value for text in _strings(item)]
    return []


# Full-width forms read as plain ones. Our own table: Unicode's grows with every Python, a verdict must not.
_FULL_WIDTH: Final = {
    code: code - 0xFEE0 for code in (0xFF0B, 0xFF0D, *range(0xFF10, 0xFF1A), 0xFF38, 0xFF58)
}
_FULL_WIDTH[0x3000] = 0x20


def _normal(text: str) -> str:
    return text if text.isascii() else text.translate(_FULL_WIDTH)


def _found(text: str) -> list[tuple[int, int]]:
    if not _CANDIDATE.search(text):
        return []
    # Digests hold long runs of digits by chance; blank them at equal length to keep the positions.
    cleared = _DIGEST.sub(lambda match: "g" * len(match.group()), text)
    return [match.span() for match in _CANDIDATE.finditer(cleared) if _is_identifier(match.group())]


def _is_identifier(text: str) -> bool:
    digits = text.upper()
    if len(digits) != 18 or not digits[:17].isdigit():
        return True  # a mobile number; the pattern says all there is to say
    month, day = int(digits[10:12]), int(digits[12:14])
    if not (1 <= month <= 12 and 1 <= day <= 31):
        return False
    return digits[17] == compute_identity_check(digits[:17])


def compute_identity_check(digits: str) -> str:
    """Check character of 17 digits (GB 11643, ISO/IEC 7064 MOD 11-2)."""
    assert len(digits) == 17
    total = sum(int(digit) << (17 - position) for position, digit in enumerate(digits))
    check = (12 - total % 11) % 11
    return "X" if check == 10 else str(check)
