"""Objections and corrections 异议与校核 (records.md 1.4): what is wrong at the source is wrong everywhere.

Payloads and data are in `fields`, what is allowed in `rules`, who has to learn of a correction in `notices`.
"""

from __future__ import annotations

from typing import Final

from govchain.ledger.kind import RecordKind
from govchain.ledger.kinds.objection.fields import ObjectionData
from govchain.ledger.kinds.objection.rules import TRANSITIONS
from govchain.ledger.rules.rule import Rule, Text

KIND: Final = RecordKind(
    record_type="objection",
    title=Text("Objection", "数据异议"),
    data=ObjectionData,
    states={"RAISED": "已提出", "CHECKED": "已核查", "CORRECTED": "已更正", "REFUTED": "异议不成立"},
    transitions=TRANSITIONS,
    rules=(
        Rule(
            "D10",
            Text(
                "A correction reaches everybody who received the wrong value, by the log of exchanges",
                "更正须依交换日志送达所有取得错误数据的部门",
            ),
            ("sharing-regulations-26",),
            {
                "E_ROLE": Text(
                    "Who received or provided it, or whom it is about, objects; who is listed acknowledges.",
                    "由取得或提供该数据的部门或本人提出异议；由名单所列部门确认更正。",
                ),
                "E_HASH_MISMATCH": Text(
                    "Reveal the key of the subject whose datum was objected to.",
                    "公开被提出异议的对象所对应的密钥。",
                ),
                "E_TIME_ORDER": Text(
                    "Say that it was wrong since the answer or earlier.", "更正起始时间不得晚于该次答复。"
                ),
                "E_STATE": Text(
                    "Ask the provider again: what it answered was corrected since.",
                    "原答复已更正，请重新向提供部门查询。",
                ),
                "E_DUP_ID": Text(
                    "Compute the reference for this requester.", "为该查询部门计算专用的对象标识。"
                ),
            },
        ),
    ),
    names_zh={
        "item": "目录项代码",
        "field": "字段",
        "claim": "异议内容",
        "exchange": "交换编号",
        "evidence_hash": "证明材料哈希",
        "opinion": "核查意见",
        "source_key": "对象密钥",
        "wrong_since": "错误起始时间",
        "corrected_hash": "更正后数据的哈希",
        "reason": "理由",
    },
    texts_zh={
        "`objection.raise`: a datum is said to be wrong, by who received it, by the person concerned or "
        "by the provider itself (→ RAISED). Object id: number of the objection.": (
            "`objection.raise`：取得数据的部门、本人或提供部门提出异议（→ RAISED）。对象编号为异议编号。"
        ),
        "What is wrong, without the value.": "错误之处，不含数值。",
        "Exchange in which it was received; empty when the provider itself found it.": (
            "取得该数据的交换；由提供部门自行发现时为空。"
        ),
        "`objection.check`: the provider has looked (RAISED → CHECKED).": (
            "`objection.check`：提供部门已核查（RAISED → CHECKED）。"
        ),
        "`objection.correct`: the provider corrects; the chain lists who received it (→ CORRECTED).": (
            "`objection.correct`：提供部门已更正，由链列出取得该数据的部门（→ CORRECTED）。"
        ),
        "The provider's key of that subject (hex), from which its `source_ref` to each department follows.": (
            "提供部门对该对象的密钥（十六进制），由此得出对各部门的 `source_ref`。"
        ),
        "RFC 3339: answers given from then on were wrong.": "RFC 3339 时间：自此作出的答复有误。",
        "Of the corrected datum.": "更正后数据的哈希。",
        "`objection.refute`: the datum is right, and why (→ REFUTED; rule D5).": (
            "`objection.refute`：认定异议不成立，并说明理由（→ REFUTED；规则 D5）。"
        ),
        "`objection.acknowledge`: a department that was listed has taken the correction over (rule D10).": (
            "`objection.acknowledge`：名单所列部门已接收更正（规则 D10）。"
        ),
    },
)
