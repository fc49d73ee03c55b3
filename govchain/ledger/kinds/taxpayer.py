"""Taxpayers 纳税人 (records.md 1.3, rule T8): the register that the tax authority keeps, with credit limits.

NORMAL ↔ ABNORMAL → CANCELLED. Where a register is kept on the chain, only who stands in it as normal issues
Chinese invoices, and in a month no more than its limit; what was used up of it is counted here as well.
"""

from __future__ import annotations

from typing import Final

import msgspec

from govchain.ledger.amounts import format_cents, parse_cents
from govchain.ledger.conditions import state_of
from govchain.ledger.identifiers import format_time, is_credit_code
from govchain.ledger.kind import RecordKind
from govchain.ledger.payloads import Part
from govchain.ledger.rules.attempt import Attempt, RuleFunction, Transition
from govchain.ledger.rules.common import (
    g3_object_exists,
    g3_object_is_new,
    g3_state_allows,
    g4_version_continues,
    i5_roles_allow,
)
from govchain.ledger.rules.rule import Rule, Text, deny
from govchain.ledger.state import IndexEntry, RecordData, index_key

TAXPAYER: Final = "taxpayer"
TAX_AUTHORITY: Final = "tax-authority"
LIMIT_SOURCE: Final = (
    "practice of the all-digital e-invoice, unconfirmed: net amounts of blue invoices a month"
)

_REGISTER: Final = index_key("taxpayer-register", "kept")


class TaxpayerRegister(Part, frozen=True):
    """`taxpayer.register`: the tax authority registers a firm (→ NORMAL). Object id: its credit code."""

    credit_limit: str
    """Net amount that it may invoice in a month (rule T8)."""
    licence: str = ""
    """Licence that it rests on and that must be VALID; may be empty."""


class TaxpayerLimit(Part, frozen=True):
    """`taxpayer.set_limit`: another credit limit."""

    credit_limit: str


class TaxpayerStep(Part, frozen=True):
    """`taxpayer.suspend`, `taxpayer.resume`, `taxpayer.cancel`: another standing, with its reason."""

    reason: str


class TaxpayerData(RecordData, frozen=True, tag="govchain.taxpayer-data/1"):
    """What the rules of taxpayers need to remember."""

    credit_limit: str
    licence: str = ""


class UsedCredit(
    msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True, tag="govchain.used-credit/1"
):
    """What a seller invoiced in one month."""

    cents: int


def g1_taxpayer_is_a_firm(attempt: Attempt) -> None:
    """Rule G1: a taxpayer is named by its unified social credit code."""
    if not is_credit_code(attempt.envelope.object_id):
        raise deny("G1", "E_PAYLOAD", "object_id: expected a unified social credit code")


def g1_limit_is_an_amount(attempt: Attempt) -> None:
    """Rule G1: a credit limit is an amount of at least 0."""
    try:
        cents = parse_cents(attempt.fields.credit_limit)
    except ValueError as error:
        raise deny("G1", "E_PAYLOAD", f"fields.credit_limit: {error}") from error
    if cents < 0:
        raise deny("G1", "E_PAYLOAD", "fields.credit_limit: expected at least 0")


def t8_licence_is_valid(attempt: Attempt) -> None:
    """Rule T8: a firm is registered after its licence, when one is named."""
    if not attempt.fields.licence:
        return
    found = state_of(attempt.access, f"licence/{attempt.fields.licence}", attempt.claimed_time_ms)
    if found != "VALID":
        raise deny(
            "T8", "E_STATE", f"the licence that the registration rests on is {found}; it must be VALID"
        )


def t8_seller_may_invoice(attempt: Attempt) -> None:
    """Rule T8: where a register is kept, the seller stands in it as normal and stays within its limit."""
    seller, net = attempt.fields.seller_ref, attempt.fields.net
    if attempt.fields.standard != "CN" or not attempt.access.indexed(_REGISTER):
        return
    taxpayer = attempt.access.record(TAXPAYER, seller)
    if taxpayer is None or taxpayer.state != "NORMAL":
        found = "not in the register of taxpayers" if taxpayer is None else taxpayer.state
        raise deny("T8", "E_STATE", f"the seller is {found}")
    limit = taxpayer.data_as(TaxpayerData).credit_limit
    left = parse_cents(limit) - _used(attempt, seller)
    if parse_cents(net) > left:
        raise deny(
            "T8", "E_CAP", f"net {net} exceeds the {format_cents(max(left, 0))} left of this month's {limit}"
        )


def use_credit(attempt: Attempt) -> None:
    """Count an invoice against its seller's limit (rule T8)."""
    fields = attempt.fields
    if fields.standard == "CN" and attempt.access.indexed(_REGISTER):
        used = _used(attempt, fields.seller_ref) + parse_cents(fields.net)
        attempt.put(_credit_key(attempt, fields.seller_ref), UsedCredit(used))


def _used(attempt: Attempt, seller: str) -> int:
    found = attempt.access.value(_credit_key(attempt, seller), UsedCredit)
    return 0 if found is None else found.cents


def _credit_key(attempt: Attempt, seller: str) -> bytes:
    # The month in which it is claimed: the block's would put into the state how transactions were cut.
    return index_key("taxpayer-credit", format_time(attempt.claimed_time_ms)[:7], seller)


def _register(attempt: Attempt) -> None:
    fields: TaxpayerRegister = attempt.fields
    attempt.create("NORMAL", TaxpayerData(fields.credit_limit, fields.licence))
    attempt.put(_REGISTER, IndexEntry("yes"))


def _limit(attempt: Attempt) -> None:
    data = msgspec.structs.replace(attempt.data, credit_limit=attempt.fields.credit_limit)
    attempt.advance(attempt.existing, attempt.existing.state, data)


def _step(attempt: Attempt) -> None:
    (new_state,) = attempt.transition.to_states
    attempt.advance(attempt.existing, new_state)


def _row(
    verb: str,
    fields: type[Part],
    states: tuple[tuple[str, ...], tuple[str, ...]],
    sentence: Text,
    apply: RuleFunction,
    *rules: RuleFunction,
) -> Transition:
    existing = (g3_object_exists, *rules, g3_state_allows)
    return Transition(
        verb=f"taxpayer.{verb}",
        fields=fields,
        sentence=sentence,
        from_states=states[0],
        to_states=states[1],
        org_roles=(TAX_AUTHORITY,),
        key_roles=(),
        rules=(i5_roles_allow, *(existing if states[0] else rules), g4_version_continues),
        apply=apply,
    )


KIND: Final = RecordKind(
    record_type=TAXPAYER,
    title=Text("Taxpayer", "纳税人"),
    data=TaxpayerData,
    states={"NORMAL": "正常", "ABNORMAL": "非正常", "CANCELLED": "注销"},
    transitions=(
        _row(
            "register",
            TaxpayerRegister,
            ((), ("NORMAL",)),
            Text(
                "{who} registers taxpayer {object} with a credit limit of {credit_limit}",
                "{who} 登记纳税人 {object}，授信额度 {credit_limit}",
            ),
            _register,
            g1_taxpayer_is_a_firm,
            g1_limit_is_an_amount,
            g3_object_is_new,
            t8_licence_is_valid,
        ),
        _row(
            "set_limit",
            TaxpayerLimit,
            (("NORMAL", "ABNORMAL"), ("NORMAL", "ABNORMAL")),
            Text(
                "{who} sets the credit limit of {object} to {credit_limit}",
                "{who} 将 {object} 的授信额度调整为 {credit_limit}",
            ),
            _limit,
            g1_limit_is_an_amount,
        ),
        _row(
            "suspend",
            TaxpayerStep,
            (("NORMAL",), ("ABNORMAL",)),
            Text("{who} declares {object} abnormal ({reason})", "{who} 认定 {object} 为非正常户（{reason}）"),
            _step,
        ),
        _row(
            "resume",
            TaxpayerStep,
            (("ABNORMAL",), ("NORMAL",)),
            Text("{who} restores {object} ({reason})", "{who} 解除 {object} 的非正常状态（{reason}）"),
            _step,
        ),
        _row(
            "cancel",
            TaxpayerStep,
            (("NORMAL", "ABNORMAL"), ("CANCELLED",)),
            Text("{who} cancels taxpayer {object} ({reason})", "{who} 注销纳税人 {object}（{reason}）"),
            _step,
        ),
    ),
    rules=(
        Rule(
            "T8",
            Text(
                "A seller in the register is of normal standing and stays within its credit limit of the "
                "month",
                "销售方须为状态正常的纳税人，且开票不超过当月授信额度",
            ),
            ("einvoice-credit",),
            {
                "E_CAP": Text(
                    "Ask the tax authority for a higher limit, or wait for the next month.",
                    "向税务机关申请提高授信额度，或待次月开具。",
                ),
                "E_STATE": Text(
                    "Let the tax authority register the firm or restore its standing; name a VALID licence.",
                    "由税务机关登记或恢复正常状态；所依据的证照须有效。",
                ),
            },
        ),
    ),
    names_zh={"credit_limit": "授信额度", "licence": "所依据的证照", "reason": "理由"},
    texts_zh={
        "`taxpayer.register`: the tax authority registers a firm (→ NORMAL). Object id: its credit code.": (
            "`taxpayer.register`：税务机关登记纳税人（→ NORMAL）。对象编号为统一社会信用代码。"
        ),
        "Net amount that it may invoice in a month (rule T8).": "每月可开具的不含税金额（规则 T8）。",
        "Licence that it rests on and that must be VALID; may be empty.": (
            "所依据的证照，须为 VALID；可为空。"
        ),
        "`taxpayer.set_limit`: another credit limit.": "`taxpayer.set_limit`：调整授信额度。",
        "`taxpayer.suspend`, `taxpayer.resume`, `taxpayer.cancel`: another standing, with its reason.": (
            "`taxpayer.suspend`（认定非正常）、`taxpayer.resume`（解除）、`taxpayer.cancel`（注销）：须载明理由。"
        ),
    },
)
