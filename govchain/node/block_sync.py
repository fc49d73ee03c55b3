"""Blocks that arrived by certificate, checked ahead of their turn, handed out in order (rules CU-2, CU-5).

Checking runs in threads, a few blocks ahead; installing is the owner's. What is wrong costs its sender the
connection's patience and its place in the queue.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Final

from govchain.errors import BadProof, InvalidInput
from govchain.node.block_check import BlockCheck, CheckedBlock
from govchain.node.catch_up import CatchUp
from govchain.node.wire import BlockParts

CHECKED_AHEAD_MAX: Final = 8
THREADS: Final = 2


@dataclass(frozen=True, slots=True)
class ReadyBlock:
    """The next block to install.

    Attributes:
        is_followed: The one after it has arrived too: durability may wait for it.
    """

    peer: str
    checked: CheckedBlock
    is_followed: bool


@dataclass(frozen=True, slots=True)
class _Running:
    peer: str
    parts: BlockParts
    result: Future[CheckedBlock]


class BlockSync:
    """What stands between arrival and installation.

    Args:
        check: Judges blocks; called in other threads.
        catch_up: Where they arrive.
        refuse: Told whose block was wrong.
        wake: Called in the loop's thread when a check is over.
    """

    def __init__(
        self,
        check: BlockCheck,
        catch_up: CatchUp,
        *,
        refuse: Callable[[str, InvalidInput], object],
        wake: Callable[[], None],
    ) -> None:
        self.check = check
        self._catch_up = catch_up
        self._refuse = refuse
        self._wake = wake
        self._running: dict[int, _Running] = {}
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="block-check")

    def is_ready(self, height: int) -> bool:
        """The block of this height arrived, and its check is over or has to begin."""
        running = self._running.get(height)
        return running.result.done() if running is not None else self._catch_up.block(height) is not None

    def take(self, height: int, now_s: float) -> ReadyBlock | None:
        """The checked block of this height, if it is there; the checks of those above go on meanwhile."""
        for low in [low for low in self._running if low < height]:
            del self._running[low]
        self._check_ahead(height)
        running = self._running.get(height)
        if running is None or not running.result.done():
            return None
        del self._running[height]
        try:
            checked = self._result(running)
            if checked.first_height != height:
                raise BadProof(
                    f"a block of height {checked.first_height} where {height} was asked for",
                    step="block",
                )
        except InvalidInput as error:
            self.blame(running.peer, error, now_s)
            return None
        return ReadyBlock(running.peer, checked, self._catch_up.block(height + 1) is not None)

    def blame(self, peer: str, error: InvalidInput, now_s: float) -> None:
        """A block was wrong: nothing else of this peer is used (rule CU-5)."""
        self._refuse(peer, error)
        self._catch_up.blame(peer, now_s)
        self._running = {height: each for height, each in self._running.items() if each.peer != peer}

    def close(self) -> None:
        """End the threads."""
        self._threads.shutdown(wait=True, cancel_futures=True)

    def _result(self, running: _Running) -> CheckedBlock:
        try:
            return running.result.result()
        except InvalidInput:
            # The block before it may have brought the validators or keys that it lacked: looked at once more.
            return self.check.check(running.parts)

    def _check_ahead(self, height: int) -> None:
        loop = asyncio.get_running_loop()
        for wanted in range(height, height + CHECKED_AHEAD_MAX):
            arrived = self._catch_up.block(wanted)
            if arrived is None:
                return
            if wanted not in self._running:
                peer, parts = arrived
                result = self._threads.submit(self.check.check, parts)
                result.add_done_callback(lambda _: loop.call_soon_threadsafe(self._wake))
                self._running[wanted] = _Running(peer, parts, result)
