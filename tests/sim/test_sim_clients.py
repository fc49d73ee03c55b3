"""Clients that lie, and clients of a validator that lies: one effect, and a definite answer for the rest."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from random import Random

import msgspec
import pytest

from govchain.codec import decode
from govchain.crypto import sign_transaction, suite, transaction_id
from govchain.errors import InvalidTransaction
from govchain.mempool import Admitted
from govchain.model import Transaction, TransactionBody
from govchain.scenario import Observation, Rehearsal, Result, SimBackend, parse_scenario, run_scenario
from govchain.scenario.sim_traffic import LISTEN_NS
from govchain.sim import SimCluster
from govchain.sim.network import Gossip
from tests.sim.test_sim_cluster import MINUTE_NS, deposit, network
from tests.sim.test_sim_crashes import NS_PER_MS, Jitter, is_quiet
from tests.support import read_clients
from tests.support.scenario_texts import PROJECT


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


VIEW_TIMEOUT_MS = 300


class Delays:
    """5 ms on every link; frames of one validator may take longer."""

    def __init__(self, slow: int, slow_ms: int) -> None:
        self._slow = slow
        self._slow_ms = slow_ms

    def delay_ns(self, source: int, target: int) -> int:
        return (self._slow_ms if source == self._slow else 5) * NS_PER_MS


def impatient_network(delays: Delays) -> tuple[SimCluster, Callable[[str, int], Transaction]]:
    """A network with short timeouts, and deposits by person and number."""
    made, plain = read_clients.network(), network(4)
    parameters = msgspec.structs.replace(
        made.genesis.parameters, view_timeout_ms=VIEW_TIMEOUT_MS, retransmit_ms=100
    )
    genesis = msgspec.structs.replace(made.genesis, parameters=parameters)
    secrets = {name.removeprefix("validator/"): secret for name, secret in made.secrets.items()}
    cluster = SimCluster(genesis, secrets, latency=delays)

    def make(person: str, number: int) -> Transaction:
        body = decode(deposit(cluster, plain, number).body, TransactionBody)
        signer = suite().signer(made.secrets[f"person/{person}"])
        org = read_clients.OTHER_ORG if person == "clerk-2" else read_clients.ORG
        changed = msgspec.structs.replace(body, org=org, key_id=signer.key_id, expiry_height=1_000)
        return sign_transaction(signer, changed)

    return cluster, make


def is_final_at(cluster: SimCluster, transaction: Transaction, nodes: Sequence[int]) -> bool:
    found = [cluster.node(index).chain.locate(transaction_id(suite(), transaction)) for index in nodes]
    return all(
        place is not None and cluster.node(index).chain.certificate(place[0]) is not None
        for index, place in zip(nodes, found, strict=True)
    )


@pytest.mark.parametrize("entry", range(4))
def test_situation_49_a_primary_that_drops_one_organisation_is_replaced_in_time(
    entry: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    cluster, make = impatient_network(Delays(0, 5))
    pool = cluster.node(0).mempool
    genuine = pool.admit

    def admit(transaction: Transaction, *, proposed: bool = False) -> Admitted:
        if decode(transaction.body, TransactionBody).org == read_clients.OTHER_ORG:
            raise InvalidTransaction("expired", "says the primary")
        return genuine(transaction, proposed=proposed)

    monkeypatch.setattr(pool, "admit", admit)
    wanted = make("clerk-2", 0)
    began_ns = cluster.now_ns
    if entry == 0:
        # Whoever hands it to the primary alone hears that it is refused, and goes elsewhere.
        with pytest.raises(InvalidTransaction):
            cluster.submit(wanted, to=0)
    cluster.submit(wanted, to=entry or 1)
    number = 0
    while not is_final_at(cluster, wanted, (1, 2, 3)):
        # The primary serves all others, so it never looks dead.
        number += 1
        cluster.submit(make("clerk-0", number), to=1 + number % 3)
        cluster.run_to(cluster.now_ns + 20 * NS_PER_MS)
        assert cluster.now_ns - began_ns < 3 * VIEW_TIMEOUT_MS * NS_PER_MS
    assert cluster.node(1).replica.status().view >= 1
    assert cluster.checks.violations == []


@pytest.mark.parametrize("share", [0.3, 0.45, 0.6, 0.8, 0.95])
def test_situation_50_a_primary_just_under_the_timeout_costs_no_more_than_three(share: float) -> None:
    cluster, make = impatient_network(Delays(0, int(VIEW_TIMEOUT_MS * share)))
    for number in range(12):
        transaction = make("clerk-0", number)
        began_ns = cluster.now_ns
        cluster.submit(transaction, to=1 + number % 3)
        limit_ns = began_ns + 3 * VIEW_TIMEOUT_MS * NS_PER_MS
        assert cluster.run_until(
            lambda each=transaction: is_final_at(cluster, each, (1, 2, 3)),  # type: ignore[misc]
            limit_ns=limit_ns,
        )
    assert cluster.finish() == []


def test_situation_49_a_primary_with_much_to_do_is_not_blamed_for_what_it_heard_of_late() -> None:
    made, plain = read_clients.network(), network(4)
    parameters = msgspec.structs.replace(
        made.genesis.parameters,
        view_timeout_ms=VIEW_TIMEOUT_MS,
        retransmit_ms=100,
        batch_records_max=1,
        pipeline=1,
    )
    genesis = msgspec.structs.replace(made.genesis, parameters=parameters)
    secrets = {name.removeprefix("validator/"): secret for name, secret in made.secrets.items()}
    cluster = SimCluster(genesis, secrets, latency=Delays(0, 15))
    signer = suite().signer(made.secrets["person/clerk-0"])

    def make(number: int) -> Transaction:
        body = decode(deposit(cluster, plain, number).body, TransactionBody)
        changed = msgspec.structs.replace(body, key_id=signer.key_id, expiry_height=1_000)
        return sign_transaction(signer, changed)

    genuine = cluster.send
    with pytest.MonkeyPatch.context() as patched:
        # The primary does not hear of the first one, and of all others only afterwards.
        patched.setattr(
            cluster, "send", lambda source, target, frame: [genuine(source, each, frame) for each in (2, 3)]
        )
        cluster.submit(make(0), to=1)
        cluster.run_to(cluster.now_ns + 10 * NS_PER_MS)
        patched.setattr(cluster, "send", genuine)
        for number in range(1, 60):
            cluster.submit(make(number), to=1 + number % 3)
    late = 60
    while cluster.node(1).ledger.height < late:
        if late < 90:
            cluster.submit(make(late), to=1 + late % 3)
            late += 1
        cluster.run_to(cluster.now_ns + 40 * NS_PER_MS)
        assert cluster.now_ns < MINUTE_NS
    assert cluster.now_ns > 6 * VIEW_TIMEOUT_MS * NS_PER_MS, "there was much to do"
    assert {node.replica.status().view for node in cluster.running()} == {0}
    assert cluster.finish() == []


CUT = """\
govchain: 1
meta: {title: One of four is cut off from the others}
organisations:
  - {id: evp, code: 91990100MA0XX00Y57, name: Platform, roles: [evidence-platform], validators: 4}
network: {latency: {fixed: 20ms}}
protocol: {view_timeout: 1s}
workload: [{org: evp, rate: {closed_loop: 4}, to: 6s}]
timeline: [{at: 1s, do: partition, groups: [[validator-3], rest], for: 5s}]
"""


class Latencies:
    """Takes the place of a run folder."""

    def __init__(self) -> None:
        self.ms: list[float] = []

    def write(self, rehearsal: Rehearsal, seen: Observation, result: Result) -> None:
        assert seen.load is not None
        self.ms = seen.load.latencies_ms


def test_a_client_waits_half_its_patience_once_and_keeps_to_whoever_answers() -> None:
    loaded, latencies = parse_scenario(CUT, "cut.yaml", PROJECT), Latencies()
    assert asyncio.run(run_scenario(loaded, SimBackend(), folder=latencies)).verdict == "pass"
    late = [each for each in latencies.ms if each > 300]
    assert len(late) == 1, "one record of one client waits; its next ones go where this one was answered"
    assert late[0] == pytest.approx(LISTEN_NS / 1e6, abs=300)


DOWN = """\
govchain: 1
meta: {title: Nobody is there for a while}
organisations:
  - {id: evp, code: 91990100MA0XX00Y57, name: Platform, roles: [evidence-platform], validators: 1}
network: {latency: {fixed: 1ms}}
protocol: {view_timeout: 1s}
workload: [{org: evp, rate: {fixed: 50/s}, to: 1s}]
timeline: [{at: 10ms, do: crash, target: validator-0, for: 900ms}]
"""


def test_no_more_records_of_an_open_load_wait_than_on_a_real_network(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("govchain.scenario.sim_traffic.WAITING_MAX", 3)
    loaded, latencies = parse_scenario(DOWN, "down.yaml", PROJECT), Latencies()
    assert asyncio.run(run_scenario(loaded, SimBackend(), folder=latencies)).verdict == "pass"
    # The one before, three that waited, and the last one of the load; fifty without the bound.
    assert len(latencies.ms) == 5
