"""Any subset of any claims round-trips, every byte of a presentation matters, salts stop a dictionary."""

from __future__ import annotations

import hashlib
import itertools
import string
from base64 import urlsafe_b64encode
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from stdnum.cn import ric

from govchain.disclosure import REASONS, hide, issue, present, verify_credential, verify_presentation
from govchain.disclosure.jws import from_base64url, read_json, read_token, to_base64url
from govchain.disclosure.sd_jwt import SALT_BYTES, Path, open_claims, split
from govchain.errors import BadCredential, ConfigError
from tests.support.credentials import (
    AMR,
    BANK,
    HOLDER,
    HOLDER_NUMBER,
    ISSUER,
    KEY_ID,
    NOW_S,
    key_of,
    licence_credential,
    seeded_bytes,
)

NAMES = st.sampled_from(["a", "b", "名称", "c c"])
VALUES = st.none() | st.booleans() | st.integers(-9, 9) | st.text(max_size=4)
TREES = st.recursive(
    VALUES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3),
    max_leaves=8,
)


def paths_of(value: Any, path: Path = ()) -> Iterator[Path]:
    items: Any = (
        value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    )
    for name, child in items:
        yield (*path, name)
        yield from paths_of(child, (*path, name))


def visible(value: Any, hidden: set[Path], path: Path = ()) -> Any:
    """The naive twin: what is left when everything at `hidden` is cut out."""
    if isinstance(value, dict):
        return {n: visible(c, hidden, (*path, n)) for n, c in value.items() if (*path, n) not in hidden}
    if isinstance(value, list):
        return [visible(c, hidden, (*path, i)) for i, c in enumerate(value) if (*path, i) not in hidden]
    return value


@given(st.dictionaries(NAMES, TREES, min_size=1, max_size=3), st.data())
def test_L8_any_subset_of_any_claims_round_trips(claims: dict[str, Any], data: st.DataObject) -> None:
    paths = list(paths_of(claims))
    hidden = data.draw(st.lists(st.sampled_from(paths), unique=True))
    shown = data.draw(st.lists(st.sampled_from(hidden), unique=True)) if hidden else []
    sealed = hide(claims, hidden, seeded_bytes(), decoys=data.draw(st.integers(0, 2)))
    credential = issue(ISSUER, sealed, issuer=AMR, key_id=KEY_ID, holder=HOLDER.key, more={})

    def without_frame(found: dict[str, Any]) -> dict[str, Any]:
        return {name: value for name, value in found.items() if name not in ("iss", "cnf")}

    assert without_frame(verify_credential(credential, key_of, now_s=NOW_S).claims) == claims
    text = present(credential, shown, HOLDER, audience=BANK, nonce="n", now_s=NOW_S)
    verified = verify_presentation(text, key_of, audience=BANK, nonce="n", now_s=NOW_S)
    with_parents = {path[:end] for path in shown for end in range(1, len(path) + 1)}
    assert without_frame(verified.claims) == visible(claims, set(hidden) - with_parents)


URL_SIGNS = string.ascii_letters + string.digits + "-_"
PRESENTATION = present(
    licence_credential(),
    [("face", "certificateHolderName"), ("face", "scope"), ("face", "scope", 2)],
    HOLDER,
    audience=BANK,
    nonce="n",
    now_s=NOW_S,
)
KNOWN = verify_presentation(PRESENTATION, key_of, audience=BANK, nonce="n", now_s=NOW_S)


def refused(text: str) -> str:
    with pytest.raises(BadCredential) as caught:
        verify_presentation(text, key_of, audience=BANK, nonce="n", now_s=NOW_S)
    assert caught.value.reason in REASONS
    return caught.value.reason


def test_every_byte_of_a_presentation_matters() -> None:
    data = PRESENTATION.encode()
    reasons = set()
    for position, byte in enumerate(data):
        for other in (byte ^ 1, byte ^ 0x80, (byte + 1 + position * 7 % 255) % 256):
            if other != byte:
                changed = data[:position] + bytes([other]) + data[position + 1 :]
                reasons.add(refused(changed.decode("latin-1")))
    assert {"bad-signature", "unknown-disclosure", "malformed"} <= reasons


def test_unused_bits_at_the_end_of_a_part_matter() -> None:
    others = [sign for sign in URL_SIGNS if sign != PRESENTATION[-1]]
    assert {refused(PRESENTATION[:-1] + sign) for sign in others} == {"malformed", "bad-signature"}


@given(st.integers(0, len(PRESENTATION)), st.integers(0, len(PRESENTATION)), st.text(max_size=5))
def test_cut_and_mended_presentations_are_refused(first: int, last: int, between: str) -> None:
    text = PRESENTATION[:first] + between + PRESENTATION[last:]
    if text != PRESENTATION:
        refused(text)


@given(st.text(alphabet="ab~._-=é{}", max_size=40))
def test_nothing_else_comes_out_of_foreign_text(text: str) -> None:
    refused(text)


@given(TREES)
def test_nothing_else_comes_out_of_foreign_claims(value: Any) -> None:
    for claims in ({"_sd": value}, {"x": {"...": value}}, {"list": [{"...": value}]}, {"_sd_alg": value}):
        with suppress(BadCredential):
            open_claims(claims, [])


def numbers_of_a_district() -> list[bytes]:
    """Every identity number of one district for people born in two months: 60,000 of them."""
    first = date(1991, 1, 1)
    found = []
    for day in range(60):
        born = f"110102{first + timedelta(day):%Y%m%d}"
        for serial in range(1000):
            body = f"{born}{serial:03d}"
            # The check character is that of the library, computed in the loop for speed.
            found.append(
                (body + CHECK[sum(int(d) * w for d, w in zip(body, WEIGHTS, strict=True)) % 11]).encode()
            )
    return found


WEIGHTS = [2 ** (17 - place) % 11 for place in range(17)]
CHECK = "10X98765432"


def attack(credential: str, salts: Sequence[str], numbers: Sequence[bytes]) -> set[bytes]:
    """Numbers whose digest the credential holds, tried with every salt that somebody could think of."""
    digests = set(read_token(split(credential)[0]).payload["face"]["_sd"])
    found = set()
    for number in numbers:
        for salt in salts:
            text = b'["%s","certificateHolderCode","%s"]' % (salt.encode(), number)
            digest = hashlib.sha256(urlsafe_b64encode(text).rstrip(b"=")).digest()
            if to_base64url(digest) in digests:
                found.add(number)
    return found


def shown_without_number(random_bytes: Callable[[int], bytes]) -> str:
    credential = licence_credential(random_bytes=random_bytes)
    name_only = [("face", "certificateHolderName")]
    return present(credential, name_only, HOLDER, audience=BANK, nonce="n", now_s=NOW_S)


def counted_bytes() -> Callable[[int], bytes]:
    """A source that everybody can repeat: its salts are worth nothing."""
    count = itertools.count()
    return lambda size: next(count).to_bytes(size, "big")


def test_the_dictionary_holds_the_number_that_is_looked_for() -> None:
    numbers = numbers_of_a_district()
    assert HOLDER_NUMBER.encode() in numbers
    assert len(set(numbers)) == len(numbers) == 60_000
    assert all(ric.is_valid(number.decode()) for number in numbers[:: len(numbers) // 50])


def test_L8_dictionary_of_a_district_matches_no_hidden_field() -> None:
    text = shown_without_number(seeded_bytes())
    salts = [read_json(from_base64url(disclosure))[0] for disclosure in split(text)[1]]
    assert [len(from_base64url(salt)) for salt in salts] == [SALT_BYTES], "the shown field's salt is known"
    assert attack(text, [*salts, "", "A" * 22], numbers_of_a_district()) == set()


def test_L8_the_attack_works_where_salts_can_be_guessed() -> None:
    text = shown_without_number(counted_bytes())
    same_day = [n for n in numbers_of_a_district() if n.startswith(HOLDER_NUMBER[:14].encode())]
    salts = [to_base64url(number.to_bytes(SALT_BYTES, "big")) for number in range(16)]
    assert len(same_day) == 1000
    assert attack(text, salts, same_day) == {HOLDER_NUMBER.encode()}


def test_L8_source_that_repeats_itself_is_refused() -> None:
    with pytest.raises(ConfigError, match="repeats itself"):
        licence_credential(random_bytes=bytes)
