"""The sums that an invoice must keep, to the cent, and how far a tax may lie from its rate (rule T2).

Integers only, see `govchain.ledger.amounts`. Nothing here knows of the chain.
"""

from __future__ import annotations

import re
from typing import Final

import msgspec

from govchain.ledger.amounts import format_cents, parse_cents, round_half_up
from govchain.ledger.kinds.invoice.fields import InvoiceIssue, TaxSubtotal


class Tolerance(msgspec.Struct, frozen=True):
    """How far a stated tax may lie from net times rate."""

    line_cents: int
    document_cents: int
    source: str


TAX_TOLERANCE: Final = Tolerance(
    line_cents=6,
    document_cents=127,
    source="practice of Chinese e-invoice checks, unconfirmed: 0.06 a line, 1.27 a document",
)

BREAKDOWN_MAX: Final = 100
LINES_MAX: Final = 2_000

_RATE: Final = re.compile(r"(0|[1-9][0-9]{0,2})(\.[0-9]{1,4})?")
_RATE_SCALE: Final = 10_000


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
    rows = [_row_cents(row, number) for number, row in enumerate(invoice.breakdown)]
    row_net, row_tax = sum(row[0] for row in rows), sum(row[1] for row in rows)
    if row_net != net:
        raise ValueError(f"the breakdown's net amounts make {format_cents(row_net)}, not {invoice.net}")
    if row_tax != tax:
        raise ValueError(f"the breakdown's taxes make {format_cents(row_tax)}, not {invoice.tax}")
    if invoice.line_nets:
        lines = sum(_cents(text, f"line_nets[{number}]") for number, text in enumerate(invoice.line_nets))
        total = lines - _cents(invoice.allowances, "allowances") + _cents(invoice.charges, "charges")
        if total != net:
            raise ValueError(f"lines, allowances and charges make {format_cents(total)}, not {invoice.net}")
    _validate_taxes(rows, lines=len(invoice.line_nets))


def _validate_taxes(rows: list[tuple[int, int, int]], lines: int) -> None:
    # A row adds up the rounding of its lines; without lines told, it is judged as one line.
    allowed = min(TAX_TOLERANCE.line_cents * max(lines, 1), TAX_TOLERANCE.document_cents)
    for number, (net, tax, rate) in enumerate(rows):
        scale = 100 * _RATE_SCALE
        if abs(tax * scale - net * rate) > allowed * scale:
            expected = format_cents(round_half_up(net * rate, scale))
            raise ValueError(
                f"breakdown[{number}]: net and rate give a tax of about {expected}, not {format_cents(tax)}"
            )


def _row_cents(row: TaxSubtotal, number: int) -> tuple[int, int, int]:
    where = f"breakdown[{number}]"
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
