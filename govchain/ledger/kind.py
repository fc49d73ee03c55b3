"""A kind of record as one value: its fields, states, transitions, rules and texts.

Everything that treats kinds alike reads this value: execution, documentation, scenarios, the command line and
the API. What a single kind means is in its own module under `govchain.ledger.kinds`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from govchain.ledger.rules.attempt import Transition
from govchain.ledger.rules.rule import Rule, Text
from govchain.ledger.state import RecordData


@dataclass(frozen=True, slots=True)
class RecordKind:
    """One kind of record. See docs/howto/add-a-kind-of-record.md."""

    record_type: str
    """First part of its state keys, for example `licence`."""
    title: Text
    data: type[RecordData] | None
    """What the chain remembers of one such record beside its state; None when that is nothing."""
    states: Mapping[str, str]
    """State to its name in Chinese, in the order of life."""
    transitions: tuple[Transition, ...]
    rules: tuple[Rule, ...]
    """Rules that this kind brings along; those of every kind are in `rules.core`."""
    names_zh: Mapping[str, str] = field(default_factory=dict)
    """Field of a payload to its name in Chinese."""
    texts_zh: Mapping[str, str] = field(default_factory=dict)
    """Docstring of a payload struct or of a field to its Chinese."""
    named_by: str = ""
    """Field of the first record that people call the object by; empty: by its id."""
    keeps_records: bool = True
    """False when its state is no `RecordState`, as that of a key."""
    side_changes: tuple[tuple[str, str], ...] = ()
    """Changes of state that come from a record about another object: the state before, the state after."""
