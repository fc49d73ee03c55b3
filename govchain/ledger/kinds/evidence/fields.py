"""What evidence records carry, and what the chain remembers of a piece of evidence.

Structs only; the rules beside them read these.
"""

from __future__ import annotations

import msgspec

from govchain.ledger.payloads import Hashes, Part
from govchain.ledger.state import RecordData


class Environment(Part, frozen=True):
    """In which environment data was collected."""

    clean_check: bool
    """Whether the collector checked that the machine was clean."""
    ntp_offset_ms: int
    host_fingerprint: str


class Timestamp(Part, frozen=True):
    """An RFC 3161 token over the SHA-256 of the data; whoever holds the token verifies it off the chain."""

    token_hash: str
    """SHA-256 of the token, hex."""
    time: str


class Signed(Part, frozen=True):
    """A signature in the data itself, by a key of this chain."""

    key_id: str
    at: str


class EvidenceDeposit(Part, frozen=True):
    """`evidence.deposit`: put hashes of data on the chain (→ DEPOSITED). Object id: evidence number."""

    evidence_kind: str
    """contract, web-page, chat, work, log, document or other."""
    raw_hash: Hashes
    size_bytes: int
    media_type: str
    collected_at: str
    collector_tool: str = ""
    """Name and version."""
    collector_tool_hash: str = ""
    """SHA-256 of the tool, hex; may be empty."""
    environment: Environment | None = None
    timestamp: Timestamp | None = None
    signed: Signed | None = None
    assurance_level: str = ""
    """How surely the depositor knows whom it deposits for."""
    platform_filing: str = ""
    """Number under which the platform is filed; may be empty."""
    interest: str = ""
    """The depositor's declared interest in the matter; empty means none declared (rule E5)."""
    replaces: str = ""
    sealed: bool = False
    """Whether only judge and parties of its case may read it (rule E9)."""


class EvidenceCollect(EvidenceDeposit, frozen=True, kw_only=True):
    """`evidence.collect`: who collects for another depositor says so, like a deposit (→ COLLECTED)."""

    for_org: str
    """Organisation that is to deposit it; custody goes there when it does."""


class EvidenceLodge(Part, frozen=True):
    """`evidence.lodge`: the collector's data is deposited as it was collected (COLLECTED → DEPOSITED)."""

    raw_hash: Hashes


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


class EvidenceChallenge(Part, frozen=True):
    """`evidence.challenge`: a party of the case disputes it (→ CHALLENGED)."""

    ground: str
    """qualification, interest, system, technique or content."""


class EvidenceAppraise(Part, frozen=True):
    """`evidence.appraise`: a notary or appraiser without an interest gives an opinion (→ APPRAISAL)."""

    opinion: str
    """supports, refutes or inconclusive."""
    report_hash: str
    """SHA-256 of the appraisal report, hex."""


class EvidenceRule(Part, frozen=True):
    """`evidence.rule`: the court rules (→ ADMITTED, PARTIAL or EXCLUDED; rule E6)."""

    ruling: str
    reason: str = ""


class EvidenceArchive(Part, frozen=True):
    """`evidence.archive`: the court that ruled closes the file (→ ARCHIVED)."""


class EvidenceDelete(Part, frozen=True):
    """`evidence.delete`: refused, whoever asks: evidence is corrected by a new number (rule E1)."""


class Custody(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """One hand-over of evidence (rule E2)."""

    from_org: str
    to_org: str
    action: str
    sent: bytes
    """Transaction id of the hand-over."""
    received: bytes = b""
    """Transaction id of the receipt; empty while under way."""


class EvidenceData(RecordData, frozen=True, tag="govchain.evidence-data/2"):
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
    depositor: str = ""
    """Organisation that deposited it; empty while it is only collected."""
    is_sealed: bool = False
    timestamp_ms: int = 0
    """Time of its timestamp token; 0 without one (rule E3)."""
    timestamp_hash: str = ""
    custody: tuple[Custody, ...] = ()
    case_no: str = ""
    is_party: bool = False
    """The depositor is a party of the case (rule E5)."""
    verified_by: str = ""
    is_mismatch: bool = False
    """The court's file was another one (rule E6)."""
    challenged_by: str = ""
    challenge_ground: str = ""
    appraised_by: str = ""
    appraisal: str = ""
    ruled_by: str = ""
    ruling_reason: str = ""
