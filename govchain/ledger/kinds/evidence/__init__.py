"""Judicial evidence 司法存证 (records.md 1.2): dual hashes, custody, the court's check and ruling.

Payloads and data are in `fields`, what is allowed in `rules`, `custody` and `parties`, its life in `life`,
what the law presumes in `legal_effect`.
"""

from __future__ import annotations

from typing import Final

from govchain.ledger.kind import RecordKind
from govchain.ledger.kinds.evidence.fields import EvidenceData
from govchain.ledger.kinds.evidence.life import STATES, TRANSITIONS
from govchain.ledger.kinds.evidence.texts import TEXTS_ZH
from govchain.ledger.rules.rule import Rule, Text

KIND: Final = RecordKind(
    record_type="evidence",
    title=Text("Judicial evidence", "司法存证"),
    data=EvidenceData,
    states=STATES,
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
                "E_HASH_MISMATCH": Text(
                    "Deposit what was collected; other data takes a number of its own.",
                    "按取证结果存证；不同的数据须另行编号。",
                ),
                "E_ROLE": Text(
                    "Nothing: nobody deletes evidence. Deposit a correction that names this number in "
                    "`replaces`.",
                    "任何人不得删除证据；请另行存证，并在 `replaces` 中注明本编号。",
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
            Text(
                "Signed, collected, timestamped, put on the chain: in this order, and with a key valid at "
                "signing",
                "签名、取证、时间戳、上链依次发生，且签名时密钥有效",
            ),
            ("litigation-rules-18", "rfc-3161"),
            {
                "E_TIME_ORDER": Text(
                    "Correct the time that the detail names; a signature by a key revoked since needs "
                    "a "
                    "timestamp token older than the revocation.",
                    "更正说明中指出的时间；签名密钥其后被吊销的，须有早于吊销时间的时间戳。",
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
                "A depositor's interest is flagged and lowers the weight; who has one does not appraise",
                "存证方有利害关系的，须提示并将证明力标为降低，且不得担任鉴定人",
            ),
            ("litigation-rules-17",),
            {
                "E_INTEREST": Text(
                    "Let a notary or appraiser that neither deposited the evidence nor is a party appraise "
                    "it.",
                    "由未参与存证且非当事人的公证或鉴定机构鉴定。",
                ),
            },
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
        Rule(
            "E7",
            Text(
                "A bundle of evidence verifies offline, with the genesis and nothing else",
                "证据包仅凭创世文件即可离线验证",
            ),
            ("litigation-rules-16",),
            {},
        ),
        Rule(
            "E8",
            Text(
                "Courts, notaries and appraisers are the upper tier and decide; the lower tier only verifies",
                "法院、公证与鉴定机构为上级节点并作出认定，下级节点仅作核验",
            ),
            ("judicial-chain-tiers",),
            {},
        ),
        Rule(
            "E9",
            Text(
                "Sealed evidence is read only by judge and parties of its case",
                "限制查阅的证据，仅限本案法官与当事人查阅",
            ),
            ("sealed-evidence",),
            {
                "E_ROLE": Text(
                    "Ask the court of the case for the exhibit.",
                    "向审理本案的法院申请。",
                ),
                "E_STATE": Text(
                    "Name evidence on the chain, and a case that is open.",
                    "须指明已上链的证据与审理中的案件。",
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
        "collector_tool_hash": "取证工具哈希",
        "environment": "取证环境",
        "clean_check": "清洁性检查",
        "ntp_offset_ms": "时钟偏差（毫秒）",
        "host_fingerprint": "设备指纹",
        "timestamp": "时间戳",
        "token_hash": "时间戳令牌哈希",
        "time": "时间戳时间",
        "signed": "数据内的签名",
        "key_id": "密钥标识",
        "at": "签名时间",
        "assurance_level": "身份核验等级",
        "platform_filing": "平台备案号",
        "interest": "利害关系声明",
        "replaces": "被替代的证据编号",
        "sealed": "是否限制查阅",
        "for_org": "存证机构",
        "to_org": "接收机构",
        "action": "移交事由",
        "case_no": "案号",
        "ground": "异议理由",
        "opinion": "鉴定意见",
        "report_hash": "鉴定书哈希",
        "ruling": "认定结论",
        "reason": "理由",
    },
    texts_zh=TEXTS_ZH,
)
