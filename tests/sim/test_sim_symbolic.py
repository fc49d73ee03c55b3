"""Symbolic signatures hold in the simulator and nowhere else; the door looks once and forgets nothing."""

from __future__ import annotations

import asyncio
from typing import cast

import msgspec
import pytest

from govchain.codec import encode
from govchain.config import DurationNs
from govchain.consensus import SignedMessage
from govchain.crypto import Suite, chain_id_of, derive_secret, suite, verify_finality
from govchain.errors import BadProof, BadSignature, ConfigError, InvalidTransaction, ProtocolViolation
from govchain.ledger import Ledger
from govchain.ledger.state import KeyState, OrganisationState
from govchain.model import TransactionBody
from govchain.model.votes import Prepare
from govchain.scenario import Rehearsal, Result, SimBackend, load_scenario, run_scenario
from govchain.scenario.observation import Observation
from govchain.sim import FixedLatency, SimCluster
from govchain.sim.door import Door
from govchain.sim.forms import SharedAdmission
from govchain.sim.protocols import PBFT
from govchain.sim.symbolic import SymbolicSuite
from tests.sim.test_sim_cluster import deposit, finish, network
from tests.support.scenario_texts import PROJECT

REAL = suite()
SYMBOLIC = SymbolicSuite(REAL)
SECRET = derive_secret(1, "validator/validator-1")


def test_keys_hashes_and_lengths_are_those_of_the_real_suite() -> None:
    real, symbolic = REAL.signer(SECRET), SYMBOLIC.signer(SECRET)
    assert (symbolic.public_key, symbolic.key_id) == (real.public_key, real.key_id)
    assert len(symbolic.sign(b"vote")) == len(real.sign(b"vote"))
    assert SYMBOLIC.digest(b"vote") == REAL.digest(b"vote") == SYMBOLIC.hasher()(b"vote")
    assert SYMBOLIC.name == REAL.name


def test_a_symbolic_signature_is_of_one_key_and_one_message() -> None:
    own, other = SYMBOLIC.signer(SECRET), SYMBOLIC.signer(derive_secret(1, "validator/validator-2"))
    signature = own.sign(b"vote")
    SYMBOLIC.verify(own.public_key, b"vote", signature)
    SYMBOLIC.verify(own.public_key, b"vote", REAL.signer(SECRET).sign(b"vote"))
    for key, message, forged in (
        (own.public_key, b"another vote", signature),
        (other.public_key, b"vote", signature),
        (own.public_key, b"vote", bytes(64)),
        (own.public_key, b"vote", REAL.signer(SECRET).sign(b"another vote")),
    ):
        assert own.sign(b"vote") == signature, "made anew, and so remembered until it is verified"
        with pytest.raises(BadSignature):
            SYMBOLIC.verify(key, message, forged)


def test_no_real_suite_takes_a_symbolic_signature() -> None:
    signer = SYMBOLIC.signer(SECRET)
    with pytest.raises(BadSignature):
        REAL.verify(signer.public_key, b"vote", signer.sign(b"vote"))


@pytest.mark.parametrize("name", ["symbolic", "symbolic-sha256", "govchain.symbolic/1"])
def test_no_genesis_can_ask_for_symbolic_signatures(name: str) -> None:
    with pytest.raises(ConfigError):
        suite(name)


def test_a_forged_message_is_refused_though_the_one_that_it_is_made_from_was_seen() -> None:
    genesis = network(4).genesis
    chain_id = chain_id_of(REAL, genesis)
    vote = Prepare(chain_id, 0, 1, 0, 1, bytes(32))
    signed = SignedMessage(
        encode(vote), SYMBOLIC.signer(network(4).secrets["validator/validator-1"]).sign(encode(vote))
    )
    door = Door(PBFT, SYMBOLIC, chain_id)
    assert door.verify(genesis.validators, signed) is door.verify(genesis.validators, signed)
    other = encode(msgspec.structs.replace(vote, digest=b"x" * 32))
    with pytest.raises(BadSignature):
        door.verify(genesis.validators, SignedMessage(other, signed.signature))
    with pytest.raises(BadSignature):
        door.verify(genesis.validators, SignedMessage(signed.body, bytes(64)))


def test_what_was_verified_under_one_epoch_is_not_taken_in_another() -> None:
    genesis = network(4).genesis
    chain_id = chain_id_of(REAL, genesis)
    body = encode(Prepare(chain_id, 0, 1, 0, 1, bytes(32)))
    signed = SignedMessage(body, SYMBOLIC.signer(network(4).secrets["validator/validator-1"]).sign(body))
    door = Door(PBFT, SYMBOLIC, chain_id)
    door.verify(genesis.validators, signed)
    with pytest.raises(ProtocolViolation):
        door.verify(msgspec.structs.replace(genesis.validators, epoch=1), signed)


class State:
    """An executed state in which one key may sign, and some nonces of it are used."""

    height = 0

    def __init__(self, head: bytes, used: set[int]) -> None:
        self.head_digest = head
        self.used = used
        self.asked = 0

    def key(self, key_id: bytes) -> KeyState:
        self.asked += 1
        return KeyState(b"", "org", "person", (), "ACTIVE", 0)

    def organisation(self, org: str) -> OrganisationState:
        return OrganisationState(org, org, (), (), 1, "consensus")

    def is_nonce_used(self, key_id: bytes, nonce: int) -> bool:
        return nonce in self.used


def test_RQ1_what_one_state_says_of_a_transaction_holds_for_equal_heads_alone() -> None:
    genesis, shared = network(4).genesis, SharedAdmission()
    first, equal, ahead = State(b"head", set()), State(b"head", {3}), State(b"next head", {3})
    checks = [shared.of(genesis, cast(Ledger, state)) for state in (first, equal, ahead)]
    body = TransactionBody(bytes(32), "kind", "org", bytes(32), 3, 10, b"{}")
    assert checks[0](body, False) is checks[1](body, False)
    assert (first.asked, equal.asked) == (1, 0)
    other = msgspec.structs.replace(body)
    for check, said in ((checks[2], body), (checks[2], body), (checks[1], other)):
        with pytest.raises(InvalidTransaction, match="nonce 3"):
            check(said, False)
    assert ahead.asked == 2, "what is refused is looked at again"
    assert equal.asked == 1, "another transaction is another question, however equal"


def run(suite: Suite | None, *, is_execution_shared: bool, is_traced: bool = True) -> SimCluster:
    made = network(4)
    cluster = SimCluster(
        made.genesis,
        {name.removeprefix("validator/"): secret for name, secret in made.secrets.items()},
        latency=FixedLatency(DurationNs(20_000_000)),
        suite=suite,
        is_execution_shared=is_execution_shared,
        is_traced=is_traced,
    )
    for number in range(3):
        cluster.submit(deposit(cluster, made, number), to=number)
        assert finish(cluster, number + 1)
    assert cluster.finish() == []
    return cluster


def test_symbolic_and_real_runs_have_one_digest() -> None:
    real, symbolic = run(None, is_execution_shared=False), run(SYMBOLIC, is_execution_shared=True)
    assert real.digest == symbolic.digest
    assert [node.ledger.state_root for node in real.running()] == [
        node.ledger.state_root for node in symbolic.running()
    ]
    untraced = run(SYMBOLIC, is_execution_shared=True, is_traced=False)
    assert untraced.digest == b""
    assert untraced.node(0).ledger.head_digest == real.node(0).ledger.head_digest


def test_a_certificate_of_a_symbolic_run_is_no_proof() -> None:
    cluster = run(SYMBOLIC, is_execution_shared=True)
    chain = cluster.node(0).chain
    block, certificate = chain.block(1), chain.certificate(1)
    assert block is not None
    assert certificate is not None
    verify_finality(SYMBOLIC, cluster.genesis.validators, certificate, block.header)
    with pytest.raises(BadProof):
        verify_finality(REAL, cluster.genesis.validators, certificate, block.header)


def test_a_ledger_that_took_blocks_over_goes_on_like_one_that_executed_them() -> None:
    cluster = run(SYMBOLIC, is_execution_shared=True)
    cluster.crash(3)
    cluster.restart(3)
    took_over, restarted = cluster.node(2).ledger, cluster.node(3).ledger
    assert took_over.head_digest == restarted.head_digest
    assert took_over.state_root == restarted.state_root
    assert took_over.transaction_count == restarted.transaction_count == 3
    assert took_over.history.root() == restarted.history.root()


class KeptReceipts:
    """Where a run leaves its receipt files: here."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}

    def write(self, rehearsal: Rehearsal, seen: Observation, result: Result) -> None:
        self.files = {step: data for step, (_, data) in seen.receipts.items()}
        self.files |= {f"{label} of {name}": data for label, name, data in seen.witnesses}


@pytest.mark.parametrize(
    ("name", "has_view_change"), [("020-evidence-in-court", False), ("112-disk-wiped", True)]
)
def test_what_leaves_a_symbolic_run_is_what_leaves_the_real_one(name: str, has_view_change: bool) -> None:
    loaded = load_scenario(PROJECT / "scenarios" / f"{name}.yaml")
    found = []
    for backend in (SimBackend(), SimBackend(is_symbolic=False)):
        kept = KeptReceipts()
        result = asyncio.run(run_scenario(loaded, backend, folder=kept))
        assert result.verdict == "pass"
        found.append((result, kept.files))
    (symbolic, receipts), (real, real_receipts) = found
    # View changes carry signatures, so the digest of messages about them tells the two runs apart.
    assert (symbolic.digest != real.digest) == has_view_change
    assert msgspec.structs.replace(symbolic, digest=real.digest) == real
    assert receipts
    assert receipts == real_receipts, "byte for byte"
