"""Judging evidence: do two signed messages prove that a validator contradicted itself (rules EV-1, EV-2)?

Pure functions over two messages and the validator set of their epoch. Who found them and what follows from
them is no matter here. Why no honest validator can be named is argued in docs/protocol.md.
"""

from __future__ import annotations

from typing import Any, Final

from govchain.codec import decode
from govchain.crypto.suite import Suite
from govchain.errors import BadProof
from govchain.model import Attestation, ValidatorSet
from govchain.model.ranges import NUMBER_MAX
from govchain.model.votes import (
    Commit,
    Equivocation,
    Evidence,
    NewView,
    Prepare,
    Proposal,
    SignedMessage,
    ViewChange,
)

PHASES: Final[dict[type, str]] = {
    Proposal: "proposal",
    Prepare: "prepare",
    Commit: "commit",
    Attestation: "attestation",
    ViewChange: "view-change",
    NewView: "new-view",
}
"""Kinds of messages of which an honest validator signs one for each place, and the phase that each is of."""

STEP: Final = "evidence"

_KIND: Final[Any] = Proposal | Prepare | Commit | Attestation | ViewChange | NewView


def order_evidence(one: SignedMessage, other: SignedMessage) -> Evidence:
    """The pair in its one order."""
    return Evidence(one, other) if one.body <= other.body else Evidence(other, one)


def read_evidence(evidence: Evidence) -> Equivocation:
    """What the pair says, signatures aside.

    Raises:
        MalformedBytes: One of them is not the canonical form of a vote.
        BadProof: They are equal, of different places, or not in their one order.
    """
    first, second = decode(evidence.first.body, _KIND), decode(evidence.second.body, _KIND)
    found = _equivocation_of(first)
    if (first.chain_id, found) != (second.chain_id, _equivocation_of(second)):
        raise BadProof("the two messages are not of one place, so both may be honest", step=STEP)
    if evidence.first.body >= evidence.second.body:
        raise BadProof("the two messages are the same, or not in order", step=STEP)
    if not all(0 <= number <= NUMBER_MAX for number in (found.epoch, found.view, found.seq)):
        raise BadProof("a number of the messages is out of range", step=STEP)
    return found


def verify_evidence(
    suite: Suite, validators: ValidatorSet, chain_id: bytes, evidence: Evidence
) -> Equivocation:
    """Check that a validator signed both messages of a pair that contradicts itself (rules EV-1, EV-2).

    Raises:
        MalformedBytes: One of them is not the canonical form of a vote.
        BadProof: Another chain or epoch, no member, or the two do not contradict each other.
        BadSignature: The validator that they name did not sign both.
    """
    found = read_evidence(evidence)
    if decode(evidence.first.body, _KIND).chain_id != chain_id:
        raise BadProof("the messages are of another chain", step=STEP)
    if found.epoch != validators.epoch:
        raise BadProof(f"messages of epoch {found.epoch}, validators of {validators.epoch}", step=STEP)
    if not 0 <= found.validator < validators.size:
        raise BadProof(f"validator {found.validator} of {validators.size}", step=STEP)
    public_key = validators.members[found.validator].public_key
    for signed in (evidence.first, evidence.second):
        suite.verify(public_key, signed.body, signed.signature)
    return found


def _equivocation_of(message: Any) -> Equivocation:
    match message:
        case Attestation():
            view, seq = 0, message.height
        case ViewChange() | NewView():
            view, seq = message.view, 0
        case _:
            view, seq = message.view, message.seq
    return Equivocation(message.epoch, message.validator, PHASES[type(message)], view, seq)
