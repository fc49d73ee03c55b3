"""Handler of the kinds of record: what exists, and which verb moves it. Read from the kinds themselves."""

from __future__ import annotations

from functools import lru_cache

from aiohttp import web

from govchain.api.answers import KindsAnswer, KindView, StateView, VerbView
from govchain.api.context import ApiContext, Asked, json_response
from govchain.ledger.kind import RecordKind
from govchain.ledger.kinds import KINDS


async def list_kinds(context: ApiContext, request: web.Request, asked: Asked) -> web.StreamResponse:
    """GET /v1/kinds."""
    return json_response(_answer())


@lru_cache(maxsize=1)
def _answer() -> KindsAnswer:
    return KindsAnswer(tuple(_view(kind) for kind in KINDS.values()))


def _view(kind: RecordKind) -> KindView:
    return KindView(
        record_type=kind.record_type,
        title=kind.title.en,
        title_zh=kind.title.zh,
        states=tuple(StateView(name, name_zh) for name, name_zh in kind.states.items()),
        verbs=tuple(
            VerbView(
                verb=row.verb,
                sentence=row.sentence.en,
                sentence_zh=row.sentence.zh,
                from_states=row.from_states,
                to_states=row.to_states,
                org_roles=row.org_roles,
                key_roles=row.key_roles,
            )
            for row in kind.transitions
        ),
    )
