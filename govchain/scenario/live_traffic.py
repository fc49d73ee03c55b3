"""Background load on real validators: clients that submit over HTTP, wait for finality and try the next one.

An answer is one validator's word; what it is worth is found out at the end, when the ledger is read.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Final

from govchain.client import Client
from govchain.errors import GovchainError, Indeterminate, InvalidTransaction, Unavailable
from govchain.model import Genesis, Transaction
from govchain.scenario.traffic import PATIENCE_NS, Clerk, LoadSeen

NS_PER_S: Final = 1_000_000_000
NS_PER_MS: Final = 1_000_000
RETRY_PAUSE_S: Final = 0.05
REFUSALS_MAX: Final = 20
"""Refusals in a row after which a record is given up; a validator that catches up refuses for a while."""
CLIENTS: Final = 8
"""Connections over which the records of a fixed rate go."""


class LiveTraffic:
    """The workload of a run on processes.

    Args:
        now_ns: Time of the run.
    """

    def __init__(
        self, urls: Sequence[str], genesis: Genesis, clerks: list[Clerk], now_ns: Callable[[], int]
    ) -> None:
        self.seen = LoadSeen()
        self._urls = list(urls)
        self._genesis = genesis
        self._clerks = clerks
        self._now_ns = now_ns
        self._is_stopped = False
        self._tasks: list[asyncio.Task[None]] = []

    def start(self) -> None:
        for clerk in self._clerks:
            clients = clerk.load.rate.closed_loop or CLIENTS
            due: asyncio.Queue[None] | None = None
            if clerk.load.rate.closed_loop is None:
                due = asyncio.Queue()
                self._tasks.append(asyncio.create_task(self._tick(clerk, due)))
            for number in range(clients):
                self._tasks.append(asyncio.create_task(self._work(clerk, number, due)))

    def stop(self) -> None:
        self._is_stopped = True

    async def drain(self, limit_ns: int) -> None:
        probes = [asyncio.create_task(self._hand_in_one(clerk)) for clerk in self._clerks]
        tasks, self._tasks = [*self._tasks, *probes], []
        _, late = await asyncio.wait(tasks, timeout=limit_ns / NS_PER_S)
        for task in late:
            task.cancel()
        for outcome in await asyncio.gather(*tasks, return_exceptions=True):
            if isinstance(outcome, Exception):
                raise outcome

    def cancel(self) -> None:
        """End at once."""
        for task in self._tasks:
            task.cancel()

    def _is_over(self, clerk: Clerk) -> bool:
        return self._is_stopped or clerk.is_over(self._now_ns())

    async def _sleep_until(self, at_ns: int) -> None:
        await asyncio.sleep(max(0, at_ns - self._now_ns()) / NS_PER_S)

    async def _tick(self, clerk: Clerk, due: asyncio.Queue[None]) -> None:
        at_ns = int(clerk.load.from_)
        while not self._is_over(clerk):
            await self._sleep_until(at_ns)
            due.put_nowait(None)
            at_ns += NS_PER_S // clerk.load.rate.per_s

    async def _work(self, clerk: Clerk, number: int, due: asyncio.Queue[None] | None) -> None:
        """One client, from the beginning of its load to the end."""
        await self._sleep_until(int(clerk.load.from_))
        first = number % len(self._urls)
        urls = [*self._urls[first:], *self._urls[:first]]
        async with self._client(urls) as client:
            while not self._is_over(clerk):
                if due is not None and due.empty():
                    await asyncio.sleep(RETRY_PAUSE_S / 5)
                    continue
                if due is not None:
                    due.get_nowait()
                await self._hand_in(client, clerk)

    async def _hand_in_one(self, clerk: Clerk) -> None:
        async with self._client(self._urls) as client:
            await self._hand_in(client, clerk)

    def _client(self, urls: Sequence[str]) -> Client:
        return Client(
            urls, genesis=self._genesis, timeout_s=PATIENCE_NS / NS_PER_S, retry_pause_s=RETRY_PAUSE_S
        )

    async def _hand_in(self, client: Client, clerk: Clerk) -> None:
        id_, transaction = clerk.next_record(self.seen.height)
        self.seen.waiting[id_] = transaction
        sent_ns = self._now_ns()
        refusals = 0
        while refusals < REFUSALS_MAX:
            try:
                height = await self._attempt(client, id_, transaction)
            except InvalidTransaction as error:
                refusals += 1
                self.seen.refused[id_] = error.code
                height = None
            if height is not None:
                now_ns = self._now_ns()
                self.seen.refused.pop(id_, None)
                self.seen.acknowledged[id_] = now_ns
                self.seen.latencies_ms.append((now_ns - sent_ns) / NS_PER_MS)
                self.seen.height = max(self.seen.height, height)
                break
            await asyncio.sleep(RETRY_PAUSE_S)
        del self.seen.waiting[id_]

    async def _attempt(self, client: Client, id_: bytes, transaction: Transaction) -> int | None:
        """Height at which the record is final; None when it is not known yet.

        Raises:
            InvalidTransaction: Refused, and nobody knows it.
        """
        try:
            status = await client.submit_and_wait(
                transaction, timeout_s=PATIENCE_NS / NS_PER_S, certified=False
            )
        except (Unavailable, Indeterminate):
            return None
        except InvalidTransaction:
            # Handing in again is refused once it was executed.
            try:
                known = await client.transaction(id_)
            except GovchainError:
                return None
            if known is None:
                raise
            status = known
        return status.height if status.status == "final" else None
