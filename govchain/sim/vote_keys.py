"""The vote keys of the simulated validators, and who holds which."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from govchain.crypto import Signer, Suite


class VoteKeys:
    """Keys by validator; each has one, and more while it changes them (rule MB-4).

    Args:
        names: Validators in index order.
        secrets: Maps of validator name to a secret; the first one that has a validator gives its first key.
    """

    def __init__(self, suite: Suite, names: Sequence[str], secrets: Sequence[Mapping[str, bytes]]) -> None:
        self._suite = suite
        self._signers: list[tuple[Signer, ...]] = [() for _ in names]
        self._holders: dict[bytes, int] = {}
        self._secrets: dict[bytes, bytes] = {}
        for index, name in enumerate(names):
            for known in secrets:
                if name in known:
                    self.add(index, known[name])

    def add(self, index: int, secret: bytes) -> None:
        """Give a validator another key."""
        signer = self._suite.signer(secret)
        self._signers[index] = (*self._signers[index], signer)
        self._holders[signer.public_key] = index
        self._secrets[signer.public_key] = secret

    def of(self, index: int) -> tuple[Signer, ...]:
        """The signers of a validator."""
        return self._signers[index]

    def holder(self, public_key: bytes) -> int:
        """The validator that holds a key."""
        return self._holders[public_key]

    def secret(self, public_key: bytes) -> bytes:
        """The secret of a key."""
        return self._secrets[public_key]
