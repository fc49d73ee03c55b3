"""A chain that begins in the middle: the state of a certified height, and the blocks below it, later (CU-3).

The state itself is proven row by row (`govchain.crypto.state_walk`). Here is what belongs beside it, and how
old blocks are put under the first one that is there. Pure: reads through a `Reader`, changes are writes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from govchain.codec import encode
from govchain.crypto import HistoryTree, Suite, digest_of
from govchain.crypto.history_tree import fill_leaf, peak_keys
from govchain.errors import BadProof
from govchain.ledger.access import decode_stored
from govchain.ledger.execution import is_nonce_spent
from govchain.ledger.head import LedgerHead, decode_location, encode_location, head_write, height_key
from govchain.ledger.ports import Reader
from govchain.model import Block, Space, Write
from govchain.model.ids import DIGEST_BYTES

_FIRST_KEY: Final = b"ledger/first-block"
_STEP: Final = "snapshot"


def first_block(reader: Reader) -> int:
    """Lowest height from which every block up to the head is in the store; 1 unless a snapshot was taken."""
    data = reader.get(Space.META, _FIRST_KEY)
    return 1 if data is None else int.from_bytes(data, "big")


def snapshot_writes(suite: Suite, block: Block, peaks: Sequence[bytes]) -> list[Write]:
    """What makes a certified block the head of a chain whose older blocks are not there.

    Args:
        suite: Of the chain.
        block: Verified with its certificate; its results too.
        peaks: `HistoryTree.peaks` of the headers below it, without their keys.

    Raises:
        BadProof: The peaks are not those of the block's history root.
    """
    header, size = block.header, block.header.height - 1
    keys = peak_keys(size)
    if len(peaks) != len(keys) or any(len(peak) != DIGEST_BYTES for peak in peaks):
        raise BadProof(f"{len(peaks)} history peaks; expected {len(keys)}", step=_STEP)
    nodes = dict(zip(keys, peaks, strict=True))
    tree = HistoryTree(suite, nodes.get, size)
    if tree.root() != header.history_root:
        raise BadProof("the history peaks do not make the history root of the header", step=_STEP)
    nodes |= tree.append(digest_of(suite, header))
    counts: dict[str, int] = {}
    for result in block.results:
        if not result.applied:
            counts[result.rule] = counts.get(result.rule, 0) + 1
    head = LedgerHead(header, len(block.transactions), tuple(sorted(counts.items())))
    return [
        head_write(head),
        (Space.META, _FIRST_KEY, header.height.to_bytes(8, "big")),
        (Space.BLOCK, height_key(header.height), encode(block)),
        *((Space.HISTORY, key, node) for key, node in nodes.items()),
        *_index(block, lambda id_: False),
    ]


def block_below_writes(suite: Suite, reader: Reader, block: Block) -> list[Write]:
    """What puts a verified block under the first one that is there. Expects height first_block - 1."""
    height = block.header.height
    assert height == first_block(reader) - 1
    nodes = fill_leaf(
        suite, lambda key: reader.get(Space.HISTORY, key), height - 1, digest_of(suite, block.header)
    )
    return [
        (Space.META, _FIRST_KEY, height.to_bytes(8, "big")),
        (Space.BLOCK, height_key(height), encode(block)),
        *((Space.HISTORY, key, node) for key, node in nodes),
        *_index(block, lambda id_: _spent_its_nonce(reader, id_)),
    ]


def _index(block: Block, is_placed_for_good: Callable[[bytes], bool]) -> list[Write]:
    """As the ledger does it going up: the place that spent the nonce is found, else the lowest."""
    places: dict[bytes, bytes] = {}
    for position, result in enumerate(block.results):
        if is_nonce_spent(result) or result.transaction_id not in places:
            places[result.transaction_id] = encode_location(block.header.height, position)
    return [(Space.TRANSACTION, id_, place) for id_, place in places.items() if not is_placed_for_good(id_)]


def _spent_its_nonce(reader: Reader, transaction_id: bytes) -> bool:
    data = reader.get(Space.TRANSACTION, transaction_id)
    if data is None:
        return False
    height, position = decode_location(data)
    stored = reader.get(Space.BLOCK, height_key(height))
    assert stored is not None, "an indexed transaction is in a stored block"
    return is_nonce_spent(decode_stored(stored, Block).results[position])
