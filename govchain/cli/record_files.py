"""Files that people have, as records to sign: any file, UBL e-invoices, records written as YAML or JSON.

Reads files and clocks for `documents`, which judges and shapes them. Nothing is signed or sent here.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import msgspec

from govchain.config import load_document
from govchain.crypto import Suite
from govchain.crypto.file_digest import digest_chunks, digest_file
from govchain.documents import (
    DOCUMENT_BYTES_MAX,
    PreparedRecord,
    find_remarks,
    is_einvoice,
    media_type_of,
    read_einvoice,
    read_invoice,
    to_einvoice_record,
    to_evidence_record,
    to_invoice_record,
    validate_invoice,
)
from govchain.ledger.kinds import PAYLOADS
from govchain.ledger.payloads import Envelope

COLLECTOR: Final = "govchain anchor"
_ENGINE_KEYS: Final = ("fields", "object_id")


class RecordFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A record as people write it; what is left out follows from the chain and the clock."""

    kind: str
    """For example `licence.enter`."""
    object_id: str
    fields: dict[str, Any] = {}
    envelope: dict[str, Any] = {}
    """Other envelope keys, for example `purpose_code` or `claimed_time`."""


def read_evidence(path: Path, evidence_kind: str, *, number: str = "", interest: str = "") -> PreparedRecord:
    """The deposit of a file as it is now."""
    when = now_text()
    return to_evidence_record(
        digest_file(path),
        evidence_kind=evidence_kind,
        media_type=media_type_of(path.name),
        collected_at=when,
        claimed_time=when,
        number=number,
        collector_tool=COLLECTOR,
        interest=interest,
    )


def is_document(path: Path) -> bool:
    """Whether a file is a business document, which needs no record written around it."""
    return path.suffix.lower() == ".xml"


def read_record(path: Path, suite: Suite, *, salt: bytes = b"") -> PreparedRecord:
    """The record in a file: an e-invoice when it is XML, else YAML or JSON.

    Raises:
        InvalidDocument: The invoice breaks a rule of its own standard.
        ConfigError: The record does not fit; file and line are named.
    """
    if is_document(path):
        # Read once, so that the hashes are those of the bytes that were judged.
        data = read_bounded(path, DOCUMENT_BYTES_MAX)
        if is_einvoice(data):
            return to_einvoice_record(
                read_einvoice(data), digest_chunks([data]), suite=suite, claimed_time=now_text(), salt=salt
            )
        invoice = read_invoice(data)
        validate_invoice(invoice)
        prepared = to_invoice_record(
            invoice, digest_chunks([data]), suite=suite, claimed_time=now_text(), salt=salt
        )
        return replace(prepared, remarks=find_remarks(invoice))
    # JSON is YAML; one reader names file and line for both.
    document = load_document(path, RecordFile)
    record = document.value
    if record.kind not in PAYLOADS:
        raise document.error(
            "unknown kind", "kind", found=record.kind, expected="one of: " + ", ".join(PAYLOADS)
        )
    known = [name for name in Envelope.__struct_fields__ if name not in _ENGINE_KEYS]
    for key in record.envelope:
        if key not in known:
            raise document.error(
                "unknown envelope key", "envelope", key, found=key, expected="one of: " + ", ".join(known)
            )
    return PreparedRecord(record.kind, record.object_id, record.envelope, record.fields)


def now_text() -> str:
    """The present time as records write it: RFC 3339, UTC, whole seconds."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def read_bounded(path: Path, bytes_max: int) -> bytes:
    """A file's bytes; of one that is too large only so many that its reader refuses it."""
    with path.open("rb") as file:
        return file.read(bytes_max + 1)
