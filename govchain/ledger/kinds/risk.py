"""Risk records 风险记录 (records.md 1.3, rule T10): firms that invoice each other in a ring, and the outcome.

RAISED → CLEARED | CONFIRMED. Rings are looked for off the chain; the chain checks that the named invoices
make one. It is a sign and no proof: it locks nothing by itself.
"""

from __future__ import annotations

import itertools
import re
from typing import Final

import msgspec

from govchain.ledger.amounts import parse_cents
from govchain.ledger.field_checks import require_text
from govchain.ledger.identifiers import parse_date_ms
from govchain.ledger.kind import RecordKind
from govchain.ledger.kinds.invoice.fields import InvoiceData
from govchain.ledger.kinds.invoice.standing import INVOICE
from govchain.ledger.payloads import Part
from govchain.ledger.rules.attempt import Attempt, Transition
from govchain.ledger.rules.common import (
    g3_object_exists,
    g3_object_is_new,
    g3_state_allows,
    g4_version_continues,
    i5_roles_allow,
    require_other_person,
)
from govchain.ledger.rules.rule import Rule, Text, deny
from govchain.ledger.state import RecordData

FIRMS_MIN: Final = 3
FIRMS_MAX: Final = 16
WINDOW_DAYS_MAX: Final = 366
RAISE_ROLES: Final = ("tax-authority", "tax-inspection")

_RATIO: Final = re.compile(r"0\.[0-9]{1,4}")
_RATIO_SCALE: Final = 10_000
_DAY_MS: Final = 86_400_000


class RiskRaise(Part, frozen=True):
    """`risk.raise`: a ring of invoices was found (→ RAISED; rule T10). Object id: number of the record."""

    invoices: list[str]
    """Object ids in the order of the ring: each buyer is the next seller, round to the first."""
    window_days: int
    """Days between the first and the last of them, at most."""
    ratio: str
    """The smallest amount is more than this part of the largest."""
    source: str
    """Where window and ratio come from."""


class RiskClose(Part, frozen=True):
    """`risk.clear` and `risk.confirm`: the outcome of a review."""

    reason: str


class RiskData(RecordData, frozen=True, tag="govchain.risk-data/2"):
    """What the rules of risk records need to remember."""

    invoices: tuple[str, ...]
    firms: tuple[str, ...]
    """Sellers in the order of the ring."""
    window_days: int
    ratio: str
    source: str
    raised_by: str
    """Person (rule G6)."""
    outcome: str = ""


def g1_risk_is_well_formed(attempt: Attempt) -> None:
    """Rule G1: number of invoices, window and ratio have their form."""
    fields: RiskRaise = attempt.fields
    if not FIRMS_MIN <= len(fields.invoices) <= FIRMS_MAX:
        raise deny("G1", "E_PAYLOAD", f"fields.invoices: expected {FIRMS_MIN} to {FIRMS_MAX}")
    if not 1 <= fields.window_days <= WINDOW_DAYS_MAX:
        raise deny("G1", "E_PAYLOAD", f"fields.window_days: expected 1 to {WINDOW_DAYS_MAX}")
    if not _RATIO.fullmatch(fields.ratio):
        raise deny("G1", "E_PAYLOAD", "fields.ratio: expected a decimal below 1 with at most four decimals")
    if not 1 <= len(fields.source) <= 128:
        raise deny("G1", "E_PAYLOAD", "fields.source: expected 1 to 128 characters")


def g1_reason_is_given(attempt: Attempt) -> None:
    """Rule G1: a review ends with a reason."""
    require_text("reason", attempt.fields.reason)


def g6_reviewer_did_not_raise(attempt: Attempt) -> None:
    """Rule G6, also I6: who raised a risk does not review it."""
    require_other_person(attempt, attempt.data.raised_by)


def t10_ring_closes(attempt: Attempt) -> None:
    """Rule T10: the invoices lead from firm to firm and back, each firm once."""
    ring = _ring(attempt)
    firms = [data.seller_ref for data in ring]
    if len(set(firms)) != len(firms):
        raise deny("T10", "E_STATE", "a firm is in the ring twice")
    for data, following in itertools.pairwise((*ring, ring[0])):
        if data.buyer_ref != following.seller_ref:
            raise deny("T10", "E_STATE", f"the buyer of {data.number} does not sell the next invoice")


def t10_ring_is_close_in_time_and_amount(attempt: Attempt) -> None:
    """Rule T10: the invoices lie within the window, and the smallest is near the largest."""
    fields: RiskRaise = attempt.fields
    ring = _ring(attempt)
    days = [parse_date_ms(data.issue_date) for data in ring]
    if max(days) - min(days) > fields.window_days * _DAY_MS:
        raise deny("T10", "E_STATE", f"the invoices lie more than {fields.window_days} days apart")
    amounts = [parse_cents(data.gross) for data in ring]
    ratio = int(fields.ratio[2:].ljust(4, "0"))
    if min(amounts) * _RATIO_SCALE <= max(amounts) * ratio:
        raise deny("T10", "E_STATE", f"the smallest amount is at most {fields.ratio} of the largest")


def _ring(attempt: Attempt) -> list[InvoiceData]:
    ring = []
    for number in attempt.fields.invoices:
        record = attempt.access.record(INVOICE, number)
        if record is None or record.data_as(InvoiceData).is_red:
            raise deny("T10", "E_STATE", "an invoice of the ring is red, or not on the chain")
        ring.append(record.data_as(InvoiceData))
    return ring


def _raise(attempt: Attempt) -> None:
    fields: RiskRaise = attempt.fields
    data = RiskData(
        invoices=tuple(fields.invoices),
        firms=tuple(data.seller_ref for data in _ring(attempt)),
        window_days=fields.window_days,
        ratio=fields.ratio,
        source=fields.source,
        raised_by=attempt.key.person,
    )
    attempt.create("RAISED", data)


def _close(attempt: Attempt) -> None:
    (new_state,) = attempt.transition.to_states
    data = msgspec.structs.replace(attempt.data, outcome=attempt.fields.reason)
    attempt.advance(attempt.existing, new_state, data)


def _closing(verb: str, to_state: str, sentence: Text) -> Transition:
    return Transition(
        verb=f"risk.{verb}",
        fields=RiskClose,
        sentence=sentence,
        from_states=("RAISED",),
        to_states=(to_state,),
        org_roles=("tax-inspection",),
        key_roles=(),
        rules=(
            i5_roles_allow,
            g1_reason_is_given,
            g3_object_exists,
            g3_state_allows,
            g6_reviewer_did_not_raise,
            g4_version_continues,
        ),
        apply=_close,
    )


KIND: Final = RecordKind(
    record_type="risk",
    title=Text("Risk record", "风险记录"),
    data=RiskData,
    states={"RAISED": "已提示", "CLEARED": "已排除", "CONFIRMED": "已确认"},
    transitions=(
        Transition(
            verb="risk.raise",
            fields=RiskRaise,
            sentence=Text("{who} raises risk record {object}", "{who} 登记风险记录 {object}"),
            from_states=(),
            to_states=("RAISED",),
            org_roles=RAISE_ROLES,
            key_roles=(),
            rules=(
                i5_roles_allow,
                g1_risk_is_well_formed,
                g3_object_is_new,
                t10_ring_closes,
                t10_ring_is_close_in_time_and_amount,
                g4_version_continues,
            ),
            apply=_raise,
        ),
        _closing(
            "clear", "CLEARED", Text("{who} clears {object} ({reason})", "{who} 排除 {object}（{reason}）")
        ),
        _closing(
            "confirm",
            "CONFIRMED",
            Text("{who} confirms {object} ({reason})", "{who} 确认 {object}（{reason}）"),
        ),
    ),
    rules=(
        Rule(
            "T10",
            Text(
                "Invoices in a ring, near in time and amount, raise a risk record",
                "短期内金额相近的循环开票须形成风险记录",
            ),
            ("einvoice-risk",),
            {
                "E_STATE": Text(
                    "Name blue invoices in the order of their ring, and the window and ratio that they keep.",
                    "按闭环顺序列明蓝字发票，且其时间与金额须符合所列窗口与比例。",
                ),
            },
        ),
    ),
    names_zh={
        "invoices": "循环开具的发票",
        "window_days": "时间窗口（天）",
        "ratio": "金额比例",
        "source": "参数来源",
        "reason": "理由",
    },
    texts_zh={
        "`risk.raise`: a ring of invoices was found (→ RAISED; rule T10). Object id: number of the record.": (
            "`risk.raise`：发现循环开票（→ RAISED；规则 T10）。对象编号为风险记录编号。"
        ),
        "Object ids in the order of the ring: each buyer is the next seller, round to the first.": (
            "按闭环顺序排列的对象编号：前一张的购买方为后一张的销售方，首尾相接。"
        ),
        "Days between the first and the last of them, at most.": "首张与末张之间的天数上限。",
        "The smallest amount is more than this part of the largest.": "最小金额须大于最大金额的该比例。",
        "Where window and ratio come from.": "窗口与比例的来源。",
        "`risk.clear` and `risk.confirm`: the outcome of a review.": (
            "`risk.clear`（排除）与 `risk.confirm`（确认）：复核结论。"
        ),
    },
)
