"""Identifiers of the records' own standards: licence ids, credit codes, invoice and case numbers, times.

Parsing and check characters only; which of them a transaction may use is a rule's business.
Parsers raise ValueError with one sentence on what is wrong. Check characters are computed here and not by a
library: every validator must get the same answer, whatever version of it is installed.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta, timezone
from functools import lru_cache
from typing import Final

import msgspec

TIMES_KEPT_MAX: Final = 1024
"""Parsed times kept: the rules of one record ask for the same ones again."""

LICENCE_PREFIX: Final = "1.2.156.3005.2."

INVOICE_REGIONS: Final = (
    *("11", "12", "13", "14", "15", "21", "22", "23", "31", "32", "33", "34", "35", "36", "37"),
    *("41", "42", "43", "44", "45", "46", "50", "51", "52", "53", "54", "61", "62", "63", "64", "65"),
    *("91", "92", "93", "94", "95", "99"),
)
"""Region digits of a 20-digit invoice number.

Source: province codes of GB/T 2260; 91 to 95 for cities planned separately by the state (unconfirmed, from
public samples); 99 is no real region and serves rehearsals."""

_TYPE_CODE: Final = re.compile(r"[0-9A-HJ-NPQRTUWXY]{18}[0-9]{3}")
_ORG: Final = re.compile(r"[0-9A-Z]{18}")
_CREDIT_CODE: Final = re.compile(r"[0-9]{8}[0-9A-HJ-NPQRTUWXY]{10}")
_CREDIT_ALPHABET: Final = "0123456789ABCDEFGHJKLMNPQRTUWXY"
_ALPHABET: Final = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_SERIAL: Final = re.compile(r"[0-9A-Z]{1,64}")
_TIME: Final = re.compile(
    r"(19|20|21)\d\d-\d\d-\d\dT([01]\d|2[0-3]):[0-5]\d:[0-5]\d(\.\d{1,6})?(Z|[+-]([01]\d|2[0-3]):[0-5]\d)",
    re.ASCII,
)
_DATE: Final = re.compile(r"(19|20|21)\d\d-\d\d-\d\d", re.ASCII)
_CASE_NO: Final = re.compile(
    r"[（(](19|20)[0-9]{2}[）)][\u4e00-\u9fff]{1,4}[0-9]{0,6}[\u4e00-\u9fff]{1,8}[0-9]{1,8}"
    r"(之[0-9一二三四五六七八九十]{1,4})?号"
)

_CHINA: Final = timezone(timedelta(hours=8))
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND: Final = timedelta(milliseconds=1)


class LicenceId(msgspec.Struct, frozen=True):
    """The parts of a GB/T 36904 identifier."""

    type_code: str
    """Credit code of the authority that defines the type, and three digits."""
    org: str
    """Issuing organisation."""
    serial: str
    version: int

    def with_version(self, version: int) -> str:
        """Identifier of another version of the same licence. Expects 1 <= version <= 999."""
        assert 1 <= version <= 999
        parts = (self.type_code, self.org, self.serial, f"{version:03d}")
        return LICENCE_PREFIX + ".".join((*parts, compute_licence_check("".join(parts))))


def parse_licence_id(text: str) -> LicenceId:
    """Parts of a GB/T 36904 licence identifier with a right check character (ISO/IEC 7064 MOD 37,36)."""
    if not text.startswith(LICENCE_PREFIX):
        raise ValueError(f"a licence identifier begins with {LICENCE_PREFIX}")
    parts = text[len(LICENCE_PREFIX) :].split(".")
    if len(parts) != 5:
        raise ValueError(
            f"expected type, issuer, serial, version and check character, found {len(parts)} parts"
        )
    type_code, org, serial, version, check = parts
    if not _TYPE_CODE.fullmatch(type_code):
        raise ValueError("the type code is not an 18-character credit code and three digits")
    if not _ORG.fullmatch(org):
        raise ValueError("the issuing organisation is not an 18-character code")
    if not _SERIAL.fullmatch(serial):
        raise ValueError("the serial is not 1 to 64 digits and capital letters")
    if not re.fullmatch(r"[0-9]{3}", version) or version == "000":
        raise ValueError("the version is not three digits from 001")
    expected = compute_licence_check(type_code + org + serial + version)
    if check != expected:
        raise ValueError(f"the check character is {check[:1]!r}; the other parts give {expected!r}")
    return LicenceId(type_code=type_code, org=org, serial=serial, version=int(version))


def is_licence_type(text: str) -> bool:
    """True for a licence type code: a credit code of the defining authority, and three digits."""
    return _TYPE_CODE.fullmatch(text) is not None


def is_area_code(text: str) -> bool:
    """True for six digits, as GB/T 2260 writes areas; 000000 is the whole country."""
    return re.fullmatch(r"[0-9]{6}", text, re.ASCII) is not None


def covers_area(outer: str, inner: str) -> bool:
    """True when an area code is that of another, or of what that lies in.

    Province, city and county are two digits each; pairs of zeros at the end mean all of it. The whole country
    covers everything, also what is no area code.
    """
    stem = outer
    while stem.endswith("00"):
        stem = stem[:-2]
    return not stem or (is_area_code(inner) and inner.startswith(stem))


def is_credit_code(text: str) -> bool:
    """True for a unified social credit code in its one spelling (GB 32100-2015)."""
    return _CREDIT_CODE.fullmatch(text) is not None and text[17] == compute_credit_check(text[:17])


def looks_like_credit_code(text: str) -> bool:
    """True for 18 digits and letters, right or wrong, also where small letters would hide a code."""
    return _ORG.fullmatch(text.upper()) is not None if text.isascii() else False


def compute_credit_check(text: str) -> str:
    """Check character of the first 17 characters of a unified social credit code (GB 32100, mod 31)."""
    assert len(text) == 17
    total = sum(_CREDIT_ALPHABET.index(sign) * 3**place for place, sign in enumerate(text))
    return _CREDIT_ALPHABET[-total % 31]


def compute_licence_check(text: str) -> str:
    """Check character of digits and capital letters (ISO/IEC 7064 MOD 37,36)."""
    check = 36
    for sign in text:
        check = (check + _ALPHABET.index(sign)) % 36 or 36
        check = check * 2 % 37
    return _ALPHABET[(1 - check) % 36]


def validate_invoice_number(number: str, issue_date: str) -> None:
    """Check a 20-digit number: year 2, region 2, channel 1, serial 15 digits."""
    if not re.fullmatch(r"[0-9]+", number):
        raise ValueError("the invoice number holds something other than digits")
    if len(number) != 20:
        raise ValueError(f"the invoice number has {len(number)} digits; expected 20")
    if number[:2] != issue_date[2:4]:
        raise ValueError(f"the invoice number is of year {number[:2]}, the invoice of {issue_date[2:4]}")
    if number[2:4] not in INVOICE_REGIONS:
        raise ValueError(f"the invoice number names region {number[2:4]}, which is not known")


def is_case_number(text: str) -> bool:
    """True for a court's case number such as （2026）京0491民初99号; brackets may be full-width or ASCII."""
    return _CASE_NO.fullmatch(text) is not None


@lru_cache(maxsize=TIMES_KEPT_MAX)
def parse_time_ms(text: str) -> int:
    """Unix milliseconds of an RFC 3339 time with offset."""
    if not _TIME.fullmatch(text):
        raise ValueError("expected an RFC 3339 time with offset, for example 2026-11-02T09:00:00+08:00")
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        # The library's wording changes with its version; results are hashed, so ours must not.
        raise ValueError("this day is not in the calendar") from None
    return (moment - _EPOCH) // _MILLISECOND


def format_rfc3339(time_ms: int) -> str:
    """A time as payloads write it: UTC to the millisecond; `parse_time_ms` gives the same number back."""
    return (_EPOCH + time_ms * _MILLISECOND).isoformat(timespec="milliseconds")


def parse_date_ms(text: str) -> int:
    """Unix milliseconds at which a calendar day begins in China (+08:00)."""
    if not _DATE.fullmatch(text):
        raise ValueError("expected a date, for example 2026-11-02")
    try:
        day = date.fromisoformat(text)
    except ValueError:
        raise ValueError("this day is not in the calendar") from None
    return (datetime(day.year, day.month, day.day, tzinfo=_CHINA) - _EPOCH) // _MILLISECOND


def format_time(time_ms: int) -> str:
    """A time for people: China time to the second."""
    return (_EPOCH + time_ms * _MILLISECOND).astimezone(_CHINA).strftime("%Y-%m-%d %H:%M:%S +08:00")
