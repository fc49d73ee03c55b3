"""What is run on both sides: two runs to measure costs with, and five scenarios to be right about.

Texts and settings; nothing is run here.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from govchain.config import Setting
from govchain.scenario import LoadedScenario, parse_scenario
from govchain.sim import Costs

NAME: Final = "fidelity.yaml"
CLOSED_LOOPS: Final = 64
"""Clients that together ask for more than four validators on one machine can do."""
NAMES: Final = ("load 25 %", "load 50 %", "load 75 %", "primary crashes", "partition")
FAULT_PERCENT: Final = 25
"""Load of the scenarios with a fault: three validators must be able to carry it."""

_TEXT: Final = """\
govchain: 1
meta: {title: Simulated and live, title_zh: 模拟与实测, why: both must agree, tags: [load, live]}
seed: 4
organisations:
  - {id: evp, code: 91990100MA0XX00Y57, name: Platform, name_zh: 存证平台, roles: [depositor], validators: 2}
  - {id: notary, code: 31990100MA0XX00L9F, name: Notary, name_zh: 公证处, roles: [notary], validators: 1}
  - {id: court, code: 11990100MA0XX00K0L, name: Court, name_zh: 法院, roles: [court], validators: 1}
protocol: {view_timeout: 1s}
network: {latency: {fixed: 0ms}}
"""


@dataclass(frozen=True, slots=True)
class Plan:
    """One scenario.

    Attributes:
        rate: As `workload` writes it.
        fault: Entry of the timeline, or nothing.
    """

    name: str
    rate: str
    seconds: int
    fault: str = ""

    def load(self, costs: Costs | None = None, cores: int = 1) -> LoadedScenario:
        """The checked scenario; with costs, for validators that share a machine of so many cores."""
        text = _TEXT + f"workload: [{{org: evp, rate: {{{self.rate}}}, to: {self.seconds}s}}]\n"
        if self.fault:
            text += f"timeline: [{self.fault}]\n"
        return parse_scenario(text, NAME, Path(), () if costs is None else physics_settings(costs, cores))


def physics_settings(costs: Costs, cores: int) -> tuple[Setting, ...]:
    """Costs as a scenario spells them."""
    spelled = {
        "cpu.costs.verify": costs.verify_ns,
        "cpu.costs.sign": costs.sign_ns,
        "cpu.costs.apply": costs.apply_ns,
        "cpu.costs.block": costs.block_ns,
        "cpu.costs.hash_kb": costs.hash_kib_ns,
        "cpu.costs.sync": costs.sync_work_ns,
        "cpu.costs.start": costs.start_ns,
        "cpu.costs.message": costs.message_ns,
        "cpu.costs.request": costs.request_ns,
        "cpu.costs.client": costs.client_ns,
        "cpu.costs.client_turn": costs.client_turn_ns,
        "disk.sync": costs.sync_ns,
    }
    spelled_waits = Setting("disk.waits", str(costs.sync_waits))
    shared = (spelled_waits, Setting("cpu.cores", str(cores)), Setting("cpu.shared", "host"))
    return (*(Setting(key, f"{cost_ns}ns") for key, cost_ns in spelled.items()), *shared)


def calibration_plans(seconds: int) -> tuple[Plan, Plan]:
    """One client that waits for each record, and more clients than can be served."""
    return (
        Plan("one record at a time", "closed_loop: 1", seconds),
        Plan("as many as can be", f"closed_loop: {CLOSED_LOOPS}", seconds),
    )


def scenario_plans(saturation_per_s: float, seconds: int) -> tuple[Plan, ...]:
    """The five scenarios, by the rate that the machine can do at most.

    Those with a fault are longer by a half, since there are three of each: before it, during it, after it.
    """

    def rate(percent: int) -> str:
        return f"fixed: {max(1, round(saturation_per_s * percent / 100))}/s"

    longer = seconds * 3 // 2
    third = longer // 3
    crash = f"{{at: {third}s, do: crash, target: primary, for: {third}s, disk: keep}}"
    partition = f"{{at: {third}s, do: partition, groups: [[validator-3], rest], for: {third}s}}"
    return tuple(
        Plan(name, rate(percent), length, fault)
        for name, percent, length, fault in zip(
            NAMES,
            (25, 50, 75, FAULT_PERCENT, FAULT_PERCENT),
            (*(seconds,) * 3, longer, longer),
            ("", "", "", crash, partition),
            strict=True,
        )
    )
