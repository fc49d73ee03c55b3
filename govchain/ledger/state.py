"""What the chain remembers: organisations, keys, nonces, records and denials, as values of the state map.

Only values, their keys and their limits live here. Nothing that depends on how transactions were cut into
blocks may be stored: equal transactions in equal order give an equal state root.
"""

from __future__ import annotations

from typing import Final, TypeVar

import msgspec

from govchain.codec import decode

D = TypeVar("D", bound="RecordData")

OBJECT_ID_MAX: Final = 128
"""Longest object id, in characters."""
RECORD_CHANGES_MAX: Final = 1_000
"""Longest history of one record; a longer one would make every further change dearer."""


class OrganisationState(
    msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True, tag="govchain.organisation/3"
):
    """An organisation that may ask for records."""

    id: str
    """USCC."""
    name: str
    roles: tuple[str, ...]
    accredited_for: tuple[str, ...]
    """Licence type codes that the root grants it (rules L4 and I7)."""
    active_admins: int
    """Active keys with role `admin` (rule I8)."""
    tier: str
    """One of `TIERS` (rule I5)."""
    org_type: str = ""
    area: str = ""
    standing: str = "ACTIVE"
    """ADMITTED, ACTIVE, SUSPENDED or EXPELLED: state of the member (rule I2)."""

    @property
    def active(self) -> bool:
        """Whether its keys may sign at all."""
        return self.standing in ("ADMITTED", "ACTIVE")


class KeyChange(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """One change of a key."""

    claimed_time_ms: int
    state: str
    """State after it."""
    transaction_id: bytes


class KeyState(
    msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True, tag="govchain.key/2"
):
    """A signing key of one person or service."""

    public_key: bytes
    org: str
    person: str
    """Pseudonym inside the organisation."""
    roles: tuple[str, ...]
    state: str
    """ACTIVE, SUSPENDED, ROTATED or REVOKED."""
    version: int
    """Records about this key so far; 0 for a key of genesis (rule G4)."""
    last_record_hash: bytes = b""
    """Id of the last transaction that was applied to it; empty for a key of genesis."""
    revoked_since_ms: int = 0
    """From when on the revocation says that nothing it signed is to be relied on; 0 without one (rule I1)."""
    next_key_commitment: str = ""
    """Digest (hex) of the only public key that may take its place; empty when any may (rule I1)."""
    history: tuple[KeyChange, ...] = ()
    """Its changes; empty for a key of genesis that nothing happened to."""

    @property
    def active(self) -> bool:
        """Whether it may sign."""
        return self.state == "ACTIVE"


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
    """Verb of the transaction, for example `licence.issue`."""
    transaction_id: bytes


class RecordData(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """What the rules of one kind of record need to remember; each kind has its own, with a tag of its own."""


class RecordState(
    msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True, tag="govchain.record/3"
):
    """The current state of one object, with its history in short."""

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
    data: bytes = b""
    """Encoded `RecordData` of its kind; empty for a kind that needs none."""

    def data_as(self, kind: type[D]) -> D:
        """The data, decoded. Expects the struct of this record's kind."""
        return decode(self.data, kind)


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


class RootGrantEnd(
    msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True, tag="govchain.root-grant-end/1"
):
    """The root no longer grants a licence type to an organisation (rule I7)."""

    claimed_time_ms: int


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


def root_grant_end_key(type_code: str, org: str) -> bytes:
    return index_key("member-root-grant-end", type_code, org)


def index_key(name: str, *parts: str) -> bytes:
    """Key of what a kind of record remembers beside its records, for example the holder of a unique property.

    Args:
        name: Begins with the record type, as `licence-holder` does.
        parts: Of the property; only the last one may hold a slash.
    """
    assert "/" not in "".join(parts[:-1]), "two properties would share a key"
    return "/".join(("index", name, *parts)).encode()
