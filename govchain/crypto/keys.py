"""Secret keys: made, derived for rehearsals, kept in files.

A key file is JSON with a version, readable by its owner alone, and is never overwritten. With a passphrase
the secret is sealed (scrypt, ChaCha20-Poly1305) with the public fields bound to it, so none can be swapped.
No message, repr or error from here holds a secret or a passphrase.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import stat
from pathlib import Path
from typing import Any, Final

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

from govchain.codec import encode, from_readable, to_readable
from govchain.crypto.suite import Signer, suite
from govchain.errors import ConfigError, MalformedBytes

SECRET_BYTES: Final = 32
KEY_FILE_FORMAT: Final = "govchain.key-file/1"
KEY_FILE_BYTES_MAX: Final = 16_384
SCRYPT_COST: Final = 2**15
SCRYPT_COST_MAX: Final = 2**20
"""A file that asks for more would only exhaust memory (1 GB here)."""
_SCRYPT_BLOCK_SIZE: Final = 8


class _Seal(msgspec.Struct, frozen=True):
    scrypt_cost: int
    salt: bytes
    nonce: bytes
    ciphertext: bytes


class _KeyFile(msgspec.Struct, frozen=True):
    format: str
    suite: str
    public_key: bytes
    secret: bytes | None = None
    seal: _Seal | None = None


def new_secret() -> bytes:
    """A fresh secret key from the system's randomness."""
    return secrets.token_bytes(SECRET_BYTES)


def derive_secret(seed: int, label: str) -> bytes:
    """Secret key of a rehearsal: the same seed and label give the same key.

    For simulations and test networks only: whoever knows the seed knows every key.
    """
    kdf = HKDF(
        algorithm=hashes.SHA256(), length=SECRET_BYTES, salt=b"govchain.rehearsal-key/1", info=label.encode()
    )
    return kdf.derive(str(seed).encode())


def write_key_file(path: Path | str, suite_name: str, secret: bytes, passphrase: str | None = None) -> None:
    """Write a secret to a new file that only its owner can read (mode 0600).

    Raises:
        ConfigError: The file exists, the folder cannot be written, or the secret does not fit the suite.
    """
    target = Path(path)
    public_key = suite(suite_name).signer(secret).public_key
    content = _KeyFile(format=KEY_FILE_FORMAT, suite=suite_name, public_key=public_key)
    if passphrase is None:
        content = msgspec.structs.replace(content, secret=secret)
    else:
        content = msgspec.structs.replace(content, seal=_seal(content, secret, passphrase))
    plain = {name: value for name, value in to_readable(content).items() if value is not None}
    try:
        write_private(target, msgspec.json.format(msgspec.json.encode(plain), indent=2) + b"\n")
    except FileExistsError as error:
        raise ConfigError(
            "the key file exists and is never overwritten", path=str(target), hint="choose another path"
        ) from error
    except OSError as error:
        raise ConfigError(f"cannot write the key file: {error.strerror}", path=str(target)) from error


def read_key_file(path: Path | str, passphrase: str | None = None) -> Signer:
    """Signer of the secret in a key file.

    Raises:
        ConfigError: Not there, readable by others, malformed, of another version, or the wrong passphrase.
    """
    return _read(path, passphrase)[0]


def read_secret(path: Path | str, passphrase: str | None = None) -> bytes:
    """The secret in a key file, for whoever derives other keys from it; raises as `read_key_file` does."""
    return _read(path, passphrase)[1]


def _read(path: Path | str, passphrase: str | None) -> tuple[Signer, bytes]:
    where = str(path)
    content = _parse(read_private(Path(path), where), where)
    if content.seal is not None:
        if passphrase is None:
            raise ConfigError("the key file is sealed and no passphrase was given", path=where)
        secret = _unseal(content, content.seal, passphrase, where)
    else:
        assert content.secret is not None, "a parsed key file holds either a secret or a seal"
        secret = content.secret
    signer = suite(content.suite).signer(secret)
    if signer.public_key != content.public_key:
        raise ConfigError("the secret does not belong to the public key in the file", path=where)
    return signer, secret


def write_private(target: Path, data: bytes) -> None:
    """Write a new file that only its owner can read; raises OSError, FileExistsError among them."""
    # The file appears under its name complete or not at all: written aside, made durable, then linked.
    aside = target.with_name(f".{target.name}.{secrets.token_hex(8)}.new")
    descriptor = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.link(aside, target, follow_symlinks=False)
    finally:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(aside)
    folder = os.open(target.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def read_private(path: Path, where: str) -> bytes:
    """A small file that nobody but its owner can read.

    Raises:
        ConfigError: Not there, readable by others, or too large.
    """
    try:
        with path.open("rb") as file:
            mode = stat.S_IMODE(os.fstat(file.fileno()).st_mode)
            if mode & 0o077:
                raise ConfigError(
                    "others can read the key file",
                    path=where,
                    found=f"mode {mode:04o}",
                    expected="mode 0600 or stricter",
                )
            data = file.read(KEY_FILE_BYTES_MAX + 1)
    except OSError as error:
        raise ConfigError(f"cannot read the key file: {error.strerror}", path=where) from error
    if len(data) > KEY_FILE_BYTES_MAX:
        raise ConfigError("the file is too large for a key file", path=where)
    return data


def _parse(data: bytes, where: str) -> _KeyFile:
    try:
        plain: Any = msgspec.json.decode(data)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        # What stands there is not shown: it may be a secret in the wrong place.
        raise ConfigError(
            "the key file is not JSON",
            path=where,
            expected=f"a key file ({KEY_FILE_FORMAT}), as govchain testnet init makes them",
        ) from None
    found = plain.get("format") if isinstance(plain, dict) else None
    if found != KEY_FILE_FORMAT:
        # Only a short string is shown: what else stands there may be a secret in the wrong place.
        shown = found if isinstance(found, str) and found.startswith("govchain.") else "no known format"
        raise ConfigError(
            "not a key file of this version", path=where, found=shown[:40], expected=KEY_FILE_FORMAT
        )
    try:
        content = from_readable(plain, _KeyFile)
    except MalformedBytes:
        # The cause would quote the field, which may be the secret.
        raise ConfigError(
            "the key file is malformed", path=where, expected="suite, public_key, and secret or seal"
        ) from None
    if (content.secret is None) == (content.seal is None):
        raise ConfigError("the key file must hold either a secret or a seal", path=where)
    return content


def _seal(content: _KeyFile, secret: bytes, passphrase: str) -> _Seal:
    if not passphrase:
        raise ConfigError("the passphrase is empty", expected="one of at least one character, or none at all")
    salt, nonce = secrets.token_bytes(16), secrets.token_bytes(12)
    cipher = ChaCha20Poly1305(_stretch(passphrase, salt, SCRYPT_COST))
    ciphertext = cipher.encrypt(nonce, secret, _bound_fields(content))
    return _Seal(scrypt_cost=SCRYPT_COST, salt=salt, nonce=nonce, ciphertext=ciphertext)


def _unseal(content: _KeyFile, seal: _Seal, passphrase: str, where: str) -> bytes:
    cost = seal.scrypt_cost
    if not 2 <= cost <= SCRYPT_COST_MAX or cost & (cost - 1) or len(seal.nonce) != 12:
        raise ConfigError("the seal of the key file is malformed", path=where)
    try:
        cipher = ChaCha20Poly1305(_stretch(passphrase, seal.salt, cost))
        return cipher.decrypt(seal.nonce, seal.ciphertext, _bound_fields(content))
    except InvalidTag:
        raise ConfigError("wrong passphrase, or the key file was altered", path=where) from None


def _stretch(passphrase: str, salt: bytes, cost: int) -> bytes:
    return Scrypt(salt=salt, length=32, n=cost, r=_SCRYPT_BLOCK_SIZE, p=1).derive(passphrase.encode())


def _bound_fields(content: _KeyFile) -> bytes:
    return encode([content.format, content.suite, content.public_key])
