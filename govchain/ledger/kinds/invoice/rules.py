"""Rules of issuing invoices and of taking them back 电子发票 (records.md 1.3; rules T1 to T4, T8, T9).

Rules of the Chinese all-digital e-invoice hold for standard `CN`, those of credit notes for `EN16931`.
What a buyer does with an invoice is in `use`, the red-letter form is a kind of its own.
"""

from __future__ import annotations

from typing import Final

import msgspec

from govchain.ledger.amounts import format_cents, parse_cents
from govchain.ledger.identifiers import parse_date_ms, validate_invoice_number
from govchain.ledger.kinds.invoice.fields import InvoiceData, InvoiceIssue, LineData, invoice_object_id
from govchain.ledger.kinds.invoice.standing import AMOUNTS, INVOICE, change, left_of
from govchain.ledger.kinds.invoice.totals import validate_totals
from govchain.ledger.kinds.red_form.fields import RED_FORM, RedFormData
from govchain.ledger.kinds.taxpayer import t8_seller_may_invoice, use_credit
from govchain.ledger.rules.attempt import Attempt, Transition
from govchain.ledger.rules.common import g4_version_continues, require_room, require_time_order
from govchain.ledger.rules.rule import Text, deny
from govchain.ledger.state import RecordState

CN: Final = "CN"
EN16931: Final = "EN16931"
RECORDER: Final = "invoice-recorder"
CORRECTS_MAX: Final = 16


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
    if (fields.corrects or fields.form) and attempt.verb == "invoice.issue":
        raise deny("G1", "E_PAYLOAD", "fields.corrects: only a red invoice or credit note corrects another")


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
        for name in AMOUNTS:
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
    blues = _blues(attempt)
    if not blues:
        raise deny("T3", "E_STATE", "the blue invoice is not on the chain")
    if blues[0][0].state == "VOID":
        raise deny("T3", "E_STATE", "the blue invoice is void")


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


def t9_blue_is_not_locked(attempt: Attempt) -> None:
    """Rule T9: while tax inspection holds an invoice, nobody takes it back."""
    for blue, data in _blues(attempt):
        if data.hold == "LOCKED":
            raise deny("T9", "E_LOCKED", f"{blue.object_id} is locked by tax inspection")


def t4_peer_confirmed(attempt: Attempt) -> None:
    """Rule T4: after its buyer used or booked it, a Chinese invoice is not taken back by the seller alone."""
    for blue, data in _blues(attempt):
        if data.standard != CN:
            continue
        if data.use == "REBATE_SELECTED":
            raise deny("T4", "E_STATE", f"{blue.object_id} is selected for a rebate; roll that back first")
        is_used = data.voucher_no or data.use != "NONE"
        if is_used and not attempt.fields.form:
            what = "booked" if data.voucher_no else "used"
            raise deny(
                "T4", "E_PEER_CONFIRM", f"{blue.object_id} is {what}; the other side has to confirm first"
            )


def t4_form_fits(attempt: Attempt) -> None:
    """Rule T4: a red invoice takes back exactly what its confirmed form says."""
    fields: InvoiceIssue = attempt.fields
    if not fields.form:
        return
    form = attempt.access.record(RED_FORM, fields.form)
    if form is None or form.state != "CONFIRMED":
        found = "not on the chain" if form is None else form.state
        raise deny("T4", "E_PEER_CONFIRM", f"the red-letter form is {found}; it has to be CONFIRMED")
    data = form.data_as(RedFormData)
    if [blue.object_id for blue, _ in _blues(attempt)] != [data.blue]:
        raise deny("T4", "E_PEER_CONFIRM", "the red-letter form is about another invoice")
    if any(parse_cents(getattr(fields, name)) != parse_cents(getattr(data, name)) for name in AMOUNTS):
        raise deny("T4", "E_PEER_CONFIRM", f"the red-letter form says net {data.net}, tax {data.tax}")
    require_time_order(attempt, form)


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
    for name in AMOUNTS:
        left = sum(left_of(data, name) for _, data in blues)
        wanted = parse_cents(getattr(fields, name))
        if wanted > left:
            raise deny(
                "T3",
                "E_RED_EXCEEDS",
                f"{name} {format_cents(wanted)} exceeds the {format_cents(left)} left of the blue invoice",
            )


def t3_lines_within_blue(attempt: Attempt) -> None:
    """Rule T3: where the blue invoice has lines in full, each is taken back at most once over."""
    fields: InvoiceIssue = attempt.fields
    for blue, data in _blues(attempt):
        if fields.standard != CN or not data.lines:
            continue
        numbers = [line.blue_line for line in fields.lines]
        is_known = all(1 <= number <= len(data.lines) for number in numbers)
        if not numbers or not is_known or len(set(numbers)) != len(numbers):
            raise deny(
                "T3", "E_STATE", f"each line names another one of the {len(data.lines)} of {blue.object_id}"
            )
        for line in fields.lines:
            left = _left_of_line(data.lines[line.blue_line - 1])
            wanted = (parse_cents(line.net), parse_cents(line.tax))
            for found, most in zip(wanted, left, strict=True):
                # A discount is a line below zero and is taken back below zero.
                if not min(0, most) <= found <= max(0, most):
                    raise deny(
                        "T3",
                        "E_RED_EXCEEDS",
                        f"line {line.blue_line}: {format_cents(found)} exceeds the {format_cents(most)} left",
                    )


def _left_of_line(line: LineData) -> tuple[int, int]:
    return (
        parse_cents(line.net) - parse_cents(line.red_net),
        parse_cents(line.tax) - parse_cents(line.red_tax),
    )


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


def _issue(attempt: Attempt) -> None:
    fields: InvoiceIssue = attempt.fields
    is_red = attempt.verb == "invoice.red"
    # A red invoice's lines are counted in the blue one and never taken back themselves.
    lines = () if is_red else tuple(LineData(line.net, line.tax) for line in fields.lines)
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
        is_red=is_red,
        corrects=tuple(fields.corrects),
        lines=lines,
    )
    attempt.create("ISSUED", data)
    if not is_red:
        use_credit(attempt)


def _red(attempt: Attempt) -> None:
    _issue(attempt)
    fields: InvoiceIssue = attempt.fields
    wanted = {name: parse_cents(getattr(fields, name)) for name in AMOUNTS}
    for blue, data in _blues(attempt):
        taken = _take_lines(_take(data, wanted), fields)
        taken = msgspec.structs.replace(taken, red_by=(*data.red_by, attempt.envelope.object_id))
        change(attempt, blue, taken)
    if fields.form:
        form = attempt.access.record(RED_FORM, fields.form)
        assert form is not None
        data_of_form = msgspec.structs.replace(
            form.data_as(RedFormData), red_invoice=attempt.envelope.object_id
        )
        attempt.advance(form, "RED_ISSUED", data_of_form)


def _take(data: InvoiceData, wanted: dict[str, int]) -> InvoiceData:
    """Take from one blue invoice as much as is wanted and left, and leave the rest in `wanted`."""
    changes = {}
    for name in AMOUNTS:
        amount = max(0, min(wanted[name], left_of(data, name)))
        wanted[name] -= amount
        changes[f"red_{name}"] = format_cents(parse_cents(getattr(data, f"red_{name}")) + amount)
    return msgspec.structs.replace(data, **changes)


def _take_lines(data: InvoiceData, fields: InvoiceIssue) -> InvoiceData:
    if not data.lines:
        return data
    lines = list(data.lines)
    for line in fields.lines:
        known = lines[line.blue_line - 1]
        lines[line.blue_line - 1] = msgspec.structs.replace(
            known,
            red_net=format_cents(parse_cents(known.red_net) + parse_cents(line.net)),
            red_tax=format_cents(parse_cents(known.red_tax) + parse_cents(line.tax)),
        )
    return msgspec.structs.replace(data, lines=tuple(lines))


ISSUE: Final = Transition(
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
        t8_seller_may_invoice,
        g4_version_continues,
    ),
    apply=_issue,
)
RED: Final = Transition(
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
        t9_blue_is_not_locked,
        t4_peer_confirmed,
        t4_form_fits,
        t3_red_within_blue,
        t3_lines_within_blue,
        g4_version_continues,
    ),
    apply=_red,
)
