"""Validators come, go and change keys in whole simulated networks, with the ledger's rules (MB-1 to MB-5)."""

from __future__ import annotations

import itertools
from typing import Any

import pytest

from govchain.config import DurationNs
from govchain.crypto import chain_id_of, sign_transaction
from govchain.crypto.possession import prove_vote_key
from govchain.errors import Unavailable
from govchain.ledger.kinds import record_type_of
from govchain.ledger.payloads import encode_payload
from govchain.model import Genesis, ProtocolParameters, TransactionBody
from govchain.sim import FixedLatency, SimCluster
from tests.support.ledger_world import (
    AMR,
    COURT,
    HASHES,
    PEOPLE,
    SUITE,
    TAX,
    make_genesis,
    rfc3339,
    signer_of,
)

K = 4
S = 1_000_000_000


def secret_of(name: str) -> bytes:
    return SUITE.digest(f"person/{name}".encode())


class Network:
    """A simulated network whose organisations propose, approve and deposit."""

    def __init__(self, n: int, *, candidates: tuple[str, ...] = ("validator-9",)) -> None:
        owners = [(AMR, TAX, COURT)[index % 3] for index in range(n)]
        self.genesis: Genesis = make_genesis(owners, ProtocolParameters(checkpoint_interval=K))
        names = [*(f"validator-{index}" for index in range(n)), *candidates]
        self.cluster = SimCluster(
            self.genesis,
            {name: secret_of(name) for name in names},
            candidates=candidates,
            spares={name: secret_of(f"{name}-next") for name in names},
            latency=FixedLatency(DurationNs(5_000_000)),
        )
        self.chain_id = chain_id_of(SUITE, self.genesis)
        self._nonces = itertools.count()
        self.acknowledged: list[bytes] = []

    def up(self) -> list[int]:
        return [index for index in range(self.cluster.size) if self.cluster.is_running(index)]

    def submit(self, kind: str, person: str, object_id: str, fields: dict[str, Any]) -> bytes:
        """One transaction through a validator that is up, until it is final there."""
        entry = self.up()[0]
        node = self.cluster.node(entry)
        record_type = record_type_of(kind)
        known = node.ledger.record(record_type, object_id)
        envelope = {
            "object_id": object_id,
            "object_version": 1 if known is None else known.version + 1,
            "claimed_time": rfc3339(self.genesis.time_ms),
        }
        if known is not None:
            envelope["prev_record_hash"] = known.last_record_hash.hex()
        signer = signer_of(person)
        body = TransactionBody(
            chain_id=self.chain_id,
            kind=kind,
            org=PEOPLE[person][0],
            key_id=signer.key_id,
            nonce=next(self._nonces),
            expiry_height=1_000,
            payload=encode_payload(envelope, fields),
        )
        id_ = self.cluster.submit(sign_transaction(signer, body), to=entry)
        limit_ns = self.cluster.now_ns + 60 * S
        assert self.cluster.run_until(lambda: self.is_final(entry, id_), limit_ns=limit_ns), "not final"
        result = node.chain.result(id_)
        assert result is not None
        assert result.applied, result
        self.acknowledged.append(id_)
        return id_

    def is_final(self, index: int, id_: bytes) -> bool:
        try:
            node = self.cluster.node(index)
        except Unavailable:
            return False
        place = node.chain.locate(id_)
        return place is not None and node.chain.certificate(place[0]) is not None

    def deposit(self) -> None:
        number = f"EV-{len(self.acknowledged)}"
        fields = {
            "evidence_kind": "log",
            "raw_hash": HASHES,
            "size_bytes": 1,
            "media_type": "text/plain",
            "collected_at": rfc3339(self.genesis.time_ms),
        }
        self.submit("evidence.deposit", "evp-a", number, fields)

    def adopt(self, kind: str, number: str, fields: dict[str, Any]) -> None:
        self.submit(kind, "amr-admin", number, fields)
        for person in ("tax-admin", "court-admin"):
            record = self.cluster.node(self.up()[0]).ledger.record("change", number)
            assert record is not None
            if record.state == "PROPOSED":
                self.submit("change.approve", person, number, {})

    def possession(self, validator: str, *, of: str) -> dict[str, str]:
        return prove_vote_key(signer_of(of), self.chain_id, validator)

    def to_epoch(self, epoch: int) -> None:
        """Deposits until everybody that is up is in this epoch."""
        for _ in range(4 * K):
            if all(self.epoch(index) == epoch for index in self.up()):
                return
            self.deposit()
        self.cluster.run_to(self.cluster.now_ns + 10 * S)
        assert [self.epoch(index) for index in self.up()] == [epoch] * len(self.up())

    def epoch(self, index: int) -> int:
        return self.cluster.node(index).replica.validators.epoch

    def check(self) -> None:
        """Everybody agrees, nothing acknowledged is missing, every invariant holds."""
        self.cluster.run_to(self.cluster.now_ns + 20 * S)
        assert self.cluster.finish() == []
        for index in self.up():
            assert all(self.is_final(index, id_) for id_ in self.acknowledged), f"node {index}"
        roots = {self.cluster.node(index).ledger.state_root for index in self.up()}
        assert len(roots) == 1


def join(network: Network, number: str = "GC-1") -> None:
    proof = network.possession("validator-9", of="validator-9")
    fields = {"validator": "validator-9", "org": AMR, "peer_address": "10.0.0.9:7200", **proof}
    network.adopt("validator.add", number, fields)


def rotate(network: Network, validator: str, number: str = "GC-2") -> None:
    proof = network.possession(validator, of=f"{validator}-next")
    network.adopt("validator.rotate", number, {"validator": validator, "reason": "yearly", **proof})


@pytest.mark.parametrize("n", [1, 2, 3, 4, 5, 6, 7])
def test_situation_55_MB1_join_rotate_and_leave(n: int) -> None:
    network = Network(n)
    join(network)
    network.to_epoch(1)
    assert network.cluster.node(n).replica.status().index == n
    rotate(network, "validator-0")
    network.to_epoch(2)
    network.adopt("validator.remove", "GC-3", {"validator": f"validator-{n - 1}", "reason": "leaves"})
    network.to_epoch(3)
    gone = network.cluster.node(n - 1).replica.status().index
    assert gone == -1
    for _ in range(K):
        network.deposit()
    network.check()


@pytest.mark.parametrize("victim", range(4))
def test_situation_55_MB2_a_validator_is_down_through_the_change_and_comes_back(victim: int) -> None:
    network = Network(4)
    join(network)
    network.cluster.crash(victim)
    network.to_epoch(1)
    for _ in range(2 * K):
        network.deposit()
    network.cluster.restart(victim)
    network.cluster.run_to(network.cluster.now_ns + 20 * S)
    assert network.epoch(victim) == 1
    network.check()


def test_situation_55_MB4_the_holder_of_a_rotated_key_restarts_with_both() -> None:
    network = Network(4, candidates=())
    rotate(network, "validator-1")
    network.to_epoch(1)
    network.cluster.crash(1)
    network.deposit()
    network.cluster.restart(1)
    network.cluster.crash(0)  # Without the rotated one there is no quorum.
    network.deposit()
    network.cluster.restart(0)
    network.check()


def test_situation_55_everybody_restarts_at_the_boundary() -> None:
    network = Network(4)
    join(network)
    while network.cluster.node(0).ledger.height < K:
        network.deposit()
    for index in network.up():
        network.cluster.crash(index)
    for index in range(5):
        network.cluster.restart(index)
    network.cluster.run_to(network.cluster.now_ns + 20 * S)
    network.to_epoch(1)
    network.deposit()
    network.check()
