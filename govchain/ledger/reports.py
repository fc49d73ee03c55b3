"""Answers that people ask of a record: was this licence valid then, what is presumed of this evidence.

Pure functions over one record's state, so that a gateway, an explorer and an offline verifier say the same.
Nothing here reads the chain.
"""

from __future__ import annotations

from typing import Final

import msgspec

from govchain.ledger.identifiers import format_time, parse_date_ms
from govchain.ledger.state import LicenceData, RecordState, TimelineEntry

DAY_MS: Final = 86_400_000

LITIGATION_RULES: Final = "人民法院在线诉讼规则"
"""Rules of online litigation of the people's courts, in force since 2021-08-01."""


class LicenceAnswer(msgspec.Struct, frozen=True):
    """Status of a licence at one moment (rule L3)."""

    answer: str
    """UNKNOWN, DRAFT, NOT_YET, VALID, EXPIRED, SUSPENDED, SUPERSEDED or REVOKED."""
    since_ms: int
    """Since when that is so; 0 when nothing happened yet."""
    explanation_en: str
    explanation_zh: str


def licence_status_at(record: RecordState, at_ms: int) -> LicenceAnswer:
    """Status of a licence at a moment (rule L3).

    VALID only between effective date and end of the expiring date (China time) while the state was VALID.
    After a revocation no later moment is ever VALID; an earlier one says that it was revoked later.
    """
    data = record.licence
    assert data is not None, "only a licence has this status"
    past = [entry for entry in record.timeline if entry.claimed_time_ms <= at_ms]
    if not past:
        return LicenceAnswer("UNKNOWN", 0, "The licence did not exist yet.", "当时该证照尚不存在。")
    entry = past[-1]
    if entry.state == "VALID":
        return _valid_at(record, data, entry, at_ms)
    if entry.state == "SUSPENDED" and at_ms >= _end_ms(data):
        return _expired(data)
    english, chinese = _STATE_TEXTS[entry.state]
    when = format_time(entry.claimed_time_ms)
    return LicenceAnswer(
        entry.state, entry.claimed_time_ms, english.format(when=when), chinese.format(when=when)
    )


_STATE_TEXTS: Final = {
    "DRAFT": ("Entered on {when}, but not issued at that time.", "已于{when}录入，当时尚未签发。"),
    "SUSPENDED": ("Suspended since {when}.", "自{when}起暂扣。"),
    "SUPERSEDED": ("Replaced by a newer version on {when}.", "已于{when}被新版本取代。"),
    "REVOKED": ("Revoked since {when}; it is never valid again.", "自{when}起吊销，此后一律无效。"),
}


def _valid_at(record: RecordState, data: LicenceData, entry: TimelineEntry, at_ms: int) -> LicenceAnswer:
    start_ms = parse_date_ms(data.effective_date)
    if at_ms < start_ms:
        day = data.effective_date
        return LicenceAnswer(
            "NOT_YET", entry.claimed_time_ms, f"Issued, in effect from {day}.", f"已签发，自{day}起生效。"
        )
    if at_ms >= _end_ms(data):
        return _expired(data)
    since_ms = max(start_ms, entry.claimed_time_ms)
    later = next((item for item in record.timeline if item.state == "REVOKED"), None)
    if later is None:
        return LicenceAnswer(
            "VALID",
            since_ms,
            "Valid at that time, by the times its issuer stated.",
            "按颁发机构申报的时间，当时有效。",
        )
    when = format_time(later.claimed_time_ms)
    return LicenceAnswer(
        "VALID", since_ms, f"Valid then, revoked later, on {when}.", f"当时有效，后于{when}被吊销。"
    )


def _expired(data: LicenceData) -> LicenceAnswer:
    day = data.expiring_date
    return LicenceAnswer("EXPIRED", _end_ms(data), f"Expired after {day}.", f"有效期至{day}，已过期。")


def _end_ms(data: LicenceData) -> int:
    # The expiring date is the last day of validity, so the end is the start of the next day.
    return parse_date_ms(data.expiring_date) + DAY_MS if data.expiring_date else 2**63


class LegalStatement(msgspec.Struct, frozen=True):
    """One thing that the law says about a piece of evidence."""

    topic: str
    """`after-chaining`, `before-chaining`, `interest`, `verification` or `ruling`."""
    presumed_intact: bool | None
    """Whether integrity is presumed; None where the statement is about something else."""
    article: str
    """Law and article; empty for a fact of the chain."""
    text_en: str
    text_zh: str


class LegalEffectReport(msgspec.Struct, frozen=True):
    """What a court may presume of a piece of evidence and what not (rules E4 and E5)."""

    object_id: str
    chained_at_ms: int
    weight: str
    """`ordinary`, or `lowered` when the depositor declared an interest (rule E5)."""
    statements: tuple[LegalStatement, ...]


def legal_effect_report(record: RecordState, chained_at_ms: int) -> LegalEffectReport:
    """Separate what is presumed after chaining from what is not presumed before it (rules E4 and E5).

    Args:
        record: State of the evidence.
        chained_at_ms: Time of the block that holds its deposit.
    """
    data = record.evidence
    assert data is not None, "only evidence has a legal-effect report"
    statements = [_after_chaining(record, chained_at_ms), _before_chaining(chained_at_ms)]
    if data.interest:
        statements.append(
            LegalStatement(
                "interest",
                None,
                f"{LITIGATION_RULES} Art. 17",
                "The depositor declared an interest: the presumption is flagged here and marked as lowered; "
                "what weight it has is for the court.",
                "存证方声明与案件有利害关系：本报告对推定予以提示并标为降低，证明力由人民法院认定。",
            )
        )
    if record.state in ("ADMITTED", "PARTIAL", "EXCLUDED"):
        statements.append(
            LegalStatement(
                "ruling",
                None,
                "",
                f"The court {data.ruled_by} ruled: {record.state}.",
                f"法院{data.ruled_by}已作出认定：{_RULINGS_ZH[record.state]}。",
            )
        )
    weight = "lowered" if data.interest else "ordinary"
    return LegalEffectReport(record.object_id, chained_at_ms, weight, tuple(statements))


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
