"""What a validator answers: admissions, statuses, keys, events.

The node fills them in, the API writes them, the client reads them. Values only: no request, no wait, no HTTP.
"""

from __future__ import annotations

import msgspec

from govchain.crypto.epochs import ValidatorChange
from govchain.ledger.state import KeyChange
from govchain.legal import Explanation
from govchain.model import TransactionResult


class Admission(msgspec.Struct, frozen=True):
    """Answer to one submitted transaction."""

    id: bytes
    """Transaction id; empty when the bytes did not decode."""
    status: str
    """`admitted`, `known` (admitted or final before) or `rejected`; only the client says `unknown`, when the
    transaction may have been admitted and nobody could be asked."""
    code: str = ""
    """Error code when rejected (see `govchain.mempool.REJECTIONS`)."""
    detail: str = ""


class TransactionStatus(msgspec.Struct, frozen=True):
    """What this validator knows of one transaction."""

    id: bytes
    status: str
    """`pending` or `final`."""
    height: int | None = None
    position: int | None = None
    result: TransactionResult | None = None
    time_ms: int | None = None
    """Block time, Unix milliseconds."""
    explanation: Explanation | None = None
    """Over HTTP, of a denial: the rule, its legal basis, and what would make it allowed."""


class OrganisationAnswer(msgspec.Struct, frozen=True):
    """What the executed state says of one organisation."""

    org: str
    name: str
    tier: str
    """observer, verify or consensus."""
    roles: tuple[str, ...]
    standing: str
    """ADMITTED, ACTIVE, SUSPENDED or EXPELLED."""
    height: int
    """Of the executed state that says so."""


class KeyAnswer(msgspec.Struct, frozen=True):
    """What the executed state says of one signing key."""

    key_id: bytes
    public_key: bytes
    org: str
    person: str
    """Pseudonym inside the organisation."""
    roles: tuple[str, ...]
    is_active: bool
    state: str
    """ACTIVE, SUSPENDED, ROTATED or REVOKED."""
    revoked_since_ms: int
    """From when on its signatures are not to be relied on; 0 without a revocation."""
    history: tuple[KeyChange, ...]
    """Its changes; empty for a key of genesis that nothing happened to."""
    height: int
    """Of the executed state that says so."""
    next_nonce: int
    """Lowest nonce that no executed transaction of this key has used; the pool is not looked at."""


class EvidenceSummary(msgspec.Struct, frozen=True):
    """Proof that a validator signed two different messages for one place, in short (rule EV-1)."""

    validator: str
    """Name of the one that contradicted itself."""
    epoch: int
    phase: str
    """`proposal`, `prepare`, `commit`, `attestation`, `view-change` or `new-view`."""
    view: int
    """0 for an attestation."""
    seq: int
    """Height of an attestation; 0 for a view change and a new view."""
    is_recorded: bool
    """The chain holds both messages."""
    recorded_height: int | None
    """Block that recorded it; null while none did, or when that block is not here."""


class ValidatorStatus(msgspec.Struct, frozen=True):
    """One validator at a glance."""

    name: str
    index: int
    chain_id: bytes
    chain_name: str
    version: str
    height: int
    """Height of the last executed block."""
    final_height: int
    """Height of the last block with a certificate here."""
    view: int
    state_root: bytes
    head_digest: bytes
    pool_transactions: int
    finalised: int
    """Transactions final since genesis."""
    denied: int
    peers: dict[str, bool]
    """Peer name to: connected now."""
    epoch: int = 0
    """Number of the validator set that runs here; `index` is the place in it, -1 for an observer."""
    stall: str = ""
    """One line on why the next height is not decided; empty when nothing is waiting."""
    evidence: tuple[EvidenceSummary, ...] = ()
    """Validators that contradicted themselves, as far as this one knows (rule EV-1)."""


class ValidatorView(msgspec.Struct, frozen=True):
    """One member of the validator set."""

    index: int
    name: str
    org: str
    public_key: bytes
    is_connected: bool
    """To the validator that answers; always true for itself."""


class MemberPolicy(msgspec.Struct, frozen=True):
    """Who decides about members, and what was decided for the next checkpoint (rules MB-1, MB-2)."""

    voters: tuple[str, ...]
    """Organisations that run validators."""
    approvals_needed: int
    """How many of them must approve a change."""
    next_members: tuple[str, ...]
    """Names of the validators from the next checkpoint on, as adopted so far."""
    next_keys: tuple[bytes, ...]
    """Their vote keys, in the same order."""
    checkpoint_height: int
    """Height of that checkpoint."""


class ValidatorsAnswer(msgspec.Struct, frozen=True):
    """The validator set of the current epoch."""

    epoch: int
    quorum_size: int
    max_faulty: int
    members: tuple[ValidatorView, ...]
    changes: tuple[ValidatorChange, ...]
    """From genesis to this epoch, each set proven by the one before it (rule MB-4)."""
    policy: MemberPolicy


class FinalEvent(msgspec.Struct, frozen=True):
    """One block became final here."""

    height: int
    time_ms: int
    results: tuple[TransactionResult, ...]
    kinds: tuple[str, ...]
    """Kind of each transaction, in block order."""
