"""What goes into executing a block that others proved, and what comes out of executing any.

Values only; executing is the ledger's.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import msgspec

from govchain.model import Block, Space, TransactionBody, ValidatorSet, Write
from govchain.model.ids import Digest

_MOVING: Final = (Space.STATE, Space.TREE, Space.TRANSACTION, Space.HISTORY)
"""Spaces of which a ledger keeps the last changes."""

Moved = Mapping[Space, dict[bytes, bytes | None]]
"""Changes by space; shared by those who take them over, who only read them."""


class ExecutedBlock(msgspec.Struct, frozen=True, gc=False):
    """What executing one batch gave.

    The driver must make `writes` durable, in one batch, before it tells anyone of the block and before it
    executes the block after the next one.
    """

    block: Block
    transaction_ids: tuple[bytes, ...]
    writes: list[Write]
    header_digest: Digest
    next_validators: ValidatorSet | None = None
    """The set that this block installs for the blocks above it (rule MB-2)."""

    def list_moved(self) -> Moved:
        """What `Ledger.adopt` takes over of the writes."""
        moved: Moved = {space: {} for space in _MOVING}
        for space, key, value in self.writes:
            if space in moved:
                moved[space][key] = value
        return moved


class ProvenBlock(msgspec.Struct, frozen=True):
    """A block that a certificate proves, with what its check worked out and execution need not do again.

    Execution still judges every transaction: what it takes from here is bytes and hashes, and only where its
    own results are those of the block (rule CU-2).
    """

    block: Block
    data: bytes
    """Canonical bytes of the block."""
    transaction_ids: tuple[Digest, ...]
    bodies: Sequence[TransactionBody]
    """Decoded bodies of its transactions, in their order."""
