"""Ids and signatures over canonical bytes, and the judgement of finality certificates (rule CP-1)."""

from __future__ import annotations

from dataclasses import dataclass

import msgspec
import pytest

from govchain.codec import encode
from govchain.crypto import (
    Signer,
    derive_secret,
    digest_of,
    sign_transaction,
    suite,
    transaction_id,
    verify_finality,
)
from govchain.errors import BadProof
from govchain.model import (
    Attestation,
    BlockHeader,
    FinalityCertificate,
    TransactionBody,
    Validator,
    ValidatorSet,
    Vote,
)

SUITE = suite()
CHAIN_ID = b"c" * 32
replace = msgspec.structs.replace


@dataclass(frozen=True, slots=True)
class Network:
    signers: tuple[Signer, ...]
    validators: ValidatorSet
    header: BlockHeader

    def certificate(self, voters: tuple[int, ...]) -> FinalityCertificate:
        digest = digest_of(SUITE, self.header)
        return FinalityCertificate(
            CHAIN_ID, 0, 5, digest, tuple(Vote(voter, self.sign(voter, digest)) for voter in voters)
        )

    def sign(self, voter: int, digest: bytes) -> bytes:
        return self.signers[voter].sign(encode(Attestation(CHAIN_ID, 0, 5, digest, voter)))


@pytest.fixture(scope="module")
def network() -> Network:
    signers = tuple(SUITE.signer(derive_secret(3, f"validator/{i}")) for i in range(4))
    members = tuple(Validator(f"validator-{i}", "org", signer.public_key) for i, signer in enumerate(signers))
    header = BlockHeader(CHAIN_ID, 0, 5, b"p", 1, 0, b"b", b"t", 0, b"r", b"s", b"h")
    return Network(signers, ValidatorSet(0, members), header)


def refuse(network: Network, certificate: FinalityCertificate, problem: str) -> None:
    with pytest.raises(BadProof, match=problem) as caught:
        verify_finality(SUITE, network.validators, certificate, network.header)
    assert caught.value.step == "certificate"


@pytest.mark.parametrize("voters", [(0, 1, 2), (0, 1, 3), (1, 2, 3), (0, 1, 2, 3)])
def test_CP_1_a_quorum_of_attestations_is_final(network: Network, voters: tuple[int, ...]) -> None:
    verify_finality(SUITE, network.validators, network.certificate(voters), network.header)


def test_CP_1_too_few_voters(network: Network) -> None:
    refuse(network, network.certificate((0, 1)), "2 votes; a quorum needs 3")
    refuse(network, network.certificate(()), "0 votes; a quorum needs 3")


def test_CP_1_voters_are_distinct_known_and_in_order(network: Network) -> None:
    votes = network.certificate((0, 1, 2)).votes
    whole = network.certificate((0, 1, 2))
    refuse(network, replace(whole, votes=(votes[0], votes[1], votes[1])), "rising order")
    refuse(network, replace(whole, votes=(votes[0], votes[2], votes[1])), "rising order")
    for stranger in (-1, 4, 2**62):
        outside = sorted([*votes[:2], Vote(stranger, votes[2].signature)], key=lambda vote: vote.validator)
        refuse(network, replace(whole, votes=tuple(outside)), "not a member")


def test_CP_1_one_bad_vote_spoils_the_certificate(network: Network) -> None:
    whole = network.certificate((0, 1, 2, 3))
    for position in range(4):
        votes = list(whole.votes)
        votes[position] = Vote(position, whole.votes[position - 1].signature)
        refuse(network, replace(whole, votes=tuple(votes)), f"vote of validator-{position}")


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"header_digest": b"x" * 32}, "another header"),
        ({"height": 6}, "another chain or height"),
        ({"chain_id": b"d" * 32}, "another chain or height"),
        ({"epoch": 1}, "epochs differ"),
    ],
)
def test_CP_1_a_certificate_is_for_one_header_only(
    network: Network, changes: dict[str, object], problem: str
) -> None:
    refuse(network, replace(network.certificate((0, 1, 2)), **changes), problem)


def test_RQ_4_the_id_covers_the_body_and_not_the_signature() -> None:
    signer = SUITE.signer(derive_secret(3, "person/p"))
    body = TransactionBody(CHAIN_ID, "k", "o", signer.key_id, 1, 2, b"{}")
    transaction = sign_transaction(signer, body)
    SUITE.verify(signer.public_key, transaction.body, transaction.signature)
    resigned = replace(transaction, signature=b"other")
    assert transaction_id(SUITE, transaction) == transaction_id(SUITE, resigned)
    for name in ("chain_id", "kind", "org", "nonce", "expiry_height", "payload"):
        changed = {"nonce": 9, "expiry_height": 9}.get(name, b"z" if name in ("chain_id", "payload") else "z")
        other = sign_transaction(signer, replace(body, **{name: changed}))
        assert transaction_id(SUITE, other) != transaction_id(SUITE, transaction)
