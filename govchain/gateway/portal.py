"""What a person is told about the use of their data: who, for what, under which rule, with what outcome.

Read from the gateway's own rows; nobody else's data and no value is in it. Who may look is decided by
`tokens`, and consents are revoked on the chain with the person's own key.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import msgspec

from govchain.gateway.documents import read_query
from govchain.gateway.office import Office
from govchain.gateway.ports import REFUSED_CODE, Use
from govchain.gateway.store import Exchange
from govchain.ledger import Text
from govchain.ledger.kinds import RULES
from govchain.legal import explain
from govchain.legal.basis import bases_of

_OUTCOMES: Final = {
    "LOGGED": "answered",
    "DELIVERED": "answered",
    "RECEIVED": "answered",
    "CONFIRMED": "answered",
    "REFUSED": "refused",
}


class UseView(msgspec.Struct, frozen=True, kw_only=True):
    """A use with its reasons, in two languages."""

    use: Use
    basis: str
    """Law or standard behind the rule."""
    basis_zh: str
    sentence: str
    sentence_zh: str


def use_of(office: Office, row: Exchange) -> Use:
    """The use that a row stands for."""
    message = office.vault.open(row.message, f"{row.side}/{row.exchange}/message")
    _, query = read_query(message)
    outcome = _OUTCOMES.get(row.state, "open")
    return Use(
        exchange=query.exchange,
        at_ms=row.at_ms,
        side=row.side,
        requester=query.requester,
        provider=query.provider,
        item=query.item,
        fields=query.fields,
        mode=query.mode,
        purpose=query.purpose,
        grant=query.grant,
        consent=query.consent,
        outcome=outcome,
        rule=row.rule or ("D11" if query.consent else "D2"),
        code=row.code,
    )


def view_of(use: Use, names: Mapping[str, str]) -> UseView:
    """A use as people read it.

    Args:
        names: Organisation (USCC) to its name; a code without one stands for itself.
    """
    rule = RULES.get(use.rule)
    basis = None if rule is None else bases_of(rule)
    fields, fields_zh = ", ".join(use.fields), "、".join(use.fields)
    consent, consent_zh = (
        (f" and your consent {use.consent}", f" 及您的同意书 {use.consent}") if use.consent else ("", "")
    )
    requester, provider = (_named(org, names) for org in (use.requester, use.provider))
    asked = f"{requester.en} asked {provider.en} for {fields} of {use.item} ({use.mode}) for {use.purpose}"
    asked_zh = (
        f"{requester.zh}为 {use.purpose} 向{provider.zh}查询您在 {use.item} 的 {fields_zh}（{use.mode}）"
    )
    match use.outcome:
        case "answered":
            end, end_zh = (
                f"answered under grant {use.grant}{consent}",
                f"已依授权 {use.grant}{consent_zh} 答复",
            )
        case "refused":
            explained = explain(use.rule, use.code)
            why = "" if explained is None else f": {explained.demands_en}"
            why_zh = "" if explained is None else f"：{explained.demands_zh}"
            by = "" if use.code == REFUSED_CODE else f" by rule {use.rule} ({use.code}){why}"
            by_zh = "" if use.code == REFUSED_CODE else f"（规则 {use.rule}，{use.code}）{why_zh}"
            end, end_zh = f"refused{by}; nothing was told", f"已拒绝{by_zh}；未提供任何数据"
        case _:
            end, end_zh = "not decided yet", "尚未办结"
    return UseView(
        use=use,
        basis="" if basis is None else basis.en,
        basis_zh="" if basis is None else basis.zh,
        sentence=f"{asked}: {end}.",
        sentence_zh=f"{asked_zh}：{end_zh}。".strip(),
    )


def _named(org: str, names: Mapping[str, str]) -> Text:
    name = names.get(org)
    # Chinese keeps a space around Latin letters, and none around brackets.
    return Text(org, f" {org} ") if name is None else Text(f"{name} ({org})", f"{name}（{org}）")
