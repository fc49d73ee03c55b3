"""ECDSA over P-256 with SHA-256 (FIPS 186-5), for credentials that travel beyond this chain.

No chain signs with it: a chain's suite is in `suite`. Wallets and other registries often know no Ed25519, so
holders' and issuers' keys of credentials may be of either kind. Signatures are deterministic (RFC 6979).
"""

from __future__ import annotations

from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from govchain.errors import BadSignature, ConfigError

COORDINATE_BYTES: Final = 32
POINT_BYTES: Final = 1 + 2 * COORDINATE_BYTES
"""Uncompressed: 04, x, y."""

_SIGN: Final = ec.ECDSA(SHA256(), deterministic_signing=True)
_VERIFY: Final = ec.ECDSA(SHA256())


class P256Signer:
    """A private P-256 key that signs and nothing else; never prints itself."""

    __slots__ = ("_key", "_public_key")

    def __init__(self, secret: bytes) -> None:
        if len(secret) != COORDINATE_BYTES:
            raise ConfigError("a secret key has the wrong length", found=len(secret), expected="32 bytes")
        try:
            self._key = ec.derive_private_key(int.from_bytes(secret, "big"), ec.SECP256R1())
        except ValueError as error:
            raise ConfigError("a secret key is not in the range of P-256") from error
        self._public_key = self._key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)

    @property
    def public_key(self) -> bytes:
        return self._public_key

    def sign(self, message: bytes) -> bytes:
        """Signature as r and s, 32 bytes each."""
        r, s = decode_dss_signature(self._key.sign(message, _SIGN))
        return r.to_bytes(COORDINATE_BYTES, "big") + s.to_bytes(COORDINATE_BYTES, "big")

    def __repr__(self) -> str:
        return f"<P-256 signer {self._public_key[1:7].hex()}>"


def verify_p256(public_key: bytes, message: bytes, signature: bytes) -> None:
    """Raises BadSignature unless `signature` is one of `message` under an uncompressed point."""
    if len(signature) != 2 * COORDINATE_BYTES or len(public_key) != POINT_BYTES:
        raise BadSignature(
            f"signature of {len(signature)} and key of {len(public_key)} bytes; expected 64 and 65"
        )
    r = int.from_bytes(signature[:COORDINATE_BYTES], "big")
    s = int.from_bytes(signature[COORDINATE_BYTES:], "big")
    try:
        key = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), public_key)
        key.verify(encode_dss_signature(r, s), message, _VERIFY)
    except (InvalidSignature, ValueError) as error:
        raise BadSignature("the signature does not match the message and key") from error
