"""Rules of EN 16931 on UBL 2.1, written a second time from the standard's facts and on bare XML.

The twin of `govchain.documents`: it shares no line with the reader, the writer and the rules that it judges.
Not the official Schematron, which is not among the reference data. Here are: order of elements, presence,
codes, decimals, identification, categories S and Z, every sum; not other categories and allowances of lines.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

UBL = "urn:oasis:names:specification:ubl:schema:xsd:"
CAC, CBC = f"{{{UBL}CommonAggregateComponents-2}}", f"{{{UBL}CommonBasicComponents-2}}"

SEQUENCES = {
    "Invoice": (
        "UBLVersionID CustomizationID ProfileID ID CopyIndicator UUID IssueDate IssueTime DueDate "
        "InvoiceTypeCode Note TaxPointDate DocumentCurrencyCode TaxCurrencyCode PricingCurrencyCode "
        "PaymentCurrencyCode PaymentAlternativeCurrencyCode AccountingCostCode AccountingCost "
        "LineCountNumeric BuyerReference InvoicePeriod OrderReference BillingReference "
        "DespatchDocumentReference ReceiptDocumentReference StatementDocumentReference "
        "OriginatorDocumentReference ContractDocumentReference AdditionalDocumentReference "
        "ProjectReference Signature AccountingSupplierParty AccountingCustomerParty PayeeParty "
        "BuyerCustomerParty SellerSupplierParty TaxRepresentativeParty Delivery DeliveryTerms "
        "PaymentMeans PaymentTerms PrepaidPayment AllowanceCharge TaxExchangeRate PricingExchangeRate "
        "PaymentExchangeRate PaymentAlternativeExchangeRate TaxTotal WithholdingTaxTotal "
        "LegalMonetaryTotal InvoiceLine"
    ),
    "CreditNote": (
        "UBLVersionID CustomizationID ProfileID ID CopyIndicator UUID IssueDate IssueTime TaxPointDate "
        "CreditNoteTypeCode Note DocumentCurrencyCode TaxCurrencyCode PricingCurrencyCode "
        "PaymentCurrencyCode PaymentAlternativeCurrencyCode AccountingCostCode AccountingCost "
        "LineCountNumeric BuyerReference InvoicePeriod DiscrepancyResponse OrderReference "
        "BillingReference DespatchDocumentReference ReceiptDocumentReference ContractDocumentReference "
        "AdditionalDocumentReference StatementDocumentReference OriginatorDocumentReference Signature "
        "AccountingSupplierParty AccountingCustomerParty PayeeParty BuyerCustomerParty "
        "SellerSupplierParty TaxRepresentativeParty Delivery DeliveryTerms PaymentMeans PaymentTerms "
        "TaxExchangeRate PricingExchangeRate PaymentExchangeRate PaymentAlternativeExchangeRate "
        "AllowanceCharge TaxTotal LegalMonetaryTotal CreditNoteLine"
    ),
    "Party": (
        "EndpointID IndustryClassificationCode PartyIdentification PartyName Language PostalAddress "
        "PhysicalLocation PartyTaxScheme PartyLegalEntity Contact"
    ),
    "PartyTaxScheme": "RegistrationName CompanyID TaxLevelCode ExemptionReasonCode TaxScheme",
    "PartyLegalEntity": "RegistrationName CompanyID RegistrationDate CompanyLegalFormCode CompanyLegalForm",
    "TaxTotal": "TaxAmount RoundingAmount TaxSubtotal",
    "TaxSubtotal": "TaxableAmount TaxAmount Percent TaxCategory",
    "TaxCategory": "ID Name Percent TaxExemptionReasonCode TaxExemptionReason TaxScheme",
    "ClassifiedTaxCategory": "ID Name Percent TaxExemptionReasonCode TaxExemptionReason TaxScheme",
    "LegalMonetaryTotal": (
        "LineExtensionAmount TaxExclusiveAmount TaxInclusiveAmount AllowanceTotalAmount ChargeTotalAmount "
        "PrepaidAmount PayableRoundingAmount PayableAmount"
    ),
    "InvoiceLine": (
        "ID UUID Note InvoicedQuantity LineExtensionAmount TaxPointDate AccountingCostCode AccountingCost "
        "InvoicePeriod OrderLineReference DespatchLineReference ReceiptLineReference DocumentReference "
        "Delivery AllowanceCharge TaxTotal Item Price"
    ),
    "CreditNoteLine": (
        "ID UUID Note CreditedQuantity LineExtensionAmount TaxPointDate AccountingCostCode AccountingCost "
        "InvoicePeriod OrderLineReference DiscrepancyResponse DespatchLineReference ReceiptLineReference "
        "DocumentReference Delivery TaxTotal AllowanceCharge Item Price"
    ),
    "Item": (
        "Description Name BuyersItemIdentification SellersItemIdentification StandardItemIdentification "
        "OriginCountry CommodityClassification ClassifiedTaxCategory AdditionalItemProperty"
    ),
    "Price": "PriceAmount BaseQuantity AllowanceCharge",
}
"""Order of elements where UBL's schema prescribes it; the last of a sequence may be followed by none."""

DOCUMENT = {
    "BR-01": "CustomizationID",
    "BR-02": "ID",
    "BR-03": "IssueDate",
    "BR-05": "DocumentCurrencyCode",
    "BR-06": "AccountingSupplierParty/Party/PartyLegalEntity/RegistrationName",
    "BR-07": "AccountingCustomerParty/Party/PartyLegalEntity/RegistrationName",
    "BR-08": "AccountingSupplierParty/Party/PostalAddress/Country",
    "BR-09": "AccountingSupplierParty/Party/PostalAddress/Country/IdentificationCode",
    "BR-10": "AccountingCustomerParty/Party/PostalAddress/Country",
    "BR-11": "AccountingCustomerParty/Party/PostalAddress/Country/IdentificationCode",
    "BR-12": "LegalMonetaryTotal/LineExtensionAmount",
    "BR-13": "LegalMonetaryTotal/TaxExclusiveAmount",
    "BR-14": "LegalMonetaryTotal/TaxInclusiveAmount",
    "BR-15": "LegalMonetaryTotal/PayableAmount",
    "BR-CO-18": "TaxTotal/TaxSubtotal",
}
LINE = {
    "BR-21": "ID",
    "BR-24": "LineExtensionAmount",
    "BR-25": "Item/Name",
    "BR-26": "Price/PriceAmount",
    "BR-CO-04": "Item/ClassifiedTaxCategory/ID",
}
ROW = {"BR-45": "TaxableAmount", "BR-46": "TaxAmount", "BR-47": "TaxCategory/ID"}
TAX_IDS = "AccountingSupplierParty/Party/PartyTaxScheme/CompanyID"
SELLER_IDS = (
    TAX_IDS,
    "AccountingSupplierParty/Party/PartyLegalEntity/CompanyID",
    "AccountingSupplierParty/Party/PartyIdentification/ID",
)


def find_problems(data: bytes) -> list[str]:
    """Ids of the rules that a UBL document breaks, each with what breaks it."""
    root = ElementTree.fromstring(data)
    kind = _local(root)
    if root.tag != f"{{{UBL}{kind}-2}}{kind}" or kind not in ("Invoice", "CreditNote"):
        return [f"UBL-ROOT: {root.tag}"]
    return [
        *_order(root),
        *_presence(root, kind),
        *_identification(root),
        *_amounts(root),
        *_sums(root, kind),
        *_categories(root, kind),
    ]


def _local(element: Element) -> str:
    return element.tag.rpartition("}")[2]


def _find(element: Element, path: str) -> list[Element]:
    return element.findall("/".join(f"{{*}}{part}" for part in path.split("/")))


def _text(element: Element, path: str) -> str:
    found = _find(element, path)
    return (found[0].text or "").strip() if found else ""


def _number(element: Element, path: str) -> Decimal:
    return Decimal(_text(element, path) or 0)


def _is_charge(element: Element) -> bool:
    return _text(element, "ChargeIndicator") in ("true", "1")


def _order(root: Element) -> Iterator[str]:
    """UBL-SCHEMA: elements are of the two namespaces and in their order."""
    for element in root.iter():
        sequence = SEQUENCES.get(_local(element), "").split()
        children = [_local(child) for child in element]
        known = [sequence.index(name) for name in children if name in sequence]
        if known != sorted(known) or (element is root and len(known) != len(children)):
            yield f"UBL-SCHEMA: {_local(element)} holds {children}"
        wrong = [child.tag for child in element if child.tag.rpartition("}")[0] + "}" not in (CAC, CBC)]
        yield from (f"UBL-SCHEMA: {tag}" for tag in wrong if element is not root or "Extension" not in tag)


def _presence(root: Element, kind: str) -> Iterator[str]:
    for rule, path in DOCUMENT.items():
        if not any((found.text or "").strip() or len(found) for found in _find(root, path)):
            yield f"{rule}: {path}"
    code = _text(root, f"{kind}TypeCode")
    if not code.isdigit() or (code == "381") != (kind == "CreditNote"):
        yield f"BR-CL-01: {code}"
    if not all(_text(each, "ID") for each in _find(root, "BillingReference/InvoiceDocumentReference")):
        yield "BR-55"
    is_due = kind == "Invoice" and _number(root, "LegalMonetaryTotal/PayableAmount") > 0
    if is_due and not _text(root, "DueDate") and not _text(root, "PaymentTerms/Note"):
        yield "BR-CO-25"
    lines = _find(root, f"{kind}Line")
    if not lines:
        yield "BR-16"
    for line in lines:
        yield from _line(line, "InvoicedQuantity" if kind == "Invoice" else "CreditedQuantity")


def _identification(root: Element) -> Iterator[str]:
    if not any(_text(root, path) for path in SELLER_IDS):
        yield "BR-CO-26"
    for each in _find(root, "AccountingSupplierParty/Party/PartyTaxScheme"):
        if _text(each, "TaxScheme/ID") == "VAT" and not _text(each, "CompanyID")[:2].isalpha():
            yield "BR-CO-09"
    if _find(root, "TaxRepresentativeParty") or _text(root, TAX_IDS):
        return
    used = {_text(row, "TaxCategory/ID") for row in _find(root, "TaxTotal/TaxSubtotal")}
    yield from (f"BR-{code}-02" for code in sorted(used & {"S", "Z"}))


def _line(line: Element, quantity: str) -> Iterator[str]:
    for rule, path in {**LINE, "BR-22": quantity}.items():
        if not _text(line, path):
            yield f"{rule}: {path}"
    if not all(each.get("unitCode") for each in _find(line, quantity)):
        yield "BR-23"
    if _number(line, "Price/PriceAmount") < 0:
        yield "BR-27"


def _amounts(root: Element) -> Iterator[str]:
    """BR-DEC and BT-5: every amount but a price has two decimals at most and the document's currency."""
    currency = _text(root, "DocumentCurrencyCode")
    if len(currency) != 3 or not currency.isupper():
        yield f"BR-CL-04: {currency}"
    of_prices = {each for price in root.iter(f"{CAC}Price") for each in price.iter()}
    for element in root.iter():
        if "currencyID" not in element.attrib:
            continue
        exponent = Decimal((element.text or "").strip()).as_tuple().exponent
        if element not in of_prices and isinstance(exponent, int) and exponent < -2:
            yield f"BR-DEC: {_local(element)} {element.text}"
        if element.get("currencyID") not in (currency, _text(root, "TaxCurrencyCode")):
            yield f"BT-5: {_local(element)}"


def _sums(root: Element, kind: str) -> Iterator[str]:
    total = _find(root, "LegalMonetaryTotal")[0]
    currency = _text(root, "DocumentCurrencyCode")
    taxes = [
        each for each in _find(root, "TaxTotal") if _find(each, "TaxAmount")[0].get("currencyID") == currency
    ]
    if not taxes:
        yield f"BR-CO-14: no tax total in {currency}"
        return
    tax = _number(taxes[0], "TaxAmount")
    values = {name: _number(total, name) for name in SEQUENCES["LegalMonetaryTotal"].split()}
    sums = {True: Decimal(0), False: Decimal(0)}
    for each in _find(root, "AllowanceCharge"):
        sums[_is_charge(each)] += _number(each, "Amount")
    lines = sum(_number(line, "LineExtensionAmount") for line in _find(root, f"{kind}Line"))
    rows = sum(_number(row, "TaxAmount") for row in _find(taxes[0], "TaxSubtotal"))
    net = values["LineExtensionAmount"] - values["AllowanceTotalAmount"] + values["ChargeTotalAmount"]
    payable = values["TaxInclusiveAmount"] - values["PrepaidAmount"] + values["PayableRoundingAmount"]
    wanted = {
        "BR-CO-10": (values["LineExtensionAmount"], lines),
        "BR-CO-11": (values["AllowanceTotalAmount"], sums[False]),
        "BR-CO-12": (values["ChargeTotalAmount"], sums[True]),
        "BR-CO-13": (values["TaxExclusiveAmount"], net),
        "BR-CO-14": (tax, rows),
        "BR-CO-15": (values["TaxInclusiveAmount"], values["TaxExclusiveAmount"] + tax),
        "BR-CO-16": (values["PayableAmount"], payable),
    }
    yield from (
        f"{rule}: {found} is not {right}" for rule, (found, right) in wanted.items() if found != right
    )


def _categories(root: Element, kind: str) -> Iterator[str]:
    """BR-S-01 to 10 and BR-Z-01 to 10, as far as a document has these categories."""
    rows: dict[tuple[str, Decimal], Element] = {}
    for row in _find(root, "TaxTotal/TaxSubtotal"):
        yield from (f"{rule}: {path}" for rule, path in ROW.items() if not _text(row, path))
        key = _text(row, "TaxCategory/ID"), _number(row, "TaxCategory/Percent")
        if key in rows:
            yield f"BR-{key[0]}-01: twice {key[1]}"
        rows[key] = row
    for (code, rate), base in _bases(root, kind).items():
        if code in ("S", "Z") and (code == "S") != (rate > 0):
            yield f"BR-{code}-05: {rate}"
        elif code in ("S", "Z") and (code, rate) not in rows:
            yield f"BR-{code}-01: {rate}"
        elif code in ("S", "Z"):
            yield from _row(rows[code, rate], code, rate, base)


def _row(row: Element, code: str, rate: Decimal, base: Decimal) -> Iterator[str]:
    if _number(row, "TaxableAmount") != base:
        yield f"BR-{code}-08: {base}"
    if abs(_number(row, "TaxAmount") - base * rate / 100) >= 1:
        yield f"BR-CO-17: {rate}"
    if code == "Z" and _number(row, "TaxAmount"):
        yield "BR-Z-09"
    if _text(row, "TaxCategory/TaxExemptionReason") or _text(row, "TaxCategory/TaxExemptionReasonCode"):
        yield f"BR-{code}-10"


def _bases(root: Element, kind: str) -> dict[tuple[str, Decimal], Decimal]:
    """What lines, allowances and charges make for each category and rate."""
    bases: dict[tuple[str, Decimal], Decimal] = {}
    items = [
        (line, "Item/ClassifiedTaxCategory", "LineExtensionAmount", 1) for line in _find(root, f"{kind}Line")
    ]
    for each in _find(root, "AllowanceCharge"):
        items.append((each, "TaxCategory", "Amount", 1 if _is_charge(each) else -1))
    for element, path, amount, sign in items:
        key = _text(element, f"{path}/ID"), _number(element, f"{path}/Percent")
        bases[key] = bases.get(key, Decimal(0)) + sign * _number(element, amount)
    return bases
