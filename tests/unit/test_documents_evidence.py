"""Evidence from files: numbers, media types, and the deposit that the ledger applies."""

from __future__ import annotations

import hashlib

import pytest

from govchain.crypto.file_digest import digest_chunks
from govchain.documents import evidence_number, media_type_of, to_evidence_record
from govchain.errors import InvalidDocument
from govchain.ledger.rules.personal import holds_identifier
from tests.support.receipts import LedgerChain

FILE = b"a page, as it was seen"
TIMES = {"collected_at": "2026-11-02T08:59:00+08:00", "claimed_time": "2026-11-02T09:00:00+08:00"}


def test_deposit_holds_hashes_and_codes_only() -> None:
    digests = digest_chunks([FILE])
    record = to_evidence_record(digests, evidence_kind="web-page", media_type="text/html", **TIMES)
    assert record.kind == "evidence.deposit"
    assert record.fields.raw_hash.sha256 == hashlib.sha256(FILE).hexdigest()
    assert record.fields.size_bytes == len(FILE)
    assert record.envelope["payload_ref"] == {"size_bytes": len(FILE), "media_type": "text/html"}
    result = LedgerChain("depositor").execute((record.kind, record.payload()))[0]
    assert result.applied, result
    assert result.object_id == f"evidence/{record.object_id}"


def test_E1_the_same_file_of_the_same_day_has_the_same_number() -> None:
    digests = digest_chunks([FILE])
    number = evidence_number(digests, TIMES["collected_at"])
    sha256 = digests.sha256
    assert number == f"EV-20261102-{sha256[:4]}.{sha256[4:8]}.{sha256[8:12]}.{sha256[12:16]}"
    assert number == evidence_number(digest_chunks([FILE[:3], FILE[3:]]), TIMES["collected_at"])
    assert number != evidence_number(digests, "2026-11-03T00:00:00+08:00")
    assert number != evidence_number(digest_chunks([FILE, b"."]), TIMES["collected_at"])


def test_I3_no_evidence_number_looks_like_a_telephone_or_identity_number() -> None:
    for seed in range(3_000):
        digests = digest_chunks([seed.to_bytes(4, "big")])
        assert not holds_identifier(evidence_number(digests, TIMES["collected_at"]))
    worst = digest_chunks([FILE]).__class__(sha256="1381234567813812" + "0" * 48, sm3="0" * 64, size_bytes=1)
    assert not holds_identifier(evidence_number(worst, TIMES["collected_at"]))


@pytest.mark.parametrize("text", ["", "2026-11-02", "2026-11-02T09:00:00", "02.11.2026"])
def test_times_must_have_an_offset(text: str) -> None:
    for field in TIMES:
        with pytest.raises(InvalidDocument) as caught:
            to_evidence_record(
                digest_chunks([FILE]),
                evidence_kind="log",
                media_type="text/plain",
                **{**TIMES, field: text},
            )
        assert caught.value.field == field


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("contract.PDF", "application/pdf"),
        ("电子发票.ofd", "application/ofd"),
        ("archive.tar.gz", "application/gzip"),
        ("no-extension", "application/octet-stream"),
        (".pdf", "application/octet-stream"),
        ("/home/me/.pdf", "application/octet-stream"),
        ("/home/m.e/pdf", "application/octet-stream"),
        ("C:\\files\\scan.JPEG", "image/jpeg"),
        ("strange.xyz", "application/octet-stream"),
    ],
)
def test_media_type_is_told_by_the_extension(name: str, expected: str) -> None:
    assert media_type_of(name) == expected
