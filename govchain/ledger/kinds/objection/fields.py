"""What records of objections and corrections carry, and what the chain remembers of one.

Structs only; the rules beside them read these.
"""

from __future__ import annotations

import msgspec

from govchain.ledger.payloads import Hashes, Part
from govchain.ledger.state import RecordData


class ObjectionRaise(Part, frozen=True):
    """`objection.raise`: a datum is said to be wrong, by who received it, by the person concerned or
    by the provider itself (→ RAISED). Object id: number of the objection."""

    item: str
    field: str
    claim: str
    """What is wrong, without the value."""
    exchange: str = ""
    """Exchange in which it was received; empty when the provider itself found it."""
    evidence_hash: Hashes | None = None


class ObjectionCheck(Part, frozen=True):
    """`objection.check`: the provider has looked (RAISED → CHECKED)."""

    opinion: str = ""


class ObjectionCorrect(Part, frozen=True):
    """`objection.correct`: the provider corrects; the chain lists who received it (→ CORRECTED)."""

    source_key: str
    """The provider's key of that subject (hex), from which its `source_ref` to each department follows."""
    wrong_since: str
    """RFC 3339: answers given from then on were wrong."""
    corrected_hash: Hashes
    """Of the corrected datum."""


class ObjectionRefute(Part, frozen=True):
    """`objection.refute`: the datum is right, and why (→ REFUTED; rule D5)."""

    reason: str


class ObjectionAcknowledge(Part, frozen=True):
    """`objection.acknowledge`: a department that was listed has taken the correction over (rule D10)."""


class NoticeData(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """Who has to learn of a correction."""

    org: str
    last_exchange: str
    """The last exchange in which the subject's data reached it."""
    count: int
    """Exchanges about the subject so far; 0 when it was passed on by another department."""
    acknowledged: bool = False


class ObjectionData(RecordData, frozen=True, tag="govchain.objection-data/1"):
    """What the rules of objections need to remember."""

    item: str
    field: str
    provider: str
    exchange: str
    decide_until_ms: int
    """From then on only the data authority can refute it (rule D5)."""
    reason: str = ""
    corrected_sha256: str = ""
    corrected_sm3: str = ""
    notices: tuple[NoticeData, ...] = ()
    checked_by: str = ""
    """Pseudonym of who looked into it at the provider (rule G6)."""
