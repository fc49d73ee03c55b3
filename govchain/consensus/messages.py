"""What validators say to each other about order. Each names domain, chain, epoch and itself first.

Values only: building and judging them is the replica's work. `SignedMessage.body` holds the signed bytes.
"""

from __future__ import annotations

import msgspec

from govchain.model import Attestation, Batch, BlockHeader, FinalityCertificate


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


class SignedMessage(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """A consensus message as it travels."""

    body: bytes
    signature: bytes


class PreparedCertificate(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """Proof that a batch was prepared at one seq in one view (rules NC-4, VC-2)."""

    proposal: SignedMessage
    """The primary's; it counts as its prepare."""
    prepares: tuple[SignedMessage, ...]
    """Of other validators, distinct, in rising index order: a quorum less one."""


class CertifiedHeader(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """An executed header with its finality certificate: where a new view may begin (rule VC-2)."""

    header: BlockHeader
    certificate: FinalityCertificate


class ViewChange(_Message, frozen=True, tag="govchain.view-change/1"):
    """The sender votes in no view below this one any more, and here is what it saw prepared (rule VC-2)."""

    view: int
    """The view that it wants to enter."""
    base: CertifiedHeader | None
    """The highest certified header that the sender knows; None when it knows only genesis."""
    prepared: tuple[PreparedCertificate, ...]
    """Above the base, one for each seq in rising order, each of the highest view that the sender knows."""


class NewView(_Message, frozen=True, tag="govchain.new-view/1"):
    """The certificate of a view: a quorum of view changes and what follows from them (rules VC-3, VC-5)."""

    view: int
    view_changes: tuple[SignedMessage, ...]
    """Of distinct validators, in rising index order."""
    proposals: tuple[SignedMessage, ...]
    """The new primary's, exactly those that `compute_carried` gives for these view changes."""


ConsensusMessage = Proposal | Prepare | Commit | Progress | Attestation | ViewChange | NewView
"""Everything that the replica exchanges. `Attestation` is in `model`, because certificates are made of it."""
