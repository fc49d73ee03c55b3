"""Rules of every record that brings a new key: what a key looks like, and that its holder has it (G1, I10).

Whether a key may come at all, and whether it was there before, is judged by the record's own kind.
"""

from __future__ import annotations

from govchain.crypto.possession import (
    Possession,
    SigningKeyPossession,
    VoteKeyPossession,
    verify_possession,
)
from govchain.errors import BadSignature
from govchain.ledger.rules.attempt import Attempt
from govchain.ledger.rules.rule import deny


def public_key_of(attempt: Attempt) -> bytes:
    """Rule G1: the public key is one of the suite, in lower-case hex."""
    text, length = attempt.fields.public_key, attempt.suite.public_key_bytes
    try:
        public_key = bytes.fromhex(text)
    except ValueError:
        public_key = b""
    if len(public_key) != length or public_key.hex() != text:
        raise deny("G1", "E_PAYLOAD", f"fields.public_key: expected {length} bytes in lower-case hex")
    return public_key


def i10_vote_key_is_proven(attempt: Attempt) -> None:
    """Rule I10: the holder of the new vote key signed for this chain and this validator."""
    said = VoteKeyPossession(attempt.chain_id, attempt.fields.validator, public_key_of(attempt))
    _require_proof(attempt, said, "this validator")


def i10_key_is_proven(attempt: Attempt) -> None:
    """Rule I10: the holder of the new key signed for this chain and the organisation that adds it."""
    said = SigningKeyPossession(attempt.chain_id, attempt.org.id, public_key_of(attempt))
    _require_proof(attempt, said, "this organisation")


def i10_first_key_is_proven(attempt: Attempt) -> None:
    """Rule I10: the first admin of a new organisation signed for this chain and that organisation."""
    said = SigningKeyPossession(attempt.chain_id, attempt.fields.org, public_key_of(attempt))
    _require_proof(attempt, said, "that organisation")


def _require_proof(attempt: Attempt, said: Possession, whom: str) -> None:
    """Rule I10: the signature is of the new key itself."""
    try:
        verify_possession(attempt.suite, said, attempt.fields.possession)
    except BadSignature:
        raise deny("I10", "E_SIG", f"fields.possession: not signed by the new key for {whom}") from None
