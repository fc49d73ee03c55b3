"""An invoice or credit note as EN 16931-1 describes it, with decimals, whatever syntax it came in.

Values only: `ubl` reads them from XML, `invoice_rules` judges them, `invoice_record` makes records of them.
The BT and BG numbers are those of the standard's semantic model.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Context, Decimal
from typing import Final

ZERO: Final = Decimal(0)

EXACT: Final = Context(prec=80, rounding=ROUND_HALF_UP)
"""Wide enough that no sum or product of the numbers that `ubl` reads is ever rounded.

Whatever computes sets it first: a thread's own context may be narrower, and figures must not depend on it.
"""


@dataclass(frozen=True, slots=True)
class Identifier:
    """An identifier and the scheme that gave it; the scheme may be empty."""

    scheme: str
    value: str


@dataclass(frozen=True, slots=True)
class Party:
    """Seller (BG-4) or buyer (BG-7). What identifies it, and the country; no address is kept."""

    vat_id: str
    """BT-31 or BT-48; empty when absent."""
    legal_id: Identifier | None
    """BT-30 or BT-47: the legal registration."""
    ids: tuple[Identifier, ...]
    """BT-29 or BT-46."""
    endpoint: Identifier | None
    """BT-34 or BT-49: electronic address."""
    name: str
    """BT-27 or BT-44. Never leaves for the chain; at most a salted commitment does."""
    tax_id: str = ""
    """BT-32, the registration with the tax authority where that is no VAT identifier; empty when absent."""
    country: str = ""
    """BT-40 or BT-55."""


@dataclass(frozen=True, slots=True)
class TaxKey:
    """VAT category and rate: what lines, allowances, charges and breakdown rows are matched by."""

    category: str
    """UNCL 5305 code."""
    rate: Decimal | None
    """Percent; None when the document gives none."""


@dataclass(frozen=True, slots=True)
class AllowanceCharge:
    """Allowance (BG-20) or charge (BG-21) on document level."""

    path: str
    is_charge: bool
    amount: Decimal
    tax: TaxKey


@dataclass(frozen=True, slots=True)
class Line:
    """One line (BG-25)."""

    path: str
    net: Decimal
    """BT-131."""
    quantity: Decimal
    """BT-129."""
    price: Decimal
    """BT-146."""
    base_quantity: Decimal
    """BT-149; 1 when absent."""
    allowances: Decimal
    """Sum of BT-136."""
    charges: Decimal
    """Sum of BT-141."""
    tax: TaxKey
    name: str
    """BT-153."""
    unit: str
    """BT-130; empty when absent."""


@dataclass(frozen=True, slots=True)
class TaxRow:
    """One row of the VAT breakdown (BG-23)."""

    path: str
    tax: TaxKey
    base: Decimal
    """BT-116."""
    amount: Decimal
    """BT-117."""
    has_exemption_reason: bool
    """BT-120 or BT-121 is present."""


@dataclass(frozen=True, slots=True)
class Totals:
    """Document totals (BG-22) and the total VAT."""

    path: str
    lines: Decimal
    """BT-106."""
    allowances: Decimal | None
    """BT-107."""
    charges: Decimal | None
    """BT-108."""
    net: Decimal
    """BT-109."""
    tax: Decimal
    """BT-110, in the document's currency; 0 when there is no VAT."""
    tax_path: str
    gross: Decimal
    """BT-112."""
    prepaid: Decimal
    """BT-113; 0 when absent."""
    rounding: Decimal
    """BT-114; 0 when absent."""
    payable: Decimal
    """BT-115."""


@dataclass(frozen=True, slots=True)
class BusinessInvoice:
    """An invoice or credit note that has every field that its standard demands."""

    is_credit_note: bool
    customization: str
    """BT-24; empty when absent."""
    number: str
    """BT-1."""
    issue_date: str
    """BT-2, yyyy-mm-dd."""
    type_code: str
    """BT-3."""
    currency: str
    """BT-5."""
    tax_currency: str
    """BT-6; empty when absent."""
    tax_in_tax_currency: Decimal | None
    """BT-111."""
    corrects: tuple[str, ...]
    """BT-25: numbers of preceding invoices."""
    seller: Party
    buyer: Party
    allowance_charges: tuple[AllowanceCharge, ...]
    rows: tuple[TaxRow, ...]
    totals: Totals
    lines: tuple[Line, ...]
