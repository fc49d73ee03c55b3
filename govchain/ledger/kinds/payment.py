"""Payments 付款 (rule J3): an order that is settled only once what it waits for has happened.

Money moves at the bank; here are order and settlement, bound to the records that they wait for and pay.
ORDERED → SETTLED | CANCELLED. An order in escrow is settled by the record that it waits for, in one
transaction with it. What was paid by a decision that is taken back is owed back: SETTLED → RECLAIMED →
RETURNED.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from govchain.ledger import conditions
from govchain.ledger.access import StateAccess
from govchain.ledger.amounts import format_cents, parse_cents
from govchain.ledger.conditions import (
    Condition,
    is_paid,
    j1_conditions_hold,
    paid_key,
    pairs_of,
    require_conditions,
    require_record,
    single_names,
)
from govchain.ledger.field_checks import require_amount, require_code, require_reference
from govchain.ledger.kind import RecordKind
from govchain.ledger.kinds.contract.fields import ContractData
from govchain.ledger.kinds.criteria import CRITERIA, CriteriaData
from govchain.ledger.payloads import Part
from govchain.ledger.rules.attempt import Attempt, RuleFunction, Transition
from govchain.ledger.rules.common import (
    g3_object_is_new,
    g3_state_allows,
    g4_version_continues,
    i5_roles_allow,
)
from govchain.ledger.rules.rows import change_existing
from govchain.ledger.rules.rule import Rule, Text, deny
from govchain.ledger.state import RecordData, RecordState

PAYMENT: Final = "payment"
DECISION: Final = "decision"
BANK: Final = "bank"


class PaymentOrder(Part, frozen=True):
    """`payment.order`: a bank takes an order (→ ORDERED). Object id: number of the payment."""

    payer: str
    payee: str
    """Of what fulfils a contract one of its parties: an organisation, or `org:person` (rule J3)."""
    amount: str
    waits_for: list[Condition] = []
    """What must have happened before it is settled (rule J1)."""
    pays: str = ""
    """Contract or decision that it fulfils, as `type/id`; then amounts must agree (rule J3)."""
    line: str = ""
    """Line of that decision that is paid apart: one that is stated only, or withheld from what is due."""
    escrow: str = ""
    """Record that settles it when it changes hands, as `type/id`; the bank alone cannot."""


class PaymentStep(Part, frozen=True):
    """`payment.settle`, `payment.cancel`, `payment.return`: paid, given up, or back when reclaimed."""


class PaymentData(RecordData, frozen=True, tag="govchain.payment-data/1"):
    """What the rules of payments need to remember."""

    payer: str
    payee: str
    amount: str
    waits_for: tuple[tuple[str, str], ...]
    pays: str
    escrow: str
    line: str = ""

    @property
    def fulfils(self) -> str:
        """What is paid once: the contract or decision, or one line of it; empty when it is neither."""
        return _name(self.pays, self.line)


def g1_order_is_well_formed(attempt: Attempt) -> None:
    """Rule G1: payer, payee, amount and records have their form."""
    fields: PaymentOrder = attempt.fields
    require_reference("payer", fields.payer)
    require_reference("payee", fields.payee)
    require_amount("amount", fields.amount)
    require_conditions("waits_for", fields.waits_for)
    for name in ("pays", "escrow"):
        if getattr(fields, name):
            require_record(name, getattr(fields, name))
    if fields.line:
        require_code("line", fields.line)
        if not fields.pays:
            raise deny("G1", "E_PAYLOAD", "fields.line: expected together with pays")


def j3_amount_is_what_is_due(attempt: Attempt) -> None:
    """Rule J3: what fulfils a contract or decision is exactly what that one makes due."""
    data = _data_of_order(attempt.fields)
    if not data.pays:
        return
    due, named = due_cents(attempt.access, data.pays, data.line), data.fulfils[:192]
    if due is None:
        raise deny("J3", "E_STATE", f"{named} makes nothing due")
    if parse_cents(data.amount) != due:
        raise deny("J3", "E_AMOUNT", f"{format_cents(due)} is due for {named}")
    if is_paid(attempt.access, data.fulfils):
        raise deny("J3", "E_DOUBLE_USE", f"{named} is paid already")


def j3_payee_is_a_party(attempt: Attempt) -> None:
    """Rule J3: what fulfils a contract goes to a party of it; a stranger's money would end its debt."""
    record_type, _, number = attempt.fields.pays.partition("/")
    contract = attempt.access.record(record_type, number) if record_type == "contract" else None
    if contract is None:
        return
    payee, parties = attempt.fields.payee, single_names(contract.data_as(ContractData).parties)
    if payee not in parties:
        raise deny("J3", "E_ROLE", f"{payee} is no party of contract {number[:128]}")


def j3_escrow_is_released_by_its_record(attempt: Attempt) -> None:
    """Rule J3: money in escrow is released together with what it waits for, and not by the bank alone."""
    if attempt.data.escrow:
        raise deny("J3", "E_STATE", f"the escrow is released by {attempt.data.escrow[:128]}")


def j1_waiting_is_over(attempt: Attempt) -> None:
    """Rule J1: what the payment waits for has happened."""
    j1_conditions_hold(attempt, attempt.data.waits_for)


def i5_payment_is_own(attempt: Attempt) -> None:
    """Rule I5: the bank that took an order settles it."""
    if attempt.existing.issuer_org != attempt.org.id:
        raise deny("I5", "E_ROLE", "another bank took this order")


def payments_by(access: StateAccess, decision: str, lines: Sequence[str]) -> tuple[RecordState, ...]:
    """Payments that were settled by a decision, whole or line by line, and did not come back."""
    names = [_name(f"{DECISION}/{decision}", line) for line in ("", *lines)]
    found = [access.record(PAYMENT, access.indexed(paid_key(name))) for name in names]
    return tuple(record for record in found if record is not None)


def _name(pays: str, line: str) -> str:
    # No object id holds a space.
    return f"{pays} {line}" if line else pays


def due_cents(access: StateAccess, record: str, line: str = "") -> int | None:
    """What a contract or decision makes due, or one line of it apart; None when nothing or not in force."""
    record_type, _, object_id = record.partition("/")
    known = access.record(record_type, object_id)
    if known is None or not known.data:
        return None
    if record_type == "contract" and not line and known.state in ("FORMED", "BREACHED"):
        due = known.data_as(ContractData).due
        return parse_cents(due) if due else None
    if record_type == DECISION and known.state in ("GRANTED", "EFFECTIVE"):
        # Here and not above: decisions read payments as well.
        from govchain.ledger.kinds.decision.fields import DecisionData

        data = known.data_as(DecisionData)
        return _apart_cents(access, data.criteria, dict(data.amounts), line) if line else data.due_cents
    return None


def _apart_cents(access: StateAccess, criteria: str, amounts: Mapping[str, str], line: str) -> int | None:
    """Cents of a line that somebody else gets than who gets what is due.

    That is a line that is stated only, and one below zero: it was withheld. Any other is part of the sum.
    """
    record = access.record(CRITERIA, criteria)
    assert record is not None, "a decision rests on criteria"
    is_due = {each.name: each.is_due for each in record.data_as(CriteriaData).lines}
    cents = parse_cents(amounts[line]) if line in amounts else 0
    return abs(cents) if cents < 0 or (cents and not is_due[line]) else None


def _data_of_order(fields: PaymentOrder) -> PaymentData:
    return PaymentData(
        payer=fields.payer,
        payee=fields.payee,
        amount=fields.amount,
        waits_for=pairs_of(fields.waits_for),
        pays=fields.pays,
        escrow=fields.escrow,
        line=fields.line,
    )


def _order(attempt: Attempt) -> None:
    attempt.create("ORDERED", _data_of_order(attempt.fields))


def _settle(attempt: Attempt) -> None:
    attempt.advance(attempt.existing, "SETTLED")
    if attempt.data.pays:
        attempt.set_index(paid_key(attempt.data.fulfils), attempt.envelope.object_id)


def _cancel(attempt: Attempt) -> None:
    attempt.advance(attempt.existing, "CANCELLED")


def _return(attempt: Attempt) -> None:
    """A decision that is granted once more may be paid again from here on."""
    attempt.advance(attempt.existing, "RETURNED")
    attempt.clear_index(paid_key(attempt.data.fulfils))


def _row(
    verb: str,
    new_state: str,
    sentence: Text,
    *rules: RuleFunction,
    apply: RuleFunction,
    from_state: str = "ORDERED",
) -> Transition:
    states = ((from_state,), (new_state,))
    asked = (i5_payment_is_own, g3_state_allows, *rules)
    return change_existing(
        f"payment.{verb}", PaymentStep, states, sentence, rules=asked, apply=apply, org_roles=(BANK,)
    )


def j3_still_unpaid(attempt: Attempt) -> None:
    """Rule J3: one contract or decision, and one line of it, is paid once."""
    if attempt.data.pays and is_paid(attempt.access, attempt.data.fulfils):
        raise deny("J3", "E_DOUBLE_USE", f"{attempt.data.fulfils[:192]} is paid already")


def j3_is_still_due(attempt: Attempt) -> None:
    """Rule J3: what a court stays or another decision takes back is paid no more."""
    data: PaymentData = attempt.data
    if data.pays and due_cents(attempt.access, data.pays, data.line) != parse_cents(data.amount):
        raise deny("J3", "E_STATE", f"{data.fulfils[:192]} does not make {data.amount} due any more")


KIND: Final = RecordKind(
    record_type=PAYMENT,
    title=Text("Payment", "付款"),
    data=PaymentData,
    states={
        "ORDERED": "已受理",
        "SETTLED": "已支付",
        "CANCELLED": "已取消",
        "RECLAIMED": "须退回",
        "RETURNED": "已退回",
    },
    transitions=(
        Transition(
            verb="payment.order",
            fields=PaymentOrder,
            sentence=Text(
                "{who} takes an order to pay {amount} to {payee}", "{who} 受理向 {payee} 支付 {amount} 的指令"
            ),
            from_states=(),
            to_states=("ORDERED",),
            org_roles=(BANK,),
            key_roles=(),
            rules=(
                i5_roles_allow,
                g1_order_is_well_formed,
                g3_object_is_new,
                j3_amount_is_what_is_due,
                j3_payee_is_a_party,
                g4_version_continues,
            ),
            apply=_order,
        ),
        _row(
            "settle",
            "SETTLED",
            Text("{who} settles payment {object}", "{who} 支付 {object}"),
            j3_escrow_is_released_by_its_record,
            j3_still_unpaid,
            j3_is_still_due,
            j1_waiting_is_over,
            apply=_settle,
        ),
        _row(
            "cancel",
            "CANCELLED",
            Text("{who} cancels payment {object}", "{who} 取消付款 {object}"),
            apply=_cancel,
        ),
        _row(
            "return",
            "RETURNED",
            Text("{who} records that reclaimed payment {object} is back", "{who} 登记付款 {object} 已退回"),
            apply=_return,
            from_state="RECLAIMED",
        ),
    ),
    rules=(
        Rule(
            "J3",
            Text(
                "A payment is of what is due, once, out of escrow only with what it waits for, and reclaimed "
                "when its decision is taken back",
                "付款须与应付金额一致且仅付一次；托管款项仅随所待事项一并支付；所依决定撤回的，已付款项须退回",
            ),
            ("joint-services",),
            {
                "E_AMOUNT": Text("Order the amount that the detail names.", "按说明中的金额付款。"),
                "E_STATE": Text(
                    "Wait until the named record makes something due, or releases the escrow.",
                    "待所指记录产生应付款项或解除托管。",
                ),
                "E_DOUBLE_USE": Text("Nothing: it is paid.", "已付清，无须再付。"),
                "E_ROLE": Text(
                    "Pay a party of the contract: an organisation, or `org:person`.",
                    "向合约当事人付款，写作机构代码或 `org:person`。",
                ),
            },
        ),
    ),
    names_zh={
        **conditions.NAMES_ZH,
        "payer": "付款方",
        "payee": "收款方",
        "amount": "金额",
        "line": "条目",
        "waits_for": "付款条件",
        "pays": "所履行的记录",
        "escrow": "托管解除记录",
    },
    texts_zh={
        **conditions.TEXTS_ZH,
        "`payment.order`: a bank takes an order (→ ORDERED). Object id: number of the payment.": (
            "`payment.order`：银行受理付款指令（→ ORDERED）。对象编号为付款编号。"
        ),
        "Of what fulfils a contract one of its parties: an organisation, or `org:person` (rule J3).": (
            "履行合约的付款，收款方须为合约当事人：机构代码或 `org:person`（规则 J3）。"
        ),
        "What must have happened before it is settled (rule J1).": "支付前须已成就的条件（规则 J1）。",
        "Contract or decision that it fulfils, as `type/id`; then amounts must agree (rule J3).": (
            "所履行的合约或决定，写作`type/id`；金额须一致（规则 J3）。"
        ),
        "Line of that decision that is paid apart: one that is stated only, or withheld from what is due.": (
            "该决定中另行支付的条目：仅列明的条目，或从应付款中代扣的条目。"
        ),
        "Record that settles it when it changes hands, as `type/id`; the bank alone cannot.": (
            "其变更时一并支付的记录，写作`type/id`；银行不得单独支付。"
        ),
        "`payment.settle`, `payment.cancel`, `payment.return`: paid, given up, or back when reclaimed.": (
            "`payment.settle`（支付）、`payment.cancel`（取消）、`payment.return`（退回）：已支付、已取消，"
            "或须退回的款项已退回。"
        ),
    },
    side_changes=(("ORDERED", "SETTLED"), ("SETTLED", "RECLAIMED"), ("RECLAIMED", "SETTLED")),
)
