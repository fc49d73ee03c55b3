"""Memory of validators over a long run, and how fast one that was away comes back: by blocks, by snapshot.

The same processes, load and disks as in the consensus benchmark. Nothing is printed or kept: figures go back.
"""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import msgspec

import govchain
from govchain.bench.consensus import ConsensusBench, free_network, prepare_network_load, running_pids
from govchain.bench.load import PreparedLoad, offer_load
from govchain.bench.memory import MemorySample, slope_mb_per_10k, take_sample
from govchain.client import Client, ValidatorStatus
from govchain.errors import Indeterminate, Unavailable
from govchain.testnet import LocalNetwork

OFFER_TIMEOUT_S: Final = 1800.0
RETURN_TIMEOUT_S: Final = 900.0
LOOK_INTERVAL_S: Final = 0.05
SAMPLE_INTERVAL_S: Final = 1.0
WAITING_MAX: Final = 5_000
"""Records offered and not final: the memory of full pools is another matter."""
WARM_UP: Final = 0.5
"""Share of the samples before caches are full: no slope is taken through them."""
SNAPSHOT_BLOCKS: Final = 2
"""For the wiped validator: so few blocks behind already make it ask for a snapshot."""


@dataclass(frozen=True, slots=True)
class SyncBench:
    """What to measure."""

    validators: int = 4
    records: int = 200_000
    """Over which memory is watched."""
    behind: int = 50_000
    """Made final while one validator is down."""
    records_per_request: int = 100


class Memory(msgspec.Struct, frozen=True):
    """Resident memory of one validator over the run."""

    validator: str
    first_mb: float
    """After the warm-up."""
    last_mb: float
    peak_mb: float
    slope_mb_per_10k: float
    """By least squares, after the warm-up."""
    samples: tuple[tuple[int, float], ...]
    """Records final and megabytes, thinned."""


class Return(msgspec.Struct, frozen=True):
    """How a validator that was away came back."""

    records: int
    blocks: int
    start_s: float
    """From starting the process to its first answer."""
    seconds: float
    """From its first answer to the height of the others."""
    records_per_s: float
    ratio: float
    """Over the live rate."""
    cpu_s: float
    """Processor time of the process so far, starting it included."""


class SyncFigures(msgspec.Struct, frozen=True):
    """Result of one run. Names are stable."""

    validators: int
    records: int
    record_bytes: int
    live_per_s: float
    """Records a second while one validator was down."""
    memory: tuple[Memory, ...]
    slope_mb_per_10k_max: float
    catch_up: Return
    snapshot: Return
    """From an empty disk to the head; blocks below follow in the background."""
    height: int
    machine: dict[str, Any]
    version: str


@dataclass(slots=True)
class _Run:
    """One network under measurement."""

    bench: SyncBench
    network: LocalNetwork
    load: PreparedLoad
    say: Callable[[str], None]
    offered: int = 0
    samples: dict[str, list[MemorySample]] = field(default_factory=dict)

    @property
    def absent(self) -> str:
        """The validator that goes away: not the primary of the first view."""
        return self.network.names[-1]

    def next_load(self, records: int) -> PreparedLoad:
        begin, self.offered = self.offered, self.offered + records
        return PreparedLoad(self.load.transactions[begin : self.offered], self.load.ids[begin : self.offered])


def measure_sync(
    bench: SyncBench,
    machine: dict[str, Any],
    *,
    now: datetime,
    say: Callable[[str], None] = lambda text: None,
) -> SyncFigures:
    """Run validators in a temporary folder, load them, take one away and let it come back, twice.

    Args:
        bench: What to measure. Expects at least 4 validators, so that the others go on without one.
        machine: Description that goes back with the figures.
        now: Time at which keys and genesis are made.
        say: Told what is going on.

    Raises:
        Indeterminate: Something did not become final, or the validator did not come back in time.
    """
    assert bench.validators >= 4, "the others go on without one"
    total = bench.records + bench.behind
    with tempfile.TemporaryDirectory(prefix="govchain-bench-") as folder:
        shape = ConsensusBench(validators=bench.validators, records=total)
        network = free_network(Path(folder) / "network", shape, now)
        say(f"signing {total} records")
        run = _Run(bench, network, prepare_network_load(network, shape, now), say)
        with network:
            network.start()
            return asyncio.run(_measure(run, machine))


async def _measure(run: _Run, machine: dict[str, Any]) -> SyncFigures:
    bench = run.bench
    run.say(f"offering {bench.records} records, watching memory")
    async with _watched(run):
        await _offer(run, bench.records, run.network.urls)
    before = await _status(run.network.urls[0])
    run.say(f"{run.absent} is down, offering {bench.behind} records")
    run.network.process(run.absent).ask_to_end()
    run.network.process(run.absent).wait_ended()
    live_per_s = await _offer(run, bench.behind, run.network.urls[:-1])
    after = await _status(run.network.urls[0])
    blocks = after.final_height - before.final_height
    run.say(f"{run.absent} is started, {blocks} blocks behind")
    catch_up = await _come_back(run, bench.behind, blocks, live_per_s)
    run.say(f"{run.absent} is wiped and started")
    _wipe(run)
    snapshot = await _come_back(run, bench.records + bench.behind, after.final_height, live_per_s)
    memory = tuple(_memory(name, samples) for name, samples in run.samples.items())
    return SyncFigures(
        validators=bench.validators,
        records=bench.records,
        record_bytes=run.load.record_bytes,
        live_per_s=round(live_per_s, 1),
        memory=memory,
        slope_mb_per_10k_max=max(each.slope_mb_per_10k for each in memory),
        catch_up=catch_up,
        snapshot=snapshot,
        height=after.final_height,
        machine=machine,
        version=govchain.__version__,
    )


async def _offer(run: _Run, records: int, urls: Sequence[str]) -> float:
    """Offer and wait until all are final; records a second."""
    times = await offer_load(
        urls,
        run.next_load(records),
        records_per_request=run.bench.records_per_request,
        offered_per_s=0.0,
        timeout_s=OFFER_TIMEOUT_S,
        waiting_max=WAITING_MAX,
    )
    return records / (times.ended_s - times.began_s)


async def _come_back(run: _Run, records: int, blocks: int, live_per_s: float) -> Return:
    target = (await _status(run.network.urls[0])).final_height
    started_s = time.perf_counter()
    run.network.start_validator(run.absent)
    answered_s = 0.0
    while True:
        try:
            height = (await _status(run.network.urls[-1])).final_height
        except (Unavailable, Indeterminate):
            height = 0
        else:
            answered_s = answered_s or time.perf_counter()
        now_s = time.perf_counter()
        if height >= target:
            break
        if now_s - started_s > RETURN_TIMEOUT_S:
            raise Indeterminate(
                f"{run.absent} is at height {height} of {target} after {RETURN_TIMEOUT_S:g} s"
            )
        await asyncio.sleep(LOOK_INTERVAL_S)
    process = run.network.process(run.absent).find()
    cpu_s = 0.0 if process is None else sum(process.cpu_times()[:2])
    seconds = max(now_s - answered_s, LOOK_INTERVAL_S)
    return Return(
        records=records,
        blocks=blocks,
        start_s=round(answered_s - started_s, 2),
        seconds=round(seconds, 2),
        records_per_s=round(records / seconds, 1),
        ratio=round(records / seconds / live_per_s, 2),
        cpu_s=round(cpu_s, 2),
    )


def _wipe(run: _Run) -> None:
    """Take the disk away, and let few missing blocks be enough for a snapshot."""
    process = run.network.process(run.absent)
    process.ask_to_end()
    process.wait_ended()
    shutil.rmtree(process.folder / "data")
    config = process.folder / "node.yaml"
    config.write_text(
        f"{config.read_text(encoding='utf-8')}snapshot_blocks: {SNAPSHOT_BLOCKS}\n", encoding="utf-8"
    )


async def _status(url: str) -> ValidatorStatus:
    async with Client([url]) as client:
        return await client.status()


@contextlib.asynccontextmanager
async def _watched(run: _Run) -> AsyncIterator[None]:
    """Sample memory of every validator until the block ends."""

    async def watch() -> None:
        pids = running_pids(run.network)
        while True:
            records = (await _status(run.network.urls[0])).finalised
            for name, pid in zip(run.network.names, pids, strict=True):
                run.samples.setdefault(name, []).append(take_sample(pid, records))
            await asyncio.sleep(SAMPLE_INTERVAL_S)

    task = asyncio.create_task(watch())
    try:
        yield
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


def _memory(name: str, samples: list[MemorySample]) -> Memory:
    warm = samples[int(len(samples) * WARM_UP) :]
    step = max(1, len(samples) // 40)
    return Memory(
        validator=name,
        first_mb=warm[0].megabytes,
        last_mb=warm[-1].megabytes,
        peak_mb=max(each.megabytes for each in samples),
        slope_mb_per_10k=slope_mb_per_10k(warm),
        samples=tuple((each.records, each.megabytes) for each in samples[::step]),
    )
