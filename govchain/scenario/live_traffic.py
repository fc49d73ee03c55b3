"""Background load on real validators: clients that submit over HTTP, wait for finality and try the next one.

An answer is one validator's word; what it is worth is found out at the end, when the ledger is read.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Sequence
from typing import Final

from govchain.client import Client
from govchain.errors import GovchainError, Indeterminate, InvalidTransaction, Unavailable
from govchain.model import Genesis, Transaction, TransactionResult
from govchain.scenario.traffic import CLIENTS, PATIENCE_NS, WAITING_MAX, Clerk, LoadSeen

NS_PER_S: Final = 1_000_000_000
RETRY_PAUSE_S: Final = 0.05
REFUSALS_MAX: Final = 20
"""Refusals in a row after which a record is given up; a validator that catches up refuses for a while."""


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
            loops = clerk.load.rate.closed_loop
            if loops is None:
                self._tasks.append(asyncio.create_task(self._pace(clerk)))
            for number in range(loops or 0):
                self._tasks.append(asyncio.create_task(self._loop(clerk, number)))

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

    async def _pace(self, clerk: Clerk) -> None:
        """Hand in a record at each time that is due, whether or not those before are final."""
        at_ns, number, pace = int(clerk.load.from_), 0, clerk.pace()
        async with contextlib.AsyncExitStack() as stack, asyncio.TaskGroup() as records:
            clients = [await stack.enter_async_context(self._client(number)) for number in range(CLIENTS)]
            while not self._is_over(clerk):
                await self._sleep_until(at_ns)
                if len(self.seen.waiting) < WAITING_MAX:
                    first = number % CLIENTS
                    in_turn = [*clients[first:], *clients[:first]]
                    records.create_task(self._hand_in(in_turn, clerk, at_ns))
                at_ns += pace(at_ns)
                number += 1

    async def _loop(self, clerk: Clerk, number: int) -> None:
        """One client that waits for each record, from the beginning of its load to the end."""
        await self._sleep_until(int(clerk.load.from_))
        async with self._client(number) as client:
            while not self._is_over(clerk):
                await self._hand_in([client], clerk, self._now_ns())

    async def _hand_in_one(self, clerk: Clerk) -> None:
        async with self._client(0) as client:
            await self._hand_in([client], clerk, self._now_ns())

    def _client(self, number: int) -> Client:
        """A client that prefers the validator of its number."""
        first = number % len(self._urls)
        urls = [*self._urls[first:], *self._urls[:first]]
        return Client(
            urls, genesis=self._genesis, timeout_s=PATIENCE_NS / NS_PER_S, retry_pause_s=RETRY_PAUSE_S
        )

    async def _hand_in(self, clients: Sequence[Client], clerk: Clerk, due_ns: int) -> None:
        """Hand in the next record until it is final, each attempt by the next client."""
        id_, transaction = clerk.next_record(self.seen.height)
        self.seen.waiting[id_] = transaction
        refusals = attempts = 0
        while refusals < REFUSALS_MAX:
            client = clients[attempts % len(clients)]
            attempts += 1
            try:
                place = await self._attempt(client, id_, transaction)
            except InvalidTransaction as error:
                refusals += 1
                self.seen.refused[id_] = error.code
                place = None
            if place is not None:
                self.seen.refused.pop(id_, None)
                (result, height), org = place, clerk.load.org
                self.seen.acknowledge(id_, org, result, sent_ns=due_ns, at_ns=self._now_ns(), height=height)
                break
            await asyncio.sleep(RETRY_PAUSE_S)
        del self.seen.waiting[id_]

    async def _attempt(
        self, client: Client, id_: bytes, transaction: Transaction
    ) -> tuple[TransactionResult, int] | None:
        """Result of the record and height at which it is final; None when it is not known yet.

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
        if status.status != "final" or status.result is None or status.height is None:
            return None
        return status.result, status.height
