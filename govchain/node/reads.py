"""Reads at level `latest` on this node: one question to the peers serves all reads that began before it.

Waiting and asking again only; what an answer counts for is `govchain.reads`', what is read is the service's.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final

from govchain.errors import Unavailable
from govchain.node.finality import Finality
from govchain.node.parts import NodeParts
from govchain.node.wire import ReadAnswer, ReadQuestion
from govchain.reads import BarrierAnswers, ReadBarrier

LATEST_TIMEOUT_S: Final = 5.0
"""How long a read waits for a quorum and for the height that it names."""
ASK_AGAIN_S: Final = 0.5
READS_MAX: Final = 10_000
"""Reads that wait at once."""


class LatestReads:
    """Both sides of the read barrier of one validator. All methods run in the loop's thread.

    Args:
        send: Takes a frame to a validator; it may get lost.
        fresh_nonce: Bytes never given before.
    """

    def __init__(
        self,
        parts: NodeParts,
        finality: Finality,
        *,
        send: Callable[[str, ReadQuestion | ReadAnswer], None],
        fresh_nonce: Callable[[], bytes],
    ) -> None:
        self._parts = parts
        self._finality = finality
        self._send = send
        self._fresh_nonce = fresh_nonce
        self._barrier = ReadBarrier(parts.name, parts.verify_certified)
        self._answers = BarrierAnswers()
        self._moved = asyncio.Event()
        self._told_s = 0.0
        self._waiting = 0
        self._is_closed = False

    async def reach(self) -> None:
        """Return when everything acknowledged before the call is final here (rule RD-1).

        Raises:
            Unavailable: No quorum answered, or what it named did not become final here in time; or too many
                reads wait already.
        """
        if self._waiting >= READS_MAX:
            raise Unavailable(f"{self._waiting} reads at level latest wait already; try again")
        deadline_s = self._parts.clock() + LATEST_TIMEOUT_S
        while True:
            epoch = self._parts.ledger.validators.epoch
            await self._reach_floor(deadline_s)
            if self._parts.ledger.validators.epoch == epoch:
                return

    def asked(self, peer: str, nonce: bytes) -> None:
        """A peer asks how far this validator had executed."""
        self._answers.on_question(peer, nonce, self._parts.ledger.height)
        self.advance()

    def answered(self, peer: str, answer: ReadAnswer) -> None:
        """A peer answers.

        Raises:
            BadProof: It shows a height that no quorum certified (rule CU-1).
        """
        before = self._barrier.nonce
        self._barrier.on_answer(peer, answer.nonce, answer.proven, self._finality.height)
        if before is not None and self._barrier.nonce is None:
            self._wake()

    def advance(self) -> None:
        """Finality may have moved: answer those who wait for it."""
        if self._answers.is_waiting:
            for peer, nonce in self._answers.take_due(self._finality.height):
                self._send(peer, ReadAnswer(nonce, self._finality.highest_certified()))

    def close(self) -> None:
        """End every wait."""
        self._is_closed = True
        self._wake()

    async def _reach_floor(self, deadline_s: float) -> None:
        ticket = self._barrier.begin()
        if not self._waiting and self._barrier.nonce is not None:
            # Left over from reads that gave up: this one need not wait for it first.
            self._ask()
        self._waiting += 1
        try:
            floor = await self._floor(ticket, deadline_s)
        finally:
            self._waiting -= 1
        if not await self._finality.wait_height(floor, deadline_s - self._parts.clock()):
            raise Unavailable(
                f"a quorum has height {floor}, which is not final here after {LATEST_TIMEOUT_S:.0f} s; "
                "ask another validator"
            )

    async def _floor(self, ticket: int, deadline_s: float) -> int:
        while (floor := self._barrier.floor(ticket)) is None:
            now_s = self._parts.clock()
            if self._is_closed:
                raise Unavailable("this validator is stopping; ask another one")
            if now_s >= deadline_s:
                raise Unavailable(
                    f"{self._barrier.answers} of {self._parts.ledger.validators.quorum_size} validators "
                    f"answered within {LATEST_TIMEOUT_S:.0f} s; a read at level latest needs that many"
                )
            self._ask_when_due(now_s)
            if self._barrier.floor(ticket) is None:
                await self._wait(min(ASK_AGAIN_S, deadline_s - now_s))
        return floor

    def _ask_when_due(self, now_s: float) -> None:
        if self._barrier.nonce is None or self._barrier.epoch != self._parts.ledger.validators.epoch:
            self._ask()
        elif now_s >= self._told_s + ASK_AGAIN_S:
            self._tell(now_s)

    def _ask(self) -> None:
        self._barrier.ask(self._parts.ledger.validators, self._fresh_nonce(), self._parts.ledger.height)
        self._tell(self._parts.clock())

    def _tell(self, now_s: float) -> None:
        self._told_s = now_s
        nonce = self._barrier.nonce
        for peer in self._barrier.unanswered():
            assert nonce is not None, "only an open question lacks answers"
            self._send(peer, ReadQuestion(nonce))

    async def _wait(self, timeout_s: float) -> None:
        try:
            async with asyncio.timeout(timeout_s):
                await self._moved.wait()
        except TimeoutError:
            pass

    def _wake(self) -> None:
        self._moved.set()
        self._moved = asyncio.Event()
