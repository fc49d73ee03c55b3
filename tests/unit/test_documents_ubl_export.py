"""Export to UBL 2.1: what a national invoice becomes, what has no place there, and the twin that judges."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

import msgspec
import pytest

from govchain.cli.app import run
from govchain.cli.invoices import from_einvoice
from govchain.codec.genesis_file import write_genesis
from govchain.documents import read_invoice, to_business_invoice, write_einvoice, write_invoice
from govchain.errors import InvalidDocument
from govchain.ledger.kinds.invoice.fields import InvoiceIssue, InvoiceLine, TaxSubtotal
from govchain.ledger.payloads import encode_payload
from govchain.receipt import build_receipt, write_receipt
from tests.support.en16931 import find_problems
from tests.support.ledger_world import ACME, invoice_fields, invoice_number
from tests.support.receipts import SUITE, LedgerChain
from tests.unit.test_documents_einvoice import SAMPLE, made, red

BLUE = write_invoice(from_einvoice(write_einvoice(SAMPLE)))
RED = write_invoice(from_einvoice(write_einvoice(red()), (SAMPLE.number,)))
FIELDS = msgspec.convert(invoice_fields(invoice_number(1)), InvoiceIssue)
PAYLOAD = encode_payload(
    {"object_id": FIELDS.number, "object_version": 1, "claimed_time": "2026-11-02T09:00:00+08:00"}, FIELDS
)


def test_a_national_invoice_and_its_red_twin_become_an_invoice_and_a_credit_note() -> None:
    blue, taken = read_invoice(BLUE), read_invoice(RED)
    assert (blue.is_credit_note, taken.is_credit_note) == (False, True)
    assert (blue.type_code, taken.type_code, taken.corrects) == ("380", "381", (SAMPLE.number,))
    assert (blue.seller.name, blue.seller.tax_id, blue.buyer.name) == ("Acme Trading", ACME, "Beta Media")
    assert [(line.name, str(line.quantity), str(line.price)) for line in blue.lines] == [
        ("*furniture*desk", "3", "200"),
        ("*service*assembly", "1", "100.00"),
    ]
    assert [(row.tax.category, str(row.tax.rate)) for row in blue.rows] == [("S", "13"), ("S", "6")]
    assert (str(blue.totals.payable), str(taken.totals.payable)) == ("784.00", "226.00")
    assert find_problems(BLUE) == find_problems(RED) == []


def test_a_person_is_named_by_the_document_and_by_no_number() -> None:
    person = made(buyer=dataclasses.replace(SAMPLE.buyer, id_number="110102199101010078", name="a citizen"))
    data = write_invoice(from_einvoice(write_einvoice(person)))
    assert b"a citizen" in data
    assert b"110102199101010078" not in data
    assert find_problems(data) == []


def changed(**changes: Any) -> InvoiceIssue:
    return msgspec.structs.replace(FIELDS, **changes)


LINE = InvoiceLine(net="1000.00", tax="130.00", rate="13")


@pytest.mark.parametrize(
    ("fields", "rule"),
    [
        (changed(standard="EN16931"), "BT-24"),
        (changed(allowances="10.00"), "BR-32"),
        (changed(charges="10.00"), "BR-32"),
        (changed(charges="no number"), "BR-32"),
        (changed(breakdown=[TaxSubtotal("VAT", "13", "1000.00", "130.06")], tax="130.06"), "BR-CO-17"),
        (changed(breakdown=[TaxSubtotal("O", "", "1000.00", "0.00")], tax="0.00"), "BR-O-10"),
        (changed(breakdown=[TaxSubtotal("VAT", "0", "1000.00", "0.01")], tax="0.01"), "BR-Z-09"),
        (changed(lines=[LINE, LINE]), "BR-CO-10"),
        (changed(seller_ref="salted:1"), "BR-CO-26"),
        (changed(buyer_ref="a\x01b"), "XML-FORM"),
    ],
)
def test_what_en_16931_has_no_place_for_is_refused_and_named(fields: InvoiceIssue, rule: str) -> None:
    with pytest.raises(InvalidDocument) as caught:
        write_invoice(to_business_invoice(fields, is_credit_note=False))
    assert caught.value.rule == rule


BREAKS = [
    ("urn:cen.eu:en16931:2017", "", "BR-01"),
    ("<cbc:ID>26990000000000000001</cbc:ID>", "<cbc:ID/>", "BR-02"),
    ("2026-11-02", "", "BR-03"),
    ("380", "381", "BR-CL-01"),
    ("CNY</", "</", "BR-05"),
    ("Acme Trading", "", "BR-06"),
    ("Beta Media", "", "BR-07"),
    ("<cbc:IdentificationCode>CN</cbc:IdentificationCode>", "", "BR-09"),
    ("as agreed between the parties 按双方约定", "", "BR-CO-25"),
    ("PartyTaxScheme", "PartyIdentification", "BR-S-02"),
    (">600.00</cbc:LineExtensionAmount>", ">600.01</cbc:LineExtensionAmount>", "BR-CO-10"),
    (">700.00</cbc:TaxExclusiveAmount>", ">700.01</cbc:TaxExclusiveAmount>", "BR-CO-13"),
    (">84.00</cbc:TaxAmount>", ">84.01</cbc:TaxAmount>", "BR-CO-14"),
    (">784.00</cbc:TaxInclusiveAmount>", ">784.01</cbc:TaxInclusiveAmount>", "BR-CO-15"),
    (">784.00</cbc:PayableAmount>", ">784.01</cbc:PayableAmount>", "BR-CO-16"),
    (">784.00</cbc:PayableAmount>", ">784.001</cbc:PayableAmount>", "BR-DEC"),
    (">600.00</cbc:TaxableAmount>", ">600.01</cbc:TaxableAmount>", "BR-S-08"),
    (">78.00</cbc:TaxAmount>", ">79.00</cbc:TaxAmount>", "BR-CO-17"),
    ("<cbc:Percent>13<", "<cbc:Percent>0<", "BR-S-05"),
    ('unitCode="C62"', 'unitCode=""', "BR-23"),
    ("*furniture*desk", "", "BR-25"),
    (">200<", ">-200<", "BR-27"),
    ("cac:PaymentTerms", "cac:InvoicePeriod", "UBL-SCHEMA"),
    ("cbc:CustomizationID", "cbc:Customization", "UBL-SCHEMA"),
]


@pytest.mark.parametrize(("before", "after", "rule"), BREAKS)
def test_the_twin_of_the_rules_sees_each_broken_place(before: str, after: str, rule: str) -> None:
    text = BLUE.decode()
    assert before in text
    found = find_problems(text.replace(before, after).encode())
    assert any(problem.startswith(rule) for problem in found), found


def test_the_command_exports_a_document_and_what_a_receipt_proves(tmp_path: Path) -> None:
    source, receipt, denied, genesis, out, told = (
        tmp_path / name for name in ("blue.xml", "r.json", "d.json", "genesis.json", "ubl.xml", "told.json")
    )
    source.write_bytes(write_einvoice(SAMPLE))
    assert run(["invoice", "export", str(source), "--out", str(out)]) == 0
    assert out.read_bytes() == BLUE
    chain = LedgerChain()
    genesis.write_bytes(write_genesis(chain.genesis))
    for path in (receipt, denied):
        result = chain.execute(("invoice.issue", PAYLOAD))[0]
        assert result.applied == (path == receipt)
        made_of = build_receipt(chain.chain, SUITE, result.transaction_id, chain.public_key_of)
        assert made_of is not None
        path.write_bytes(write_receipt(made_of))
    more = ["--out", str(out), "--genesis", str(genesis), "--json", str(told)]
    assert run(["invoice", "export", str(receipt), *more]) == 0
    said = json.loads(told.read_text())
    assert (said["document"], said["number"], said["payable"]) == ("Invoice", FIELDS.number, "1130.00")
    assert find_problems(out.read_bytes()) == []
    assert read_invoice(out.read_bytes()).seller.name == ACME, "a record has no names"
    out.unlink()
    assert run(["invoice", "export", str(receipt), "--out", str(out)]) == 2, "a genesis is needed"
    told.write_bytes(BLUE)
    assert run(["invoice", "export", str(told), *more[:-2]]) == 2, "it is UBL already"
    assert run(["invoice", "export", str(denied), *more]) == 2
    assert run(["invoice", "export", str(receipt), *more, "--corrects", "1"]) == 2
    receipt.write_bytes(receipt.read_bytes().replace(b"1130.00", b"1130.01"))
    assert run(["invoice", "export", str(receipt), *more]) == 1
    assert not out.exists()
