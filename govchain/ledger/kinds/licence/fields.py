"""What e-licence records carry, and what the chain remembers of a licence.

Structs only; the rules beside them read these.
"""

from __future__ import annotations

from govchain.ledger.payloads import Part
from govchain.ledger.state import RecordData


class LicenceEnter(Part, frozen=True):
    """`licence.enter`: the maker enters a licence (→ DRAFT). Object id: GB/T 36904 identifier."""

    name: str
    type_code: str
    holder_ref: str
    """USCC of the holding organisation; of a person a salted commitment, or `org:person` of the key by which
    the person authorises uses."""
    area_code: str
    issued_date: str
    effective_date: str
    expiring_date: str = ""
    """Last day of validity; empty means without end."""
    requires: list[str] = []
    """Licences that must be VALID when this one is issued (rule L10)."""
    face_commitment: str = ""
    """Root over the salted face data (照面)."""


class LicenceIssue(Part, frozen=True):
    """`licence.issue`: a checker approves the draft (DRAFT → VALID; the version before → SUPERSEDED)."""

    opinion: str = ""


class LicenceApply(Part, frozen=True):
    """`licence.apply`: the holder asks for a change of its licence; the issuing authority decides."""

    wants: str
    """renewal, change, reissue or cancellation."""
    reason: str = ""


class LicenceChange(Part, frozen=True):
    """A change of a licence that was issued, with the document that orders it."""

    reason: str
    basis_document: str
    """For a court that withdraws: its case number."""


class LicenceData(RecordData, frozen=True, tag="govchain.licence-data/1"):
    """What the rules of e-licences need to remember."""

    name: str
    type_code: str
    holder_ref: str
    area_code: str
    issued_date: str
    effective_date: str
    expiring_date: str
    """Last day of validity; empty means without end."""
    requires: tuple[str, ...]
    face_commitment: str
    entered_by: str
    """Pseudonym of the maker (rule G6)."""
    issued_by: str = ""
    """Pseudonym of the checker; empty for a draft."""
    superseded_by: str = ""
    reason: str = ""
    """Of the last change after it was issued."""
    basis_document: str = ""
