"""What a run on this machine's processes used: processor time of validators and clients, syncs, the rest.

A backend that meters itself. Nothing is concluded here.
"""

from __future__ import annotations

import asyncio
import re
import time
import urllib.request
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

import msgspec
import psutil

from govchain.scenario import LocalBackend
from govchain.scenario.backend import Rehearsal
from govchain.scenario.traffic import Clerk, Traffic

SETTLE_S: Final = 1.0
"""From when all validators are ready to the first record: what a start leaves behind comes to rest."""
METRICS_TIMEOUT_S: Final = 5.0
_SECONDS: Final = re.compile(r"^govchain_(store|execute)_seconds_(sum|count)(?:\{.*\})? (\S+)$", re.MULTILINE)
_NS_PER_S: Final = 1_000_000_000


class Usage(msgspec.Struct, frozen=True):
    """What a run used while there was load."""

    records: int
    blocks: int
    seconds: float
    validators_cpu_s: float
    client_cpu_s: float
    sync_us: float
    """Mean of all synced writes of all validators, as they saw it."""
    execute_us: float
    """Mean of all executions of blocks, as validators saw it."""
    foreign_cores: float
    """Cores that other processes of the machine used."""
    start_cpu_s: float
    """Of one validator's processor, from the start of its process until all took part."""

    def plus(self, other: Usage) -> Usage:
        """Both runs as one; means by how long each was."""
        seconds = self.seconds + other.seconds

        def mean(own: float, others: float) -> float:
            return round((own * self.seconds + others * other.seconds) / seconds, 2)

        return Usage(
            records=self.records + other.records,
            blocks=self.blocks + other.blocks,
            seconds=seconds,
            validators_cpu_s=self.validators_cpu_s + other.validators_cpu_s,
            client_cpu_s=self.client_cpu_s + other.client_cpu_s,
            sync_us=mean(self.sync_us, other.sync_us),
            execute_us=mean(self.execute_us, other.execute_us),
            foreign_cores=mean(self.foreign_cores, other.foreign_cores),
            start_cpu_s=mean(self.start_cpu_s, other.start_cpu_s),
        )


class MeteredTraffic:
    """Traffic that calls somebody when the load is over, before what still waits is waited for."""

    def __init__(self, traffic: Traffic, end_load: Callable[[Traffic], Awaitable[None]]) -> None:
        self.seen = traffic.seen
        self._traffic = traffic
        self._end_load = end_load

    def start(self) -> None:
        self._traffic.start()

    def stop(self) -> None:
        self._traffic.stop()

    async def drain(self, limit_ns: int) -> None:
        await self._end_load(self._traffic)
        await self._traffic.drain(limit_ns)


@dataclass(frozen=True, slots=True)
class _Reading:
    at_s: float
    validators_s: float
    client_s: float
    machine_s: float
    syncs: float
    synced_s: float
    executions: float
    executed_s: float


class MeteredBackend(LocalBackend):
    """Validator processes, with a meter that runs as long as there is load."""

    def __init__(self, directory: Path, *, now: datetime) -> None:
        super().__init__(directory, now=now)
        self._began: _Reading | None = None
        self._usage: Usage | None = None
        self._start_cpu_s = 0.0

    @property
    def usage(self) -> Usage:
        """Once the load is over."""
        assert self._usage is not None, "a run with a workload comes first"
        return self._usage

    async def start(self, rehearsal: Rehearsal) -> Rehearsal:
        rehearsal = await super().start(rehearsal)
        used_s = [_cpu_s(each) for each in self._running()]
        self._start_cpu_s = sum(used_s) / len(used_s)
        await asyncio.sleep(SETTLE_S)
        self._began = await asyncio.to_thread(self._read)
        self._began_s = asyncio.get_running_loop().time()
        return rehearsal

    def traffic(self, clerks: list[Clerk]) -> Traffic:
        return MeteredTraffic(super().traffic(clerks), self.end_load)

    async def end_load(self, traffic: Traffic) -> None:
        """The load is over: read the meters."""
        began, ended = self._began, await asyncio.to_thread(self._read)
        assert began is not None
        seconds = ended.at_s - began.at_s
        own_s = ended.validators_s - began.validators_s + ended.client_s - began.client_s
        self._usage = Usage(
            records=max(1, len(traffic.seen.acknowledged)),
            blocks=traffic.seen.height,
            seconds=round(seconds, 3),
            validators_cpu_s=round(ended.validators_s - began.validators_s, 3),
            client_cpu_s=round(ended.client_s - began.client_s, 3),
            sync_us=_mean_us(ended.synced_s - began.synced_s, ended.syncs - began.syncs),
            execute_us=_mean_us(ended.executed_s - began.executed_s, ended.executions - began.executions),
            foreign_cores=round(max(0.0, ended.machine_s - began.machine_s - own_s) / seconds, 2),
            start_cpu_s=round(self._start_cpu_s, 3),
        )

    def _running(self) -> list[psutil.Process]:
        found = [self.network.process(name).find() for name in self.network.names]
        return [process for process in found if process is not None]

    def _read(self) -> _Reading:
        own = psutil.Process()
        seen = dict.fromkeys(("store sum", "store count", "execute sum", "execute count"), 0.0)
        for url in self.urls:
            for what, kind, value in _SECONDS.findall(_metrics(url)):
                seen[f"{what} {kind}"] += float(value)
        return _Reading(
            at_s=time.perf_counter(),
            # What a validator used that was killed is counted with this process, which waited for its end.
            validators_s=sum(map(_family_cpu_s, self._running())) + _ended_cpu_s(own),
            client_s=_cpu_s(own),
            machine_s=_machine_s(),
            syncs=seen["store count"],
            synced_s=seen["store sum"],
            executions=seen["execute count"],
            executed_s=seen["execute sum"],
        )


def _mean_us(seconds: float, times: float) -> float:
    return round(seconds * 1e6 / max(1.0, times), 1)


def _metrics(url: str) -> str:
    try:
        with urllib.request.urlopen(f"{url}/metrics", timeout=METRICS_TIMEOUT_S) as answer:
            text: str = answer.read().decode()
            return text
    except OSError:
        return ""  # Down, or cut off from those who would tell it that it is well.


def _cpu_s(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)


def _ended_cpu_s(process: psutil.Process) -> float:
    """Of its children that ended."""
    times = process.cpu_times()
    return float(times.children_user + times.children_system)


def _family_cpu_s(process: psutil.Process) -> float:
    """With all processes that it started."""
    return sum(_cpu_s(each) + _ended_cpu_s(each) for each in (process, *process.children(recursive=True)))


def _machine_s() -> float:
    times = psutil.cpu_times()
    idle_s: Sequence[float] = (times.idle, getattr(times, "iowait", 0.0))
    guests_s = getattr(times, "guest", 0.0) + getattr(times, "guest_nice", 0.0)
    return float(sum(times) - sum(idle_s) - guests_s)
