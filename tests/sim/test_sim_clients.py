"""Clients that lie, and clients of a validator that lies: one effect, and a definite answer for the rest."""

from __future__ import annotations

from random import Random

import msgspec
import pytest

from govchain.codec import decode
from govchain.crypto import sign_transaction, suite, transaction_id
from govchain.errors import InvalidTransaction
from govchain.model import Transaction, TransactionBody
from govchain.sim import SimCluster
from govchain.sim.network import Gossip
from tests.sim.test_sim_cluster import MINUTE_NS, deposit, network
from tests.sim.test_sim_crashes import Jitter, is_quiet


def cluster_with_jitter(seed: int) -> tuple[SimCluster, list[Transaction]]:
    """A network, and four contents that one key signed under one nonce."""
    made = network(4)
    secrets = {name.removeprefix("validator/"): secret for name, secret in made.secrets.items()}
    cluster = SimCluster(made.genesis, secrets, latency=Jitter(Random(seed)))
    contents = []
    for number in range(4):
        body = decode(deposit(cluster, made, number).body, TransactionBody)
        clerk = suite().signer(made.secrets["person/clerk"])
        contents.append(sign_transaction(clerk, msgspec.structs.replace(body, nonce=7)))
    return cluster, contents


def places(cluster: SimCluster, transactions: list[Transaction]) -> list[bool]:
    """Which of them are in a block, as every validator says alike."""
    found = [
        [node.chain.locate(transaction_id(suite(), each)) is not None for each in transactions]
        for node in cluster.running()
    ]
    assert all(each == found[0] for each in found)
    return found[0]


@pytest.mark.parametrize("seed", range(6))
def test_situation_51_one_nonce_with_another_content_for_each_validator_has_one_effect(seed: int) -> None:
    cluster, contents = cluster_with_jitter(seed)
    for index, transaction in enumerate(contents):
        cluster.submit(transaction, to=index)
    assert cluster.run_until(
        lambda: is_quiet(cluster) and cluster.node(0).ledger.height > 0, limit_ns=cluster.now_ns + MINUTE_NS
    )
    assert cluster.finish() == []
    assert len({node.ledger.state_root for node in cluster.running()}) == 1
    executed = places(cluster, contents)
    assert sum(executed) == 1
    assert cluster.node(0).ledger.denial_counts == {}
    for transaction in contents:
        for node in cluster.running():
            with pytest.raises(InvalidTransaction) as caught:
                node.submit(transaction)
            assert caught.value.code == "nonce-used"


@pytest.mark.parametrize("faulty", range(4))
def test_situation_51_a_validator_that_tells_nobody_is_passed_over(faulty: int) -> None:
    cluster, (transaction, *_) = cluster_with_jitter(faulty)
    genuine = cluster.send

    def send(source: int, target: int | None, frame: object) -> None:
        if not (source == faulty and isinstance(frame, Gossip)):
            genuine(source, target, frame)  # type: ignore[arg-type]

    cluster.send = send  # type: ignore[method-assign]
    cluster.submit(transaction, to=faulty)
    cluster.run_to(cluster.now_ns + 100_000_000)
    # The client asks elsewhere, hears that nobody knows it there, and sends the same bytes.
    other = cluster.node((faulty + 1) % 4)
    if other.chain.locate(transaction_id(suite(), transaction)) is None:
        cluster.submit(transaction, to=other.index)
    assert cluster.run_until(
        lambda: is_quiet(cluster) and cluster.node(0).ledger.height > 0, limit_ns=cluster.now_ns + MINUTE_NS
    )
    assert cluster.finish() == []
    assert places(cluster, [transaction]) == [True]
    assert cluster.node(0).ledger.transaction_count == 1
