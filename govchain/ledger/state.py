"""What the chain remembers: organisations, keys, nonces, records and denials, as values of the state map.

Only values, their keys and their limits live here. Nothing that depends on how transactions were cut into
blocks may be stored: equal transactions in equal order give an equal state root.
"""

from __future__ import annotations

from typing import Final

import msgspec

OBJECT_ID_MAX: Final = 128
"""Longest object id, in characters."""
RECORD_CHANGES_MAX: Final = 1_000
"""Longest history of one record; a longer one would make every further change dearer."""


class OrganisationState(
    msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True, tag="govchain.organisation/2"
):
    """An organisation that may ask for records."""

    id: str
    """USCC."""
    name: str
    roles: tuple[str, ...]
    accredited_for: tuple[str, ...]
    """Licence type codes that it may issue (rule L4)."""
    active_admins: int
    """Active keys with role `admin` (rule I8)."""
    active: bool = True
    """False while it is suspended: its keys may not sign (rule I2)."""


class KeyState(
    msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True, tag="govchain.key/1"
):
    """A signing key of one person or service."""

    public_key: bytes
    org: str
    person: str
    """Pseudonym inside the organisation."""
    roles: tuple[str, ...]
    active: bool
    version: int
    """Records about this key so far; 0 for a key of genesis (rule G4)."""
    last_record_hash: bytes = b""
    """Id of the last transaction that was applied to it; empty for a key of genesis."""
    revoked_at_ms: int = 0
    """Claimed time of the revocation; 0 while active."""


class NonceState(
    msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True, tag="govchain.nonces/1"
):
    """The nonces that a key has used (rule RQ-4)."""

    floor: int
    """Every nonce below is used or burnt; this one is not."""
    bitmap: bytes
    """Bit i (lowest bit first) is set when floor + i is used; no trailing zero bytes."""


class TimelineEntry(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """One change of a record."""

    claimed_time_ms: int
    state: str
    """State after it."""
    kind: str
    """Kind of the transaction, for example `licence.issue`."""
    transaction_id: bytes


class LicenceData(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """What the rules of e-licences need to remember."""

    name: str
    type_code: str
    holder_ref: str
    area_code: str
    issued_date: str
    effective_date: str
    expiring_date: str
    """Last day of validity; empty means without end."""
    requires: tuple[str, ...]
    face_commitment: str
    entered_by: str
    """Pseudonym of the maker (rule G6)."""
    issued_by: str = ""
    """Pseudonym of the checker; empty for a draft."""
    superseded_by: str = ""
    reason: str = ""
    """Of the last suspension, resumption or revocation."""
    basis_document: str = ""


class Custody(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """One hand-over of evidence (rule E2)."""

    from_org: str
    to_org: str
    action: str
    sent: bytes
    """Transaction id of the hand-over."""
    received: bytes = b""
    """Transaction id of the receipt; empty while under way."""


class EvidenceData(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
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


class InvoiceData(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """What the rules of invoices need to remember. Amounts are decimal strings."""

    standard: str
    number: str
    issue_date: str
    currency: str
    seller_ref: str
    buyer_ref: str
    net: str
    tax: str
    gross: str
    is_red: bool
    """A red invoice or credit note."""
    corrects: tuple[str, ...]
    red_net: str = "0.00"
    """Taken back so far by red invoices (rule T3)."""
    red_tax: str = "0.00"
    red_gross: str = "0.00"
    red_by: tuple[str, ...] = ()
    """Object ids of the red invoices that took something back."""
    voucher_no: str = ""
    """Of the booking (rule T6)."""
    booked_by: str = ""


class ChangeData(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """A proposed change of members and who approved it (rule I2)."""

    kind: str
    """For example `validator.add`."""
    fields: bytes
    """Its payload fields as they were signed, canonical JSON."""
    approved_by: tuple[str, ...]
    """Organisations, in order."""


class RecordState(
    msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True, tag="govchain.record/2"
):
    """The current state of one object, with its history in short. At most one of the last fields is set."""

    record_type: str
    object_id: str
    version: int
    """Number of records applied to it (rule G4)."""
    state: str
    issuer_org: str
    """Organisation of its first record."""
    last_record_hash: bytes
    """Id of the last transaction applied to it (rule G4)."""
    timeline: tuple[TimelineEntry, ...]
    licence: LicenceData | None = None
    evidence: EvidenceData | None = None
    invoice: InvoiceData | None = None
    change: ChangeData | None = None


class DenialEntry(
    msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True, tag="govchain.denial/1"
):
    """A denial, recorded without the payload (rule G8)."""

    rule: str
    code: str
    org: str
    kind: str
    object_id: str
    """Record that it was about, as `type/id`; empty when it did not get that far."""


class IndexEntry(
    msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True, tag="govchain.index/1"
):
    """Points from a unique property to the object that has it."""

    object_id: str


NEXT_VALIDATORS_KEY: Final = b"validators/next"
"""The set that the next checkpoint installs; absent while no change waits (rule MB-2)."""


def organisation_key(org: str) -> bytes:
    return f"organisation/{org}".encode()


def key_key(key_id: bytes) -> bytes:
    return f"key/{key_id.hex()}".encode()


def nonces_key(key_id: bytes) -> bytes:
    return f"nonces/{key_id.hex()}".encode()


def record_key(record_type: str, object_id: str) -> bytes:
    return f"record/{record_type}/{object_id}".encode()


def denial_key(transaction_id: bytes) -> bytes:
    return f"denial/{transaction_id.hex()}".encode()


def peer_address_key(validator: str) -> bytes:
    """Peer address of a validator that joined after genesis."""
    return f"peer-address/{validator}".encode()


def licence_holder_key(type_code: str, holder_ref: str) -> bytes:
    """Index of the one licence of a type that a holder has in force (rule L2)."""
    return f"index/licence-holder/{type_code}/{holder_ref}".encode()
