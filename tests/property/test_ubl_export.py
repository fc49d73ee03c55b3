"""Export to UBL: what is written is read back as the same and breaks no rule, for any national invoice."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from govchain.documents import InvoiceTexts, read_invoice, to_business_invoice, write_invoice
from govchain.ledger.kinds.invoice.fields import InvoiceIssue, InvoiceLine, TaxSubtotal
from govchain.ledger.kinds.invoice.totals import validate_totals
from tests.support.en16931 import find_problems
from tests.support.ledger_world import ACME, BETA, invoice_number

CENT = Decimal("0.01")
RATES = st.sampled_from(["13", "13.0", "9", "6", "3", "1.5", "0"])
TEXTS = st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs", "Zl", "Zp")), max_size=40)
TEXT = TEXTS.filter(lambda text: bool(text.strip()) and not {"\ufffe", "\uffff"} & set(text))


@st.composite
def lines(draw: st.DrawFn) -> InvoiceLine:
    rate = draw(RATES)
    if draw(st.booleans()):
        net = Decimal(draw(st.integers(-50_000, 5_000_000))) / 100
        measure = {}
    else:
        quantity = draw(st.decimals("-900", "900", places=draw(st.integers(0, 3)))) or Decimal(1)
        price = draw(st.decimals("0.001", "5000", places=draw(st.integers(3, 13))))
        turn = draw(st.sampled_from([1, -1]))
        net = (quantity * price).quantize(CENT, rounding=ROUND_HALF_UP)
        measure = {"quantity": f"{quantity * turn:f}", "price": f"{price * turn:f}"}
    tax = (net * Decimal(rate) / 100).quantize(CENT, rounding=ROUND_HALF_UP)
    return InvoiceLine(net=f"{net + 0:.2f}", tax=f"{tax + 0:.2f}", rate=rate, **measure)


@st.composite
def invoices(draw: st.DrawFn) -> InvoiceIssue:
    """A national invoice whose sums hold; with lines in full, or with its breakdown alone.

    Without lines a rate has one row, rounded once: how often others were rounded is not told by a record.
    """
    has_lines = draw(st.booleans())
    unique = None if has_lines else lambda line: Decimal(line.rate)
    own = draw(st.lists(lines(), min_size=1, max_size=6, unique_by=unique))
    rates = dict.fromkeys(line.rate for line in own)
    rows = [TaxSubtotal("VAT", rate, total(own, "net", rate), total(own, "tax", rate)) for rate in rates]
    net, tax = total(own, "net"), total(own, "tax")
    fields = InvoiceIssue(
        standard="CN",
        number=invoice_number(draw(st.integers(1, 999))),
        issue_date="2026-11-02",
        currency="CNY",
        seller_ref=ACME,
        buyer_ref=draw(st.sampled_from([BETA, "salted:" + "a" * 64])),
        net=net,
        tax=tax,
        gross=f"{Decimal(net) + Decimal(tax):.2f}",
        breakdown=rows,
        lines=own if has_lines else [],
        corrects=draw(st.lists(st.integers(1, 9).map(invoice_number), max_size=1)),
    )
    validate_totals(fields)
    return fields


def total(own: list[InvoiceLine], name: str, rate: str = "") -> str:
    return f"{sum(Decimal(getattr(line, name)) for line in own if rate in ('', line.rate)) + 0:.2f}"


@settings(max_examples=100)
@given(invoices(), st.booleans(), st.data())
def test_T2_shows_what_was_exported_is_read_back_and_breaks_no_rule(
    fields: InvoiceIssue, is_credit_note: bool, data: st.DataObject
) -> None:
    texts = None
    if fields.lines and data.draw(st.booleans()):
        items = data.draw(st.lists(TEXT, min_size=len(fields.lines), max_size=len(fields.lines)))
        texts = InvoiceTexts(data.draw(TEXT), data.draw(TEXT), tuple(items))
    known: dict[str, Any] = {"is_credit_note": is_credit_note, "texts": texts}
    invoice = to_business_invoice(fields, **known)
    written = write_invoice(invoice)
    assert read_invoice(written) == invoice
    assert find_problems(written) == []
    assert write_invoice(read_invoice(written)) == written
