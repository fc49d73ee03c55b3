"""Certificates of HotStuff: made from a quorum of signatures, and checked (rule HS-2).

A block's certificate says that no other block of its view can have one. One of timeouts says that nobody in a
quorum votes in that view any more, and how high their own certificates were.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from govchain.codec import encode
from govchain.crypto import Suite
from govchain.errors import BadSignature
from govchain.hotstuff.messages import BlockVote, QuorumCertificate, TimeoutCertificate, TimeoutShare
from govchain.hotstuff.rejection import refuse
from govchain.model import ValidatorSet


@dataclass(frozen=True, slots=True)
class Judge:
    """What is needed to judge a certificate of this chain."""

    suite: Suite
    validators: ValidatorSet
    chain_id: bytes

    def vote_body(self, view: int, digest: bytes, validator: int) -> bytes:
        """What a vote signs."""
        return encode(BlockVote(self.chain_id, self.validators.epoch, validator, view, digest))

    def share_body(self, view: int, high_view: int, validator: int) -> bytes:
        """What the share of a timeout signs."""
        return encode(TimeoutShare(self.chain_id, self.validators.epoch, validator, view, high_view))


def genesis_certificate(chain_id: bytes) -> QuorumCertificate:
    """The certificate on which the first block is built."""
    return QuorumCertificate(0, chain_id, ())


def check_quorum(judge: Judge, certificate: QuorumCertificate, sender: int) -> None:
    """A quorum of distinct members signed votes for this block in this view (rule HS-2).

    Raises:
        ProtocolViolation: Code `bad-certificate`.
    """
    if certificate.view == 0:
        if certificate != genesis_certificate(judge.chain_id):
            raise refuse("bad-certificate", sender, "a certificate of view 0 that is not that of genesis")
        return
    view, digest = certificate.view, certificate.digest
    signed = [
        (vote.validator, judge.vote_body(view, digest, vote.validator), vote.signature)
        for vote in certificate.votes
    ]
    _check_signatures(judge, signed, sender)


def check_timeouts(judge: Judge, certificate: TimeoutCertificate, sender: int) -> None:
    """A quorum of distinct members gave up this view (rule HS-2).

    Raises:
        ProtocolViolation: Code `bad-certificate`.
    """
    for vote in certificate.votes:
        if not 0 <= vote.high_view < certificate.view:
            raise refuse("bad-certificate", sender, f"view {vote.high_view} certified in {certificate.view}")
    signed = [
        (vote.validator, judge.share_body(certificate.view, vote.high_view, vote.validator), vote.signature)
        for vote in certificate.votes
    ]
    _check_signatures(judge, signed, sender)


def _check_signatures(judge: Judge, signed: Sequence[tuple[int, bytes, bytes]], sender: int) -> None:
    voters = [voter for voter, _, _ in signed]
    # Before any signature is looked at: a liar must not choose how many there are.
    quorum = judge.validators.quorum_size
    if len(voters) != quorum:
        raise refuse("bad-certificate", sender, f"{len(voters)} votes; a quorum has {quorum}")
    if any(earlier >= later for earlier, later in pairwise(voters)):
        raise refuse("bad-certificate", sender, "voters are repeated or not in rising order")
    if voters[0] < 0 or voters[-1] >= judge.validators.size:
        raise refuse("bad-certificate", sender, "a voter is not a member of the validator set")
    for voter, body, signature in signed:
        try:
            judge.suite.verify(judge.validators.members[voter].public_key, body, signature)
        except BadSignature as error:
            raise refuse("bad-certificate", sender, f"vote of validator {voter}: {error}") from error
