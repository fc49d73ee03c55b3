"""Readable JSON of structs: named fields, hex, and a strict way back."""

from __future__ import annotations

from typing import Any

import pytest

from govchain.codec import from_readable, to_readable
from govchain.errors import MalformedBytes
from govchain.model import FinalityCertificate, Vote

VALUE = FinalityCertificate(b"\x01\xab", 0, 9, b"", (Vote(1, b"\xff"),))
PLAIN = {
    "chain_id": "01ab",
    "epoch": 0,
    "height": 9,
    "header_digest": "",
    "votes": [{"validator": 1, "signature": "ff"}],
}


def test_bytes_are_lower_case_hex_and_fields_are_named() -> None:
    assert to_readable(VALUE) == PLAIN
    assert from_readable(PLAIN, FinalityCertificate) == VALUE


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"chain_id": "01AB"}, "chain_id: expected lower-case hex"),
        ({"chain_id": "01 ab"}, "chain_id: expected lower-case hex"),
        ({"chain_id": "0"}, "chain_id: expected lower-case hex"),
        ({"chain_id": 1}, "chain_id: expected lower-case hex"),
        ({"chain_id": "xx"}, "chain_id: expected lower-case hex"),
        ({"height": "9"}, "height: expected int"),
        ({"height": True}, "height: expected int"),
        ({"height": 9.0}, "height: expected int"),
        ({"height": 2**64}, "height: an integer that does not fit"),
        ({"votes": {}}, "votes: expected a list"),
        ({"votes": [1]}, r"votes\[0\]: expected an object"),
        ({"votes": [{"validator": 1}]}, r"votes\[0\]: .*signature"),
        ({"votes": [{"validator": 1, "signature": "", "x": 1}]}, r"votes\[0\]: unknown field 'x'"),
        ({"surplus": 1}, "unknown field 'surplus'"),
    ],
)
def test_the_way_back_is_strict_and_names_the_place(changes: dict[str, Any], problem: str) -> None:
    with pytest.raises(MalformedBytes, match=problem):
        from_readable({**PLAIN, **changes}, FinalityCertificate)


def test_a_long_value_is_not_quoted_whole() -> None:
    with pytest.raises(MalformedBytes) as caught:
        from_readable({**PLAIN, "height": "9" * 10_000}, FinalityCertificate)
    assert len(str(caught.value)) < 200
