"""Rules and life cycle of invoices 电子发票 (records.md 1.3; rules T1 to T7).

ISSUED → BOOKED; ISSUED → RED_PARTIAL → RED_FULL by red invoices, which are records of their own.
Rules of the Chinese all-digital e-invoice hold for standard `CN`, those of credit notes for `EN16931`.
"""

from __future__ import annotations

from typing import Final

import msgspec

from govchain.ledger.amounts import format_cents, parse_cents
from govchain.ledger.identifiers import parse_date_ms, validate_invoice_number
from govchain.ledger.kinds.invoice.fields import InvoiceBook, InvoiceData, InvoiceIssue, invoice_object_id
from govchain.ledger.kinds.invoice.totals import validate_totals
from govchain.ledger.rules.attempt import Attempt, Transition
from govchain.ledger.rules.common import (
    g3_object_exists,
    g3_state_allows,
    g4_version_continues,
    require_room,
    require_time_order,
)
from govchain.ledger.rules.rule import Text, deny
from govchain.ledger.state import RecordState

INVOICE: Final = "invoice"
CN: Final = "CN"
EN16931: Final = "EN16931"
RECORDER: Final = "invoice-recorder"
CORRECTS_MAX: Final = 16
VOUCHER_MAX: Final = 64

_AMOUNTS: Final = ("net", "tax", "gross")


def g1_invoice_is_well_formed(attempt: Attempt) -> None:
    """Rule G1: standard, date, currency and references are of their form."""
    fields: InvoiceIssue = attempt.fields
    if fields.standard not in (CN, EN16931):
        raise deny("G1", "E_PAYLOAD", f"fields.standard: expected {CN} or {EN16931}")
    try:
        parse_date_ms(fields.issue_date)
    except ValueError as error:
        raise deny("G1", "E_PAYLOAD", f"fields.issue_date: {error}") from error
    if not (len(fields.currency) == 3 and fields.currency.isascii() and fields.currency.isupper()):
        raise deny("G1", "E_PAYLOAD", "fields.currency: expected an ISO 4217 code")
    if "/" in fields.seller_ref:
        raise deny("G1", "E_PAYLOAD", "fields.seller_ref: expected no slash")
    if len(fields.corrects) > CORRECTS_MAX or len(set(fields.corrects)) != len(fields.corrects):
        raise deny("G1", "E_PAYLOAD", f"fields.corrects: expected at most {CORRECTS_MAX} different invoices")
    if fields.corrects and attempt.verb == "invoice.issue":
        raise deny("G1", "E_PAYLOAD", "fields.corrects: only a red invoice or credit note corrects another")


def g1_voucher_is_named(attempt: Attempt) -> None:
    """Rule G1: a booking names its voucher."""
    voucher_no = attempt.fields.voucher_no
    if not (1 <= len(voucher_no) <= VOUCHER_MAX and voucher_no.strip() == voucher_no):
        raise deny("G1", "E_PAYLOAD", f"fields.voucher_no: expected 1 to {VOUCHER_MAX} characters")


def i5_seller_records(attempt: Attempt) -> None:
    """Rule I5: the seller issues; an EN 16931 document may also be recorded by an `invoice-recorder`."""
    fields: InvoiceIssue = attempt.fields
    if fields.seller_ref == attempt.org.id:
        return
    if fields.standard == EN16931 and attempt.has_org_role(RECORDER):
        return
    wanted = "the seller" if fields.standard == CN else f"the seller or an organisation with role {RECORDER}"
    raise deny("I5", "E_ROLE", f"{attempt.verb} needs {wanted}")


def t1_number_is_right(attempt: Attempt) -> None:
    """Rule T1: a Chinese number has its 20 digits; the object id is made of the number."""
    fields: InvoiceIssue = attempt.fields
    if fields.standard == CN:
        expected = fields.number
        try:
            validate_invoice_number(fields.number, fields.issue_date)
        except ValueError as error:
            raise deny("T1", "E_CHECKSUM", str(error)) from error
    else:
        expected = invoice_object_id(fields.seller_ref, fields.number)
        if not fields.number or not fields.seller_ref:
            raise deny("T1", "E_CHECKSUM", "seller_ref and number must not be empty")
    if attempt.envelope.object_id != expected:
        raise deny("T1", "E_CHECKSUM", "object_id is not the number of the invoice")


def t1_number_is_new(attempt: Attempt) -> None:
    """Rule T1: an invoice number is used once."""
    if attempt.record is not None:
        raise deny("T1", "E_DUP_ID", "an invoice with this number is on the chain")


def t2_totals_are_exact(attempt: Attempt) -> None:
    """Rule T2: sums are exact to the cent, taxes within the tolerance, and what is taken back positive."""
    fields: InvoiceIssue = attempt.fields
    try:
        validate_totals(fields)
    except ValueError as error:
        raise deny("T2", "E_AMOUNT", str(error)) from error
    if fields.standard == CN or attempt.verb == "invoice.red":
        for name in _AMOUNTS:
            if parse_cents(getattr(fields, name)) < 0:
                raise deny("T2", "E_AMOUNT", f"{name} is negative; what is taken back is written positive")
        if parse_cents(fields.gross) == 0 and attempt.verb == "invoice.red":
            raise deny("T2", "E_AMOUNT", "a red invoice takes back more than nothing")


def t3_blue_is_known(attempt: Attempt) -> None:
    """Rule T3: a Chinese red invoice takes back exactly one blue invoice that is on the chain."""
    fields: InvoiceIssue = attempt.fields
    if fields.standard != CN:
        return
    if len(fields.corrects) != 1:
        raise deny("T3", "E_STATE", "a red invoice names exactly one blue invoice")
    if not _blues(attempt):
        raise deny("T3", "E_STATE", "the blue invoice is not on the chain")


def t3_no_red_of_red(attempt: Attempt) -> None:
    """Rule T3: a red invoice cannot be taken back by another red one."""
    for blue, data in _blues(attempt):
        if data.is_red:
            raise deny("T3", "E_RED_OF_RED", f"{blue.object_id} is itself a red invoice or credit note")


def t3_same_seller(attempt: Attempt) -> None:
    """Rule T3: only the seller takes back, from the same buyer and in the same currency."""
    fields: InvoiceIssue = attempt.fields
    for blue, data in _blues(attempt):
        if (data.seller_ref, data.buyer_ref) != (fields.seller_ref, fields.buyer_ref):
            raise deny("T3", "E_ROLE", f"{blue.object_id} has another seller or buyer")
        if (data.currency, data.standard) != (fields.currency, fields.standard):
            raise deny("T3", "E_AMOUNT", f"{blue.object_id} is in another currency or standard")


def t4_not_booked(attempt: Attempt) -> None:
    """Rule T4: after the buyer booked it, a Chinese invoice is not taken back by the seller alone."""
    for blue, data in _blues(attempt):
        if data.standard == CN and data.voucher_no:
            raise deny("T4", "E_PEER_CONFIRM", f"{blue.object_id} is booked; the buyer has to confirm first")


def t3_red_within_blue(attempt: Attempt) -> None:
    """Rule T3: in net, tax and gross, all red invoices together take back no more than the blue one.

    A credit note that also corrects documents outside the chain is bounded only in what it takes from those
    on the chain.
    """
    fields: InvoiceIssue = attempt.fields
    blues = _blues(attempt)
    for blue, _ in blues:
        require_time_order(attempt, blue)
        require_room(blue)
    if not blues or _has_external(attempt):
        return
    for name in _AMOUNTS:
        left = sum(_left(data, name) for _, data in blues)
        wanted = parse_cents(getattr(fields, name))
        if wanted > left:
            raise deny(
                "T3",
                "E_RED_EXCEEDS",
                f"{name} {format_cents(wanted)} exceeds the {format_cents(left)} left of the blue invoice",
            )


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
    """Rule T7: an invoice that was taken back in full cannot be booked."""
    if attempt.existing.state == "RED_FULL":
        raise deny("T7", "E_STATE", "the invoice was taken back in full")


def _data(attempt: Attempt) -> InvoiceData:
    assert isinstance(attempt.data, InvoiceData)
    return attempt.data


def _blues(attempt: Attempt) -> list[tuple[RecordState, InvoiceData]]:
    """The corrected invoices that are on the chain, in the order in which they are named."""
    fields: InvoiceIssue = attempt.fields
    found: dict[str, tuple[RecordState, InvoiceData]] = {}
    for reference in fields.corrects:
        # A bare number is one of the seller's own; only when there is none it may be a whole object id.
        own = reference if fields.standard == CN else invoice_object_id(fields.seller_ref, reference)
        record = attempt.access.record(INVOICE, own) or attempt.access.record(INVOICE, reference)
        if record is not None:
            found[record.object_id] = (record, record.data_as(InvoiceData))
    return list(found.values())


def _has_external(attempt: Attempt) -> bool:
    fields: InvoiceIssue = attempt.fields
    known = {name for blue, data in _blues(attempt) for name in (blue.object_id, data.number)}
    return any(reference not in known for reference in fields.corrects)


def _left(data: InvoiceData, name: str) -> int:
    return parse_cents(getattr(data, name)) - parse_cents(getattr(data, f"red_{name}"))


def _issue(attempt: Attempt) -> None:
    fields: InvoiceIssue = attempt.fields
    data = InvoiceData(
        standard=fields.standard,
        number=fields.number,
        issue_date=fields.issue_date,
        currency=fields.currency,
        seller_ref=fields.seller_ref,
        buyer_ref=fields.buyer_ref,
        net=fields.net,
        tax=fields.tax,
        gross=fields.gross,
        is_red=attempt.verb == "invoice.red",
        corrects=tuple(fields.corrects),
    )
    attempt.create("ISSUED", data)


def _red(attempt: Attempt) -> None:
    _issue(attempt)
    fields: InvoiceIssue = attempt.fields
    wanted = {name: parse_cents(getattr(fields, name)) for name in _AMOUNTS}
    for blue, data in _blues(attempt):
        taken = _take(data, wanted)
        is_empty = all(_left(taken, name) == 0 for name in _AMOUNTS)
        new_state = "RED_FULL" if is_empty else "RED_PARTIAL"
        if blue.state == "BOOKED":
            new_state = "BOOKED"
        taken = msgspec.structs.replace(taken, red_by=(*data.red_by, attempt.envelope.object_id))
        attempt.advance(blue, new_state, taken)


def _take(data: InvoiceData, wanted: dict[str, int]) -> InvoiceData:
    """Take from one blue invoice as much as is wanted and left, and leave the rest in `wanted`."""
    changes = {}
    for name in _AMOUNTS:
        amount = max(0, min(wanted[name], _left(data, name)))
        wanted[name] -= amount
        changes[f"red_{name}"] = format_cents(parse_cents(getattr(data, f"red_{name}")) + amount)
    return msgspec.structs.replace(data, **changes)


def _book(attempt: Attempt) -> None:
    fields: InvoiceBook = attempt.fields
    data = msgspec.structs.replace(_data(attempt), voucher_no=fields.voucher_no, booked_by=attempt.org.id)
    attempt.advance(attempt.existing, "BOOKED", data)


TRANSITIONS: Final = (
    Transition(
        verb="invoice.issue",
        fields=InvoiceIssue,
        sentence=Text(
            "{who} issues invoice {object} over {gross} {currency} to {buyer_ref}",
            "{who} 向 {buyer_ref} 开具发票 {object}，价税合计 {gross} {currency}",
        ),
        from_states=(),
        to_states=("ISSUED",),
        org_roles=(),
        key_roles=(),
        rules=(
            g1_invoice_is_well_formed,
            i5_seller_records,
            t1_number_is_right,
            t1_number_is_new,
            t2_totals_are_exact,
            g4_version_continues,
        ),
        apply=_issue,
    ),
    Transition(
        verb="invoice.red",
        fields=InvoiceIssue,
        sentence=Text(
            "{who} issues red invoice {object} that takes back {gross} {currency}",
            "{who} 开具红字发票 {object}，冲减 {gross} {currency}",
        ),
        from_states=(),
        to_states=("ISSUED",),
        org_roles=(),
        key_roles=(),
        rules=(
            g1_invoice_is_well_formed,
            i5_seller_records,
            t1_number_is_right,
            t1_number_is_new,
            t2_totals_are_exact,
            t3_blue_is_known,
            t3_no_red_of_red,
            t3_same_seller,
            t4_not_booked,
            t3_red_within_blue,
            g4_version_continues,
        ),
        apply=_red,
    ),
    Transition(
        verb="invoice.book",
        fields=InvoiceBook,
        sentence=Text(
            "{who} books invoice {object} under voucher {voucher_no}",
            "{who} 将发票 {object} 入账，凭证号 {voucher_no}",
        ),
        from_states=("ISSUED", "RED_PARTIAL"),
        to_states=("BOOKED",),
        org_roles=(),
        key_roles=(),
        rules=(
            g3_object_exists,
            g1_voucher_is_named,
            t6_booker_is_buyer,
            t6_booked_once,
            t7_not_fully_red,
            g3_state_allows,
            g4_version_continues,
        ),
        apply=_book,
    ),
)
