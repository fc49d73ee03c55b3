"""The read barrier: how far a validator must be, so that a read misses nothing acknowledged (rule RD-1).

Both sides of it: who asks a quorum, and who answers. Over what it travels, how long anybody waits and what is
read in the end is the driver's work.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from govchain.model import BlockHeader, FinalityCertificate, ValidatorSet

NONCE_BYTES: Final = 16

ProvenHeight = tuple[BlockHeader, FinalityCertificate]
"""A height with the proof that a quorum executed it."""


class ReadBarrier:
    """The side that asks. Reads share questions: any question sent after a read began serves it.

    A validator set may change while a question is open. Then the floor is that of the set that was asked:
    the driver reads only when it stands in the same epoch after it got there, and asks again otherwise. For a
    quorum of the old set executed the block that ends its epoch, or nothing above it was acknowledged.

    Args:
        name: Of this validator.
        verify: Raises BadProof unless the certificate is a quorum's over this header.
    """

    def __init__(self, name: str, verify: Callable[[BlockHeader, FinalityCertificate], None]) -> None:
        self._name = name
        self._verify = verify
        self._asked = 0
        self._served = 0
        self._nonce: bytes | None = None
        self._answered: dict[str, bool] = {}
        self._quorum_size = 0
        self._epoch = 0
        self._height = 0
        self._floor = 0

    @property
    def nonce(self) -> bytes | None:
        """Of the open question; None when there is none."""
        return self._nonce

    @property
    def epoch(self) -> int:
        """Of the set that was asked last. In another epoch an open question must be asked anew."""
        return self._epoch

    @property
    def answers(self) -> int:
        """Validators that answered the last question, this one included."""
        return sum(self._answered.values())

    def begin(self) -> int:
        """A read begins: its ticket, which is the number of the first question that may serve it."""
        return self._asked + 1

    def ask(self, validators: ValidatorSet, nonce: bytes, executed_height: int) -> None:
        """Open a new question, in place of one that is open: it serves the reads of that one too.

        Args:
            validators: Of the epoch in which this validator is.
            nonce: Never used before, in no earlier life either: an old answer knows nothing of new writes.
            executed_height: Of this validator now; its own answer.
        """
        assert len(nonce) == NONCE_BYTES
        assert nonce != self._nonce
        self._asked += 1
        self._nonce = nonce
        self._answered = {member.name: member.name == self._name for member in validators.members}
        self._quorum_size = validators.quorum_size
        self._epoch = validators.epoch
        self._height = executed_height
        self._close_with_quorum()

    def unanswered(self) -> tuple[str, ...]:
        """Validators to send the open question to, also again after a while."""
        if self._nonce is None:
            return ()
        return tuple(name for name, has_answered in self._answered.items() if not has_answered)

    def on_answer(self, peer: str, nonce: bytes, proven: ProvenHeight | None, final_height: int) -> None:
        """A validator says how far it had executed when the question came (rules RD-1, CU-1).

        Args:
            peer: Who says so; the transport vouches for it.
            proven: What it shows; None is height 0.
            final_height: Of this validator now. What lies below needs no proof: it moves nothing.

        Raises:
            BadProof: The height is not proven; the answer counts for nothing.
        """
        if nonce != self._nonce or self._answered.get(peer, True):
            # Mostly late: every question has more validators than it needs.
            return
        height = 0
        if proven is not None:
            header, certificate = proven
            height = header.height
            if header.epoch > self._epoch:
                # Its validator set is not known here yet; catching up comes first.
                return
            if height > max(final_height, self._height):
                self._verify(header, certificate)
        self._answered[peer] = True
        self._height = max(self._height, height)
        self._close_with_quorum()

    def floor(self, ticket: int) -> int | None:
        """Height that a read must reach, or None while its question is open (rule RD-1)."""
        return self._floor if self._served >= ticket else None

    def _close_with_quorum(self) -> None:
        if self.answers >= self._quorum_size:
            self._served = self._asked
            self._floor = max(self._floor, self._height)
            self._nonce = None


class BarrierAnswers:
    """The side that answers: a question waits until all that was executed when it came is certified.

    One question of each peer is kept: a later one takes the place of an earlier one.
    """

    def __init__(self) -> None:
        self._open: dict[str, tuple[bytes, int]] = {}

    def on_question(self, peer: str, nonce: bytes, executed_height: int) -> None:
        """A validator asks; the height is the one executed here now (rule RD-1)."""
        known = self._open.get(peer)
        # A question that is only repeated does not wait for what came in between.
        if known is None or known[0] != nonce:
            self._open[peer] = nonce, executed_height

    @property
    def is_waiting(self) -> bool:
        """Whether anybody waits for an answer."""
        return bool(self._open)

    def take_due(self, certified_height: int) -> tuple[tuple[str, bytes], ...]:
        """Peer and nonce of the questions that can be answered now."""
        due = tuple(
            (peer, nonce) for peer, (nonce, height) in self._open.items() if height <= certified_height
        )
        for peer, _ in due:
            del self._open[peer]
        return due
