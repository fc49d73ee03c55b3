"""The kinds of record that this chain knows. Each module or package here is one and exports it as `KIND`.

They are found by looking into this package; nothing lists them. What they have in common is elsewhere: a
module here without `KIND` is a mistake, and so are two kinds that claim the same verb, type or rule.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import msgspec

from govchain.ledger.kind import RecordKind
from govchain.ledger.rules.attempt import Transition
from govchain.ledger.rules.core import CORE_RULES
from govchain.ledger.rules.rule import Rule
from govchain.ledger.state import RecordData, RecordState


@dataclass(frozen=True, slots=True)
class Verb:
    """What a kind of transaction does, and to which kind of record."""

    kind: RecordKind
    transition: Transition
    decode_fields: Callable[[Any], Any]
    """From the `fields` of an envelope to their struct."""


def find_kinds() -> tuple[RecordKind, ...]:
    """Every kind of this package, in alphabetical order of the modules."""
    names = sorted(module.name for module in pkgutil.iter_modules(__path__))
    return tuple(importlib.import_module(f"{__name__}.{name}").KIND for name in names)


def index_verbs(kinds: Sequence[RecordKind]) -> dict[str, Verb]:
    """Name of a verb to what it does.

    Raises:
        ValueError: A record type or verb is there twice, or a transition names a state that its kind lacks.
    """
    verbs: dict[str, Verb] = {}
    types = [kind.record_type for kind in kinds]
    for kind in kinds:
        if types.count(kind.record_type) > 1:
            raise ValueError(f"two kinds of record have the type {kind.record_type!r}")
        for row in kind.transitions:
            if row.verb in verbs:
                raise ValueError(f"the verb {row.verb!r} belongs to two transitions")
            unknown = [state for state in (*row.from_states, *row.to_states) if state not in kind.states]
            if unknown:
                raise ValueError(f"{row.verb}: {unknown[0]!r} is no state of {kind.record_type}")
            verbs[row.verb] = Verb(kind, row, msgspec.json.Decoder(row.fields).decode)
    return verbs


def index_rules(kinds: Sequence[RecordKind]) -> dict[str, Rule]:
    """Rule id to rule: those of every kind first.

    Raises:
        ValueError: Two rules have one id.
    """
    rules = (*CORE_RULES, *(rule for kind in kinds for rule in kind.rules))
    ids = [name for rule in rules for name in rule.ids]
    for name in ids:
        if ids.count(name) > 1:
            raise ValueError(f"two rules have the id {name}")
    return {rule.id: rule for rule in rules}


_FOUND: Final = find_kinds()
KINDS: Final[dict[str, RecordKind]] = {kind.record_type: kind for kind in _FOUND}
"""Record type to kind."""
VERBS: Final[dict[str, Verb]] = index_verbs(_FOUND)
"""Name of a verb, which is the kind of a transaction, to what it does."""
RULES: Final[dict[str, Rule]] = index_rules(_FOUND)
"""Rule id to rule, in documentation order."""
PAYLOADS: Final[dict[str, type[msgspec.Struct]]] = {
    name: verb.transition.fields for name, verb in VERBS.items()
}
"""Name of a verb to the struct of its payload's `fields`."""


def record_type_of(verb: str) -> str:
    """Type of the record that a verb is about. Expects a known verb."""
    return VERBS[verb].kind.record_type


def data_of(record: RecordState) -> RecordData | None:
    """What the chain remembers of a record, as the struct of its kind; None when that is nothing."""
    kind = KINDS.get(record.record_type)
    return None if kind is None or kind.data is None or not record.data else record.data_as(kind.data)
