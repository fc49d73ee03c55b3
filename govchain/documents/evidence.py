"""Electronic data as evidence: from a file's digests to the fields of `evidence.deposit`.

The file itself and its name stay with the depositor: a name may tell a person's, the hashes tell nothing.
No file is read here and no clock; digests and times come in.
"""

from __future__ import annotations

from typing import Final

from govchain.crypto.file_digest import FileDigests
from govchain.documents.record import PreparedRecord, first_record_envelope
from govchain.errors import InvalidDocument
from govchain.ledger.identifiers import parse_time_ms
from govchain.ledger.kinds.evidence.fields import EvidenceDeposit
from govchain.ledger.payloads import Hashes

# A table of our own: the standard library's reads files of the machine, so two machines could differ.
MEDIA_TYPES: Final = {
    ".7z": "application/x-7z-compressed",
    ".avi": "video/x-msvideo",
    ".bmp": "image/bmp",
    ".csv": "text/csv",
    ".doc": "application/msword",
    ".docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    ".eml": "message/rfc822",
    ".flac": "audio/flac",
    ".gif": "image/gif",
    ".gz": "application/gzip",
    ".htm": "text/html",
    ".html": "text/html",
    ".jpeg": "image/jpeg",
    ".jpg": "image/jpeg",
    ".json": "application/json",
    ".log": "text/plain",
    ".md": "text/markdown",
    ".mov": "video/quicktime",
    ".mp3": "audio/mpeg",
    ".mp4": "video/mp4",
    ".odt": "application/vnd.oasis.opendocument.text",
    ".ofd": "application/ofd",
    ".pcap": "application/vnd.tcpdump.pcap",
    ".pdf": "application/pdf",
    ".png": "image/png",
    ".ppt": "application/vnd.ms-powerpoint",
    ".pptx": "application/vnd.openxmlformats-officedocument.presentationml.presentation",
    ".rar": "application/vnd.rar",
    ".svg": "image/svg+xml",
    ".tar": "application/x-tar",
    ".tif": "image/tiff",
    ".tiff": "image/tiff",
    ".txt": "text/plain",
    ".wav": "audio/x-wav",
    ".webm": "video/webm",
    ".webp": "image/webp",
    ".xls": "application/vnd.ms-excel",
    ".xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    ".xml": "application/xml",
    ".zip": "application/zip",
}
"""File name extension to media type."""

UNKNOWN_MEDIA_TYPE: Final = "application/octet-stream"


def media_type_of(file_name: str) -> str:
    """Media type by the extension alone; `application/octet-stream` when it is not known."""
    stem, dot, extension = file_name.rpartition(".")
    # A name that begins with its only dot is a hidden file without an extension.
    if not stem or stem.endswith(("/", "\\")):
        return UNKNOWN_MEDIA_TYPE
    return MEDIA_TYPES.get(f"{dot}{extension}".lower(), UNKNOWN_MEDIA_TYPE)


def evidence_number(digests: FileDigests, collected_at: str) -> str:
    """`EV-<yyyymmdd>-<16 hex digits>` of the day of collection and the file's SHA-256.

    Deterministic: the same file collected on the same day has the same number, so a second deposit of it is
    denied (rule E1). The digits stand in groups of four, because eleven or eighteen in a row by chance would
    look like a telephone or identity number (rule I3).

    Raises:
        InvalidDocument: `collected_at` is not an RFC 3339 time with offset.
    """
    _require_time("collected_at", collected_at)
    digits = digests.sha256[:16]
    groups = ".".join(digits[start : start + 4] for start in range(0, 16, 4))
    return f"EV-{collected_at[:10].replace('-', '')}-{groups}"


def to_evidence_record(
    digests: FileDigests,
    *,
    evidence_kind: str,
    media_type: str,
    collected_at: str,
    claimed_time: str,
    number: str = "",
    collector_tool: str = "",
    interest: str = "",
    replaces: str = "",
) -> PreparedRecord:
    """The deposit of one file.

    Args:
        digests: Of the file's bytes.
        evidence_kind: contract, web-page, chat, work, log, document or other.
        media_type: See `media_type_of`.
        collected_at: RFC 3339 with offset: when the data was fixed.
        claimed_time: RFC 3339 with offset: when it is deposited.
        number: Evidence number; made by `evidence_number` when empty.
        collector_tool: Name and version of the tool that collected it.
        interest: The depositor's declared interest in the matter (rule E5); empty means none.
        replaces: Number of the evidence that this one corrects.

    Raises:
        InvalidDocument: A time is not RFC 3339 with offset.
    """
    _require_time("claimed_time", claimed_time)
    object_id = number or evidence_number(digests, collected_at)
    fields = EvidenceDeposit(
        evidence_kind=evidence_kind,
        raw_hash=Hashes(sha256=digests.sha256, sm3=digests.sm3),
        size_bytes=digests.size_bytes,
        media_type=media_type,
        collected_at=collected_at,
        collector_tool=collector_tool,
        interest=interest,
        replaces=replaces,
    )
    return PreparedRecord(
        kind="evidence.deposit",
        object_id=object_id,
        envelope=first_record_envelope(object_id, claimed_time, digests, media_type),
        fields=fields,
    )


def _require_time(field: str, text: str) -> None:
    try:
        parse_time_ms(text)
    except ValueError as error:
        raise InvalidDocument("G1", field, str(error)) from error
