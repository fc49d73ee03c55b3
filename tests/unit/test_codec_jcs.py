"""Canonical JSON against the corners of RFC 8785."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from govchain.codec import decode_json, encode_json
from govchain.errors import MalformedBytes

plain_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53) + 1, 2**53 - 1)
    | st.text(st.characters(exclude_categories=["Cs"]), max_size=8),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.text(st.characters(exclude_categories=["Cs"]), max_size=4), inner, max_size=4)
    ),
    max_leaves=12,
)


@given(plain_values)
def test_G1_round_trip_and_equal_values_have_equal_bytes(value: Any) -> None:
    data = encode_json(value)
    assert decode_json(data) == value
    assert json.loads(data) == value
    assert encode_json(json.loads(json.dumps(value))) == data


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("\x00\x01\x1f", rb'"\u0000\u0001\u001f"'),
        ("\b\t\n\f\r", rb'"\b\t\n\f\r"'),
        ("\x0b", rb'"\u000b"'),
        ('"\\/', rb'"\"\\/"'),
        ("\x7f", b'"\x7f"'),
        ("\x80\u2028\u2029\ufeff", '"\x80\u2028\u2029\ufeff"'.encode()),
        ("€\U0001f600", '"€\U0001f600"'.encode()),
        ("e\u0301", '"e\u0301"'.encode()),
    ],
)
def test_G1_strings_have_one_spelling(text: str, written: bytes) -> None:
    # RFC 8785, 3.2.2.2: short escapes where JSON has them, lower-case \u00xx below U+0020, all else as it is.
    assert encode_json(text) == written
    assert decode_json(written) == text


def test_G1_keys_are_sorted_by_utf16_units() -> None:
    # The example of RFC 8785, 3.2.3. U+1F600 is written with surrogates and so comes before U+FB33.
    value = {
        "\u20ac": "Euro Sign",
        "\r": "Carriage Return",
        "\ufb33": "Hebrew Letter Dalet With Dagesh",
        "1": "One",
        "\U0001f600": "Emoji: Grinning Face",
        "\x80": "Control",
        "\xf6": "Latin Small Letter O With Diaeresis",
    }
    keys = list(json.loads(encode_json(value)))
    assert keys == ["\r", "1", "\x80", "\xf6", "\u20ac", "\U0001f600", "\ufb33"]


@pytest.mark.parametrize(
    "data",
    [
        b'{"b":1,"a":2}',
        b'{"a":1,"a":1}',
        b'{"a":1,"a":2}',
        b'{"a": 1}',
        b' {"a":1}',
        b'{"a":1}\n',
        rb'"\u00e9"',
        rb'"\u007f"',
        rb'"\u001F"',
        rb'"\u000a"',
        rb'"\/"',
        b"1.0",
        b"1e2",
        b"1.5",
        b"-0",
        b"01",
        b"+1",
        b"NaN",
        b"9007199254740992",
        b"-9007199254740992",
        b"99999999999999999999999999",
        b"9" * 5000,
        b"1e999999",
        rb'"\ud800"',
        rb'"\udc00\ud800"',
        b'"\xed\xa0\x80"',
        b'"\xff"',
        b"\xef\xbb\xbf1",
        b"",
        b"[1,]",
        b"{1:1}",
        b"[" * 100_000 + b"]" * 100_000,
        b"// no",
    ],
)
def test_G1_what_is_not_canonical_is_refused(data: bytes) -> None:
    with pytest.raises(MalformedBytes):
        decode_json(data)


def nested(depth: int) -> Any:
    value: Any = 1
    for _ in range(depth):
        value = [value]
    return value


@pytest.mark.parametrize(
    "value",
    [
        1.0,
        float("nan"),
        2**53,
        -(2**53),
        10**5000,
        "\ud800",
        {"\udfff": 1},
        {1: 1},
        b"x",
        {"a"},
        nested(100_000),
    ],
    ids=lambda value: type(value).__name__,
)
def test_G1_what_cannot_be_written_is_refused(value: Any) -> None:
    with pytest.raises(MalformedBytes):
        encode_json(value)


@given(st.binary(max_size=40))
def test_G1_random_bytes_are_canonical_or_malformed(data: bytes) -> None:
    try:
        value = decode_json(data)
    except MalformedBytes:
        return
    assert encode_json(value) == data
