"""One transaction on its way through the rules: what it says, who says it, and the state it meets.

Rules read an attempt and raise; only the `apply` functions of the life cycles change the view.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import msgspec

from govchain.codec import encode
from govchain.crypto import Suite
from govchain.ledger import state
from govchain.ledger.access import StateAccess
from govchain.ledger.overlay import StateView
from govchain.ledger.payloads import Envelope, Part
from govchain.ledger.rules.rule import Text
from govchain.ledger.state import (
    IndexEntry,
    KeyState,
    OrganisationState,
    RecordData,
    RecordState,
    TimelineEntry,
)
from govchain.model import ProtocolParameters, ValidatorSet
from govchain.model.validators import VERIFY

CLOCK_TOLERANCE_MS: Final = 300_000
"""How far a claimed time may lie after the block's time (rules G9 and E3)."""


@dataclass(slots=True)
class Attempt:
    """One decoded transaction and what its rules may look at."""

    suite: Suite
    chain_id: bytes
    parameters: ProtocolParameters
    validators: ValidatorSet
    """Of the epoch that runs."""
    validators_of: Callable[[int], ValidatorSet | None]
    """Members of an epoch that has begun."""
    view: StateView
    access: StateAccess
    transaction_id: bytes
    record_type: str
    transition: Transition
    key: KeyState
    org: OrganisationState
    block_time_ms: int
    envelope: Envelope
    fields: Any
    """What the payload says: a struct of the transition's `fields`."""
    claimed_time_ms: int
    record: RecordState | None = None
    """The object before this transaction; None when it does not exist, or is a key."""
    data: Any = None
    """What the chain remembers of it: the `data` struct of its kind; None as long as there is none."""

    @property
    def verb(self) -> str:
        return self.transition.verb

    @property
    def existing(self) -> RecordState:
        """The object, where an earlier rule made sure that it exists."""
        assert self.record is not None
        return self.record

    def has_org_role(self, *roles: str) -> bool:
        return any(role in self.org.roles for role in roles)

    def entry(self, new_state: str) -> TimelineEntry:
        return TimelineEntry(self.claimed_time_ms, new_state, self.verb, self.transaction_id)

    def keep_record(self, record: RecordState) -> None:
        """Try a new state of any record."""
        self.view.put(state.record_key(record.record_type, record.object_id), encode(record))

    def create(self, new_state: str, data: RecordData | None = None) -> None:
        """Try the first state of this object."""
        assert self.record is None
        self.create_other(self.record_type, self.envelope.object_id, new_state, data)

    def create_other(
        self, record_type: str, object_id: str, new_state: str, data: RecordData | None = None
    ) -> None:
        """Try the first state of an object. Expects that a rule made sure that there is none of that id."""
        self.keep_record(
            RecordState(
                record_type=record_type,
                object_id=object_id,
                version=1,
                state=new_state,
                issuer_org=self.org.id,
                last_record_hash=self.transaction_id,
                timeline=(self.entry(new_state),),
                data=b"" if data is None else encode(data),
            )
        )

    def advance(self, record: RecordState, new_state: str, data: RecordData | None = None) -> None:
        """Try the next state of this object, or of another that changes in the same transaction.

        Args:
            data: What to remember from now on; None leaves it as it is.
        """
        self.keep_record(
            msgspec.structs.replace(
                record,
                version=record.version + 1,
                state=new_state,
                last_record_hash=self.transaction_id,
                timeline=(*record.timeline, self.entry(new_state)),
                data=record.data if data is None else encode(data),
            )
        )

    def set_index(self, key: bytes, object_id: str) -> None:
        """Point from a property to its object; `access.indexed` reads it."""
        self.put(key, IndexEntry(object_id))

    def clear_index(self, key: bytes) -> None:
        self.put(key, None)

    def put(self, key: bytes, value: msgspec.Struct | None) -> None:
        """Try what a kind remembers beside its records, under an `index_key`; `access.value` reads it."""
        self.view.put(key, None if value is None else encode(value))


RuleFunction = Callable[[Attempt], None]
"""Raises NotPermitted when its rule is broken."""


@dataclass(frozen=True, slots=True)
class Transition:
    """One row of a life cycle: what a verb does to which states, and what it must pass."""

    verb: str
    """Kind of the transaction, for example `licence.issue`."""
    fields: type[Part]
    """What its payload holds in `fields`."""
    sentence: Text
    """What it says to people: a template over `{who}`, `{object}` and the names of `fields`."""
    from_states: tuple[str, ...]
    """States it may start from; empty when it makes the object's first record."""
    to_states: tuple[str, ...]
    org_roles: tuple[str, ...]
    """Organisation roles of which one is needed; empty when a rule decides otherwise."""
    key_roles: tuple[str, ...]
    """Key roles of which one is needed; empty when every active key may."""
    rules: tuple[RuleFunction, ...]
    """In the order in which they are asked; rule G4 last."""
    apply: Callable[[Attempt], None]
    tier: str = VERIFY
    """Lowest tier of organisations that may ask for it (rule I5)."""
