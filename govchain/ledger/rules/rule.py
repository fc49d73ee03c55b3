"""What a rule is: its id, what it demands, on what it rests, and what would make a refusal an approval.

Data only. Which rules there are is in `rules.core` and in each kind of record; what a legal basis id stands
for is in `govchain.legal`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from govchain.errors import NotPermitted

TECHNICAL: Final[tuple[str, ...]] = ()
"""Basis of a rule that no law asks for: the chain needs it to work."""


@dataclass(frozen=True, slots=True)
class Text:
    """One text in both languages."""

    en: str
    zh: str


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule. Several codes mean that it can be broken in several ways people tell apart."""

    id: str
    demands: Text
    basis: tuple[str, ...]
    """Ids of the legal bases, see `govchain.legal`; `TECHNICAL` when there is none."""
    remedies: Mapping[str, Text]
    """Denial code to what would make it allowed; the usual code first. Empty for an invariant that needs no
    denial: it is an answer, or nothing can break it."""
    also: tuple[str, ...] = ()
    """Other ids under which people know it."""

    @property
    def ids(self) -> tuple[str, ...]:
        """Its id and the others under which people know it."""
        return (self.id, *self.also)

    @property
    def codes(self) -> tuple[str, ...]:
        """Denial codes, the usual one first."""
        return tuple(self.remedies)


def deny(rule: str, code: str, detail: str) -> NotPermitted:
    """The error of a broken rule, to be raised.

    Args:
        rule: Id of a rule; written out where it is raised, so that a test can compare it with the tables.
        code: One of that rule's codes, written out as well.
        detail: What was found and what was expected. It goes on the chain: nothing of the payload that may
            not be public.
    """
    return NotPermitted(rule, code, detail)
