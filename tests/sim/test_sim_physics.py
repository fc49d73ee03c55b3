"""Pieces of the simulated physics: tables, regions, wires, processors, disks."""

from __future__ import annotations

import json
from collections.abc import Callable
from decimal import Decimal
from math import exp
from pathlib import Path
from statistics import NormalDist, mean, median, pstdev

import pytest

from govchain.config import DurationNs
from govchain.crypto import suite
from govchain.errors import ConfigError
from govchain.model import Space
from govchain.sim import SimCluster
from govchain.sim.cpu import WAITING_MAX, Cpu
from govchain.sim.disk import SimDisk
from govchain.sim.network import FixedLatency, seeded_stream
from govchain.sim.quantiles import Quantiles, empirical, exponential, lognormal, normal, pareto
from govchain.sim.regions import (
    PROVINCES,
    aws_matrix,
    distance_km,
    exact_distance_km,
    parse_matrix,
    provinces_matrix,
)
from govchain.sim.wire import RTO_FLOOR_NS, BandwidthQueue, LineConditions, LinkConditions, Nic, Wire
from govchain.storage import MemoryStore
from tests.sim.test_sim_cluster import cluster_of, deposit, finish, network
from tests.support.reference import reference_path

MS = 1_000_000
HALF = 1 << 63
PROJECT = Path(__file__).resolve().parents[2]
TABLES: dict[str, Callable[[], Quantiles]] = {
    "normal": lambda: normal(3 * MS),
    "lognormal": lambda: lognormal(2 * MS, Decimal("0.6")),
    "pareto": lambda: pareto(MS, Decimal("2.5")),
    "exponential": lambda: exponential(5 * MS),
    "empirical": lambda: empirical(4 * MS),
}

GOLDEN = {
    "normal": [-14260272, -4608184, 0, 8664308, 14260272],
    "lognormal": [115451, 796093, 2000000, 11317891, 34646669],
    "pareto": [0, 26166, 319508, 11191135, 250188643],
    "exponential": [5, 322818, 3465736, 31235496, 69077553],
    "empirical": [0, 0, 0, 13803457, 32613531],
}


def draws(table: Quantiles, count: int = 20_000) -> list[int]:
    stream = seeded_stream(suite(), 11, "test")
    return [table.at(next(stream)) for _ in range(count)]


def at(table: Quantiles, probability: float) -> int:
    return table.at(int(probability * 2**64))


def wire_of(lines: LineConditions, validators: int = 3, seed: int = 1) -> Wire:
    return Wire(suite(), seed, validators, FixedLatency(DurationNs(10 * MS)), lines)


def test_tables_agree_with_the_distributions() -> None:
    z_90 = NormalDist().inv_cdf(0.9)
    assert mean(draws(TABLES["normal"]())) == pytest.approx(0, abs=0.1 * MS)
    assert pstdev(draws(TABLES["normal"]())) == pytest.approx(3 * MS, rel=0.02)
    assert median(draws(TABLES["lognormal"]())) == pytest.approx(2 * MS, rel=0.02)
    assert at(TABLES["lognormal"](), 0.9) == pytest.approx(2 * MS * exp(0.6 * z_90), rel=1e-4)
    assert mean(draws(TABLES["pareto"]())) == pytest.approx(MS / 1.5, rel=0.03)
    assert mean(draws(TABLES["exponential"]())) == pytest.approx(5 * MS, rel=0.02)
    assert (at(TABLES["empirical"](), 0.2), at(TABLES["empirical"](), 0.5)) == (0, 0)
    assert at(TABLES["empirical"](), 0.9) == 4 * MS


@pytest.mark.parametrize("name", TABLES)
def test_R6_tables_are_equal_on_every_machine(name: str) -> None:
    table = TABLES[name]()
    found = [table.at(draw) for draw in (0, 2**60 + 12_345, HALF, 2**64 - 2**55, 2**64 - 1)]
    assert found == GOLDEN[name]
    rising = [table.at(draw) for draw in range(0, 2**64, 2**56)]
    assert rising == sorted(rising)


def test_a_matrix_is_half_of_the_measured_round_trips() -> None:
    matrix = aws_matrix()
    assert matrix.one_way_ns["us-east-1", "eu-west-1"] == 69_622_000 // 2
    assert len(matrix.one_way_ns) == 33 * 33
    assert all(spread >= 0 for spread in matrix.spread_ns.values())


@pytest.mark.parametrize("percentile", ["p50", "p90"])
def test_the_shipped_matrix_holds_the_published_facts(percentile: str) -> None:
    published = reference_path("latency", f"aws_2025_{percentile}_rtt_ms.csv").read_text("utf-8")
    shipped = (PROJECT / "govchain" / "sim" / "data" / f"aws_{percentile}_rtt_ms.csv").read_text("utf-8")
    assert parse_matrix(shipped, "shipped") == parse_matrix(published, "published")


def test_provinces_follow_the_stated_formula_and_every_spelling() -> None:
    matrix = provinces_matrix()
    places = {name: (lat, lon) for name, _, lat, lon in PROVINCES}
    assert len(places) == 31
    assert distance_km(places["Beijing"], places["Guangdong"]) == pytest.approx(1890, abs=20)
    light_ns = 1_500_000 + distance_km(places["Beijing"], places["Guangdong"]) * 8330
    assert matrix.one_way_ns["Beijing", "Guangdong"] == matrix.one_way_ns["Guangdong", "Beijing"] == light_ns
    assert [matrix.region(each) for each in ("guangxi", "广西", "广西壮族自治区", "北京市")] == [
        *("Guangxi", "Guangxi", "Guangxi", "Beijing")
    ]
    assert matrix.region("Gotham") is None


def test_R6_no_distance_is_so_near_to_a_half_that_a_machine_could_round_it_otherwise() -> None:
    places = [(lat, lon) for _, _, lat, lon in PROVINCES]
    assert min(abs(exact_distance_km(one, other) % 1 - 0.5) for one in places for other in places) > 1e-6


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "names no regions"),
        ("from\\to,a,a\na,1,1\na,1,1", "names no regions"),
        ("from\\to,a,b\na,1,1", "as many rows"),
        ("from\\to,a,b\na,1,1\nc,1,1", "does not fit"),
        ("from\\to,a,b\na,1,1\nb,1", "does not fit"),
        ("from\\to,a\na,-1", "not a delay"),
        ("from\\to,a\na,NaN", "not a delay"),
        ("from\\to,a\na,quick", "not a delay"),
    ],
)
def test_a_table_that_is_none_is_refused_with_its_line(text: str, problem: str) -> None:
    with pytest.raises(ConfigError, match=problem):
        parse_matrix(text, "delays.csv")


def test_a_plain_wire_takes_its_latency() -> None:
    assert wire_of(LineConditions()).arrival_ns(0, 1, 0, 5) == 10 * MS + 5


def test_jitter_never_reorders_a_link_and_each_link_has_its_own_draws() -> None:
    lines = LineConditions(jitter=pareto(2 * MS, Decimal("1.5")))
    quiet, busy = wire_of(lines), wire_of(lines)
    alone = [quiet.arrival_ns(0, 1, 0, time * MS) for time in range(200)]
    beside = []
    for time in range(200):
        busy.arrival_ns(0, 2, 0, time * MS)
        beside.append(busy.arrival_ns(0, 1, 0, time * MS))
    assert alone == beside
    assert alone == sorted(alone)
    assert len(set(alone)) > 10


def test_what_a_stream_loses_comes_later_and_holds_up_what_is_behind_it() -> None:
    wire = wire_of(LineConditions(loss=Decimal("0.1")))
    arrivals = [wire.arrival_ns(0, 1, 0, time * MS) for time in range(1000)]
    assert None not in arrivals
    assert arrivals == sorted(arrivals)
    assert 70 < wire.retransmissions < 140
    waited = [arrival - time * MS - 10 * MS for time, arrival in enumerate(arrivals)]
    once_ns = RTO_FLOOR_NS + 20 * MS
    assert {once_ns, once_ns + 2 * once_ns} <= set(waited)


def test_one_direction_of_a_link_may_be_slow_lossy_or_narrow() -> None:
    own = LinkConditions(one_way_ns=50 * MS, bits_per_s=8_000)
    wire = wire_of(LineConditions(links={(0, 1): own}))
    assert wire.needs_size
    assert wire.arrival_ns(0, 1, 10, 0) == 10 * MS + 50 * MS
    assert wire.arrival_ns(0, 1, 10, 0) == 20 * MS + 50 * MS
    assert wire.arrival_ns(1, 0, 10, 0) == 10 * MS


def test_a_full_outgoing_queue_drops_and_an_empty_one_takes_any_size() -> None:
    queue = BandwidthQueue(8_000_000, 1000)
    assert queue.take(5000, 0) == 5 * MS
    assert queue.take(1, 0) is None
    assert queue.take(900, 4_900_000) == 5_900_000
    assert queue.dropped == 1


def test_a_full_incoming_queue_sends_again_in_order() -> None:
    wire = wire_of(LineConditions(nic=Nic(8_000_000_000, 8_000_000, 1000)))
    assert wire.receive(0, 2, 1000, 0) == (MS, True)
    again_ns, is_through = wire.receive(1, 2, 1000, 0)
    assert (again_ns, is_through) == (RTO_FLOOR_NS + 20 * MS, False)
    assert wire.receive(1, 2, 1, 2 * MS) == (again_ns, False)
    assert wire.receive(1, 2, 1000, again_ns) == (again_ns + MS, True)
    assert wire.retransmissions == 1


def test_a_processor_keeps_order_and_a_bounded_queue() -> None:
    cpu: Cpu[int] = Cpu()
    assert [cpu.put(each) for each in range(WAITING_MAX + 1)].count(True) == WAITING_MAX
    assert (cpu.lost, cpu.waiting[0], len(cpu.waiting)) == (1, 0, WAITING_MAX)


def test_a_power_cut_takes_what_no_sync_confirmed() -> None:
    syncs: list[None] = []
    disk = SimDisk(MemoryStore(), lambda: syncs.append(None))
    disk.write([(Space.META, b"a", b"1")], sync=True)
    disk.write([(Space.META, b"a", b"2"), (Space.META, b"b", b"2")], sync=False)
    disk.write([(Space.META, b"a", None)], sync=False)
    disk.lose_power(kept=1)
    assert (disk.get(Space.META, b"a"), disk.get(Space.META, b"b")) == (b"2", None)
    disk.write([(Space.META, b"b", b"3")], sync=False)
    disk.write([], sync=True)
    disk.lose_power()
    assert (disk.get(Space.META, b"b"), len(syncs)) == (b"3", 2)


def lazy_votes(cluster: SimCluster, index: int) -> None:
    """Let a validator forget the sync of all that it writes: the fault that a power cut must show."""
    disk = cluster.node(index).disk
    write = disk.write
    disk.write = lambda writes, *, sync: write(writes, sync=False)  # type: ignore[method-assign]


@pytest.mark.parametrize("unsynced", ["lose", "tear"])
def test_RC1_synced_writes_outlive_a_power_cut_and_unsynced_ones_do_not(unsynced: str) -> None:
    made = network(4)
    for is_lazy in (False, True):
        cluster = cluster_of(made)
        if is_lazy:
            lazy_votes(cluster, 2)
        cluster.submit(deposit(cluster, made, 0), to=0)
        assert finish(cluster, 1)
        height = cluster.node(2).ledger.height
        cluster.crash(2, unsynced=unsynced)  # type: ignore[arg-type]
        cluster.restart(2)
        if unsynced == "lose":
            assert cluster.node(2).ledger.height == (0 if is_lazy else height)


def test_the_shipped_costs_are_the_benchmarks_baseline() -> None:
    shipped = (PROJECT / "govchain" / "sim" / "data" / "hotpath.json").read_text("utf-8")
    assert json.loads(shipped) == json.loads(
        (PROJECT / "benchmarks/baselines/hotpath.json").read_text("utf-8")
    )
