"""Rules of invoices: one test that allows and one that denies for each (records.md 1.3)."""

from __future__ import annotations

from typing import Any

import pytest

from govchain.ledger.amounts import format_cents, parse_cents, round_half_up
from govchain.ledger.kinds.invoice.fields import InvoiceData, invoice_object_id
from govchain.model import TransactionResult
from tests.support.ledger_world import ACME, BETA, LedgerWorld, denial, invoice_fields, invoice_number

BLUE, RED, RED_2 = invoice_number(1), invoice_number(2), invoice_number(3)


@pytest.fixture
def world() -> LedgerWorld:
    world = LedgerWorld()
    result = world.issue_invoice(BLUE)
    assert result.applied, result
    return world


def en16931(number: str, *, net: str = "1000.00", **fields: Any) -> dict[str, Any]:
    return invoice_fields(number, net=net, standard="EN16931", currency="EUR", **fields)


def submit_en(
    world: LedgerWorld, kind: str, fields: dict[str, Any], person: str = "acme-a"
) -> TransactionResult:
    object_id = invoice_object_id(fields["seller_ref"], fields["number"])
    return world.submit(kind, person, object_id, fields)


def red_of(world: LedgerWorld, number: str) -> tuple[str, str]:
    record = world.record("invoice", number)
    return record.state, record.data_as(InvoiceData).red_gross


@pytest.mark.parametrize("number", ["26537912570200055449", "26440000009212913500"])
def test_T1_allows_number_of_the_right_form(world: LedgerWorld, number: str) -> None:
    assert world.issue_invoice(number).applied


@pytest.mark.parametrize(
    ("number", "reason"),
    [
        ("2644000000921291350", "19 digits"),
        ("26880000009212913500", "region 88"),
        ("25440000009212913500", "year 25"),
        ("2644000000921291350A", "digits"),
    ],
)
def test_T1_denies_wrong_number_and_names_the_fault(world: LedgerWorld, number: str, reason: str) -> None:
    result = world.issue_invoice(number)
    assert denial(result) == ("T1", "E_CHECKSUM")
    assert reason in result.detail


def test_T1_denies_object_id_that_is_not_the_number(world: LedgerWorld) -> None:
    result = world.submit("invoice.issue", "acme-a", RED, invoice_fields(RED_2))
    assert denial(result) == ("T1", "E_CHECKSUM")


def test_T1_denies_number_used_before(world: LedgerWorld) -> None:
    assert denial(world.issue_invoice(BLUE)) == ("T1", "E_DUP_ID")


def test_T2_allows_several_rates_lines_and_document_level_amounts(world: LedgerWorld) -> None:
    fields = invoice_fields(
        RED,
        net="300.00",
        tax="31.99",
        gross="331.99",
        breakdown=[
            {"category": "VAT", "rate": "13", "net": "200.00", "tax": "26.00"},
            {"category": "VAT", "rate": "6.0", "net": "100.00", "tax": "5.99"},
        ],
        line_nets=["150.00", "60.00", "100.00"],
        allowances="20.00",
        charges="10",
    )
    assert world.submit("invoice.issue", "acme-a", RED, fields).applied


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"gross": "1130.01"}, "do not make gross"),
        ({"net": "1000.00", "line_nets": ["999.99"]}, "lines, allowances and charges"),
        ({"net": "1000.001"}, "net:"),
        ({"gross": "1.13e3"}, "gross:"),
        ({"breakdown": []}, "breakdown"),
        ({"breakdown": [{"category": "VAT", "rate": "13", "net": "999.99", "tax": "130.00"}]}, "net amounts"),
        ({"breakdown": [{"category": "VAT", "rate": "13", "net": "1000.00", "tax": "130.01"}]}, "taxes make"),
        ({"breakdown": [{"category": "VAT", "rate": "x", "net": "1000.00", "tax": "130.00"}]}, "rate"),
        ({"breakdown": [{"category": "VAT", "rate": "6", "net": "1000.00", "tax": "130.00"}]}, "about 60.00"),
    ],
)
def test_T2_denies_sums_that_do_not_hold(world: LedgerWorld, fields: dict[str, Any], reason: str) -> None:
    result = world.issue_invoice(RED, **fields)
    assert denial(result) == ("T2", "E_AMOUNT")
    assert reason in result.detail


@pytest.mark.parametrize(
    ("tax", "is_allowed"), [("130.06", True), ("130.07", False), ("129.94", True), ("129.93", False)]
)
def test_T2_denies_tax_beyond_the_tolerance_and_allows_within(
    world: LedgerWorld, tax: str, is_allowed: bool
) -> None:
    gross = format_cents(100_000 + parse_cents(tax))
    row = {"category": "VAT", "rate": "13", "net": "1000.00", "tax": tax}
    assert world.issue_invoice(RED, tax=tax, gross=gross, breakdown=[row]).applied == is_allowed


def test_T2_denies_negative_chinese_totals(world: LedgerWorld) -> None:
    row = {"category": "VAT", "rate": "13", "net": "-100.00", "tax": "-13.00"}
    result = world.issue_invoice(RED, net="-100.00", tax="-13.00", gross="-113.00", breakdown=[row])
    assert denial(result) == ("T2", "E_AMOUNT")


def test_T2_cents_are_exact() -> None:
    assert [parse_cents(text) for text in ("0", "1.5", "-0.01", "999999999999999.99")] == [
        0,
        150,
        -1,
        10**17 - 1,
    ]
    assert [round_half_up(value, 100) for value in (49, 50, -50, 150)] == [0, 1, -1, 2]


def test_T3_allows_partial_then_full_red(world: LedgerWorld) -> None:
    assert world.red_invoice(RED, BLUE, "300.00").applied
    assert red_of(world, BLUE) == ("RED_PARTIAL", "339.00")
    assert world.red_invoice(RED_2, BLUE, "700.00").applied
    assert red_of(world, BLUE) == ("RED_FULL", "1130.00")
    assert world.record("invoice", RED).state == "ISSUED"


def test_T3_denies_more_than_what_is_left(world: LedgerWorld) -> None:
    world.red_invoice(RED, BLUE, "300.00")
    result = world.red_invoice(RED_2, BLUE, "800.00")
    assert denial(result) == ("T3", "E_RED_EXCEEDS")
    assert "700.00" in result.detail
    assert red_of(world, BLUE) == ("RED_PARTIAL", "339.00")


def test_T3_denies_red_of_red(world: LedgerWorld) -> None:
    world.red_invoice(RED, BLUE, "300.00")
    assert denial(world.red_invoice(RED_2, RED, "100.00")) == ("T3", "E_RED_OF_RED")


def test_T3_denies_red_without_its_one_blue_invoice(world: LedgerWorld) -> None:
    assert denial(world.red_invoice(RED, invoice_number(9), "1.00")) == ("T3", "E_STATE")
    fields = invoice_fields(RED, net="1.00", corrects=[BLUE, invoice_number(9)])
    assert denial(world.submit("invoice.red", "acme-a", RED, fields)) == ("T3", "E_STATE")


def test_T3_denies_red_by_another_seller_or_currency(world: LedgerWorld) -> None:
    result = world.red_invoice(RED, BLUE, "1.00", person="beta-a", seller_ref=BETA, buyer_ref=ACME)
    assert denial(result) == ("T3", "E_ROLE")
    assert denial(world.red_invoice(RED, BLUE, "1.00", currency="USD")) == ("T3", "E_AMOUNT")


def test_T3_holds_for_credit_notes_and_allows_external_references(world: LedgerWorld) -> None:
    assert submit_en(world, "invoice.issue", en16931("2026/7")).applied
    assert submit_en(world, "invoice.red", en16931("CN-1", net="400.00", corrects=["2026/7"])).applied
    whole_id = f"{ACME}/2026/7"
    too_much = en16931("CN-2", net="700.00", corrects=[whole_id])
    assert denial(submit_en(world, "invoice.red", too_much)) == ("T3", "E_RED_EXCEEDS")
    twice_named = en16931("CN-2", net="700.00", corrects=[whole_id, "2026/7"])
    assert denial(submit_en(world, "invoice.red", twice_named)) == ("T3", "E_RED_EXCEEDS")
    assert submit_en(world, "invoice.red", en16931("CN-3", net="9.00", corrects=["2019-4"])).applied
    mixed = en16931("CN-4", net="5000.00", corrects=["2019-4", "2026/7"])
    assert submit_en(world, "invoice.red", mixed).applied
    assert red_of(world, whole_id) == ("RED_FULL", "1130.00")


def test_T3_finds_numbers_with_spaces(world: LedgerWorld) -> None:
    assert submit_en(world, "invoice.issue", en16931("SL 7%1")).applied
    assert submit_en(world, "invoice.red", en16931("CN 1", corrects=["SL 7%1"])).applied
    assert red_of(world, f"{ACME}/SL%207%251") == ("RED_FULL", "1130.00")


def test_T4_allows_direct_red_of_unbooked_invoice(world: LedgerWorld) -> None:
    assert world.red_invoice(RED, BLUE, "1000.00").applied


def test_T4_denies_direct_red_of_booked_invoice(world: LedgerWorld) -> None:
    assert world.book(BLUE).applied
    assert denial(world.red_invoice(RED, BLUE, "1.00")) == ("T4", "E_PEER_CONFIRM")


def test_T4_allows_credit_note_of_booked_foreign_invoice(world: LedgerWorld) -> None:
    submit_en(world, "invoice.issue", en16931("7"))
    assert world.book(f"{ACME}/7").applied
    assert submit_en(world, "invoice.red", en16931("CN-1", net="400.00", corrects=["7"])).applied
    assert red_of(world, f"{ACME}/7") == ("BOOKED", "452.00")


def test_T6_allows_one_booking_by_the_buyer(world: LedgerWorld) -> None:
    assert world.book(BLUE, voucher_no="V-2026-17").applied
    record = world.record("invoice", BLUE)
    assert (record.state, record.data_as(InvoiceData).booked_by) == ("BOOKED", BETA)


def test_T6_denies_second_booking_and_shows_the_first_voucher(world: LedgerWorld) -> None:
    world.book(BLUE, voucher_no="V-2026-17")
    result = world.book(BLUE, voucher_no="V-2026-18")
    assert denial(result) == ("T6", "E_DOUBLE_USE")
    assert "V-2026-17" in result.detail


def test_T6_denies_booking_by_another_firm(world: LedgerWorld) -> None:
    assert denial(world.book(BLUE, person="bank-a")) == ("T6", "E_ROLE")


def test_T7_allows_booking_of_partly_red_invoice(world: LedgerWorld) -> None:
    world.red_invoice(RED, BLUE, "300.00")
    assert world.book(BLUE).applied


def test_T7_denies_booking_of_fully_red_invoice(world: LedgerWorld) -> None:
    world.red_invoice(RED, BLUE, "1000.00")
    assert denial(world.book(BLUE)) == ("T7", "E_STATE")


def test_I5_denies_issue_by_somebody_else(world: LedgerWorld) -> None:
    assert denial(world.issue_invoice(RED, person="beta-a")) == ("I5", "E_ROLE")
    assert denial(world.issue_invoice(RED, person="tax-a")) == ("I5", "E_ROLE")
    assert denial(submit_en(world, "invoice.issue", en16931("7"), person="beta-a")) == ("I5", "E_ROLE")


def test_I5_allows_recorder_of_foreign_documents(world: LedgerWorld) -> None:
    assert submit_en(world, "invoice.issue", en16931("7", seller_ref="NL123"), person="tax-a").applied


@pytest.mark.parametrize(
    "fields",
    [
        {"standard": "XX"},
        {"issue_date": "2026-02-30"},
        {"currency": "yuan"},
        {"corrects": [BLUE]},
        {"seller_ref": "A/B"},
    ],
)
def test_G1_denies_malformed_invoice(world: LedgerWorld, fields: dict[str, Any]) -> None:
    result = world.issue_invoice(RED, **fields)
    assert denial(result) == ("G1", "E_PAYLOAD")
    assert next(iter(fields)) in result.detail
