"""Blocks below a snapshot, fetched from the top down when there is nothing better to do (rule CU-3).

Each is proven by its own certificate and by the parent that the block above it names. With the last of them
the validator is complete again: every receipt can be had here too.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from govchain.crypto import digest_of
from govchain.errors import BadProof, InvalidInput
from govchain.ledger.snapshot import block_below_writes, first_block
from govchain.node.block_check import BlockCheck
from govchain.node.catch_up import Question
from govchain.node.parts import NodeParts
from govchain.node.wire import BlockParts, BlocksWanted

ANSWER_TIMEOUT_S: Final = 5.0
PASSED_OVER_S: Final = 10.0
COUNT_MAX: Final = 2
"""Blocks of one question: so many are checked between two looks at votes."""


class Backfill:
    """One question at a time. Times are seconds of a monotonic clock."""

    def __init__(self, parts: NodeParts, check: BlockCheck) -> None:
        self._parts = parts
        self._check = check
        self._asked: Question | None = None
        self._deadline_s = 0.0
        self._passed_over_until: dict[str, float] = {}
        self._turn = 0
        self._count = COUNT_MAX
        self.first = first_block(parts.store)
        """Lowest height from which every block is here; 1 when all are."""

    def restart(self) -> None:
        """A snapshot came into force."""
        self._asked, self.first = None, first_block(self._parts.store)

    def question(self, now_s: float, connected: Mapping[str, bool]) -> Question | None:
        """The question to send now. Call it when nothing else is being fetched."""
        if self._asked is not None and now_s >= self._deadline_s:
            self._pass_over(self._asked.peer, now_s)
        if self.first <= 1 or self._asked is not None:
            return None
        up = [name for name, is_up in connected.items() if is_up]
        good = [name for name in up if self._passed_over_until.get(name, 0.0) <= now_s]
        if not good:
            return None
        self._turn += 1
        count = min(self._count, self.first - 1)
        self._asked = Question(good[self._turn % len(good)], BlocksWanted(self.first - count, count))
        self._deadline_s = now_s + ANSWER_TIMEOUT_S
        return self._asked

    def take(self, peer: str, from_height: int, blocks: Sequence[BlockParts], now_s: float) -> bool:
        """Take an answer and keep what it holds; False when it was not asked for.

        Raises:
            InvalidInput: The peer sent something else than those blocks.
        """
        asked = self._asked
        if asked is None or (asked.peer, asked.wanted.from_height) != (peer, from_height):
            return False
        self._asked = None
        if len(blocks) < asked.wanted.count:
            # What is wanted first is at the upper end, so the next question must fit into one answer.
            self._count = max(1, len(blocks))
            if not blocks:
                self._pass_over(peer, now_s)
            return True
        try:
            for height in range(self.first - 1, from_height - 1, -1):
                self._keep(height, blocks[height - from_height])
        except InvalidInput:
            self._pass_over(peer, now_s)
            raise
        return True

    def _keep(self, height: int, parts: BlockParts) -> None:
        checked = self._check.check(parts)
        self._check.require_signatures(checked.unverified)
        store, suite, ledger = self._parts.store, self._parts.suite, self._parts.ledger
        above = self._parts.chain.block(height + 1)
        assert above is not None, "blocks from the first one up are stored"
        if digest_of(suite, checked.block.header) != above.header.parent:
            raise BadProof(f"not the block below height {height + 1}", step="block")
        store.write(
            [
                *block_below_writes(suite, store, checked.block),
                self._parts.chain.certificate_write(checked.certificate),
                ledger.count_below(checked.block),
            ],
            sync=False,
        )
        self.first = height

    def _pass_over(self, peer: str, now_s: float) -> None:
        self._asked = None
        self._passed_over_until[peer] = now_s + PASSED_OVER_S
