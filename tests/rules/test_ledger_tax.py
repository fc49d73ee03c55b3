"""Uses, forms, limits, locks and rings of invoices: what is allowed and what is denied (records.md 1.3)."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from govchain.analysis import InvoiceEdge, RingRule, find_rings
from govchain.ledger.amounts import format_cents, parse_cents
from govchain.ledger.kinds.invoice.fields import InvoiceData
from govchain.ledger.kinds.invoice.standing import Standing, standing_of, transfer_due
from govchain.ledger.kinds.red_form.fields import RedFormData, form_state_at
from govchain.model import TransactionResult
from tests.support.ledger_world import (
    ACME,
    BANK,
    BETA,
    EVP,
    LedgerWorld,
    denial,
    invoice_fields,
    invoice_number,
    licence_id,
)

BLUE, RED, RED_2, OTHER = (invoice_number(serial) for serial in (1, 2, 3, 4))
HOUR_MS = 3_600_000
HOURS_72_MS = 72 * HOUR_MS


@pytest.fixture
def world() -> LedgerWorld:
    world = LedgerWorld()
    assert world.issue_invoice(BLUE).applied
    return world


def data_of(world: LedgerWorld, number: str = BLUE) -> InvoiceData:
    return world.record("invoice", number).data_as(InvoiceData)


def use(
    world: LedgerWorld, use: str = "DEDUCTED", *, person: str = "beta-a", number: str = BLUE
) -> TransactionResult:
    return world.submit("invoice.confirm_use", person, number, {"use": use})


def roll_back(world: LedgerWorld, person: str = "beta-a") -> TransactionResult:
    return world.submit("invoice.roll_back_use", person, BLUE, {})


def transfer_out(world: LedgerWorld, amount: str, person: str = "beta-a") -> TransactionResult:
    return world.submit("invoice.transfer_out", person, BLUE, {"amount": amount})


def hold(world: LedgerWorld, verb: str, number: str = BLUE, person: str = "insp-a") -> TransactionResult:
    return world.submit(f"invoice.{verb}", person, number, {"reason": "ring"})


def form_fields(net: str = "300.00", blue: str = BLUE, **fields: Any) -> dict[str, Any]:
    tax = format_cents((parse_cents(net) * 13 + 50) // 100)
    gross = format_cents(parse_cents(net) + parse_cents(tax))
    return {"blue": blue, "net": net, "tax": tax, "gross": gross, "reason": "return", **fields}


def ask(world: LedgerWorld, net: str = "300.00", *, person: str = "beta-a", **more: Any) -> TransactionResult:
    form, verb = more.pop("form", "F-1"), more.pop("verb", "red_request")
    return world.submit(f"invoice.{verb}", person, form, form_fields(net, **more))


def step(world: LedgerWorld, verb: str, person: str, form: str = "F-1", **more: Any) -> TransactionResult:
    return world.submit(f"invoice.red_{verb}", person, form, {}, **more)


def after(world: LedgerWorld, wait_ms: int) -> None:
    """Move to that long after the form was sent."""
    entries = world.record("red-form", "F-1").timeline
    sent_ms = next(entry.claimed_time_ms for entry in entries if entry.state == "WAIT_PEER")
    world.now_ms = sent_ms + wait_ms


def form_state(world: LedgerWorld, form: str = "F-1") -> str:
    return world.record("red-form", form).state


# T2 and T3, line by line


def line(net: str, tax: str, rate: str = "13", **fields: Any) -> dict[str, Any]:
    return {"net": net, "tax": tax, "rate": rate, **fields}


def with_lines(*lines: dict[str, Any], **fields: Any) -> dict[str, Any]:
    """An invoice of these lines, its totals and its breakdown."""
    rows: dict[str, list[int]] = {}
    for each in lines:
        row = rows.setdefault(each["rate"], [0, 0])
        row[0] += parse_cents(each["net"])
        row[1] += parse_cents(each["tax"])
    net, tax = (sum(row[place] for row in rows.values()) for place in (0, 1))
    return {
        "net": format_cents(net),
        "tax": format_cents(tax),
        "gross": format_cents(net + tax),
        "breakdown": [
            {"category": "VAT", "rate": rate, "net": format_cents(row[0]), "tax": format_cents(row[1])}
            for rate, row in rows.items()
        ],
        "lines": list(lines),
        **fields,
    }


LINES = (
    line("600.00", "78.00", quantity="3", price="200"),
    line("33.33", "4.33", quantity="0.3333333", price="100.0001"),
    line("100.00", "6.00", rate="6"),
    line("-50.00", "-6.50"),
)


def test_T2_allows_lines_that_follow_from_quantity_price_and_rate(world: LedgerWorld) -> None:
    assert world.issue_invoice(OTHER, **with_lines(*LINES)).applied
    assert len(data_of(world, OTHER).lines) == 4


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"quantity": "3", "price": "200.03"}, "about 600.09"),
        ({"quantity": "3"}, "come together"),
        ({"quantity": "three", "price": "200"}, "quantity"),
        ({"quantity": "3", "price": "1e2"}, "price"),
        ({"tax": "78.07"}, "tax of about 78.00"),
        ({"rate": "1O"}, "rate"),
    ],
)
def test_T2_denies_lines_that_do_not(world: LedgerWorld, changed: dict[str, str], reason: str) -> None:
    plain = line("600.00", "78.00")
    result = world.issue_invoice(OTHER, **with_lines({**plain, **changed}))
    assert denial(result) == ("T2", "E_AMOUNT")
    assert reason in result.detail


@pytest.mark.parametrize(("tax", "is_allowed"), [("78.06", True), ("77.94", True), ("77.93", False)])
def test_T2_allows_the_tolerance_of_a_line_and_denies_more(
    world: LedgerWorld, tax: str, is_allowed: bool
) -> None:
    assert world.issue_invoice(OTHER, **with_lines(line("600.00", tax))).applied == is_allowed


@pytest.mark.parametrize(("lines", "is_allowed"), [(21, True), (22, False)])
def test_T2_allows_the_tolerance_of_a_document_and_denies_more(
    world: LedgerWorld, lines: int, is_allowed: bool
) -> None:
    fields = with_lines(*[line("100.00", "13.06") for _ in range(lines)])
    assert world.issue_invoice(OTHER, **fields).applied == is_allowed


def test_T2_denies_lines_that_do_not_make_the_totals(world: LedgerWorld) -> None:
    fields = {**with_lines(*LINES), "lines": list(LINES[:3])}
    assert denial(world.issue_invoice(OTHER, **fields)) == ("T2", "E_AMOUNT")
    both = with_lines(*LINES, line_nets=["683.33"])
    assert denial(world.issue_invoice(OTHER, **both)) == ("T2", "E_AMOUNT")
    many = with_lines(*[line("1.00", "0.13") for _ in range(201)])
    assert denial(world.issue_invoice(OTHER, **many)) == ("T2", "E_AMOUNT")


def red_lines(world: LedgerWorld, number: str, *lines: dict[str, Any]) -> TransactionResult:
    fields = invoice_fields(number, **with_lines(*lines, corrects=[OTHER]))
    return world.submit("invoice.red", "acme-a", number, fields)


def test_T3_allows_red_line_by_line(world: LedgerWorld) -> None:
    world.issue_invoice(OTHER, **with_lines(*LINES))
    assert red_lines(world, RED, line("200.00", "26.00", blue_line=1)).applied
    rest = (
        line("400.00", "52.00", blue_line=1),
        line("33.33", "4.33", blue_line=2),
        line("100.00", "6.00", rate="6", blue_line=3),
        line("-50.00", "-6.50", blue_line=4),
    )
    assert red_lines(world, RED_2, *rest).applied
    assert world.record("invoice", OTHER).state == "RED_FULL"
    assert [each.red_net for each in data_of(world, OTHER).lines] == ["600.00", "33.33", "100.00", "-50.00"]


def test_T3_denies_more_of_a_line_than_it_had(world: LedgerWorld) -> None:
    world.issue_invoice(OTHER, **with_lines(*LINES))
    too_much = red_lines(world, RED, line("33.34", "4.33", blue_line=2))
    assert denial(too_much) == ("T3", "E_RED_EXCEEDS")
    assert "line 2" in too_much.detail
    assert red_lines(world, RED, line("600.00", "78.00", blue_line=1)).applied
    again = red_lines(world, RED_2, line("0.01", "0.00", blue_line=1))
    assert denial(again) == ("T3", "E_RED_EXCEEDS")


@pytest.mark.parametrize("numbers", [(0,), (5,), (1, 1)])
def test_T3_denies_lines_that_name_no_line_of_the_blue_invoice(
    world: LedgerWorld, numbers: tuple[int, ...]
) -> None:
    world.issue_invoice(OTHER, **with_lines(*LINES))
    lines = [line("10.00", "1.30", blue_line=number) for number in numbers]
    assert denial(red_lines(world, RED, *lines)) == ("T3", "E_STATE")
    assert denial(world.red_invoice(RED, OTHER, "10.00")) == ("T3", "E_STATE")


# T4, the red-letter form


def test_T4_allows_red_of_a_booked_invoice_by_a_confirmed_form(world: LedgerWorld) -> None:
    world.book(BLUE)
    assert ask(world).applied
    after(world, 70 * HOUR_MS)
    assert step(world, "confirm", "acme-a").applied
    assert world.red_invoice(RED, BLUE, "300.00", form="F-1").applied
    form = world.record("red-form", "F-1")
    assert (form.state, form.data_as(RedFormData).red_invoice) == ("RED_ISSUED", RED)
    assert standing_of(data_of(world)) == Standing("NONE", "BOOKED", "PARTIAL", "NORMAL")
    assert denial(world.red_invoice(RED_2, BLUE, "300.00", form="F-1")) == ("T4", "E_PEER_CONFIRM")


def test_T4_denies_red_of_a_used_invoice_without_a_form_that_fits(world: LedgerWorld) -> None:
    world.issue_invoice(OTHER)
    use(world, "NON_DEDUCT")
    peer = ("T4", "E_PEER_CONFIRM")
    assert denial(world.red_invoice(RED, BLUE, "300.00")) == peer
    assert denial(world.red_invoice(RED, BLUE, "300.00", form="F-9")) == peer
    ask(world)
    assert denial(world.red_invoice(RED, BLUE, "300.00", form="F-1")) == peer
    step(world, "confirm", "acme-a")
    assert denial(world.red_invoice(RED, BLUE, "300.01", form="F-1")) == peer
    assert denial(world.red_invoice(RED, OTHER, "300.00", form="F-1")) == peer
    assert world.red_invoice(RED, BLUE, "300.00", form="F-1").applied


@pytest.mark.parametrize("verb", ["confirm", "reject"])
@pytest.mark.parametrize("wait_ms", [70 * HOUR_MS, HOURS_72_MS])
def test_T4_allows_an_answer_until_72_hours(world: LedgerWorld, verb: str, wait_ms: int) -> None:
    ask(world)
    after(world, wait_ms)
    assert step(world, verb, "acme-a").applied
    assert form_state(world) == {"confirm": "CONFIRMED", "reject": "REJECTED"}[verb]


@pytest.mark.parametrize("verb", ["confirm", "reject"])
def test_T4_denies_an_answer_after_72_hours(world: LedgerWorld, verb: str) -> None:
    ask(world)
    after(world, HOURS_72_MS + 1_000)
    assert form_state_at(world.record("red-form", "F-1"), world.now_ms) == "AUTO_VOID"
    assert denial(step(world, verb, "acme-a")) == ("T4", "E_CONFIRM_TIMEOUT")


@pytest.mark.parametrize("person", ["acme-a", "beta-a", "tax-a"])
def test_T4_records_a_lapse_after_72_hours_and_never_before(world: LedgerWorld, person: str) -> None:
    ask(world)
    after(world, HOURS_72_MS)
    assert form_state_at(world.record("red-form", "F-1"), world.now_ms) == "WAIT_PEER"
    assert denial(step(world, "lapse", person)) == ("T4", "E_STATE")
    after(world, HOURS_72_MS + 1_000)
    assert denial(step(world, "lapse", "bank-a")) == ("T4", "E_ROLE")
    assert step(world, "lapse", person).applied
    assert form_state(world) == "AUTO_VOID"


def test_T4_allows_a_new_form_once_the_other_one_ended(world: LedgerWorld) -> None:
    ask(world)
    after(world, HOURS_72_MS + 1_000)
    assert ask(world, form="F-2", person="acme-a").applied
    assert (form_state(world), form_state(world, "F-2")) == ("AUTO_VOID", "WAIT_PEER")
    assert step(world, "reject", "beta-a", "F-2").applied
    assert ask(world, form="F-3").applied
    assert step(world, "withdraw", "beta-a", "F-3").applied
    assert ask(world, form="F-4", verb="red_draft").applied
    assert step(world, "send", "beta-a", "F-4").applied
    assert form_state(world, "F-4") == "WAIT_PEER"


def test_T4_denies_a_second_open_form(world: LedgerWorld) -> None:
    assert ask(world, verb="red_draft").applied
    assert denial(ask(world, form="F-2", person="acme-a")) == ("T4", "E_STATE")
    step(world, "send", "beta-a")
    step(world, "confirm", "acme-a")
    assert denial(ask(world, form="F-2")) == ("T4", "E_STATE")


def test_T4_denies_the_wrong_side(world: LedgerWorld) -> None:
    role = ("T4", "E_ROLE")
    assert denial(ask(world, person="bank-a")) == role
    assert ask(world, verb="red_draft").applied
    assert denial(step(world, "send", "acme-a")) == role
    assert step(world, "send", "beta-a").applied
    for person in ("beta-a", "bank-a"):
        assert denial(step(world, "confirm", person)) == role
        assert denial(step(world, "reject", person)) == role
    assert denial(step(world, "withdraw", "acme-a")) == role


def test_T4_denies_a_form_while_a_rebate_is_selected(world: LedgerWorld) -> None:
    use(world, "REBATE_SELECTED")
    assert denial(ask(world)) == ("T4", "E_STATE")
    assert denial(world.red_invoice(RED, BLUE, "1.00")) == ("T4", "E_STATE")
    assert roll_back(world).applied
    assert ask(world).applied


def test_T3_denies_a_form_about_too_much_a_red_or_no_invoice(world: LedgerWorld) -> None:
    world.red_invoice(RED, BLUE, "300.00")
    assert denial(ask(world, "800.00")) == ("T3", "E_RED_EXCEEDS")
    assert denial(ask(world, "10.00", blue=RED)) == ("T3", "E_RED_OF_RED")
    assert denial(ask(world, blue=OTHER)) == ("T3", "E_STATE")


@pytest.mark.parametrize(
    "fields", [{"reason": "whim"}, {"net": "x"}, {"gross": "339.01"}, {"net": "0", "tax": "0", "gross": "0"}]
)
def test_G1_denies_malformed_form(world: LedgerWorld, fields: dict[str, str]) -> None:
    result = world.submit("invoice.red_request", "beta-a", "F-1", {**form_fields(), **fields})
    assert denial(result) == ("G1", "E_PAYLOAD")


# T5 and T7, uses


@pytest.mark.parametrize("wanted", ["DEDUCTED", "NON_DEDUCT", "REBATE_SELECTED"])
def test_T5_allows_one_use(world: LedgerWorld, wanted: str) -> None:
    assert use(world, wanted).applied
    assert standing_of(data_of(world)) == Standing(wanted, "NONE", "NONE", "NORMAL")


@pytest.mark.parametrize("first", ["DEDUCTED", "REBATE_SELECTED"])
@pytest.mark.parametrize("second", ["DEDUCTED", "REBATE_SELECTED"])
def test_T5_denies_a_second_use(world: LedgerWorld, first: str, second: str) -> None:
    use(world, first)
    result = use(world, second)
    assert denial(result) == ("T5", "E_DOUBLE_USE")
    assert first in result.detail


def test_T5_allows_another_use_after_a_rebate_was_rolled_back(world: LedgerWorld) -> None:
    use(world, "REBATE_SELECTED")
    assert roll_back(world).applied
    assert use(world).applied


def test_T5_denies_undoing_a_deduction_and_use_of_a_red_or_foreign_invoice(world: LedgerWorld) -> None:
    assert denial(roll_back(world)) == ("T5", "E_STATE")
    assert denial(use(world, person="bank-a")) == ("T5", "E_ROLE")
    world.red_invoice(RED, BLUE, "1.00")
    assert denial(use(world, number=RED)) == ("T5", "E_STATE")
    use(world)
    assert denial(roll_back(world)) == ("T5", "E_STATE")
    assert denial(world.submit("invoice.confirm_use", "beta-a", OTHER, {"use": "DEDUCTED"})) == (
        "G3",
        "E_STATE",
    )


def test_G1_denies_unknown_use(world: LedgerWorld) -> None:
    assert denial(use(world, "NONE")) == ("G1", "E_PAYLOAD")


def take_back_deducted(world: LedgerWorld, net: str = "300.00") -> None:
    assert use(world).applied
    assert ask(world, net).applied
    assert step(world, "confirm", "acme-a").applied
    assert world.red_invoice(RED, BLUE, net, form="F-1").applied


def test_T7_allows_transfer_out_of_what_was_deducted_and_taken_back(world: LedgerWorld) -> None:
    world.issue_invoice(OTHER)
    take_back_deducted(world)
    assert transfer_due(data_of(world)) == 39_00
    assert transfer_out(world, "39.00").applied
    assert transfer_due(data_of(world)) == 0
    assert use(world, number=OTHER).applied


def test_T7_denies_deduction_while_a_transfer_out_is_due_and_wrong_amounts(world: LedgerWorld) -> None:
    world.issue_invoice(OTHER)
    assert denial(transfer_out(world, "39.00")) == ("T7", "E_AMOUNT")
    take_back_deducted(world)
    result = use(world, number=OTHER)
    assert denial(result) == ("T7", "E_STATE")
    assert "39.00" in result.detail
    assert use(world, "NON_DEDUCT", number=OTHER).applied
    for amount in ("38.99", "40.00", "x"):
        assert denial(transfer_out(world, amount)) == ("T7", "E_AMOUNT")
    assert denial(transfer_out(world, "39.00", person="acme-a")) == ("T5", "E_ROLE")


def test_T7_denies_use_of_a_fully_red_invoice(world: LedgerWorld) -> None:
    world.red_invoice(RED, BLUE, "1000.00")
    assert denial(use(world)) == ("T7", "E_STATE")


# T8, the register


def register(world: LedgerWorld, limit: str = "1500.00", **fields: str) -> TransactionResult:
    return world.submit("taxpayer.register", "tax-a", ACME, {"credit_limit": limit, **fields})


def test_T8_allows_invoices_within_the_limit_of_the_month(world: LedgerWorld) -> None:
    assert register(world).applied
    assert world.issue_invoice(RED).applied
    assert world.issue_invoice(RED_2, net="500.00").applied
    world.now_ms += 29 * 24 * HOUR_MS
    assert world.issue_invoice(OTHER, net="1500.00").applied, "another month"


def test_T8_denies_invoices_over_the_limit(world: LedgerWorld) -> None:
    register(world)
    assert world.issue_invoice(RED).applied
    result = world.issue_invoice(RED_2, net="500.01")
    assert denial(result) == ("T8", "E_CAP")
    assert "500.00 left" in result.detail
    assert world.submit("taxpayer.set_limit", "tax-a", ACME, {"credit_limit": "2000"}).applied
    assert world.issue_invoice(RED_2, net="500.01").applied


def test_T8_denies_sellers_of_other_standing(world: LedgerWorld) -> None:
    register(world)
    for verb, state in (("suspend", "ABNORMAL"), ("cancel", "CANCELLED")):
        assert world.submit(f"taxpayer.{verb}", "tax-a", ACME, {"reason": "inspection"}).applied
        result = world.issue_invoice(RED)
        assert denial(result) == ("T8", "E_STATE")
        assert state in result.detail
        world.submit("taxpayer.resume", "tax-a", ACME, {"reason": "mended"})
    strange = world.issue_invoice(RED, person="bank-a", seller_ref=BANK)
    assert denial(strange) == ("T8", "E_STATE")


def test_T8_allows_registration_after_a_licence_and_denies_it_before(world: LedgerWorld) -> None:
    number = licence_id()
    assert denial(register(world, licence=number)) == ("T8", "E_STATE")
    world.make_licence(number)
    assert register(world, licence=number).applied


def test_T8_denies_registration_by_others_twice_or_malformed(world: LedgerWorld) -> None:
    fields = {"credit_limit": "1"}
    assert denial(world.submit("taxpayer.register", "acme-a", ACME, fields)) == ("I5", "E_ROLE")
    assert denial(world.submit("taxpayer.register", "tax-a", "X", fields)) == ("G1", "E_PAYLOAD")
    for limit in ("x", "-1"):
        assert denial(register(world, limit)) == ("G1", "E_PAYLOAD")
    assert register(world).applied
    assert denial(register(world)) == ("G3", "E_DUP_ID")


# T9, locks


def test_T9_allows_use_after_release(world: LedgerWorld) -> None:
    assert hold(world, "lock").applied
    assert world.record("invoice", BLUE).state == "LOCKED"
    assert hold(world, "release").applied
    assert world.record("invoice", BLUE).state == "ISSUED"
    assert use(world).applied
    assert world.book(BLUE).applied


def test_T9_denies_use_booking_and_red_while_locked(world: LedgerWorld) -> None:
    ask(world)
    hold(world, "lock")
    locked = ("T9", "E_LOCKED")
    assert denial(use(world)) == locked
    assert denial(roll_back(world)) == locked
    assert denial(world.book(BLUE)) == locked
    assert denial(world.red_invoice(RED, BLUE, "1.00")) == locked
    assert denial(ask(world, form="F-2")) == locked
    assert denial(step(world, "confirm", "acme-a")) == locked


def test_T9_denies_locks_by_others_and_allows_void_only_from_a_lock(world: LedgerWorld) -> None:
    assert denial(hold(world, "lock", person="tax-a")) == ("I5", "E_ROLE")
    assert denial(hold(world, "void")) == ("G3", "E_STATE")
    use(world)
    hold(world, "lock")
    assert hold(world, "void").applied
    assert denial(world.book(BLUE)) == ("G3", "E_STATE")
    assert denial(world.red_invoice(RED, BLUE, "1.00")) == ("T3", "E_STATE")
    assert denial(ask(world)) == ("T3", "E_STATE")
    assert transfer_out(world, "130.00").applied, "void invoices give no deduction"


# T10, rings

FIRMS = (ACME, BETA, BANK, EVP)
PEOPLE = ("acme-a", "beta-a", "bank-a", "evp-a")
RING = tuple(invoice_number(serial) for serial in range(21, 25))


def ring(world: LedgerWorld, nets: tuple[str, ...] = ("1000.00", "970.00", "990.00", "980.00")) -> None:
    for place, net in enumerate(nets):
        fields = {"seller_ref": FIRMS[place], "buyer_ref": FIRMS[(place + 1) % 4]}
        day = f"2026-11-{2 + 3 * place:02d}"
        assert world.issue_invoice(
            RING[place], person=PEOPLE[place], net=net, issue_date=day, **fields
        ).applied


def risk(
    world: LedgerWorld, invoices: tuple[str, ...] = RING, person: str = "insp-a", **fields: Any
) -> TransactionResult:
    values = {"invoices": list(invoices), "window_days": 10, "ratio": "0.9", "source": "configuration"}
    return world.submit("risk.raise", person, "R-1", {**values, **fields})


@pytest.mark.parametrize(("verb", "state"), [("clear", "CLEARED"), ("confirm", "CONFIRMED")])
def test_T10_records_a_ring_and_its_review(world: LedgerWorld, verb: str, state: str) -> None:
    ring(world)
    assert risk(world, RING[2:] + RING[:2], "tax-a").applied
    assert world.submit(f"risk.{verb}", "insp-a", "R-1", {"reason": "reviewed"}).applied
    assert world.record("risk", "R-1").state == state


@pytest.mark.parametrize("verb", ["clear", "confirm"])
def test_G6_denies_a_review_to_whoever_raised_the_risk(world: LedgerWorld, verb: str) -> None:
    ring(world)
    assert risk(world).applied
    assert denial(world.submit(f"risk.{verb}", "insp-a", "R-1", {"reason": "mine"})) == ("G6", "E_SOD")


@pytest.mark.parametrize("reason", ["", "x" * 10_000])
def test_G1_denies_a_review_without_a_reason(world: LedgerWorld, reason: str) -> None:
    ring(world)
    assert risk(world, person="tax-a").applied
    assert denial(world.submit("risk.clear", "insp-a", "R-1", {"reason": reason})) == ("G1", "E_PAYLOAD")


def test_T10_denies_what_is_no_ring(world: LedgerWorld) -> None:
    ring(world)
    world.red_invoice(RED, BLUE, "1.00")
    state = ("T10", "E_STATE")
    assert denial(risk(world, RING[:3])) == state, "does not close"
    assert denial(risk(world, (RING[0], RING[2], RING[1], RING[3]))) == state, "another order"
    assert denial(risk(world, RING * 2)) == state, "round twice"
    assert denial(risk(world, (*RING[:3], OTHER))) == state, "not on the chain"
    assert denial(risk(world, (*RING[:3], RED))) == state, "red"
    assert denial(risk(world, window_days=8)) == state, "too far apart"
    assert denial(risk(world, ratio="0.97")) == state, "exactly the ratio is not more than it"
    assert risk(world, ratio="0.9699", window_days=9).applied


def test_T10_records_what_detection_finds(world: LedgerWorld) -> None:
    ring(world)
    invoices = {number: data_of(world, number) for number in (BLUE, *RING)}
    edges = [
        InvoiceEdge(
            number, each.seller_ref, each.buyer_ref, Decimal(each.gross), date.fromisoformat(each.issue_date)
        )
        for number, each in invoices.items()
    ]
    (found,) = find_rings(edges, RingRule(window_days=10)).rings
    in_order = [
        next(number for number in found.invoices if invoices[number].seller_ref == firm)
        for firm in found.firms
    ]
    assert risk(world, tuple(in_order)).applied


@pytest.mark.parametrize(
    "fields", [{"invoices": []}, {"window_days": 0}, {"ratio": "1"}, {"ratio": ".9"}, {"source": ""}]
)
def test_G1_denies_malformed_risk(world: LedgerWorld, fields: dict[str, Any]) -> None:
    assert denial(risk(world, **fields)) == ("G1", "E_PAYLOAD")


def test_T10_denies_risk_records_by_others(world: LedgerWorld) -> None:
    ring(world)
    values = {"invoices": list(RING), "window_days": 10, "ratio": "0.9", "source": "configuration"}
    assert denial(world.submit("risk.raise", "amr-a", "R-1", values)) == ("I5", "E_ROLE")
