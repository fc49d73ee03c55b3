"""Values that are signed or hashed: always over canonical bytes that begin with a domain tag."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

from govchain.codec import encode
from govchain.crypto.suite import Signer, Suite
from govchain.errors import BadProof, BadSignature
from govchain.model import (
    Attestation,
    BlockHeader,
    FinalityCertificate,
    Genesis,
    Transaction,
    TransactionBody,
    ValidatorSet,
)
from govchain.model.ids import ChainId, Digest, TransactionId


def digest_of(suite: Suite, value: Any) -> Digest:
    """Digest of a value's canonical bytes."""
    return suite.digest(encode(value))


def chain_id_of(suite: Suite, genesis: Genesis) -> ChainId:
    """The chain id is the digest of genesis: whoever trusts one trusts the other."""
    return ChainId(digest_of(suite, genesis))


def transaction_id(suite: Suite, transaction: Transaction) -> TransactionId:
    """Id over the signed body alone: another signature of the same body is the same transaction."""
    return TransactionId(suite.digest(transaction.body))


def sign_transaction(signer: Signer, body: TransactionBody) -> Transaction:
    """Sign a body under the key that it names."""
    assert body.key_id == signer.key_id, "the body names another key"
    data = encode(body)
    return Transaction(body=data, signature=signer.sign(data))


def verify_finality(
    suite: Suite, validators: ValidatorSet, certificate: FinalityCertificate, header: BlockHeader
) -> None:
    """Check a finality certificate against a header and the set of its epoch (rule CP-1).

    Every vote in it must verify: a certificate that carries a bad vote was not made by an honest node.

    Raises:
        BadProof: Another header, epoch or chain; too few, repeated or unknown voters; a bad signature.
    """
    step = "certificate"
    if certificate.header_digest != digest_of(suite, header):
        raise BadProof("the certificate is for another header", step=step)
    if (certificate.chain_id, certificate.height) != (header.chain_id, header.height):
        raise BadProof("the certificate is for another chain or height", step=step)
    if not certificate.epoch == header.epoch == validators.epoch:
        raise BadProof(
            f"epochs differ: certificate {certificate.epoch}, header {header.epoch}, "
            f"validator set {validators.epoch}",
            step=step,
        )
    voters = [vote.validator for vote in certificate.votes]
    if any(earlier >= later for earlier, later in pairwise(voters)):
        raise BadProof("voters are repeated or not in rising order", step=step)
    if voters and (voters[0] < 0 or voters[-1] >= validators.size):
        raise BadProof("a voter is not a member of the validator set", step=step)
    if len(voters) < validators.quorum_size:
        raise BadProof(f"{len(voters)} votes; a quorum needs {validators.quorum_size}", step=step)
    for vote in certificate.votes:
        attestation = Attestation(
            chain_id=certificate.chain_id,
            epoch=certificate.epoch,
            height=certificate.height,
            header_digest=certificate.header_digest,
            validator=vote.validator,
        )
        member = validators.members[vote.validator]
        try:
            suite.verify(member.public_key, encode(attestation), vote.signature)
        except BadSignature as error:
            raise BadProof(f"vote of {member.name}: {error}", step=step) from error
