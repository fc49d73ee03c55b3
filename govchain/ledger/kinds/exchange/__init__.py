"""Exchanges between departments 数据交换 (records.md 1.4): one query under a grant, its answer, both signed.

Payloads and data are in `fields`, whether a query is allowed in `judgement`, what else is in `rules`,
what a record changes in `lifecycle`, how providers name subjects in `sources`.
"""

from __future__ import annotations

from typing import Final

from govchain.ledger.kind import RecordKind
from govchain.ledger.kinds.exchange.fields import ExchangeData
from govchain.ledger.kinds.exchange.lifecycle import TRANSITIONS
from govchain.ledger.rules.rule import Rule, Text

KIND: Final = RecordKind(
    record_type="exchange",
    title=Text("Exchange", "数据交换"),
    data=ExchangeData,
    states={"QUERIED": "已查询", "ANSWERED": "已答复", "CONFIRMED": "已确认"},
    transitions=TRANSITIONS,
    rules=(
        Rule(
            "D2",
            Text(
                "A query stays within a running grant: fields, purpose, subject, time and rate",
                "查询不得超出有效授权的字段、用途、对象、期限与频次",
            ),
            ("sharing-regulations-25",),
            {
                "E_NO_GRANT": Text(
                    "Ask the providing department for a grant for this item and these subjects.",
                    "向提供部门申请该目录项及查询对象的授权。",
                ),
                "E_PURPOSE": Text(
                    "Query for the purpose of the grant, or request a grant for the other purpose.",
                    "按授权用途查询，或就其他用途另行申请。",
                ),
                "E_SCOPE_FIELD": Text(
                    "Leave out the named field, or request a grant that holds it.",
                    "删除说明中指出的字段，或申请包含该字段的授权。",
                ),
                "E_REVOKED": Text("Request a new grant.", "重新申请授权。"),
                "E_EXPIRED": Text("Request a grant for a later period.", "申请后续期间的授权。"),
                "E_CAP": Text(
                    "Wait for the next day, or request a grant with a higher rate or more uses.",
                    "待次日查询，或申请更高频次或更多次数。",
                ),
            },
        ),
        Rule(
            "D3",
            Text(
                "What was received by sharing is not passed on without the provider's consent",
                "通过共享获取的数据，未经提供部门同意不得转给第三方",
            ),
            ("sharing-regulations-25",),
            {
                "E_ONWARD": Text(
                    "Ask the providing department to permit it for this receiver, or let the "
                    "receiver request a grant of its own.",
                    "请提供部门同意转给该接收方，或由接收方自行申请授权。",
                )
            },
        ),
        Rule(
            "D7",
            Text(
                "Both sides sign query and answer, and their hashes agree",
                "双方均对查询与答复签名，且哈希一致",
            ),
            ("sharing-regulations",),
            {
                "E_HASH_MISMATCH": Text(
                    "Send the message again, and sign exactly what was sent.",
                    "重新传输，并对实际传输的内容签名。",
                )
            },
        ),
        Rule(
            "D9",
            Text(
                "Yes or no is told rather than a value where that will do",
                "能以“是否”办理的，不得取得数值",
            ),
            ("sharing-least",),
            {
                "E_SCOPE_FIELD": Text(
                    "Ask in the mode that field and grant offer; for a value, say why less will not do.",
                    "按字段和授权允许的方式查询；确需数值的，说明理由。",
                )
            },
        ),
    ),
    names_zh={
        "item": "目录项代码",
        "grant": "授权编号",
        "purpose": "用途代码",
        "fields": "字段",
        "mode": "应答方式",
        "subject_ref": "查询对象标识",
        "query_hash": "查询哈希",
        "consent": "同意书编号",
        "case_no": "案号",
        "licence": "证照标识",
        "listed": "名单证明",
        "index": "序号",
        "path": "证明路径",
        "answer_hash": "答复哈希",
        "source_ref": "提供方对象标识",
        "source_exchange": "来源交换编号",
        "withheld": "不提供的字段",
        "to_org": "接收机构",
        "reason": "理由",
    },
    texts_zh={
        "That a pseudonym is on the list of a grant (RFC 9162 inclusion proof).": (
            "假名在授权名单内的证明（RFC 9162 包含证明）。"
        ),
        "`exchange.query`: a department asks under a grant (→ QUERIED). Object id: number of the exchange.": (
            "`exchange.query`：部门依授权查询（→ QUERIED）。对象编号为交换编号。"
        ),
        "Number of the grant; empty is refused (rule D2).": "授权编号；为空则驳回（规则 D2）。",
        "`yes-no`, `threshold` or `value` (rule D9).": "取值 `yes-no`、`threshold` 或 `value`（规则 D9）。",
        "Whom it is about, as the asking department knows them: a pseudonym or a credit code.": (
            "查询对象在查询部门的标识：假名，或机构代码。"
        ),
        "Of the query as it is sent to the provider.": "发送给提供部门的查询内容的哈希。",
        "Number of the person's consent, where the item needs one (rule D11).": (
            "目录项须经本人同意时的同意书编号（规则 D11）。"
        ),
        "For a grant for one case.": "授权限于一个案件时填写。",
        "The subject's licence, for a grant for holders of licences.": "授权限于持证者时，查询对象的证照。",
        "For a grant for a list of pseudonyms.": "授权限于名单时填写。",
        "`exchange.answer`: the providing department answers (QUERIED → ANSWERED; rule D7).": (
            "`exchange.answer`：提供部门答复（QUERIED → ANSWERED；规则 D7）。"
        ),
        "Of the query that it received.": "其所收查询的哈希。",
        "Of the answer that it sent.": "其所发答复的哈希。",
        "Whom it is about, in a spelling that only the provider can link (`source_reference`; rule D10).": (
            "查询对象的标识，仅提供部门可以关联（`source_reference`；规则 D10）。"
        ),
        "Exchange in which the provider itself received the data; empty for data of its own (rule D3).": (
            "提供部门自身取得该数据的交换；自有数据为空（规则 D3）。"
        ),
        "Fields that the provider does not offer like this; with any, the answer is denied (rule D9).": (
            "提供部门不以此方式提供的字段；列出任一字段，答复即被驳回（规则 D9）。"
        ),
        "`exchange.confirm`: the asking department signs what came (ANSWERED → CONFIRMED; rule D7).": (
            "`exchange.confirm`：查询部门对所收答复签名确认（ANSWERED → CONFIRMED；规则 D7）。"
        ),
        "`exchange.permit`: the provider agrees that an answer is passed on (rule D3).": (
            "`exchange.permit`：提供部门同意转给第三方（规则 D3）。"
        ),
        "`exchange.forward`: the answer is passed on, with the provider's consent (rule D3).": (
            "`exchange.forward`：查询部门经提供部门同意后转给第三方（规则 D3）。"
        ),
    },
)
