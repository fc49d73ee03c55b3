"""What records of accreditations carry, and what the chain remembers of one.

Structs only; the rules beside them read these.
"""

from __future__ import annotations

from typing import Final

import msgspec

from govchain.ledger.payloads import Part
from govchain.ledger.state import RecordData, index_key

ACCREDITATION: Final = "accreditation"


class AccreditationEnter(Part, frozen=True):
    """`accreditation.enter`: a maker of the one above enters it (→ ENTERED). Object id: its number."""

    issuer: str
    """Organisation that may issue."""
    type_code: str
    area: str
    """Area code, six digits; 000000 is the whole country."""
    from_date: str
    to_date: str = ""
    """Last day; empty means without end."""
    may_accredit: bool = False
    """Whether the issuer may accredit others within this (TAO)."""
    under: str = ""
    """Number of the accreditation by which the one above may grant; empty: it has the root's own grant."""


class AccreditationStep(Part, frozen=True):
    """`accreditation.check`, `accreditation.grant`: a second, then a third person agrees (→ ACTIVE)."""

    opinion: str = ""


class AccreditationRevoke(Part, frozen=True):
    """`accreditation.revoke`: the one who granted it, or one above, takes it back (→ REVOKED)."""

    reason: str
    basis_document: str


class AccreditationData(RecordData, frozen=True, tag="govchain.accreditation-data/1"):
    """What the rules of accreditations need to remember."""

    issuer: str
    type_code: str
    area: str
    from_date: str
    to_date: str
    may_accredit: bool
    under: str
    signers: tuple[str, ...]
    """Who entered, checked and granted (rule G6)."""


class AccreditationList(
    msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True, tag="govchain.accreditations/1"
):
    """Numbers of the accreditations that an organisation ever got for a type."""

    numbers: tuple[str, ...]


def list_key(type_code: str, issuer: str) -> bytes:
    """State key of an organisation's `AccreditationList` for a type."""
    return index_key("accreditation-of", type_code, issuer)
