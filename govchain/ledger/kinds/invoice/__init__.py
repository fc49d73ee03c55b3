"""E-invoices 电子发票 (records.md 1.3): issued, used and booked once, taken back by red ones, held.

Payloads and data are in `fields`, issuing and taking back in `rules`, what buyer and tax inspection do in
`use`, where an invoice stands in `standing`, the arithmetic in `totals`.
"""

from __future__ import annotations

from typing import Final

from govchain.ledger.kind import RecordKind
from govchain.ledger.kinds.invoice.fields import InvoiceData
from govchain.ledger.kinds.invoice.rules import ISSUE, RED
from govchain.ledger.kinds.invoice.use import USES_OF_INVOICES
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
        "LOCKED": "稽查锁定",
        "VOID": "已作废",
    },
    transitions=(ISSUE, RED, *USES_OF_INVOICES),
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
                "Totals are exact to the cent; lines and taxes follow quantity, price and rate within the "
                "tolerance",
                "合计精确到分，金额与数量、单价，税额与金额、税率在允差内相符",
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
            "T5",
            Text(
                "An invoice is deducted once; deduction and export rebate exclude each other",
                "发票仅可抵扣一次，抵扣与出口退税互斥",
            ),
            ("einvoice-use",),
            {
                "E_DOUBLE_USE": Text(
                    "Nothing after a deduction; roll back a rebate or no deduction first.",
                    "已抵扣的不得再次使用；退税或不抵扣用途须先撤回。",
                ),
                "E_ROLE": Text("The buyer that the invoice names does it.", "由发票载明的购买方办理。"),
                "E_STATE": Text(
                    "Only a rebate or no deduction of a blue invoice is taken back; else transfer the tax "
                    "out.",
                    "仅可撤回蓝字发票的退税或不抵扣用途；已抵扣的应作进项税额转出。",
                ),
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
            Text(
                "A fully red invoice cannot be deducted or booked; what was deducted is transferred out",
                "已全额红冲的发票不得抵扣或入账，已抵扣的须作进项税额转出",
            ),
            ("einvoice-red",),
            {
                "E_STATE": Text(
                    "Use the invoice that replaces it; record the transfers-out that are due.",
                    "改用替代发票；先登记应作的进项税额转出。",
                ),
                "E_AMOUNT": Text("Transfer out the amount that the detail names.", "按说明中的金额转出。"),
            },
        ),
        Rule(
            "T9",
            Text("A locked invoice is not used, booked or taken back", "稽查锁定的发票不得使用、入账或红冲"),
            ("einvoice-lock",),
            {
                "E_LOCKED": Text(
                    "Wait until tax inspection releases it.",
                    "待税务稽查解除锁定。",
                ),
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
        "lines": "明细行",
        "form": "红字确认单",
        "quantity": "数量",
        "price": "单价",
        "blue_line": "蓝字发票行号",
        "use": "用途",
        "amount": "转出税额",
        "reason": "理由",
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
        "One line in full. Amounts, rates, quantities and prices are decimal strings.": (
            "一行完整明细。金额、税率、数量、单价均为十进制字符串。"
        ),
        "With `price`, or neither.": "与 `price` 同时填写或同时省略。",
        "Of a red invoice: which line of the blue one it takes back, from 1.": (
            "红字发票：所冲减的蓝字发票行号，从 1 起。"
        ),
        "Lines in full, instead of `line_nets`; then red invoices are bounded line by line (rule T3).": (
            "完整明细，替代 `line_nets`；此时红字发票逐行受限（规则 T3）。"
        ),
        "Confirmed red-letter form that a red invoice rests on; needed once the blue one was used "
        "(rule T4).": ("红字发票所依据的已确认确认单；蓝字发票已使用时必填（规则 T4）。"),
        "`invoice.confirm_use`: the buyer says, once, what it uses the invoice's tax for (rule T5).": (
            "`invoice.confirm_use`：购买方作用途确认，仅可一次（规则 T5）。"
        ),
        "DEDUCTED, NON_DEDUCT or REBATE_SELECTED.": (
            "取值 DEDUCTED（抵扣）、NON_DEDUCT（不抵扣）或 REBATE_SELECTED（出口退税）。"
        ),
        "`invoice.roll_back_use`: the buyer takes back a use that is no deduction (rule T5).": (
            "`invoice.roll_back_use`：购买方撤回非抵扣用途（规则 T5）。"
        ),
        "`invoice.transfer_out`: the buyer transfers out input tax that it deducted and lost again "
        "(rule T7).": ("`invoice.transfer_out`：购买方转出已抵扣而后被冲减的进项税额（规则 T7）。"),
        "`invoice.lock`, `invoice.release`, `invoice.void`: tax inspection holds it, or not (rule T9).": (
            "`invoice.lock`（锁定）、`invoice.release`（解除）、`invoice.void`（作废）：税务稽查处置（规则 "
            "T9）。"
        ),
    },
    side_changes=(
        ("ISSUED", "RED_PARTIAL"),
        ("ISSUED", "RED_FULL"),
        ("RED_PARTIAL", "RED_PARTIAL"),
        ("RED_PARTIAL", "RED_FULL"),
        ("BOOKED", "BOOKED"),
        ("BOOKED", "RED_FULL"),
    ),
)
