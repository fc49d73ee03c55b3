"""A business document turned into what a transaction carries: kind, envelope and fields, nothing of its text.

Building and signing the transaction is the work of whoever holds a key.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from govchain.crypto.file_digest import FileDigests
from govchain.ledger.payloads import encode_payload


@dataclass(frozen=True, slots=True)
class Remark:
    """Something odd that the document's own standard permits."""

    rule: str
    field: str
    problem: str


@dataclass(frozen=True, slots=True)
class PreparedRecord:
    """A record that is ready to be signed."""

    kind: str
    """Kind of the transaction, for example `evidence.deposit`."""
    object_id: str
    envelope: dict[str, Any]
    """Envelope keys without `fields`."""
    fields: Any
    """Struct of the kind, see `govchain.ledger.payloads.PAYLOADS`."""
    remarks: tuple[Remark, ...] = ()
    """What is odd about the document though its standard permits it; for people, never on the chain."""

    def payload(self) -> bytes:
        """Canonical payload bytes of the transaction body."""
        return encode_payload(self.envelope, self.fields)


def first_record_envelope(
    object_id: str, claimed_time: str, digests: FileDigests, media_type: str
) -> dict[str, Any]:
    """Envelope of an object's first record, with the hashes of the file behind it (rules G2 and G4)."""
    return {
        "object_id": object_id,
        "object_version": 1,
        "claimed_time": claimed_time,
        "payload_hash": {"sha256": digests.sha256, "sm3": digests.sm3},
        "payload_ref": {"size_bytes": digests.size_bytes, "media_type": media_type},
    }
