"""E-invoices: what the reader refuses, what each rule of EN 16931-1 refuses, and what becomes a record."""

from __future__ import annotations

from collections.abc import Callable
from decimal import ROUND_DOWN, Decimal, localcontext
from pathlib import Path

import pytest

from govchain.crypto.file_digest import digest_chunks
from govchain.documents import PreparedRecord, find_remarks, read_invoice, to_invoice_record, validate_invoice
from govchain.errors import ConfigError, InvalidDocument
from tests.support.receipts import SUITE, LedgerChain

SAMPLE = (Path(__file__).parents[2] / "scenarios" / "data" / "invoice-sample.xml").read_bytes()
TIME = "2026-11-02T09:00:00+08:00"


def judge(data: bytes) -> None:
    validate_invoice(read_invoice(data))


def changed(before: str, after: str, count: int = 1) -> bytes:
    text = SAMPLE.decode()
    assert before in text, before
    return text.replace(before, after, count).encode()


def refused(data: bytes) -> InvalidDocument:
    with pytest.raises(InvalidDocument) as caught:
        judge(data)
    return caught.value


def record_of(data: bytes, salt: bytes = b"") -> PreparedRecord:
    invoice = read_invoice(data)
    validate_invoice(invoice)
    return to_invoice_record(invoice, digest_chunks([data]), suite=SUITE, claimed_time=TIME, salt=salt)


def test_sample_invoice_becomes_a_record_of_its_seller() -> None:
    record = record_of(SAMPLE)
    assert record.kind == "invoice.issue"
    assert record.object_id == "91990100MA0XX00U2T/ACME-2026-000117"
    fields = record.fields
    assert (fields.net, fields.tax, fields.gross) == ("10450.00", "1271.00", "11721.00")
    assert (fields.allowances, fields.charges) == ("99.01", "50.00")
    assert fields.buyer_ref == "91990100MA0XX00W9H"
    assert find_remarks(read_invoice(SAMPLE)) == ()
    assert LedgerChain().execute((record.kind, record.payload()))[0].applied


# Foreign bytes


BOMB = """<?xml version="1.0"?><!DOCTYPE z [<!ENTITY a "aaaaaaaaaa">""" + "".join(
    f'<!ENTITY {b} "{f"&{a};" * 10}">' for a, b in zip("abcdefgh", "bcdefghi", strict=True)
)
LATE_DTD = '<!DOCTYPE Invoice SYSTEM "file:///etc/passwd"><Invoice/>'


@pytest.mark.parametrize(
    ("data", "rule"),
    [
        (b"", "XML-FORM"),
        (b"<Invoice", "XML-FORM"),
        (b"\x00\xff\xfe", "XML-FORM"),
        (b'<?xml version="1.0" encoding="no-such"?><a/>', "XML-FORM"),
        ((BOMB + "]><z>&i;</z>").encode(), "XML-DTD"),
        (LATE_DTD.encode(), "XML-DTD"),
        (LATE_DTD.encode("utf-16"), "XML-DTD"),
        (b"<a>" + b" " * 10_000_000 + b"</a>", "XML-SIZE"),
        (b"<a>" + b"<b/>" * 900_000 + b"</a>", "XML-SIZE"),
        (b"<Invoice/>", "UBL-ROOT"),
        (b'<Invoice xmlns="urn:oasis:names:specification:ubl:schema:xsd:Order-2"/>', "UBL-ROOT"),
        (b"<a>" * 50_000 + b"</a>" * 50_000, "UBL-ROOT"),
    ],
)
def test_foreign_bytes_are_refused(data: bytes, rule: str) -> None:
    assert refused(data).rule == rule


def test_elements_of_other_namespaces_do_not_count() -> None:
    data = changed("CommonBasicComponents-2", "CommonBasicComponents-3")
    assert refused(data).rule == "BR-05"


# Presence and form


@pytest.mark.parametrize(
    ("before", "after", "rule", "field"),
    [
        ("<cbc:ID>ACME-2026-000117</cbc:ID>", "", "BR-02", "/Invoice/cbc:ID"),
        ("<cbc:ID>ACME-2026-000117</cbc:ID>", "<cbc:ID> </cbc:ID>", "BR-02", "/Invoice/cbc:ID"),
        ("<cbc:IssueDate>2026-11-02</cbc:IssueDate>", "", "BR-03", "/Invoice/cbc:IssueDate"),
        ("2026-11-02<", "2026-02-30<", "BR-03", "/Invoice/cbc:IssueDate"),
        ("2026-11-02<", "02.11.2026<", "BR-03", "/Invoice/cbc:IssueDate"),
        ("<cbc:InvoiceTypeCode>380</cbc:InvoiceTypeCode>", "", "BR-04", "/Invoice/cbc:InvoiceTypeCode"),
        (">380<", ">381<", "BR-CL-01", "/Invoice/cbc:InvoiceTypeCode"),
        ("<cbc:DocumentCurrencyCode>CNY</", "<cbc:DocumentCurrencyCode>Yuan</", "BR-CL-04", "CurrencyCode"),
        ("DocumentCurrencyCode>", "Note>", "BR-05", "/Invoice/cbc:DocumentCurrencyCode"),
        ("RegistrationName>", "Note>", "BR-06", "RegistrationName"),
        ("AccountingCustomerParty>", "BuyerCustomerParty>", "BR-07", "AccountingCustomerParty/cac:Party"),
        ("PostalAddress>", "PhysicalLocation>", "BR-08", "PostalAddress"),
        ("IdentificationCode>", "Name>", "BR-09", "IdentificationCode"),
        ("LegalMonetaryTotal>", "AnticipatedMonetaryTotal>", "BR-12", "LegalMonetaryTotal"),
        ("cbc:TaxExclusiveAmount", "cbc:Note", "BR-13", "cbc:TaxExclusiveAmount"),
        ("cbc:TaxInclusiveAmount", "cbc:Note", "BR-14", "cbc:TaxInclusiveAmount"),
        ("cbc:PayableAmount", "cbc:Note", "BR-15", "cbc:PayableAmount"),
        ("cac:InvoiceLine", "cac:CreditNoteLine", "BR-16", "cac:InvoiceLine"),
        ("cbc:InvoicedQuantity", "cbc:CreditedQuantity", "BR-22", "cac:InvoiceLine[1]/cbc:InvoicedQuantity"),
        ("cbc:PriceAmount", "cbc:Note", "BR-26", "cac:Price/cbc:PriceAmount"),
        ("ClassifiedTaxCategory>", "Note>", "BR-CO-04", "cac:ClassifiedTaxCategory"),
        ("cac:TaxSubtotal>", "cac:Note>", "BR-CO-18", "cac:TaxSubtotal"),
        ("cbc:TaxableAmount", "cbc:Note", "BR-45", "cac:TaxSubtotal[1]/cbc:TaxableAmount"),
        (">560.00<", ">-560.00<", "BR-27", "cac:InvoiceLine[1]/cac:Price/cbc:PriceAmount"),
        (">5600.00<", ">5600.001<", "BR-DEC-23", "cac:InvoiceLine[1]/cbc:LineExtensionAmount"),
        (">11721.00<", ">11721.005<", "BR-DEC-14", "cbc:TaxInclusiveAmount"),
        (">11721.00<", ">1e4<", "UBL-FORM", "cbc:TaxInclusiveAmount"),
        (">11721.00<", ">NaN<", "UBL-FORM", "cbc:TaxInclusiveAmount"),
        (">11721.00<", ">１１７２１<", "UBL-FORM", "cbc:TaxInclusiveAmount"),
        (">11721.00<", f">{'9' * 40}<", "UBL-FORM", "cbc:TaxInclusiveAmount"),
        (">11721.00<", "><b/>11721.00<", "UBL-FORM", "cbc:TaxInclusiveAmount"),
        (">true<", ">yes<", "UBL-FORM", "cbc:ChargeIndicator"),
        (
            'Amount currencyID="CNY">11721.00',
            'Amount currencyID="EUR">11721.00',
            "BT-5",
            "TaxInclusiveAmount",
        ),
        ('Amount currencyID="CNY">11721.00', "Amount>11721.00", "BT-5", "TaxInclusiveAmount"),
        ('Amount currencyID="CNY">560.00', 'Amount currencyID="USD">560.00', "BT-5", "cbc:PriceAmount"),
    ],
)
def test_a_missing_or_malformed_field_is_refused_by_its_rule(
    before: str, after: str, rule: str, field: str
) -> None:
    whole = after and not before.startswith((">", "<")) and before.endswith((">", "t", "y", "e"))
    error = refused(changed(before, after, -1 if whole else 1))
    assert (error.rule, error.field.endswith(field)) == (rule, True), str(error)


def test_an_element_that_occurs_once_must_not_occur_twice() -> None:
    # A reader that takes the first and a person who sees the last would disagree about the amount.
    twice = '<cbc:TaxInclusiveAmount currencyID="CNY">11721.00</cbc:TaxInclusiveAmount>'
    assert refused(changed(twice, twice + twice)).rule == "UBL-CARDINALITY"
    number = "<cbc:ID>ACME-2026-000117</cbc:ID>"
    assert refused(changed(number, number + "<cbc:ID>X</cbc:ID>")).rule == "UBL-CARDINALITY"


# Sums


@pytest.mark.parametrize(
    ("before", "after", "rule", "field"),
    [
        (">10499.01<", ">10499.02<", "BR-CO-10", "cbc:LineExtensionAmount"),
        ("AllowanceTotalAmount currencyID=\"CNY\">99.01", "AllowanceTotalAmount currencyID=\"CNY\">99.00",
         "BR-CO-11", "cbc:AllowanceTotalAmount"),
        ("ChargeTotalAmount currencyID=\"CNY\">50.00", "ChargeTotalAmount currencyID=\"CNY\">51.00",
         "BR-CO-12", "cbc:ChargeTotalAmount"),
        (">10450.00<", ">10450.01<", "BR-CO-13", "cbc:TaxExclusiveAmount"),
        (">1271.00<", ">1270.99<", "BR-CO-14", "/Invoice/cac:TaxTotal/cbc:TaxAmount"),
        (">11721.00<", ">11720.00<", "BR-CO-15", "cbc:TaxInclusiveAmount"),
        (">10000.00<", ">9999.99<", "BR-CO-16", "cbc:PayableAmount"),
        (">1721.00<", ">1720.00<", "BR-CO-16", "cbc:PayableAmount"),
        (">9200.00<", ">9200.01<", "BR-S-08", "cac:TaxSubtotal[1]/cbc:TaxableAmount"),
        (">1196.00<", ">1196.03<", "BR-CO-17", "cac:TaxSubtotal[1]/cbc:TaxAmount"),
        (">1196.00<", ">1196.02<", "BR-CO-14", "/Invoice/cac:TaxTotal/cbc:TaxAmount"),
        (">5600.00<", ">5600.01<", "BR-CO-10", "cbc:LineExtensionAmount"),
    ],
)  # fmt: skip
def test_T2_a_wrong_sum_is_refused_by_its_rule(before: str, after: str, rule: str, field: str) -> None:
    error = refused(changed(before, after))
    assert (error.rule, error.field.endswith(field)) == (rule, True), str(error)
    assert "expected" in error.problem


def test_absent_allowance_total_counts_as_zero() -> None:
    name = "cbc:AllowanceTotalAmount"
    assert refused(changed(name, "cbc:Note", -1)).rule == "BR-CO-11"


def test_BR_CO_17_rounding_of_each_line_is_allowed_and_no_more() -> None:
    # Three lines and an allowance in the row: four roundings of at most half a cent.
    for tax, gross, payable in (("1196.02", "11721.02", "10000.02"), ("1195.98", "11720.98", "9999.98")):
        total = str(Decimal(tax) + 75)
        data = changed(">1196.00<", f">{tax}<").decode()
        data = data.replace(">1271.00<", f">{total}<").replace(">11721.00<", f">{gross}<")
        judge(data.replace(">10000.00<", f">{payable}<").encode())
    assert refused(changed(">1196.00<", ">1195.97<")).rule == "BR-CO-17"


def test_sums_do_not_depend_on_the_threads_decimal_context() -> None:
    with localcontext() as context:
        context.prec = 3
        context.rounding = ROUND_DOWN
        judge(SAMPLE)
        assert record_of(SAMPLE).fields.gross == "11721.00"


# VAT categories


def recategorise(category: str, percent: str, extra: str = "") -> bytes:
    """The sample with its 6 % row and items moved to another category, tax and totals adjusted."""
    text = SAMPLE.decode()
    for tag in ("ClassifiedTaxCategory", "TaxCategory"):
        old = f"<cac:{tag}>\n{{0}}  <cbc:ID>S</cbc:ID>\n{{0}}  <cbc:Percent>6</cbc:Percent>"
        for indent in ("    ", "      "):
            new = f"<cac:{tag}>\n{indent}  <cbc:ID>{category}</cbc:ID>\n{indent}  {percent}"
            text = text.replace(old.format(indent), new)
    text = text.replace(">75.00<", ">0.00<").replace(">1271.00<", ">1196.00<")
    text = text.replace(">11721.00<", ">11646.00<").replace(">10000.00<", ">9925.00<")
    if extra:
        row = text.index(">1250.00<")
        at = text.index("<cac:TaxScheme>", row)
        text = text[:at] + extra + text[at:]
    return text.encode()


REASON = "<cbc:TaxExemptionReason>as the law says</cbc:TaxExemptionReason>"
ZERO_RATE = "<cbc:Percent>0.00</cbc:Percent>"


@pytest.mark.parametrize("category", ["E", "AE", "K", "G"])
def test_untaxed_categories_pass_with_a_reason_and_reach_the_ledger(category: str) -> None:
    record = record_of(recategorise(category, ZERO_RATE, REASON))
    assert [(row.category, row.rate, row.tax) for row in record.fields.breakdown][1] == (
        category,
        "0",
        "0.00",
    )
    assert LedgerChain().execute((record.kind, record.payload()))[0].applied


def test_zero_rated_and_out_of_scope_reach_the_ledger() -> None:
    for data in (recategorise("Z", ZERO_RATE), recategorise("O", "", REASON)):
        record = record_of(data)
        assert LedgerChain().execute((record.kind, record.payload()))[0].applied


@pytest.mark.parametrize(
    ("data", "rule"),
    [
        (recategorise("E", ZERO_RATE), "BR-E-10"),
        (recategorise("Z", ZERO_RATE, REASON), "BR-Z-10"),
        (recategorise("Z", "<cbc:Percent>6</cbc:Percent>"), "BR-Z-05"),
        (recategorise("Z", ""), "BR-48"),
        (recategorise("O", ZERO_RATE, REASON), "BR-O-05"),
        (recategorise("X", ZERO_RATE), "BR-CL-18"),
        (recategorise("Z", ZERO_RATE).replace(b'"CNY">0.00<', b'"CNY">0.01<', 1), "BR-Z-09"),
        (changed("<cbc:Percent>13</cbc:Percent>", "<cbc:Percent>0</cbc:Percent>"), "BR-S-06"),
        (changed("<cbc:Percent>6</cbc:Percent>", "<cbc:Percent>9</cbc:Percent>"), "BR-S-01"),
    ],
)
def test_category_rules(data: bytes, rule: str) -> None:
    assert refused(data).rule == rule


def test_BR_S_01_two_rows_of_one_category_and_rate_are_refused() -> None:
    text = SAMPLE.decode()
    start = text.index("    <cac:TaxSubtotal>")
    end = text.index("    <cac:TaxSubtotal>", start + 1)
    assert refused((text[:end] + text[start:]).encode()).rule == "BR-S-01"


# Currencies


EUR_TOTAL = '<cac:TaxTotal><cbc:TaxAmount currencyID="EUR">162.00</cbc:TaxAmount></cac:TaxTotal>'


def in_two_currencies(total: str) -> bytes:
    text = changed("<cac:AccountingSupplierParty>", "<cbc:TaxCurrencyCode>EUR</cbc:TaxCurrencyCode>"
                   "<cac:AccountingSupplierParty>").decode()  # fmt: skip
    return text.replace("  <cac:LegalMonetaryTotal>", total + "<cac:LegalMonetaryTotal>").encode()


def test_tax_is_taken_in_the_documents_currency() -> None:
    data = in_two_currencies(EUR_TOTAL)
    judge(data)
    assert read_invoice(data).tax_in_tax_currency == Decimal("162.00")
    assert record_of(data).fields.tax == "1271.00"


def test_BR_53_tax_currency_needs_its_total() -> None:
    assert refused(in_two_currencies("")).rule == "BR-53"
    assert refused(in_two_currencies(EUR_TOTAL.replace("EUR", "USD"))).rule == "BT-5"
    assert refused(in_two_currencies(EUR_TOTAL + EUR_TOTAL)).rule == "UBL-CARDINALITY"


# Lines


def test_R120_is_a_remark_for_en16931_and_a_rule_for_peppol() -> None:
    data = changed(">560.00<", ">561.00<")
    judge(data)
    remarks = find_remarks(read_invoice(data))
    assert [(remark.rule, remark.field) for remark in remarks] == [
        ("PEPPOL-EN16931-R120", "/Invoice/cac:InvoiceLine[1]/cbc:LineExtensionAmount")
    ]
    peppol = "urn:cen.eu:en16931:2017#compliant#urn:fdc:peppol.eu:2017:poacc:billing:3.0"
    data = data.replace(b"urn:cen.eu:en16931:2017", peppol.encode())
    assert refused(data).rule == "PEPPOL-EN16931-R120"
    judge(SAMPLE.replace(b"urn:cen.eu:en16931:2017", peppol.encode()))


def test_price_per_base_quantity_and_line_allowances_count() -> None:
    base = '>560.00</cbc:PriceAmount><cbc:BaseQuantity unitCode="EA">2</cbc:BaseQuantity>'
    line_charge = (
        "<cac:AllowanceCharge><cbc:ChargeIndicator>1</cbc:ChargeIndicator>"
        '<cbc:Amount currencyID="CNY">2800.00</cbc:Amount></cac:AllowanceCharge><cac:Item>'
    )
    text = changed(">560.00</cbc:PriceAmount>", base).decode().replace("<cac:Item>", line_charge, 1)
    assert find_remarks(read_invoice(text.encode())) == ()
    zero = text.replace('unitCode="EA">2</cbc:Base', 'unitCode="EA">0</cbc:Base').encode()
    assert "base quantity" in find_remarks(read_invoice(zero))[0].problem


# Credit notes


def credit_note(references: str) -> bytes:
    text = SAMPLE.decode().replace(":Invoice-2", ":CreditNote-2").replace("<Invoice ", "<CreditNote ")
    text = text.replace("</Invoice>", "</CreditNote>").replace("cac:InvoiceLine", "cac:CreditNoteLine")
    text = text.replace("InvoicedQuantity", "CreditedQuantity").replace("ACME-2026-000117", "ACME-R-1")
    text = text.replace("InvoiceTypeCode>380</cbc:Invoice", "CreditNoteTypeCode>381</cbc:CreditNote")
    return text.replace(
        "  <cac:AccountingSupplierParty>", references + "<cac:AccountingSupplierParty>"
    ).encode()


def reference(number: str) -> str:
    return (
        "<cac:BillingReference><cac:InvoiceDocumentReference>"
        f"<cbc:ID>{number}</cbc:ID></cac:InvoiceDocumentReference></cac:BillingReference>"
    )


def test_T3_credit_note_becomes_a_red_invoice_that_takes_back_its_invoice() -> None:
    blue = record_of(SAMPLE)
    red = record_of(credit_note(reference("ACME-2026-000117") * 2))
    assert (red.kind, red.fields.corrects) == ("invoice.red", ["ACME-2026-000117"])
    world = LedgerChain()
    results = world.execute((blue.kind, blue.payload()), (red.kind, red.payload()))
    assert [result.applied for result in results] == [True, True], results
    stored = world.chain.record("invoice", blue.object_id)
    assert stored is not None
    assert stored.state == "RED_FULL"


def test_T3_number_with_spaces_is_found_again_by_its_credit_note() -> None:
    blue = record_of(changed("ACME-2026-000117", "No 7 / 2026 %"))
    assert blue.object_id == "91990100MA0XX00U2T/No%207%20/%202026%20%25"
    red = record_of(credit_note(reference("No 7 / 2026 %")))
    results = LedgerChain().execute((blue.kind, blue.payload()), (red.kind, red.payload()))
    assert [result.applied for result in results] == [True, True], results


def test_invoice_that_mentions_a_preceding_one_does_not_take_it_back() -> None:
    text = SAMPLE.decode().replace(
        "  <cac:AccountingSupplierParty>", reference("OLD") + "<cac:AccountingSupplierParty>"
    )
    assert record_of(text.encode()).fields.corrects == []


def test_BR_55_reference_without_a_number_is_refused() -> None:
    assert refused(credit_note(reference(""))).rule == "BR-55"


# Parties


SELLER = "91990100MA0XX00U2T"
BUYER = "91990100MA0XX00W9H"


def with_buyer(vat_id: str = "", legal_id: str = "", more: str = "") -> bytes:
    text = SAMPLE.decode()
    start = text.index("<cac:AccountingCustomerParty>")
    head, buyer = text[:start], text[start:]
    tax = buyer[buyer.index("<cac:PartyTaxScheme>") : buyer.index("<cac:PartyLegalEntity>")]
    buyer = buyer.replace(tax, tax.replace(BUYER, vat_id) if vat_id else "", 1)
    buyer = buyer.replace(f"<cbc:CompanyID>{BUYER}</cbc:CompanyID>", legal_id, 1)
    return (head + buyer.replace("<cac:PartyName>", more + "<cac:PartyName>", 1)).encode()


SALT = b"sixteen bytes ..."


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (with_buyer(vat_id="DK16356607"), "VAT:DK16356607"),
        (with_buyer(legal_id='<cbc:CompanyID schemeID="0082">987</cbc:CompanyID>'), "0082:987"),
        (with_buyer(more='<cbc:EndpointID schemeID="0201">0295</cbc:EndpointID>'), "0201:0295"),
        (with_buyer(legal_id=f"<cbc:CompanyID>{BUYER}</cbc:CompanyID>"), BUYER),
        # What may be a natural person's: numbers without a scheme, mail, codes of persons.
        (with_buyer(legal_id="<cbc:CompanyID>987</cbc:CompanyID>"), "salted:"),
        (with_buyer(more='<cbc:EndpointID schemeID="EM">someone@example.org</cbc:EndpointID>'), "salted:"),
        (with_buyer(more='<cbc:EndpointID schemeID="0210">RSSMRA</cbc:EndpointID>'), "salted:"),
        (with_buyer(vat_id="110102199101010078"), "salted:"),
        (with_buyer(), "salted:"),
    ],
)
def test_I3_parties_are_named_by_company_identifier_or_salted_commitment(data: bytes, expected: str) -> None:
    buyer_ref = record_of(data, SALT).fields.buyer_ref
    assert buyer_ref.startswith(expected)
    assert len(buyer_ref) == (71 if expected == "salted:" else len(expected))


def test_G7_commitment_depends_on_its_salt_and_needs_one() -> None:
    first, again = record_of(with_buyer(), SALT), record_of(with_buyer(), SALT)
    other = record_of(with_buyer(), SALT[::-1])
    assert first.fields.buyer_ref == again.fields.buyer_ref
    assert first.fields.buyer_ref != other.fields.buyer_ref
    for salt in (b"", SALT[:15]):
        with pytest.raises(ConfigError, match="salted commitment"):
            record_of(with_buyer(), salt)


def test_BR_CO_26_seller_without_any_identifier_is_refused() -> None:
    text = SAMPLE.decode().replace(f"<cbc:CompanyID>{SELLER}</cbc:CompanyID>", "")
    text = text.replace("<cac:PartyTaxScheme>", "<cac:Note>", 1).replace(
        "</cac:PartyTaxScheme>", "</cac:Note>", 1
    )
    assert refused(text.encode()).rule == "BR-CO-26"


# Limits of a record


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        (lambda: changed("ACME-2026-000117", "X" * 120), "BT-1"),
        (lambda: SAMPLE.replace(b"<cbc:Percent>6<", b"<cbc:Percent>6.00001<"), "BT-119"),
    ],
)
def test_values_that_do_not_fit_a_record_are_refused(change: Callable[[], bytes], rule: str) -> None:
    with pytest.raises(InvalidDocument) as caught:
        record_of(change())
    assert caught.value.rule == rule


def test_rate_has_one_spelling() -> None:
    for percent in (b"13.00", b"13.0", b"+13", b"013"):
        data = SAMPLE.replace(b"<cbc:Percent>13<", b"<cbc:Percent>" + percent + b"<")
        assert record_of(data).fields.breakdown[0].rate == "13"


def test_any_changed_byte_is_accepted_or_refused_and_never_an_accident() -> None:
    amounts = set()
    for position in range(0, len(SAMPLE), 7):
        for flip in (0x01, 0x20, 0x80):
            data = bytearray(SAMPLE)
            data[position] ^= flip
            try:
                fields = record_of(bytes(data), SALT).fields
            except InvalidDocument:
                continue
            amounts.add((fields.net, fields.tax, fields.gross))
    # Names, codes and dates may change; no change of one byte alters an amount and passes.
    assert amounts == {("10450.00", "1271.00", "11721.00")}
