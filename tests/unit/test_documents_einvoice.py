"""The national e-invoice: read, written again, and made a record; everything odd is refused and named."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import pytest

from govchain.cli.record_files import read_record
from govchain.crypto.file_digest import digest_chunks
from govchain.documents import (
    EInvoice,
    EInvoiceItem,
    EInvoiceParty,
    PreparedRecord,
    is_einvoice,
    read_einvoice,
    to_einvoice_record,
    write_einvoice,
)
from govchain.errors import ConfigError, InvalidDocument
from govchain.ledger.rules.personal import holds_identifier
from tests.support.ledger_world import ACME, BETA, SUITE, LedgerWorld, invoice_number

TIME = "2026-11-02T09:00:00+08:00"
ITEMS = (
    EInvoiceItem("*furniture*desk", "1050201010000000000", "3", "200", "600.00", "0.13", "78.00"),
    EInvoiceItem("*service*assembly", "3040201010000000000", "", "", "100.00", "6%", "6.00"),
)
SAMPLE = EInvoice(
    id=invoice_number(1),
    tag="SWEI3200",
    version="0.31",
    type_code="01",
    vat_label="02",
    seller=EInvoiceParty(ACME, "Acme Trading"),
    buyer=EInvoiceParty(BETA, "Beta Media"),
    net="700.00",
    tax="84.00",
    gross="784.00",
    items=ITEMS,
    number=invoice_number(1),
    issue_time="2026-11-02 09:00:00",
    bureau_code="19901000000",
    signature="c2FtcGxl",
)


def made(**changes: Any) -> EInvoice:
    return dataclasses.replace(SAMPLE, **changes)


def record_of(invoice: EInvoice, **more: Any) -> PreparedRecord:
    data = write_einvoice(invoice)
    return to_einvoice_record(
        read_einvoice(data), digest_chunks([data]), suite=SUITE, claimed_time=TIME, **more
    )


def red(number: str = invoice_number(2)) -> EInvoice:
    item = dataclasses.replace(ITEMS[0], quantity="-1", amount="-200.00", tax="-26.00")
    return made(number=number, net="-200.00", tax="-26.00", gross="-226.00", items=(item,))


def send(world: LedgerWorld, record: PreparedRecord) -> Any:
    transaction = world.sign(record.kind, "acme-a", record.payload())
    return world.execute([transaction]).block.results[0]


def test_written_and_read_again_it_is_the_same() -> None:
    for invoice in (SAMPLE, red(), made(version="", signature="")):
        data = write_einvoice(invoice)
        assert is_einvoice(data)
        assert read_einvoice(data) == invoice
        assert write_einvoice(read_einvoice(data)) == data


def test_invoice_and_its_red_twin_become_records_that_the_chain_applies() -> None:
    world = LedgerWorld()
    blue = record_of(SAMPLE)
    assert (blue.kind, blue.object_id) == ("invoice.issue", invoice_number(1))
    assert [(row.rate, row.net, row.tax) for row in blue.fields.breakdown] == [
        ("13", "600.00", "78.00"),
        ("6", "100.00", "6.00"),
    ]
    assert send(world, blue).applied
    taken = record_of(red(), corrects=[invoice_number(1)], blue_lines=[1])
    assert (taken.kind, taken.fields.gross, taken.fields.lines[0].quantity) == ("invoice.red", "226.00", "1")
    assert send(world, taken).applied
    assert world.record("invoice", invoice_number(1)).state == "RED_PARTIAL"


def test_names_and_a_persons_number_stay_in_the_document() -> None:
    person = made(buyer=EInvoiceParty("110102199101010078", "a citizen"))
    with pytest.raises(ConfigError, match="salt"):
        record_of(person)
    payload = record_of(person, salt=b"0123456789abcdef").payload().decode()
    assert "salted:" in payload
    assert not holds_identifier(payload)
    assert "citizen" not in payload
    assert "Acme Trading" not in record_of(SAMPLE).payload().decode()


@pytest.mark.parametrize(
    ("changes", "rule", "field"),
    [
        ({"gross": "784.01"}, "T2", "EInvoiceData"),
        ({"net": "700.001"}, "T2", "TotalAmWithoutTax"),
        ({"tax": "1e2"}, "T2", "TotalTaxAm"),
        ({"issue_time": "today"}, "T1", "IssueTime"),
        ({"number": ""}, "EINVOICE-FIELD", "InvoiceNumber"),
        ({"items": ()}, "EINVOICE-ITEMS", "IssuItemInformation"),
        ({"items": ITEMS * 101}, "EINVOICE-ITEMS", "IssuItemInformation"),
        ({"tag": "x" * 201}, "EINVOICE-LONG", "EInvoiceTag"),
        ({"items": (dataclasses.replace(ITEMS[0], rate="exempt"),)}, "T2", "TaxRate"),
        ({"items": (dataclasses.replace(ITEMS[0], price="201"), ITEMS[1])}, "T2", "EInvoiceData"),
    ],
)
def test_what_is_wrong_is_refused_and_named(changes: dict[str, Any], rule: str, field: str) -> None:
    with pytest.raises(InvalidDocument) as caught:
        record_of(made(**changes))
    assert caught.value.rule == rule
    assert field in caught.value.field


def test_foreign_xml_and_repeated_elements_are_refused() -> None:
    for data in (b"<Invoice/>", b"no xml", b'<!DOCTYPE EInvoice SYSTEM "x"><EInvoice/>'):
        assert not is_einvoice(data)
        with pytest.raises(InvalidDocument):
            read_einvoice(data)
    twice = write_einvoice(SAMPLE).replace(
        b"</TaxSupervisionInfo>", b"<IssueTime>x</IssueTime></TaxSupervisionInfo>"
    )
    with pytest.raises(InvalidDocument, match="2 times"):
        read_einvoice(twice)


def test_a_red_one_needs_a_blue_line_for_each_item() -> None:
    with pytest.raises(InvalidDocument, match="one blue line"):
        record_of(red(), corrects=[invoice_number(1)], blue_lines=[1, 2])


def test_submit_tells_it_from_a_european_one(tmp_path: Path) -> None:
    path = tmp_path / "invoice.xml"
    path.write_bytes(write_einvoice(SAMPLE))
    assert read_record(path, SUITE).fields.standard == "CN"
