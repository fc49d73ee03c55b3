"""What a buyer does with an invoice, and tax inspection to it (records.md 1.3; rules T5 to T7, T9).

Deducted once or selected for a rebate, booked once, never while it is locked, void or taken back in full.
"""

from __future__ import annotations

from typing import Final

import msgspec

from govchain.ledger.amounts import format_cents, parse_cents
from govchain.ledger.kinds.invoice.fields import (
    InvoiceBook,
    InvoiceConfirmUse,
    InvoiceData,
    InvoiceHold,
    InvoiceRollBack,
    InvoiceTransferOut,
)
from govchain.ledger.kinds.invoice.standing import change, standing_of, transfer_due, transfer_due_of
from govchain.ledger.payloads import Part
from govchain.ledger.rules.attempt import Attempt, RuleFunction, Transition
from govchain.ledger.rules.common import (
    g3_state_allows,
)
from govchain.ledger.rules.rows import change_existing
from govchain.ledger.rules.rule import Text, deny

TAX_INSPECTION: Final = "tax-inspection"
USES: Final = ("DEDUCTED", "NON_DEDUCT", "REBATE_SELECTED")
VOUCHER_MAX: Final = 64

_FREE: Final = ("ISSUED", "RED_PARTIAL", "RED_FULL", "BOOKED")
"""States of an invoice that nobody holds."""


def g1_voucher_is_named(attempt: Attempt) -> None:
    """Rule G1: a booking names its voucher."""
    voucher_no = attempt.fields.voucher_no
    if not (1 <= len(voucher_no) <= VOUCHER_MAX and voucher_no.strip() == voucher_no):
        raise deny("G1", "E_PAYLOAD", f"fields.voucher_no: expected 1 to {VOUCHER_MAX} characters")


def g1_use_is_known(attempt: Attempt) -> None:
    """Rule G1: a use is one of three."""
    if attempt.fields.use not in USES:
        raise deny("G1", "E_PAYLOAD", f"fields.use: expected one of {', '.join(USES)}")


def t5_user_is_buyer(attempt: Attempt) -> None:
    """Rule T5: only the buyer confirms a use, takes it back or transfers out."""
    if _data(attempt).buyer_ref != attempt.org.id:
        raise deny("T5", "E_ROLE", "only the buyer of an invoice confirms its use")


def t5_used_once(attempt: Attempt) -> None:
    """Rule T5: an invoice is deducted once, and deduction and rebate exclude each other."""
    data = _data(attempt)
    if data.is_red:
        raise deny("T5", "E_STATE", "a red invoice is not used; the blue one's tax is transferred out")
    if data.use != "NONE":
        raise deny("T5", "E_DOUBLE_USE", f"used already: {data.use}")


def t5_use_can_be_taken_back(attempt: Attempt) -> None:
    """Rule T5: a deduction is not undone, its tax is transferred out; other uses are taken back."""
    use = _data(attempt).use
    if use in ("NONE", "DEDUCTED"):
        raise deny("T5", "E_STATE", f"the use is {use}; only a rebate or no deduction is taken back")


def t6_booker_is_buyer(attempt: Attempt) -> None:
    """Rule T6: only the buyer books an invoice."""
    if _data(attempt).buyer_ref != attempt.org.id:
        raise deny("T6", "E_ROLE", "only the buyer of an invoice books it")


def t6_booked_once(attempt: Attempt) -> None:
    """Rule T6: an invoice is booked once; the denial shows the earlier voucher."""
    voucher_no = _data(attempt).voucher_no
    if voucher_no:
        raise deny("T6", "E_DOUBLE_USE", f"booked already under voucher {voucher_no}")


def t7_not_fully_red(attempt: Attempt) -> None:
    """Rule T7: an invoice that was taken back in full cannot be used or booked."""
    if standing_of(_data(attempt)).red == "FULL":
        raise deny("T7", "E_STATE", "the invoice was taken back in full")


def t7_nothing_is_due(attempt: Attempt) -> None:
    """Rule T7: who still has to transfer out input tax deducts nothing more."""
    due = transfer_due_of(attempt.access, attempt.org.id)
    if attempt.fields.use == "DEDUCTED" and due:
        raise deny("T7", "E_STATE", f"input tax of {format_cents(due)} has to be transferred out first")


def t7_amount_is_due(attempt: Attempt) -> None:
    """Rule T7: what is transferred out is what was deducted and taken back since."""
    due = transfer_due(_data(attempt))
    try:
        amount = parse_cents(attempt.fields.amount)
    except ValueError as error:
        raise deny("T7", "E_AMOUNT", f"fields.amount: {error}") from error
    if amount != due or not due:
        raise deny("T7", "E_AMOUNT", f"{format_cents(due)} is due for this invoice")


def t9_not_locked(attempt: Attempt) -> None:
    """Rule T9: while tax inspection holds an invoice, nobody uses or books it."""
    if _data(attempt).hold == "LOCKED":
        raise deny("T9", "E_LOCKED", "the invoice is locked by tax inspection")


def _data(attempt: Attempt) -> InvoiceData:
    assert isinstance(attempt.data, InvoiceData)
    return attempt.data


def _change(attempt: Attempt, **changes: str) -> None:
    change(attempt, attempt.existing, msgspec.structs.replace(_data(attempt), **changes))


def _confirm_use(attempt: Attempt) -> None:
    _change(attempt, use=attempt.fields.use)


def _roll_back(attempt: Attempt) -> None:
    _change(attempt, use="NONE")


def _transfer_out(attempt: Attempt) -> None:
    fields: InvoiceTransferOut = attempt.fields
    total = parse_cents(_data(attempt).transferred_out) + parse_cents(fields.amount)
    _change(attempt, transferred_out=format_cents(total))


def _book(attempt: Attempt) -> None:
    fields: InvoiceBook = attempt.fields
    _change(attempt, voucher_no=fields.voucher_no, booked_by=attempt.org.id)


def _hold(attempt: Attempt) -> None:
    holds = {"invoice.lock": "LOCKED", "invoice.release": "NORMAL", "invoice.void": "VOID"}
    _change(attempt, hold=holds[attempt.verb])


def _row(
    verb: str,
    fields: type[Part],
    states: tuple[tuple[str, ...], tuple[str, ...]],
    sentence: Text,
    apply: RuleFunction,
    *rules: RuleFunction,
    role: str = "",
) -> Transition:
    asked = (*rules, g3_state_allows)
    org_roles = (role,) if role else ()
    return change_existing(
        f"invoice.{verb}", fields, states, sentence, rules=asked, apply=apply, org_roles=org_roles
    )


_USABLE: Final = ("ISSUED", "RED_PARTIAL", "BOOKED")

USES_OF_INVOICES: Final = (
    _row(
        "confirm_use",
        InvoiceConfirmUse,
        (_USABLE, _USABLE),
        Text("{who} confirms the use of invoice {object}: {use}", "{who} 对发票 {object} 作用途确认：{use}"),
        _confirm_use,
        g1_use_is_known,
        t5_user_is_buyer,
        t9_not_locked,
        t5_used_once,
        t7_not_fully_red,
        t7_nothing_is_due,
    ),
    _row(
        "roll_back_use",
        InvoiceRollBack,
        (_FREE, _FREE),
        Text("{who} takes back the use of invoice {object}", "{who} 撤回发票 {object} 的用途确认"),
        _roll_back,
        t5_user_is_buyer,
        t9_not_locked,
        t5_use_can_be_taken_back,
    ),
    _row(
        "transfer_out",
        InvoiceTransferOut,
        ((*_FREE, "LOCKED", "VOID"), (*_FREE, "LOCKED", "VOID")),
        Text(
            "{who} transfers out input tax of {amount} for invoice {object}",
            "{who} 就发票 {object} 转出进项税额 {amount}",
        ),
        _transfer_out,
        t5_user_is_buyer,
        t7_amount_is_due,
    ),
    _row(
        "book",
        InvoiceBook,
        (("ISSUED", "RED_PARTIAL"), ("BOOKED",)),
        Text(
            "{who} books invoice {object} under voucher {voucher_no}",
            "{who} 将发票 {object} 入账，凭证号 {voucher_no}",
        ),
        _book,
        g1_voucher_is_named,
        t6_booker_is_buyer,
        t9_not_locked,
        t6_booked_once,
        t7_not_fully_red,
    ),
    _row(
        "lock",
        InvoiceHold,
        (_FREE, ("LOCKED",)),
        Text("{who} locks invoice {object} ({reason})", "{who} 锁定发票 {object}（{reason}）"),
        _hold,
        role=TAX_INSPECTION,
    ),
    _row(
        "release",
        InvoiceHold,
        (("LOCKED",), _FREE),
        Text("{who} releases invoice {object} ({reason})", "{who} 解除对发票 {object} 的锁定（{reason}）"),
        _hold,
        role=TAX_INSPECTION,
    ),
    _row(
        "void",
        InvoiceHold,
        (("LOCKED",), ("VOID",)),
        Text("{who} voids invoice {object} ({reason})", "{who} 作废发票 {object}（{reason}）"),
        _hold,
        role=TAX_INSPECTION,
    ),
)
