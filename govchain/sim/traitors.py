"""Validators that cheat: wrappers that alter what leaves a simulated validator, or what reaches it.

The validator inside is honest and stays so; its key signs what the traitor forges. Those here contradict
themselves or keep things out; `liars` and `twins` have the others. Only the simulator has them: no code of a
real validator can lie.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import msgspec

from govchain.codec import decode, encode
from govchain.crypto import Signer, Suite, digest_of
from govchain.crypto.vote_identity import identify_vote
from govchain.errors import MalformedBytes
from govchain.hotstuff import BlockProposal, BlockVote
from govchain.model import Transaction, TransactionBody
from govchain.model.votes import Commit, Prepare, Proposal, SignedMessage
from govchain.sim.network import Frame, Gossip, TransactionsFound

_BLOCK_MESSAGES: Final[Any] = BlockProposal | BlockVote
HUGE_VIEW: Final = 1_000_000
HUGE_VIEWS_MAX: Final = 500
"""Of one traitor; then it has made its point."""


class Plot:
    """What the equivocators of one network agreed on: the digest for even indices and the one for odd."""

    def __init__(self, suite: Suite) -> None:
        self._suite = suite
        self._pairs: dict[bytes, tuple[bytes, bytes]] = {}

    def pair(self, even: bytes, odd: bytes) -> None:
        """Both are proposals of one place."""
        self._pairs[even] = self._pairs[odd] = (even, odd)

    def digest_for(self, target: int, digest: bytes) -> bytes:
        """What a vote for this digest says to that validator."""
        other = self._suite.digest(b"another batch" + digest)
        return self._pairs.get(digest, (digest, other))[target % 2]


class Equivocator:
    """Says one thing to validators with an even index, another to the others (situation 12).

    Its other proposal differs in the time of the batch, and its votes for it are as well signed. Several
    equivocators tell the same validators the same.
    """

    def __init__(self, index: int, suite: Suite, signer: Signer, plot: Plot) -> None:
        self._index = index
        self._suite = suite
        self._signer = signer
        self._plot = plot

    def sends(self, target: int, frame: Frame) -> list[Frame]:
        if not isinstance(frame, SignedMessage):
            return [frame]
        vote = identify_vote(self._suite, frame)
        if vote is None or vote.validator != self._index:
            return [frame]
        if vote.phase == "proposal":
            if target % 2 == 0:
                return [frame]
            proposal = decode(frame.body, Proposal)
            batch = msgspec.structs.replace(proposal.batch, time_ms=proposal.batch.time_ms + 1)
            self._plot.pair(vote.digest, digest_of(self._suite, batch))
            return [self._sign(msgspec.structs.replace(proposal, batch=batch))]
        digest = self._plot.digest_for(target, vote.digest)
        if digest == vote.digest:
            return [frame]
        message = decode(frame.body, Prepare if vote.phase == "prepare" else Commit)
        return [self._sign(msgspec.structs.replace(message, digest=digest))]

    def takes(self, source: int, frame: Frame) -> bool:
        return True

    def _sign(self, message: msgspec.Struct) -> SignedMessage:
        body = encode(message)
        return SignedMessage(body, self._signer.sign(body))


class HotStuffEquivocator:
    """The same under HotStuff: its other block differs in the time of the batch (situation 12)."""

    def __init__(self, index: int, suite: Suite, signer: Signer) -> None:
        self._index = index
        self._suite = suite
        self._signer = signer

    def sends(self, target: int, frame: Frame) -> list[Frame]:
        if not isinstance(frame, SignedMessage) or target % 2 == 0:
            return [frame]
        try:
            message = decode(frame.body, _BLOCK_MESSAGES)
        except MalformedBytes:
            return [frame]
        if message.validator != self._index:
            return [frame]
        if isinstance(message, BlockVote):
            other = self._suite.digest(b"another block" + message.digest)
            return [self._sign(msgspec.structs.replace(message, digest=other))]
        batch = message.block.batch
        if batch is None:
            return [frame]
        batch = msgspec.structs.replace(batch, time_ms=batch.time_ms + 1)
        block = msgspec.structs.replace(message.block, batch=batch)
        return [self._sign(msgspec.structs.replace(message, block=block))]

    def takes(self, source: int, frame: Frame) -> bool:
        return True

    def _sign(self, message: msgspec.Struct) -> SignedMessage:
        body = encode(message)
        return SignedMessage(body, self._signer.sign(body))


class HugeViews:
    """Asks for views that nobody will ever reach, with everything that it sends (situation 29)."""

    def __init__(self, ask: Callable[[int], SignedMessage]) -> None:
        """`ask` signs what the protocol has to ask for a view with."""
        self._ask = ask
        self._count = 0

    def sends(self, target: int, frame: Frame) -> list[Frame]:
        if not isinstance(frame, SignedMessage) or self._count >= HUGE_VIEWS_MAX:
            return [frame]
        self._count += 1
        return [frame, self._ask(HUGE_VIEW * self._count)]

    def takes(self, source: int, frame: Frame) -> bool:
        return True


class Censor:
    """Never hears of one organisation's transactions, so it never proposes any (situation 49)."""

    def __init__(self, org: str) -> None:
        self._org = org

    def sends(self, target: int, frame: Frame) -> list[Frame]:
        return [frame]

    def takes(self, source: int, frame: Frame) -> bool:
        match frame:
            case Gossip(transaction=transaction):
                return not self._is_of_org(transaction)
            case TransactionsFound(transactions=transactions):
                return not any(map(self._is_of_org, transactions))
            case _:
                return True

    def _is_of_org(self, transaction: Transaction) -> bool:
        return decode(transaction.body, TransactionBody).org == self._org
