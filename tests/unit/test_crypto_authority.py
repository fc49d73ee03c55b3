"""Certificates of a network: constraints, names, and a real TLS handshake in memory."""

from __future__ import annotations

import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID

from govchain.crypto import PemPair, create_authority, issue_certificate
from govchain.errors import ConfigError

NOW = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture(scope="module")
def authority() -> PemPair:
    return create_authority("rehearsal", now=NOW)


def load(pair: PemPair) -> x509.Certificate:
    return x509.load_pem_x509_certificate(pair.certificate)


def test_an_authority_issues_end_certificates_and_nothing_below(authority: PemPair) -> None:
    certificate = load(authority)
    constraints = certificate.extensions.get_extension_for_class(x509.BasicConstraints)
    usage = certificate.extensions.get_extension_for_class(x509.KeyUsage)
    assert (constraints.critical, constraints.value.ca, constraints.value.path_length) == (True, True, 0)
    assert (usage.critical, usage.value.key_cert_sign, usage.value.digital_signature) == (True, True, False)
    certificate.verify_directly_issued_by(certificate)


def test_a_certificate_names_the_validator_its_hosts_and_both_uses(authority: PemPair) -> None:
    pair = issue_certificate(
        authority, "validator-0", hosts=["node0.example", "127.0.0.1", "::1", "node0.example"], now=NOW
    )
    certificate = load(pair)
    certificate.verify_directly_issued_by(load(authority))
    extensions = certificate.extensions
    names = extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == ["validator-0", "node0.example"]
    assert [str(ip) for ip in names.get_values_for_type(x509.IPAddress)] == ["127.0.0.1", "::1"]
    uses = extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    assert set(uses) == {ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH}
    assert not extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    assert not extensions.get_extension_for_class(x509.KeyUsage).value.key_cert_sign


def test_a_certificate_does_not_outlive_its_authority() -> None:
    authority = create_authority("short", now=NOW, days=30)
    certificate = load(issue_certificate(authority, "validator-0", hosts=[], now=NOW))
    assert certificate.not_valid_after_utc <= load(authority).not_valid_after_utc
    assert certificate.not_valid_before_utc < NOW < certificate.not_valid_after_utc
    with pytest.raises(ConfigError, match="not valid now"):
        issue_certificate(authority, "validator-0", hosts=[], now=NOW + timedelta(days=31))


def test_what_is_no_authority_issues_nothing(authority: PemPair) -> None:
    end = issue_certificate(authority, "validator-0", hosts=[], now=NOW)
    other = create_authority("other", now=NOW)
    wrong = [
        end,
        PemPair(b"", b""),
        PemPair(authority.certificate, b"x"),
        PemPair(authority.certificate, other.key),
    ]
    for pair in wrong:
        with pytest.raises(ConfigError):
            issue_certificate(pair, "validator-1", hosts=[], now=NOW)


@pytest.mark.parametrize(("name", "hosts"), [("", []), ("n" * 65, []), ("验证者", []), ("ok", ["主机"])])
def test_names_that_no_certificate_can_carry_are_refused(
    authority: PemPair, name: str, hosts: list[str]
) -> None:
    with pytest.raises(ConfigError):
        issue_certificate(authority, name, hosts=hosts, now=NOW)


def test_a_pair_never_shows_its_key(authority: PemPair) -> None:
    assert "PRIVATE" not in repr(authority)
    assert b"PRIVATE KEY" in authority.key


def context(folder: Path, pair: PemPair, authority: PemPair, *, server: bool) -> ssl.SSLContext:
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER if server else ssl.PROTOCOL_TLS_CLIENT)
    made.minimum_version = ssl.TLSVersion.TLSv1_3
    file = folder / ("server.pem" if server else "client.pem")
    file.write_bytes(pair.certificate + pair.key)
    made.load_cert_chain(file)
    made.load_verify_locations(cadata=authority.certificate.decode())
    made.verify_mode = ssl.CERT_REQUIRED
    return made


def shake_hands(client: ssl.SSLContext, server: ssl.SSLContext, name: str) -> ssl.SSLObject:
    up, down = ssl.MemoryBIO(), ssl.MemoryBIO()
    one = client.wrap_bio(down, up, server_hostname=name)
    two = server.wrap_bio(up, down, server_side=True)
    done: set[int] = set()
    for _ in range(10):
        for end in (one, two):
            try:
                end.do_handshake()
                done.add(id(end))
            except ssl.SSLWantReadError:
                continue
        if len(done) == 2:
            return two
    raise AssertionError("the handshake did not end")


def test_two_validators_know_each_other_over_tls(tmp_path: Path) -> None:
    # TLS judges validity by the machine's clock, so these certificates are valid for a very long time.
    begin = datetime(2020, 1, 1, tzinfo=UTC)
    authority = create_authority("tls", now=begin, days=36_500)
    pairs = [
        issue_certificate(authority, f"validator-{i}", hosts=["127.0.0.1"], now=begin, days=36_500)
        for i in range(2)
    ]
    client = context(tmp_path, pairs[0], authority, server=False)
    server = context(tmp_path, pairs[1], authority, server=True)
    seen = shake_hands(client, server, "validator-1").getpeercert()
    assert seen is not None
    assert ("DNS", "validator-0") in seen["subjectAltName"]
    with pytest.raises(ssl.SSLError, match="CERTIFICATE_VERIFY_FAILED"):
        shake_hands(client, server, "validator-2")
    stranger = create_authority("tls", now=begin, days=36_500)
    foreign = context(
        tmp_path,
        issue_certificate(stranger, "validator-1", hosts=[], now=begin, days=36_500),
        authority,
        server=True,
    )
    with pytest.raises(ssl.SSLError, match="CERTIFICATE_VERIFY_FAILED"):
        shake_hands(client, foreign, "validator-1")
