"""Twelve published EN 16931 examples: each becomes a record with the totals that its XML shows.

The figures were read from the files by eye. Five of them have lines that are not quantity times price; no
rule of EN 16931 forbids that, so they are records with remarks.
"""

from __future__ import annotations

from decimal import Decimal
from xml.etree import ElementTree

import pytest

from govchain.crypto.file_digest import digest_chunks
from govchain.documents import PreparedRecord, find_remarks, read_invoice, to_invoice_record, validate_invoice
from govchain.errors import InvalidDocument
from govchain.ledger.kinds.invoice.fields import InvoiceData
from tests.support.en16931 import find_problems
from tests.support.receipts import SUITE, LedgerChain
from tests.support.reference import reference_path

SALT = b"a salt that stays off the chain"

# kind, number, currency, net, tax, gross, breakdown (category, rate, net, tax), lines, seller, buyer, remarks
R6_21 = [("S", "6", "183.23", "10.99"), ("S", "21", "46.37", "9.74")]
R25_15_0 = [("S", "25", "1460.50", "365.13"), ("S", "15", "1.00", "0.15"), ("E", "0", "-25.00", "0.00")]
R25_12 = [("S", "25", "1500.00", "375.00"), ("S", "12", "2500.00", "300.00")]
EXPECTED = {
    "guide-example1.xml": (
        ("invoice.issue", "12115118", "EUR", "229.60", "20.73", "250.33"),
        (R6_21, 20, "VAT:NL8200.98.395.B.01", "salted:", 1),
    ),
    "guide-example2.xml": (
        ("invoice.issue", "TOSL108", "NOK", "1436.50", "365.28", "1801.78"),
        (R25_15_0, 5, "VAT:NO123456789MVA", "VAT:NO987654321MVA", 1),
    ),
    "sample-discount-price.xml": (
        ("invoice.issue", "test decimal 1", "EUR", "12.12", "3.03", "15.15"),
        ([("S", "25", "12.12", "3.03")], 1, "VAT:HR46830600751", "VAT:HR46830600751", 0),
    ),
    "ubl-tc434-creditnote1.xml": (
        ("invoice.red", "018304 / 28865", "EUR", "100.11", "0.00", "100.11"),
        ([("E", "0", "100.11", "0.00")], 1, "VAT:BE0000000196", "VAT:BE0000000295", 0),
    ),
    "ubl-tc434-example1.xml": (
        ("invoice.issue", "12115118", "EUR", "229.60", "20.73", "250.33"),
        (R6_21, 20, "VAT:NL8200.98.395.B.01", "salted:", 1),
    ),
    "ubl-tc434-example2.xml": (
        ("invoice.issue", "TOSL108", "NOK", "1436.50", "365.28", "1801.78"),
        (R25_15_0, 5, "VAT:NO123456789MVA", "VAT:NO987654321MVA", 1),
    ),
    "ubl-tc434-example3.xml": (
        ("invoice.issue", "TOSL108", "DKK", "1700.00", "305.00", "2005.00"),
        (
            [("S", "25", "900.00", "225.00"), ("S", "10", "800.00", "80.00")],
            2,
            "VAT:DK16356706",
            "VAT:NO987654321MVA",
            2,
        ),
    ),
    "ubl-tc434-example4.xml": (
        ("invoice.issue", "TOSL110", "DKK", "4000.00", "675.00", "4675.00"),
        (R25_12, 3, "VAT:DK16356706", "0088:5790000436057", 0),
    ),
    "ubl-tc434-example5.xml": (
        ("invoice.issue", "TOSL110", "DKK", "4000.00", "675.00", "4675.00"),
        (R25_12, 3, "VAT:NL16356706", "VAT:DK16356607", 0),
    ),
    "ubl-tc434-example6.xml": (
        ("invoice.issue", "TOSL110", "DKK", "4000.00", "675.00", "4675.00"),
        (R25_12, 3, "VAT:DK123456789MVA", "salted:", 0),
    ),
    "ubl-tc434-example8.xml": (
        ("invoice.issue", "1100512149", "EUR", "908.91", "190.87", "1099.78"),
        ([("S", "21", "908.91", "190.87")], 10, "VAT:NL809561074B01", "salted:", 0),
    ),
    "ubl-tc434-example9.xml": (
        ("invoice.issue", "20150483", "EUR", "147.00", "30.87", "177.87"),
        ([("S", "21", "147.00", "30.87")], 1, "VAT:NL809163160B01", "salted:", 0),
    ),
}


def read(name: str) -> bytes:
    return reference_path("invoices", name).read_bytes()


def to_record(data: bytes) -> PreparedRecord:
    invoice = read_invoice(data)
    validate_invoice(invoice)
    return to_invoice_record(
        invoice,
        digest_chunks([data]),
        suite=SUITE,
        claimed_time="2026-11-02T09:00:00+08:00",
        salt=SALT,
    )


def test_every_reference_file_is_in_the_table() -> None:
    assert sorted(path.name for path in reference_path("invoices").glob("*.xml")) == sorted(EXPECTED)


@pytest.mark.parametrize("name", EXPECTED)
def test_T2_example_becomes_the_record_that_its_xml_shows(name: str) -> None:
    data = read(name)
    record = to_record(data)
    fields = record.fields
    head, (rows, lines, seller, buyer, remarks) = EXPECTED[name]
    assert (record.kind, fields.number, fields.currency, fields.net, fields.tax, fields.gross) == head
    assert [(row.category, row.rate, row.net, row.tax) for row in fields.breakdown] == rows
    assert len(fields.line_nets) == lines
    assert fields.seller_ref == seller
    assert fields.buyer_ref.startswith(buyer)
    assert record.envelope["payload_hash"]["sha256"] == digest_chunks([data]).sha256
    assert len(find_remarks(read_invoice(data))) == remarks


@pytest.mark.parametrize("name", EXPECTED)
def test_T2_the_ledger_applies_the_record(name: str) -> None:
    record = to_record(read(name))
    world = LedgerChain("invoice-recorder")
    result = world.execute((record.kind, record.payload()))[0]
    assert result.applied, result
    stored = world.chain.record("invoice", record.object_id)
    assert stored is not None
    data = stored.data_as(InvoiceData)
    assert (data.net, data.tax, data.gross) == EXPECTED[name][0][3:]


@pytest.mark.parametrize("name", EXPECTED)
def test_I3_no_name_of_a_party_is_in_the_payload(name: str) -> None:
    data = read(name)
    payload = to_record(data).payload().decode()
    names = 0
    for element in ElementTree.fromstring(data).iter():
        tag, text = element.tag.rpartition("}")[2], (element.text or "").strip()
        if tag in {"Name", "RegistrationName", "StreetName", "ElectronicMail", "Telephone"} and len(text) > 3:
            names += 1
            assert text not in payload
    assert names, "every sample names its parties"


# Amounts whose change breaks a sum, and the rules that may be the first to see it.
TOTALS = {
    "LegalMonetaryTotal/LineExtensionAmount": {"BR-CO-10"},
    "LegalMonetaryTotal/AllowanceTotalAmount": {"BR-CO-11"},
    "LegalMonetaryTotal/ChargeTotalAmount": {"BR-CO-12"},
    "LegalMonetaryTotal/TaxExclusiveAmount": {"BR-CO-13"},
    "TaxSubtotal/TaxableAmount": {"BR-S-08", "BR-E-08"},
    "TaxSubtotal/TaxAmount": {"BR-CO-17", "BR-E-09"},
    "TaxTotal/TaxAmount": {"BR-CO-14"},
    "LegalMonetaryTotal/TaxInclusiveAmount": {"BR-CO-15"},
    "LegalMonetaryTotal/PrepaidAmount": {"BR-CO-16"},
    "LegalMonetaryTotal/PayableAmount": {"BR-CO-16"},
    "InvoiceLine/LineExtensionAmount": {"BR-CO-10"},
    "CreditNoteLine/LineExtensionAmount": {"BR-CO-10"},
}

SEEN_AT = {"LegalMonetaryTotal/PrepaidAmount": "PayableAmount"}
"""A changed part is seen at the sum that it no longer makes."""


@pytest.mark.parametrize("name", EXPECTED)
@pytest.mark.parametrize("change", ["0.50", "-1.00", "1000.00"])
def test_T2_any_changed_amount_is_refused_by_its_rule_and_field(name: str, change: str) -> None:
    root = ElementTree.fromstring(read(name))
    document_currency = root.findtext("{*}DocumentCurrencyCode")
    seen = set()
    for parent in root.iter():
        for child in parent:
            where = f"{parent.tag.rpartition('}')[2]}/{child.tag.rpartition('}')[2]}"
            if where not in TOTALS or child.get("currencyID") != document_currency:
                continue
            before = child.text or ""
            child.text = str(Decimal(before) + Decimal(change))
            with pytest.raises(InvalidDocument) as caught:
                to_record(ElementTree.tostring(root))
            child.text = before
            assert caught.value.rule in TOTALS[where], (where, str(caught.value))
            assert caught.value.field.endswith(SEEN_AT.get(where, where.rpartition("/")[2]))
            assert "expected" in caught.value.problem
            seen.add(where)
    assert {"LegalMonetaryTotal/PayableAmount", "TaxTotal/TaxAmount", "TaxSubtotal/TaxableAmount"} <= seen


@pytest.mark.parametrize("name", EXPECTED)
def test_T2_one_cent_anywhere_in_the_totals_is_refused(name: str) -> None:
    root = ElementTree.fromstring(read(name))
    total = root.find("{*}LegalMonetaryTotal")
    assert total is not None
    for child in total:
        before = child.text or ""
        child.text = str(Decimal(before) + Decimal("0.01"))
        with pytest.raises(InvalidDocument, match=r"BR-CO-1[0-6]"):
            to_record(ElementTree.tostring(root))
        child.text = before


@pytest.mark.parametrize("name", EXPECTED)
def test_T2_allows_each_example_also_by_the_twin_of_the_rules(name: str) -> None:
    assert find_problems(read(name)) == []
