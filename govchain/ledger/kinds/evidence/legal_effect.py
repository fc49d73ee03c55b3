"""The answer to the question that courts ask of evidence: what is presumed of it, and what not (E4, E5)?

A pure function over one record's state, so that a gateway, an explorer and an offline verifier say the same.
Nothing here reads the chain.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import msgspec

from govchain.ledger.identifiers import format_time
from govchain.ledger.kinds.evidence.fields import EvidenceData
from govchain.ledger.state import RecordState

LITIGATION_RULES: Final = "人民法院在线诉讼规则"
"""Rules of online litigation of the people's courts, in force since 2021-08-01."""


class LegalStatement(msgspec.Struct, frozen=True):
    """One thing that the law says about a piece of evidence."""

    topic: str
    """`after-chaining`, `before-chaining`, `timestamp`, `interest`, `challenge`, `appraisal` or `ruling`."""
    presumed_intact: bool | None
    """Whether integrity is presumed; None where the statement is about something else."""
    article: str
    """Law and article; empty for a fact of the chain."""
    text_en: str
    text_zh: str

    @property
    def article_zh(self) -> str:
        """Law and article as Chinese writes them."""
        law, _, number = self.article.partition(" Art. ")
        return f"《{law}》第{number}条" if law else ""


class LegalEffectReport(msgspec.Struct, frozen=True):
    """What a court may presume of a piece of evidence and what not (rules E4 and E5)."""

    object_id: str
    chained_at_ms: int
    weight: str
    """`ordinary`, or `lowered` when the depositor declared an interest or is a party (rule E5)."""
    statements: tuple[LegalStatement, ...]


def legal_effect_report(record: RecordState, chained_at_ms: int) -> LegalEffectReport:
    """Separate what is presumed after chaining from what is not presumed before it (rules E4 and E5).

    Args:
        record: State of the evidence.
        chained_at_ms: Time of the block that holds its deposit.
    """
    data = record.data_as(EvidenceData)
    statements = (
        _after_chaining(record, chained_at_ms),
        _before_chaining(chained_at_ms),
        *_timestamp(data),
        *_interest(data),
        *_dispute(data),
        *_ruling(record, data),
    )
    weight = "lowered" if data.interest or data.is_party else "ordinary"
    return LegalEffectReport(record.object_id, chained_at_ms, weight, statements)


def _timestamp(data: EvidenceData) -> Iterator[LegalStatement]:
    if data.timestamp_ms:
        when = format_time(data.timestamp_ms)
        yield LegalStatement(
            "timestamp",
            None,
            "",
            f"A timestamp token of {when} is named: verified, it shows that the data existed then, "
            "not that it was true.",
            f"载明{when}的时间戳：经验证可证明数据当时已存在，不证明其真实。",
        )


def _interest(data: EvidenceData) -> Iterator[LegalStatement]:
    article = f"{LITIGATION_RULES} Art. 17"
    if data.interest:
        yield LegalStatement(
            "interest",
            None,
            article,
            "The depositor declared an interest: the presumption is flagged here and marked as lowered; "
            "what weight it has is for the court.",
            "存证方声明与案件有利害关系：本报告对推定予以提示并标为降低，证明力由人民法院认定。",
        )
    if data.is_party:
        yield LegalStatement(
            "interest",
            None,
            article,
            "The depositor is a party of the case: the presumption is flagged here and marked as lowered; "
            "what weight it has is for the court.",
            "存证方系本案当事人：本报告对推定予以提示并标为降低，证明力由人民法院认定。",
        )


def _dispute(data: EvidenceData) -> Iterator[LegalStatement]:
    if data.challenged_by:
        yield LegalStatement(
            "challenge",
            None,
            f"{LITIGATION_RULES} Art. 17",
            f"A party, {data.challenged_by}, challenged it ({data.challenge_ground}).",
            f"当事人{data.challenged_by}提出异议（{_GROUNDS_ZH[data.challenge_ground]}）。",
        )
    if data.appraised_by:
        yield LegalStatement(
            "appraisal",
            None,
            "",
            f"{data.appraised_by}, without an interest known to the chain, appraised it: {data.appraisal}.",
            f"经链上未见利害关系的{data.appraised_by}鉴定：{_OPINIONS_ZH[data.appraisal]}。",
        )


def _ruling(record: RecordState, data: EvidenceData) -> Iterator[LegalStatement]:
    for ruling in [entry.state for entry in record.timeline if entry.kind == "evidence.rule"]:
        yield LegalStatement(
            "ruling",
            None,
            "",
            f"The court {data.ruled_by} ruled: {ruling}.",
            f"法院{data.ruled_by}已作出认定：{_RULINGS_ZH[ruling]}。",
        )


_GROUNDS_ZH: Final = {
    "qualification": "平台资质",
    "interest": "利害关系",
    "system": "系统环境",
    "technique": "技术方法",
    "content": "内容",
}
_OPINIONS_ZH: Final = {"supports": "支持", "refutes": "否定", "inconclusive": "无法判断"}
_RULINGS_ZH: Final = {"ADMITTED": "采信", "PARTIAL": "部分采信", "EXCLUDED": "不予采信"}


def _after_chaining(record: RecordState, chained_at_ms: int) -> LegalStatement:
    when = format_time(chained_at_ms)
    article = f"{LITIGATION_RULES} Art. 16"
    checks = [entry.state for entry in record.timeline if entry.kind == "evidence.verify"]
    if not checks:
        return LegalStatement(
            "after-chaining",
            None,
            article,
            f"On the chain since {when}; nothing is presumed before the court compared the file.",
            f"自{when}上链；须经法院核验一致后方可推定上链后未经篡改，目前尚未核验。",
        )
    if checks[-1] == "MATCHED":
        return LegalStatement(
            "after-chaining",
            True,
            article,
            f"The file matches: presumed unaltered since it was put on the chain on {when}, unless rebutted.",
            f"核验一致：推定自{when}上链后未经篡改，但有相反证据足以推翻的除外。",
        )
    return LegalStatement(
        "after-chaining",
        False,
        article,
        "The file differs from what was put on the chain: nothing is presumed.",
        "核验不一致：不作未经篡改的推定。",
    )


def _before_chaining(chained_at_ms: int) -> LegalStatement:
    when = format_time(chained_at_ms)
    return LegalStatement(
        "before-chaining",
        False,
        f"{LITIGATION_RULES} Art. 18",
        f"Truth before {when} is not presumed: it is reviewed on its own evidence.",
        f"{when}上链之前的真实性不作推定，须另行审查。",
    )
