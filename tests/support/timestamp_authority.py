"""A timestamp authority for tests: keys, certificates, and RFC 3161 responses, right or wrong as asked.

Built with `cryptography` and `asn1crypto`, independent of the package that verifies.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from asn1crypto import cms, tsp
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

POLICY = "1.3.6.1.4.1.99999.1"
ISSUED = datetime(2026, 11, 2, 1, 0, tzinfo=UTC)
FROM = datetime(2026, 1, 1, tzinfo=UTC)
UNTIL = datetime(2027, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Authority:
    """A root, perhaps one between, and a certificate that signs timestamps."""

    root: x509.Certificate
    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey
    between: tuple[x509.Certificate, ...] = ()

    @property
    def root_pem(self) -> bytes:
        return self.root.public_bytes(Encoding.PEM)

    def stamp(self, digest: bytes, *, nonce: int | None = None, at: datetime = ISSUED, **more: Any) -> bytes:
        """A response in DER.

        Args:
            more: `status`, `algorithm`, `with_certificate`, to make it wrong.
        """
        info = tsp.TSTInfo(
            {
                "version": "v1",
                "policy": POLICY,
                "message_imprint": {
                    "hash_algorithm": {"algorithm": more.get("algorithm", "sha256")},
                    "hashed_message": digest,
                },
                "serial_number": 77,
                "gen_time": at,
                **({} if nonce is None else {"nonce": nonce}),
            }
        )
        token = self._token(info.dump(), more.get("with_certificate", True))
        status = {"status": more.get("status", "granted")}
        return bytes(tsp.TimeStampResp({"status": status, "time_stamp_token": token}).dump())

    def _token(self, info: bytes, with_certificate: bool) -> cms.ContentInfo:
        encoded = self.certificate.public_bytes(Encoding.DER)
        own = asn1_x509.Certificate.load(encoded)
        others = [asn1_x509.Certificate.load(c.public_bytes(Encoding.DER)) for c in self.between]
        attributes = cms.CMSAttributes(
            [
                {"type": "content_type", "values": ["tst_info"]},
                {"type": "message_digest", "values": [hashlib.sha256(info).digest()]},
                {
                    "type": "signing_certificate_v2",
                    "values": [{"certs": [{"cert_hash": hashlib.sha256(encoded).digest()}]}],
                },
            ]
        )
        signer = {
            "version": "v1",
            "sid": {"issuer_and_serial_number": {"issuer": own.issuer, "serial_number": own.serial_number}},
            "digest_algorithm": {"algorithm": "sha256"},
            "signed_attrs": attributes,
            "signature_algorithm": {"algorithm": "sha256_ecdsa"},
            "signature": self.key.sign(attributes.dump(), ec.ECDSA(SHA256(), deterministic_signing=True)),
        }
        signed = {
            "version": "v3",
            "digest_algorithms": [{"algorithm": "sha256"}],
            "encap_content_info": {"content_type": "tst_info", "content": cms.ParsableOctetString(info)},
            "signer_infos": [signer],
            **({"certificates": [own, *others]} if with_certificate else {}),
        }
        return cms.ContentInfo({"content_type": "signed_data", "content": cms.SignedData(signed)})


def make_authority(
    name: str = "Test TSA",
    *,
    until: datetime = UNTIL,
    usage: Any = ExtendedKeyUsageOID.TIME_STAMPING,
    has_between: bool = False,
) -> Authority:
    """A root and its signer; keys from the name, so that runs repeat."""
    root_key, key = _key(f"{name} root"), _key(f"{name} signer")
    root_name = _name(f"{name} root")
    root = _authority(root_name, root_name, root_key, root_key)
    issuer_name, issuer_key, between = root_name, root_key, ()
    if has_between:
        issuer_name, issuer_key = _name(f"{name} between"), _key(f"{name} between")
        between = (_authority(root_name, issuer_name, issuer_key, root_key),)
    certificate = (
        _builder(issuer_name, _name(name), key, until=until, serial=2)
        .add_extension(x509.ExtendedKeyUsage([usage]), critical=True)
        .sign(issuer_key, SHA256(), ecdsa_deterministic=True)
    )
    return Authority(root, certificate, key, between)


def _authority(
    issuer: x509.Name,
    subject: x509.Name,
    key: ec.EllipticCurvePrivateKey,
    issuer_key: ec.EllipticCurvePrivateKey,
) -> x509.Certificate:
    return (
        _builder(issuer, subject, key, until=UNTIL + timedelta(days=3650), serial=1)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(issuer_key, SHA256(), ecdsa_deterministic=True)
    )


def _builder(
    issuer: x509.Name,
    subject: x509.Name,
    key: ec.EllipticCurvePrivateKey,
    *,
    until: datetime,
    serial: int,
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .issuer_name(issuer)
        .subject_name(subject)
        .public_key(key.public_key())
        .serial_number(serial)
        .not_valid_before(FROM)
        .not_valid_after(until)
    )


def _key(name: str) -> ec.EllipticCurvePrivateKey:
    return ec.derive_private_key(int.from_bytes(hashlib.sha256(name.encode()).digest()[:31]), ec.SECP256R1())


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])
