"""When to ask whom for which blocks, and what arrived (rules CU-1, CU-2, CU-5).

Claims of peers only cause questions. Verifying and executing what comes is the executor's work; here are one
question at a time, deadlines, and peers that are passed over for a while.
"""

from __future__ import annotations

from collections import deque
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


@dataclass(frozen=True, slots=True)
class Question:
    """A question to send."""

    peer: str
    wanted: BlocksWanted


class CatchUp:
    """The state of one validator's catching up. Times are seconds of a monotonic clock."""

    def __init__(self, peers: list[str]) -> None:
        self._peers = peers
        self._claims: dict[str, int] = {}
        self._blamed_until: dict[str, float] = {}
        self._asked: Question | None = None
        self._late: dict[str, None] = {}
        self._deadline_s = 0.0
        self._behind_since_s: float | None = None
        self._progress_s = 0.0
        self._final_height = 0
        self._turn = 0
        self._blocks: deque[tuple[str, BlockParts]] = deque()

    def add_peer(self, name: str) -> None:
        """Ask this peer too."""
        if name not in self._peers:
            self._peers.append(name)

    @property
    def is_active(self) -> bool:
        """Blocks are being fetched or installed."""
        return bool(self._blocks) or (self._asked is not None and self.best_claim > self._final_height)

    @property
    def has_blocks(self) -> bool:
        return bool(self._blocks)

    @property
    def best_claim(self) -> int:
        """Highest final height that a peer claims."""
        return max(self._claims.values(), default=0)

    def claim(self, peer: str, height: int) -> None:
        """A peer says that it has final blocks up to this height."""
        self._claims[peer] = height

    def hurry(self, peer: str, height: int, now_s: float) -> None:
        """The core found that it was left behind (a weak quorum attested this height): ask now."""
        self._claims[peer] = max(height, self._claims.get(peer, 0))
        self._behind_since_s = now_s - PATIENCE_S

    def answered(self, peer: str, blocks: tuple[BlockParts, ...]) -> bool:
        """Take an answer; False when nobody asked this peer. A late one is as good as any other."""
        if self._asked is not None and self._asked.peer == peer:
            self._asked = None
        elif peer not in self._late:
            return False
        self._late.pop(peer, None)
        if not blocks:
            self._claims.pop(peer, None)
        self._blocks.extend((peer, parts) for parts in blocks)
        return True

    def next_block(self) -> tuple[str, BlockParts] | None:
        """The next block to verify and install, with the peer that sent it."""
        return self._blocks.popleft() if self._blocks else None

    def blame(self, peer: str, now_s: float) -> None:
        """A peer lied or was silent: forget what it said and sent, and ask others first (rule CU-5)."""
        self._blamed_until[peer] = now_s + BLAMED_S
        self._claims.pop(peer, None)
        self._blocks = deque((who, parts) for who, parts in self._blocks if who != peer)
        if self._asked is not None and self._asked.peer == peer:
            self._asked = None

    def advance(self, final_height: int, now_s: float) -> None:
        """Tell how far finality reaches here."""
        if final_height > self._final_height:
            self._final_height = final_height
            self._progress_s = now_s

    def ask(self, now_s: float, *, is_waiting: bool, connected: dict[str, bool]) -> Question | None:
        """The question to send now, if any. Call it every now and then, and after each answer.

        Args:
            is_waiting: Something is open: an undecided sequence number, or a block without certificate.
        """
        if self._asked is not None:
            if now_s < self._deadline_s:
                return None
            # On a slow line every answer comes late: thrown away, it would have to be sent again for ever.
            self._late[self._asked.peer] = None
            self.blame(self._asked.peer, now_s)
        if self._blocks:
            return None
        peer = self._choose(now_s, is_waiting, [name for name in self._peers if connected.get(name)])
        if peer is None:
            return None
        self._asked = Question(peer, BlocksWanted(self._final_height + 1, BLOCKS_MAX))
        self._deadline_s = now_s + ANSWER_TIMEOUT_S
        return self._asked

    def _choose(self, now_s: float, is_waiting: bool, connected: list[str]) -> str | None:
        ahead = [name for name in connected if self._claims.get(name, 0) > self._final_height]
        if ahead:
            if self._behind_since_s is None:
                self._behind_since_s = now_s
            if now_s < max(self._behind_since_s, self._progress_s) + PATIENCE_S and not self._is_far():
                return None
            return self._rotate(ahead, now_s)
        self._behind_since_s = None
        if is_waiting and connected and now_s >= self._progress_s + PROBE_AFTER_S:
            self._progress_s = now_s
            return self._rotate(connected, now_s)
        return None

    def _is_far(self) -> bool:
        """So far behind that own progress will not close the gap: no patience between questions."""
        return self.best_claim > self._final_height + BLOCKS_MAX // 2

    def _rotate(self, candidates: list[str], now_s: float) -> str:
        trusted = [name for name in candidates if self._blamed_until.get(name, 0.0) <= now_s]
        self._turn += 1
        chosen = trusted or candidates
        return chosen[self._turn % len(chosen)]
