"""Signatures, hashes and key ids of the default suite, against published vectors and a second library."""

from __future__ import annotations

import hashlib

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from govchain.crypto import derive_secret, suite
from govchain.errors import BadSignature, ConfigError

SUITE = suite()
GROUP_ORDER = 2**252 + 27742317777372353535851937790883648493

RFC_8032 = [
    # Section 7.1, tests 1 to 3: secret, public key, message, signature.
    (
        "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
        "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
        "",
        "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e06522490155"
        "5fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b",
    ),
    (
        "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
        "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
        "72",
        "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
        "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00",
    ),
    (
        "c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
        "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
        "af82",
        "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac"
        "18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a",
    ),
]


@pytest.mark.parametrize(("secret", "public_key", "message", "signature"), RFC_8032)
def test_rfc_8032_vectors(secret: str, public_key: str, message: str, signature: str) -> None:
    signer = SUITE.signer(bytes.fromhex(secret))
    assert signer.public_key.hex() == public_key
    assert signer.sign(bytes.fromhex(message)).hex() == signature
    SUITE.verify(signer.public_key, bytes.fromhex(message), bytes.fromhex(signature))


@given(st.binary(min_size=32, max_size=32), st.binary(max_size=200))
def test_two_libraries_sign_alike(secret: bytes, message: bytes) -> None:
    signer, other = SUITE.signer(secret), Ed25519PrivateKey.from_private_bytes(secret)
    assert signer.public_key == other.public_key().public_bytes_raw()
    assert signer.sign(message) == other.sign(message)
    other.public_key().verify(signer.sign(message), message)


@given(st.binary(max_size=60), st.integers(0, 511))
def test_a_flipped_bit_never_verifies(message: bytes, bit: int) -> None:
    signer = SUITE.signer(derive_secret(1, "x"))
    signature = bytearray(signer.sign(message))
    signature[bit // 8] ^= 1 << bit % 8
    with pytest.raises(BadSignature):
        SUITE.verify(signer.public_key, message, bytes(signature))
    with pytest.raises(BadSignature):
        SUITE.verify(signer.public_key, message + b"x", signer.sign(message))


SMALL_ORDER_KEYS = [
    "0000000000000000000000000000000000000000000000000000000000000000",
    "0100000000000000000000000000000000000000000000000000000000000000",
    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
    "0100000000000000000000000000000000000000000000000000000000000080",
    "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
]


@pytest.mark.parametrize("public_key", SMALL_ORDER_KEYS)
def test_situation_8_small_order_keys_sign_nothing(public_key: str) -> None:
    # With R = A and S = 0 a library that ignores the order accepts this for many messages.
    forged = bytes.fromhex(public_key) + bytes(32)
    identity = bytes([1]) + bytes(63)
    for message in (b"", b"a", b"b", b"c", b"d", b"e", b"f", b"g"):
        for signature in (forged, identity):
            with pytest.raises(BadSignature):
                SUITE.verify(bytes.fromhex(public_key), message, signature)


def test_situation_8_a_second_spelling_of_s_is_refused() -> None:
    signer = SUITE.signer(derive_secret(1, "x"))
    signature = signer.sign(b"message")
    scalar = int.from_bytes(signature[32:], "little")
    for multiple in (1, 2, 8):
        other = scalar + multiple * GROUP_ORDER
        if other < 2**256:
            with pytest.raises(BadSignature):
                SUITE.verify(signer.public_key, b"message", signature[:32] + other.to_bytes(32, "little"))


@pytest.mark.parametrize(("key_bytes", "signature_bytes"), [(31, 64), (33, 64), (32, 63), (32, 65), (0, 0)])
def test_wrong_lengths_are_a_bad_signature(key_bytes: int, signature_bytes: int) -> None:
    with pytest.raises(BadSignature, match="expected 64 and 32"):
        SUITE.verify(bytes(key_bytes), b"m", bytes(signature_bytes))


def test_a_signer_never_shows_its_secret() -> None:
    secret = derive_secret(1, "x")
    signer = SUITE.signer(secret)
    assert secret.hex() not in f"{signer!r}{signer}"
    assert signer.key_id == SUITE.key_id(signer.public_key)
    with pytest.raises(ConfigError, match="wrong length") as caught:
        SUITE.signer(secret + b"!")
    assert secret.hex() not in str(caught.value)


def test_digest_and_hasher_agree() -> None:
    for data in (b"", b"abc", bytes(1000)):
        assert SUITE.digest(data) == SUITE.hasher()(data) == hashlib.sha256(data).digest()


def test_an_unknown_suite_is_a_configuration_error() -> None:
    with pytest.raises(ConfigError, match="rot13"):
        suite("rot13")
