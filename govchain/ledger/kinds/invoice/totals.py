"""The sums that an invoice must keep, to the cent, and how far a tax may lie from its rate (rule T2).

Integers only, see `govchain.ledger.amounts`. Nothing here knows of the chain.
"""

from __future__ import annotations

import re
from typing import Final

import msgspec

from govchain.ledger.amounts import format_cents, parse_cents, round_half_up
from govchain.ledger.kinds.invoice.fields import InvoiceIssue, InvoiceLine, TaxSubtotal


class Tolerance(msgspec.Struct, frozen=True):
    """How far a stated figure may lie from what others give, and where that comes from."""

    line_cents: int
    document_cents: int
    source: str


TAX_TOLERANCE: Final = Tolerance(
    line_cents=6,
    document_cents=127,
    source="practice of Chinese e-invoice checks, unconfirmed: 0.06 a line, 1.27 a document",
)

AMOUNT_TOLERANCE: Final = Tolerance(
    line_cents=6,
    document_cents=127,
    source="practice of Chinese e-invoice checks, unconfirmed: as for taxes",
)
"""How far a line's net amount may lie from quantity times price; sums of amounts are exact in any case."""

BREAKDOWN_MAX: Final = 100
LINES_MAX: Final = 2_000
LINES_FULL_MAX: Final = 200
"""Lines in full are part of the state of the invoice, so there are fewer of them."""

_RATE: Final = re.compile(r"(0|[1-9][0-9]{0,2})(\.[0-9]{1,4})?")
_DECIMAL: Final = re.compile(r"-?(0|[1-9][0-9]{0,14})(\.[0-9]{1,13})?")
_RATE_SCALE: Final = 10_000
_SCALE: Final = 100 * _RATE_SCALE
"""Parts of a cent in which a cent times a rate is a whole number."""


def parse_rate(text: str) -> int:
    """Ten-thousandths of a percent of a rate such as `13` or `5.5`. Raises ValueError."""
    if not _RATE.fullmatch(text):
        raise ValueError("expected a tax rate in percent with at most four decimals")
    whole, _, part = text.partition(".")
    return int(whole) * _RATE_SCALE + int(part.ljust(4, "0") or "0")


def validate_totals(invoice: InvoiceIssue) -> None:
    """Check every sum of an invoice to the cent, and its taxes within the tolerance. Raises ValueError."""
    net, tax, gross = _cents(invoice.net, "net"), _cents(invoice.tax, "tax"), _cents(invoice.gross, "gross")
    if net + tax != gross:
        raise ValueError(f"net {invoice.net} and tax {invoice.tax} do not make gross {invoice.gross}")
    if not 1 <= len(invoice.breakdown) <= BREAKDOWN_MAX or len(invoice.line_nets) > LINES_MAX:
        raise ValueError(f"expected 1 to {BREAKDOWN_MAX} rows of breakdown and at most {LINES_MAX} lines")
    rows = [_row_cents(row, f"breakdown[{number}]") for number, row in enumerate(invoice.breakdown)]
    row_net, row_tax = sum(row[0] for row in rows), sum(row[1] for row in rows)
    if row_net != net:
        raise ValueError(f"the breakdown's net amounts make {format_cents(row_net)}, not {invoice.net}")
    if row_tax != tax:
        raise ValueError(f"the breakdown's taxes make {format_cents(row_tax)}, not {invoice.tax}")
    if invoice.lines:
        _validate_lines(invoice)
    elif invoice.line_nets:
        lines = sum(_cents(text, f"line_nets[{number}]") for number, text in enumerate(invoice.line_nets))
        total = lines - _cents(invoice.allowances, "allowances") + _cents(invoice.charges, "charges")
        if total != net:
            raise ValueError(f"lines, allowances and charges make {format_cents(total)}, not {invoice.net}")
    _validate_taxes(rows, lines=len(invoice.lines) or len(invoice.line_nets))


def _validate_lines(invoice: InvoiceIssue) -> None:
    """Lines in full add up to the totals, and each follows from quantity, price and rate."""
    if invoice.line_nets or len(invoice.lines) > LINES_FULL_MAX:
        raise ValueError(f"expected at most {LINES_FULL_MAX} lines in full, and then no line_nets")
    totals = {"net": 0, "tax": 0}
    deviation = 0
    for number, line in enumerate(invoice.lines):
        net, tax, off = _judge_line(line, f"lines[{number}]")
        totals["net"] += net
        totals["tax"] += tax
        deviation += off
    totals["net"] += _cents(invoice.charges, "charges") - _cents(invoice.allowances, "allowances")
    for name, total in totals.items():
        if total != _cents(getattr(invoice, name), name):
            raise ValueError(
                f"the lines make a {name} of {format_cents(total)}, not {getattr(invoice, name)}"
            )
    if deviation > TAX_TOLERANCE.document_cents * _SCALE:
        raise ValueError("the taxes of all lines together lie too far from net and rate")


def _judge_line(line: InvoiceLine, where: str) -> tuple[int, int, int]:
    """Net, tax, and how far the tax lies from net times rate, in `_SCALE` parts of a cent."""
    net, tax, rate = _row_cents(TaxSubtotal("VAT", line.rate, line.net, line.tax), where)
    if (line.quantity == "") != (line.price == ""):
        raise ValueError(f"{where}: quantity and price come together")
    if line.quantity:
        product, scale = _product(line, where)
        if abs(product - net * scale) > AMOUNT_TOLERANCE.line_cents * scale:
            expected = format_cents(round_half_up(product, scale))
            raise ValueError(f"{where}: quantity and price give about {expected}, not {line.net}")
    off = abs(tax * _SCALE - net * rate)
    if off > TAX_TOLERANCE.line_cents * _SCALE:
        expected = format_cents(round_half_up(net * rate, _SCALE))
        raise ValueError(f"{where}: net and rate give a tax of about {expected}, not {line.tax}")
    return net, tax, off


def _product(line: InvoiceLine, where: str) -> tuple[int, int]:
    """Quantity times price in cents, as a whole number and its scale."""
    values, scale = [], 1
    for name in ("quantity", "price"):
        text = getattr(line, name)
        if not _DECIMAL.fullmatch(text):
            raise ValueError(f"{where}.{name}: expected a decimal with at most thirteen decimals")
        whole, _, part = text.partition(".")
        values.append(int(whole + part))
        scale *= 10 ** len(part)
    return values[0] * values[1] * 100, scale


def _validate_taxes(rows: list[tuple[int, int, int]], lines: int) -> None:
    # A row adds up the rounding of its lines; without lines told, it is judged as one line.
    allowed = min(TAX_TOLERANCE.line_cents * max(lines, 1), TAX_TOLERANCE.document_cents)
    for number, (net, tax, rate) in enumerate(rows):
        if abs(tax * _SCALE - net * rate) > allowed * _SCALE:
            expected = format_cents(round_half_up(net * rate, _SCALE))
            raise ValueError(
                f"breakdown[{number}]: net and rate give a tax of about {expected}, not {format_cents(tax)}"
            )


def _row_cents(row: TaxSubtotal, where: str) -> tuple[int, int, int]:
    try:
        # Category O (not subject to tax) has no rate in EN 16931.
        rate = 0 if row.rate == "" and row.category == "O" else parse_rate(row.rate)
    except ValueError as error:
        raise ValueError(f"{where}.rate: {error}") from error
    return _cents(row.net, f"{where}.net"), _cents(row.tax, f"{where}.tax"), rate


def _cents(text: str, where: str) -> int:
    try:
        return parse_cents(text)
    except ValueError as error:
        raise ValueError(f"{where}: {error}") from error
