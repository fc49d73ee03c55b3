"""Evidence in the simulated world: kept by everybody, recorded once, through crashes; and the judge of it."""

from __future__ import annotations

import msgspec

from govchain.codec import decode, encode
from govchain.consensus import SignedMessage
from govchain.crypto import Signer, suite
from govchain.model import Transaction, TransactionBody
from govchain.model.votes import Commit, Proposal
from govchain.sim import SimCluster, SimNode
from govchain.sim.network import Frame
from govchain.testnet.plan import GenesisWithSecrets
from tests.sim.test_sim_cluster import cluster_of, deposit, finish, network

LIAR = 3
SECOND_NS = 1_000_000_000


def lie(cluster: SimCluster, made: GenesisWithSecrets, *, seq: int = 1) -> None:
    """The liar's key signs two commits; each of two validators hears one of them."""
    signer = suite().signer(made.secrets[f"validator/validator-{LIAR}"])
    for target, digest in ((1, b"a" * 32), (2, b"b" * 32)):
        body = encode(Commit(cluster.node(target).chain.chain_id, 0, LIAR, 0, seq, digest))
        cluster.node(target).receive(LIAR, SignedMessage(body, signer.sign(body)))


def network_with_a_liar() -> tuple[GenesisWithSecrets, SimCluster]:
    made = network(4)
    cluster = cluster_of(made)
    cluster.crash(LIAR)  # What its key signs from here on is not what an honest validator signs.
    cluster.checks.forgive(LIAR)
    return made, cluster


def accusations(node: SimNode) -> list[Transaction]:
    blocks = [node.chain.block(height) for height in range(1, node.ledger.height + 1)]
    found = [transaction for block in blocks if block is not None for transaction in block.transactions]
    return [each for each in found if decode(each.body, TransactionBody).kind == "validator.accuse"]


def is_recorded(cluster: SimCluster) -> bool:
    return all(
        node.accuser.list_kept() and all(kept.recorded_height for kept in node.accuser.list_kept())
        for node in cluster.running()
    )


def wait_recorded(cluster: SimCluster) -> bool:
    return cluster.run_until(lambda: is_recorded(cluster), limit_ns=cluster.now_ns + 30 * SECOND_NS)


def test_situation_12_EV1_a_liar_is_known_to_everybody_and_recorded_once() -> None:
    made, cluster = network_with_a_liar()
    cluster.submit(deposit(cluster, made, 0), to=1)
    cluster.run_to(cluster.now_ns + 50_000_000)
    lie(cluster, made)
    assert wait_recorded(cluster)
    cluster.run_to(cluster.now_ns + 20 * SECOND_NS)
    for node in cluster.running():
        (kept,) = node.accuser.list_kept()
        assert (kept.name, kept.equivocation.phase, kept.equivocation.seq) == ("validator-3", "commit", 1)
        assert len(accusations(node)) == 1
    assert cluster.finish() == []


def test_EV1_the_others_speak_when_the_first_accuser_is_gone() -> None:
    made, cluster = network_with_a_liar()
    cluster.submit(deposit(cluster, made, 0), to=1)
    cluster.run_to(cluster.now_ns + 50_000_000)
    cluster.crash(0)  # The one after the liar; the liar itself comes back, so that there is a quorum.
    lie(cluster, made)
    cluster.restart(LIAR)
    cluster.submit(deposit(cluster, made, 1), to=1)
    assert wait_recorded(cluster)
    assert 1 <= len(accusations(cluster.node(1))) <= 2
    assert cluster.finish() == []


def test_EV1_evidence_outlives_a_crash_and_is_not_submitted_again() -> None:
    made, cluster = network_with_a_liar()
    cluster.submit(deposit(cluster, made, 0), to=1)
    cluster.run_to(cluster.now_ns + 50_000_000)
    lie(cluster, made)
    assert wait_recorded(cluster)
    before = cluster.node(1).accuser.list_kept()
    for index in (0, 1, 2):
        cluster.crash(index)
        cluster.restart(index)
    assert cluster.node(1).accuser.list_kept() == before
    cluster.submit(deposit(cluster, made, 1), to=1)
    cluster.run_to(cluster.now_ns + 20 * SECOND_NS)
    assert [len(accusations(node)) for node in cluster.running()] == [1, 1, 1]


def test_EV1_who_was_away_learns_of_it_from_the_chain() -> None:
    made, cluster = network_with_a_liar()
    cluster.submit(deposit(cluster, made, 0), to=1)
    cluster.run_to(cluster.now_ns + 50_000_000)
    lie(cluster, made)
    assert wait_recorded(cluster)
    cluster.restart(LIAR)
    assert finish(cluster, cluster.node(1).ledger.height)
    assert [kept.name for kept in cluster.node(LIAR).accuser.list_kept()] == ["validator-3"]


def test_EV2_the_judge_sees_evidence_against_a_validator_that_nobody_let_lie() -> None:
    made = network(4)
    cluster = cluster_of(made)
    cluster.submit(deposit(cluster, made, 0), to=1)
    cluster.run_to(cluster.now_ns + 50_000_000)
    lie(cluster, made)
    cluster.run_to(cluster.now_ns + SECOND_NS)
    assert {violation.invariant for violation in cluster.finish()} == {"evidence"}


def test_situation_12_EV1_a_primary_with_two_tongues_is_recorded_by_the_view_after_it() -> None:
    made = network(4)
    cluster = cluster_of(made)
    cluster.checks.forgive(0)
    signer, send = suite().signer(made.secrets["validator/validator-0"]), cluster.send

    def send_two(source: int, target: int | None, frame: Frame) -> None:
        for each in range(cluster.size) if target is None else [target]:
            if each != source:
                send(source, each, other_proposal(signer, frame) if (source, each % 2) == (0, 1) else frame)

    cluster.send = send_two  # type: ignore[method-assign]
    for number in range(4):
        cluster.submit(deposit(cluster, made, number), to=number)
    assert wait_recorded(cluster)
    cluster.run_to(cluster.now_ns + 20 * SECOND_NS)
    for node in cluster.running():
        (kept,) = node.accuser.list_kept()
        assert (kept.name, kept.equivocation.phase) == ("validator-0", "proposal")
        assert node.ledger.denial_counts == {}
        assert node.replica.status().view > 0
    assert cluster.finish() == []


def other_proposal(signer: Signer, frame: Frame) -> Frame:
    """Another proposal of the first primary in place of its own; any other frame as it is."""
    if not isinstance(frame, SignedMessage) or b"govchain.proposal/1" not in frame.body[:40]:
        return frame
    proposal = decode(frame.body, Proposal)
    if proposal.validator != 0:
        return frame
    later = msgspec.structs.replace(proposal.batch, time_ms=proposal.batch.time_ms + 1)
    body = encode(msgspec.structs.replace(proposal, batch=later))
    return SignedMessage(body, signer.sign(body))
