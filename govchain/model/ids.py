"""Names for the numbers and strings that must not be mixed up.

Only type names and their limits may live here; anything that computes belongs in `codec` or `crypto`.
"""

from __future__ import annotations

from typing import Final, NewType

Digest = NewType("Digest", bytes)
"""A 32-byte hash under the chain's suite."""

ChainId = NewType("ChainId", bytes)
"""Digest of the canonical genesis: two chains never share one."""

TransactionId = NewType("TransactionId", bytes)
"""Digest of a transaction's signed body; the signature is left out because it may be malleable."""

KeyId = NewType("KeyId", bytes)
"""Digest of suite name and public key."""

OrgId = NewType("OrgId", str)
"""Unified social credit code (GB 32100-2015), 18 characters."""

PersonId = NewType("PersonId", str)
"""Pseudonym of a natural person inside one organisation; never a plain identifier (rule I3)."""

ValidatorIndex = NewType("ValidatorIndex", int)
"""Position of a validator in the set of its epoch, from 0."""

Epoch = NewType("Epoch", int)
"""Number of the validator set, from 0."""

View = NewType("View", int)
"""PBFT view, from 0; its primary is member `view mod n` (rule NC-1)."""

Seq = NewType("Seq", int)
"""Sequence number that consensus assigns, from 1."""

Height = NewType("Height", int)
"""Position of an executed block, from 1; height 0 is genesis. Equal to the block's seq."""

DIGEST_BYTES: Final = 32
ZERO_DIGEST: Final = Digest(bytes(DIGEST_BYTES))
