"""Background load in virtual time: clients that submit, wait for finality and try the next validator.

They do what `govchain.client` does on real networks, so that both show the same. Every wait is an entry of
the backend's agenda, so equal seeds give equal runs.
"""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final

from govchain.errors import GovchainError
from govchain.model import Transaction, TransactionResult
from govchain.scenario.pace import Pace
from govchain.scenario.traffic import CLIENTS, PATIENCE_NS, WAITING_MAX, Clerk, LoadSeen
from govchain.sim import SimCluster
from govchain.sim.clients import Clients

CLIENT_NS: Final = 5_000_000
"""From the answer to a client to its next record where nothing costs time: some must pass."""

LISTEN_NS: Final = PATIENCE_NS // 2
"""What a client waits at one validator; then the next one is asked, first from then on."""

CallAt = Callable[[int, Callable[[], Awaitable[None]]], None]


@dataclass(slots=True)
class Caller:
    """One client, and the validator that it asks first."""

    preferred: int


class SimTraffic:
    """The workload of a simulated run. A client believes the validator that it asked.

    Args:
        run: Lets virtual time pass until a predicate holds or a limit is reached.
    """

    def __init__(
        self,
        cluster: SimCluster,
        clerks: list[Clerk],
        call_at: CallAt,
        run: Callable[[Callable[[], bool], int], Awaitable[None]],
    ) -> None:
        self.seen = LoadSeen()
        self._cluster = cluster
        self._clients = Clients(cluster)
        self._clerks = clerks
        self._call_at = call_at
        self._run = run
        self._is_stopped = False
        self._callers: list[Caller] = [Caller(number) for number in range(CLIENTS)]
        """Of open loads, in turn."""
        self._turn = 0
        self._sent: dict[bytes, tuple[str, int]] = {}
        """Whose record was handed in when."""
        self._asked: dict[bytes, int] = {}
        """The validator whose answer is waited for."""
        self._waiting: dict[bytes, None] = {}
        """Records of which that validator knows that somebody waits for them."""
        self._loops: dict[bytes, tuple[Clerk, Caller]] = {}
        """Records of closed loops: acknowledging one makes its client hand in the next."""

    def start(self) -> None:
        for clerk in self._clerks:
            self._call_at(int(clerk.load.from_), functools.partial(self._begin, clerk))

    def stop(self) -> None:
        self._is_stopped = True

    async def drain(self, limit_ns: int) -> None:
        for clerk in self._clerks:
            self._hand_in(clerk, Caller(0))
        await self._run(lambda: not self.seen.waiting, self._cluster.now_ns + limit_ns)

    def note_final(self, node: int, height: int, at_ns: int) -> None:
        """A validator calls a height final."""
        if not self._cluster.is_running(node):
            return
        block = self._cluster.node(node).chain.block(height)
        for result in block.results if block is not None else ():
            id_ = result.transaction_id
            asked = self._asked.get(id_)
            is_asked = asked == node and id_ in self._waiting
            if is_asked or (asked is not None and not self._cluster.is_running(asked)):
                self._answer(result, node, height, at_ns)

    def _answer(self, result: TransactionResult, node: int, height: int, at_ns: int) -> None:
        id_ = result.transaction_id
        del self._asked[id_]
        self._waiting.pop(id_, None)

        def read(at_ns: int) -> None:
            if self.seen.waiting.pop(id_, None) is None:
                return
            org, sent_ns = self._sent.pop(id_)
            self.seen.acknowledge(id_, org, result, sent_ns=sent_ns, at_ns=at_ns, height=height)
            loop = self._loops.pop(id_, None)
            if loop is not None:
                pause_ns = CLIENT_NS if self._clients.are_free else 0
                self._call_at(at_ns + pause_ns, functools.partial(self._go_on, *loop))

        def answered(at_ns: int) -> None:
            self._clients.work(read, ends=1, at_ns=at_ns)

        self._clients.ask(node, answered, ends=1, at_ns=at_ns)

    async def _begin(self, clerk: Clerk) -> None:
        if clerk.load.rate.closed_loop is None:
            await self._tick(clerk, clerk.pace())
            return
        for number in range(clerk.load.rate.closed_loop):
            await self._go_on(clerk, Caller(number))

    async def _go_on(self, clerk: Clerk, caller: Caller) -> None:
        if not self._is_over(clerk):
            self._hand_in(clerk, caller, is_loop=True)

    async def _tick(self, clerk: Clerk, pace: Pace) -> None:
        now_ns = self._cluster.now_ns
        if self._is_over(clerk):
            return
        if len(self.seen.waiting) < WAITING_MAX:
            self._hand_in(clerk, self._callers[self._turn % CLIENTS])
        self._turn += 1
        self._call_at(now_ns + pace(now_ns), lambda: self._tick(clerk, pace))

    def _is_over(self, clerk: Clerk) -> bool:
        return self._is_stopped or clerk.is_over(self._cluster.now_ns)

    def _hand_in(self, clerk: Clerk, caller: Caller, *, is_loop: bool = False) -> None:
        id_, transaction = clerk.next_record(self.seen.height)
        self.seen.waiting[id_] = transaction
        self._sent[id_] = (clerk.load.org, self._cluster.now_ns)
        if is_loop:
            # Before it is offered: where nothing costs time and one validator decides, it is final at once.
            self._loops[id_] = (clerk, caller)
        self._clients.work(lambda at_ns: self._offer(id_, transaction, caller, at_ns), ends=1)

    def _offer(self, id_: bytes, transaction: Transaction, caller: Caller, at_ns: int) -> None:
        """Hand in a record at one validator, and at the next one when it is not final in time."""
        if id_ not in self.seen.waiting:
            return
        cluster = self._cluster
        node = self._reach(caller)
        if node is not None:
            self._asked[id_] = node
            self._waiting.pop(id_, None)

            def submit(at_ns: int) -> None:
                self._submit(id_, transaction, node, at_ns)

            self._clients.ask(node, submit, ends=2, at_ns=at_ns)

        async def again() -> None:
            if id_ in self.seen.waiting:
                caller.preferred += 1
                self._offer(id_, transaction, caller, cluster.now_ns)

        self._call_at(max(at_ns, cluster.now_ns) + LISTEN_NS, again)

    def _reach(self, caller: Caller) -> int | None:
        """The first validator that answers, which is preferred from now on; None when nobody does."""
        cluster = self._cluster
        size = cluster.genesis.validators.size
        for number in range(caller.preferred, caller.preferred + size):
            node = number % size
            if cluster.is_running(node) and not cluster.is_paused(node):
                caller.preferred = node
                return node
        return None

    def _submit(self, id_: bytes, transaction: Transaction, node: int, at_ns: int) -> None:
        # Known there, or no room: the next attempt goes elsewhere.
        with contextlib.suppress(GovchainError):
            self._cluster.submit(transaction, to=node)

        def wait(at_ns: int) -> None:
            self._clients.ask(node, lambda at_ns: self._wait(id_, node, at_ns), ends=1, at_ns=at_ns)

        # The answer to the first request makes the client send the second.
        self._clients.work(wait, ends=2, at_ns=at_ns)

    def _wait(self, id_: bytes, node: int, at_ns: int) -> None:
        if self._asked.get(id_) != node:
            return
        asked = self._cluster.node(node)
        place = asked.chain.locate(id_)
        if place is not None and place[0] <= asked.final_height:
            height, position = place
            block = asked.chain.block(height)
            assert block is not None, "a located transaction is in a stored block"
            self._answer(block.results[position], node, height, at_ns)
        else:
            self._waiting[id_] = None
