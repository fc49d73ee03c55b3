"""What records of authorised uses carry, and what the chain remembers of an authorisation.

Structs only; the rules beside them read these.
"""

from __future__ import annotations

import msgspec

from govchain.ledger.payloads import Hashes, Part
from govchain.ledger.state import RecordData, index_key


class LicenceAuthorise(Part, frozen=True):
    """`licence.authorise`: the holder lets one organisation use a licence (→ ACTIVE)."""

    licence: str
    audience: str
    """Organisation that may use it."""
    purpose: str
    """Code of the purpose; no other is served by it (rule L7)."""
    fields: list[str]
    """Names of face data that may be asked for (rule L8)."""
    expires: str
    """RFC 3339; no use at or after it."""
    max_uses: int


class LicenceUse(Part, frozen=True):
    """`licence.use`: the organisation uses the licence once (→ ACTIVE or USED_UP)."""

    purpose: str
    fields: list[str]
    copy_hash: Hashes | None = None
    """Of the purpose-stamped copy (加注件) that was taken; it serves this purpose for ever (rule L7)."""


class LicenceEndUse(Part, frozen=True):
    """`licence.end_use`: the holder takes the authorisation back (→ ENDED)."""

    reason: str = ""


class AuthorisationData(RecordData, frozen=True, tag="govchain.authorisation-data/1"):
    """What the rules of authorised uses need to remember."""

    licence: str
    holder_ref: str
    audience: str
    purpose: str
    fields: tuple[str, ...]
    expires_ms: int
    max_uses: int
    used: int = 0


class UseCount(
    msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True, tag="govchain.licence-uses/1"
):
    """How many entries a holder has."""

    count: int


class CopyPurpose(
    msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True, tag="govchain.copy-purpose/1"
):
    """What a purpose-stamped copy was made for (rule L7)."""

    audience: str
    purpose: str


def count_key(holder_ref: str) -> bytes:
    """State key of a holder's `UseCount`."""
    return index_key("authorisation-count", holder_ref)


def copy_key(sha256: str) -> bytes:
    """State key of a copy's `CopyPurpose`."""
    return index_key("authorisation-copy", sha256)
