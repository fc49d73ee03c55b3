"""What leaves a simulation is signed for real: certificates as the same keys would have signed them.

A simulation holds all its keys, and an Ed25519 signature follows from key and message. So the receipts of a
run with symbolic signatures are those of the same run with real ones, byte for byte. Nothing is signed that
was not signed symbolically.
"""

from __future__ import annotations

import msgspec

from govchain.codec import decode, encode
from govchain.ledger import Chain, Ledger
from govchain.ledger.ports import Reader
from govchain.model import Attestation, FinalityCertificate, Space, Vote
from govchain.sim.cluster import SimCluster
from govchain.sim.node import SimNode
from govchain.sim.symbolic import SymbolicSuite
from govchain.sim.vote_keys import VoteKeys


def chain_for_outsiders(cluster: SimCluster, node: SimNode) -> Chain:
    """What a validator holds of its chain, as it may be shown to somebody outside."""
    suite = cluster.suite
    if not isinstance(suite, SymbolicSuite):
        return node.chain
    disk = _RealCertificates(node.disk, suite, node.ledger, cluster.keys)
    return Chain(cluster.genesis, suite.real, disk, node.ledger)


class _RealCertificates:
    """A simulated validator's disk, with real signatures in its certificates."""

    def __init__(self, disk: Reader, suite: SymbolicSuite, ledger: Ledger, keys: VoteKeys) -> None:
        self._disk = disk
        self._suite = suite
        self._ledger = ledger
        self._keys = keys

    def get(self, space: Space, key: bytes) -> bytes | None:
        """See `Reader.get`."""
        data = self._disk.get(space, key)
        if data is None or space is not Space.CERTIFICATE:
            return data
        certificate = decode(data, FinalityCertificate)
        votes = tuple(self._sign(certificate, vote) for vote in certificate.votes)
        return encode(msgspec.structs.replace(certificate, votes=votes))

    def _sign(self, certificate: FinalityCertificate, vote: Vote) -> Vote:
        validators = self._ledger.validators_of(certificate.epoch)
        assert validators is not None, "a certificate is stored under the set of its epoch"
        key = validators.members[vote.validator].public_key
        attestation = encode(
            Attestation(
                chain_id=certificate.chain_id,
                epoch=certificate.epoch,
                height=certificate.height,
                header_digest=certificate.header_digest,
                validator=vote.validator,
            )
        )
        self._suite.verify(key, attestation, vote.signature)
        return Vote(vote.validator, self._suite.real.signer(self._keys.secret(key)).sign(attestation))
