"""The certificate authority of a network: certificates with which validators and gateways know each other.

PEM bytes in and out; files and TLS contexts are the work of others. Keys are ECDSA P-256, because every TLS
stack and browser takes them; they have nothing to do with the keys that sign votes and records.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from govchain.errors import ConfigError

CLOCK_SKEW: Final = timedelta(hours=1)
"""Certificates begin that much earlier, for machines whose clock is behind."""


class PemPair(NamedTuple):
    """A certificate and its private key, both PEM."""

    certificate: bytes
    key: bytes

    def __repr__(self) -> str:
        return f"PemPair(certificate={len(self.certificate)} bytes, key=hidden)"


def create_authority(name: str, *, now: datetime, days: int = 3650) -> PemPair:
    """A self-signed authority that may issue end certificates and nothing below them."""
    assert days >= 1
    key = ec.generate_private_key(ec.SECP256R1())
    subject = _distinguished_name(name)
    certificate = (
        _builder(subject, subject, key.public_key(), now, days)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_key_usage(is_authority=True), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )
    return _pair(certificate, key)


def issue_certificate(
    authority: PemPair, name: str, *, hosts: Sequence[str], now: datetime, days: int = 825
) -> PemPair:
    """A certificate for both ends of TLS; its alternative names are `name`, then the hosts and IP addresses.

    Raises:
        ConfigError: The authority's PEM is unreadable, no authority's or has ended; or a host is no DNS name.
    """
    assert days >= 1
    issuer, issuer_key = _load_authority(authority)
    if not issuer.not_valid_before_utc <= now < issuer.not_valid_after_utc:
        raise ConfigError(
            "the authority's certificate is not valid now",
            found=f"{issuer.not_valid_before_utc:%Y-%m-%d} to {issuer.not_valid_after_utc:%Y-%m-%d}",
        )
    days_left = max(1, (issuer.not_valid_after_utc - now).days)
    key = ec.generate_private_key(ec.SECP256R1())
    names = list(dict.fromkeys([name, *hosts]))
    issuer_identifier = issuer.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
    certificate = (
        _builder(_distinguished_name(name), issuer.subject, key.public_key(), now, min(days, days_left))
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_key_usage(is_authority=False), critical=True)
        .add_extension(
            x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH]),
            critical=False,
        )
        .add_extension(x509.SubjectAlternativeName([_general_name(host) for host in names]), critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(issuer_identifier), critical=False
        )
        .sign(issuer_key, hashes.SHA256())
    )
    return _pair(certificate, key)


class CertificateFacts(NamedTuple):
    """What a certificate says of itself, and whether an authority issued it."""

    names: tuple[str, ...]
    not_before: datetime
    not_after: datetime
    is_issued: bool


def describe_certificate(certificate: bytes, authority: bytes) -> CertificateFacts:
    """Facts of a PEM certificate, judged by the PEM certificates of authorities.

    Raises:
        ConfigError: One of them is no PEM certificate.
    """
    try:
        found = x509.load_pem_x509_certificate(certificate)
        issuers = x509.load_pem_x509_certificates(authority)
        alternatives = found.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        names = tuple(alternatives.get_values_for_type(x509.DNSName))
    except x509.ExtensionNotFound:
        names = ()
    except ValueError as error:
        raise ConfigError(f"not a PEM certificate: {error}") from error
    is_issued = any(_is_issued_by(found, issuer) for issuer in issuers)
    return CertificateFacts(names, found.not_valid_before_utc, found.not_valid_after_utc, is_issued)


def _is_issued_by(certificate: x509.Certificate, issuer: x509.Certificate) -> bool:
    try:
        certificate.verify_directly_issued_by(issuer)
    except (ValueError, TypeError, InvalidSignature):
        return False
    return True


def _builder(
    subject: x509.Name, issuer: x509.Name, public_key: ec.EllipticCurvePublicKey, now: datetime, days: int
) -> x509.CertificateBuilder:
    assert now.tzinfo is not None, "certificates need a time with a zone"
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(public_key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - CLOCK_SKEW)
        .not_valid_after(now + timedelta(days=days))
    )


def _distinguished_name(name: str) -> x509.Name:
    try:
        return x509.Name(
            [
                x509.NameAttribute(NameOID.ORGANIZATION_NAME, "govchain"),
                x509.NameAttribute(NameOID.COMMON_NAME, name),
            ]
        )
    except ValueError as error:
        raise ConfigError(
            "a certificate cannot carry this name", found=name, expected="1 to 64 characters"
        ) from error


def _key_usage(*, is_authority: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not is_authority,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=is_authority,
        crl_sign=is_authority,
        encipher_only=False,
        decipher_only=False,
    )


def _general_name(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        pass
    try:
        return x509.DNSName(host)
    except ValueError as error:
        raise ConfigError(
            "not a DNS name", found=host, expected="ASCII letters, digits, dots, hyphens"
        ) from error


def _load_authority(authority: PemPair) -> tuple[x509.Certificate, ec.EllipticCurvePrivateKey]:
    try:
        certificate = x509.load_pem_x509_certificate(authority.certificate)
        key = serialization.load_pem_private_key(authority.key, password=None)
        constraints = certificate.extensions.get_extension_for_class(x509.BasicConstraints).value
    except (ValueError, TypeError, x509.ExtensionNotFound):
        raise ConfigError("the authority's certificate or key is not readable PEM of an authority") from None
    if not constraints.ca:
        raise ConfigError("the certificate is not an authority's")
    if not isinstance(key, ec.EllipticCurvePrivateKey) or key.public_key() != certificate.public_key():
        raise ConfigError("the authority's key does not belong to its certificate")
    return certificate, key


def _pair(certificate: x509.Certificate, key: ec.EllipticCurvePrivateKey) -> PemPair:
    return PemPair(
        certificate=certificate.public_bytes(serialization.Encoding.PEM),
        key=key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        ),
    )
