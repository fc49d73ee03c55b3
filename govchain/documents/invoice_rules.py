"""The rules of EN 16931-1 on sums, categories and identification: one function a rule, in the order they run.

Each raises `InvalidDocument` with the rule's id, the field, and what was found and expected. Sums are exact;
where the standard rounds, the tolerance is named here. Presence of fields is judged where they are read.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from decimal import ROUND_HALF_UP, Decimal, localcontext
from typing import Final

from govchain.documents.invoice import EXACT, ZERO, BusinessInvoice, Line, TaxKey
from govchain.documents.record import Remark
from govchain.errors import InvalidDocument

HALF_CENT: Final = Decimal("0.005")
"""What rounding to two decimals may move, ties in either direction (BR-CO-17).

A seller may round the tax of the row once or of each item in it, so a row may be off by half a cent for each
line, allowance and charge that it sums."""

ROW_TOLERANCE_MAX: Final = Decimal("0.99")
"""However many items a row has: less than the one currency unit that official validators let pass."""

LINE_TOLERANCE: Final = Decimal("0.02")
"""Slack of PEPPOL-EN16931-R120 on the net amount of a line."""

PEPPOL_BILLING: Final = "urn:fdc:peppol.eu:2017:poacc:billing:3"

_CENT: Final = Decimal("0.01")

CATEGORIES: Final = {
    "S": "S",
    "Z": "Z",
    "E": "E",
    "AE": "AE",
    "K": "IC",
    "G": "G",
    "O": "O",
    "L": "AF",
    "M": "AG",
    "B": "B",
}
"""VAT category code to the letters of its rules: K is judged by BR-IC-01 to BR-IC-10."""

UNTAXED: Final = frozenset(("Z", "E", "AE", "K", "G", "O"))
"""Categories whose rate and tax are zero."""
EXPLAINED: Final = frozenset(("E", "AE", "K", "G", "O"))
"""Categories that need an exemption reason; the others must not have one."""


def validate_invoice(invoice: BusinessInvoice) -> None:
    """Judge an invoice by every rule.

    Raises:
        InvalidDocument: The first rule that is broken, with its field.
    """
    with localcontext(EXACT):
        for rule in RULES:
            rule(invoice)


def find_remarks(invoice: BusinessInvoice) -> tuple[Remark, ...]:
    """Lines whose net amount is not quantity times price: legal in EN 16931, but worth a look."""
    with localcontext(EXACT):
        return tuple(
            Remark("PEPPOL-EN16931-R120", f"{line.path}/cbc:LineExtensionAmount", problem)
            for line in invoice.lines
            if (problem := _line_problem(line))
        )


def validate_br_27_price_not_negative(invoice: BusinessInvoice) -> None:
    """BR-27: a net price is not negative; what is taken back has a negative quantity."""
    for line in invoice.lines:
        if line.price < 0:
            field = f"{line.path}/cac:Price/cbc:PriceAmount"
            raise InvalidDocument("BR-27", field, f"found {line.price}; expected 0 or more")


def validate_br_co_26_seller_is_identified(invoice: BusinessInvoice) -> None:
    """BR-CO-26: the seller has an identifier, a legal registration or a VAT identifier."""
    seller = invoice.seller
    if not (seller.vat_id or seller.legal_id or seller.ids):
        field = _root(invoice) + "/cac:AccountingSupplierParty"
        raise InvalidDocument("BR-CO-26", field, "has no identifier")


def validate_br_co_10_lines(invoice: BusinessInvoice) -> None:
    """BR-CO-10: BT-106 is the sum of the lines' net amounts."""
    expected = sum((line.net for line in invoice.lines), ZERO)
    _compare("BR-CO-10", invoice, "LineExtensionAmount", invoice.totals.lines, expected)


def validate_br_co_11_allowances(invoice: BusinessInvoice) -> None:
    """BR-CO-11: BT-107 is the sum of the allowances on document level."""
    expected = sum((each.amount for each in invoice.allowance_charges if not each.is_charge), ZERO)
    _compare("BR-CO-11", invoice, "AllowanceTotalAmount", invoice.totals.allowances or ZERO, expected)


def validate_br_co_12_charges(invoice: BusinessInvoice) -> None:
    """BR-CO-12: BT-108 is the sum of the charges on document level."""
    expected = sum((each.amount for each in invoice.allowance_charges if each.is_charge), ZERO)
    _compare("BR-CO-12", invoice, "ChargeTotalAmount", invoice.totals.charges or ZERO, expected)


def validate_br_co_13_net(invoice: BusinessInvoice) -> None:
    """BR-CO-13: BT-109 = BT-106 - BT-107 + BT-108."""
    totals = invoice.totals
    expected = totals.lines - (totals.allowances or ZERO) + (totals.charges or ZERO)
    _compare("BR-CO-13", invoice, "TaxExclusiveAmount", totals.net, expected)


def validate_br_co_18_breakdown_exists(invoice: BusinessInvoice) -> None:
    """BR-CO-18: there is at least one row in the VAT breakdown."""
    if not invoice.rows:
        raise InvalidDocument("BR-CO-18", _root(invoice) + "/cac:TaxTotal/cac:TaxSubtotal", "is missing")


def validate_category_codes(invoice: BusinessInvoice) -> None:
    """BR-CL-17 and BR-CL-18: every VAT category code is one of EN 16931."""
    for rule, path, tax in _all_taxes(invoice):
        if tax.category not in CATEGORIES:
            expected = ", ".join(CATEGORIES)
            raise InvalidDocument(rule, path, f"found {tax.category!r}; expected one of {expected}")


def validate_category_rates(invoice: BusinessInvoice) -> None:
    """BR-S-05 to 07, BR-Z-05 to 07 and so on: the rate of each item fits its category."""
    for line in invoice.lines:
        _validate_rate(line.path + "/cac:Item/cac:ClassifiedTaxCategory", line.tax, "05")
    for each in invoice.allowance_charges:
        _validate_rate(each.path + "/cac:TaxCategory", each.tax, "07" if each.is_charge else "06")


def validate_categories_have_a_row(invoice: BusinessInvoice) -> None:
    """BR-S-01, BR-Z-01 and so on: each category and rate in use has exactly one row in the breakdown."""
    rows: set[tuple[str, Decimal]] = set()
    for row in invoice.rows:
        if (key := _match_key(row.tax)) in rows:
            raise InvalidDocument(_rule(row.tax, "01"), row.path, f"a second row for {_name(row.tax)}")
        rows.add(key)
    used = [(line.path, line.tax) for line in invoice.lines]
    used += [(each.path, each.tax) for each in invoice.allowance_charges]
    for path, tax in used:
        if _match_key(tax) not in rows:
            raise InvalidDocument(_rule(tax, "01"), path, f"{_name(tax)} has no row in the VAT breakdown")


def validate_category_bases(invoice: BusinessInvoice) -> None:
    """BR-S-08, BR-Z-08 and so on: BT-116 is the sum of the items of its category and rate."""
    sums = _sum_items(invoice)
    for row in invoice.rows:
        expected, _ = sums.get(_match_key(row.tax), (ZERO, 0))
        if row.base != expected:
            field = f"{row.path}/cbc:TaxableAmount"
            raise InvalidDocument(_rule(row.tax, "08"), field, _text(row.base, expected))


def validate_category_taxes(invoice: BusinessInvoice) -> None:
    """BR-CO-17 (BT-117 = BT-116 x rate / 100 in two decimals) and BR-Z-09 and so on (untaxed means zero)."""
    sums = _sum_items(invoice)
    for row in invoice.rows:
        field = f"{row.path}/cbc:TaxAmount"
        if row.tax.category in UNTAXED:
            if row.amount != 0:
                raise InvalidDocument(_rule(row.tax, "09"), field, _text(row.amount, ZERO))
            continue
        exact = row.base * (row.tax.rate or ZERO) / 100
        _, items = sums.get(_match_key(row.tax), (ZERO, 0))
        if abs(row.amount - exact) > min(HALF_CENT * max(1, items), ROW_TOLERANCE_MAX):
            expected = exact.quantize(_CENT, rounding=ROUND_HALF_UP)
            raise InvalidDocument("BR-CO-17", field, _text(row.amount, expected))


def validate_exemption_reasons(invoice: BusinessInvoice) -> None:
    """BR-E-10, BR-S-10 and so on: an exemption is explained, and only an exemption."""
    for row in invoice.rows:
        field = f"{row.path}/cac:TaxCategory/cbc:TaxExemptionReason"
        if row.tax.category in EXPLAINED and not row.has_exemption_reason:
            raise InvalidDocument(_rule(row.tax, "10"), field, "is missing")
        if row.tax.category in ("S", "Z", "L", "M") and row.has_exemption_reason:
            raise InvalidDocument(_rule(row.tax, "10"), field, f"{_name(row.tax)} is not exempt")


def validate_br_co_14_tax(invoice: BusinessInvoice) -> None:
    """BR-CO-14: BT-110 is the sum of the breakdown's taxes."""
    expected = sum((row.amount for row in invoice.rows), ZERO)
    if invoice.totals.tax != expected:
        raise InvalidDocument("BR-CO-14", invoice.totals.tax_path, _text(invoice.totals.tax, expected))


def validate_br_co_15_gross(invoice: BusinessInvoice) -> None:
    """BR-CO-15: BT-112 = BT-109 + BT-110, in the document's currency."""
    totals = invoice.totals
    _compare("BR-CO-15", invoice, "TaxInclusiveAmount", totals.gross, totals.net + totals.tax)


def validate_br_co_16_payable(invoice: BusinessInvoice) -> None:
    """BR-CO-16: BT-115 = BT-112 - BT-113 + BT-114."""
    totals = invoice.totals
    expected = totals.gross - totals.prepaid + totals.rounding
    _compare("BR-CO-16", invoice, "PayableAmount", totals.payable, expected)


def validate_peppol_r120_lines(invoice: BusinessInvoice) -> None:
    """PEPPOL-EN16931-R120, for documents that claim Peppol BIS Billing 3: a line is quantity x price.

    EN 16931 describes this sum but makes it no rule; for other documents it is a remark (`find_remarks`).
    """
    if PEPPOL_BILLING not in invoice.customization:
        return
    for line in invoice.lines:
        if problem := _line_problem(line):
            raise InvalidDocument("PEPPOL-EN16931-R120", f"{line.path}/cbc:LineExtensionAmount", problem)


RULES: Final[tuple[Callable[[BusinessInvoice], None], ...]] = (
    validate_br_co_26_seller_is_identified,
    validate_br_27_price_not_negative,
    validate_category_codes,
    validate_category_rates,
    validate_peppol_r120_lines,
    validate_br_co_10_lines,
    validate_br_co_11_allowances,
    validate_br_co_12_charges,
    validate_br_co_13_net,
    validate_br_co_18_breakdown_exists,
    validate_categories_have_a_row,
    validate_category_bases,
    validate_category_taxes,
    validate_exemption_reasons,
    validate_br_co_14_tax,
    validate_br_co_15_gross,
    validate_br_co_16_payable,
)
"""In the order in which they run: what a sum is made of comes before the sum."""


def _root(invoice: BusinessInvoice) -> str:
    return "/CreditNote" if invoice.is_credit_note else "/Invoice"


def _compare(rule: str, invoice: BusinessInvoice, name: str, found: Decimal, expected: Decimal) -> None:
    if found != expected:
        raise InvalidDocument(rule, f"{invoice.totals.path}/cbc:{name}", _text(found, expected))


def _text(found: Decimal, expected: Decimal) -> str:
    return f"found {found:f}, expected {expected.quantize(_CENT):f}"


def _rule(tax: TaxKey, number: str) -> str:
    return f"BR-{CATEGORIES[tax.category]}-{number}"


def _name(tax: TaxKey) -> str:
    return f"category {tax.category}" + ("" if tax.rate is None else f" at {tax.rate:f} %")


def _match_key(tax: TaxKey) -> tuple[str, Decimal]:
    # Decimal compares by value, so 21 and 21.00 meet; an absent rate counts as zero (category O).
    return tax.category, tax.rate or ZERO


def _sum_items(invoice: BusinessInvoice) -> dict[tuple[str, Decimal], tuple[Decimal, int]]:
    """For each category and rate in use: sum of its lines, allowances and charges, and how many they are."""
    items = [(line.tax, line.net) for line in invoice.lines]
    items += [
        (each.tax, each.amount if each.is_charge else -each.amount) for each in invoice.allowance_charges
    ]
    sums: dict[tuple[str, Decimal], tuple[Decimal, int]] = {}
    for tax, amount in items:
        key = _match_key(tax)
        total, count = sums.get(key, (ZERO, 0))
        sums[key] = (total + amount, count + 1)
    return sums


def _all_taxes(invoice: BusinessInvoice) -> Iterator[tuple[str, str, TaxKey]]:
    for line in invoice.lines:
        yield "BR-CL-18", f"{line.path}/cac:Item/cac:ClassifiedTaxCategory/cbc:ID", line.tax
    for each in invoice.allowance_charges:
        yield "BR-CL-17", f"{each.path}/cac:TaxCategory/cbc:ID", each.tax
    for row in invoice.rows:
        yield "BR-CL-17", f"{row.path}/cac:TaxCategory/cbc:ID", row.tax


def _validate_rate(path: str, tax: TaxKey, number: str) -> None:
    rule, field = _rule(tax, number), f"{path}/cbc:Percent"
    found = "none" if tax.rate is None else f"{tax.rate:f}"
    match tax.category:
        case "O" if tax.rate is not None:
            raise InvalidDocument(rule, field, f"found {found}; expected none")
        case "S" if tax.rate is None or tax.rate <= 0:
            raise InvalidDocument(rule, field, f"found {found}; expected more than 0")
        case "Z" | "E" | "AE" | "K" | "G" if tax.rate != 0:
            raise InvalidDocument(rule, field, f"found {found}; expected 0")
        case "L" | "M" if tax.rate is None or tax.rate < 0:
            raise InvalidDocument(rule, field, f"found {found}; expected 0 or more")
        case _:
            pass


def _line_problem(line: Line) -> str:
    if line.base_quantity <= 0:
        return f"base quantity {line.base_quantity:f}; expected more than 0"
    expected = line.quantity * line.price / line.base_quantity + line.charges - line.allowances
    if abs(line.net - expected) <= LINE_TOLERANCE:
        return ""
    return f"{_text(line.net, expected)} (quantity x price / base quantity + charges - allowances)"
