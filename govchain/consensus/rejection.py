"""Why a peer's message is refused: one code, one rule and one sentence each.

The only table of codes. A check raises `ProtocolViolation` through `violation`; the replica turns it into a
`rejected` note at a single place. No check lives here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from govchain.errors import ProtocolViolation


@dataclass(frozen=True, slots=True)
class Rejection:
    """Meaning of one rejection code."""

    rule: str
    """Id of the rule in docs/protocol.md that the message breaks."""
    explanation: str


REJECTION_CODES: Final[dict[str, Rejection]] = {
    "malformed": Rejection(
        "MS-1", "The bytes are not the canonical form of a message, or a field is out of range."
    ),
    "bad-signature": Rejection(
        "MS-1", "The signature is not the named validator's over exactly these bytes."
    ),
    "wrong-chain": Rejection("MS-1", "The message is for another chain."),
    "wrong-epoch": Rejection("MB-3", "The message is of another validator set."),
    "unknown-validator": Rejection("MS-1", "The sender's index is not in the validator set."),
    "own-message": Rejection("MS-1", "A peer handed this validator a message in its own name."),
    "not-primary": Rejection("NC-1", "Only the primary of the view may propose."),
    "primary-prepare": Rejection("NC-4", "The primary's proposal is its prepare; it may not vote twice."),
    "wrong-view": Rejection("NC-2", "The message is of another view than the current one."),
    "old-seq": Rejection("NC-2", "The sequence number is decided and its log is collected."),
    "above-window": Rejection("NC-2", "The sequence number lies above the high watermark."),
    "bad-batch": Rejection(
        "NC-2", "The batch contradicts its proposal: chain, seq, proposer, count or root."
    ),
    "empty-batch": Rejection("NC-7", "A first proposal carries at least one transaction."),
    "batch-too-large": Rejection("NC-2", "The batch has more transactions or bytes than the chain allows."),
    "duplicate-transaction": Rejection(
        "NC-2", "A transaction is named twice, or is in another open proposal."
    ),
    "executed-transaction": Rejection("NC-2", "A transaction was executed before."),
    "wrong-parent": Rejection("NC-2", "The proposal does not follow the batch that is accepted before it."),
    "time-backwards": Rejection("NC-2", "The batch is older than the batch before it."),
    "time-ahead": Rejection("NC-2", "The batch lies further in the future than clocks may drift."),
    "equivocation": Rejection("NC-3", "The primary sent two different proposals for one view and seq."),
    "conflicting-vote": Rejection(
        "NC-3", "A validator sent two different votes for one view, seq and phase."
    ),
    "conflicting-attestation": Rejection("CP-1", "A validator attested two different headers of one height."),
    "bad-view-change": Rejection("VC-2", "A view change shows something that does not verify."),
    "conflicting-view-change": Rejection("VC-2", "A validator sent two different view changes for one view."),
    "bad-new-view": Rejection("VC-3", "A new view does not follow from a quorum of view changes."),
    "conflicting-new-view": Rejection("VC-5", "The primary sent two different new views for one view."),
    "bad-evidence": Rejection(
        "EV-2", "What a peer calls evidence does not prove that a validator contradicted itself."
    ),
    "other-header": Rejection("CP-3", "A validator executed a height to another header than this one did."),
}
"""Code to meaning. Drivers count rejections by code; docs/protocol.md prints the table."""


def violation(code: str, peer: int | str, problem: str) -> ProtocolViolation:
    """The error of one code, to be raised by the check that found it."""
    assert code in REJECTION_CODES, f"rejection code {code!r} is not in the table"
    return ProtocolViolation(peer, REJECTION_CODES[code].rule, problem, code=code)
