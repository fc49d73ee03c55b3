"""What was received by sharing and goes further: who has to agree, and who is remembered (rules D3, D10).

An answer may itself rest on an exchange in which its provider received the data, and that one on another.
Whoever provided the data on that way agrees to each receiver, and a correction of any of them finds it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import msgspec

from govchain.ledger.kinds.exchange.fields import ExchangeData, SourceUses
from govchain.ledger.kinds.exchange.sources import source_uses_key
from govchain.ledger.rules.attempt import Attempt
from govchain.ledger.rules.rule import deny

FORWARDS_MAX: Final = 32
"""Organisations to which one exchange may be passed on."""
STAGES_MAX: Final = 8
"""Exchanges that data may come through, one resting on the other."""


def d3_data_is_not_passed_on(attempt: Attempt) -> None:
    """Rule D3: what a department received it does not pass on, by answers or otherwise, without consent."""
    to_org = _receiver(attempt)
    for data in _stages(attempt):
        if to_org not in data.permitted:
            raise deny("D3", "E_ONWARD", f"{data.provider} did not agree to passing this on")


def d10_nothing_corrected_goes_further(attempt: Attempt) -> None:
    """Rule D10: what was corrected is asked for again; whoever got it now would find no notice."""
    for data in _stages(attempt):
        if _uses(attempt, data).is_corrected:
            raise deny("D10", "E_STATE", f"what {data.provider} answered was corrected since")


def g3_permits_have_room(attempt: Attempt) -> None:
    """Rule G3: a provider lets an answer be passed on to a bounded number of organisations, each once."""
    _require_room_for(attempt.fields.to_org, attempt.data.permitted)


def g3_forwards_have_room(attempt: Attempt) -> None:
    """Rule G3: an answer is passed on to a bounded number of organisations, each once."""
    if attempt.verb == "exchange.forward":
        _require_room_for(attempt.fields.to_org, attempt.data.forwarded)
    for data in _stages(attempt):
        passed_on = _uses(attempt, data).forwarded
        if _receiver(attempt) not in passed_on:
            _require_room_for(_receiver(attempt), passed_on)


def remember_receiver(attempt: Attempt) -> None:
    """Let a correction at any stage find who gets the data now (rule D10)."""
    to_org = _receiver(attempt)
    for data in _stages(attempt):
        known = _uses(attempt, data)
        if to_org not in known.forwarded:
            changed = msgspec.structs.replace(known, forwarded=(*known.forwarded, to_org))
            attempt.put(source_uses_key(data.item, data.source_ref), changed)


def _require_room_for(to_org: str, known: Sequence[str]) -> None:
    if len(known) >= FORWARDS_MAX or to_org in known:
        raise deny(
            "G3", "E_STATE", f"listed already, or the limit of {FORWARDS_MAX} organisations is reached"
        )


def _receiver(attempt: Attempt) -> str:
    """Who gets the data by this record."""
    is_forward = attempt.verb == "exchange.forward"
    return str(attempt.fields.to_org) if is_forward else attempt.existing.issuer_org


def _stages(attempt: Attempt) -> list[ExchangeData]:
    """Exchanges in which what goes further was received, the nearest first; none for data of one's own."""
    is_forward = attempt.verb == "exchange.forward"
    stages = [attempt.data] if is_forward else []
    source, holder = attempt.fields, attempt.org.id
    if is_forward:
        source, holder = attempt.data, attempt.data.provider
    while source.source_exchange:
        record = attempt.access.record("exchange", source.source_exchange)
        if record is None or record.issuer_org != holder:
            raise deny("D3", "E_ONWARD", "source_exchange is no exchange of this department")
        source = record.data_as(ExchangeData)
        holder = source.provider
        stages.append(source)
        if len(stages) > STAGES_MAX:
            raise deny("D3", "E_ONWARD", f"the data came through more than {STAGES_MAX} exchanges")
    return stages


def _uses(attempt: Attempt, data: ExchangeData) -> SourceUses:
    known = attempt.access.value(source_uses_key(data.item, data.source_ref), SourceUses)
    assert known is not None, "permitted is what was answered, and every answer is remembered"
    return known
