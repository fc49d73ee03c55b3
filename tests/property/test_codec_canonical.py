"""Canonical bytes: one value, one encoding, one version."""

from __future__ import annotations

import contextlib
import math
from typing import Any

import msgpack
import pytest
from hypothesis import given
from hypothesis import strategies as st

from govchain.codec import decode, encode, from_readable, to_readable
from govchain.consensus.messages import ConsensusMessage
from govchain.errors import InvalidInput, MalformedBytes, UnknownVersion
from govchain.model import Attestation, Transaction, TransactionBody, TransactionResult
from tests.support.strategies import plain_list, struct_types, structs

BODY = TransactionBody(b"c" * 32, "licence.issue", "91", b"k" * 32, 5, 300, b"{}")


@pytest.mark.parametrize("kind", struct_types(), ids=lambda kind: kind.__name__)
@given(data=st.data())
def test_round_trip_and_bytes_are_those_of_another_library(kind: type[Any], data: st.DataObject) -> None:
    value = data.draw(structs(kind))
    encoded = encode(value)
    assert encoded == msgpack.packb(plain_list(value), use_bin_type=True)
    assert msgpack.unpackb(encoded, use_list=True) == plain_list(value)
    assert decode(encoded, kind) == value
    assert from_readable(to_readable(value), kind) == value


def test_every_top_level_struct_is_covered_and_tagged() -> None:
    names = {kind.__name__ for kind in struct_types()}
    assert {"TransactionBody", "BlockHeader", "Genesis", "Proposal", "Prepare", "Commit"} <= names
    tags = [tag for kind in struct_types() if (tag := kind.__struct_config__.tag) is not None]
    assert len(tags) == len(set(tags)), "two formats share a tag"
    assert all(tag.startswith("govchain.") and tag.rpartition("/")[2].isdigit() for tag in tags)


@pytest.mark.parametrize(
    ("spelling", "kind"),
    [
        (b"\xcc\x05", int),
        (b"\xcd\x00\x05", int),
        (b"\xce\x00\x00\x00\x05", int),
        (b"\xcf" + bytes(7) + b"\x05", int),
        (b"\xd0\x05", int),
        (b"\xd1\x00\x05", int),
        (b"\xd2\x00\x00\x00\x05", int),
        (b"\xd3" + bytes(7) + b"\x05", int),
        (b"\xd0\xff", int),
        (b"\xca\x40\xa0\x00\x00", int),
        (b"\xc3", int),
        (b"\x01", bool),
        (b"\xd9\x02ab", str),
        (b"\xda\x00\x02ab", str),
        (b"\xdb\x00\x00\x00\x02ab", str),
        (b"\xc4\x02ab", str),
        (b"\xa2ab", bytes),
        (b"\xd9\x02ab", bytes),
        (b"\xc5\x00\x02ab", bytes),
        (b"\xc6\x00\x00\x00\x02ab", bytes),
        (b"\xdc\x00\x01\x05", tuple[int, ...]),
        (b"\xdd\x00\x00\x00\x01\x05", tuple[int, ...]),
        (b"\x91\xcc\x05", tuple[int, ...]),
        (b"\x81\x00\x05", tuple[int, ...]),
        (b"\xc0", int),
        (b"\x05\x05", int),
        (b"", int),
        (b"\xc1", int),
        (b"\xd7\xff" + bytes(8), int),
    ],
)
def test_another_spelling_of_a_value_is_refused(spelling: bytes, kind: Any) -> None:
    with pytest.raises(MalformedBytes):
        decode(spelling, kind)


@given(structs(TransactionResult), st.data())
def test_another_spelling_inside_a_struct_is_refused(value: TransactionResult, data: st.DataObject) -> None:
    fields = plain_list(value)
    packed = [msgpack.packb(field, use_bin_type=True) for field in fields]
    position = data.draw(st.integers(0, len(packed) - 1))
    packed[position] = _respell(fields[position])
    with pytest.raises(MalformedBytes):
        decode(bytes([0x90 + len(packed)]) + b"".join(packed), TransactionResult)


def _respell(field: Any) -> bytes:
    # The longest form that MessagePack has for it; a boolean has one form only and becomes a number.
    if isinstance(field, bool):
        return b"\x01" if field else b"\x00"
    if isinstance(field, bytes):
        return b"\xc6" + len(field).to_bytes(4, "big") + field
    text = field.encode()
    return b"\xdb" + len(text).to_bytes(4, "big") + text


def test_fields_may_be_neither_more_nor_fewer_nor_named() -> None:
    fields = plain_list(BODY)
    named = dict(zip(TransactionBody.__struct_fields__, fields[1:], strict=True))
    for wrong in (fields[:-1], [*fields, 0], fields[1:], named, [fields], []):
        with pytest.raises(MalformedBytes):
            decode(msgpack.packb(wrong, use_bin_type=True), TransactionBody)


def test_defaults_are_always_written() -> None:
    short = msgpack.packb(["govchain.result/1", b"x", True], use_bin_type=True)
    with pytest.raises(MalformedBytes):
        decode(short, TransactionResult)


@pytest.mark.parametrize("tag", ["govchain.transaction/2", "govchain.transaction/0", "govchain.batch/1", ""])
def test_unknown_version_is_named(tag: str) -> None:
    fields = plain_list(BODY)
    fields[0] = tag
    with pytest.raises(UnknownVersion) as caught:
        decode(msgpack.packb(fields, use_bin_type=True), TransactionBody)
    assert (caught.value.found, caught.value.expected) == (tag, "govchain.transaction/1")


@pytest.mark.parametrize("kind", [*struct_types(), ConsensusMessage], ids=str)
@given(data=st.binary(max_size=60))
def test_random_bytes_raise_only_invalid_input(kind: Any, data: bytes) -> None:
    try:
        value = decode(data, kind)
    except InvalidInput:
        return
    assert encode(value) == data


@given(structs(Attestation), st.data())
def test_damaged_bytes_never_decode_to_the_same_value(value: Attestation, data: st.DataObject) -> None:
    encoded = bytearray(encode(value))
    position = data.draw(st.integers(0, len(encoded) - 1))
    encoded[position] ^= 1 << data.draw(st.integers(0, 7))
    with contextlib.suppress(InvalidInput):
        assert decode(bytes(encoded), Attestation) != value


@pytest.mark.parametrize("kind", [TransactionBody, Transaction, object], ids=str)
@pytest.mark.parametrize("opening", [b"\x91", b"\xdd\x00\x00\x00\x01", b"\x81\x00"], ids=bytes.hex)
def test_deep_nesting_is_refused(kind: Any, opening: bytes) -> None:
    with pytest.raises(MalformedBytes):
        decode(opening * 200_000 + b"\xc0", kind)


@pytest.mark.parametrize("header", [b"\xdd", b"\xdb", b"\xc6", b"\xdf"], ids=bytes.hex)
def test_a_huge_announced_length_is_refused_at_once(header: bytes) -> None:
    for kind in (tuple[int, ...], str, bytes, TransactionBody):
        with pytest.raises(MalformedBytes):
            decode(header + b"\xff\xff\xff\xff", kind)  # type: ignore[type-var]


@pytest.mark.parametrize("number", [2**64, -(2**63) - 1, 10**400])
def test_readable_numbers_that_bytes_cannot_carry_are_refused(number: int) -> None:
    plain = {**to_readable(BODY), "nonce": number}
    with pytest.raises(MalformedBytes, match="nonce"):
        from_readable(plain, TransactionBody)


def test_floats_have_no_place() -> None:
    for number in (1.0, math.nan, math.inf):
        fields = plain_list(BODY)
        fields[5] = number
        with pytest.raises(MalformedBytes):
            decode(msgpack.packb(fields, use_bin_type=True), TransactionBody)
