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

    Args:
        index: This validator.
        validators: Whom to ask.
        verify: Raises BadProof unless the certificate is a quorum's over this header.
    """

    def __init__(
        self,
        index: int,
        validators: ValidatorSet,
        verify: Callable[[BlockHeader, FinalityCertificate], None],
    ) -> None:
        assert 0 <= index < validators.size
        self._index = index
        self._validators = validators
        self._verify = verify
        self._asked = 0
        self._served = 0
        self._nonce: bytes | None = None
        self._answered: dict[int, None] = {}
        self._height = 0
        self._floor = 0

    @property
    def nonce(self) -> bytes | None:
        """Of the open question; None when there is none."""
        return self._nonce

    @property
    def answers(self) -> int:
        """Validators that answered the last question, this one included."""
        return len(self._answered)

    def begin(self) -> int:
        """A read begins: its ticket, which is the number of the first question that may serve it."""
        return self._asked + 1

    def ask(self, nonce: bytes, executed_height: int) -> None:
        """Open a new question, in place of one that is open: it serves the reads of that one too.

        Args:
            nonce: Never used before, in no earlier life either: an old answer knows nothing of new writes.
            executed_height: Of this validator now; its own answer.
        """
        assert len(nonce) == NONCE_BYTES
        assert nonce != self._nonce
        self._asked += 1
        self._nonce = nonce
        self._answered = {self._index: None}
        self._height = executed_height
        self._close_with_quorum()

    def unanswered(self) -> tuple[int, ...]:
        """Validators to send the open question to, also again after a while."""
        if self._nonce is None:
            return ()
        return tuple(index for index in range(self._validators.size) if index not in self._answered)

    def on_answer(self, peer: int, nonce: bytes, proven: ProvenHeight | None, final_height: int) -> None:
        """A validator says how far it had executed when the question came (rules RD-1, CU-1).

        Args:
            peer: Who says so; the transport vouches for it.
            proven: What it shows; None is height 0.
            final_height: Of this validator now. What lies below needs no proof: it moves nothing.

        Raises:
            BadProof: The height is not proven; the answer counts for nothing.
        """
        if nonce != self._nonce or peer in self._answered:
            # Late: every question has more validators than it needs.
            return
        height = 0
        if proven is not None:
            header, certificate = proven
            height = header.height
            if height > max(final_height, self._height):
                self._verify(header, certificate)
        self._answered[peer] = None
        self._height = max(self._height, height)
        self._close_with_quorum()

    def floor(self, ticket: int) -> int | None:
        """Height that a read must reach, or None while its question is open (rule RD-1)."""
        return self._floor if self._served >= ticket else None

    def _close_with_quorum(self) -> None:
        if len(self._answered) >= self._validators.quorum_size:
            self._served = self._asked
            self._floor = max(self._floor, self._height)
            self._nonce = None


class BarrierAnswers:
    """The side that answers: a question waits until all that was executed when it came is certified.

    One question of each peer is kept: a later one takes the place of an earlier one.
    """

    def __init__(self) -> None:
        self._open: dict[int, tuple[bytes, int]] = {}

    def on_question(self, peer: int, nonce: bytes, executed_height: int) -> None:
        """A validator asks; the height is the one executed here now (rule RD-1)."""
        known = self._open.get(peer)
        # A question that is only repeated does not wait for what came in between.
        if known is None or known[0] != nonce:
            self._open[peer] = nonce, executed_height

    def take_due(self, certified_height: int) -> tuple[tuple[int, bytes], ...]:
        """Peer and nonce of the questions that can be answered now."""
        if not self._open:
            return ()
        due = tuple(
            (peer, nonce) for peer, (nonce, height) in self._open.items() if height <= certified_height
        )
        for peer, _ in due:
            del self._open[peer]
        return due
