"""Proposed changes of members: validators and organisations come and go by approvals (I2, I9, I10).

Payloads and data are in `fields`, what is allowed in `rules`.
"""

from __future__ import annotations

from typing import Final

from govchain.ledger.kind import RecordKind
from govchain.ledger.kinds.change.fields import ChangeData
from govchain.ledger.kinds.change.rules import TRANSITIONS
from govchain.ledger.rules.rule import TECHNICAL, Rule, Text

KIND: Final = RecordKind(
    record_type="change",
    title=Text("Change of members", "成员变更"),
    data=ChangeData,
    states={
        "PROPOSED": "已提议",
        "ADOPTED": "已通过",
        "WITHDRAWN": "已撤回",
    },
    transitions=TRANSITIONS,
    rules=(
        Rule(
            "I9",
            Text(
                "A change of validators never breaks the live quorum (also MB-5)",
                "验证节点变更不得破坏现有法定数量（同 MB-5）",
            ),
            TECHNICAL,
            {
                "E_QUORUM": Text(
                    "Change fewer validators at one checkpoint, or let the validator leave first.",
                    "减少同一检查点变更的节点数，或先使相关节点退出。",
                ),
                "E_STATE": Text(
                    "Propose a change that fits the members as adopted so far.",
                    "按已通过变更后的成员情况重新提议。",
                ),
            },
        ),
    ),
    names_zh={
        "validator": "验证节点名称",
        "org": "机构代码",
        "public_key": "公钥",
        "possession": "密钥持有证明",
        "peer_address": "节点间地址",
        "reason": "理由",
        "display_name": "机构名称",
        "roles": "角色",
        "accredited_for": "可颁发的证照类型",
        "person": "人员代号",
        "tier": "成员层级",
        "org_type": "机构类型",
        "area": "行政区划",
        "type_code": "证照类型代码",
        "opinion": "意见",
    },
    texts_zh={
        "`validator.add`: proposes a new validator, from a checkpoint on. Object id: number of the change.": (
            "`validator.add`：提议新增验证节点，自检查点起生效。对象编号为变更编号。"
        ),
        "Its network name.": "节点的网络名称。",
        "Organisation that will run it.": "运行该节点的机构。",
        "Key of its votes, never used before (hex).": "从未使用过的投票公钥（十六进制）。",
        "Signature of that key over chain, name and key (hex; rule I10).": (
            "该密钥对链标识、节点名称和公钥的签名（十六进制；规则 I10）。"
        ),
        "Where other validators reach it: host:port.": (
            "其他验证节点连接的地址，含主机与端口（host:port）。"
        ),
        "`validator.remove`: proposes that a validator leaves, from a checkpoint on.": (
            "`validator.remove`：提议验证节点退出，自检查点起生效。"
        ),
        "`validator.rotate`: proposes another vote key for a validator, from a checkpoint on.": (
            "`validator.rotate`：提议更换验证节点的投票密钥，自检查点起生效。"
        ),
        "`organisation.add`: proposes a new organisation with its first admin key.": (
            "`organisation.add`：提议新增机构及其首把管理员密钥。"
        ),
        "Licence type codes that the root grants it (rules L4 and I7).": (
            "由根授权颁发的证照类型代码（规则 L4、I7）。"
        ),
        "Of its first admin (hex).": "首位管理员的公钥（十六进制）。",
        "Signature of that key over chain, organisation and key (hex; rule I10).": (
            "该密钥对链标识、机构代码和公钥的签名（十六进制；规则 I10）。"
        ),
        "Pseudonym of that admin.": "该管理员的代号。",
        "`organisation.suspend`, `.resume`, `.expel`: its keys may sign no more, again, or never again.": (
            "`organisation.suspend`（暂停）、`.resume`（恢复）、`.expel`（除名）：提议停止、恢复或永久终止"
            "该机构密钥的签名权。"
        ),
        "`organisation.tier`: proposes another tier for a member.": "`organisation.tier`：提议变更成员层级。",
        "`organisation.unaccredit`: proposes that the root grants it a licence type no more (rule I7).": (
            "`organisation.unaccredit`：提议撤销对该机构某证照类型的根授权（规则 I7）。"
        ),
        "observer: reads and uses; verify: also writes records; consensus: may also run validators.": (
            "observer：查询与使用；verify：并可写入记录；consensus：并可运行验证节点。"
        ),
        "What it is, for example department, court or firm.": "机构类型，例如 department、court、firm。",
        "Area code of its seat, six digits.": "所在地行政区划代码，六位数字。",
        "`change.approve`: an organisation with validators approves (→ ADOPTED with the last one needed).": (
            "`change.approve`：运行验证节点的机构批准（达到所需数量时 → ADOPTED）。"
        ),
        "`change.withdraw`: the proposing organisation takes its proposal back.": (
            "`change.withdraw`：提议机构撤回提议。"
        ),
    },
)
