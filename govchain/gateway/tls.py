"""Who is at the other end of a gateway's lines: another department by its certificate, a person by none.

A department's certificate names its organisation (USCC). Contexts and names only: whether a department may
ask what it asks is proven from the chain, elsewhere.
"""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from govchain.crypto.authority import describe_certificate
from govchain.errors import ConfigError
from govchain.ledger.identifiers import is_credit_code
from govchain.net import TlsContexts, TlsFiles


class GatewayTls:
    """The contexts of one gateway.

    Args:
        org: The department (USCC); its certificate has to name it, and no other organisation.

    Attributes:
        departments: For lines from other departments; both sides show a certificate.
        people: For lines from the department's own systems and from people, who have no certificate.
        client: For lines to other departments; the name to expect is the organisation's.
        expires_at: End of the own certificate; from then on others refuse new lines.

    Raises:
        ConfigError: A file is missing, malformed, readable by others, or the certificate is another's.
    """

    def __init__(self, files: TlsFiles, org: str) -> None:
        self._files = files
        self._org = org
        contexts, unasking = TlsContexts(files), TlsContexts(files)
        self.departments: ssl.SSLContext = contexts.server
        self.client: ssl.SSLContext = contexts.client
        self.client.check_hostname = True
        self.people: ssl.SSLContext = unasking.server
        self.people.verify_mode = ssl.CERT_NONE
        self.expires_at: datetime = contexts.expires_at
        _require_named(files.certificate, files.authority, org)

    @property
    def paths(self) -> tuple[Path, ...]:
        """The files that `reload` reads."""
        return self._files.certificate, self._files.key, self._files.authority

    def reload(self) -> None:
        """Read the files again for lines made afterwards; on error the old ones stay in use.

        An authority that is no longer in its file is trusted until the process ends.
        """
        judged = GatewayTls(self._files, self._org)
        for context in (self.departments, self.people, self.client):
            # In place: servers and sessions hold these very contexts.
            try:
                context.load_cert_chain(self._files.certificate, self._files.key)
                context.load_verify_locations(self._files.authority)
            except OSError as error:
                # Errors of TLS are of this kind too.
                raise ConfigError(
                    "the certificate files changed while they were read", path=str(self._files.certificate)
                ) from error
        self.expires_at = judged.expires_at


def organisation_of(certificate: Mapping[str, Any] | None) -> str:
    """The one organisation that a verified certificate names, as `ssl` decodes certificates; else empty."""
    alternatives = (certificate or {}).get("subjectAltName", ())
    return _only_organisation(value for kind, value in alternatives if kind == "DNS")


def _only_organisation(names: Any) -> str:
    found = [name for name in names if is_credit_code(name)]
    return found[0] if len(found) == 1 else ""


def _require_named(certificate: Path, authority: Path, org: str) -> None:
    try:
        facts = describe_certificate(certificate.read_bytes(), authority.read_bytes())
    except OSError as error:
        raise ConfigError(f"cannot read a certificate: {error.strerror}", path=str(error.filename)) from error
    if _only_organisation(facts.names) != org:
        raise ConfigError(
            "the certificate does not name this department alone",
            path=str(certificate),
            found=", ".join(facts.names) or "no name",
            expected=f"the alternative name DNS:{org}, and no other organisation's",
            hint="have the authority issue one for it, or let `govchain gateway init` make it",
        )
