"""Conditions: records of other kinds that must be in a named state before something may rest on them.

Shared by results of joint services, contracts, decisions and payments. Reads states; changes nothing.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from govchain.ledger.access import StateAccess
from govchain.ledger.kinds.licence.validity import licence_status_now
from govchain.ledger.payloads import Part
from govchain.ledger.rules.attempt import Attempt
from govchain.ledger.rules.rule import deny
from govchain.ledger.state import index_key

CONDITIONS_MAX: Final = 16

_RECORD: Final = re.compile(r"[a-z-]{1,32}/[^\s]{1,128}")
_STATE: Final = re.compile(r"[A-Z_]{1,32}")


NAMES_ZH: Final = {"record": "记录", "state": "状态"}
TEXTS_ZH: Final = {
    "A record that something rests on, and the state in which it must be.": "所依据的记录及其应处的状态。",
    "`type/id`.": "`type/id`。",
}
"""Chinese of a condition, for the kinds that have some."""


class Condition(Part, frozen=True):
    """A record that something rests on, and the state in which it must be."""

    record: str
    """`type/id`."""
    state: str


def require_conditions(name: str, conditions: Sequence[Condition]) -> None:
    """Rule G1: conditions name different records and a state each."""
    records = [each.record for each in conditions]
    if len(records) > CONDITIONS_MAX or len(set(records)) != len(records):
        raise deny("G1", "E_PAYLOAD", f"fields.{name}: expected at most {CONDITIONS_MAX} different records")
    for each in conditions:
        require_record(name, each.record)
        if not _STATE.fullmatch(each.state):
            raise deny("G1", "E_PAYLOAD", f"fields.{name}: expected a state in capitals")


def require_record(name: str, text: str) -> None:
    """Rule G1: a record is named as type/id."""
    if not _RECORD.fullmatch(text):
        raise deny("G1", "E_PAYLOAD", f"fields.{name}: expected a record as type/id")


def j1_conditions_hold(attempt: Attempt, conditions: Sequence[tuple[str, str]]) -> None:
    """Rule J1: each record that something rests on is in the named state at this time."""
    for record, wanted in conditions:
        found = state_of(attempt.access, record, attempt.claimed_time_ms)
        if found != wanted:
            raise deny("J1", "E_STATE", f"{record[:128]} is {found}; it must be {wanted}")


def state_of(access: StateAccess, record: str, claimed_ms: int) -> str:
    """State of a record named as type/id; of a licence what a verifier is told (rule L3)."""
    record_type, _, object_id = record.partition("/")
    known = access.record(record_type, object_id)
    if known is None:
        return "ABSENT"
    return licence_status_now(known, claimed_ms) if record_type == "licence" else known.state


def is_paid(access: StateAccess, record: str) -> bool:
    """Whether a payment for a contract or decision was settled."""
    return bool(access.indexed(paid_key(record)))


def paid_key(record: str) -> bytes:
    """Index from what was paid to the payment."""
    return index_key("paid", record)


def owner_key(record: str, owner: str) -> bytes:
    """Index from a record that has owners, as `type/id`, and one of them: set while that one is."""
    return index_key("owner-of", owner.replace("/", "."), record)


def single_names(names: Sequence[str]) -> list[str]:
    """Parties or owners as licences name a holder and payments a payee: an organisation, or `org:person`."""
    return [name.replace("/", ":") for name in names]


def pairs_of(conditions: Sequence[Condition]) -> tuple[tuple[str, str], ...]:
    """Conditions as the state keeps them."""
    return tuple((each.record, each.state) for each in conditions)
