"""Decisions 行政决定与裁决: what an office decides by published criteria, over facts that others proved.

Payloads and data are in `fields`, what is allowed in `rules`, what each record changes in `lifecycle`.
"""

from __future__ import annotations

from typing import Final

from govchain.ledger.kind import RecordKind
from govchain.ledger.kinds.decision.fields import DecisionData
from govchain.ledger.kinds.decision.lifecycle import DECISION, STATES, TRANSITIONS
from govchain.ledger.rules.rule import Rule, Text

KIND: Final = RecordKind(
    record_type=DECISION,
    title=Text("Decision", "决定"),
    data=DecisionData,
    states=STATES,
    transitions=TRANSITIONS,
    rules=(
        Rule(
            "J4",
            Text(
                "A decision follows from published criteria, proven facts and their formula",
                "决定须依已发布的基准、经证明的事实与公式作出",
            ),
            ("joint-services",),
            {
                "E_STATE": Text(
                    "Name published items in criteria, and exchanges with the criteria's items and bounds.",
                    "基准中指明已发布的目录项；决定中指明有效的基准，以及就其目录项与界限已确认的交换。",
                ),
                "E_HASH_MISMATCH": Text(
                    "Give the answer as its provider signed it.", "提供与提供方签署一致的答复。"
                ),
                "E_AMOUNT": Text("Give the inputs that the formula asks for.", "提供公式所要求的输入项。"),
            },
        ),
        Rule(
            "J5",
            Text("A decision has the signatures that its criteria ask for", "决定须有基准所要求的签署人数"),
            ("labour-arbitration",),
            {
                "E_QUORUM": Text("Let another of those who decide sign.", "由其他裁决人员签署。"),
                "E_ROLE": Text("Let one of those sign who are named to decide.", "由指定的裁决人员签署。"),
            },
        ),
        Rule(
            "J7",
            Text(
                "A party appeals in time; without an appeal a decision takes effect after it",
                "当事人须在期限内起诉；逾期未起诉的决定生效",
            ),
            ("labour-arbitration",),
            {
                "E_DEADLINE": Text("Nothing: the time for an appeal is over.", "起诉期限已过，无法补救。"),
                "E_STATE": Text("Wait for the end of the time for an appeal.", "待起诉期限届满。"),
                "E_ROLE": Text("Let a party of the decision appeal.", "由当事人起诉。"),
            },
        ),
    ),
    names_zh={
        "criteria": "裁量基准",
        "subject_ref": "对象",
        "parties": "当事人",
        "signers": "裁决人员",
        "facts": "事实",
        "fact": "事实名称",
        "exchange": "交换编号",
        "answer": "答复原文",
        "inputs": "输入项",
        "name": "名称",
        "amount": "数值",
        "case_no": "案号",
        "to_case": "法院案号",
    },
    texts_zh={
        "One number that goes into the formula.": "公式的一个输入值。",
        "What another department answered, opened so that the chain can compare it.": (
            "其他部门的答复，公开原文以供链上比对。"
        ),
        "Number of the exchange; confirmed, and asked by the deciding office.": (
            "交换编号；须已确认，且由作出决定的部门发起。"
        ),
        "The field that the answer tells; with a word and a dot in front, about one more person.": (
            "答复所述字段；前加一词与点号，则为就另一人所问的同一字段。"
        ),
        "The answer as its provider signed it, in hex: yes or no, no value. Its SHA-256 is on the chain.": (
            "提供方签署的答复原文（十六进制）：只答是或否，不含数值。其 SHA-256 已上链。"
        ),
        "`decision.enter`: facts and inputs; the chain computes (→ ENTERED). Object id: its number.": (
            "`decision.enter`：经办人录入事实与输入值，由链计算（→ ENTERED）。对象编号为决定编号。"
        ),
        "Whom it is about.": "决定对象。",
        "Who may appeal: organisations, or `organisation/pseudonym`.": (
            "可起诉的当事人：机构，或`organisation/pseudonym`。"
        ),
        "Pseudonyms of those who decide, as many as the criteria say.": "裁决人员代号，人数依基准。",
        "`decision.sign`: one of those who decide signs (ENTERED → ENTERED; rule J5).": (
            "`decision.sign`：裁决人员签署（ENTERED → ENTERED；规则 J5）。"
        ),
        "`decision.issue`: with enough signatures it is issued (→ GRANTED or REFUSED).": (
            "`decision.issue`：签署人数足够后作出（→ GRANTED 或 REFUSED）。"
        ),
        "`decision.review`: facts were asked for again; it is signed and issued anew (→ ENTERED).": (
            "`decision.review`：重新查询事实，须重新签署并作出（→ ENTERED）。"
        ),
        "`decision.appeal`: a party appeals in time (GRANTED or REFUSED → APPEALED; rule J7).": (
            "`decision.appeal`：当事人在期限内起诉（GRANTED 或 REFUSED → APPEALED；规则 J7）。"
        ),
        "Number of the case before the court.": "法院案号。",
        "`decision.take_effect`: the time for an appeal is over (GRANTED → EFFECTIVE; rule J7).": (
            "`decision.take_effect`：起诉期限届满（GRANTED → EFFECTIVE；规则 J7）。"
        ),
    },
)
