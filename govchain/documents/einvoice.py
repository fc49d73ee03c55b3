"""The national all-digital e-invoice 数电票: its XML read, written again, and made a record of standard `CN`.

Element names are those of public code that handles such files; only what is listed there is read. Samples are
synthetic. Foreign bytes are bounded by the reader of `ubl`. Sums are judged by the chain's own arithmetic.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from govchain.crypto import Suite
from govchain.crypto.file_digest import FileDigests
from govchain.documents.foreign_xml import parse_xml
from govchain.documents.invoice import Identifier, Party
from govchain.documents.invoice_record import MEDIA_TYPE, reference_of
from govchain.documents.record import PreparedRecord, first_record_envelope
from govchain.errors import InvalidDocument
from govchain.ledger.amounts import format_cents, parse_cents
from govchain.ledger.kinds.invoice.fields import InvoiceIssue, InvoiceLine, TaxSubtotal
from govchain.ledger.kinds.invoice.totals import validate_totals

ROOT: Final = "EInvoice"
TEXT_MAX: Final = 200
ITEMS_MAX: Final = 200

_DATE: Final = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2})([T ][0-9:.+Z-]{0,24})?")
_AMOUNT: Final = re.compile(r"-?[0-9]{1,15}(\.[0-9]{1,13})?")
_RATE: Final = re.compile(r"(0(\.[0-9]{1,6})?)|([0-9]{1,2}(\.[0-9]{1,4})?%)")


@dataclass(frozen=True, slots=True)
class EInvoiceParty:
    """SellerInformation or BuyerInformation. Only the number ever leaves the document, if it is a firm's."""

    id_number: str
    name: str


@dataclass(frozen=True, slots=True)
class EInvoiceItem:
    """One IssuItemInformation. Numbers are decimal strings as they stand in the document."""

    name: str
    tax_code: str
    """TaxClassificationCode, 19 digits."""
    quantity: str
    price: str
    amount: str
    rate: str
    """`0.13` or `13%`."""
    tax: str


@dataclass(frozen=True, slots=True)
class EInvoice:
    """What is read of a national e-invoice. A red one has amounts below zero."""

    id: str
    """Header/EIid."""
    tag: str
    """Header/EInvoiceTag."""
    version: str
    type_code: str
    """InherentLabel/EInvoiceType."""
    vat_label: str
    """GeneralOrSpecialVAT/LabelCode: 01 or 02."""
    seller: EInvoiceParty
    buyer: EInvoiceParty
    net: str
    tax: str
    gross: str
    items: tuple[EInvoiceItem, ...]
    number: str
    issue_time: str
    bureau_code: str
    signature: str
    """TaxBureauSignature/SignatureValue, as it stands there; it is not judged."""

    @property
    def is_red(self) -> bool:
        return self.gross.startswith("-")


_HEADER: Final = {
    "id": "Header/EIid",
    "tag": "Header/EInvoiceTag",
    "version": "Header/Version",
    "type_code": "Header/InherentLabel/EInvoiceType",
    "vat_label": "Header/InherentLabel/GeneralOrSpecialVAT/LabelCode",
    "net": "EInvoiceData/BasicInformation/TotalAmWithoutTax",
    "tax": "EInvoiceData/BasicInformation/TotalTaxAm",
    "gross": "EInvoiceData/BasicInformation/TotalTax-includedAmount",
    "number": "TaxSupervisionInfo/InvoiceNumber",
    "issue_time": "TaxSupervisionInfo/IssueTime",
    "bureau_code": "TaxSupervisionInfo/TaxBureauCode",
    "signature": "TaxBureauSignature/SignatureValue",
}
_OPTIONAL: Final = ("version", "type_code", "vat_label", "bureau_code", "signature")
_ITEM: Final = {
    "name": "ItemName",
    "tax_code": "TaxClassificationCode",
    "quantity": "Quantity",
    "price": "UnPrice",
    "amount": "Amount",
    "rate": "TaxRate",
    "tax": "ComTaxAm",
}
_ITEM_OPTIONAL: Final = ("tax_code", "quantity", "price")
_PARTIES: Final = {"seller": "Seller", "buyer": "Buyer"}


def is_einvoice(data: bytes) -> bool:
    """Whether XML says that it is a national e-invoice; anything that is no XML is none."""
    try:
        return parse_xml(data).tag == ROOT
    except InvalidDocument:
        return False


def read_einvoice(data: bytes) -> EInvoice:
    """Read a national e-invoice.

    Raises:
        InvalidDocument: No such document, or a field is missing or malformed; the field is named.
    """
    root = parse_xml(data)
    if root.tag != ROOT:
        raise InvalidDocument("EINVOICE-ROOT", "/", f"expected {ROOT}, found {root.tag[:80]}")
    values: dict[str, Any] = {
        name: _text(root, path, is_needed=name not in _OPTIONAL) for name, path in _HEADER.items()
    }
    values |= {
        name: EInvoiceParty(
            _text(root, f"EInvoiceData/{tag}Information/{tag}IdNum"),
            _text(root, f"EInvoiceData/{tag}Information/{tag}Name"),
        )
        for name, tag in _PARTIES.items()
    }
    found = root.findall("EInvoiceData/IssuItemInformation")
    if not 1 <= len(found) <= ITEMS_MAX:
        raise InvalidDocument(
            "EINVOICE-ITEMS",
            "/EInvoice/EInvoiceData/IssuItemInformation",
            f"{len(found)} times; expected 1 to {ITEMS_MAX}",
        )
    items = tuple(
        EInvoiceItem(
            **{name: _text(item, tag, is_needed=name not in _ITEM_OPTIONAL) for name, tag in _ITEM.items()}
        )
        for item in found
    )
    return EInvoice(**values, items=items)


def write_einvoice(invoice: EInvoice) -> bytes:
    """The XML of a national e-invoice, with the elements that `read_einvoice` reads."""
    root = Element(ROOT)
    for name, path in _HEADER.items():
        _put(root, path, getattr(invoice, name))
    for name, tag in _PARTIES.items():
        party: EInvoiceParty = getattr(invoice, name)
        _put(root, f"EInvoiceData/{tag}Information/{tag}IdNum", party.id_number)
        _put(root, f"EInvoiceData/{tag}Information/{tag}Name", party.name)
    data = root.find("EInvoiceData")
    assert data is not None
    for item in invoice.items:
        element = SubElement(data, "IssuItemInformation")
        for name, tag in _ITEM.items():
            _put(element, tag, getattr(item, name))
    indent(root)
    return bytes(tostring(root, encoding="utf-8", xml_declaration=True))


def to_einvoice_record(
    invoice: EInvoice,
    digests: FileDigests,
    *,
    suite: Suite,
    claimed_time: str,
    salt: bytes = b"",
    corrects: Sequence[str] = (),
    blue_lines: Sequence[int] = (),
    form: str = "",
) -> PreparedRecord:
    """The record of a national e-invoice; one with amounts below zero becomes `invoice.red`.

    Args:
        invoice: What the document says.
        digests: Of the document's bytes.
        suite: Of the chain that the record is for.
        claimed_time: RFC 3339 with offset.
        salt: At least 16 secret bytes, needed when the buyer is no firm; never put on the chain.
        corrects: Of a red one: the blue invoice. In which element it stands is not confirmed, so say it here.
        blue_lines: Of a red one: which line of the blue invoice each item takes back.
        form: Of a red one: the confirmed red-letter form.

    Raises:
        InvalidDocument: A value has no place in a record, or the sums do not hold.
        ConfigError: A salt is needed and missing or too short.
    """
    fields = einvoice_fields(
        invoice,
        seller_ref=_reference(invoice.seller, suite, salt),
        buyer_ref=_reference(invoice.buyer, suite, salt),
        corrects=corrects,
        blue_lines=blue_lines,
        form=form,
    )
    return PreparedRecord(
        kind="invoice.red" if invoice.is_red else "invoice.issue",
        object_id=invoice.number,
        envelope=first_record_envelope(invoice.number, claimed_time, digests, MEDIA_TYPE),
        fields=fields,
    )


def einvoice_fields(
    invoice: EInvoice,
    *,
    seller_ref: str,
    buyer_ref: str,
    corrects: Sequence[str] = (),
    blue_lines: Sequence[int] = (),
    form: str = "",
) -> InvoiceIssue:
    """Amounts and references of a national e-invoice; a red one has them positive, as records write them.

    Raises:
        InvalidDocument: A value has no place in a record, or the sums do not hold.
    """
    sign = -1 if invoice.is_red else 1
    if blue_lines and len(blue_lines) != len(invoice.items):
        raise InvalidDocument("T3", "/EInvoice/EInvoiceData", "expected one blue line for each item")
    places = list(blue_lines) or [0] * len(invoice.items)
    lines = [_line(item, place, sign) for item, place in zip(invoice.items, places, strict=True)]
    fields = InvoiceIssue(
        standard="CN",
        number=invoice.number,
        issue_date=_date(invoice.issue_time),
        currency="CNY",
        seller_ref=seller_ref,
        buyer_ref=buyer_ref,
        net=_cents(invoice.net, _HEADER["net"], sign),
        tax=_cents(invoice.tax, _HEADER["tax"], sign),
        gross=_cents(invoice.gross, _HEADER["gross"], sign),
        breakdown=_breakdown(lines),
        corrects=list(corrects),
        lines=lines,
        form=form,
    )
    try:
        validate_totals(fields)
    except ValueError as error:
        raise InvalidDocument("T2", "/EInvoice/EInvoiceData", str(error)) from error
    return fields


def _line(item: EInvoiceItem, place: int, sign: int) -> InvoiceLine:
    # Quantity times price has the sign of the amount, so one of both turns with it.
    quantity = _turned(item.quantity) if sign < 0 else item.quantity
    return InvoiceLine(
        net=_cents(item.amount, "Amount", sign),
        tax=_cents(item.tax, "ComTaxAm", sign),
        rate=_rate(item.rate),
        quantity=quantity,
        price=item.price,
        blue_line=place,
    )


def _breakdown(lines: Sequence[InvoiceLine]) -> list[TaxSubtotal]:
    sums: dict[str, tuple[int, int]] = {}
    for line in lines:
        net, tax = sums.get(line.rate, (0, 0))
        sums[line.rate] = (net + parse_cents(line.net), tax + parse_cents(line.tax))
    return [
        TaxSubtotal("VAT", rate, format_cents(net), format_cents(tax)) for rate, (net, tax) in sums.items()
    ]


def _reference(party: EInvoiceParty, suite: Suite, salt: bytes) -> str:
    ids = (Identifier("", party.id_number),) if party.id_number else ()
    return reference_of(
        Party(vat_id="", legal_id=None, ids=ids, endpoint=None, name=party.name), suite=suite, salt=salt
    )


def _date(text: str) -> str:
    match = _DATE.fullmatch(text)
    if match is None:
        raise InvalidDocument("T1", f"/EInvoice/{_HEADER['issue_time']}", "expected a date, or date and time")
    return match[1]


def _cents(text: str, where: str, sign: int) -> str:
    """An amount exact to the cent, with two decimals. Decimal strings never lose digits on the way."""
    if not _AMOUNT.fullmatch(text):
        raise InvalidDocument("T2", f"/EInvoice/{where}", f"expected an amount, found {text[:40]!r}")
    cents = Decimal(text).scaleb(2)
    if cents != int(cents):
        raise InvalidDocument("T2", f"/EInvoice/{where}", f"more than two decimals: {text[:40]}")
    return format_cents(sign * int(cents))


def _rate(text: str) -> str:
    """Percent, as records write rates: `0.13` and `13%` are 13."""
    if not _RATE.fullmatch(text):
        raise InvalidDocument("T2", "/EInvoice/TaxRate", f"expected 0.13 or 13%, found {text[:40]!r}")
    percent = Decimal(text[:-1]) if text.endswith("%") else Decimal(text).scaleb(2)
    plain = f"{percent:f}"
    return plain.rstrip("0").rstrip(".") if "." in plain else plain


def _turned(text: str) -> str:
    return text[1:] if text.startswith("-") else (f"-{text}" if text else "")


def _text(element: Element, path: str, *, is_needed: bool = True) -> str:
    found = element.findall(path)
    if len(found) > 1:
        raise InvalidDocument("EINVOICE-TWICE", f"/EInvoice/{path}", f"{len(found)} times; expected once")
    text = "".join(found[0].itertext()).strip() if found else ""
    is_signature = path.endswith("SignatureValue")
    if len(text) > TEXT_MAX and not is_signature:
        raise InvalidDocument("EINVOICE-LONG", f"/EInvoice/{path}", f"more than {TEXT_MAX} characters")
    if not text and is_needed:
        raise InvalidDocument("EINVOICE-FIELD", f"/EInvoice/{path}", "is missing")
    return text


def _put(root: Element, path: str, text: str) -> None:
    """Text at a path, its parents made once."""
    if not text:
        return
    node = root
    *parents, last = path.split("/")
    for name in parents:
        found = node.find(name)
        node = SubElement(node, name) if found is None else found
    SubElement(node, last).text = text
