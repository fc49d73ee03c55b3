"""Symbolic signatures hold in the simulator and nowhere else; the door looks once and forgets nothing."""

from __future__ import annotations

import msgspec
import pytest

from govchain.codec import decode, encode
from govchain.consensus import SignedMessage
from govchain.crypto import chain_id_of, derive_secret, suite, verify_finality
from govchain.errors import BadProof, BadSignature, ConfigError
from govchain.model.votes import Prepare
from govchain.sim.door import Door
from govchain.sim.symbolic import SymbolicSuite
from tests.sim.test_sim_cluster import cluster_of, deposit, finish, network

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
    for key, message, forged in (
        (own.public_key, b"another vote", signature),
        (other.public_key, b"vote", signature),
        (own.public_key, b"vote", bytes(64)),
        (own.public_key, b"vote", REAL.signer(SECRET).sign(b"vote")),
    ):
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
