"""What validators say to each other about order. Each names domain, chain, epoch and itself first.

Values only: building and judging them is the replica's work. `SignedMessage.body` holds the signed bytes.
"""

from __future__ import annotations

import msgspec

from govchain.model import Attestation, Batch


class _Message(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    chain_id: bytes
    epoch: int
    validator: int
    """Index of the sender, whose key signs."""


class Proposal(_Message, frozen=True, tag="govchain.proposal/1"):
    """The primary asks for one batch at one sequence number (rule NC-2)."""

    view: int
    seq: int
    parent: bytes
    """Batch digest at seq-1 as the proposer sees it; the chain id at seq 1."""
    batch: Batch
    transaction_ids: tuple[bytes, ...]


class Prepare(_Message, frozen=True, tag="govchain.prepare/1"):
    """A backup accepts a proposal (rule NC-3)."""

    view: int
    seq: int
    digest: bytes
    """Batch digest."""


class Commit(_Message, frozen=True, tag="govchain.commit/1"):
    """A validator saw the proposal prepared (rule NC-5)."""

    view: int
    seq: int
    digest: bytes


class Progress(_Message, frozen=True, tag="govchain.progress/1"):
    """Where the sender stands: whoever holds votes or proposals above that sends them again (rule VC-6).

    It asks and never tells: no state may be changed on its word (rule CU-1).
    """

    view: int
    head: int
    """Last height that the sender executed."""
    final: int
    """Every height up to this one has its certificate at the sender; at most `head`."""


ConsensusMessage = Proposal | Prepare | Commit | Progress | Attestation
"""Everything that the replica exchanges. `Attestation` is in `model`, because certificates are made of it."""


class SignedMessage(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """A consensus message as it travels."""

    body: bytes
    signature: bytes
