"""Certificates under the authority of a network folder, for validators and gateways that come later.

Only files; who may be trusted with what is decided by whoever reads the certificates.
"""

from __future__ import annotations

import os
from datetime import datetime
from pathlib import Path
from typing import Final

from govchain.crypto.authority import PemPair, issue_certificate
from govchain.errors import ConfigError

AUTHORITY_NAME: Final = "ca"
LOOPBACK: Final = "127.0.0.1"


def read_authority(directory: Path) -> PemPair:
    """The authority of a network folder.

    Raises:
        ConfigError: Its files are not there, because the folder was handed on without them.
    """
    folder = directory / AUTHORITY_NAME
    try:
        return PemPair((folder / "ca.crt").read_bytes(), (folder / "ca.key").read_bytes())
    except OSError as error:
        raise ConfigError(
            f"cannot read the authority that issues certificates: {error.strerror}",
            path=str(error.filename),
            hint="run this where the network folder was made, or put its ca/ back",
        ) from error


def hosts_of(host: str) -> list[str]:
    """Names that a certificate of a listener at this host carries."""
    return [host, "localhost"] if host == LOOPBACK else [host]


def write_certificate(directory: Path, folder: Path, name: str, host: str, now: datetime) -> None:
    """A new certificate and key in a folder, in the place of those that are there.

    Raises:
        ConfigError: The authority is not there or has ended.
    """
    pair = issue_certificate(read_authority(directory), name, hosts=hosts_of(host), now=now)
    _write_private(folder / "tls.key", pair.key)
    (folder / "tls.crt").write_bytes(pair.certificate)


def _write_private(path: Path, data: bytes) -> None:
    beside = path.with_suffix(path.suffix + ".new")
    descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)
    beside.replace(path)
