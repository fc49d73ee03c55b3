"""What invoice records carry, and what the chain remembers of an invoice.

Structs and the object id that follows from them; the rules beside them read these.
"""

from __future__ import annotations

import msgspec

from govchain.ledger.payloads import Part
from govchain.ledger.state import RecordData


class TaxSubtotal(Part, frozen=True):
    """One row of the tax breakdown. Amounts and rates are decimal strings."""

    category: str
    """UNCL 5305 code, for example S, Z, E, AE; `VAT` for Chinese invoices."""
    rate: str
    net: str
    tax: str


class InvoiceLine(Part, frozen=True):
    """One line in full. Amounts, rates, quantities and prices are decimal strings."""

    net: str
    tax: str
    rate: str
    quantity: str = ""
    """With `price`, or neither."""
    price: str = ""
    blue_line: int = 0
    """Of a red invoice: which line of the blue one it takes back, from 1."""


class InvoiceIssue(Part, frozen=True):
    """`invoice.issue` and `invoice.red`: an invoice's coded content (→ ISSUED).

    Object id: the 20-digit number of a Chinese e-invoice, or `seller_ref/number` for EN 16931 documents
    (`invoice_object_id`).
    A red invoice or credit note carries positive amounts that it takes back.
    """

    standard: str
    """`CN` (数电票) or `EN16931`."""
    number: str
    issue_date: str
    currency: str
    seller_ref: str
    buyer_ref: str
    net: str
    """Total without tax (EN 16931 BT-109)."""
    tax: str
    """Total tax (BT-110)."""
    gross: str
    """Total with tax (BT-112)."""
    breakdown: list[TaxSubtotal]
    line_nets: list[str] = []
    """Net amount of each line, in document order (BT-131)."""
    allowances: str = "0"
    """Sum of allowances on document level (BT-107)."""
    charges: str = "0"
    """Sum of charges on document level (BT-108)."""
    corrects: list[str] = []
    """Numbers or object ids of the invoices that a red invoice or credit note takes back."""
    lines: list[InvoiceLine] = []
    """Lines in full, instead of `line_nets`; then red invoices are bounded line by line (rule T3)."""
    form: str = ""
    """Confirmed red-letter form that a red invoice rests on; needed once the blue one was used (rule T4)."""


class InvoiceBook(Part, frozen=True):
    """`invoice.book`: the buyer books it for reimbursement or accounting, once (rule T6)."""

    voucher_no: str


class InvoiceConfirmUse(Part, frozen=True):
    """`invoice.confirm_use`: the buyer says, once, what it uses the invoice's tax for (rule T5)."""

    use: str
    """DEDUCTED, NON_DEDUCT or REBATE_SELECTED."""


class InvoiceRollBack(Part, frozen=True):
    """`invoice.roll_back_use`: the buyer takes back a use that is no deduction (rule T5)."""


class InvoiceTransferOut(Part, frozen=True):
    """`invoice.transfer_out`: the buyer transfers out input tax that it deducted and lost again (rule T7)."""

    amount: str


class InvoiceHold(Part, frozen=True):
    """`invoice.lock`, `invoice.release`, `invoice.void`: tax inspection holds it, or not (rule T9)."""

    reason: str


class LineData(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """One line in the state."""

    net: str
    tax: str
    red_net: str = "0.00"
    red_tax: str = "0.00"


class InvoiceData(RecordData, frozen=True, tag="govchain.invoice-data/2"):
    """What the rules of invoices need to remember. Amounts are decimal strings."""

    standard: str
    number: str
    issue_date: str
    currency: str
    seller_ref: str
    buyer_ref: str
    net: str
    tax: str
    gross: str
    is_red: bool
    """A red invoice or credit note."""
    corrects: tuple[str, ...]
    red_net: str = "0.00"
    """Taken back so far by red invoices (rule T3)."""
    red_tax: str = "0.00"
    red_gross: str = "0.00"
    red_by: tuple[str, ...] = ()
    """Object ids of the red invoices that took something back."""
    voucher_no: str = ""
    """Of the booking (rule T6)."""
    booked_by: str = ""
    use: str = "NONE"
    """NONE, DEDUCTED, NON_DEDUCT or REBATE_SELECTED (rule T5)."""
    hold: str = "NORMAL"
    """NORMAL, LOCKED or VOID (rule T9)."""
    transferred_out: str = "0.00"
    """Input tax that the buyer transferred out (rule T7)."""
    lines: tuple[LineData, ...] = ()


def invoice_object_id(seller_ref: str, number: str) -> str:
    """Object id of an EN 16931 document: `seller_ref/number`.

    Sellers put spaces into numbers and object ids have none, so white space is percent-encoded, and the
    percent sign with it: two numbers never share an id.
    """
    return f"{seller_ref}/{''.join(_code_sign(sign) for sign in number)}"


def _code_sign(sign: str) -> str:
    # Not `isprintable`: that grows with every version of Unicode, and a validator's verdict must not.
    if not (sign.isspace() or sign == "%" or ord(sign) < 0x20 or 0x7F <= ord(sign) < 0xA0):
        return sign
    return "".join(f"%{byte:02X}" for byte in sign.encode("utf-8", "surrogatepass"))
