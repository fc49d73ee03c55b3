"""Offers prepared records to validators and notes when each becomes final.

The load of a benchmark: signing happens before the clock starts, waiting happens on the events stream.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from govchain.client import Client, OrgSigner
from govchain.crypto import Signer, digest_chunks, suite, transaction_id
from govchain.documents import to_evidence_record
from govchain.errors import GovchainError, Indeterminate, InvalidTransaction, SimulationFailure
from govchain.model import Transaction

RETRY_PAUSE_S: Final = 0.05
"""Pause after a full pool before the rest of a batch is offered again."""


WAITING_MAX: Final = 1_000_000_000
"""No bound: validators refuse what is too much."""


@dataclass(frozen=True, slots=True)
class _Pace:
    offered_per_s: float
    waiting_max: int
    moved: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when something became final."""


@dataclass(frozen=True, slots=True)
class PreparedLoad:
    """Signed records in the order in which they are offered."""

    transactions: tuple[Transaction, ...]
    ids: tuple[bytes, ...]

    @property
    def record_bytes(self) -> int:
        """Mean size of a signed record."""
        total = sum(len(item.body) + len(item.signature) for item in self.transactions)
        return round(total / len(self.transactions))


@dataclass(slots=True)
class LoadTimes:
    """When each record was handed in and when it was seen final, by id; seconds of one monotonic clock."""

    offered_s: dict[bytes, float] = field(default_factory=dict)
    final_s: dict[bytes, float] = field(default_factory=dict)
    denied: int = 0
    offer_ended_s: float = 0.0

    def latencies_ms(self) -> list[float]:
        """From handing in to final, rising."""
        return sorted((self.final_s[one] - self.offered_s[one]) * 1000 for one in self.final_s)

    @property
    def began_s(self) -> float:
        return min(self.offered_s.values())

    @property
    def ended_s(self) -> float:
        return max(self.final_s.values())


def prepare_load(
    chain_id: bytes,
    signers: Sequence[tuple[str, Signer]],
    records: int,
    *,
    claimed_time: str,
    expiry_height: int,
) -> PreparedLoad:
    """Sign deposits of evidence, the organisations (USCC, key) taking turns."""
    builders = [OrgSigner(chain_id, org, signer) for org, signer in signers]
    made = []
    for index in range(records):
        record = to_evidence_record(
            digest_chunks([f"benchmark document {index}".encode()]),
            evidence_kind="document",
            media_type="text/plain",
            collected_at=claimed_time,
            claimed_time=claimed_time,
            number=f"EV-BENCH-{index // 1000:04}.{index % 1000:04}",
        )
        builder = builders[index % len(builders)]
        made.append(builder.build(record.kind, record.payload(), expiry_height=expiry_height))
    chosen = suite()
    return PreparedLoad(tuple(made), tuple(bytes(transaction_id(chosen, one)) for one in made))


async def offer_load(
    urls: Sequence[str],
    load: PreparedLoad,
    *,
    records_per_request: int,
    offered_per_s: float,
    timeout_s: float,
    waiting_max: int = WAITING_MAX,
) -> LoadTimes:
    """Offer every record through all validators in turn; returns when all are final.

    Args:
        waiting_max: Records that may wait for finality before more are offered.

    Raises:
        InvalidTransaction: A validator refused one for another reason than a full pool.
        Indeterminate: Not all were final in time.
        SimulationFailure: A rule denied one.
    """
    times = LoadTimes()
    try:
        async with asyncio.timeout(timeout_s):
            await _offer_and_listen(
                urls,
                load,
                times,
                records_per_request=records_per_request,
                pace=_Pace(offered_per_s, waiting_max),
            )
    except TimeoutError as error:
        missing = len(load.ids) - len(times.final_s)
        raise Indeterminate(f"{missing} records are not final after {timeout_s:g} s") from error
    if times.denied:
        raise SimulationFailure(0, 0, f"{times.denied} of {len(load.ids)} benchmark records were denied")
    return times


async def _offer_and_listen(
    urls: Sequence[str],
    load: PreparedLoad,
    times: LoadTimes,
    *,
    records_per_request: int,
    pace: _Pace,
) -> None:
    wanted = set(load.ids)
    async with Client([urls[0]]) as listener:
        # Listening from before the first record, so that nothing final is missed.
        height = (await listener.status()).final_height + 1
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(_listen(listener, height, wanted, times, pace))
                tasks.create_task(_offer_all(urls, load, records_per_request, pace, times))
        except* GovchainError as group:
            raise _first_of(group) from None


def _first_of(group: BaseExceptionGroup[GovchainError]) -> GovchainError:
    error: BaseException = group
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    assert isinstance(error, GovchainError)
    return error


async def _listen(client: Client, height: int, wanted: set[bytes], times: LoadTimes, pace: _Pace) -> None:
    async for event in client.events(height):
        now_s = time.perf_counter()
        for result in event.results:
            if result.transaction_id in wanted:
                times.final_s[result.transaction_id] = now_s
                times.denied += not result.applied
        pace.moved.set()
        if len(times.final_s) == len(wanted):
            return


async def _offer_all(
    urls: Sequence[str], load: PreparedLoad, records_per_request: int, pace: _Pace, times: LoadTimes
) -> None:
    entries = list(zip(load.ids, load.transactions, strict=True))
    requests = deque(
        (
            start / pace.offered_per_s if pace.offered_per_s else 0.0,
            entries[start : start + records_per_request],
        )
        for start in range(0, len(entries), records_per_request)
    )
    began_s = time.perf_counter()

    async def send(url: str) -> None:
        async with Client([url]) as client:
            while requests:
                due_s, batch = requests.popleft()
                await asyncio.sleep(max(0.0, began_s + due_s - time.perf_counter()))
                while len(times.offered_s) - len(times.final_s) >= pace.waiting_max:
                    pace.moved.clear()
                    await pace.moved.wait()
                await _offer_batch(client, batch, times)

    async with asyncio.TaskGroup() as tasks:
        for url in urls:
            tasks.create_task(send(url))
    times.offer_ended_s = time.perf_counter()


async def _offer_batch(client: Client, batch: list[tuple[bytes, Transaction]], times: LoadTimes) -> None:
    while batch:
        now_s = time.perf_counter()
        for one, _ in batch:
            times.offered_s.setdefault(one, now_s)
        answers = await client.submit([transaction for _, transaction in batch])
        refused = []
        for entry, answer in zip(batch, answers, strict=True):
            if answer.status == "rejected" and answer.code == "pool-full":
                refused.append(entry)
            elif answer.status == "rejected":
                raise InvalidTransaction(answer.code, f"{answer.code}: {answer.detail}")
        batch = refused
        if batch:
            await asyncio.sleep(RETRY_PAUSE_S)
