"""Where an invoice stands: used, booked, taken back, held; and the one state that says most of it.

Answers over the data of an invoice, and the one way to change it. What is allowed is said in the rules.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import msgspec

from govchain.ledger.access import StateAccess
from govchain.ledger.amounts import parse_cents
from govchain.ledger.kinds.invoice.fields import InvoiceData
from govchain.ledger.rules.attempt import Attempt
from govchain.ledger.state import RecordState, index_key

INVOICE: Final = "invoice"
AMOUNTS: Final = ("net", "tax", "gross")


class TransferDue(
    msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True, tag="govchain.transfer-due/2"
):
    """Input tax that a buyer still has to transfer out, over all its invoices (rule T7)."""

    cents: str
    """A whole number; a sum over many invoices outgrows the integers of the codec."""


@dataclass(frozen=True, slots=True)
class Standing:
    """The four sides of an invoice's life."""

    use: str
    """NONE, DEDUCTED, NON_DEDUCT or REBATE_SELECTED."""
    book: str
    """NONE or BOOKED."""
    red: str
    """NONE, PARTIAL or FULL."""
    hold: str
    """NORMAL, LOCKED or VOID."""


def standing_of(data: InvoiceData) -> Standing:
    """The four sides of an invoice's life (rules T3, T5, T6, T9)."""
    taken = [left_of(data, name) != parse_cents(getattr(data, name)) for name in AMOUNTS]
    red = "NONE"
    if any(taken):
        red = "PARTIAL" if any(left_of(data, name) for name in AMOUNTS) else "FULL"
    return Standing(data.use, "BOOKED" if data.voucher_no else "NONE", red, data.hold)


def state_of(data: InvoiceData) -> str:
    """The one state that says most: held, taken back in full, booked, taken back in part, in this order."""
    standing = standing_of(data)
    if standing.hold != "NORMAL":
        return standing.hold
    if standing.red == "FULL":
        return "RED_FULL"
    if standing.book == "BOOKED":
        return "BOOKED"
    return "RED_PARTIAL" if standing.red == "PARTIAL" else "ISSUED"


def left_of(data: InvoiceData, name: str) -> int:
    """Cents of net, tax or gross that red invoices have not taken back."""
    return parse_cents(getattr(data, name)) - parse_cents(getattr(data, f"red_{name}"))


def transfer_due(data: InvoiceData) -> int:
    """Cents of input tax that the buyer deducted, lost again and has not transferred out (rule T7)."""
    if data.use != "DEDUCTED":
        return 0
    lost = parse_cents(data.tax if data.hold == "VOID" else data.red_tax)
    return lost - parse_cents(data.transferred_out)


def transfer_due_of(access: StateAccess, buyer: str) -> int:
    """The same over all invoices of a buyer."""
    found = access.value(_due_key(buyer), TransferDue)
    return 0 if found is None else int(found.cents)


def change(attempt: Attempt, record: RecordState, data: InvoiceData) -> None:
    """Give an invoice new data, the state that follows from it, and keep count of what its buyer owes."""
    more = transfer_due(data) - transfer_due(record.data_as(InvoiceData))
    if more:
        total = transfer_due_of(attempt.access, data.buyer_ref) + more
        attempt.put(_due_key(data.buyer_ref), TransferDue(str(total)) if total else None)
    attempt.advance(record, state_of(data), data)


def _due_key(buyer: str) -> bytes:
    return index_key("invoice-transfer-due", buyer)
