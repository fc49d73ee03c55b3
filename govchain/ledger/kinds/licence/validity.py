"""The answer to the question that people ask of a licence: was it valid at that moment (rule L3)?

A pure function over one record's state, so that a gateway, an explorer and an offline verifier say the same.
Nothing here reads the chain.
"""

from __future__ import annotations

from typing import Final

import msgspec

from govchain.ledger.identifiers import format_time, parse_date_ms
from govchain.ledger.kinds.licence.fields import LicenceData
from govchain.ledger.state import RecordState, TimelineEntry

DAY_MS: Final = 86_400_000


class LicenceAnswer(msgspec.Struct, frozen=True):
    """Status of a licence at one moment (rule L3)."""

    answer: str
    """UNKNOWN, NOT_YET, EXPIRED, or a state: VALID, SUSPENDED, WITHDRAWN and so on."""
    since_ms: int
    """Since when that is so; 0 when nothing happened yet."""
    explanation_en: str
    explanation_zh: str


def licence_status_now(record: RecordState, claimed_ms: int) -> str:
    """What a rule goes by that asks for a licence: a claim before its last change does not bring it back."""
    return licence_status_at(record, max(claimed_ms, record.timeline[-1].claimed_time_ms)).answer


def licence_status_at(record: RecordState, at_ms: int) -> LicenceAnswer:
    """Status of a licence at a moment (rule L3).

    VALID only between effective date and end of the expiring date (China time) while the state was VALID.
    After an end no later moment is ever VALID; an earlier one says that it ended later. A withdrawn licence
    was never valid: every moment from its effective date on says so, also one before the withdrawal.
    """
    data = record.data_as(LicenceData)
    start_ms = parse_date_ms(data.effective_date)
    if record.state == "WITHDRAWN" and at_ms >= start_ms:
        when = format_time(record.timeline[-1].claimed_time_ms)
        return LicenceAnswer(
            "WITHDRAWN",
            start_ms,
            f"Unlawfully granted and withdrawn on {when}: not valid at any time.",
            f"已于{when}撤销，自生效日期起自始无效。",
        )
    past = [entry for entry in record.timeline if entry.claimed_time_ms <= at_ms]
    if not past:
        return LicenceAnswer("UNKNOWN", 0, "The licence did not exist yet.", "当时该证照尚不存在。")
    entry = past[-1]
    for earlier in reversed(past[:-1]):
        # An application of the holder changes no state.
        if earlier.state != entry.state:
            break
        entry = earlier
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
    "WITHDRAWN": ("Withdrawn on {when}, before it took effect.", "已于{when}在生效前撤销。"),
    "RECALLED": ("Recalled since {when}; it is never valid again.", "自{when}起撤回，此后一律无效。"),
    "CANCELLED": ("Cancelled since {when}; it is never valid again.", "自{when}起注销，此后一律无效。"),
    "VOIDED": ("Void since {when}; it is never valid again.", "自{when}起作废，此后一律无效。"),
}
_ENDS: Final = {
    "REVOKED": ("revoked", "吊销"),
    "RECALLED": ("recalled", "撤回"),
    "CANCELLED": ("cancelled", "注销"),
    "VOIDED": ("voided", "作废"),
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
    later = next((item for item in record.timeline if item.state in _ENDS), None)
    if later is None:
        return LicenceAnswer(
            "VALID",
            since_ms,
            "Valid at that time, by the times its issuer stated.",
            "按颁发机构申报的时间，当时有效。",
        )
    when, (english, chinese) = format_time(later.claimed_time_ms), _ENDS[later.state]
    return LicenceAnswer(
        "VALID",
        since_ms,
        f"Valid then, {english} later, on {when}.",
        f"当时有效，后于{when}被{chinese}。",
    )


def _expired(data: LicenceData) -> LicenceAnswer:
    day = data.expiring_date
    return LicenceAnswer("EXPIRED", _end_ms(data), f"Expired after {day}.", f"有效期至{day}，已过期。")


def _end_ms(data: LicenceData) -> int:
    # The expiring date is the last day of validity, so the end is the start of the next day.
    return parse_date_ms(data.expiring_date) + DAY_MS if data.expiring_date else 2**63
