"""What an accusation of a validator carries.

Structs only; the rules beside them read these.
"""

from __future__ import annotations

from govchain.ledger.payloads import Part


class SignedVote(Part, frozen=True):
    """A vote exactly as a validator signed it (rule EV-1)."""

    body: str
    """The signed bytes, in base64."""
    signature: str
    """The signature over them, in base64."""


class ValidatorAccuse(Part, frozen=True):
    """`validator.accuse`: two votes of one validator that contradict each other (→ RECORDED).

    Object id: `epoch-validator-phase-view-seq` of the place that both votes are for.
    """

    first: SignedVote
    """The one whose bytes come first in order."""
    second: SignedVote
