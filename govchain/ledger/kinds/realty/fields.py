"""What records of real-estate units carry, and what the chain remembers of a unit.

Structs only; the rules beside them read these.
"""

from __future__ import annotations

from govchain.ledger.payloads import Part
from govchain.ledger.state import RecordData


class RealtyRegister(Part, frozen=True):
    """`realty.register`: a unit enters the register (→ REGISTERED). Object id: its 28-character code."""

    certificate: str
    """Draft of the title by which an owner holds it; it becomes VALID with the unit (rule N5)."""
    owners: list[str]
    """Each `organisation/pseudonym`, or an organisation."""
    encumbrance: str = ""
    """Draft of the certificate of a mortgage on it, VALID with the unit, too; empty when there is none."""


class RealtyJoin(Part, frozen=True):
    """`realty.join`: the spouse of an owner owns the unit, too, as another department told."""

    owner: str
    exchange: str
    """Number of the confirmed exchange that told who it is."""
    answer: str
    """That answer as its provider signed it, in hex: one field, the pseudonym of the spouse (rule N1)."""


class RealtyEncumber(Part, frozen=True):
    """`realty.encumber`: a mortgage; its certificate becomes VALID with the entry (rule N5)."""

    encumbrance: str
    """Draft of that certificate."""


class RealtyReissue(Part, frozen=True):
    """`realty.reissue`: another title in place of a lost one that is VOIDED; nothing else changes."""

    new_certificate: str
    """Draft of the next version, for an owner."""
    reason: str


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
