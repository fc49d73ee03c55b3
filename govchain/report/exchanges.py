"""One question between departments in words: on what it stood, and how it was answered.

Names grant, consent and mode; what was told is known to nobody here.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from govchain.ledger import Text
from govchain.scenario.result import ExchangeEntry

_MODES: Final[Mapping[str, Text]] = {
    "yes-no": Text("as yes or no", "仅答是或否"),
    "threshold": Text("as whether a bound is reached", "仅答是否达到界限"),
    "value": Text("by value", "按原值答复"),
}


def exchange_lines(asked: ExchangeEntry, *, is_answered: bool) -> tuple[Text, ...]:
    """What is said of a question below its sentence."""
    return (_basis(asked), _answer(asked)) if is_answered else (_basis(asked),)


def _basis(asked: ExchangeEntry) -> Text:
    grant_en = f"under grant {asked.grant}" if asked.grant else "under no grant"
    grant_zh = f"依据授权 {asked.grant}" if asked.grant else "无授权"
    consent_en = f"with consent {asked.consent}" if asked.consent else "without a consent"
    consent_zh = f"本人同意 {asked.consent}" if asked.consent else "未附本人同意"
    return Text(
        f"asked {grant_en} for {asked.purpose}, {consent_en}",
        f"{grant_zh}，用途 {asked.purpose}，{consent_zh}",
    )


def _answer(asked: ExchangeEntry) -> Text:
    mode, en, zh = _MODES[asked.mode], ", ".join(asked.fields), "、".join(asked.fields)
    return Text(
        f"told {en} {mode.en}, sealed to the asking department; signed by both on the chain",
        f"答复 {zh}：{mode.zh}，密封送达查询部门；双方签名上链",
    )
