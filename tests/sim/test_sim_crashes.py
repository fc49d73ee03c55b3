"""Crashes at random moments: one at a time, several, all at once, the primary too; then everybody is back.

Whatever was handed in must be final everywhere or forgotten in the end, and nothing may wait for ever.
"""

from __future__ import annotations

from random import Random

import msgspec
import pytest

from govchain.consensus import LogEntry, SignedMessage
from govchain.consensus.output import VIEW_ENTRY_SEQ
from govchain.model import Space, Transaction
from govchain.sim import SimCluster
from govchain.sim.vote_log import VoteLog, vote_key
from govchain.storage import MemoryStore
from tests.sim.test_sim_cluster import MINUTE_NS, deposit, network

NS_PER_MS = 1_000_000
STEPS = 30


class Jitter:
    """One-way delays between 1 and 60 ms, so that frames overtake each other."""

    def __init__(self, random: Random) -> None:
        self._random = random

    def delay_ns(self, source: int, target: int) -> int:
        return self._random.randrange(NS_PER_MS, 60 * NS_PER_MS)


@pytest.mark.parametrize("checkpoint_interval", [4, 128])
@pytest.mark.parametrize("validators", [1, 2, 3, 4, 7])
def test_situation_47_random_crashes_leave_nothing_behind(validators: int, checkpoint_interval: int) -> None:
    random = Random(validators * 1_000 + checkpoint_interval)
    made = network(validators)
    parameters = msgspec.structs.replace(
        made.genesis.parameters, checkpoint_interval=checkpoint_interval, batch_records_max=2
    )
    genesis = msgspec.structs.replace(made.genesis, parameters=parameters)
    secrets = {name.removeprefix("validator/"): secret for name, secret in made.secrets.items()}
    cluster = SimCluster(genesis, secrets, latency=Jitter(random))
    transactions = [deposit(cluster, made, number) for number in range(STEPS + 1)]
    for transaction in transactions[:STEPS]:
        act_at_random(cluster, random, transaction)
        cluster.run_to(cluster.now_ns + random.choice([1, 5, 20, 60, 150, 600, 2_500]) * NS_PER_MS)
    for index in range(validators):
        if not cluster.is_running(index):
            cluster.restart(index)
    assert cluster.run_until(lambda: is_quiet(cluster), limit_ns=cluster.now_ns + MINUTE_NS)
    height = cluster.node(0).ledger.height
    cluster.submit(transactions[STEPS], to=validators - 1)
    assert cluster.run_until(lambda: is_final(cluster, height + 1), limit_ns=cluster.now_ns + MINUTE_NS)
    assert cluster.finish() == []
    assert len({node.ledger.state_root for node in cluster.running()}) == 1
    left = [key for node in cluster.running() for key, _ in node.disk.scan(Space.VOTE)]
    assert [key for key in left if int.from_bytes(key[:8], "big") != VIEW_ENTRY_SEQ] == []


def act_at_random(cluster: SimCluster, random: Random, transaction: Transaction) -> None:
    """Hand something in, crash one or all of those that run, or bring most of the others back."""
    up = [node.index for node in cluster.running()]
    what = random.random()
    if what < 0.45 and up:
        cluster.submit(transaction, to=random.choice(up))
    elif what < 0.75 and up:
        for index in random.sample(up, random.choice([1, 1, 1, len(up)])):
            cluster.crash(index)
    else:
        for index in range(cluster.size):
            if not cluster.is_running(index) and random.random() < 0.7:
                cluster.restart(index)


def is_final(cluster: SimCluster, height: int) -> bool:
    """Every height up to this one has its certificate at every validator."""
    return all(
        node.ledger.height >= height and node.chain.certificate(height) is not None
        for node in cluster.running()
    )


def is_quiet(cluster: SimCluster) -> bool:
    """All are equally far, and nobody waits for anything but for others to complain too."""
    running = cluster.running()
    alone = [node for node in running if "waiting for new view" in node.replica.status().stall]
    # Who complained when the others went on keeps its promise, and votes again in the next view (VC-1).
    return (
        len({node.ledger.height for node in running}) == 1
        and len(alone) <= (cluster.size - 1) // 3
        and all(node.final_height == node.ledger.height and len(node.mempool) == 0 for node in running)
        and all(node.replica.status().stall == "" for node in running if node not in alone)
    )


def test_RC1_a_vote_log_opened_again_settles_what_it_holds_and_nothing_else() -> None:
    disk, signed = MemoryStore(), SignedMessage(b"body", b"signature")
    log = VoteLog(disk)
    for seq, phase in ((1, "proposal"), (1, "commit"), (2, "proposal")):
        disk.write(log.keep(LogEntry(seq, phase, 0, signed), ()), sync=True)
    disk.write(VoteLog(disk).settle(1), sync=True)
    assert [key for key, _ in disk.scan(Space.VOTE)] == [vote_key(2, 0, "proposal")]
    assert VoteLog(disk).settle(1) == []
