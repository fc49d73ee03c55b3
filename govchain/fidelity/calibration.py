"""From measurements of this machine to the costs that the simulator is told; nothing is fitted to a latency.

What one operation takes is measured by itself (signatures, hashes, records, syncs). What is left of the
processor time of two live runs goes to what cannot be called by itself: frames, requests, clients. The
simulated twins of those runs say how many of each there were.
"""

from __future__ import annotations

import statistics
from collections.abc import Callable, Sequence
from dataclasses import fields, replace
from typing import Final

import msgspec

from govchain.fidelity.simulated import Counts
from govchain.fidelity.usage import Usage
from govchain.sim import Costs

ROUNDS: Final = 2
"""Twins are run again with the costs that they led to; the numbers of things settle at once."""
_GUESS_NS: Final = 100_000
_S: Final = 1_000_000_000


Equation = tuple[float, float, float]
Twin = Callable[[Costs], tuple[Counts, Counts]]
"""Simulates both runs at some costs."""


class Calibration(msgspec.Struct, frozen=True):
    """What explains two live runs, one record at a time and as many as can be."""

    costs: Costs
    block_ns: float
    """Processor time of all validators for a block more, with the same records in all."""


def calibrate(known: Costs, idle: Usage, full: Usage, twin: Twin) -> Calibration:
    """Costs that give the simulated runs the processor time of the live ones.

    Args:
        known: Costs that were measured by themselves.
        idle: A live run of one record at a time.
        full: A live run of as many as can be.
        twin: Simulates both.
    """
    costs = _with_overheads(known, *(_GUESS_NS,) * 4)
    block_ns = 0.0
    for _ in range(ROUNDS):
        few, many = twin(costs)
        client_turn_ns, client_ns = solve(
            (few.client_turns, few.client_requests, idle.client_cpu_s * _S / idle.records),
            (many.client_turns, many.client_requests, full.client_cpu_s * _S / full.records),
        )
        few_ns, many_ns = (
            usage.validators_cpu_s * _S / usage.records - counts.known_ns
            for usage, counts in ((idle, few), (full, many))
        )
        message_ns, request_ns = solve(
            (few.frames, few.requests, few_ns), (many.frames, many.requests, many_ns)
        )
        costs = _with_overheads(known, message_ns, request_ns, client_ns, client_turn_ns)
        block_ns = (few.work_ns - many.work_ns) / (few.blocks - many.blocks)
    return Calibration(costs, block_ns)


def middle(several: Sequence[Costs]) -> Costs:
    """The median of each cost."""
    names = [each.name for each in fields(Costs)]
    return Costs(
        **{name: round(statistics.median(getattr(each, name) for each in several)) for name in names}
    )


def _with_overheads(
    known: Costs, message_ns: float, request_ns: float, client_ns: float, client_turn_ns: float
) -> Costs:
    return replace(
        known,
        message_ns=round(message_ns),
        request_ns=round(request_ns),
        client_ns=round(client_ns),
        client_turn_ns=round(client_turn_ns),
    )


def solve(first: Equation, second: Equation) -> tuple[float, float]:
    """x and y of two equations `a x + b y = c`, neither below zero: what is left is nothing then."""
    (a, b, c), (d, e, f) = first, second
    determinant = a * e - b * d
    x, y = (0.0, 0.0) if not determinant else ((c * e - b * f) / determinant, (a * f - c * d) / determinant)
    if x < 0 or not determinant:
        return 0.0, max(0.0, f / e)
    if y < 0:
        return max(0.0, c / a), 0.0
    return x, y
