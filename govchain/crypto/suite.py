"""A suite: the signature and the hash that one chain uses, under one name.

Nothing above `crypto` names an algorithm: genesis names a suite, `suite(name)` hands it out.
A new suite (SM2 + SM3, ML-DSA) is a new module that registers itself here and nothing else.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Final, Protocol

from nacl import bindings as sodium
from nacl.exceptions import CryptoError

from govchain.errors import BadSignature, ConfigError
from govchain.model.ids import Digest, KeyId

DEFAULT_SUITE: Final = "ed25519-sha256"


class Signer(Protocol):
    """A private key that signs and nothing else; never prints itself."""

    @property
    def public_key(self) -> bytes: ...

    @property
    def key_id(self) -> KeyId: ...

    def sign(self, message: bytes) -> bytes:
        """Deterministic signature: equal messages give equal bytes (rule RC-1 relies on it)."""
        ...


class Suite(Protocol):
    """Signature and hash of one chain."""

    name: str
    public_key_bytes: int

    def digest(self, data: bytes) -> Digest:
        """32-byte hash."""
        ...

    def hasher(self) -> Callable[[bytes], bytes]:
        """The bare hash function, for the hot loops of the trees."""
        ...

    def signer(self, secret: bytes) -> Signer:
        """Signer of a 32-byte secret. Raises ConfigError when the length is wrong."""
        ...

    def verify(self, public_key: bytes, message: bytes, signature: bytes) -> None:
        """Raises BadSignature unless `signature` is one of `message` under `public_key`."""
        ...

    def key_id(self, public_key: bytes) -> KeyId: ...


class _Ed25519Signer:
    __slots__ = ("_key_id", "_public_key", "_secret")

    def __init__(self, secret: bytes) -> None:
        if len(secret) != 32:
            raise ConfigError("a secret key has the wrong length", found=len(secret), expected="32 bytes")
        self._public_key, self._secret = sodium.crypto_sign_seed_keypair(secret)
        self._key_id = _ed25519_key_id(self._public_key)

    @property
    def public_key(self) -> bytes:
        return self._public_key

    @property
    def key_id(self) -> KeyId:
        return self._key_id

    def sign(self, message: bytes) -> bytes:
        return sodium.crypto_sign(message, self._secret)[:64]

    def __repr__(self) -> str:
        return f"<signer {self._key_id.hex()[:12]}>"


def _ed25519_key_id(public_key: bytes) -> KeyId:
    return KeyId(hashlib.sha256(b"govchain.key/1:ed25519:" + public_key).digest())


class _Ed25519Sha256:
    """Ed25519 (RFC 8032) with SHA-256 (FIPS 180-4).

    libsodium verifies: it refuses small-order keys and non-canonical encodings, and there is only single
    verification, so single and batch verdicts cannot differ (situation 8).
    """

    name = DEFAULT_SUITE
    public_key_bytes = 32

    def digest(self, data: bytes) -> Digest:
        return Digest(hashlib.sha256(data).digest())

    def hasher(self) -> Callable[[bytes], bytes]:
        sha256 = hashlib.sha256

        def digest(data: bytes) -> bytes:
            return sha256(data).digest()

        return digest

    def signer(self, secret: bytes) -> Signer:
        return _Ed25519Signer(secret)

    def verify(self, public_key: bytes, message: bytes, signature: bytes) -> None:
        if len(signature) != 64 or len(public_key) != 32:
            raise BadSignature(
                f"signature of {len(signature)} and key of {len(public_key)} bytes; expected 64 and 32"
            )
        try:
            sodium.crypto_sign_open(signature + message, public_key)
        except CryptoError as error:
            raise BadSignature("the signature does not match the message and key") from error

    def key_id(self, public_key: bytes) -> KeyId:
        return _ed25519_key_id(public_key)


_SUITES: Final[dict[str, Suite]] = {DEFAULT_SUITE: _Ed25519Sha256()}


def suite(name: str = DEFAULT_SUITE) -> Suite:
    """The suite of that name.

    Raises:
        ConfigError: No such suite in this build.
    """
    if name not in _SUITES:
        raise ConfigError("unknown cryptographic suite", found=name, expected=" or ".join(_SUITES))
    return _SUITES[name]
