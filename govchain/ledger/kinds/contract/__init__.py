"""Contracts with legal effect 具有法律效力的合约 (records.md 1.13; rules K1, K2, K4, K5).

A human text and the code that performs it, both by hash; every party signs the same pair. OFFERED → FORMED →
DISCHARGED; a court's stay holds it (STAYED), an enforcement makes it BREACHED. Nothing is executed here but
the transitions. Payloads and data are in `fields`, what is allowed in `rules`.
"""

from __future__ import annotations

from typing import Final

from govchain.ledger import conditions
from govchain.ledger.kind import RecordKind
from govchain.ledger.kinds.contract.fields import ContractData
from govchain.ledger.kinds.contract.rules import CONTRACT, TRANSITIONS
from govchain.ledger.rules.rule import Rule, Text

KIND: Final = RecordKind(
    record_type=CONTRACT,
    title=Text("Contract", "合约"),
    data=ContractData,
    states={
        "OFFERED": "已要约",
        "FORMED": "已成立",
        "STAYED": "法院中止",
        "BREACHED": "已违约",
        "DISCHARGED": "已履行完毕",
        "WITHDRAWN": "已撤回",
    },
    transitions=TRANSITIONS,
    rules=(
        Rule(
            "K1",
            Text(
                "Every party signs the same text and code, and no other code runs",
                "各方签署同一文本与代码，仅该代码可执行",
            ),
            ("civil-code-contracts",),
            {
                "E_HASH_MISMATCH": Text("Use the offered text and code.", "使用已要约的文本与代码。"),
                "E_ROLE": Text("Let a party of the contract sign.", "由合约当事人签署。"),
                "E_STATE": Text("Nothing more: this party has signed.", "该方已签署，无须重复。"),
            },
        ),
        Rule(
            "K2",
            Text("A court's stay stops a contract", "法院中止后不得继续履行"),
            ("civil-code-contracts",),
            {"E_STAYED": Text("Wait until the court lifts its stay.", "待法院解除中止。")},
        ),
        Rule(
            "K4",
            Text(
                "Matters that the law keeps from electronic form are no contracts here",
                "法律排除电子形式的事项不得订立电子合约",
            ),
            ("electronic-signature-exclusions",),
            {"E_LAW_EXCLUDED": Text("Conclude it on paper.", "以纸质形式订立。")},
        ),
        Rule(
            "K5",
            Text("One thing is the subject of one contract at a time", "同一标的同时仅可订立一份合约"),
            ("civil-code-contracts",),
            {
                "E_ROLE": Text(
                    "Let an owner offer it, or the authority that keeps its record.",
                    "由权利人或保管该记录的主管部门发出要约。",
                ),
                "E_DOUBLE_USE": Text(
                    "Wait for the end of the named contract, or have it withdrawn.", "待所指合约终止或撤回。"
                ),
            },
        ),
    ),
    names_zh={
        **conditions.NAMES_ZH,
        "matter": "事项",
        "text_hash": "文本哈希",
        "code_hash": "代码哈希",
        "parties": "当事人",
        "subject": "标的",
        "rests_on": "所依据的记录",
        "due": "应付金额",
        "due_at": "付款期限",
        "reason": "理由",
    },
    texts_zh={
        **conditions.TEXTS_ZH,
        "`contract.offer`: text and code are put to the parties (→ OFFERED). Object id: contract number.": (
            "`contract.offer`：向各方发出文本与代码（→ OFFERED）。对象编号为合约编号。"
        ),
        "Code of the matter, for example sale or loan.": "事项代码，例如 sale（买卖）或 loan（借款）。",
        "SHA-256 of the text that people sign, hex.": "供签署文本的 SHA-256（十六进制）。",
        "SHA-256 of the code that performs it, hex.": "执行代码的 SHA-256（十六进制）。",
        "Each an organisation, or `organisation/pseudonym` of a person.": (
            "每一项为机构代码或`organisation/pseudonym`。"
        ),
        "Record that is sold or pledged by it, as `type/id`; bound by one contract at a time (rule K5).": (
            "标的记录，写作`type/id`；同时仅受一份合约约束（规则 K5）。"
        ),
        "What must hold whenever a party signs (rule J1).": "每次签署时均须成立的条件（规则 J1）。",
        "Amount to be paid; empty when nothing is.": "应付金额；无则为空。",
        "RFC 3339; unpaid by then, it can be enforced (rule J6).": (
            "RFC 3339 时间；届时未付可申请执行（规则 J6）。"
        ),
        "`contract.sign`: a party signs text and code (→ OFFERED, with the last signature → FORMED).": (
            "`contract.sign`：当事人签署（→ OFFERED；最后一方签署后 → FORMED）。"
        ),
        "`contract.stay`, `contract.resume`, `contract.withdraw`: with the reason.": (
            "`contract.stay`（中止）、`contract.resume`（恢复）、`contract.withdraw`（撤回）：须载明理由。"
        ),
        "`contract.perform`: a party runs the code, and all is done (FORMED → DISCHARGED; rules K1, K2).": (
            "`contract.perform`：当事人执行代码并履行完毕（FORMED → DISCHARGED；规则 K1、K2）。"
        ),
    },
    side_changes=(("FORMED", "BREACHED"), ("FORMED", "DISCHARGED")),
)
