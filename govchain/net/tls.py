"""Who is at the other end: TLS 1.3 in both directions, and the validator's name in the certificate.

Contexts and names only. Whether a validator may say what it says is judged by signatures, elsewhere.
"""

from __future__ import annotations

import os
import ssl
import stat
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from govchain.crypto.authority import describe_certificate
from govchain.errors import ConfigError, ProtocolViolation


@dataclass(frozen=True, slots=True)
class TlsFiles:
    """PEM files of one validator. The key must be readable by its owner alone."""

    certificate: Path
    key: Path
    authority: Path


class TlsContexts:
    """The two contexts of one validator; `reload` takes renewed files for connections made afterwards.

    Attributes:
        expires_at: End of the own certificate; from then on others refuse new connections.

    Raises:
        ConfigError: A file is missing, malformed, or the key is readable by others or of another certificate.
    """

    def __init__(self, files: TlsFiles) -> None:
        self._files = files
        self.server = _context(files, ssl.PROTOCOL_TLS_SERVER)
        self.client = _context(files, ssl.PROTOCOL_TLS_CLIENT)
        self.expires_at = _expiry(files)

    @property
    def paths(self) -> tuple[Path, ...]:
        """The files that `reload` reads."""
        return self._files.certificate, self._files.key, self._files.authority

    def reload(self) -> None:
        """Read the files again (a renewed certificate); on error the old ones stay in use."""
        server = _context(self._files, ssl.PROTOCOL_TLS_SERVER)
        client = _context(self._files, ssl.PROTOCOL_TLS_CLIENT)
        self.expires_at = _expiry(self._files)
        self.server, self.client = server, client


def peer_name(certificate: Mapping[str, Any] | None, validators: Iterable[str], own: str) -> str:
    """The one validator that a verified certificate names, as `ssl` decodes certificates.

    Raises:
        ProtocolViolation: It names none, several, or ourselves.
    """
    alternatives = (certificate or {}).get("subjectAltName", ())
    names = [value for kind, value in alternatives if kind == "DNS"]
    known = [name for name in validators if name in names]
    shown = ", ".join(names[:4])[:120] or "nobody"
    if len(known) != 1:
        raise ProtocolViolation(
            shown, "NET-1", "the certificate does not name exactly one validator", code="unknown-peer"
        )
    if known[0] == own:
        raise ProtocolViolation(
            shown, "NET-1", "the certificate names this validator itself", code="own-name"
        )
    return known[0]


def _context(files: TlsFiles, protocol: int) -> ssl.SSLContext:
    context = ssl.SSLContext(protocol)
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    # Identity is the validator's name, not the address at which it was dialled; see `peer_name`.
    context.check_hostname = False
    context.verify_mode = ssl.CERT_REQUIRED
    _require_private(files.key)
    try:
        context.load_cert_chain(files.certificate, files.key)
    except FileNotFoundError as error:
        raise ConfigError("no such file", path=str(files.certificate)) from error
    except (ssl.SSLError, OSError) as error:
        raise ConfigError(
            f"certificate and key cannot be used: {error}",
            path=str(files.certificate),
            expected=f"PEM, and the key that belongs to it in {files.key}",
        ) from error
    try:
        context.load_verify_locations(files.authority)
    except FileNotFoundError as error:
        raise ConfigError("no such file", path=str(files.authority)) from error
    except (ssl.SSLError, OSError) as error:
        raise ConfigError(f"not PEM certificates: {error}", path=str(files.authority)) from error
    return context


def _expiry(files: TlsFiles) -> datetime:
    try:
        return describe_certificate(files.certificate.read_bytes(), files.authority.read_bytes()).not_after
    except OSError as error:
        raise ConfigError(f"cannot read a certificate: {error.strerror}", path=str(error.filename)) from error


def _require_private(key: Path) -> None:
    try:
        mode = stat.S_IMODE(os.stat(key).st_mode)
    except OSError as error:
        raise ConfigError(f"cannot read the TLS key: {error.strerror}", path=str(key)) from error
    if mode & 0o077:
        raise ConfigError(
            "others can read the TLS key",
            path=str(key),
            found=f"mode {mode:04o}",
            expected="mode 0600",
            hint=f"chmod 600 {key}",
        )
