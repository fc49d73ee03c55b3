"""Why a message is refused under HotStuff: one code and one rule each. No check lives here."""

from __future__ import annotations

from typing import Final

from govchain.errors import ProtocolViolation

HOTSTUFF_REJECTIONS: Final[dict[str, tuple[str, str]]] = {
    "wrong-chain": ("MS-1", "The message is for another chain."),
    "wrong-epoch": ("MB-3", "The message is of another validator set."),
    "unknown-validator": ("MS-1", "The sender's index is not in the validator set."),
    "not-leader": ("HS-1", "Only the leader of a view may propose in it."),
    "bad-certificate": ("HS-2", "A certificate lacks a quorum, or a vote in it does not verify."),
    "unjustified": ("HS-3", "No certificate in the message shows that its view has begun."),
    "unsafe-block": ("HS-4", "The block is built on less than what a quorum had certified, or on a fork."),
    "bad-block": ("HS-5", "The block does not follow from its parent, or its batch contradicts it."),
    "two-blocks": ("HS-5", "The leader proposed two different blocks in one view."),
    "other-header": ("CP-3", "A validator executed a height to another header than this one did."),
}
"""Code to rule and meaning; docs/protocol.md prints it."""


def refuse(code: str, peer: int, problem: str) -> ProtocolViolation:
    """The error of one code, to be raised by the check that found it."""
    rule, _ = HOTSTUFF_REJECTIONS[code]
    return ProtocolViolation(peer, rule, problem, code=code)
