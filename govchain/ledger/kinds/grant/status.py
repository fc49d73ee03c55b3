"""The answer to what people ask of a request or grant: how does it stand at that moment (rule D5)?

The clock changes a grant without any record: a request that nobody decided in time is escalated, and a grant
is over after its last day. A pure function over one record's state; nothing here reads the chain.
"""

from __future__ import annotations

import msgspec

from govchain.ledger.kinds.grant.fields import GrantData
from govchain.ledger.sharing import SUPPLY
from govchain.ledger.state import RecordState

UNDECIDED = ("SUBMITTED", "PENDING")


class GrantAnswer(msgspec.Struct, frozen=True):
    """How a grant stands at one moment."""

    answer: str
    """UNKNOWN, SUBMITTED, PENDING, ESCALATED, REJECTED, APPROVED, NOT_YET, ACTIVE, EXPIRED or REVOKED."""
    since_ms: int
    overdue: bool = False
    """True when the data should have been connected by now (APPROVED only)."""


def grant_status_at(record: RecordState, at_ms: int) -> GrantAnswer:
    """How a request or grant stands at a moment, records and clock together (rule D5)."""
    data = record.data_as(GrantData)
    past = [entry for entry in record.timeline if entry.claimed_time_ms <= at_ms]
    if not past:
        return GrantAnswer("UNKNOWN", 0)
    state, since_ms = past[-1].state, past[-1].claimed_time_ms
    if state in UNDECIDED and at_ms >= data.decide_until_ms:
        return GrantAnswer("ESCALATED", data.decide_until_ms)
    if state in ("ACTIVE", "APPROVED") and at_ms >= data.until_ms:
        return GrantAnswer("EXPIRED", data.until_ms)
    if state == "ACTIVE" and at_ms < data.from_ms:
        return GrantAnswer("NOT_YET", since_ms)
    return GrantAnswer(state, since_ms, state == "APPROVED" and at_ms >= SUPPLY.end_ms(since_ms))
