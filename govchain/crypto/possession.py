"""Who brings a new key shows that it holds the secret: the key signs for one chain and one holder (rule I10).

What is signed, and its verification. Nothing in it can be read as a vote or a transaction: tags differ.
"""

from __future__ import annotations

import msgspec

from govchain.codec import encode
from govchain.crypto.suite import Signer, Suite
from govchain.errors import BadSignature


class VoteKeyPossession(
    msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True, tag="govchain.possession/1"
):
    """What a new vote key signs."""

    chain_id: bytes
    validator: str
    public_key: bytes


class SigningKeyPossession(
    msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True, tag="govchain.key-possession/1"
):
    """What a new key of an organisation signs. Key id: follows from the public key, so it is covered."""

    chain_id: bytes
    org: str
    public_key: bytes


Possession = VoteKeyPossession | SigningKeyPossession


def prove_vote_key(signer: Signer, chain_id: bytes, validator: str) -> dict[str, str]:
    """Fields `public_key` and `possession` of a record that brings a vote key for this validator."""
    return _proof(signer, VoteKeyPossession(chain_id, validator, signer.public_key))


def prove_signing_key(signer: Signer, chain_id: bytes, org: str) -> dict[str, str]:
    """Fields `public_key` and `possession` of a record that brings a key of this organisation (USCC)."""
    return _proof(signer, SigningKeyPossession(chain_id, org, signer.public_key))


def verify_possession(suite: Suite, said: Possession, signature_hex: str) -> None:
    """Raises BadSignature unless the key that is named signed this (rule I10)."""
    try:
        signature = bytes.fromhex(signature_hex)
    except ValueError:
        signature = b""
    if signature.hex() != signature_hex:
        raise BadSignature("the proof of possession is not lower-case hex")
    suite.verify(said.public_key, encode(said), signature)


def _proof(signer: Signer, said: Possession) -> dict[str, str]:
    return {"public_key": signer.public_key.hex(), "possession": signer.sign(encode(said)).hex()}
