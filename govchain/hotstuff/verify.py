"""The door for foreign bytes under HotStuff: a signed message becomes `Heard` here or nowhere (rule MS-1).

Also what its certificates show by themselves is checked here: that they hold (HS-2), that the view of the
message has begun (HS-3), and that a proposal is its leader's (HS-1). What fits the state is judged later.
"""

from __future__ import annotations

from typing import Any, Final, assert_never

from govchain.codec import decode
from govchain.consensus import SignedMessage
from govchain.crypto import Suite
from govchain.hotstuff.certificates import Judge, check_quorum, check_timeouts
from govchain.hotstuff.messages import (
    BlockProposal,
    BlockRequest,
    BlockVote,
    Heard,
    HotStuffMessage,
    QuorumCertificate,
    Timeout,
    TimeoutCertificate,
)
from govchain.hotstuff.rejection import refuse
from govchain.model import Attestation, ValidatorSet
from govchain.model.ids import View
from govchain.model.ranges import expect_digests, expect_numbers

_MESSAGE_KIND: Final[Any] = HotStuffMessage


def verify_hotstuff(suite: Suite, validators: ValidatorSet, chain_id: bytes, signed: SignedMessage) -> Heard:
    """Decode a peer's message and check everything that it shows by itself (rules MS-1, HS-1 to HS-3).

    Raises:
        MalformedBytes: Not canonical, no known message, or a field out of range.
        ProtocolViolation: Of another chain, not its sender's to send, or with certificates that do not hold.
        BadSignature: Not signed by the validator that it names.
    """
    message: HotStuffMessage = decode(signed.body, _MESSAGE_KIND)
    sender = message.validator
    _validate_form(message)
    if message.chain_id != chain_id:
        raise refuse("wrong-chain", sender, f"message of chain {message.chain_id.hex()[:12]}")
    if message.epoch != validators.epoch:
        raise refuse("wrong-epoch", sender, f"message of epoch {message.epoch}, now {validators.epoch}")
    if not 0 <= sender < validators.size:
        raise refuse("unknown-validator", sender, f"validator {sender} of {validators.size}")
    suite.verify(validators.members[sender].public_key, signed.body, signed.signature)
    judge = Judge(suite, validators, chain_id)
    match message:
        case BlockProposal(block=block, timeout=timeout):
            _check_leader(validators, message)
            _check_begun(judge, sender, block.view, block.justify, timeout)
        case Timeout(view=view, high=high, entered=entered):
            _check_begun(judge, sender, view, high, entered)
            share = judge.share_body(view, high.view, sender)
            suite.verify(validators.members[sender].public_key, share, message.share)
        case _:
            pass
    return Heard(message, signed)


def _check_leader(validators: ValidatorSet, message: BlockProposal) -> None:
    """Leaders take turns, one view each (rule HS-1)."""
    leader = validators.primary(View(message.block.view))
    if message.validator != leader:
        raise refuse("not-leader", message.validator, f"view {message.block.view} is led by {leader}")


def _check_begun(
    judge: Judge, sender: int, view: int, high: QuorumCertificate, timeout: TimeoutCertificate | None
) -> None:
    """A view begins with a certificate of the view before it, of a block or of timeouts (rule HS-3)."""
    if high.view >= view:
        raise refuse("unjustified", sender, f"view {view} with a certificate of view {high.view}")
    if high.view + 1 != view and (timeout is None or timeout.view + 1 != view):
        raise refuse("unjustified", sender, f"nothing shows that view {view} has begun")
    check_quorum(judge, high, sender)
    if timeout is not None:
        check_timeouts(judge, timeout, sender)


def _validate_form(message: HotStuffMessage) -> None:
    """Every number and digest has a size that may be kept in memory (rule MS-1)."""
    match message:
        case BlockProposal(block=block, timeout=timeout):
            expect_numbers(block.view - 1, block.seq, block.justify.view)
            expect_digests(block.justify.digest, *block.transaction_ids)
            if block.batch is not None:
                expect_numbers(block.batch.seq - 1, block.batch.time_ms, block.batch.transaction_count)
                expect_digests(block.batch.transactions_root)
            expect_numbers(0 if timeout is None else timeout.view - 1)
        case BlockVote(view=view, digest=digest):
            expect_numbers(view - 1)
            expect_digests(digest)
        case Timeout(view=view, high=high, entered=entered):
            expect_numbers(view - 1, high.view, 0 if entered is None else entered.view - 1)
            expect_digests(high.digest)
        case BlockRequest(digest=digest, decided=decided):
            expect_numbers(decided)
            expect_digests(digest)
        case Attestation(height=height, header_digest=digest):
            expect_numbers(height - 1)
            expect_digests(digest)
        case _:
            assert_never(message)
