"""What records of real-estate units carry, and what the chain remembers of a unit.

Structs only; the rules beside them read these.
"""

from __future__ import annotations

from govchain.ledger.payloads import Part
from govchain.ledger.state import RecordData


class RealtyRegister(Part, frozen=True):
    """`realty.register`: a unit enters the register (→ REGISTERED). Object id: its 28-character code."""

    certificate: str
    """Draft of the title by which its owner holds it; it becomes VALID with the unit (rule N5)."""
    owners: list[str]
    """Each `organisation/pseudonym`, or an organisation."""
    encumbrance: str = ""
    """Licence of the mortgage on it; empty when there is none."""


class RealtyJoin(Part, frozen=True):
    """`realty.join`: another owner, found in an answer of another department."""

    owner: str
    exchange: str
    """Number of the confirmed exchange that showed it."""


class RealtyEncumber(Part, frozen=True):
    """`realty.encumber`: a mortgage, by the licence that certifies it."""

    encumbrance: str


class RealtyFreeze(Part, frozen=True):
    """`realty.freeze`, `realty.release`: a court freezes a unit, and lets it go again."""

    case_no: str


class RealtyTransfer(Part, frozen=True):
    """`realty.transfer`: owner, certificate and price change in one transaction (rules N1 to N5)."""

    contract: str
    """Contract about this unit, signed by every owner."""
    new_certificate: str
    """Draft of the next version of the certificate."""
    voucher: str
    """Decision of a tax authority about this unit, paid."""
    escrow: str
    """Payment that this unit releases."""
    new_owners: list[str]


class RealtyData(RecordData, frozen=True, tag="govchain.realty-data/1"):
    """What the rules of real estate need to remember."""

    certificate: str
    owners: tuple[str, ...]
    encumbrance: str = ""
    frozen_by: str = ""
    case_no: str = ""
    contract: str = ""
    """Contract by which it last changed hands."""
