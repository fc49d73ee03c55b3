"""When to ask whom for which blocks, and what arrived (rules CU-1, CU-2, CU-5).

Claims of peers only cause questions. Verifying and executing what comes is done elsewhere; here are several
questions at a time to several peers, deadlines, and peers that are passed over for a while.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from govchain.node.wire import BLOCKS_MAX, BlockParts, BlocksWanted

ANSWER_TIMEOUT_S: Final = 2.0
BLAMED_S: Final = 10.0
"""How long a silent or lying peer is passed over, if another one can be asked."""
PATIENCE_S: Final = 0.5
"""A claim is followed after this time: in normal operation we get there ourselves."""
PROBE_AFTER_S: Final = 2.0
"""Without progress for so long although something waits, any peer is asked whether it has more."""
QUESTIONS_MAX: Final = 4
"""Open at once, one to each peer."""
AHEAD_BLOCKS_MAX: Final = 256
AHEAD_BYTES_MAX: Final = 24 * 1024 * 1024
"""Blocks that wait here for those before them; one answer more may come."""
FAR_BLOCKS: Final = 16
FIRST_COUNT: Final = 16
"""Blocks of the first question; later ones ask for as many as an answer held."""


@dataclass(frozen=True, slots=True)
class Question:
    """A question to send."""

    peer: str
    wanted: BlocksWanted


class CatchUp:
    """The state of one validator's catching up. Times are seconds of a monotonic clock."""

    def __init__(self) -> None:
        self._claims: dict[str, int] = {}
        self._blamed_until: dict[str, float] = {}
        self._asked: dict[str, tuple[Question, float]] = {}
        self._late: dict[str, Question] = {}
        self._behind_since_s: float | None = None
        self._progress_s = 0.0
        self._final_height = 0
        self._turn = 0
        self._count = FIRST_COUNT
        self._blocks: dict[int, tuple[str, BlockParts]] = {}
        self._bytes = 0
        self._now_s = 0.0
        self._is_chasing = False

    @property
    def is_active(self) -> bool:
        """Blocks are being fetched or installed."""
        is_asking = bool(self._asked) and self.best_claim > self._final_height
        return bool(self._blocks) or is_asking or self.is_chasing

    @property
    def is_chasing(self) -> bool:
        """Far behind, and not there yet."""
        return self._is_chasing and self.best_claim > self._final_height

    @property
    def best_claim(self) -> int:
        """Highest final height that a peer claims, of those that were not caught lying or silent."""
        claims = self._claims.items()
        return max((height for peer, height in claims if self._is_trusted(peer)), default=0)

    def claiming(self, height: int) -> list[str]:
        """Peers that claim at least this height and were not caught lying or silent."""
        claims = self._claims.items()
        return [peer for peer, claimed in claims if claimed >= height and self._is_trusted(peer)]

    def has_heard(self, peer: str) -> bool:
        """A peer said how far it is."""
        return peer in self._claims

    def claim(self, peer: str, height: int) -> None:
        """A peer says that it has final blocks up to this height."""
        self._claims[peer] = height
        self._is_far()  # From now on, not from the next question on: whoever is far behind is not ready.

    def hurry(self, peer: str, height: int, now_s: float) -> None:
        """The core found that it was left behind (a weak quorum attested this height): ask now."""
        self._claims[peer] = max(height, self._claims.get(peer, 0))
        self._behind_since_s = now_s - PATIENCE_S

    def answered(self, peer: str, from_height: int, blocks: Sequence[BlockParts]) -> bool:
        """Take an answer; False when nobody asked this peer for that. A late one is as good as any other."""
        question = self._asked[peer][0] if peer in self._asked else None
        if question is not None and question.wanted.from_height == from_height:
            del self._asked[peer]
        else:
            question = self._late.get(peer)
            if question is None or question.wanted.from_height != from_height:
                return False
            del self._late[peer]
        if not blocks:
            if self._claims.get(peer, 0) >= from_height:
                # It claimed too much, or holds no blocks so far below: others are asked before it.
                self._pass_over(peer)
        elif len(blocks) == question.wanted.count:
            self._count = min(BLOCKS_MAX, 2 * len(blocks))
        else:
            self._count = len(blocks)
        height = from_height
        for parts in blocks[: question.wanted.count]:
            if height > self._final_height and height not in self._blocks:
                self._blocks[height] = (peer, parts)
                self._bytes += _size(parts)
            height += 1 + len(parts.below)
        return True

    def forget(self, height: int) -> None:
        """A block that was installed without becoming final: it is asked for again while that lasts."""
        if height in self._blocks:
            self._drop(height)

    def block(self, height: int) -> tuple[str, BlockParts] | None:
        """A block that arrived, with the peer that sent it; unverified."""
        return self._blocks.get(height)

    def blame(self, peer: str, now_s: float) -> None:
        """A peer lied or was silent: forget what it said and sent, and ask others first (rule CU-5)."""
        self._now_s = now_s
        self._pass_over(peer)
        for height in [height for height, (who, _) in self._blocks.items() if who == peer]:
            self._drop(height)
        self._asked.pop(peer, None)

    def advance(self, final_height: int, now_s: float) -> None:
        """Tell how far finality reaches here."""
        self._now_s = now_s
        if final_height > self._final_height:
            self._final_height = final_height
            self._progress_s = now_s
            for height in [height for height in self._blocks if height <= final_height]:
                self._drop(height)
        self._is_far()

    def ask(self, now_s: float, *, is_waiting: bool, connected: Mapping[str, bool]) -> list[Question]:
        """The questions to send now. Call it every now and then, and after each answer.

        Args:
            is_waiting: Something is open: an undecided sequence number, or a block without certificate.
        """
        self._now_s = now_s
        for peer, (overdue, deadline_s) in list(self._asked.items()):
            if now_s >= deadline_s:
                # On a slow line every answer comes late: thrown away, it would be sent again for ever.
                self._late[peer] = overdue
                self.blame(peer, now_s)
        up = [name for name, is_connected in connected.items() if is_connected]
        questions = []
        while (question := self._next_question(is_waiting, up)) is not None:
            self._asked[question.peer] = (question, now_s + ANSWER_TIMEOUT_S)
            questions.append(question)
        return questions

    def _next_question(self, is_waiting: bool, up: Sequence[str]) -> Question | None:
        limit = QUESTIONS_MAX if self._is_far() else 1
        if len(self._asked) >= limit or self._bytes >= AHEAD_BYTES_MAX:
            return None
        if self._blocks and limit == 1:
            return None
        wanted = self._next_range()
        peer = None if wanted is None else self._choose(wanted.from_height, is_waiting, up)
        return None if peer is None or wanted is None else Question(peer, wanted)

    def _next_range(self) -> BlocksWanted | None:
        """The lowest heights that are neither here nor asked for."""
        taken = dict.fromkeys(self._blocks)
        for question, _ in self._asked.values():
            first = question.wanted.from_height
            taken |= dict.fromkeys(range(first, first + question.wanted.count))
        end = self._final_height + AHEAD_BLOCKS_MAX
        free = [height for height in range(self._final_height + 1, end + 1) if height not in taken]
        if not free:
            return None
        count = 1
        while count < min(self._count, len(free)) and free[count] == free[0] + count:
            count += 1
        return BlocksWanted(free[0], count)

    def _choose(self, from_height: int, is_waiting: bool, up: Sequence[str]) -> str | None:
        now_s = self._now_s
        ahead = [name for name in up if self._claims.get(name, 0) >= from_height]
        if ahead:
            if self._behind_since_s is None:
                self._behind_since_s = now_s
            if now_s < max(self._behind_since_s, self._progress_s) + PATIENCE_S and not self._is_far():
                return None
            return self._rotate(ahead)
        self._behind_since_s = None
        if is_waiting and up and now_s >= self._progress_s + PROBE_AFTER_S:
            self._progress_s = now_s
            return self._rotate(up)
        return None

    def _is_far(self) -> bool:
        """So far behind that own progress will not close the gap: no patience until it is closed."""
        lag = self.best_claim - self._final_height
        self._is_chasing = lag > FAR_BLOCKS or (self._is_chasing and lag > 0)
        return self._is_chasing

    def _rotate(self, candidates: Sequence[str]) -> str | None:
        free = [name for name in candidates if name not in self._asked]
        chosen = [name for name in free if self._is_trusted(name)] or ([] if self._asked else free)
        if not chosen:
            return None
        self._turn += 1
        return chosen[self._turn % len(chosen)]

    def _is_trusted(self, peer: str) -> bool:
        return self._blamed_until.get(peer, 0.0) <= self._now_s

    def _pass_over(self, peer: str) -> None:
        self._blamed_until[peer] = self._now_s + BLAMED_S
        self._claims.pop(peer, None)

    def _drop(self, height: int) -> None:
        self._bytes -= _size(self._blocks.pop(height)[1])
        assert self._bytes >= 0


def _size(parts: BlockParts) -> int:
    return len(parts.block) + len(parts.certificate) + sum(map(len, parts.below))
