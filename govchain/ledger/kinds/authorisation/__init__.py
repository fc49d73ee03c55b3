"""Authorised uses of licences 用证授权 (records.md 1.1): who may use a licence, for what, how often.

Payloads and data are in `fields`, what is allowed in `rules`, what a holder sees in `uses`.
"""

from __future__ import annotations

from typing import Final

from govchain.ledger.kind import RecordKind
from govchain.ledger.kinds.authorisation.fields import AuthorisationData
from govchain.ledger.kinds.authorisation.rules import AUTHORISATION, TRANSITIONS
from govchain.ledger.rules.rule import Rule, Text

KIND: Final = RecordKind(
    record_type=AUTHORISATION,
    title=Text("Authorised use of a licence", "用证授权"),
    data=AuthorisationData,
    states={
        "ACTIVE": "有效",
        "USED_UP": "次数用尽",
        "ENDED": "已收回",
    },
    transitions=TRANSITIONS,
    rules=(
        Rule(
            "L6",
            Text(
                "Each use has the holder's authorisation, is counted, and the holder sees it",
                "每次用证须经持证主体授权、计次，并对持证主体可见",
            ),
            ("licence-use",),
            {
                "E_CONSENT_MISSING": Text(
                    "Ask the holder to authorise this organisation.", "请持证主体向本机构授权。"
                ),
                "E_CONSENT_EXPIRED": Text(
                    "Ask the holder for another authorisation.", "请持证主体重新授权。"
                ),
                "E_ROLE": Text(
                    "The holder signs: an organisation, or a person by the key that an organisation keeps.",
                    "由持证主体签署：单位以本单位密钥，个人以登记机构所保管的密钥。",
                ),
            },
        ),
        Rule(
            "L7",
            Text(
                "A use and a purpose-stamped copy serve the purpose that was authorised and no other",
                "用证与加注件仅可用于所授权的用途",
            ),
            ("licence-use",),
            {
                "E_PURPOSE": Text(
                    "Ask for an authorisation of that purpose, and make a copy for it.",
                    "就该用途另行取得授权并制作加注件。",
                ),
            },
        ),
        Rule(
            "L8",
            Text(
                "Whoever uses a licence learns only fields that the holder disclosed",
                "用证方仅可获知持证主体披露的字段",
            ),
            ("licence-use",),
            {
                "E_SCOPE_FIELD": Text(
                    "Ask only for fields of the authorisation.", "仅可索取授权范围内的字段。"
                ),
            },
        ),
    ),
    names_zh={
        "licence": "电子证照标识",
        "audience": "用证机构",
        "purpose": "用途",
        "fields": "照面字段",
        "expires": "授权截止时间",
        "max_uses": "使用次数上限",
        "copy_hash": "加注件哈希",
        "reason": "理由",
    },
    texts_zh={
        "`licence.authorise`: the holder lets one organisation use a licence (→ ACTIVE).": (
            "`licence.authorise`：持证主体授权一个机构用证（→ ACTIVE）。"
        ),
        "Organisation that may use it.": "获授权的用证机构。",
        "Code of the purpose; no other is served by it (rule L7).": "用途代码；不得用于其他用途（规则 L7）。",
        "Names of face data that may be asked for (rule L8).": "可索取的照面字段名称（规则 L8）。",
        "RFC 3339; no use at or after it.": "RFC 3339 时间；自该时间起不得使用。",
        "`licence.use`: the organisation uses the licence once (→ ACTIVE or USED_UP).": (
            "`licence.use`：用证机构使用一次（→ ACTIVE 或 USED_UP）。"
        ),
        "Of the purpose-stamped copy (加注件) that was taken; it serves this purpose for ever (rule L7).": (
            "所制加注件的哈希；该加注件始终仅限本用途（规则 L7）。"
        ),
        "`licence.end_use`: the holder takes the authorisation back (→ ENDED).": (
            "`licence.end_use`：持证主体收回授权（→ ENDED）。"
        ),
    },
)
