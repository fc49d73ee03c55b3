"""Handler of records: the state at a named level, its history and proof, a licence at a moment (RD-1, L3).

The value comes with its proof from the validator; what a licence's state means at a moment is the ledger's
rule.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Final

from aiohttp import web

from govchain.api.answers import RecordAnswer, RecordView
from govchain.api.context import ApiContext, Asked, json_response
from govchain.api.problems import Refusal
from govchain.codec import decode
from govchain.ledger.kinds import data_of
from govchain.ledger.kinds.licence.validity import licence_status_at
from govchain.ledger.state import RecordState

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
LEVELS: Final = ("certified", "local", "latest")
"""Read levels by name (rule RD-1); the first is the default."""


async def show_record(context: ApiContext, request: web.Request, asked: Asked) -> web.StreamResponse:
    """GET /v1/records/{record_type}/{object_id}."""
    level: str = asked["level"]
    at_ms = _moment_ms(asked)
    proof = await context.service.record(asked["record_type"], asked["object_id"], level)
    state = None if proof.value is None else decode(proof.value, RecordState)
    answer = RecordAnswer(
        record_type=asked["record_type"],
        object_id=asked["object_id"],
        level=level,
        height=proof.header.height,
        time_ms=proof.header.time_ms,
        is_present=state is not None,
        record=None if state is None else _view(state),
        history=state.timeline if state is not None and asked["history"] else None,
        licence_at=None if state is None or at_ms is None else licence_status_at(state, at_ms),
        proof=proof if asked["proof"] else None,
    )
    return json_response(answer)


def _view(state: RecordState) -> RecordView:
    return RecordView(
        record_type=state.record_type,
        object_id=state.object_id,
        version=state.version,
        state=state.state,
        issuer_org=state.issuer_org,
        last_record_hash=state.last_record_hash,
        data=data_of(state),
    )


def _moment_ms(asked: Asked) -> int | None:
    text: str | None = asked["at"]
    if text is None:
        return None
    if asked["record_type"] != "licence":
        raise Refusal(
            "invalid-parameter", f"at: only a licence has a status at a moment, not {asked['record_type']!r}"
        )
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise Refusal(
            "invalid-parameter", f"at: expected RFC 3339 with offset (write + as %2B), found {text[:40]!r}"
        ) from error
    if moment.tzinfo is None:
        raise Refusal("invalid-parameter", f"at: {text[:40]!r} has no offset; write Z or %2B08:00 behind it")
    return (moment - EPOCH) // timedelta(milliseconds=1)
