"""Evidence against validators: two signed votes of one validator that contradict each other (EV-1, EV-2).

Payloads are in `fields`, their bytes in `accusations`, what is allowed in `rules`.
"""

from __future__ import annotations

from typing import Final

from govchain.ledger.kind import RecordKind
from govchain.ledger.kinds.equivocation.rules import TRANSITIONS
from govchain.ledger.rules.rule import TECHNICAL, Rule, Text

KIND: Final = RecordKind(
    record_type="equivocation",
    title=Text("Equivocation of a validator", "验证节点矛盾投票"),
    data=None,
    states={
        "RECORDED": "已留痕",
    },
    transitions=TRANSITIONS,
    rules=(
        Rule(
            "EV-1",
            Text(
                "Two different signed votes of one validator for one place are recorded, once",
                "同一验证节点就同一位置签署的两份不同投票上链留痕，且仅一次",
            ),
            TECHNICAL,
            {
                "E_DUP_ID": Text("Nothing: it is recorded already.", "已留痕，无需重复提交。"),
            },
        ),
        Rule(
            "EV-2",
            Text(
                "No validator is accused without two signatures of its own that contradict each other",
                "无验证节点自身两份相互矛盾的签名，不得对其作违规记录",
            ),
            TECHNICAL,
            {
                "E_EVIDENCE": Text(
                    "Submit two votes that the accused validator signed and that contradict each other.",
                    "提交被指节点亲自签署且相互矛盾的两份投票。",
                ),
            },
        ),
    ),
    names_zh={
        "body": "签署内容",
        "signature": "签名",
        "first": "第一份投票",
        "second": "第二份投票",
    },
    texts_zh={
        "A vote exactly as a validator signed it (rule EV-1).": ("验证节点所签署投票的原文（规则 EV-1）。"),
        "The signed bytes, in base64.": "所签署的字节，base64 编码。",
        "The signature over them, in base64.": "对上述字节的签名，base64 编码。",
        "`validator.accuse`: two votes of one validator that contradict each other (→ RECORDED). "
        "Object id: `epoch-validator-phase-view-seq` of the place that both votes are for.": (
            "`validator.accuse`：同一验证节点相互矛盾的两份投票（→ RECORDED）。对象编号为两份投票所指位"
            "置 `epoch-validator-phase-view-seq`。"
        ),
        "The one whose bytes come first in order.": "按字节序在前的一份。",
    },
)
