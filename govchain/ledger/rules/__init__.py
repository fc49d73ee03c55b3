"""Rules of business: which transaction may change which record, as a table and a function for each rule.

A new kind of record is a new module here with its own TRANSITIONS, and its payload structs. No I/O, no clock.
"""

from __future__ import annotations

from typing import Final

from govchain.ledger.rules import equivocation, evidence, governance, invoice, keys, licence
from govchain.ledger.rules.attempt import Transition

TRANSITIONS: Final[dict[str, Transition]] = {
    transition.kind: transition
    for transition in (
        *keys.TRANSITIONS,
        *licence.TRANSITIONS,
        *evidence.TRANSITIONS,
        *invoice.TRANSITIONS,
        *governance.TRANSITIONS,
        *equivocation.TRANSITIONS,
    )
}
"""Kind to its transition."""
