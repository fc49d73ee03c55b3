"""What a store says about the ledger in it: format, chain, last header and counts, and how blocks are found.

Keys and values of the rooms META, BLOCK, TRANSACTION and CERTIFICATE. Nothing is executed here.
"""

from __future__ import annotations

from typing import Final

import msgspec

from govchain.errors import ConfigError, UnknownVersion
from govchain.ledger.access import decode_stored
from govchain.ledger.ports import Reader
from govchain.model import BlockHeader, Space, Write

FORMAT: Final = b"govchain.ledger/3"

_FORMAT_KEY: Final = b"ledger/format"
_CHAIN_KEY: Final = b"ledger/chain"
_HEAD_KEY: Final = b"ledger/head"


class LedgerHead(
    msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True, gc=False, tag="govchain.head/1"
):
    """The last executed block and what was counted up to it."""

    header: BlockHeader
    transactions: int
    """Executed since genesis, applied and denied."""
    denials: tuple[tuple[str, int], ...]
    """Rule id and number of denials since genesis, in order of the rule id."""


def genesis_meta(chain_id: bytes) -> list[Write]:
    """What marks an empty store as this chain's."""
    return [(Space.META, _FORMAT_KEY, FORMAT), (Space.META, _CHAIN_KEY, chain_id)]


def head_write(head: LedgerHead) -> Write:
    return (Space.META, _HEAD_KEY, msgspec.msgpack.encode(head))


def read_head(reader: Reader) -> LedgerHead | None:
    """The stored head; None before the first block."""
    data = reader.get(Space.META, _HEAD_KEY)
    return None if data is None else decode_stored(data, LedgerHead)


def is_initialised(reader: Reader, chain_id: bytes) -> bool:
    """True when the store holds this chain, False when it is empty.

    Raises:
        UnknownVersion: The store has another format.
        ConfigError: The store belongs to another chain.
    """
    found = reader.get(Space.META, _FORMAT_KEY)
    if found is None:
        return False
    if found != FORMAT:
        raise UnknownVersion(found.decode("utf-8", "replace"), FORMAT.decode())
    stored = reader.get(Space.META, _CHAIN_KEY)
    if stored != chain_id:
        raise ConfigError(
            "the store belongs to another chain",
            found=None if stored is None else stored.hex(),
            expected=chain_id.hex(),
        )
    return True


def height_key(height: int) -> bytes:
    """Key of a block or certificate."""
    return height.to_bytes(8, "big")


def encode_location(height: int, position: int) -> bytes:
    return height.to_bytes(8, "big") + position.to_bytes(4, "big")


def decode_location(data: bytes) -> tuple[int, int]:
    assert len(data) == 12
    return int.from_bytes(data[:8], "big"), int.from_bytes(data[8:], "big")
