"""What one secret of a department protects: rows at rest, names in indexes, answers on their way to it.

Every key follows from the secret by a label of its own (HKDF), so one file of 32 bytes is all there is to
keep and to back up. Nothing is read or written here, and no message or repr holds a key.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from nacl.exceptions import CryptoError
from nacl.public import PrivateKey, PublicKey, SealedBox

from govchain.codec import encode
from govchain.errors import BadProof, ConfigError, MalformedBytes, StorageFailure

KEY_BYTES: Final = 32
_NONCE_BYTES: Final = 12
_SALT: Final = b"govchain.vault/1"


class Vault:
    """Keys of one department's gateway.

    Args:
        secret: 32 bytes; whoever has them reads the database and every answer that was sent here.
    """

    __slots__ = ("_answers", "_cipher", "_derive_key", "_index_key")

    def __init__(self, secret: bytes) -> None:
        if len(secret) != KEY_BYTES:
            raise ConfigError("the secret of a vault", found=f"{len(secret)} bytes", expected="32 bytes")
        self._cipher = AESGCM(_subkey(secret, b"rows"))
        self._index_key = _subkey(secret, b"index")
        self._derive_key = _subkey(secret, b"derive")
        self._answers = PrivateKey(_subkey(secret, b"answers"))

    def __repr__(self) -> str:
        return "Vault(…)"

    @property
    def answer_key(self) -> bytes:
        """Public key (X25519) to which answers for this department are sealed."""
        return bytes(self._answers.public_key)

    def seal(self, plain: bytes, place: str) -> bytes:
        """Encrypt a row (AES-256-GCM), bound to its place: moved elsewhere it does not open."""
        nonce = secrets.token_bytes(_NONCE_BYTES)
        return nonce + self._cipher.encrypt(nonce, plain, place.encode())

    def open(self, sealed: bytes, place: str) -> bytes:
        """Decrypt a row.

        Raises:
            StorageFailure: It was changed or moved, or sealed under another secret.
        """
        try:
            return self._cipher.decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], place.encode())
        except (InvalidTag, ValueError) as error:
            raise StorageFailure(
                f"{place}: the row does not open; it was altered, or the secret is another one"
            ) from error

    def index(self, *parts: str) -> str:
        """Where something stands in a database, without its name (HMAC-SHA-256, hex)."""
        return hmac.new(self._index_key, encode(list(parts)), hashlib.sha256).hexdigest()

    def derive(self, *parts: str) -> bytes:
        """32 bytes that only this secret gives, always the same for the same parts."""
        return hmac.new(self._derive_key, encode(list(parts)), hashlib.sha256).digest()

    def open_answer(self, sealed: bytes) -> bytes:
        """Open what `seal_to` sealed to `answer_key`.

        Raises:
            BadProof: It was changed, or sealed to another key.
        """
        try:
            return SealedBox(self._answers).decrypt(sealed)
        except (CryptoError, ValueError) as error:
            raise BadProof("the answer does not open with this gateway's key", step="seal") from error


def seal_to(answer_key: bytes, plain: bytes) -> bytes:
    """Encrypt to the owner of a public key (X25519, XSalsa20-Poly1305 with a key of its own each time).

    Raises:
        MalformedBytes: That is no such key.
    """
    try:
        return SealedBox(PublicKey(answer_key)).encrypt(plain)
    except (CryptoError, ValueError, TypeError) as error:
        raise MalformedBytes("not a public key of 32 bytes") from error


def _subkey(secret: bytes, label: bytes) -> bytes:
    return HKDF(algorithm=hashes.SHA256(), length=KEY_BYTES, salt=_SALT, info=label).derive(secret)
