"""Reads UBL 2.1 Invoice and CreditNote XML (EN 16931 syntax binding) into a `BusinessInvoice`.

Foreign bytes, bounded by `foreign_xml`: namespaces are checked, and an element that may occur once is refused
when it occurs twice. A missing field is refused by the rule that demands it; `invoice_rules` judges the sums.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, localcontext
from typing import Final
from xml.etree.ElementTree import Element

from govchain.documents.foreign_xml import parse_xml
from govchain.documents.invoice import (
    EXACT,
    ZERO,
    AllowanceCharge,
    BusinessInvoice,
    Identifier,
    Line,
    Party,
    TaxKey,
    TaxRow,
    Totals,
)
from govchain.errors import InvalidDocument

TEXT_MAX: Final = 200
"""Longest identifier or code that is read, in characters."""
WHOLE_DIGITS_MAX: Final = 15
FRACTION_DIGITS_MAX: Final = 13

_UBL: Final = "urn:oasis:names:specification:ubl:schema:xsd:"
NAMESPACES: Final = {
    "cac": f"{_UBL}CommonAggregateComponents-2",
    "cbc": f"{_UBL}CommonBasicComponents-2",
}
ROOT_NAMESPACES: Final = {name: f"{_UBL}{name}-2" for name in ("Invoice", "CreditNote")}
_ROOTS: Final = {f"{{{namespace}}}{name}": name for name, namespace in ROOT_NAMESPACES.items()}
_NUMBER: Final = re.compile(
    rf"[+-]?([0-9]{{1,{WHOLE_DIGITS_MAX}}}(\.[0-9]{{0,{FRACTION_DIGITS_MAX}}})?|\.[0-9]{{1,{FRACTION_DIGITS_MAX}}})"
)
_DATE: Final = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2})(Z|[+-][0-9]{2}:[0-9]{2})?")
_CURRENCY: Final = re.compile(r"[A-Z]{3}")
_BOOLEANS: Final = {"true": True, "1": True, "false": False, "0": False}

CREDIT_CODES: Final = frozenset(
    ("81", "83", "261", "262", "296", "308", "381", "396", "420", "458", "502", "503", "532")
)
"""UNTDID 1001 codes of credit notes: they belong in a CreditNote, all others in an Invoice (BR-CL-01)."""


def read_invoice(data: bytes) -> BusinessInvoice:
    """Read an invoice or credit note; `validate_invoice` then judges its sums.

    Raises:
        InvalidDocument: No such document, or a field is missing or malformed; rule and field are named.
    """
    root = parse_xml(data)
    kind = _ROOTS.get(root.tag)
    if kind is None:
        found = root.tag if len(root.tag) <= 120 else root.tag[:117] + "..."
        raise InvalidDocument("UBL-ROOT", "/", f"expected a UBL 2.1 Invoice or CreditNote, found {found}")
    with localcontext(EXACT):
        return _read_document(_Node(root, f"/{kind}"), kind)


@dataclass(frozen=True, slots=True)
class _Node:
    """An element with its path for error messages."""

    element: Element
    path: str

    def all(self, name: str) -> list[_Node]:
        """Children of that name, for example `cac:TaxTotal`."""
        found = self.element.findall(_tag(name))
        if len(found) == 1:
            return [_Node(found[0], f"{self.path}/{name}")]
        return [_Node(each, f"{self.path}/{name}[{number}]") for number, each in enumerate(found, 1)]

    def maybe(self, path: str) -> _Node | None:
        """The one element down a path such as `cac:Item/cbc:Name`, or None."""
        node = self
        for name in path.split("/"):
            found = node.all(name)
            if not found:
                return None
            if len(found) > 1:
                raise _repeated(f"{node.path}/{name}", f"{len(found)} times; expected once")
            node = found[0]
        return node

    def need(self, path: str, rule: str) -> _Node:
        node = self.maybe(path)
        if node is None:
            raise InvalidDocument(rule, f"{self.path}/{path}", "is missing")
        return node

    def maybe_text(self, path: str) -> str:
        node = self.maybe(path)
        return "" if node is None else node.text()

    def need_text(self, path: str, rule: str) -> str:
        text = self.need(path, rule).text()
        if not text:
            raise InvalidDocument(rule, f"{self.path}/{path}", "is empty")
        return text

    def text(self) -> str:
        if len(self.element):
            raise InvalidDocument("UBL-FORM", self.path, "holds elements; expected text")
        text = " ".join((self.element.text or "").split())
        if len(text) > TEXT_MAX:
            problem = f"{len(text)} characters; at most {TEXT_MAX} are read"
            raise InvalidDocument("UBL-FORM", self.path, problem)
        return text

    def number(self) -> Decimal:
        text = self.text()
        if not _NUMBER.fullmatch(text):
            raise InvalidDocument("UBL-FORM", self.path, f"expected a decimal number, found {text!r}")
        return Decimal(text)

    def amount(self, currency: str, rule: str) -> Decimal:
        """An amount of at most two decimals in the document's currency. `rule` is its BR-DEC rule."""
        value = self.number()
        if value != value.quantize(Decimal("0.01")):
            raise InvalidDocument(rule, self.path, f"found {value}; expected at most two decimals")
        self.require_currency(currency)
        return value

    def require_currency(self, currency: str) -> None:
        found = self.element.get("currencyID", "")
        if found != currency:
            raise InvalidDocument("BT-5", self.path, f"currency {found!r}; the document's is {currency!r}")


def _repeated(path: str, problem: str) -> InvalidDocument:
    return InvalidDocument("UBL-CARDINALITY", path, problem)


def _tag(name: str) -> str:
    prefix, _, local = name.partition(":")
    return f"{{{NAMESPACES[prefix]}}}{local}"


def _read_document(root: _Node, kind: str) -> BusinessInvoice:
    currency = _read_currency(root.need("cbc:DocumentCurrencyCode", "BR-05"))
    tax_currency_node = root.maybe("cbc:TaxCurrencyCode")
    tax_currency = "" if tax_currency_node is None else _read_currency(tax_currency_node)
    number = root.need_text("cbc:ID", "BR-02")
    issue_date = _read_date(root.need("cbc:IssueDate", "BR-03"))
    type_code = _read_type_code(root, kind)
    seller = _read_party(root, "cac:AccountingSupplierParty/cac:Party", ("BR-06", "BR-08", "BR-09"))
    buyer = _read_party(root, "cac:AccountingCustomerParty/cac:Party", ("BR-07", "BR-10", "BR-11"))
    allowance_charges = tuple(_read_allowance(node, currency) for node in root.all("cac:AllowanceCharge"))
    tax_total, tax_in_tax_currency = _find_tax_totals(root, currency, tax_currency)
    return BusinessInvoice(
        is_credit_note=kind == "CreditNote",
        customization=root.maybe_text("cbc:CustomizationID"),
        number=number,
        issue_date=issue_date,
        type_code=type_code,
        currency=currency,
        tax_currency=tax_currency,
        tax_in_tax_currency=tax_in_tax_currency,
        corrects=tuple(_read_corrected(root)),
        seller=seller,
        buyer=buyer,
        allowance_charges=allowance_charges,
        rows=tuple(_read_row(node, currency) for node in tax_total.all("cac:TaxSubtotal")),
        totals=_read_totals(root, tax_total, currency),
        lines=tuple(_read_lines(root, kind, currency)),
    )


def _read_currency(node: _Node) -> str:
    code = node.text()
    if not _CURRENCY.fullmatch(code):
        raise InvalidDocument("BR-CL-04", node.path, f"expected an ISO 4217 code, found {code!r}")
    return code


def _read_date(node: _Node) -> str:
    text = node.text()
    match = _DATE.fullmatch(text)
    try:
        if match is None:
            raise ValueError("not of the form yyyy-mm-dd")
        return date.fromisoformat(match[1]).isoformat()
    except ValueError as error:
        raise InvalidDocument("BR-03", node.path, f"expected a date, found {text!r}") from error


def _read_type_code(root: _Node, kind: str) -> str:
    name = f"cbc:{kind}TypeCode"
    code = root.need_text(name, "BR-04")
    if not re.fullmatch(r"[0-9]{1,3}", code) or (code in CREDIT_CODES) != (kind == "CreditNote"):
        raise InvalidDocument("BR-CL-01", f"{root.path}/{name}", f"code {code!r} is not one of a UBL {kind}")
    return code


def _read_party(root: _Node, path: str, rules: tuple[str, str, str]) -> Party:
    name_rule, address_rule, country_rule = rules
    node = root.need(path, name_rule)
    name = node.need_text("cac:PartyLegalEntity/cbc:RegistrationName", name_rule)
    node.need("cac:PostalAddress", address_rule)
    country = node.need_text("cac:PostalAddress/cac:Country/cbc:IdentificationCode", country_rule)
    vat_ids, tax_ids = [], []
    for scheme in node.all("cac:PartyTaxScheme"):
        if scheme.maybe_text("cac:TaxScheme/cbc:ID").upper() == "VAT":
            vat_ids.append(scheme.need_text("cbc:CompanyID", "BR-CO-26"))
        else:
            tax_ids.append(scheme.maybe_text("cbc:CompanyID"))
    if len(vat_ids) > 1:
        raise _repeated(f"{node.path}/cac:PartyTaxScheme", "more than one VAT identifier")
    return Party(
        vat_id=vat_ids[0] if vat_ids else "",
        tax_id=tax_ids[0] if tax_ids else "",
        legal_id=_read_identifier(node.maybe("cac:PartyLegalEntity/cbc:CompanyID")),
        ids=tuple(
            identifier
            for each in node.all("cac:PartyIdentification")
            if (identifier := _read_identifier(each.maybe("cbc:ID"))) is not None
        ),
        endpoint=_read_identifier(node.maybe("cbc:EndpointID")),
        name=name,
        country=country,
    )


def _read_identifier(node: _Node | None) -> Identifier | None:
    if node is None or not (value := node.text()):
        return None
    return Identifier(scheme=node.element.get("schemeID", "").strip()[:TEXT_MAX], value=value)


def _find_tax_totals(root: _Node, currency: str, tax_currency: str) -> tuple[_Node, Decimal | None]:
    """The tax total in the document's currency, and the amount of the one in the tax currency (BT-111)."""
    found: dict[str, list[_Node]] = {}
    for node in root.all("cac:TaxTotal"):
        amount = node.need("cbc:TaxAmount", "BR-CO-14")
        found.setdefault(amount.element.get("currencyID", ""), []).append(node)
    for code, nodes in found.items():
        if code not in (currency, tax_currency):
            raise InvalidDocument("BT-5", nodes[0].path, f"currency {code!r}; the document's is {currency!r}")
        if len(nodes) > 1:
            raise _repeated(f"{root.path}/cac:TaxTotal", f"{len(nodes)} totals in {code}")
    if currency not in found:
        raise InvalidDocument("BR-CO-18", f"{root.path}/cac:TaxTotal", f"no VAT breakdown in {currency}")
    if tax_currency in ("", currency):
        return found[currency][0], None
    if tax_currency not in found:
        problem = f"no tax total in tax currency {tax_currency}"
        raise InvalidDocument("BR-53", f"{root.path}/cac:TaxTotal", problem)
    amount = found[tax_currency][0].need("cbc:TaxAmount", "BR-53")
    return found[currency][0], amount.amount(tax_currency, "BR-DEC-15")


def _read_tax_key(node: _Node, rule: str) -> TaxKey:
    percent = node.maybe("cbc:Percent")
    return TaxKey(category=node.need_text("cbc:ID", rule), rate=None if percent is None else percent.number())


def _read_row(node: _Node, currency: str) -> TaxRow:
    tax = _read_tax_key(node.need("cac:TaxCategory", "BR-47"), "BR-47")
    if tax.rate is None and tax.category != "O":
        raise InvalidDocument("BR-48", f"{node.path}/cac:TaxCategory/cbc:Percent", "is missing")
    category = node.need("cac:TaxCategory", "BR-47")
    return TaxRow(
        path=node.path,
        tax=tax,
        base=node.need("cbc:TaxableAmount", "BR-45").amount(currency, "BR-DEC-19"),
        amount=node.need("cbc:TaxAmount", "BR-46").amount(currency, "BR-DEC-20"),
        has_exemption_reason=bool(
            category.all("cbc:TaxExemptionReason") or category.all("cbc:TaxExemptionReasonCode")
        ),
    )


def _read_allowance(node: _Node, currency: str) -> AllowanceCharge:
    is_charge = _read_indicator(node)
    missing, uncategorised, decimals = (
        ("BR-36", "BR-37", "BR-DEC-05") if is_charge else ("BR-31", "BR-32", "BR-DEC-01")
    )
    return AllowanceCharge(
        path=node.path,
        is_charge=is_charge,
        amount=node.need("cbc:Amount", missing).amount(currency, decimals),
        tax=_read_tax_key(node.need("cac:TaxCategory", uncategorised), uncategorised),
    )


def _read_indicator(node: _Node) -> bool:
    text = node.need_text("cbc:ChargeIndicator", "UBL-FORM")
    if text not in _BOOLEANS:
        problem = f"expected true or false, found {text!r}"
        raise InvalidDocument("UBL-FORM", f"{node.path}/cbc:ChargeIndicator", problem)
    return _BOOLEANS[text]


def _read_totals(root: _Node, tax_total: _Node, currency: str) -> Totals:
    node = root.need("cac:LegalMonetaryTotal", "BR-12")

    def need(name: str, rule: str, decimals: str) -> Decimal:
        return node.need(f"cbc:{name}", rule).amount(currency, decimals)

    def maybe(name: str, decimals: str) -> Decimal | None:
        found = node.maybe(f"cbc:{name}")
        return None if found is None else found.amount(currency, decimals)

    tax = tax_total.need("cbc:TaxAmount", "BR-CO-14")
    return Totals(
        path=node.path,
        lines=need("LineExtensionAmount", "BR-12", "BR-DEC-09"),
        allowances=maybe("AllowanceTotalAmount", "BR-DEC-10"),
        charges=maybe("ChargeTotalAmount", "BR-DEC-11"),
        net=need("TaxExclusiveAmount", "BR-13", "BR-DEC-12"),
        tax=tax.amount(currency, "BR-DEC-13"),
        tax_path=tax.path,
        gross=need("TaxInclusiveAmount", "BR-14", "BR-DEC-14"),
        prepaid=maybe("PrepaidAmount", "BR-DEC-16") or ZERO,
        rounding=maybe("PayableRoundingAmount", "BR-DEC-17") or ZERO,
        payable=need("PayableAmount", "BR-15", "BR-DEC-18"),
    )


def _read_lines(root: _Node, kind: str, currency: str) -> Iterator[Line]:
    name, quantity = (
        ("cac:CreditNoteLine", "cbc:CreditedQuantity")
        if kind == "CreditNote"
        else ("cac:InvoiceLine", "cbc:InvoicedQuantity")
    )
    nodes = root.all(name)
    if not nodes:
        raise InvalidDocument("BR-16", f"{root.path}/{name}", "is missing; at least one line is needed")
    for node in nodes:
        yield _read_line(node, quantity, currency)


def _read_line(node: _Node, quantity: str, currency: str) -> Line:
    node.need_text("cbc:ID", "BR-21")
    item_name = node.need("cac:Item/cbc:Name", "BR-25")
    amount = node.need(quantity, "BR-22")
    price = node.need("cac:Price/cbc:PriceAmount", "BR-26")
    price.require_currency(currency)
    base_quantity = node.maybe("cac:Price/cbc:BaseQuantity")
    sums = {False: ZERO, True: ZERO}
    for each in node.all("cac:AllowanceCharge"):
        is_charge = _read_indicator(each)
        missing, decimals = ("BR-43", "BR-DEC-27") if is_charge else ("BR-41", "BR-DEC-24")
        sums[is_charge] += each.need("cbc:Amount", missing).amount(currency, decimals)
    return Line(
        path=node.path,
        net=node.need("cbc:LineExtensionAmount", "BR-24").amount(currency, "BR-DEC-23"),
        name=" ".join((item_name.element.text or "").split()),
        quantity=amount.number(),
        unit=amount.element.get("unitCode", ""),
        price=price.number(),
        base_quantity=Decimal(1) if base_quantity is None else base_quantity.number(),
        allowances=sums[False],
        charges=sums[True],
        tax=_read_tax_key(node.need("cac:Item/cac:ClassifiedTaxCategory", "BR-CO-04"), "BR-CO-04"),
    )


def _read_corrected(root: _Node) -> Iterator[str]:
    for node in root.all("cac:BillingReference"):
        reference = node.maybe("cac:InvoiceDocumentReference")
        if reference is not None:
            yield reference.need_text("cbc:ID", "BR-55")
