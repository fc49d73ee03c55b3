"""Judicial evidence 司法存证 (records.md 1.2): dual hashes, custody, the court's check and ruling.

Payloads and data are in `fields`, what is allowed in `rules`, what the law presumes in `legal_effect`.
"""

from __future__ import annotations

from typing import Final

from govchain.ledger.kind import RecordKind
from govchain.ledger.kinds.evidence.fields import EvidenceData
from govchain.ledger.kinds.evidence.rules import TRANSITIONS
from govchain.ledger.rules.rule import Rule, Text

KIND: Final = RecordKind(
    record_type="evidence",
    title=Text("Judicial evidence", "司法存证"),
    data=EvidenceData,
    states={
        "DEPOSITED": "已存证",
        "SUBMITTED": "已提交",
        "MATCHED": "核验一致",
        "MISMATCHED": "核验不一致",
        "ADMITTED": "采信",
        "PARTIAL": "部分采信",
        "EXCLUDED": "不予采信",
    },
    transitions=TRANSITIONS,
    rules=(
        Rule(
            "E1",
            Text(
                "Deposited hashes never change; a correction is a new number that replaces an existing one",
                "存证哈希不可变更，更正须以新编号替代已有存证",
            ),
            ("litigation-rules-16",),
            {
                "E_DUP_ID": Text(
                    "Deposit it under a new number, which may name the one it replaces.",
                    "以新编号存证，并可注明所替代的编号。",
                ),
                "E_STATE": Text(
                    "Name evidence that is on the chain, or none.",
                    "所替代的证据须已上链，否则留空。",
                ),
            },
        ),
        Rule(
            "E2",
            Text(
                "Custody is contiguous: each hand-over is signed by both sides over equal hashes",
                "保管链连续：每次移交须双方签署且哈希一致",
            ),
            (
                "custody-practice",
                "litigation-rules-17",
            ),
            {
                "E_CUSTODY_GAP": Text(
                    "The present custodian hands over, then the named receiver signs.",
                    "由现保管方移交，再由指定的接收方签收。",
                ),
                "E_HASH_MISMATCH": Text(
                    "Sign over the deposited hashes; other data takes a number of its own.",
                    "按存证哈希签署；不同的数据须另行编号存证。",
                ),
            },
        ),
        Rule(
            "E3",
            Text("Evidence is collected before it is put on the chain", "取证时间不得晚于上链时间"),
            ("litigation-rules-18",),
            {
                "E_TIME_ORDER": Text(
                    "Correct the time of collection or the collector's clock.",
                    "更正取证时间或取证设备时钟。",
                ),
            },
        ),
        Rule(
            "E4",
            Text(
                "What is presumed after chaining is told apart from what is not presumed before it",
                "区分上链后推定未经篡改与上链前不作推定的事项",
            ),
            ("litigation-rules-16", "litigation-rules-18"),
            {},
        ),
        Rule(
            "E5",
            Text(
                "A depositor's interest is flagged and lowers the weight of the presumption",
                "存证方有利害关系的，须提示并降低推定的证明力",
            ),
            ("litigation-rules-17",),
            {},
        ),
        Rule(
            "E6",
            Text(
                "Mismatched evidence is admitted only with the court's signed reason",
                "核验不一致的证据非经法院说明理由不得采信",
            ),
            ("litigation-rules-16",),
            {
                "E_HASH_MISMATCH": Text(
                    "The court states its reason in the ruling, or excludes the evidence.",
                    "法院在认定中说明理由，或不予采信。",
                ),
            },
        ),
    ),
    names_zh={
        "evidence_kind": "证据类型",
        "raw_hash": "原始数据哈希",
        "size_bytes": "文件大小（字节）",
        "media_type": "媒体类型",
        "collected_at": "取证时间",
        "collector_tool": "取证工具",
        "interest": "利害关系声明",
        "replaces": "被替代的证据编号",
        "to_org": "接收机构",
        "action": "移交事由",
        "case_no": "案号",
        "ruling": "认定结论",
        "reason": "理由",
    },
    texts_zh={
        "`evidence.deposit`: put hashes of data on the chain (→ DEPOSITED). Object id: evidence number.": (
            "`evidence.deposit`：将电子数据的哈希上链存证（→ DEPOSITED）。对象编号为证据编号。"
        ),
        "contract, web-page, chat, work, log, document or other.": (
            "取值 contract（合同）、web-page（网页）、chat（聊天记录）、work（作品）、log（日志）、"
            "document（文档）或 other（其他）。"
        ),
        "The depositor's declared interest in the matter; empty means none declared (rule E5).": (
            "存证人申报的利害关系；空表示未申报（规则 E5）。"
        ),
        "`evidence.transfer`: the custodian hands over; custody moves when the other side receives "
        "(rule E2).": ("`evidence.transfer`：保管方移交；接收方签收时保管责任转移（规则 E2）。"),
        "`evidence.receive`: the receiver signs for custody (rule E2).": (
            "`evidence.receive`：接收方签收保管（规则 E2）。"
        ),
        "`evidence.submit`: a party or custodian submits it in a case (→ SUBMITTED).": (
            "`evidence.submit`：当事人或保管方在案件中提交证据（→ SUBMITTED）。"
        ),
        "`evidence.verify`: a court states the hashes of the file it was given (→ MATCHED or MISMATCHED).": (
            "`evidence.verify`：法院载明所收文件的哈希并核验（→ MATCHED 或 MISMATCHED）。"
        ),
        "`evidence.rule`: the court rules (→ ADMITTED, PARTIAL or EXCLUDED; rule E6).": (
            "`evidence.rule`：法院作出认定（→ ADMITTED 采信、PARTIAL 部分采信或 EXCLUDED 不予采信；规则"
            " E6）。"
        ),
    },
)
