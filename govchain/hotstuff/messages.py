"""What validators say to each other under HotStuff: blocks, votes, timeouts, and certificates of them.

Values only. Each message names domain, chain, epoch and its sender first, as those of PBFT do.
"""

from __future__ import annotations

import msgspec

from govchain.model import Attestation, Batch, Vote
from govchain.model.votes import SignedMessage, ValidatorMessage


class QuorumCertificate(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """A quorum voted for one block (rule HS-2). View 0 without votes stands for genesis."""

    view: int
    digest: bytes
    """Of the block; the chain id at view 0."""
    votes: tuple[Vote, ...]
    """Of distinct validators in rising index order; each signs the `BlockVote` that these fields make."""


class TimeoutVote(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """One validator's part of a certificate of timeouts."""

    validator: int
    high_view: int
    """View of the highest certificate that it knew."""
    signature: bytes
    """Over the `TimeoutShare` that these fields make."""


class TimeoutCertificate(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """A quorum gave up one view, and how high their certificates were (rule HS-2)."""

    view: int
    votes: tuple[TimeoutVote, ...]

    @property
    def high_view(self) -> int:
        """A block after this view may be built on nothing below (rule HS-4)."""
        return max(vote.high_view for vote in self.votes)


class Block(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """A link of the chain: it extends the block that its certificate is about (rule HS-5)."""

    view: int
    seq: int
    """Height of the ledger once this block is executed: an empty block repeats its parent's."""
    justify: QuorumCertificate
    batch: Batch | None
    """None in an empty block, which only carries a certificate on."""
    transaction_ids: tuple[bytes, ...]

    @property
    def is_direct(self) -> bool:
        """Its parent is of the view before it."""
        return self.justify.view + 1 == self.view

    @property
    def parent_seq(self) -> int:
        """Height of the ledger below it."""
        return self.seq if self.batch is None else self.seq - 1


class BlockProposal(ValidatorMessage, frozen=True, tag="govchain.hotstuff-proposal/1"):
    """The leader of a view proposes a block."""

    block: Block
    timeout: TimeoutCertificate | None
    """Why its view began, unless its parent's certificate says so."""


class BlockVote(ValidatorMessage, frozen=True, tag="govchain.hotstuff-vote/1"):
    """The sender takes this block as the only one of its view (rule HS-4). For the next leader."""

    view: int
    digest: bytes


class TimeoutShare(ValidatorMessage, frozen=True, tag="govchain.hotstuff-timeout-share/1"):
    """What a validator signs for a certificate of timeouts; it never travels alone."""

    view: int
    high_view: int


class Timeout(ValidatorMessage, frozen=True, tag="govchain.hotstuff-timeout/1"):
    """The sender votes in this view no more (rule HS-7)."""

    view: int
    high: QuorumCertificate
    """The highest that it knows."""
    share: bytes
    """Signature over the `TimeoutShare` of this view and certificate."""
    entered: TimeoutCertificate | None
    """Why this view began, unless `high` says so."""


class BlockRequest(ValidatorMessage, frozen=True, tag="govchain.hotstuff-request/1"):
    """The sender lacks this block, and ancestors of it above a height (rule HS-9)."""

    digest: bytes
    decided: int


HotStuffMessage = BlockProposal | BlockVote | Timeout | BlockRequest | Attestation
"""Everything that the core exchanges."""


class Heard(msgspec.Struct, frozen=True):
    """A peer message whose signature and certificates were checked. Only `verify_hotstuff` makes one."""

    message: HotStuffMessage
    signed: SignedMessage
