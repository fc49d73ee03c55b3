"""Certificates for tests: an authority and the PEM files of named validators and departments."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

from govchain.crypto import PemPair, create_authority, issue_certificate
from govchain.net import TlsFiles


def make_authority(name: str = "test authority") -> PemPair:
    """Valid since some days, so that certificates that have ended can be issued."""
    return create_authority(name, now=datetime.now(UTC) - timedelta(days=20))


def make_tls_files(
    folder: Path, authority: PemPair, name: str, *, trusts: PemPair | None = None, hosts: Sequence[str] = ()
) -> TlsFiles:
    """Certificate, key and authority of one end; `trusts` puts another authority beside them."""
    folder.mkdir(parents=True, exist_ok=True)
    files = TlsFiles(folder / "tls.crt", folder / "tls.key", folder / "ca.crt")
    write_certificate(files, authority, name, now=datetime.now(UTC), hosts=hosts)
    files.authority.write_bytes((trusts or authority).certificate)
    return files


def write_certificate(
    files: TlsFiles,
    authority: PemPair,
    name: str,
    *,
    now: datetime,
    days: int = 825,
    hosts: Sequence[str] = (),
) -> None:
    """A new certificate and key in the place of the old ones."""
    pair = issue_certificate(authority, name, hosts=["127.0.0.1", *hosts], now=now, days=days)
    files.certificate.write_bytes(pair.certificate)
    files.key.touch(mode=0o600)
    files.key.write_bytes(pair.key)
