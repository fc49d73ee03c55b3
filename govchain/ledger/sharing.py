"""Terms that all records of data sharing use: modes, sharing classes, roles, deadlines.

Words only. What a record may do is in its own kind: `catalog`, `grant`, `consent`,
`exchange`, `objection`, `form`.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Final, NamedTuple

import msgspec

from govchain.ledger.state import index_key
from govchain.ledger.workdays import deadline_ms

PROVIDER: Final = "data-provider"
REQUESTER: Final = "data-requester"
AUTHORITY: Final = "data-authority"
"""The body that keeps the directory and decides what others left undecided."""
PORTAL: Final = "citizen-portal"
"""The identity organisation under which people's keys are registered."""
GATEWAY: Final = "gateway"
"""Role of the key with which a department's gateway signs exchanges."""
CITIZEN: Final = "citizen"
"""Role of a person's key; its `person` is the pseudonym at one audience."""

YES_NO: Final = "yes-no"
THRESHOLD: Final = "threshold"
VALUE: Final = "value"
MODES: Final = (YES_NO, THRESHOLD, VALUE)
"""How a field is answered, from the least that is told to the most."""

UNCONDITIONAL: Final = "unconditional"
CONDITIONAL: Final = "conditional"
NOT_SHARED: Final = "none"
CLASSES: Final = (UNCONDITIONAL, CONDITIONAL, NOT_SHARED)

FIELDS_MAX: Final = 64
USES_MAX: Final = 1_000_000

CALLABLE: Final = ("PUBLISHED", "UPDATED")
"""States of a catalog item in which it may be called (rule D8)."""


class Deadline(NamedTuple):
    """So many working days, and who says so."""

    workdays: int
    source: str

    def end_ms(self, from_ms: int) -> int:
        return deadline_ms(from_ms, self.workdays)


DECISION: Final = Deadline(10, "regulations on government data sharing, conditional class; unconfirmed")
SUPPLY: Final = Deadline(20, "regulations on government data sharing, data after consent; unconfirmed")
CORRECTION: Final = Deadline(10, "regulations on government data sharing, correction; unconfirmed")


class ItemElement(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """One field of a catalog item, as the state keeps it."""

    name: str
    element: str
    modes: tuple[str, ...]


_CHINA: Final = timedelta(hours=8)


def element_key(element: str) -> bytes:
    """Index of the one catalog item that is the source of an element (rule D1)."""
    return index_key("catalog-element", element)


def day_of(time_ms: int) -> str:
    """The day in China."""
    return (datetime.fromtimestamp(time_ms // 1000, UTC) + _CHINA).date().isoformat()
