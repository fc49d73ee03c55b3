"""Does what lies in the store fit together? Asked once, before a validator votes (rule RC-3).

The database checks its own bytes. What it cannot see is that a whole file of them is gone: when the end of
its list of files is lost, all that such a file held is missing, while what was written later is there.
"""

from __future__ import annotations

from typing import Final

from govchain.crypto import digest_of
from govchain.errors import StorageFailure
from govchain.ledger import Chain
from govchain.ledger.head import height_key
from govchain.ledger.snapshot import first_block
from govchain.model import BlockHeader, Space
from govchain.storage import Store

WALK_BYTES_MAX: Final = 64 * 1024 * 1024
"""Blocks looked at: far more than the database holds back before it makes a file of it."""


def require_sound(store: Store, chain: Chain, head: BlockHeader | None) -> None:
    """The head is stored as it was executed, and no block is missing under it.

    Raises:
        StorageFailure: Something is missing or does not belong together; names the height.
    """
    expected, walked = 0 if head is None else head.height, 0
    lowest = first_block(store)
    if head is not None:
        block = chain.block(head.height)
        if block is None or digest_of(chain.suite, block.header) != digest_of(chain.suite, head):
            raise _damaged(f"block {head.height} is not the one that was executed last")
    for key, value in store.scan(Space.BLOCK, reverse=True):
        if expected < lowest:
            return
        if key != height_key(expected):
            raise _damaged(f"block {expected} is expected where block {int.from_bytes(key, 'big')} is")
        expected -= 1
        walked += len(value)
        if walked > WALK_BYTES_MAX:
            return
    if expected >= lowest:
        raise _damaged(f"block {expected} and all below it are missing")


def _damaged(problem: str) -> StorageFailure:
    return StorageFailure(
        f"the store does not fit together: {problem}; this validator refuses to vote. Keep the directory for "
        "inspection, set data_dir to an empty one, and let this validator fetch the chain from the others"
    )
