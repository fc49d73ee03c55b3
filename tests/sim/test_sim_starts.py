"""Validators that come back: their process takes time to start, and they fetch all that they missed."""

from __future__ import annotations

import pytest

from govchain.config import DurationNs
from govchain.errors import ConfigError
from govchain.sim import Costs, FixedLatency, SimCluster
from govchain.sim.node import BLOCKS_ANSWER_MAX
from tests.sim.test_sim_cluster import MINUTE_NS, deposit, network

MS = 1_000_000
START_NS = 50 * MS


def cluster_with(costs: Costs) -> SimCluster:
    made = network(4)
    secrets = {name.removeprefix("validator/"): secret for name, secret in made.secrets.items()}
    return SimCluster(made.genesis, secrets, latency=FixedLatency(DurationNs(MS)), costs=costs)


@pytest.mark.parametrize("cores", [0, 1])
def test_a_validator_takes_part_when_its_process_is_up(cores: int) -> None:
    cluster = cluster_with(Costs(start_ns=START_NS, shared_cores=cores))
    cluster.run_to(10 * MS)
    cluster.crash(3)
    assert cluster.is_down(3)
    cluster.restart(3)
    with pytest.raises(ConfigError, match="not down"):
        cluster.restart(3)
    cluster.run_to(10 * MS + START_NS - MS)
    assert not cluster.is_running(3)
    cluster.run_to(10 * MS + START_NS + MS)
    assert cluster.is_running(3)


def test_a_power_cut_ends_a_start() -> None:
    cluster = cluster_with(Costs(start_ns=START_NS))
    cluster.run_to(10 * MS)
    cluster.crash(3)
    cluster.restart(3)
    cluster.run_to(30 * MS)
    cluster.crash(3)
    assert cluster.is_down(3)
    cluster.run_to(200 * MS)
    assert not cluster.is_running(3)
    cluster.restart(3)
    cluster.run_to(300 * MS)
    assert cluster.is_running(3)


def test_CU2_a_validator_far_behind_asks_on_until_it_is_level() -> None:
    made, cluster = network(4), cluster_with(Costs())
    cluster.crash(3)

    def is_level() -> bool:
        node = cluster.node(0)
        return node.ledger.height == node.final_height and not len(node.mempool)

    height = BLOCKS_ANSWER_MAX + 10
    for number in range(height):
        cluster.submit(deposit(cluster, made, number), to=0)
        assert cluster.run_until(is_level, limit_ns=MINUTE_NS)
    cluster.restart(3)
    cluster.submit(deposit(cluster, made, height), to=0)
    assert cluster.node(3).ledger.height == 0
    assert cluster.run_until(lambda: cluster.node(3).ledger.height > 0, limit_ns=MINUTE_NS)
    began_ns = cluster.now_ns
    assert cluster.run_until(lambda: cluster.node(3).ledger.height > height, limit_ns=began_ns + 20 * MS)
    assert cluster.finish() == []
