"""Symbolic signatures: as long as real ones, far cheaper, and worth nothing outside the simulator.

A symbolic signature is a hash over a key's public half and the message, in a form that no real suite
accepts: what leaves the simulator is refused by everything else. Only `Signer.sign` makes one, so a simulated
traitor signs with the keys that it was given and with no others. Keys, hashes and lengths are those of the
suite that genesis names, so no genesis can ask for symbolic signatures, and the layers of which a real
validator, a client and a receipt are made cannot import this module (rules R1, R3).
"""

from __future__ import annotations

import hashlib
from typing import Final

from govchain.crypto import Signer, Suite
from govchain.errors import BadSignature
from govchain.model.ids import KeyId

SIGNATURE_BYTES: Final = 64
VERIFIED_MAX: Final = 4096
"""Real signatures that are remembered as good; when there are more, all are forgotten."""
MADE_MAX: Final = 4096
"""Symbolic signatures that are remembered until they are verified; when there are more, all are forgotten."""
_DOMAIN: Final = b"govchain.symbolic/1:"
# Ed25519 reads the second half as a number below 2^253; this one is not, so it is refused unseen (RFC 8032).
_MARK: Final = b"symbolic, not signed".ljust(32, b"\xff")


class SymbolicSuite:
    """A suite whose signatures hold inside one simulation.

    Args:
        real: The suite that genesis names; gives keys and hashes.

    Attributes:
        real: The same.
    """

    def __init__(self, real: Suite) -> None:
        self.name = real.name
        self.public_key_bytes = real.public_key_bytes
        self.digest = real.digest
        self.hasher = real.hasher
        self.key_id = real.key_id
        self.real = real
        self._verified: dict[tuple[bytes, bytes, bytes], None] = {}
        self._made: dict[bytes, tuple[bytes, bytes]] = {}
        """Symbolic signature to key and message, until it is verified for the first time."""

    def signer(self, secret: bytes) -> Signer:
        """Signer with the real key pair of a secret. Raises ConfigError when the length is wrong."""
        return _SymbolicSigner(self.real.signer(secret), self._made)

    def verify(self, public_key: bytes, message: bytes, signature: bytes) -> None:
        """Raises BadSignature unless the signer of this key made `signature` for `message`.

        Clients may sign with real keys all the same: what is not symbolic is verified as what it is, and once
        for all validators.
        """
        if not signature.endswith(_MARK):
            self._verify_real(public_key, message, signature)
        elif self._made.pop(signature, None) == (public_key, message):
            pass  # It is the hash of just these two.
        elif signature != _sign(public_key, message):
            raise BadSignature("the symbolic signature does not match the message and key")

    def _verify_real(self, public_key: bytes, message: bytes, signature: bytes) -> None:
        known = (public_key, message, signature)
        if known not in self._verified:
            self.real.verify(public_key, message, signature)
            if len(self._verified) >= VERIFIED_MAX:
                self._verified.clear()
            self._verified[known] = None


class _SymbolicSigner:
    __slots__ = ("_key_id", "_made", "_public_key")

    def __init__(self, real: Signer, made: dict[bytes, tuple[bytes, bytes]]) -> None:
        self._public_key = real.public_key
        self._key_id = real.key_id
        self._made = made

    @property
    def public_key(self) -> bytes:
        return self._public_key

    @property
    def key_id(self) -> KeyId:
        return self._key_id

    def sign(self, message: bytes) -> bytes:
        signature = _sign(self._public_key, message)
        if len(self._made) >= MADE_MAX:
            self._made.clear()
        self._made[signature] = (self._public_key, message)
        return signature

    def __repr__(self) -> str:
        return f"<symbolic signer {self._key_id.hex()[:12]}>"


def _sign(public_key: bytes, message: bytes) -> bytes:
    return hashlib.sha256(_DOMAIN + public_key + message).digest() + _MARK
