"""The question that a holder asks: who may use my licences, who did, and for what (rule L6)?

A pure function over the state, so that a portal and an explorer say the same. Over HTTP a portal reads the
records of type `licence-use` of its holder one after the other, from the last position that it knows.
"""

from __future__ import annotations

from typing import Final

from govchain.ledger.access import StateAccess
from govchain.ledger.kinds.authorisation.fields import UseCount, count_key
from govchain.ledger.kinds.licence_use import LICENCE_USE, use_id
from govchain.ledger.state import RecordState

PAGE_MAX: Final = 200


def count_uses(access: StateAccess, holder_ref: str) -> int:
    """How many entries a holder has (rule L6)."""
    found = access.value(count_key(holder_ref), UseCount)
    return 0 if found is None else found.count


def list_uses(
    access: StateAccess, holder_ref: str, *, before: int | None = None, page: int = 50
) -> tuple[RecordState, ...]:
    """Records of what happened to the licences of a holder, the last one first (rule L6).

    Args:
        before: Position below which to begin; None begins with the last one.
        page: How many at most; no more than `PAGE_MAX`.
    """
    count = count_uses(access, holder_ref)
    end = count if before is None else min(before, count)
    first = max(0, end - min(page, PAGE_MAX))
    found = []
    for position in range(end - 1, first - 1, -1):
        entry = access.record(LICENCE_USE, use_id(holder_ref, position))
        assert entry is not None, "entries are counted as they are written"
        found.append(entry)
    return tuple(found)
