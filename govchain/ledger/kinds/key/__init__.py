"""Signing keys (records.md 1.5): added, rotated, suspended and revoked by their organisation.

Payloads are in `fields`, what is allowed in `rules`, the answer about a moment in `standing`.
"""

from __future__ import annotations

from typing import Final

from govchain.ledger.kind import RecordKind
from govchain.ledger.kinds.key.rules import TRANSITIONS
from govchain.ledger.rules.rule import TECHNICAL, Rule, Text

KIND: Final = RecordKind(
    record_type="key",
    title=Text("Signing key", "签名密钥"),
    data=None,
    states={
        "ACTIVE": "有效",
        "SUSPENDED": "暂停",
        "ROTATED": "已更换",
        "REVOKED": "吊销",
    },
    transitions=TRANSITIONS,
    rules=(
        Rule(
            "I8",
            Text(
                "An organisation keeps at least one active admin key",
                "机构须至少保留一把有效的管理员密钥",
            ),
            TECHNICAL,
            {
                "E_STATE": Text("Add another admin key first.", "先登记另一把管理员密钥。"),
            },
        ),
    ),
    names_zh={
        "public_key": "公钥",
        "possession": "密钥持有证明",
        "person": "人员代号",
        "roles": "角色",
        "reason": "理由",
        "next_key_commitment": "后继密钥承诺值",
        "since": "吊销起算时间",
    },
    texts_zh={
        "`key.add`: an organisation's admin adds a key. Object id: key id (hex).": (
            "`key.add`：机构管理员登记密钥。对象编号为密钥标识（十六进制）。"
        ),
        "Signature of that key over chain, organisation and key (hex; rule I10).": (
            "该密钥对链标识、机构代码和公钥的签名（十六进制；规则 I10）。"
        ),
        "Signature of the new key over chain, organisation and key (hex; rule I10).": (
            "新密钥对链标识、机构代码和公钥的签名（十六进制；规则 I10）。"
        ),
        "SHA-256 (hex) of the only public key that may take its place; empty when any may.": (
            "唯一可接替本密钥的公钥之 SHA-256（十六进制）；空表示不限。"
        ),
        "`key.rotate`: the key itself or an admin puts another one in its place (→ ROTATED).": (
            "`key.rotate`：由密钥本人或管理员更换密钥（→ ROTATED）。"
        ),
        "The new key (hex); the committed one, where there is a commitment (rule I1).": (
            "新公钥（十六进制）；已作承诺的，须为所承诺的公钥（规则 I1）。"
        ),
        "`key.suspend`, `key.resume`: an admin stops a key for a time, and lets it sign again.": (
            "`key.suspend`（暂停）、`key.resume`（恢复）：机构管理员暂停或恢复密钥的签名权。"
        ),
        "RFC 3339; from when on nothing that it signed is to be relied on. Empty: from now on.": (
            "RFC 3339 时间，自该时间起的签名均不可作为依据；空表示自申报时间起。"
        ),
        "`key.revoke`: an organisation's admin ends a key. Object id: key id (hex).": (
            "`key.revoke`：机构管理员吊销密钥。对象编号为密钥标识（十六进制）。"
        ),
    },
    keeps_records=False,
)
