"""A bundle of evidence: all that a court needs to judge one piece, in one file, offline (rule E7).

It holds the record with its proof, the receipt of every record that made it what it is, and the timestamp
token where there is one. Sets of validators since the genesis come with each proof, so a bundle outlives
changes of the set. Files and names are never in it. Nothing is fetched here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import msgspec

from govchain.codec import from_readable, to_readable
from govchain.crypto.file_digest import FileDigests, digest_chunks
from govchain.crypto.timestamp import Timestamp, TimestampAuthorities
from govchain.errors import BadProof, InvalidInput, MalformedBytes
from govchain.ledger.access import decode_stored
from govchain.ledger.kinds.evidence.fields import EvidenceData
from govchain.ledger.kinds.evidence.legal_effect import LegalEffectReport, legal_effect_report
from govchain.ledger.state import RecordState, record_key
from govchain.model import Genesis
from govchain.receipt.bundle import (
    NOT_CANONICAL,
    parse_json,
    receipt_from_plain,
    require_format,
    require_small_numbers,
    write_pretty,
    write_receipt,
)
from govchain.receipt.record_proof import RecordProof, verify_record_proof
from govchain.receipt.verify import verify_receipt

EVIDENCE_BUNDLE_FORMAT: Final = "govchain.evidence-bundle/1"
BUNDLE_BYTES_MAX: Final = 64_000_000
"""Sixteen receipts of the largest size; usual ones are far smaller."""


class EvidenceBundle(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One piece of evidence with all its proofs."""

    govchain: str = EVIDENCE_BUNDLE_FORMAT
    evidence_no: str
    record: RecordProof
    """What the chain said of it after one block."""
    receipts: tuple[Any, ...]
    """Receipt of each record about it, in the order of its history."""
    timestamp: bytes = b""
    """RFC 3161 response over the data's SHA-256; empty without one."""


@dataclass(frozen=True, slots=True)
class BundleReport:
    """What a bundle that verifies proves."""

    evidence_no: str
    state: str
    height: int
    """Block after which the record was like this."""
    records: tuple[str, ...]
    """Verdict on each record of its history."""
    timestamp: Timestamp | None
    """What the token says; None without a token, or without authorities to judge it by."""
    is_timestamp_open: bool
    """A token is named and was not judged."""
    is_file_compared: bool
    effect: LegalEffectReport


def write_evidence_bundle(bundle: EvidenceBundle) -> bytes:
    """The file's bytes: UTF-8 JSON, indented by two, one final newline."""
    return write_pretty(to_readable(bundle))


def verify_evidence_bundle(
    data: bytes,
    genesis: Genesis,
    *,
    original: FileDigests | None = None,
    authorities: TimestampAuthorities | None = None,
) -> BundleReport:
    """Check a bundle against a genesis and nothing else (rule E7).

    Args:
        data: The file.
        genesis: What the reader trusts.
        original: Digests of the file that the evidence is about, to compare.
        authorities: Timestamp authorities that the reader trusts.

    Raises:
        BadProof: `step` is one of format, record, history, file, timestamp, or `receipt N` of the Nth record.
        ConfigError: The genesis itself is impossible or of an unknown suite.
    """
    bundle = _read(data)
    record = _judge_record(bundle, genesis)
    evidence = record.data_as(EvidenceData)
    verdicts, chained_at_ms = _judge_history(bundle, record, genesis)
    if original is not None:
        _judge_file(evidence, original)
    stamp = _judge_timestamp(bundle, evidence, authorities)
    return BundleReport(
        evidence_no=bundle.evidence_no,
        state=record.state,
        height=bundle.record.header.height,
        records=verdicts,
        timestamp=stamp,
        is_timestamp_open=bool(evidence.timestamp_hash) and stamp is None,
        is_file_compared=original is not None,
        effect=legal_effect_report(record, chained_at_ms),
    )


def _read(data: bytes) -> EvidenceBundle:
    try:
        plain = parse_json(data, bytes_max=BUNDLE_BYTES_MAX)
        require_format(plain, EVIDENCE_BUNDLE_FORMAT)
        require_small_numbers(plain)
        bundle = from_readable(plain, EvidenceBundle, where="evidence bundle")
        if write_evidence_bundle(bundle) != data:
            raise MalformedBytes(NOT_CANONICAL)
        return bundle
    except InvalidInput as error:
        raise BadProof(str(error), step="format") from error


def _judge_record(bundle: EvidenceBundle, genesis: Genesis) -> RecordState:
    key = record_key("evidence", bundle.evidence_no)
    try:
        verify_record_proof(bundle.record, genesis, key=key)
    except InvalidInput as error:
        raise BadProof(str(error), step="record") from error
    if bundle.record.value is None:
        raise BadProof("the chain had no evidence of this number", step="record")
    return decode_stored(bundle.record.value, RecordState)


def _judge_history(
    bundle: EvidenceBundle, record: RecordState, genesis: Genesis
) -> tuple[tuple[str, ...], int]:
    """Verdicts on the records of the history, all of them and no other, and when the first was chained."""
    if len(bundle.receipts) != len(record.timeline):
        raise BadProof(
            f"{len(bundle.receipts)} receipts; the record has a history of {len(record.timeline)}",
            step="history",
        )
    verdicts, times = [], []
    for number, (plain, entry) in enumerate(zip(bundle.receipts, record.timeline, strict=True), 1):
        step = f"receipt {number}"
        try:
            receipt = receipt_from_plain(plain)
            report = verify_receipt(write_receipt(receipt), genesis)
        except InvalidInput as error:
            raise BadProof(str(error), step=step) from error
        if (report.transaction_id, report.applied) != (entry.transaction_id, True):
            raise BadProof(f"it is not about record {number} of the history", step=step)
        verdicts.append(report.verdict.en)
        times.append(receipt.header.time_ms)
    return tuple(verdicts), times[0]


def _judge_file(evidence: EvidenceData, original: FileDigests) -> None:
    found = (original.sha256, original.sm3, original.size_bytes)
    if found != (evidence.sha256, evidence.sm3, evidence.size_bytes):
        raise BadProof("the file is not the one whose hashes are on the chain", step="file")


def _judge_timestamp(
    bundle: EvidenceBundle,
    evidence: EvidenceData,
    authorities: TimestampAuthorities | None,
) -> Timestamp | None:
    """The token is the one that the record names, and says the time that the record says (rule E3)."""
    if not bundle.timestamp:
        return None
    if digest_chunks([bundle.timestamp]).sha256 != evidence.timestamp_hash:
        raise BadProof("the token is not the one that the record names", step="timestamp")
    if authorities is None:
        return None
    try:
        stamp = authorities.verify(bundle.timestamp, bytes.fromhex(evidence.sha256))
    except InvalidInput as error:
        raise BadProof(str(error), step="timestamp") from error
    if stamp.time_ms != evidence.timestamp_ms:
        raise BadProof("the token says another time than the record", step="timestamp")
    return stamp
