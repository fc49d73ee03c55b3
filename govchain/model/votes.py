"""What validators sign on the way to one order: proposals, votes, view changes and the proofs made of them.

Values only. Consensus builds and judges them; the ledger knows them because a pair that contradicts itself
is evidence (rule EV-1). Each names domain, chain, epoch and its sender first; `SignedMessage.body` holds the
signed bytes.
"""

from __future__ import annotations

import msgspec

from govchain.model.block import Batch, BlockHeader, FinalityCertificate


class ValidatorMessage(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True, gc=False):
    """What every message begins with, so that no signature means anything in another place."""

    chain_id: bytes
    epoch: int
    validator: int
    """Index of the sender, whose key signs."""


class Proposal(ValidatorMessage, frozen=True, tag="govchain.proposal/1"):
    """The primary asks for one batch at one sequence number (rule NC-2)."""

    view: int
    seq: int
    parent: bytes
    """Batch digest at seq-1 as the proposer sees it; the chain id at seq 1."""
    batch: Batch
    transaction_ids: tuple[bytes, ...]


class Prepare(ValidatorMessage, frozen=True, tag="govchain.prepare/1"):
    """A backup accepts a proposal (rule NC-3)."""

    view: int
    seq: int
    digest: bytes
    """Batch digest."""


class Commit(ValidatorMessage, frozen=True, tag="govchain.commit/1"):
    """A validator saw the proposal prepared (rule NC-5)."""

    view: int
    seq: int
    digest: bytes


class SignedMessage(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True, gc=False):
    """A consensus message as it travels."""

    body: bytes
    signature: bytes


class PreparedCertificate(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True, gc=False):
    """Proof that a batch was prepared at one seq in one view (rules NC-4, VC-2)."""

    proposal: SignedMessage
    """The primary's; it counts as its prepare."""
    prepares: tuple[SignedMessage, ...]
    """Of other validators, distinct, in rising index order: a quorum less one."""


class CertifiedHeader(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """An executed header with its finality certificate: where a new view may begin (rule VC-2)."""

    header: BlockHeader
    certificate: FinalityCertificate


class ViewChange(ValidatorMessage, frozen=True, tag="govchain.view-change/1"):
    """The sender votes in no view below this one any more, and here is what it saw prepared (rule VC-2)."""

    view: int
    """The view that it wants to enter."""
    base: CertifiedHeader | None
    """The highest certified header that the sender knows; None when it knows only genesis."""
    prepared: tuple[PreparedCertificate, ...]
    """Above the base, one for each seq in rising order, each of the highest view that the sender knows."""


class NewView(ValidatorMessage, frozen=True, tag="govchain.new-view/1"):
    """The certificate of a view: a quorum of view changes and what follows from them (rules VC-3, VC-5)."""

    view: int
    view_changes: tuple[SignedMessage, ...]
    """Of distinct validators, in rising index order."""
    proposals: tuple[SignedMessage, ...]
    """The new primary's, exactly those that `compute_carried` gives for these view changes."""


class Evidence(
    msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True, tag="govchain.evidence/1"
):
    """Two messages that no honest validator signs both (rule EV-1); `crypto.evidence` judges them."""

    first: SignedMessage
    """The one with the smaller body, so that one pair has one spelling."""
    second: SignedMessage


class Equivocation(msgspec.Struct, frozen=True):
    """Who contradicted itself where: what a pair of messages proves, and the name of its record."""

    epoch: int
    validator: int
    """Index in the validator set of that epoch."""
    phase: str
    """proposal, prepare, commit, attestation, view-change or new-view."""
    view: int
    """0 for an attestation, which belongs to no view."""
    seq: int
    """Height of an attestation; 0 for a view change and a new view, which belong to no seq."""

    @property
    def object_id(self) -> str:
        """Object id of its record on the chain."""
        return f"{self.epoch}-{self.validator}-{self.phase}-{self.view}-{self.seq}"
