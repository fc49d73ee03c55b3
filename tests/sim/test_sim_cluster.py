"""The simulated world: faults, recovery, and checks that see what they must see."""

from __future__ import annotations

import dataclasses

import msgspec
import pytest

from govchain.codec import encode
from govchain.config import DurationNs
from govchain.consensus import SignedMessage
from govchain.crypto import sign_transaction, suite
from govchain.crypto.vote_identity import identify_vote
from govchain.errors import ConfigError, InvalidTransaction, Unavailable
from govchain.ledger.kinds.evidence.fields import EvidenceDeposit
from govchain.ledger.payloads import Hashes, encode_payload
from govchain.model import BlockHeader, Organisation, ProtocolParameters, Transaction, TransactionBody
from govchain.model.votes import Prepare
from govchain.sim import FixedLatency, SimCluster, TraceEvent
from govchain.sim.checks import Checks
from govchain.sim.network import seeded_stream
from govchain.testnet.plan import (
    GenesisWithSecrets,
    NetworkPlan,
    PlannedPerson,
    PlannedValidator,
    build_genesis,
)

EVP = "91990100MA0XX00Y57"
MINUTE_NS = 60_000_000_000
TIME_MS = 1_793_581_200_000


def plan_of(validators: int) -> NetworkPlan:
    return NetworkPlan(
        name="test",
        time_ms=TIME_MS,
        validators=tuple(PlannedValidator(f"validator-{index}", EVP) for index in range(validators)),
        organisations=(Organisation(EVP, "Platform", roles=("evidence-platform",)),),
        people=(PlannedPerson("clerk", EVP, ()),),
        seed=1,
    )


def network(validators: int) -> GenesisWithSecrets:
    return build_genesis(plan_of(validators))


def cluster_of(made: GenesisWithSecrets, listener: list[TraceEvent] | None = None) -> SimCluster:
    secrets = {name.removeprefix("validator/"): secret for name, secret in made.secrets.items()}
    return SimCluster(
        made.genesis,
        secrets,
        latency=FixedLatency(DurationNs(20_000_000)),
        listener=None if listener is None else listener.append,
    )


def deposit(cluster: SimCluster, made: GenesisWithSecrets, number: int) -> Transaction:
    signer = suite().signer(made.secrets["person/clerk"])
    fields = EvidenceDeposit("log", Hashes("0" * 64, "0" * 64), 1, "text/plain", "2026-11-01T00:00:00Z")
    envelope = {"object_id": f"E-{number}", "object_version": 1, "claimed_time": "2026-11-01T00:00:00Z"}
    body = TransactionBody(
        chain_id=cluster.running()[0].chain.chain_id,
        kind="evidence.deposit",
        org=EVP,
        key_id=signer.key_id,
        nonce=number,
        expiry_height=100,
        payload=encode_payload(envelope, fields),
    )
    return sign_transaction(signer, body)


def finish(cluster: SimCluster, height: int) -> bool:
    def is_done() -> bool:
        return all(node.final_height >= height for node in cluster.running())

    return cluster.run_until(is_done, limit_ns=cluster.now_ns + MINUTE_NS)


@pytest.mark.parametrize("validators", [1, 2, 3, 4, 7])
def test_networks_of_any_size_make_blocks(validators: int) -> None:
    made = network(validators)
    cluster = cluster_of(made)
    for number in range(3):
        cluster.submit(deposit(cluster, made, number), to=number % validators)
        assert finish(cluster, number + 1)
    assert cluster.finish() == []
    assert len({node.ledger.state_root for node in cluster.running()}) == 1


def test_RC1_all_validators_crash_and_go_on_from_their_disks() -> None:
    made = network(4)
    cluster = cluster_of(made)
    cluster.submit(deposit(cluster, made, 0), to=0)
    assert finish(cluster, 1)
    cluster.submit(deposit(cluster, made, 1), to=0)
    cluster.run_to(cluster.now_ns + 45_000_000)  # votes are out, nothing is decided
    for index in range(4):
        cluster.crash(index)
    for index in range(4):
        cluster.restart(index)
    assert finish(cluster, 2)
    cluster.submit(deposit(cluster, made, 2), to=3)
    assert finish(cluster, 3)
    assert cluster.finish() == []


def test_CU2_a_validator_that_was_away_takes_blocks_by_certificate() -> None:
    # Votes sent again are the cheaper cure, unless it is away for more than a checkpoint interval.
    plan = dataclasses.replace(plan_of(4), parameters=ProtocolParameters(checkpoint_interval=4))
    made = build_genesis(plan)
    events: list[TraceEvent] = []
    cluster = cluster_of(made, events)
    cluster.crash(3)
    for number in range(5):
        cluster.submit(deposit(cluster, made, number), to=0)
        assert finish(cluster, number + 1)
    cluster.restart(3)
    assert finish(cluster, 5)
    assert cluster.node(3).ledger.state_root == cluster.node(0).ledger.state_root
    assert cluster.finish() == []
    assert any(event.kind == "note-behind" for event in events)


def test_two_of_four_down_decide_nothing() -> None:
    made = network(4)
    cluster = cluster_of(made)
    cluster.crash(2)
    cluster.crash(3)
    cluster.submit(deposit(cluster, made, 0), to=0)
    assert not finish(cluster, 1)
    assert cluster.finish() == []
    with pytest.raises(Unavailable):
        cluster.submit(deposit(cluster, made, 1), to=2)
    with pytest.raises(ConfigError):
        cluster.restart(0)


def test_RQ4_a_transaction_is_taken_once() -> None:
    made = network(4)
    cluster = cluster_of(made)
    transaction = deposit(cluster, made, 0)
    cluster.submit(transaction, to=0)
    assert finish(cluster, 1)
    with pytest.raises(InvalidTransaction):
        cluster.submit(transaction, to=0)


def test_the_digest_covers_every_event() -> None:
    made = network(4)
    one, other = cluster_of(made), cluster_of(made)
    assert one.digest == other.digest
    one.submit(deposit(one, made, 0), to=0)
    other.submit(deposit(other, made, 0), to=1)
    assert one.digest != other.digest


def header(**changes: object) -> BlockHeader:
    made = network(4).genesis
    plain = BlockHeader(
        chain_id=b"c" * 32,
        epoch=0,
        height=1,
        parent=b"p" * 32,
        time_ms=made.time_ms,
        proposer=0,
        batch_digest=b"b" * 32,
        transactions_root=b"t" * 32,
        transaction_count=1,
        results_root=b"r" * 32,
        state_root=b"s" * 32,
        history_root=b"h" * 32,
    )
    return msgspec.structs.replace(plain, **changes)


def broken(checks: Checks) -> list[str]:
    return [violation.invariant for violation in checks.violations]


def fresh_checks() -> Checks:
    checks = Checks(network(4).genesis, suite())
    checks.note_submitted(b"1")
    return checks


def test_the_judge_sees_two_blocks_at_one_height() -> None:
    checks = fresh_checks()
    checks.note_executed(0, header(), (b"1",))
    checks.note_executed(1, header(state_root=b"x" * 32), (b"1",))
    assert broken(checks) == ["state-roots", "agreement"]


def test_the_judge_sees_a_gap() -> None:
    checks = fresh_checks()
    checks.note_executed(0, header(height=2), (b"1",))
    assert broken(checks) == ["total-order"]


def test_the_judge_sees_what_was_never_submitted_and_what_runs_twice() -> None:
    checks = fresh_checks()
    checks.note_executed(0, header(), (b"1", b"2"))
    checks.note_executed(0, header(height=2), (b"1",))
    assert broken(checks) == ["validity", "validity"]


def test_the_judge_sees_a_double_vote_and_a_vote_that_was_not_durable() -> None:
    checks = fresh_checks()
    for digest in (b"a" * 32, b"b" * 32):
        vote = Prepare(b"c" * 32, 0, 1, 0, 1, digest)
        identity = identify_vote(suite(), SignedMessage(encode(vote), b""))
        assert identity is not None
        checks.note_vote(identity, is_durable=digest[0] == ord("a"))
    assert broken(checks) == ["durable-votes", "no-double-vote"]


def test_the_judge_sees_a_missing_certificate() -> None:
    checks = fresh_checks()
    checks.note_missing_certificate(0, 1)
    assert broken(checks) == ["certificates"]


def test_streams_of_different_purposes_are_independent_and_repeatable() -> None:
    first, again, other = (seeded_stream(suite(), 1, name) for name in ("loss", "loss", "jitter"))
    drawn = [next(first) for _ in range(10)]
    assert drawn == [next(again) for _ in range(10)]
    assert drawn != [next(other) for _ in range(10)]
    assert len(set(drawn)) == 10


def test_VC1_the_primary_crashes_again_and_again_and_the_others_go_on() -> None:
    made = network(4)
    cluster = cluster_of(made)
    for number in range(6):
        primary = max(node.replica.status().view for node in cluster.running()) % 4
        cluster.crash(primary)
        cluster.submit(deposit(cluster, made, number), to=(primary + 1) % 4)
        assert finish(cluster, number + 1)
        cluster.restart(primary)
        assert finish(cluster, number + 1)
    assert cluster.finish() == []
    assert cluster.node(0).replica.status().view >= 6
    assert len({node.ledger.state_root for node in cluster.running()}) == 1


def test_situation_36_all_crash_in_the_middle_of_a_view_change_and_go_on() -> None:
    made = network(4)
    cluster = cluster_of(made)
    cluster.crash(0)
    cluster.submit(deposit(cluster, made, 0), to=1)
    cluster.run_to(cluster.now_ns + 2_001_000_000)  # view changes are out, the new view is not
    for index in (1, 2, 3):
        cluster.crash(index)
    for index in (1, 2, 3):
        cluster.restart(index)
    cluster.submit(deposit(cluster, made, 1), to=2)
    assert finish(cluster, 1)
    assert cluster.finish() == []
    assert all(node.replica.status().view == 1 for node in cluster.running())
