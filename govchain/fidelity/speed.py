"""How fast processors were during one live run: what it took of them, over what its work should take.

Virtual machines change their speed by a half within seconds, so costs that were measured a minute before are
those of another machine. Only processor time and numbers of blocks and records are looked at, no latency: a
run that waits longer than the simulator thinks has used no more of its processors.
"""

from __future__ import annotations

from dataclasses import fields, replace
from typing import Final

from govchain.fidelity.calibration import Calibration
from govchain.fidelity.plan import Plan
from govchain.fidelity.simulated import simulate
from govchain.fidelity.usage import Usage
from govchain.sim import Costs

PASSES: Final = 2
"""The second one counts the work of a run that is as slow as the live one."""
_DISK: Final = ("sync_ns", "sync_waits", "shared_cores")
_NS_PER_S: Final = 1_000_000_000


def slowness(plan: Plan, live: Usage, calibration: Calibration, cores: int) -> float:
    """How much more processor time the same work took in a live run than in those of the calibration.

    Args:
        live: What the run used.
        cores: Of the machine.
    """
    blocks = live.blocks / live.records
    used_ns = live.validators_cpu_s * _NS_PER_S / live.records
    factor = 1.0
    for _ in range(PASSES):
        _, counts = simulate(plan, at_speed(calibration.costs, factor), cores)
        simulated_ns = counts.work_ns / factor
        # A slow machine makes fewer and larger blocks of the same records, which is less work.
        work_ns = simulated_ns + (blocks - counts.blocks) * calibration.block_ns
        factor = used_ns / max(work_ns, simulated_ns / 2)
    return factor


def at_speed(costs: Costs, factor: float) -> Costs:
    """The same where all processors are slower by a factor; disks are as they were."""
    names = [each.name for each in fields(Costs) if each.name not in _DISK]
    return replace(costs, **{name: round(getattr(costs, name) * factor) for name in names})
