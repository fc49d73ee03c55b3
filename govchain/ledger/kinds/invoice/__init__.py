"""E-invoices 电子发票 (records.md 1.3): issued, booked once, taken back by red invoices.

Payloads and data are in `fields`, what is allowed in `rules`, the arithmetic in `totals`.
"""

from __future__ import annotations

from typing import Final

from govchain.ledger.kind import RecordKind
from govchain.ledger.kinds.invoice.fields import InvoiceData
from govchain.ledger.kinds.invoice.rules import TRANSITIONS
from govchain.ledger.rules.rule import Rule, Text

KIND: Final = RecordKind(
    record_type="invoice",
    title=Text("E-invoice", "电子发票"),
    data=InvoiceData,
    states={
        "ISSUED": "已开具",
        "RED_PARTIAL": "部分红冲",
        "RED_FULL": "全额红冲",
        "BOOKED": "已入账",
    },
    transitions=TRANSITIONS,
    rules=(
        Rule(
            "T1",
            Text(
                "The invoice number is unique and of its standard's form",
                "发票号码唯一且格式正确",
            ),
            (
                "einvoice-number",
                "en-16931",
            ),
            {
                "E_CHECKSUM": Text(
                    "Correct the number, and make the object id of it.",
                    "更正发票号码，并据以生成对象编号。",
                ),
                "E_DUP_ID": Text("Use a number that no other invoice has.", "使用未被占用的发票号码。"),
            },
        ),
        Rule(
            "T2",
            Text(
                "Totals are exact to the cent; tax follows net and rate within the tolerance",
                "合计精确到分，税额与金额、税率在允差内相符",
            ),
            ("en-16931-totals",),
            {
                "E_AMOUNT": Text("Correct the amounts that the detail names.", "更正说明中指出的金额。"),
            },
        ),
        Rule(
            "T3",
            Text(
                "Red invoices never take back more than the blue one; no red of a red",
                "红字发票合计不得超过蓝字发票，不得对红字发票再开红字发票",
            ),
            ("einvoice-red",),
            {
                "E_RED_EXCEEDS": Text(
                    "Take back at most what is left of the blue invoice.",
                    "红冲金额不得超过蓝字发票的剩余金额。",
                ),
                "E_RED_OF_RED": Text("Issue a new blue invoice instead.", "改为重新开具蓝字发票。"),
                "E_STATE": Text(
                    "Name exactly one blue invoice that is on the chain.",
                    "须指明一张已上链的蓝字发票。",
                ),
                "E_ROLE": Text(
                    "The seller of the blue invoice takes back, from the same buyer.",
                    "由蓝字发票的销售方向同一购买方红冲。",
                ),
                "E_AMOUNT": Text(
                    "Use the currency and standard of the blue invoice.",
                    "使用与蓝字发票相同的币种与标准。",
                ),
            },
        ),
        Rule(
            "T4",
            Text(
                "A booked invoice is taken back only with the other side's confirmation",
                "已入账发票须经对方确认方可红冲",
            ),
            ("einvoice-red",),
            {
                "E_PEER_CONFIRM": Text("Ask the buyer for its confirmation first.", "先取得购买方确认。"),
            },
        ),
        Rule(
            "T6",
            Text("An invoice is booked once, by its buyer", "发票由购买方入账，且仅一次"),
            ("evoucher",),
            {
                "E_DOUBLE_USE": Text(
                    "Nothing: it is booked; the detail shows the earlier voucher.",
                    "该发票已入账，说明中载明原凭证号，不得重复入账。",
                ),
                "E_ROLE": Text("The buyer that the invoice names books it.", "由发票载明的购买方入账。"),
            },
        ),
        Rule(
            "T7",
            Text("A fully red invoice cannot be booked", "已全额红冲的发票不得入账"),
            ("einvoice-red",),
            {
                "E_STATE": Text("Book the invoice that replaces it.", "改用替代发票入账。"),
            },
        ),
    ),
    names_zh={
        "category": "税种类别",
        "rate": "税率",
        "net": "不含税金额",
        "tax": "税额",
        "standard": "发票标准",
        "number": "发票号码",
        "issue_date": "开票日期",
        "currency": "币种",
        "seller_ref": "销售方标识",
        "buyer_ref": "购买方标识",
        "gross": "价税合计",
        "breakdown": "税额明细",
        "line_nets": "各行金额",
        "allowances": "折让合计",
        "charges": "附加费合计",
        "corrects": "冲销的发票",
        "voucher_no": "记账凭证号",
    },
    texts_zh={
        "One row of the tax breakdown. Amounts and rates are decimal strings.": (
            "税额明细的一行。金额与税率均为十进制字符串。"
        ),
        "UNCL 5305 code, for example S, Z, E, AE; `VAT` for Chinese invoices.": (
            "UNCL 5305 代码，如 S、Z、E、AE；中国发票为 `VAT`。"
        ),
        "`invoice.issue` and `invoice.red`: an invoice's coded content (→ ISSUED). Object id: the "
        "20-digit number of a Chinese e-invoice, or `seller_ref/number` for EN 16931 documents "
        "(`invoice_object_id`). A red invoice or credit note carries positive amounts that it takes "
        "back.": (
            "`invoice.issue`（开具）与 `invoice.red`（红冲）：发票的结构化内容（→ ISSUED）。对象编号为"
            "数电票的 20 位发票号码，EN 16931 单据为 `seller_ref/number`（`invoice_object_id`）。红字发"
            "票或贷项通知单以正数填写冲减金额。"
        ),
        "`CN` (数电票) or `EN16931`.": "`CN`（数电票）或 `EN16931`。",
        "Total without tax (EN 16931 BT-109).": "不含税合计（EN 16931 BT-109）。",
        "Total tax (BT-110).": "税额合计（BT-110）。",
        "Total with tax (BT-112).": "价税合计（BT-112）。",
        "Net amount of each line, in document order (BT-131).": ("各行不含税金额，按单据顺序（BT-131）。"),
        "Sum of allowances on document level (BT-107).": "单据级折让合计（BT-107）。",
        "Sum of charges on document level (BT-108).": "单据级附加费合计（BT-108）。",
        "Numbers or object ids of the invoices that a red invoice or credit note takes back.": (
            "红字发票或贷项通知单所冲销发票的号码或对象编号。"
        ),
        "`invoice.book`: the buyer books it for reimbursement or accounting, once (rule T6).": (
            "`invoice.book`：购买方报销或记账入账，仅可一次（规则 T6）。"
        ),
    },
    side_changes=(
        ("ISSUED", "RED_PARTIAL"),
        ("ISSUED", "RED_FULL"),
        ("RED_PARTIAL", "RED_PARTIAL"),
        ("RED_PARTIAL", "RED_FULL"),
        ("BOOKED", "BOOKED"),
    ),
)
