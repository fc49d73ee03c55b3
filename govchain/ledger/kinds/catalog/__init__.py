"""Directory of shared data 政务数据目录 (records.md 1.4): what a department holds, how it may be asked.

Payloads and data are in `fields`, what is allowed in `rules`.
"""

from __future__ import annotations

from typing import Final

from govchain.ledger.kind import RecordKind
from govchain.ledger.kinds.catalog.fields import CatalogData
from govchain.ledger.kinds.catalog.rules import TRANSITIONS
from govchain.ledger.rules.rule import Rule, Text

KIND: Final = RecordKind(
    record_type="catalog",
    title=Text("Catalog item", "政务数据目录项"),
    data=CatalogData,
    states={
        "DRAFT": "编制中",
        "REVIEWED": "已审核",
        "PUBLISHED": "已发布",
        "UPDATED": "已更新",
        "SUSPENDED": "已暂停",
        "RETIRED": "已撤销",
    },
    transitions=TRANSITIONS,
    rules=(
        Rule(
            "D1",
            Text("Each element has one authoritative source", "一数一源：每一数据元只有一个权威来源"),
            ("sharing-regulations",),
            {
                "E_NOT_AUTHORITATIVE": Text(
                    "Ask for it at the item that the detail names, or leave it to that department.",
                    "向说明中指出的权威来源申请，或由该部门提供。",
                )
            },
        ),
        Rule(
            "D8",
            Text("Only a published item can be asked for or called", "未发布的目录项不得申请或调用"),
            ("sharing-regulations",),
            {
                "E_STATE": Text(
                    "Wait until the providing department has published or resumed the item.",
                    "待提供部门发布或恢复该目录项。",
                )
            },
        ),
    ),
    names_zh={
        "name": "名称",
        "duty_item": "职责事项代码",
        "sharing": "共享属性",
        "fields": "数据项",
        "needs_consent": "是否须本人同意",
        "condition": "共享条件",
        "update_freq": "更新频率",
        "quality": "数据质量",
        "format": "数据格式",
        "endpoint": "服务名称",
        "open_class": "开放属性",
        "element": "数据元代码",
        "modes": "应答方式",
        "level": "数据分级",
        "opinion": "审核意见",
        "reason": "理由",
    },
    texts_zh={
        "One field that an item offers.": "目录项提供的一个数据项。",
        "Code of the datum across all departments; it has one authoritative source (rule D1).": (
            "跨部门统一的数据元代码；只有一个权威来源（规则 D1）。"
        ),
        "How it may be asked for: `yes-no`, `threshold`, `value` (rule D9).": (
            "可用的应答方式：`yes-no`（是否）、`threshold`（门槛）、`value`（数值）（规则 D9）。"
        ),
        "Data classification, for example L3.": "数据分级，例如 L3。",
        "`catalog.draft`: a department describes data that it holds (→ DRAFT). Object id: item code.": (
            "`catalog.draft`：部门编制其所持数据的目录项（→ DRAFT）。对象编号为目录项代码。"
        ),
        "Code of the duty under which the department collects it.": "据以收集该数据的职责事项代码。",
        "`unconditional`, `conditional` or `none` (rule D6); only a new item can have another class.": (
            "取值 `unconditional`（无条件共享）、`conditional`（有条件共享）或 `none`（不予共享）"
            "（规则 D6）；变更共享属性须另立目录项。"
        ),
        "Whether each query needs the consent of the person concerned (rule D11).": (
            "每次查询是否须经本人同意（规则 D11）。"
        ),
        "`catalog.review`: the data authority approves a draft (DRAFT → REVIEWED).": (
            "`catalog.review`：数据主管部门审核通过（DRAFT → REVIEWED）。"
        ),
        "`catalog.publish`: the department opens a reviewed item for use (REVIEWED → PUBLISHED).": (
            "`catalog.publish`：部门发布经审核的目录项（REVIEWED → PUBLISHED）。"
        ),
        "`catalog.update`: other fields, from now on (→ UPDATED).": (
            "`catalog.update`：自此变更数据项（→ UPDATED）。"
        ),
        "`catalog.suspend`, `catalog.resume`, `catalog.retire`: with the reason.": (
            "`catalog.suspend`（暂停）、`catalog.resume`（恢复）、`catalog.retire`（撤销）：须载明理由。"
        ),
    },
)
