"""Timestamp tokens (RFC 3161): a third party signed that a hash existed at a time.

A token is judged at its own time: an authority's certificate may have ended since, not before. Whether that
time fits the record is rule E3's business. No clock, no network: whoever wants a token fetches it elsewhere.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.x509.oid import ExtendedKeyUsageOID
from rfc3161_client import (
    PKIStatus,
    TimeStampResponse,
    VerifierBuilder,
    decode_timestamp_response,
)

from govchain.errors import BadTimestamp, ConfigError

TOKEN_BYTES_MAX: Final = 64 * 1024
CERTIFICATES_MAX: Final = 8

REASONS: Final[Mapping[str, tuple[str, str]]] = {
    "malformed": ("It is no timestamp response.", "不是时间戳响应。"),
    "too-large": ("It is over a limit of size or number.", "大小或数量超出上限。"),
    "not-granted": ("The authority refused.", "时间戳机构未予签发。"),
    "wrong-hash": ("It is about other data, or another kind of hash.", "所指数据不符，或哈希算法不符。"),
    "wrong-nonce": ("It answers another request.", "所应答的请求不符。"),
    "wrong-certificate": (
        "The signer's certificate is missing, or not one for timestamps.",
        "缺少签名证书，或证书不能用于时间戳。",
    ),
    "expired-certificate": (
        "The signer's certificate was not valid at the time of the token.",
        "签发时刻签名证书不在有效期内。",
    ),
    "unknown-authority": (
        "It does not lead to an authority that is trusted here.",
        "签发机构不在信任范围内。",
    ),
    "bad-signature": ("The signature does not match.", "签名不符。"),
}
"""Reason to its sentence in English and Chinese."""

_SHA256: Final = "2.16.840.1.101.3.4.2.1"
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND: Final = timedelta(milliseconds=1)


@dataclass(frozen=True, slots=True)
class Timestamp:
    """What a verified token says."""

    time_ms: int
    """The authority's time, Unix milliseconds."""
    serial: int
    policy: str
    signer: str
    """Subject of the certificate that signed."""


class TimestampAuthorities:
    """The authorities that are trusted here, by configuration.

    Args:
        roots_pem: One or more root certificates.

    Raises:
        ConfigError: No certificate in it.
    """

    def __init__(self, roots_pem: bytes) -> None:
        try:
            self._roots = x509.load_pem_x509_certificates(roots_pem)
        except ValueError as error:
            raise ConfigError(
                "the roots of timestamp authorities cannot be read", expected="PEM certificates"
            ) from error

    def verify(self, response: bytes, sha256: bytes, *, nonce: int | None = None) -> Timestamp:
        """Check a timestamp response (DER) over the SHA-256 of some data.

        Args:
            nonce: What the request held, where the request is known.

        Raises:
            BadTimestamp: With one of the `REASONS`.
        """
        if len(response) > TOKEN_BYTES_MAX:
            raise BadTimestamp("too-large", f"{len(response)} bytes; at most {TOKEN_BYTES_MAX}")
        token = _read(response)
        _require_statement(token, sha256, nonce)
        signer = _signer_of(token)
        self._require_path(signer, token.certificates, token.time)
        try:
            VerifierBuilder(roots=list(self._roots)).build().verify(token.answer, sha256)
        except Exception as error:
            # Whatever it stumbles over, it did not say yes.
            raise BadTimestamp("bad-signature", "the authority's signature does not match") from error
        return Timestamp(
            time_ms=(token.time - _EPOCH) // _MILLISECOND,
            serial=token.serial,
            policy=token.policy,
            signer=signer.subject.rfc4514_string(),
        )

    def _require_path(
        self, signer: x509.Certificate, others: Sequence[x509.Certificate], time: datetime
    ) -> None:
        """Only to name the reason: the library judges the path again, with its constraints."""
        current = signer
        for _ in range(CERTIFICATES_MAX):
            if not current.not_valid_before_utc <= time <= current.not_valid_after_utc:
                raise BadTimestamp(
                    "expired-certificate", f"a certificate was not valid at {time.isoformat()}"
                )
            if any(current == root or _is_issued_by(current, root) for root in self._roots):
                return
            issuers = [other for other in others if other != current and _is_issued_by(current, other)]
            if not issuers:
                break
            current = issuers[0]
        raise BadTimestamp(
            "unknown-authority", "the signer's certificate leads to no root that is trusted here"
        )


@dataclass(frozen=True, slots=True)
class _Token:
    """Everything that is looked at, read once; nothing of it is believed yet."""

    answer: TimeStampResponse
    hash_oid: str
    digest: bytes
    nonce: int | None
    time: datetime
    serial: int
    policy: str
    signers: tuple[tuple[x509.Name, int], ...]
    """Issuer and serial number of each signer's certificate."""
    certificates: tuple[x509.Certificate, ...]


def _read(response: bytes) -> _Token:
    try:
        answer = decode_timestamp_response(response)
        status = answer.status
        token = _read_token(answer) if status == PKIStatus.GRANTED else None
    except Exception as error:
        # The library reads only what it is asked for, and raises whatever its parts raise.
        raise BadTimestamp("malformed", "not a timestamp response in DER") from error
    if token is None:
        raise BadTimestamp("not-granted", f"status {status}; expected 0 (granted)")
    if len(token.certificates) > CERTIFICATES_MAX:
        raise BadTimestamp("too-large", f"{len(token.certificates)} certificates; at most {CERTIFICATES_MAX}")
    return token


def _read_token(answer: TimeStampResponse) -> _Token:
    info, signed = answer.tst_info, answer.signed_data
    certificates = tuple(x509.load_der_x509_certificate(data) for data in sorted(signed.certificates))
    for certificate in certificates:
        _read_late_parts(certificate)
    return _Token(
        answer=answer,
        hash_oid=info.message_imprint.hash_algorithm.dotted_string,
        digest=info.message_imprint.message,
        nonce=info.nonce,
        time=info.gen_time.replace(tzinfo=UTC),
        serial=info.serial_number,
        policy=info.policy.dotted_string,
        signers=tuple((signer.issuer, signer.serial_number) for signer in signed.signer_infos),
        certificates=certificates,
    )


def _read_late_parts(certificate: x509.Certificate) -> None:
    """Raises whatever a part raises: they are decoded when somebody asks for them, which must be here."""
    parts = (
        *(certificate.subject, certificate.issuer, certificate.extensions),
        *(certificate.not_valid_before_utc, certificate.not_valid_after_utc, certificate.public_key()),
    )
    if None in parts or certificate.serial_number <= 0:
        raise ValueError("a certificate without a positive serial number")


def _require_statement(token: _Token, sha256: bytes, nonce: int | None) -> None:
    if (token.hash_oid, token.digest) != (_SHA256, sha256):
        raise BadTimestamp("wrong-hash", f"expected SHA-256 {sha256.hex()}")
    if nonce is not None and token.nonce != nonce:
        raise BadTimestamp("wrong-nonce", "the token answers another request")


def _signer_of(token: _Token) -> x509.Certificate:
    if len(token.signers) != 1:
        raise BadTimestamp("malformed", f"{len(token.signers)} signers; expected one")
    for certificate in token.certificates:
        if (certificate.issuer, certificate.serial_number) == token.signers[0]:
            _require_timestamp_use(certificate)
            return certificate
    raise BadTimestamp("wrong-certificate", "the signer's certificate is not in the token")


def _require_timestamp_use(certificate: x509.Certificate) -> None:
    """The certificate is for timestamps and nothing else (RFC 3161 section 2.3)."""
    try:
        use = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage)
    except x509.ExtensionNotFound:
        use = None
    if use is None or not use.critical or list(use.value) != [ExtendedKeyUsageOID.TIME_STAMPING]:
        raise BadTimestamp("wrong-certificate", "the signer's certificate is not one for timestamps alone")


def _is_issued_by(certificate: x509.Certificate, issuer: x509.Certificate) -> bool:
    try:
        certificate.verify_directly_issued_by(issuer)
    except (ValueError, TypeError, InvalidSignature, UnsupportedAlgorithm):
        return False
    return True
