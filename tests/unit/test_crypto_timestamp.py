"""Timestamp tokens of a local authority: what is believed, and the name of each reason why not."""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from cryptography.x509.oid import ExtendedKeyUsageOID
from hypothesis import given
from hypothesis import strategies as st

from govchain.crypto.timestamp import REASONS, TOKEN_BYTES_MAX, TimestampAuthorities
from govchain.errors import BadTimestamp, ConfigError
from tests.architecture.sources import ROOT
from tests.support.timestamp_authority import ISSUED, POLICY, UNTIL, make_authority

DIGEST = hashlib.sha256(b"evidence").digest()
TSA = make_authority()
OTHER = make_authority("Other TSA")
TOKEN = TSA.stamp(DIGEST, nonce=5)
REJECTION = bytes.fromhex("30053003020102")
"""A response that is nothing but status 2, rejection."""
TRUSTED = TimestampAuthorities(TSA.root_pem)


def refused(response: bytes, digest: bytes = DIGEST, nonce: int | None = None) -> str:
    with pytest.raises(BadTimestamp) as caught:
        TRUSTED.verify(response, digest, nonce=nonce)
    assert caught.value.reason in REASONS
    return caught.value.reason


def test_token_of_a_trusted_authority_tells_its_time() -> None:
    found = TRUSTED.verify(TOKEN, DIGEST, nonce=5)
    assert found.time_ms == ISSUED.timestamp() * 1000
    assert (found.serial, found.policy, found.signer) == (77, POLICY, "CN=Test TSA")
    assert TRUSTED.verify(TOKEN, DIGEST) == found, "whoever did not ask has no nonce to compare"


def test_one_of_several_roots_is_enough() -> None:
    both = TimestampAuthorities(OTHER.root_pem + TSA.root_pem)
    assert both.verify(TOKEN, DIGEST)
    assert both.verify(OTHER.stamp(DIGEST), DIGEST)


def test_path_may_lead_through_a_certificate_in_the_token() -> None:
    longer = make_authority(has_between=True)
    assert TimestampAuthorities(longer.root_pem).verify(longer.stamp(DIGEST), DIGEST)
    cut = dataclasses.replace(longer, between=())
    assert refused(cut.stamp(DIGEST)) == "unknown-authority"


def test_certificate_must_be_valid_when_it_signs_not_when_somebody_looks() -> None:
    ended = make_authority(until=datetime(2026, 11, 1, tzinfo=UTC))
    assert TimestampAuthorities(ended.root_pem).verify(
        ended.stamp(DIGEST, at=ISSUED - timedelta(days=2)), DIGEST
    )
    assert refused(ended.stamp(DIGEST)) == "expired-certificate"
    assert refused(TSA.stamp(DIGEST, at=UNTIL + timedelta(days=1))) == "expired-certificate"


WRONG: list[tuple[str, Callable[[], str]]] = [
    ("wrong-hash", lambda: refused(TOKEN, hashlib.sha256(b"other").digest())),
    ("wrong-hash", lambda: refused(TSA.stamp(hashlib.sha512(b"evidence").digest(), algorithm="sha512"))),
    ("wrong-nonce", lambda: refused(TOKEN, nonce=6)),
    ("wrong-nonce", lambda: refused(TSA.stamp(DIGEST), nonce=6)),
    ("unknown-authority", lambda: refused(OTHER.stamp(DIGEST))),
    ("wrong-certificate", lambda: refused(TSA.stamp(DIGEST, with_certificate=False))),
    (
        "wrong-certificate",
        lambda: refused(make_authority(usage=ExtendedKeyUsageOID.SERVER_AUTH).stamp(DIGEST)),
    ),
    ("not-granted", lambda: refused(REJECTION)),
    ("not-granted", lambda: refused(TSA.stamp(DIGEST, status="granted_with_mods"))),
    ("malformed", lambda: refused(b"")),
    ("malformed", lambda: refused(b"garbage")),
    ("malformed", lambda: refused(TOKEN[:-1])),
    ("malformed", lambda: refused(TOKEN + b"\x00")),
    ("too-large", lambda: refused(bytes(TOKEN_BYTES_MAX + 1))),
]


@pytest.mark.parametrize(("reason", "call"), WRONG, ids=[f"{i}-{row[0]}" for i, row in enumerate(WRONG)])
def test_token_is_refused_with_its_reason(reason: str, call: Callable[[], str]) -> None:
    assert call() == reason


def test_changed_signature_is_refused() -> None:
    assert refused(TOKEN[:-1] + bytes([TOKEN[-1] ^ 1])) == "bad-signature"


def test_time_cannot_be_changed() -> None:
    written = ISSUED.strftime("%Y%m%d%H%M%SZ").encode()
    assert TOKEN.count(written) == 1
    assert refused(TOKEN.replace(written, b"20260102010000Z")) == "bad-signature"


def test_changed_byte_is_refused_or_says_nothing_else() -> None:
    said = TRUSTED.verify(TOKEN, DIGEST, nonce=5)
    reasons = set()
    unsigned = 0
    for position, byte in enumerate(TOKEN):
        for change in (1, 0x80, 0x88):
            changed = TOKEN[:position] + bytes([byte ^ change]) + TOKEN[position + 1 :]
            try:
                assert TRUSTED.verify(changed, DIGEST, nonce=5) == said
                unsigned += 1
            except BadTimestamp as error:
                reasons.add(error.reason)
    assert reasons <= set(REASONS)
    assert unsigned < len(TOKEN) // 10, "versions and names of algorithms; no more than those"


@given(st.binary(max_size=200))
def test_foreign_bytes_are_malformed(data: bytes) -> None:
    assert refused(data) == "malformed"


def test_roots_that_cannot_be_read_are_told() -> None:
    for data in (b"", b"no PEM"):
        with pytest.raises(ConfigError, match="roots"):
            TimestampAuthorities(data)


@pytest.mark.parametrize(("page", "language"), [("timestamp.md", 0), ("timestamp.zh.md", 1)])
def test_every_reason_is_documented(page: str, language: int) -> None:
    text = (ROOT / "docs" / "reference" / page).read_text(encoding="utf-8")
    rows = [f"| `{reason}` | {sentences[language]} |" for reason, sentences in REASONS.items()]
    assert text.endswith("\n".join(rows) + "\n"), "the table differs from govchain/crypto/timestamp.py"
