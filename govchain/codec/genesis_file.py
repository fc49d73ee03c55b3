"""The genesis file: the one JSON file that everybody who verifies must hold.

One genesis has one spelling; nothing is read from disk here and nothing is hashed.
"""

from __future__ import annotations

import json
from typing import Any, Final

import msgspec

from govchain.codec.readable import from_readable, to_readable
from govchain.errors import MalformedBytes, UnknownVersion
from govchain.model import Genesis

GENESIS_FORMAT: Final = "govchain.genesis/1"
GENESIS_BYTES_MAX: Final = 64_000_000
"""Room for some hundred thousand initial keys."""

NUMBER_MAX: Final = 2**63 - 1


def write_genesis(genesis: Genesis) -> bytes:
    """The file's bytes: UTF-8 JSON, indented by two, fields in order of declaration, one final newline."""
    plain = {"govchain": GENESIS_FORMAT, **to_readable(genesis)}
    return (json.dumps(plain, ensure_ascii=False, indent=2) + "\n").encode("utf-8")


def read_genesis(data: bytes) -> Genesis:
    """Strict inverse of `write_genesis`. Whether the network is possible, `validate_genesis` judges.

    Raises:
        UnknownVersion: Of a format that this build does not know.
        MalformedBytes: Not JSON, not a genesis, or not spelled as `write_genesis` spells it; names the field.
    """
    plain = _parse(data)
    found = plain.pop("govchain", None)
    if found != GENESIS_FORMAT:
        raise UnknownVersion(str(found)[:80], GENESIS_FORMAT)
    _require_small_numbers(plain)
    genesis = from_readable(plain, Genesis, where="genesis")
    if write_genesis(genesis) != data:
        raise MalformedBytes(
            "genesis: not spelled in its one canonical form (white space, order, hex case, defaults)"
        )
    return genesis


def _parse(data: bytes) -> dict[str, Any]:
    if len(data) > GENESIS_BYTES_MAX:
        raise MalformedBytes(f"genesis: {len(data)} bytes; at most {GENESIS_BYTES_MAX} expected")
    try:
        plain = msgspec.json.decode(data)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        raise MalformedBytes(f"genesis: not JSON: {error}") from error
    if not isinstance(plain, dict):
        raise MalformedBytes(f"genesis: expected an object, found {type(plain).__name__}")
    return plain


def _require_small_numbers(value: Any) -> None:
    """Larger numbers have no canonical MessagePack, which is what the chain id is the digest of."""
    waiting = [value]
    while waiting:
        item = waiting.pop()
        if isinstance(item, dict):
            waiting.extend(item.values())
        elif isinstance(item, list):
            waiting.extend(item)
        elif isinstance(item, int) and not -NUMBER_MAX <= item <= NUMBER_MAX:
            raise MalformedBytes("genesis: a number is out of range")
