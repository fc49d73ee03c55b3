"""Rings of invoices (rule T10) against a naive twin, and on graphs whose rings are known."""

from __future__ import annotations

import itertools
import random
from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from govchain.analysis import InvoiceEdge, Ring, RingRule, find_rings, invoice_rings

RULE = RingRule(window_days=10, ratio_min=Decimal("0.9"))
START = date(2026, 11, 2)


def edge(number: int, seller: str, buyer: str, amount: str = "100.00", day: int = 0) -> InvoiceEdge:
    return InvoiceEdge(f"i{number:05d}", seller, buyer, Decimal(amount), START + timedelta(days=day))


def naive_rings(edges: Sequence[InvoiceEdge], rule: RingRule) -> tuple[Ring, ...]:
    """The obvious twin: every order of every group of firms, every choice of invoices."""
    firms = sorted({e.seller for e in edges} | {e.buyer for e in edges})
    found: dict[tuple[str, ...], set[str]] = {}
    for size in range(rule.firms_min, rule.firms_max + 1):
        for order in itertools.permutations(firms, size):
            if order[0] != min(order):
                continue
            hops = itertools.pairwise((*order, order[0]))
            choices = [[e for e in edges if (e.seller, e.buyer) == hop] for hop in hops]
            for chosen in itertools.product(*choices):
                amounts, days = [e.amount for e in chosen], [e.day for e in chosen]
                is_alike = min(amounts) > rule.ratio_min * max(amounts)
                if is_alike and (max(days) - min(days)).days <= rule.window_days:
                    found.setdefault(order, set()).update(e.number for e in chosen)
    return tuple(Ring(order, tuple(sorted(numbers))) for order, numbers in sorted(found.items()))


FIRMS = st.sampled_from(["A", "B", "C", "D", "E"])
EDGES = st.lists(
    st.tuples(FIRMS, FIRMS, st.sampled_from(["90.00", "90.01", "95.00", "100.00"]), st.integers(0, 25)),
    max_size=14,
)


@given(EDGES, st.integers(2, 3))
def test_T10_rings_are_those_of_the_naive_twin(rows: list[tuple[str, str, str, int]], firms_min: int) -> None:
    edges = [edge(number, *row) for number, row in enumerate(rows)]
    rule = RingRule(window_days=10, ratio_min=Decimal("0.9"), firms_min=firms_min, firms_max=4)
    report = find_rings(edges, rule)
    assert report.is_complete
    assert report.rings == naive_rings(edges, rule)


def ring_of_four(ratio: str = "97.00", last_day: int = 10) -> list[InvoiceEdge]:
    return [
        edge(1, "R1", "R2", "100.00", 0),
        edge(2, "R2", "R3", "99.00", 3),
        edge(3, "R3", "R4", ratio, 7),
        edge(4, "R4", "R1", "98.00", last_day),
    ]


def test_T10_ring_of_the_story_is_found() -> None:
    expected = Ring(("R1", "R2", "R3", "R4"), ("i00001", "i00002", "i00003", "i00004"))
    assert find_rings(ring_of_four(), RULE).rings == (expected,)


def test_T10_window_and_ratio_at_both_sides() -> None:
    assert find_rings(ring_of_four(last_day=10), RULE).rings
    assert not find_rings(ring_of_four(last_day=11), RULE).rings
    assert find_rings(ring_of_four(ratio="90.01"), RULE).rings
    assert not find_rings(ring_of_four(ratio="90.00"), RULE).rings


def test_T10_chain_without_an_end_that_meets_its_beginning_is_no_ring() -> None:
    assert not find_rings(ring_of_four()[:3], RULE).rings
    assert not find_rings([edge(1, "A", "A")], RULE).rings


def test_T10_two_firms_that_sell_to_each_other_are_no_ring_unless_the_rule_says_so() -> None:
    edges = [edge(1, "A", "B"), edge(2, "B", "A")]
    assert not find_rings(edges, RULE).rings
    assert find_rings(edges, RingRule(firms_min=2)).rings == (Ring(("A", "B"), ("i00001", "i00002")),)


def test_T10_order_of_the_invoices_does_not_matter() -> None:
    edges = ring_of_four()
    assert {find_rings(order, RULE) for order in itertools.permutations(edges)} == {find_rings(edges, RULE)}


def seeded_trade(seed: int) -> tuple[list[InvoiceEdge], list[tuple[str, ...]]]:
    """A market in layers, where goods flow one way, and rings that are put into it."""
    chance = random.Random(seed)
    firms = [f"F{number:03d}" for number in range(200)]
    rows: list[tuple[str, str, str, int]] = []
    for _ in range(2000):
        seller, buyer = sorted(chance.sample(range(len(firms)), 2))
        cents = chance.randrange(10_000, 5_000_000)
        rows.append((firms[seller], firms[buyer], f"{cents // 100}.{cents % 100:02d}", chance.randrange(365)))
    planted = []
    members = chance.sample(firms, 30)
    while members:
        size = min(chance.randrange(3, 7), len(members))
        ring, members = members[:size], members[size:]
        if size < 3:
            break
        base, first_day = chance.randrange(100_000, 900_000), chance.randrange(350)
        for seller, buyer in itertools.pairwise((*ring, ring[0])):
            amount = base * chance.randrange(95, 101) // 100
            rows.append((seller, buyer, f"{amount}.00", first_day + chance.randrange(11)))
        start = ring.index(min(ring))
        planted.append((*ring[start:], *ring[:start]))
    chance.shuffle(rows)
    return [edge(number, *row) for number, row in enumerate(rows)], sorted(planted)


@pytest.mark.parametrize("seed", range(3))
def test_T10_precision_and_recall_are_one_on_seeded_trade(seed: int) -> None:
    edges, planted = seeded_trade(seed)
    report = find_rings(edges, RULE)
    assert planted
    assert report.is_complete
    found = {ring.firms for ring in report.rings}
    assert found - set(planted) == set(), "precision 1.0"
    assert set(planted) - found == set(), "recall 1.0"


def test_T10_too_many_ways_around_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(invoice_rings, "PATHS_MAX", 3)
    firms = "ABCDEF"
    edges = [edge(n, *pair) for n, pair in enumerate(itertools.permutations(firms, 2))]
    report = find_rings(edges, RULE)
    assert not report.is_complete
    assert report.rings, "what was found is told all the same"
