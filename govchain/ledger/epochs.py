"""What a store keeps of each epoch: the block that installed its validators, and the proof of that.

The room EPOCH. The state map moves on with every block, so the proof is made when the block is executed.
"""

from __future__ import annotations

import msgspec

from govchain.codec import encode
from govchain.crypto.state_map import StateProof
from govchain.ledger.head import height_key
from govchain.model import BlockHeader, Space, ValidatorSet, Write


class EpochOrigin(
    msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True, tag="govchain.epoch/1"
):
    """Where an epoch begins (rule MB-2). With the header's certificate it is a `ValidatorChange`."""

    header: BlockHeader
    """Of the block that installed the set; it is of the epoch before."""
    validators: ValidatorSet
    proof: StateProof
    """Of the set under the header's state root."""


class ResumedEpoch(msgspec.Struct, frozen=True):
    """The epoch of a validator that starts again (rule MB-2)."""

    validators: ValidatorSet | None
    """Its set; None for that of genesis."""
    origin: BlockHeader | None
    """Header of the block that installed it; None for genesis."""
    next_validators: ValidatorSet | None
    """Set that the head installs, while the epoch of the head still runs."""


def epoch_write(origin: EpochOrigin) -> Write:
    """The write that keeps where an epoch begins."""
    return (Space.EPOCH, height_key(origin.validators.epoch), encode(origin))
