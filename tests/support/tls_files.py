"""Certificates for tests: an authority and the PEM files of named validators."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from govchain.crypto import PemPair, create_authority, issue_certificate
from govchain.net import TlsFiles


def make_authority(name: str = "test authority") -> PemPair:
    return create_authority(name, now=datetime.now(UTC))


def make_tls_files(folder: Path, authority: PemPair, name: str, *, trusts: PemPair | None = None) -> TlsFiles:
    """Certificate, key and authority of one validator; `trusts` puts another authority beside them."""
    folder.mkdir(parents=True, exist_ok=True)
    pair = issue_certificate(authority, name, hosts=["127.0.0.1"], now=datetime.now(UTC))
    files = TlsFiles(folder / "tls.crt", folder / "tls.key", folder / "ca.crt")
    files.certificate.write_bytes(pair.certificate)
    files.key.touch(mode=0o600)
    files.key.write_bytes(pair.key)
    files.authority.write_bytes((trusts or authority).certificate)
    return files
