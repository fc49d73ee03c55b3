"""Validators that come back: their process takes time to start, and they fetch all that they missed."""

from __future__ import annotations

from collections.abc import Callable

import msgspec
import pytest

from govchain.config import DurationNs
from govchain.errors import ConfigError
from govchain.model import Block
from govchain.sim import Costs, FixedLatency, SimCluster, WireFrame
from govchain.sim.network import BlocksFound, BlocksWanted, Frame
from govchain.sim.node import BLOCKS_ANSWER_MAX
from tests.sim.test_sim_cluster import MINUTE_NS, deposit, network

MS = 1_000_000
START_NS = 50 * MS


def cluster_with(costs: Costs, on_wire: Callable[[WireFrame], None] | None = None) -> SimCluster:
    made = network(4)
    secrets = {name.removeprefix("validator/"): secret for name, secret in made.secrets.items()}
    return SimCluster(
        made.genesis, secrets, latency=FixedLatency(DurationNs(MS)), costs=costs, on_wire=on_wire
    )


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


def leave_behind(cluster: SimCluster) -> int:
    """Take the last validator down for more blocks than one answer holds, and wake it; the height before."""
    made = network(4)
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
    return height


def test_CU2_a_validator_far_behind_asks_on_until_it_is_level() -> None:
    cluster = cluster_with(Costs())
    height = leave_behind(cluster)
    assert cluster.node(3).ledger.height == 0
    assert cluster.run_until(lambda: cluster.node(3).ledger.height > 0, limit_ns=MINUTE_NS)
    began_ns = cluster.now_ns
    assert cluster.run_until(lambda: cluster.node(3).ledger.height > height, limit_ns=began_ns + 20 * MS)
    assert cluster.finish() == []


def _changed(block: Block) -> Block:
    header = msgspec.structs.replace(block.header, state_root=bytes(32))
    return msgspec.structs.replace(block, header=header)


class Faker:
    """Answers with blocks none of which is true."""

    def sends(self, target: int, frame: Frame) -> list[Frame]:
        if not isinstance(frame, BlocksFound):
            return [frame]
        return [BlocksFound(tuple((_changed(block), proof) for block, proof in frame.blocks))]

    def takes(self, source: int, frame: Frame) -> bool:
        return True


def test_CU5_whoever_answers_falsely_is_not_asked_again_at_once() -> None:
    asked: list[int] = []

    def note(sent: WireFrame) -> None:
        if isinstance(sent.frame, BlocksWanted):
            asked.append(sent.target)

    cluster = cluster_with(Costs(), note)
    cluster.traitors[1] = Faker()
    height = leave_behind(cluster)
    assert cluster.run_until(lambda: cluster.node(3).ledger.height > height, limit_ns=MINUTE_NS)
    assert asked[0] == 1, "the liar is asked first"
    assert len(asked) < 10, "one question each, and one that goes on"
