"""What records of decisions carry, and what the chain remembers of one.

Structs only; the rules beside them read these.
"""

from __future__ import annotations

import msgspec

from govchain.ledger.payloads import Part
from govchain.ledger.state import RecordData


class DecisionInput(Part, frozen=True):
    """One number that goes into the formula."""

    name: str
    amount: str


class DecisionFact(Part, frozen=True):
    """What another department answered, opened so that the chain can compare it."""

    fact: str
    """The field that the answer tells; with a word and a dot in front, about one more person."""
    exchange: str
    """Number of the exchange; confirmed, and asked by the deciding office."""
    answer: str
    """The answer as its provider signed it, in hex: yes or no, no value. Its SHA-256 is on the chain."""


class DecisionEnter(Part, frozen=True):
    """`decision.enter`: facts and inputs; the chain computes (→ ENTERED). Object id: its number."""

    criteria: str
    subject_ref: str
    """Whom it is about."""
    parties: list[str] = []
    """Who may appeal: organisations, or `organisation/pseudonym`."""
    signers: list[str] = []
    """Pseudonyms of those who decide, as many as the criteria say."""
    facts: list[DecisionFact] = []
    inputs: list[DecisionInput] = []
    case_no: str = ""


class DecisionSign(Part, frozen=True):
    """`decision.sign`: one of those who decide signs (ENTERED → ENTERED; rule J5)."""


class DecisionIssue(Part, frozen=True):
    """`decision.issue`: with enough signatures it is issued (→ GRANTED or REFUSED)."""


class DecisionReview(Part, frozen=True):
    """`decision.review`: facts were asked for again; it is signed and issued anew (→ ENTERED)."""

    facts: list[DecisionFact]


class DecisionAppeal(Part, frozen=True):
    """`decision.appeal`: a party appeals in time (GRANTED or REFUSED → APPEALED; rule J7)."""

    to_case: str
    """Number of the case before the court."""


class DecisionTakeEffect(Part, frozen=True):
    """`decision.take_effect`: the time for an appeal is over (GRANTED → EFFECTIVE; rule J7)."""


class DecisionData(RecordData, frozen=True, tag="govchain.decision-data/1"):
    """What the rules of decisions need to remember."""

    criteria: str
    subject_ref: str
    parties: tuple[str, ...]
    signers: tuple[str, ...]
    exchanges: tuple[str, ...]
    is_met: bool
    """Whether every fact is proven."""
    amounts: tuple[tuple[str, str], ...]
    """Name and amount of each line."""
    due_cents: int | None
    entered_by: str
    case_no: str
    signed: tuple[str, ...] = ()
    issued_ms: int = 0
    to_case: str = ""


class Outcome(msgspec.Struct, frozen=True):
    """What a formula gives."""

    is_met: bool
    amounts: tuple[tuple[str, str], ...]
    due_cents: int | None
