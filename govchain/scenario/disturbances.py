"""Which links are disturbed by a fault, and the sum of all faults that last. Pure.

Links are (sender, receiver); whoever can be mended is mended by leaving the sum.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from govchain.model.link_fault import CUT, LinkFault
from govchain.scenario.targets import groups_of
from govchain.scenario.timeline import Fault

NS_PER_MS: Final = 1_000_000
DROP_PERCENT: Final = 100
SOME_PERCENT: Final = 20
Disturbance = Mapping[tuple[str, str], LinkFault]


def partition(fault: Fault, names: Sequence[str]) -> Disturbance:
    """Cuts between all who share no group; with a direction, only what the first group says, or hears."""
    groups = groups_of(fault, names)
    cut = {}
    for source in names:
        for target in names:
            if source == target or any(source in group and target in group for group in groups):
                continue
            says, hears = source in groups[0], target in groups[0]
            if fault.direction == "both" or (says if fault.direction == "out" else hears):
                cut[(source, target)] = CUT
    return cut


def around(targets: Sequence[str], names: Sequence[str], direction: str, wrong: LinkFault) -> Disturbance:
    """The same fault on all links of the targets that lead in a direction."""
    return {
        (source, target): wrong
        for source in names
        for target in names
        if source != target
        and ((source in targets and direction != "in") or (target in targets and direction != "out"))
    }


def link_fault(fault: Fault, now_ns: int) -> LinkFault:
    """What a `clog`, `delay`, `drop`, `duplicate` or `reorder` that begins now does to a link."""
    match fault.do:
        case "clog":
            return LinkFault(held_until_ms=(now_ns + (fault.for_ or 0)) // NS_PER_MS)
        case "delay":
            return LinkFault(
                delay_ms=(fault.by or 0) // NS_PER_MS, jitter_ms=(fault.jitter or 0) // NS_PER_MS
            )
        case "drop":
            return LinkFault(loss=DROP_PERCENT if fault.percent is None else fault.percent)
        case "duplicate":
            return LinkFault(duplicate=SOME_PERCENT if fault.percent is None else fault.percent)
        case _:
            assert fault.do == "reorder"
            return LinkFault(reorder=SOME_PERCENT if fault.percent is None else fault.percent)


def combined(disturbances: Iterable[Disturbance]) -> dict[tuple[str, str], LinkFault]:
    """All disturbances at once."""
    total: dict[tuple[str, str], LinkFault] = {}
    for disturbance in disturbances:
        for link, wrong in disturbance.items():
            total[link] = total[link].with_(wrong) if link in total else wrong
    return total
