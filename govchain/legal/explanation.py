"""A refusal explained: which rule, what it demands, on what it rests, and what would make it allowed.

Looks up and writes sentences; whether something is refused is for the ledger.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from govchain.ledger import RULES, Rule, Text
from govchain.legal.basis import bases_of
from govchain.legal.detail import detail_in_chinese


class Explanation(msgspec.Struct, frozen=True):
    """Why a record was denied, in both languages."""

    rule: str
    code: str
    demands_en: str
    """What the rule demands."""
    demands_zh: str
    basis_en: str
    """Law, standard or practice, or that it is a rule of this chain."""
    basis_zh: str
    remedy_en: str
    """What would make it allowed."""
    remedy_zh: str
    detail_zh: str = ""
    """What was found, in Chinese: the block keeps it in English. Empty where no denial was given."""

    def lines(self) -> tuple[Text, Text, Text]:
        """Three sentences for people: the rule, its basis, the remedy."""
        return (
            Text(f"rule {self.rule}: {self.demands_en}", f"规则 {self.rule}：{self.demands_zh}"),
            Text(f"legal basis: {self.basis_en}", f"依据：{self.basis_zh}"),
            Text(f"to have it allowed: {self.remedy_en}", f"如何获准：{self.remedy_zh}"),
        )


def explain(
    rule_id: str, code: str, detail: str = "", rules: Mapping[str, Rule] = RULES
) -> Explanation | None:
    """The explanation of a denial; None for a rule or code that this version does not know.

    Args:
        detail: What the denial says was found.
    """
    rule = rules.get(rule_id)
    remedy = None if rule is None else rule.remedies.get(code)
    if rule is None or remedy is None:
        return None
    basis = bases_of(rule)
    demands, found = rule.demands, detail_in_chinese(detail)
    return Explanation(rule_id, code, demands.en, demands.zh, basis.en, basis.zh, remedy.en, remedy.zh, found)


def explain_all(name: str, rules: Mapping[str, Rule] = RULES) -> list[Explanation]:
    """Every denial that a rule id or a code can stand for; empty when there is none of that name."""
    found = [
        explain(rule.id, code, rules=rules)
        for rule in rules.values()
        for code in rule.codes
        if name in (rule.id, code)
    ]
    return [each for each in found if each is not None]
