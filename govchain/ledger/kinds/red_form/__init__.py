"""Red-letter forms 红字发票信息确认单 (records.md 1.3): both sides agree before a used invoice is taken back.

Payloads and data are in `fields`, what is allowed in `rules`.
"""

from __future__ import annotations

from typing import Final

from govchain.ledger.kind import RecordKind
from govchain.ledger.kinds.red_form.fields import RED_FORM, RedFormData
from govchain.ledger.kinds.red_form.rules import TRANSITIONS
from govchain.ledger.rules.rule import Rule, Text

KIND: Final = RecordKind(
    record_type=RED_FORM,
    title=Text("Red-letter form", "红字发票信息确认单"),
    data=RedFormData,
    states={
        "DRAFT": "草稿",
        "WAIT_PEER": "待对方确认",
        "CONFIRMED": "已确认",
        "REJECTED": "已否认",
        "WITHDRAWN": "已撤回",
        "AUTO_VOID": "超时作废",
        "RED_ISSUED": "已开具红字发票",
    },
    transitions=TRANSITIONS,
    rules=(
        Rule(
            "T4",
            Text(
                "A used or booked invoice is taken back with the other side's consent, by one form in 72 "
                "hours",
                "已用途确认或已入账的发票，须经对方在七十二小时内确认方可红冲，同一发票同时仅可有一张确认单",
            ),
            ("einvoice-red",),
            {
                "E_PEER_CONFIRM": Text(
                    "Get a form for this amount confirmed by the other side, and name it in `form`.",
                    "先就该金额取得对方确认的确认单，并在 `form` 中载明。",
                ),
                "E_CONFIRM_TIMEOUT": Text(
                    "Make a new form; this one is void.", "该确认单已作废，请重新发起。"
                ),
                "E_ROLE": Text(
                    "One side of the invoice makes the form, the other one answers it.",
                    "由发票一方发起，另一方确认。",
                ),
                "E_STATE": Text(
                    "Bring the open form to its end, or roll the rebate back, before you go on.",
                    "先办结已发起的确认单，或撤回退税用途，再行办理。",
                ),
            },
        ),
    ),
    names_zh={
        "blue": "蓝字发票",
        "net": "不含税金额",
        "tax": "税额",
        "gross": "价税合计",
        "reason": "红冲原因",
    },
    texts_zh={
        "`invoice.red_draft` (→ DRAFT), `invoice.red_request` (→ WAIT_PEER): seller or buyer asks to take "
        "back. Object id: number of the form. Amounts are positive.": (
            "`invoice.red_draft`（→ DRAFT）与 `invoice.red_request`（→ WAIT_PEER）：购销任一方发起确认单。"
            "对象编号为确认单编号；金额以正数填写。"
        ),
        "Object id of the blue invoice.": "蓝字发票的对象编号。",
        "return, error, stopped or discount.": (
            "取值 return（销货退回）、error（开票有误）、stopped（服务中止）或 discount（销售折让）。"
        ),
        "`invoice.red_send`, `red_confirm`, `red_reject`, `red_withdraw`, `red_lapse`: the form's "
        "next step.": (
            "`invoice.red_send`（发出）、`red_confirm`（确认）、`red_reject`（否认）、`red_withdraw`（撤回）、"
            "`red_lapse`（超时作废）：确认单的下一步。"
        ),
    },
    side_changes=(("WAIT_PEER", "AUTO_VOID"), ("CONFIRMED", "RED_ISSUED")),
)
