"""Who received a datum that turned out wrong: the answer of the exchange log (rule D10).

The chain computes it when a correction is recorded, and anybody may compute it again from the revealed key.
"""

from __future__ import annotations

from govchain.crypto import Suite
from govchain.ledger.access import StateAccess
from govchain.ledger.kinds.exchange.fields import SourceUses
from govchain.ledger.kinds.exchange.sources import source_reference, source_uses_key
from govchain.ledger.kinds.grant.fields import ItemRequesters
from govchain.ledger.kinds.grant.rules import requesters_key
from govchain.ledger.kinds.objection.fields import NoticeData


def list_receivers(
    access: StateAccess, suite: Suite, item: str, source_key: bytes, wrong_since_ms: int
) -> tuple[NoticeData, ...]:
    """Everybody who received a subject's data of an item since a moment, by answers or passed on (rule D10).

    Args:
        source_key: The provider's key of that subject, see `source_reference`.
    """
    found: dict[str, NoticeData] = {}
    known = access.value(requesters_key(item), ItemRequesters)
    passed_on: list[tuple[str, str]] = []
    for org in () if known is None else known.organisations:
        key = source_uses_key(item, source_reference(suite, source_key, org))
        uses = access.value(key, SourceUses)
        if uses is None or uses.last_ms < wrong_since_ms:
            continue
        found[org] = NoticeData(org, uses.last_exchange, uses.count)
        passed_on += [(other, uses.last_exchange) for other in uses.forwarded]
    for other, exchange in passed_on:
        found.setdefault(other, NoticeData(other, exchange, 0))
    return tuple(found.values())
