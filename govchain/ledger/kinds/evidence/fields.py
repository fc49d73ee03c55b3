"""What evidence records carry, and what the chain remembers of a piece of evidence.

Structs only; the rules beside them read these.
"""

from __future__ import annotations

import msgspec

from govchain.ledger.payloads import Hashes, Part
from govchain.ledger.state import RecordData


class EvidenceDeposit(Part, frozen=True):
    """`evidence.deposit`: put hashes of data on the chain (→ DEPOSITED). Object id: evidence number."""

    evidence_kind: str
    """contract, web-page, chat, work, log, document or other."""
    raw_hash: Hashes
    size_bytes: int
    media_type: str
    collected_at: str
    collector_tool: str = ""
    interest: str = ""
    """The depositor's declared interest in the matter; empty means none declared (rule E5)."""
    replaces: str = ""


class EvidenceTransfer(Part, frozen=True):
    """`evidence.transfer`: the custodian hands over; custody moves when the other side receives (rule E2)."""

    to_org: str
    action: str
    raw_hash: Hashes


class EvidenceReceive(Part, frozen=True):
    """`evidence.receive`: the receiver signs for custody (rule E2)."""

    raw_hash: Hashes


class EvidenceSubmit(Part, frozen=True):
    """`evidence.submit`: a party or custodian submits it in a case (→ SUBMITTED)."""

    case_no: str


class EvidenceVerify(Part, frozen=True):
    """`evidence.verify`: a court states the hashes of the file it was given (→ MATCHED or MISMATCHED)."""

    raw_hash: Hashes
    size_bytes: int


class EvidenceRule(Part, frozen=True):
    """`evidence.rule`: the court rules (→ ADMITTED, PARTIAL or EXCLUDED; rule E6)."""

    ruling: str
    reason: str = ""


class Custody(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """One hand-over of evidence (rule E2)."""

    from_org: str
    to_org: str
    action: str
    sent: bytes
    """Transaction id of the hand-over."""
    received: bytes = b""
    """Transaction id of the receipt; empty while under way."""


class EvidenceData(RecordData, frozen=True, tag="govchain.evidence-data/1"):
    """What the rules of judicial evidence need to remember."""

    evidence_kind: str
    sha256: str
    sm3: str
    size_bytes: int
    media_type: str
    collected_at_ms: int
    interest: str
    """The depositor's declared interest; empty means none (rule E5)."""
    replaces: str
    custodian: str
    """Organisation that holds it now (rule E2)."""
    custody: tuple[Custody, ...] = ()
    case_no: str = ""
    verified_by: str = ""
    ruled_by: str = ""
    ruling_reason: str = ""
