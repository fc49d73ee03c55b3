"""Requests and grants 共享申请与授权 (records.md 1.4): who may ask whom, for what and how often.

Payloads and data are in `fields`, what is allowed in `rules`, what that changes in
`lifecycle`, the answer about a moment in `status`.
"""

from __future__ import annotations

from typing import Final

from govchain.ledger.kind import RecordKind
from govchain.ledger.kinds.grant.fields import GrantData
from govchain.ledger.kinds.grant.lifecycle import TRANSITIONS
from govchain.ledger.rules.rule import Rule, Text

KIND: Final = RecordKind(
    record_type="grant",
    title=Text("Grant", "共享授权"),
    data=GrantData,
    states={
        "SUBMITTED": "已提交",
        "PENDING": "办理中",
        "APPROVED": "已同意",
        "REJECTED": "已拒绝",
        "ESCALATED": "逾期上报",
        "ACTIVE": "生效中",
        "EXPIRED": "已期满",
        "REVOKED": "已撤销",
    },
    transitions=TRANSITIONS,
    rules=(
        Rule(
            "D5",
            Text(
                "A department decides in time; after the deadline the data authority decides",
                "部门须按期答复；逾期未答复的，由数据主管部门决定",
            ),
            ("sharing-deadlines",),
            {
                "E_DEADLINE": Text(
                    "Before the deadline the providing department decides; after it, it can only "
                    "agree, and the data authority decides.",
                    "期限届满前由提供部门决定；届满后提供部门仅可同意，由数据主管部门决定。",
                )
            },
        ),
        Rule(
            "D6",
            Text(
                "What is shared unconditionally is never refused, what is not shared never granted",
                "无条件共享的数据即时授权、不得拒绝；不予共享的数据不得授权",
            ),
            ("sharing-regulations",),
            {
                "E_STATE": Text(
                    "The grant stands; have the item's class changed by a new catalog item instead.",
                    "授权继续有效；如须变更共享属性，应另立目录项。",
                ),
                "E_NO_GRANT": Text(
                    "Nothing: the item is classed as not shared.", "无法获准：该目录项不予共享。"
                ),
            },
        ),
    ),
    names_zh={
        "item": "目录项代码",
        "purpose": "用途代码",
        "fields": "字段",
        "modes": "应答方式",
        "subject_scope": "查询对象范围",
        "valid_from": "起始日期",
        "valid_to": "截止日期",
        "rate_per_day": "每日次数上限",
        "max_uses": "总次数上限",
        "value_need": "须取得数值的理由",
        "opinion": "意见",
        "connect_later": "数据待接通",
        "reason": "理由",
        "kind": "范围类型",
        "ref": "范围标识",
        "size": "名单长度",
    },
    texts_zh={
        "About whom may be asked (rule D2).": "可查询的对象（规则 D2）。",
        "`any`; `case`: parties of an open one; `licence`: holders of a type; `listed`: those on a list.": (
            "`any`（任何人）；`case`（一个未结案件的当事人）；`licence`（持有某类有效证照者）；`listed`（名单所列假名）。"
        ),
        "Case number, licence type code, or root over the list (hex, RFC 9162 over the pseudonyms).": (
            "案号、证照类型代码，或名单的根哈希（十六进制，对各假名按 RFC 9162 计算）。"
        ),
        "Length of the list.": "名单长度。",
        "`grant.request`: a department asks for data of another one (→ SUBMITTED; what is shared "
        "unconditionally → ACTIVE at once, rule D6). Object id: number of the request.": (
            "`grant.request`：部门申请使用另一部门的数据（→ SUBMITTED；无条件共享的立即 → ACTIVE，"
            "规则 D6）。对象编号为申请编号。"
        ),
        "Code of the catalog item.": "目录项代码。",
        "Code of the purpose; queries name the same one.": "用途代码；查询须写明同一用途。",
        "`yes-no`, `threshold`, `value`; the least that will do (rule D9).": (
            "取值 `yes-no`、`threshold`、`value`；以够用为限（规则 D9）。"
        ),
        "Last day of the grant.": "授权最后一日。",
        "Most queries a day (China time).": "每日查询次数上限（北京时间）。",
        "Most queries altogether; 0 means no limit but the rate.": "查询总次数上限；0 表示仅受每日次数限制。",
        "Why less will not do; required for the value of a field that can be told by less (rule D9).": (
            "“是否”不足以办理的理由；字段可以“是否”作答而申请数值时必填（规则 D9）。"
        ),
        "`grant.accept`: the providing department takes a request in hand (SUBMITTED → PENDING).": (
            "`grant.accept`：提供部门受理申请（SUBMITTED → PENDING）。"
        ),
        "`grant.approve`: the provider agrees, or once it is late the data authority (→ ACTIVE).": (
            "`grant.approve`：提供部门同意，逾期时由数据主管部门同意（→ ACTIVE）。"
        ),
        "True when the data is not connected yet (→ APPROVED, then `grant.activate`).": (
            "数据尚未接通时为 true（→ APPROVED，之后 `grant.activate`）。"
        ),
        "`grant.activate`: the data is connected (APPROVED → ACTIVE).": (
            "`grant.activate`：数据已接通（APPROVED → ACTIVE）。"
        ),
        "`grant.reject`: the providing department says no in time, and why (→ REJECTED; rules D5, D6).": (
            "`grant.reject`：提供部门在期限内拒绝并说明理由（→ REJECTED；规则 D5、D6）。"
        ),
        "`grant.escalate`: anybody puts on record that the deadline has passed (→ ESCALATED; rule D5).": (
            "`grant.escalate`：任何机构登记逾期未决（→ ESCALATED；规则 D5）。"
        ),
        "`grant.revoke`: one of the two sides or the data authority ends a grant (→ REVOKED).": (
            "`grant.revoke`：任一方或数据主管部门撤销授权（→ REVOKED）。"
        ),
        "`grant.expire`: anybody puts on record that the grant's last day is over (→ EXPIRED).": (
            "`grant.expire`：任何机构登记授权期满（→ EXPIRED）。"
        ),
    },
)
