"""Laws that the simulated network must obey, each computed here a second time and without its code."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path

import pytest

from govchain.codec import encode
from govchain.config import DurationNs
from govchain.crypto import suite
from govchain.model import Genesis
from govchain.sim import SimCluster, TraceEvent
from govchain.sim.cpu import NO_COSTS, Costs
from govchain.sim.network import FixedLatency, LatencyModel, PlacedLatency, seeded_stream
from govchain.sim.quantiles import exponential
from govchain.sim.regions import aws_matrix
from govchain.sim.wire import PLAIN_LINES, LineConditions, Nic
from tests.sim.test_sim_cluster import MINUTE_NS, deposit, network
from tests.support.machine_rig import Rig

DATA = Path(__file__).resolve().parents[2] / "govchain" / "sim" / "data"
MS = 1_000_000
US = 1_000
REGIONS = (
    *("eu-central-1", "us-east-1", "ap-southeast-1", "sa-east-1", "af-south-1", "ap-northeast-1"),
    *("eu-west-2", "us-west-2", "ap-south-1", "me-south-1"),
)


def commit_ns(
    validators: int,
    latency: LatencyModel,
    *,
    costs: Costs = NO_COSTS,
    lines: LineConditions = PLAIN_LINES,
    records: int = 1,
) -> tuple[Genesis, int]:
    """From the first proposal until the primary has executed so many records, all handed to it at once."""
    made, trace = network(validators), []
    secrets = {name.removeprefix("validator/"): secret for name, secret in made.secrets.items()}
    cluster = SimCluster(
        made.genesis, secrets, latency=latency, lines=lines, costs=costs, listener=trace.append
    )
    for number in range(records):
        cluster.submit(deposit(cluster, made, number), to=0)
    assert cluster.run_until(
        lambda: cluster.node(0).ledger.transaction_count == records, limit_ns=10 * MINUTE_NS
    )
    # It is in the trace when the primary has got that far in its turn.
    cluster.run_to(cluster.now_ns + MINUTE_NS // 60)
    assert cluster.finish() == []
    at_primary = [event for event in trace if event.node == 0]
    return made.genesis, times(at_primary, "execute")[-1] - times(at_primary, "persist")[0]


def times(trace: Sequence[TraceEvent], kind: str) -> list[int]:
    return [event.time_ns for event in trace if event.kind == kind]


@pytest.mark.parametrize("validators", [4, 7])
def test_commit_at_the_primary_takes_three_equal_hops(validators: int) -> None:
    _, took_ns = commit_ns(validators, FixedLatency(DurationNs(20 * MS)))
    assert took_ns == 3 * 20 * MS


@pytest.mark.parametrize(("validators", "sync_us"), [(4, 0), (4, 2000), (7, 500)])
def test_commit_at_the_primary_takes_three_hops_and_the_work_between(validators: int, sync_us: int) -> None:
    costs = Costs(verify_ns=66 * US, sign_ns=28 * US, apply_ns=15 * US, sync_ns=sync_us * US)
    genesis, took_ns = commit_ns(validators, FixedLatency(DurationNs(20 * MS)), costs=costs)
    # Proposal, prepare, commit and block are made durable, and two promises in the guards beside the disks.
    # Of each kind of vote one is the own one.
    others = genesis.validators.quorum_size - 1
    work_us = 6 * sync_us + (1 + others + others) * 66 + 2 * 28 + 15
    assert took_ns == pytest.approx(3 * 20 * MS + work_us * US, rel=0.02)


@pytest.mark.parametrize("turn", range(0, 10, 3))
def test_commit_on_measured_links_is_the_order_statistic_of_quorums(turn: int) -> None:
    regions = [*REGIONS[turn:], *REGIONS[:turn]]
    genesis, took_ns = commit_ns(len(regions), PlacedLatency(aws_matrix(), regions))
    with (DATA / "aws_p50_rtt_ms.csv").open(encoding="utf-8") as file:
        rows = {row[r"from\to"]: row for row in csv.DictReader(file)}
    hop = [[0.0 if a == b else float(rows[a][b]) / 2 for b in regions] for a in regions]
    everybody, quorum = range(len(regions)), genesis.validators.quorum_size
    prepared_ms = []
    for here in everybody:
        # A proposal counts as the primary's prepare.
        prepares = sorted(hop[0][backup] + hop[backup][here] for backup in everybody[1:])
        prepared_ms.append(max(hop[0][here], prepares[quorum - 2]))
    commits = sorted(prepared_ms[other] + hop[other][0] for other in everybody)
    expected_ms = max(prepared_ms[0], commits[quorum - 1])
    assert took_ns == pytest.approx(expected_ms * MS, rel=1e-4)


def test_throughput_at_the_network_limit_is_the_primarys_line_over_its_copies() -> None:
    validators, records, bits_per_s = 16, 512, 100_000_000
    nic = Nic(up_bits_per_s=bits_per_s, down_bits_per_s=bits_per_s)
    _, took_ns = commit_ns(
        validators, FixedLatency(DurationNs(MS)), lines=LineConditions(nic=nic), records=records
    )
    made = network(validators)
    secrets = {name.removeprefix("validator/"): secret for name, secret in made.secrets.items()}
    transaction = deposit(SimCluster(made.genesis, secrets), made, 0)
    # Each record travels once as itself and once as an id in a proposal.
    payload_bytes = len(encode(transaction)) + 32
    law_per_s = bits_per_s / 8 / ((validators - 1) * payload_bytes)
    assert records / took_ns * 1e9 == pytest.approx(law_per_s, rel=0.05)


@pytest.mark.parametrize("load_percent", [30, 60])
def test_the_processors_queue_is_an_mm1_queue(load_percent: int) -> None:
    customers, service_ns = 60_000, 100 * US
    between_ns = service_ns * 100 // load_percent
    gaps, services = exponential(between_ns), exponential(service_ns)
    arrivals = seeded_stream(suite(), 7, "arrivals")
    work = seeded_stream(suite(), 7, "services")
    rig = Rig(1, Costs(verify_ns=1))
    at_ns, sojourn_ns = 0, 0
    for _ in range(customers):
        at_ns += gaps.at(next(arrivals))
        rig.give(0, at_ns, services.at(next(work)))
        sojourn_ns -= at_ns
    sojourn_ns += sum(ended_ns for ended_ns, _ in rig.run())
    closed_form_ns = 1 / (1 / service_ns - 1 / between_ns)
    assert sojourn_ns / customers == pytest.approx(closed_form_ns, rel=0.03)
