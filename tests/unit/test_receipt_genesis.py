"""The genesis that receipts are verified against: its file, and what makes a network impossible."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from govchain.codec.genesis_file import read_genesis, write_genesis
from govchain.errors import ConfigError, MalformedBytes, UnknownVersion
from govchain.model import Genesis, KeyRecord
from govchain.model.genesis_rules import VALIDATORS_MAX, validate_genesis
from tests.support.receipts import make_genesis

GENESIS = make_genesis("试验网")
replace = msgspec.structs.replace


def with_members(*members: Any) -> Genesis:
    return replace(GENESIS, validators=replace(GENESIS.validators, members=members))


MEMBERS = GENESIS.validators.members
KEY = GENESIS.keys[0]
ORG = GENESIS.organisations[0]


def test_genesis_file_is_its_own_inverse() -> None:
    data = write_genesis(GENESIS)
    assert read_genesis(data) == GENESIS
    assert "试验网".encode() in data
    assert data.startswith(b'{\n  "govchain": "govchain.genesis/1",\n')
    assert data.endswith(b"}\n")


def test_genesis_file_has_one_spelling() -> None:
    data = write_genesis(GENESIS)
    plain = json.loads(data)
    for other in (data + b"\n", data.replace(b"  ", b"\t"), json.dumps(plain).encode(), data.upper()):
        with pytest.raises(MalformedBytes):
            read_genesis(other)


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (lambda plain: plain.update(more=1), "unknown field 'more'"),
        (lambda plain: plain.pop("suite"), "suite"),
        (lambda plain: plain.update(time_ms="now"), "time_ms"),
        (lambda plain: plain.update(time_ms=2**63), "out of range"),
        (lambda plain: plain["validators"]["members"][0].update(public_key="ZZ"), "members"),
        (lambda plain: plain["parameters"].pop("pipeline"), "canonical"),
    ],
)
def test_genesis_file_names_what_is_wrong(change: Callable[[Any], Any], problem: str) -> None:
    plain = json.loads(write_genesis(GENESIS))
    change(plain)
    with pytest.raises(MalformedBytes, match=problem):
        read_genesis((json.dumps(plain, ensure_ascii=False, indent=2) + "\n").encode())


@pytest.mark.parametrize("data", [b"", b"[]", b"\xff", b"[" * 10_000, b'"text"'])
def test_genesis_file_refuses_other_bytes(data: bytes) -> None:
    with pytest.raises(MalformedBytes):
        read_genesis(data)


def test_genesis_file_refuses_unknown_versions() -> None:
    with pytest.raises(UnknownVersion, match="genesis/2"):
        read_genesis(write_genesis(GENESIS).replace(b"genesis/1", b"genesis/2"))


def test_possible_genesis_passes() -> None:
    validate_genesis(GENESIS)
    validate_genesis(with_members(MEMBERS[0]))


@pytest.mark.parametrize(
    ("genesis", "problem"),
    [
        (with_members(), "no validators"),
        (with_members(*[replace(MEMBERS[0], name=f"v{i}") for i in range(VALIDATORS_MAX + 1)]), "too many"),
        (with_members(MEMBERS[0], replace(MEMBERS[1], name=MEMBERS[0].name)), "share a name"),
        (with_members(MEMBERS[0], replace(MEMBERS[1], public_key=MEMBERS[0].public_key)), "public key"),
        (with_members(replace(MEMBERS[0], name="")), "no name"),
        (replace(GENESIS, validators=replace(GENESIS.validators, epoch=1)), "epoch"),
        (replace(GENESIS, organisations=(ORG, replace(ORG, name="again"))), "share an id"),
        (replace(GENESIS, keys=(KEY, replace(KEY, person="p2"))), "keys are the same"),
        (
            replace(GENESIS, keys=(KeyRecord(public_key=b"k", org="nobody", person="p"),)),
            "unknown organisation",
        ),
        (replace(GENESIS, time_ms=-1), "before 1970"),
        (replace(GENESIS, parameters=replace(GENESIS.parameters, pipeline=0)), "pipeline"),
    ],
)
def test_impossible_genesis_is_refused(genesis: Genesis, problem: str) -> None:
    with pytest.raises(ConfigError, match=problem):
        validate_genesis(genesis)
