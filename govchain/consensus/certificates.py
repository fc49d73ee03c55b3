"""What a view change shows: certified headers and prepared batches, every signature checked (rule VC-2).

Judges foreign values by themselves; whether they are wanted now is decided in `view_change`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from govchain.consensus.accepting import validate_batch
from govchain.consensus.messages import (
    CertifiedHeader,
    NewView,
    Prepare,
    PreparedCertificate,
    Proposal,
    SignedMessage,
    ViewChange,
)
from govchain.consensus.rejection import violation
from govchain.consensus.slots import Position, ProposalEntry
from govchain.consensus.verify import verify_message
from govchain.crypto import Suite, digest_of, verify_finality
from govchain.errors import BadProof, InvalidInput
from govchain.model import ProtocolParameters, ValidatorSet
from govchain.model.ids import View

BAD_CHANGE: Final = "bad-view-change"


@dataclass(frozen=True, slots=True)
class Judge:
    """What is needed to judge a certificate of this chain and epoch."""

    suite: Suite
    parameters: ProtocolParameters
    validators: ValidatorSet
    chain_id: bytes
    origin: Position
    """Where the epoch begins; so does a view in which nothing is certified yet."""
    in_flight_max: int


@dataclass(frozen=True, slots=True)
class Prepared:
    """One prepared certificate that was checked."""

    seq: int
    view: int
    entry: ProposalEntry


@dataclass(frozen=True, slots=True)
class CheckedViewChange:
    """A view change all of whose contents were checked."""

    validator: int
    view: int
    base: CertifiedHeader | None
    base_height: int
    """Of the base; where the epoch begins when there is none."""
    prepared: tuple[Prepared, ...]


def check_view_change(judge: Judge, message: ViewChange) -> CheckedViewChange:
    """Check everything that a view change shows (rule VC-2; situations 23, 27).

    Raises:
        ProtocolViolation: Code `bad-view-change`; it counts as if it had never been sent.
    """
    sender = message.validator
    base_height = judge.origin.height
    if message.base is not None:
        base_height = message.base.header.height
        try:
            verify_finality(judge.suite, judge.validators, message.base.certificate, message.base.header)
        except BadProof as error:
            raise violation(BAD_CHANGE, sender, f"base {base_height}: {error}") from error
        if message.base.header.chain_id != judge.chain_id:
            raise violation(BAD_CHANGE, sender, "its base is of another chain")
    if len(message.prepared) > judge.in_flight_max:
        raise violation(BAD_CHANGE, sender, f"{len(message.prepared)} entries, limit {judge.in_flight_max}")
    prepared = tuple(check_prepared(judge, each, sender, message.view) for each in message.prepared)
    last = base_height
    for each in prepared:
        if not last < each.seq <= base_height + judge.in_flight_max:
            raise violation(BAD_CHANGE, sender, f"seq {each.seq} after {last}, base {base_height}")
        last = each.seq
    return CheckedViewChange(sender, message.view, message.base, base_height, prepared)


def verify_view_change(judge: Judge, signed: SignedMessage, view: int) -> CheckedViewChange | None:
    """A view change inside a new view; None when it is to be passed over (rule VC-7)."""
    try:
        message = verify_message(judge.suite, judge.validators, judge.chain_id, signed).message
        if not isinstance(message, ViewChange) or message.view != view:
            return None
        return check_view_change(judge, message)
    except InvalidInput:
        return None


def check_prepared(judge: Judge, certificate: PreparedCertificate, sender: int, below: int) -> Prepared:
    """Proposal of a view's primary and a quorum less one of matching prepares of others (rules NC-4, VC-2).

    Args:
        sender: Who shows it.
        below: Its view must be lower than this one.

    Raises:
        ProtocolViolation: Code `bad-view-change`.
    """
    try:
        proposal = verify_message(judge.suite, judge.validators, judge.chain_id, certificate.proposal).message
        if not isinstance(proposal, Proposal):
            raise violation(BAD_CHANGE, sender, "a prepared certificate without a proposal")
        primary = judge.validators.primary(View(proposal.view))
        if proposal.validator != primary or proposal.view >= below:
            raise violation(BAD_CHANGE, sender, f"proposal by {proposal.validator} in view {proposal.view}")
        validate_batch(judge.suite, judge.parameters, proposal)
        # Before any signature is looked at: a liar must not choose how many there are.
        if len(certificate.prepares) != judge.validators.quorum_size - 1:
            raise violation(BAD_CHANGE, sender, f"{len(certificate.prepares)} prepares at seq {proposal.seq}")
        digest = digest_of(judge.suite, proposal.batch)
        voters = []
        for signed in certificate.prepares:
            vote = verify_message(judge.suite, judge.validators, judge.chain_id, signed).message
            place = (proposal.view, proposal.seq, digest)
            if not isinstance(vote, Prepare) or (vote.view, vote.seq, vote.digest) != place:
                raise violation(BAD_CHANGE, sender, f"a vote for something else than seq {proposal.seq}")
            voters.append(vote.validator)
    except InvalidInput as error:
        raise violation(BAD_CHANGE, sender, f"prepared certificate: {error}") from error
    if primary in voters or voters != sorted(dict.fromkeys(voters)):
        raise violation(BAD_CHANGE, sender, f"voters {voters} of primary {primary} are not distinct")
    return Prepared(proposal.seq, proposal.view, ProposalEntry(proposal, certificate.proposal, digest))


def expect_new_view(condition: bool, message: NewView, problem: str) -> None:
    """Refuse a new view with a reason (rules VC-3, VC-5)."""
    if not condition:
        raise violation("bad-new-view", message.validator, f"view {message.view}: {problem}")
