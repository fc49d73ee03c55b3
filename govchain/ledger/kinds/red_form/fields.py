"""What red-letter forms carry, what the chain remembers of one, and where one stands at a time.

Structs and an answer over them; the rules beside them read these, and those of invoices.
"""

from __future__ import annotations

from typing import Final

from govchain.ledger.payloads import Part
from govchain.ledger.state import RecordData, RecordState

RED_FORM: Final = "red-form"
CONFIRM_WITHIN_MS: Final = 72 * 3_600_000
"""Source: published guidance on red invoices of the all-digital e-invoice."""
OPEN_STATES: Final = ("DRAFT", "WAIT_PEER", "CONFIRMED")


class RedFormOpen(Part, frozen=True):
    """`invoice.red_draft` (→ DRAFT), `invoice.red_request` (→ WAIT_PEER): seller or buyer asks to take back.

    Object id: number of the form. Amounts are positive.
    """

    blue: str
    """Object id of the blue invoice."""
    net: str
    tax: str
    gross: str
    reason: str
    """return, error, stopped or discount."""


class RedFormStep(Part, frozen=True):
    """`invoice.red_send`, `red_confirm`, `red_reject`, `red_withdraw`, `red_lapse`: the form's next step."""


class RedFormData(RecordData, frozen=True, tag="govchain.red-form-data/1"):
    """What the rules of red-letter forms need to remember."""

    blue: str
    seller_ref: str
    buyer_ref: str
    requester: str
    net: str
    tax: str
    gross: str
    reason: str
    red_invoice: str = ""
    """Object id of the red invoice that came of it."""


def confirm_until_ms(form: RecordState) -> int:
    """Last moment at which the other side may confirm (rule T4). Expects that the form was sent."""
    sent_ms = next(entry.claimed_time_ms for entry in form.timeline if entry.state == "WAIT_PEER")
    return sent_ms + CONFIRM_WITHIN_MS


def form_state_at(form: RecordState, time_ms: int) -> str:
    """State of a form at a time: one that waited too long is void by the clock, recorded or not (rule T4)."""
    if form.state == "WAIT_PEER" and time_ms > confirm_until_ms(form):
        return "AUTO_VOID"
    return form.state
