"""What validators say to each other about order. Each names domain, chain, epoch and itself first.

Values only: building and judging them is the replica's work. Those that are votes are in `model.votes`,
because the ledger judges evidence that is made of them.
"""

from __future__ import annotations

from govchain.model import Attestation
from govchain.model.votes import (
    CertifiedHeader,
    Commit,
    NewView,
    Prepare,
    PreparedCertificate,
    Proposal,
    SignedMessage,
    ValidatorMessage,
    ViewChange,
)

__all__ = [
    "CertifiedHeader",
    "Commit",
    "ConsensusMessage",
    "NewView",
    "Prepare",
    "PreparedCertificate",
    "Progress",
    "Proposal",
    "SignedMessage",
    "ViewChange",
]


class Progress(ValidatorMessage, frozen=True, tag="govchain.progress/1"):
    """Where the sender stands: whoever holds votes or proposals above that sends them again (rule VC-6).

    It asks and never tells: no state may be changed on its word (rule CU-1).
    """

    view: int
    head: int
    """Last height that the sender executed."""
    final: int
    """Every height up to this one has its certificate at the sender; at most `head`."""


ConsensusMessage = Proposal | Prepare | Commit | Progress | Attestation | ViewChange | NewView
"""Everything that the replica exchanges. `Attestation` is in `model`, because certificates are made of it."""
