"""Circular invoicing (rule T10): firms that invoice each other in a ring, for about the same amount, soon.

A ring is a sign, not a proof: it ends in a risk record that people look at. One hop is one invoice; whoever
splits an invoice into unequal parts is not found by this. Invoices in, rings out: no chain, no clock.
"""

from __future__ import annotations

import itertools
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Final

import networkx

PATHS_MAX: Final = 10_000
"""Ways around, looked at for one invoice. Where there are more, the answer says that it is not complete."""


@dataclass(frozen=True, slots=True)
class InvoiceEdge:
    """One blue invoice: value that goes from seller to buyer."""

    number: str
    seller: str
    buyer: str
    amount: Decimal
    """Above zero."""
    day: date


@dataclass(frozen=True, slots=True)
class RingRule:
    """What counts as a ring. No law names these numbers: they are this chain's configuration."""

    window_days: int = 30
    """Days between the first and the last invoice, at most."""
    ratio_min: Decimal = Decimal("0.9")
    """The smallest amount is more than this part of the largest."""
    firms_min: int = 3
    firms_max: int = 8
    source: str = "configuration, unconfirmed"


@dataclass(frozen=True, slots=True)
class Ring:
    """Firms in the order of selling, the smallest name first, and every invoice that closes the ring."""

    firms: tuple[str, ...]
    invoices: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RingReport:
    """Rings in the order of their firms."""

    rings: tuple[Ring, ...]
    is_complete: bool
    """False when somewhere were more ways around than `PATHS_MAX`."""


def find_rings(edges: Sequence[InvoiceEdge], rule: RingRule) -> RingReport:
    """All rings of firms with one invoice for each hop that fit the rule together.

    Each invoice in turn is taken as the smallest of its ring. Then the others lie in a band of amounts and
    days around it, which leaves a small graph, in which ways from its buyer back to its seller are rings.
    """
    assert 2 <= rule.firms_min <= rule.firms_max
    assert 0 < rule.ratio_min < 1
    by_day = sorted(edges, key=lambda edge: (edge.day, edge.number))
    days = [edge.day for edge in by_day]
    window = timedelta(days=rule.window_days)
    found: dict[tuple[str, ...], dict[str, None]] = {}
    is_complete = True
    for smallest in by_day:
        near = by_day[bisect_left(days, smallest.day - window) : bisect_right(days, smallest.day + window)]
        hops = _hops_in_band(near, smallest, rule)
        ways = _ways_back(hops, smallest, rule)
        is_complete &= len(ways) < PATHS_MAX
        for firms in ways:
            if len(firms) < rule.firms_min:
                continue
            numbers = _closing_invoices(firms, hops, smallest, window)
            if numbers:
                found.setdefault(_rotated(firms), {}).update(numbers)
    rings = tuple(Ring(firms, tuple(sorted(numbers))) for firms, numbers in sorted(found.items()))
    return RingReport(rings, is_complete)


_Hops = dict[tuple[str, str], list[InvoiceEdge]]


def _hops_in_band(near: Sequence[InvoiceEdge], smallest: InvoiceEdge, rule: RingRule) -> _Hops:
    hops: _Hops = {}
    for edge in near:
        is_in_band = smallest.amount <= edge.amount and smallest.amount > rule.ratio_min * edge.amount
        if is_in_band and edge.seller != edge.buyer:
            hops.setdefault((edge.seller, edge.buyer), []).append(edge)
    return hops


def _ways_back(hops: _Hops, smallest: InvoiceEdge, rule: RingRule) -> list[list[str]]:
    """Firms from the buyer of the smallest invoice to its seller."""
    if (smallest.seller, smallest.buyer) not in hops:
        return []
    graph = networkx.DiGraph(list(hops))
    # Firms that lead nowhere back are cut off first: most of them do.
    for firms in networkx.strongly_connected_components(graph):
        if smallest.seller in firms and smallest.buyer in firms:
            # Not `graph.subgraph`: it follows the order of a set, and the limit would cut at random.
            inner = networkx.DiGraph([hop for hop in hops if hop[0] in firms and hop[1] in firms])
            paths = networkx.all_simple_paths(
                inner, smallest.buyer, smallest.seller, cutoff=rule.firms_max - 1
            )
            return list(itertools.islice(paths, PATHS_MAX))
    return []


def _closing_invoices(
    firms: Sequence[str], hops: _Hops, smallest: InvoiceEdge, window: timedelta
) -> dict[str, None]:
    """Every invoice that closes the ring with the smallest one, all within one window; perhaps none."""
    choices = [hops[hop] for hop in itertools.pairwise(firms)]
    starts = {edge.day for choice in choices for edge in choice} | {smallest.day}
    numbers: dict[str, None] = {}
    for start in sorted(starts):
        if not start <= smallest.day <= start + window:
            continue
        inside = [[edge for edge in choice if start <= edge.day <= start + window] for choice in choices]
        if all(inside):
            numbers[smallest.number] = None
            numbers.update((edge.number, None) for choice in inside for edge in choice)
    return numbers


def _rotated(firms: Sequence[str]) -> tuple[str, ...]:
    first = firms.index(min(firms))
    return (*firms[first:], *firms[:first])
