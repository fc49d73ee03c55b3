"""A national invoice as EN 16931 puts it, and its UBL 2.1: an Invoice, or a CreditNote for a red-letter one.

What it says comes from a record or from the national document; nothing is looked up. `ubl` reads it back, and
`invoice_rules` has judged it before it is written.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from govchain.documents.invoice import ZERO, BusinessInvoice, Identifier, Line, Party, TaxKey, TaxRow, Totals
from govchain.documents.invoice_rules import validate_invoice
from govchain.documents.ubl import NAMESPACES, ROOT_NAMESPACES
from govchain.errors import InvalidDocument
from govchain.ledger.identifiers import is_credit_code
from govchain.ledger.kinds.invoice.fields import InvoiceIssue, InvoiceLine

CUSTOMIZATION: Final = "urn:cen.eu:en16931:2017"
COUNTRY: Final = "CN"
INVOICE_CODE: Final = "380"
CREDIT_NOTE_CODE: Final = "381"
UNIT_ONE: Final = "C62"
"""UN/ECE recommendation 20, "one": national units are words, and not read."""
TAX_SCHEME: Final = "TAX"
"""Of BT-32, the taxpayer number of a firm; everything but `VAT` would do."""
TERMS: Final = "as agreed between the parties 按双方约定"
"""BT-20. A national invoice names neither terms nor due date, and BR-CO-25 asks for one of them."""

_NOT_XML: Final = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


@dataclass(frozen=True, slots=True)
class InvoiceTexts:
    """What a national document says in words and a record does not."""

    seller: str = ""
    buyer: str = ""
    items: tuple[str, ...] = ()
    """One for each line."""


def to_business_invoice(
    fields: InvoiceIssue, *, is_credit_note: bool, texts: InvoiceTexts | None = None
) -> BusinessInvoice:
    """A national invoice in the terms of EN 16931, judged by all its rules.

    Names that are not given are the references of the record; the text of a line is then its place in the
    invoice. A rate of zero is category Z: whether it means exempt or zero-rated is not told by a record.

    Raises:
        InvalidDocument: It is no national invoice, or breaks a rule of EN 16931; rule and field are named.
    """
    if fields.standard != "CN":
        raise InvalidDocument(
            "BT-24", "standard", f"{fields.standard} documents are UBL already; keep the file"
        )
    if fields.allowances.strip("0.") or fields.charges.strip("0."):
        # EN 16931 wants the VAT category of each, and a record has their sums only.
        raise InvalidDocument(
            "BR-32", "allowances", "allowances and charges without rates cannot be exported"
        )
    known = texts or InvoiceTexts()
    kind = "CreditNote" if is_credit_note else "Invoice"
    net, tax, gross = (Decimal(text) for text in (fields.net, fields.tax, fields.gross))
    rows = _rows(fields, kind)
    invoice = BusinessInvoice(
        is_credit_note=is_credit_note,
        customization=CUSTOMIZATION,
        number=fields.number,
        issue_date=fields.issue_date,
        type_code=CREDIT_NOTE_CODE if is_credit_note else INVOICE_CODE,
        currency=fields.currency,
        tax_currency="",
        tax_in_tax_currency=None,
        corrects=tuple(fields.corrects),
        seller=_party(fields.seller_ref, known.seller, is_seller=True),
        buyer=_party(fields.buyer_ref, known.buyer, is_seller=False),
        allowance_charges=(),
        rows=rows,
        totals=Totals(
            path=f"/{kind}/cac:LegalMonetaryTotal",
            lines=net,
            allowances=None,
            charges=None,
            net=net,
            tax=tax,
            tax_path=f"/{kind}/cac:TaxTotal/cbc:TaxAmount",
            gross=gross,
            prepaid=ZERO,
            rounding=ZERO,
            payable=gross,
        ),
        lines=_lines(fields, rows, known.items, kind),
    )
    validate_invoice(invoice)
    return invoice


def write_invoice(invoice: BusinessInvoice) -> bytes:
    """The UBL of an invoice that `to_business_invoice` made; `read_invoice` reads the same from it.

    Raises:
        InvalidDocument: A text holds a character that XML cannot hold.
    """
    assert not invoice.allowance_charges, "a national invoice has no allowance with a rate"
    kind = "CreditNote" if invoice.is_credit_note else "Invoice"
    prefixes = {f"xmlns:{prefix}": namespace for prefix, namespace in NAMESPACES.items()}
    root = Element(kind, {"xmlns": ROOT_NAMESPACES[kind], **prefixes})
    _put(root, "cbc:CustomizationID", invoice.customization)
    _put(root, "cbc:ID", invoice.number)
    _put(root, "cbc:IssueDate", invoice.issue_date)
    _put(root, f"cbc:{kind}TypeCode", invoice.type_code)
    _put(root, "cbc:DocumentCurrencyCode", invoice.currency)
    for number in invoice.corrects:
        _put(root, "cac:BillingReference/cac:InvoiceDocumentReference/cbc:ID", number)
    _put_party(root, "cac:AccountingSupplierParty", invoice.seller)
    _put_party(root, "cac:AccountingCustomerParty", invoice.buyer)
    _put(root, "cac:PaymentTerms/cbc:Note", TERMS)
    _put_taxes(root, invoice)
    _put_totals(root, invoice)
    for place, line in enumerate(invoice.lines, 1):
        _put_line(root, kind, place, line, invoice.currency)
    indent(root)
    return bytes(tostring(root, encoding="utf-8", xml_declaration=True))


def _party(reference: str, name: str, *, is_seller: bool) -> Party:
    """A firm by its credit code, which is its taxpayer number too; whoever has none is named and no more."""
    code = reference if is_credit_code(reference) else ""
    return Party(
        vat_id="",
        legal_id=Identifier("", code) if code else None,
        ids=(),
        endpoint=None,
        name=" ".join(name.split()) or reference,
        # EN 16931 has a tax registration of the seller only.
        tax_id=code if is_seller else "",
        country=COUNTRY,
    )


def _rows(fields: InvoiceIssue, kind: str) -> tuple[TaxRow, ...]:
    """One row for each rate; a record may split one rate over several."""
    sums: dict[TaxKey, tuple[Decimal, Decimal]] = {}
    for row in fields.breakdown:
        net, tax = sums.get(_tax(row.rate), (ZERO, ZERO))
        sums[_tax(row.rate)] = (net + Decimal(row.net), tax + Decimal(row.tax))
    places = _places(f"/{kind}/cac:TaxTotal/cac:TaxSubtotal", len(sums))
    return tuple(
        TaxRow(path=path, tax=key, base=net, amount=tax, has_exemption_reason=False)
        for path, (key, (net, tax)) in zip(places, sums.items(), strict=True)
    )


def _tax(rate: str) -> TaxKey:
    if not rate:
        # Not subject to tax; EN 16931 then asks for the reason, which no record has (BR-O-10).
        return TaxKey("O", None)
    percent = Decimal(rate)
    return TaxKey("S" if percent else "Z", percent)


def _lines(
    fields: InvoiceIssue, rows: tuple[TaxRow, ...], names: Sequence[str], kind: str
) -> tuple[Line, ...]:
    """The lines of a record, or one for each rate where it has none."""
    paths = _places(f"/{kind}/cac:{kind}Line", len(fields.lines) or len(rows))
    words = list(names) or [f"{fields.number} #{place}" for place in range(1, len(paths) + 1)]
    if len(words) != len(paths):
        raise InvalidDocument("BR-25", "items", f"{len(words)} texts for {len(paths)} lines")
    if not fields.lines:
        items = [(row.base, Decimal(1), row.base, row.tax) for row in rows]
    else:
        items = [(Decimal(line.net), *_measure(line), _tax(line.rate)) for line in fields.lines]
    return tuple(
        Line(
            path=path,
            net=net,
            quantity=-quantity if price < 0 else quantity,
            price=abs(price),
            base_quantity=Decimal(1),
            allowances=ZERO,
            charges=ZERO,
            tax=tax,
            name=" ".join(text.split()),
            unit=UNIT_ONE,
        )
        for path, text, (net, quantity, price, tax) in zip(paths, words, items, strict=True)
    )


def _measure(line: InvoiceLine) -> tuple[Decimal, Decimal]:
    """Quantity and price; a line without them is one of its net amount."""
    return (Decimal(line.quantity), Decimal(line.price)) if line.price else (Decimal(1), Decimal(line.net))


def _places(path: str, count: int) -> list[str]:
    """Paths as `ubl` names repeated elements."""
    return [path] if count == 1 else [f"{path}[{number}]" for number in range(1, count + 1)]


def _put(parent: Element, path: str, text: str) -> Element:
    """A new element with its parents, for example `cac:Item/cbc:Name`."""
    if _NOT_XML.search(text):
        raise InvalidDocument("XML-FORM", path, "a character that XML cannot hold")
    for name in path.split("/"):
        parent = SubElement(parent, name)
    parent.text = text
    return parent


def _put_amount(parent: Element, path: str, value: Decimal, currency: str) -> None:
    _put(parent, path, f"{value:.2f}").set("currencyID", currency)


def _put_party(root: Element, path: str, party: Party) -> None:
    node = SubElement(SubElement(root, path), "cac:Party")
    _put(node, "cac:PostalAddress/cac:Country/cbc:IdentificationCode", party.country)
    if party.tax_id:
        scheme = SubElement(node, "cac:PartyTaxScheme")
        _put(scheme, "cbc:CompanyID", party.tax_id)
        _put(scheme, "cac:TaxScheme/cbc:ID", TAX_SCHEME)
    legal = SubElement(node, "cac:PartyLegalEntity")
    _put(legal, "cbc:RegistrationName", party.name)
    if party.legal_id is not None:
        _put(legal, "cbc:CompanyID", party.legal_id.value)


def _put_taxes(root: Element, invoice: BusinessInvoice) -> None:
    node = SubElement(root, "cac:TaxTotal")
    _put_amount(node, "cbc:TaxAmount", invoice.totals.tax, invoice.currency)
    for row in invoice.rows:
        part = SubElement(node, "cac:TaxSubtotal")
        _put_amount(part, "cbc:TaxableAmount", row.base, invoice.currency)
        _put_amount(part, "cbc:TaxAmount", row.amount, invoice.currency)
        _put_tax(part, "cac:TaxCategory", row.tax)


def _put_tax(parent: Element, path: str, tax: TaxKey) -> None:
    node = SubElement(parent, path)
    _put(node, "cbc:ID", tax.category)
    _put(node, "cbc:Percent", f"{tax.rate:f}")
    _put(node, "cac:TaxScheme/cbc:ID", "VAT")


def _put_totals(root: Element, invoice: BusinessInvoice) -> None:
    node = SubElement(root, "cac:LegalMonetaryTotal")
    totals = invoice.totals
    for name, value in (
        ("LineExtensionAmount", totals.lines),
        ("TaxExclusiveAmount", totals.net),
        ("TaxInclusiveAmount", totals.gross),
        ("PayableAmount", totals.payable),
    ):
        _put_amount(node, f"cbc:{name}", value, invoice.currency)


def _put_line(root: Element, kind: str, place: int, line: Line, currency: str) -> None:
    node = SubElement(root, f"cac:{kind}Line")
    _put(node, "cbc:ID", str(place))
    quantity = "cbc:CreditedQuantity" if kind == "CreditNote" else "cbc:InvoicedQuantity"
    _put(node, quantity, f"{line.quantity:f}").set("unitCode", line.unit)
    _put_amount(node, "cbc:LineExtensionAmount", line.net, currency)
    item = SubElement(node, "cac:Item")
    _put(item, "cbc:Name", line.name)
    _put_tax(item, "cac:ClassifiedTaxCategory", line.tax)
    _put(node, "cac:Price/cbc:PriceAmount", f"{line.price:f}").set("currencyID", currency)
