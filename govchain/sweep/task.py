"""One run of a sweep as a value that travels to another process or machine, and the figures that come back.

A run depends on its task alone, so every engine gives the same figures.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Final

import msgspec

from govchain.config import Setting
from govchain.errors import GovchainError
from govchain.model.votes import SignedMessage
from govchain.scenario import Result, SimBackend, run_scenario
from govchain.sim.network import Frame, WireFrame, frame_bytes
from govchain.sweep.plan import ScenarioText, load_with

FIGURES: Final = (
    "latency_p50_ms",
    "latency_p95_ms",
    "latency_p99_ms",
    "finalised_per_s",
    "finalised",
    "view_changes",
    "drained_ms",
    "messages_per_record",
    "bytes_per_record",
)
"""What is measured in each run: of the workload when there is one, else of the steps. Messages are those of
the protocol, one for each receiver; bytes are everything between validators."""


@dataclass(frozen=True, slots=True)
class Task:
    """One run: the scenario as it was read, what is different, and the seed."""

    source: ScenarioText
    settings: tuple[Setting, ...]
    seed: int
    is_symbolic: bool = True
    """Validators sign symbolically: faster, with the same figures."""


class Run(msgspec.Struct, frozen=True):
    """What one run gave."""

    seed: int
    verdict: str
    """`pass`, `fail`, `undecided`, or `error` when it did not come to an end."""
    digest: str
    figures: dict[str, float]
    problem: str = ""
    """What did not hold, in a few words."""


def run_task(task: Task) -> Run:
    """Play a scenario in the simulator. Errors come back as values: not every engine can carry one."""
    meter = _Meter()
    try:
        loaded = load_with(task.source, task.settings)
        backend = SimBackend(on_wire=meter.add, is_symbolic=task.is_symbolic)
        result = asyncio.run(run_scenario(loaded, backend, seed=task.seed))
    except GovchainError as error:
        return Run(task.seed, "error", "", {}, str(error))
    return Run(task.seed, result.verdict, result.digest, _figures(result, meter), _problem(result))


class _Meter:
    """Counts what goes over the wires."""

    def __init__(self) -> None:
        self.messages = self.bytes = 0
        self._last: Frame | None = None
        self._last_bytes = 0

    def add(self, sent: WireFrame) -> None:
        if sent.frame is not self._last:
            # What goes to everybody is one frame, and encoded once.
            self._last, self._last_bytes = sent.frame, frame_bytes(sent.frame)
        self.messages += isinstance(sent.frame, SignedMessage)
        self.bytes += self._last_bytes


def _figures(result: Result, meter: _Meter) -> dict[str, float]:
    load = result.workload
    finalised = result.records + (0 if load is None else load.acknowledged)
    latency = result.latency_ms if load is None else load.latency_ms
    values = {
        "latency_p50_ms": latency.p50,
        "latency_p95_ms": latency.p95,
        "latency_p99_ms": latency.p99,
        "finalised_per_s": result.finalised_per_s if load is None else load.finalised_per_s,
        "finalised": float(finalised),
        "view_changes": float(result.happened.get("view_change", 0)),
        "drained_ms": 0.0 if load is None else load.drained_ms,
        "messages_per_record": round(meter.messages / max(1, finalised), 3),
        "bytes_per_record": round(meter.bytes / max(1, finalised), 3),
    }
    assert tuple(values) == FIGURES
    return values


def _problem(result: Result) -> str:
    broken = [each.name for each in result.invariants if not each.ok]
    failed = [each.name for each in result.expectations if not each.ok]
    return ", ".join([*broken, *failed])
