"""Random lives of invoices, red-letter forms and taxpayers (records.md 1.3).

The machines throw valid, early, late and foreign requests at one world and judge it from outside.
"""

from __future__ import annotations

from collections import Counter
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import invariant, rule

from govchain.ledger.amounts import format_cents, parse_cents
from govchain.ledger.kinds.invoice.fields import InvoiceData
from govchain.ledger.kinds.red_form.fields import RedFormData
from govchain.ledger.kinds.taxpayer import TaxpayerData
from tests.support.ledger_world import ACME, BETA, invoice_fields, invoice_number
from tests.support.lifecycles import RUNS, Machine

BLUE = [invoice_number(1), invoice_number(2)]
BLUES = st.sampled_from(BLUE)
REDS = [invoice_number(number) for number in range(11, 31)]
NETS = st.sampled_from(["100.00", "400.00", "400.00", "1000.00"])
FORMS = st.sampled_from(["F-1", "F-1", "F-2", "F-3"])
SIDES = st.sampled_from(["acme-a", "beta-a", "beta-a", "bank-a"])
USES = st.sampled_from(["DEDUCTED", "DEDUCTED", "NON_DEDUCT", "REBATE_SELECTED"])
HOURS_72_MS = 72 * 3_600_000


def line(net: str, place: int = 0) -> dict[str, Any]:
    tax = format_cents((parse_cents(net) * 13 + 50) // 100)
    return {"net": net, "tax": tax, "rate": "13", **({"blue_line": place} if place else {})}


class InvoiceLife(Machine):
    """Two blue invoices, one with lines in full, and whatever may happen to them."""

    record_types = ("invoice", "red-form")

    def __init__(self) -> None:
        super().__init__()
        self.reds = 0
        for number, more in zip(BLUE, ({}, {"lines": [line("1000.00")]}), strict=True):
            self.ask("invoice.issue", "acme-a", number, invoice_fields(number, **more))

    def invoice(self, number: str) -> InvoiceData:
        return self.world.record("invoice", number).data_as(InvoiceData)

    @rule(blue=BLUES, net=NETS, form=st.one_of(st.just(""), FORMS), person=SIDES)
    def red(self, blue: str, net: str, form: str, person: str) -> None:
        self.reds += 1
        number = REDS[self.reds % len(REDS)]
        lines = {"lines": [line(net, 1)]} if blue == BLUE[1] else {}
        named = {"form": form} if form else {}
        fields = invoice_fields(number, net=net, corrects=[blue], **named, **lines)
        was = self.invoice(blue)
        if self.ask("invoice.red", person, number, fields):
            assert form or not (was.voucher_no or was.use != "NONE"), "T4: nobody asked the other side"

    @rule(
        number=st.one_of(BLUES, BLUES, st.sampled_from(REDS)),
        person=SIDES,
        voucher=st.sampled_from(["V-1", "V-2"]),
    )
    def book(self, number: str, person: str, voucher: str) -> None:
        self.ask("invoice.book", person, number, {"voucher_no": voucher})

    @rule(blue=BLUES, person=SIDES, use=USES)
    def confirm_use(self, blue: str, person: str, use: str) -> None:
        due = sum(map(self.due, BLUE))
        if self.ask("invoice.confirm_use", person, blue, {"use": use}):
            assert use != "DEDUCTED" or not due, "T7: input tax is due"

    @rule(blue=BLUES, person=SIDES)
    def roll_back(self, blue: str, person: str) -> None:
        self.ask("invoice.roll_back_use", person, blue, {})

    @rule(blue=BLUES, person=SIDES, more=st.sampled_from([0, 0, 1]))
    def transfer_out(self, blue: str, person: str, more: int) -> None:
        amount = format_cents(self.due(blue) + more)
        self.ask("invoice.transfer_out", person, blue, {"amount": amount})

    @rule(
        blue=BLUES,
        person=st.sampled_from(["insp-a", "insp-a", "tax-a"]),
        verb=st.sampled_from(["lock", "lock", "release", "release", "release", "void"]),
    )
    def hold(self, blue: str, person: str, verb: str) -> None:
        self.ask(f"invoice.{verb}", person, blue, {"reason": "inspection"})

    @rule(
        blue=BLUES, net=NETS, form=FORMS, person=SIDES, verb=st.sampled_from(["request", "request", "draft"])
    )
    def ask_to_take_back(self, *, blue: str, net: str, form: str, person: str, verb: str) -> None:
        totals = line(net)
        gross = format_cents(parse_cents(net) + parse_cents(totals["tax"]))
        fields = {"blue": blue, "net": net, "tax": totals["tax"], "gross": gross, "reason": "return"}
        self.ask(f"invoice.red_{verb}", person, form, fields)

    @rule(
        form=FORMS,
        person=SIDES,
        verb=st.sampled_from(["confirm", "confirm", "send", "reject", "withdraw", "lapse"]),
    )
    def go_on(self, form: str, person: str, verb: str) -> None:
        self.ask(f"invoice.red_{verb}", person, form, {})

    @rule(form=FORMS, net=NETS, blue=BLUES)
    def agree_and_take_back(self, form: str, net: str, blue: str) -> None:
        self.ask_to_take_back(blue=blue, net=net, form=form, person="beta-a", verb="request")
        self.go_on(form, "acme-a", "confirm")
        self.red(blue, net, form, "acme-a")

    @rule(form=FORMS, verb=st.sampled_from(["send", "confirm", "reject", "lapse"]), is_right=st.booleans())
    def answer(self, form: str, verb: str, is_right: bool) -> None:
        """By the side whose turn it is, or by the other one."""
        record = self.world.ledger.record("red-form", form)
        if record is not None:
            is_own_step = verb == "send"
            is_buyers = record.data_as(RedFormData).requester == BETA
            person = "beta-a" if (is_buyers == is_own_step) == is_right else "acme-a"
            self.go_on(form, person, verb)

    @rule(blue=BLUES, net=NETS, form=FORMS)
    def deduct_take_back_and_transfer_out(self, blue: str, net: str, form: str) -> None:
        self.confirm_use(blue, "beta-a", "DEDUCTED")
        self.agree_and_take_back(form, net, blue)
        self.transfer_out(blue, "beta-a", 0)

    @rule(form=FORMS, net=NETS, blue=BLUES)
    def let_lapse(self, form: str, net: str, blue: str) -> None:
        self.ask_to_take_back(blue=blue, net=net, form=form, person="acme-a", verb="request")
        self.world.now_ms += HOURS_72_MS
        self.go_on(form, "tax-a", "lapse")

    @rule(hours=st.sampled_from([1, 36]))
    def wait(self, hours: int) -> None:
        self.world.now_ms += hours * 3_600_000

    def due(self, blue: str) -> int:
        """Rule T7 said once more, over the history of one invoice."""
        record, data = self.world.record("invoice", blue), self.invoice(blue)
        if (
            not any(entry.kind == "invoice.confirm_use" for entry in record.timeline)
            or data.use != "DEDUCTED"
        ):
            return 0
        lost = sum(parse_cents(self.invoice(red).tax) for red in data.red_by)
        if record.state == "VOID":
            lost = parse_cents(data.tax)
        return lost - parse_cents(data.transferred_out)

    @invariant()
    def test_T3_reds_stay_within_their_blue(self) -> None:
        records = {record.object_id: record.data_as(InvoiceData) for record in self.known("invoice")}
        for number, data in records.items():
            reds = [red for red in records.values() if number in red.corrects]
            for name in ("net", "tax", "gross"):
                taken = sum(parse_cents(getattr(red, name)) for red in reds)
                assert taken == parse_cents(getattr(data, f"red_{name}")) <= parse_cents(getattr(data, name))
            for each in data.lines:
                assert parse_cents(each.red_net) == parse_cents(data.red_net)
            assert not (data.is_red and reds), "no red of a red"

    @invariant()
    def test_T4_one_open_form_and_answers_in_time(self) -> None:
        open_forms: Counter[str] = Counter()
        for record in self.known("red-form"):
            data, at = record.data_as(RedFormData), {e.state: e.claimed_time_ms for e in record.timeline}
            is_late = "WAIT_PEER" in at and self.world.now_ms - 60_000 > at["WAIT_PEER"] + HOURS_72_MS
            if record.state in ("DRAFT", "CONFIRMED") or (record.state == "WAIT_PEER" and not is_late):
                open_forms[data.blue] += 1
            for answer in ("CONFIRMED", "REJECTED"):
                assert at.get(answer, 0) <= at.get("WAIT_PEER", 0) + HOURS_72_MS
            assert at.get("AUTO_VOID", HOURS_72_MS * 10**9) > at.get("WAIT_PEER", 0) + HOURS_72_MS
            assert (record.state == "RED_ISSUED") == bool(data.red_invoice)
        assert all(count == 1 for count in open_forms.values()), open_forms

    @invariant()
    def test_T5_deducted_at_most_once_and_never_beside_a_rebate(self) -> None:
        for record in self.known("invoice"):
            use = "NONE"
            for entry in record.timeline:
                if entry.kind == "invoice.confirm_use":
                    assert use == "NONE"
                    use = "used"
                elif entry.kind == "invoice.roll_back_use":
                    assert use == "used"
                    use = "NONE"
            assert (record.data_as(InvoiceData).use != "NONE") == (use == "used")

    @invariant()
    def test_T6_booked_at_most_once_by_the_buyer(self) -> None:
        for record in self.known("invoice"):
            bookings = [entry for entry in record.timeline if entry.kind == "invoice.book"]
            assert len(bookings) == bool(record.data_as(InvoiceData).voucher_no) <= 1
            assert record.data_as(InvoiceData).booked_by == (BETA if bookings else "")

    @invariant()
    def test_T7_what_is_fully_red_is_neither_used_nor_booked_after(self) -> None:
        for record in self.known("invoice"):
            states = [entry.state for entry in record.timeline]
            if "RED_FULL" in states:
                later = record.timeline[states.index("RED_FULL") + 1 :]
                assert not [e for e in later if e.kind in ("invoice.book", "invoice.confirm_use")]

    @invariant()
    def test_T9_nothing_is_used_while_locked(self) -> None:
        for record in self.known("invoice"):
            is_locked = False
            for entry in record.timeline:
                if entry.kind in ("invoice.lock", "invoice.release", "invoice.void"):
                    is_locked = entry.kind != "invoice.release"
                else:
                    assert not is_locked or entry.kind == "invoice.transfer_out", entry
            assert is_locked == (record.state in ("LOCKED", "VOID"))


class TaxpayerLife(Machine):
    """One seller, its standing and its limit."""

    record_types = ("taxpayer", "invoice")

    def __init__(self) -> None:
        super().__init__()
        self.used = 0
        self.number = 0

    @rule(person=st.sampled_from(["tax-a", "tax-a", "acme-a"]), limit=st.sampled_from(["500", "2000.00"]))
    def register(self, person: str, limit: str) -> None:
        verb = "set_limit" if self.known("taxpayer") else "register"
        self.ask(f"taxpayer.{verb}", person, ACME, {"credit_limit": limit})

    @rule(
        verb=st.sampled_from(["suspend", "resume", "resume", "cancel"]),
        person=st.sampled_from(["tax-a", "acme-a"]),
    )
    def step(self, verb: str, person: str) -> None:
        self.ask(f"taxpayer.{verb}", person, ACME, {"reason": "inspection"})

    @rule(net=st.sampled_from(["100.00", "400.00", "500.01"]))
    def issue(self, net: str) -> None:
        self.number += 1
        number = invoice_number(self.number)
        known = self.known("taxpayer")
        if self.ask("invoice.issue", "acme-a", number, invoice_fields(number, net=net)) and known:
            (taxpayer,) = known
            self.used += parse_cents(net)
            assert taxpayer.state == "NORMAL"
            assert self.used <= parse_cents(taxpayer.data_as(TaxpayerData).credit_limit)

    @invariant()
    def test_T8_cancelled_is_the_end(self) -> None:
        for record in self.known("taxpayer"):
            states = [entry.state for entry in record.timeline]
            assert "CANCELLED" not in states[:-1]


TestInvoiceLife = InvoiceLife.TestCase
TestInvoiceLife.settings = RUNS
TestTaxpayerLife = TaxpayerLife.TestCase
TestTaxpayerLife.settings = RUNS
