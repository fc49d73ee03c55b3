"""Signatures and hashes that cost time, whoever makes them and for whatever.

A suite around a suite. How long anything takes is in `Costs`, and who spends it is told by the machine.
"""

from __future__ import annotations

from collections.abc import Callable

from govchain.crypto import Signer, Suite
from govchain.model.ids import Digest, KeyId
from govchain.sim.cpu import Costs


class CostedSuite:
    """A suite whose operations cost time. Hashes inside trees are part of the cost of a record."""

    def __init__(self, suite: Suite, costs: Costs, spend: Callable[[int], None]) -> None:
        self._suite = suite
        self._costs = costs
        self._spend = spend
        self.name = suite.name
        self.public_key_bytes = suite.public_key_bytes

    def digest(self, data: bytes) -> Digest:
        """See `Suite.digest`."""
        self._spend(self._costs.hash_ns(len(data)))
        return self._suite.digest(data)

    def hasher(self) -> Callable[[bytes], bytes]:
        """See `Suite.hasher`."""
        return self._suite.hasher()

    def signer(self, secret: bytes) -> Signer:
        """See `Suite.signer`."""
        return self.costed(self._suite.signer(secret))

    def costed(self, signer: Signer) -> Signer:
        """A signer whose signatures cost time."""
        return _CostedSigner(signer, self._costs.sign_ns, self._spend)

    def verify(self, public_key: bytes, message: bytes, signature: bytes) -> None:
        """See `Suite.verify`."""
        self._spend(self._costs.verify_ns)
        self._suite.verify(public_key, message, signature)

    def key_id(self, public_key: bytes) -> KeyId:
        """See `Suite.key_id`."""
        return self._suite.key_id(public_key)


class _CostedSigner:
    def __init__(self, signer: Signer, cost_ns: int, spend: Callable[[int], None]) -> None:
        self._signer = signer
        self._cost_ns = cost_ns
        self._spend = spend

    @property
    def public_key(self) -> bytes:
        return self._signer.public_key

    @property
    def key_id(self) -> KeyId:
        return self._signer.key_id

    def sign(self, message: bytes) -> bytes:
        self._spend(self._cost_ns)
        return self._signer.sign(message)
