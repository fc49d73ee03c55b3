"""Names for people that tell nothing: pseudonyms by relying party, and salted commitments (rules I3, I4, G7).

Whoever keeps the mapping key or the salt knows the person; the chain holds only what comes out of here. Keys
and salts are made, kept and destroyed by their owner, off the chain; nothing is stored or read here.
"""

from __future__ import annotations

import hashlib
import hmac
from typing import Final

from govchain.codec import encode

KEY_BYTES_MIN: Final = 32
SALT_BYTES_MIN: Final = 16
"""128 bits: trying the identifiers of a whole city against a commitment is hopeless without the salt."""


def derive_pseudonym(mapping_key: bytes, relying_party: str, identifier: str) -> str:
    """The name of a person at one relying party: 64 hex digits (rule I4).

    Always the same at one party. Two parties that compare theirs learn nothing, not even that they have a
    person in common; with the key, whoever keeps it derives both again and so joins them.

    Args:
        mapping_key: Secret of the authority that maps people, as the public security authority.
        relying_party: Code of the organisation that will know the person by this name.
    """
    if len(mapping_key) < KEY_BYTES_MIN:
        raise ValueError(f"a mapping key has at least {KEY_BYTES_MIN} bytes")
    message = encode(("govchain.pseudonym/1", relying_party, identifier))
    return hmac.new(mapping_key, message, hashlib.sha256).hexdigest()


def commit_value(salt: bytes, value: str) -> str:
    """What the chain may hold of a personal value: 64 hex digits (rule G7).

    Once the salt is destroyed nobody can say any more of which value it is, and the chain stays as it was.
    """
    if len(salt) < SALT_BYTES_MIN:
        raise ValueError(f"a salt has at least {SALT_BYTES_MIN} bytes")
    return hmac.new(salt, encode(("govchain.commitment/1", value)), hashlib.sha256).hexdigest()


def opens_commitment(commitment: str, salt: bytes, value: str) -> bool:
    """Whether a commitment is of this value, for whoever was given the salt (rule G7)."""
    return hmac.compare_digest(commitment, commit_value(salt, value))
