"""Situations below the protocol: odd signatures, hostile bytes, certificates that end (8, 10, 57)."""

from __future__ import annotations

import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

import pytest

from govchain.codec import FRAME_BYTES_MAX, FrameReader, encode
from govchain.consensus import SignedMessage, verify_message
from govchain.crypto import PemPair, issue_certificate
from govchain.errors import BadSignature, ConfigError, InvalidInput, MalformedBytes
from govchain.net import TlsContexts, TlsFiles
from govchain.node.wire import decode_frame
from tests.support.consensus_world import SIGNERS, SUITE, World
from tests.support.tls_files import make_authority, make_tls_files, write_certificate

ORDER = 2**252 + 27742317777372353535851937790883648493
"""Of the group of Ed25519: s and s + ORDER are one number in it, and two spellings."""
SMALL_ORDER_KEYS = [bytes(32), b"\x01" + bytes(31), b"\xec" + b"\xff" * 30 + b"\x7f"]


def test_situation_08_a_second_spelling_of_a_signature_is_no_vote() -> None:
    """It would give two different bytes of one vote, and certificates that not everybody accepts."""
    world = World(4)
    signed = world.verified(world.prepare(1, bytes(32))).signed
    s = int.from_bytes(signed.signature[32:], "little")
    assert s + ORDER < 2**256
    respelled = signed.signature[:32] + (s + ORDER).to_bytes(32, "little")
    verify_message(SUITE, world.validators, world.chain_id, signed)
    with pytest.raises(BadSignature):
        verify_message(SUITE, world.validators, world.chain_id, SignedMessage(signed.body, respelled))


@pytest.mark.parametrize("key", SMALL_ORDER_KEYS, ids=["zero", "one", "minus-one"])
def test_situation_08_a_key_of_small_order_signs_nothing(key: bytes) -> None:
    """With such a key one signature fits many messages; lenient libraries accept it alone or in a batch."""
    for point in SMALL_ORDER_KEYS:
        for message in range(16):
            with pytest.raises(BadSignature):
                SUITE.verify(key, b"message %d" % message, point + bytes(32))


@pytest.mark.parametrize("length", [0, FRAME_BYTES_MAX + 1, 2**31, 2**32 - 1])
def test_situation_10_a_length_over_the_limit_ends_the_stream_before_its_bytes(length: int) -> None:
    reader = FrameReader()
    reader.feed(length.to_bytes(4, "big"))
    with pytest.raises(MalformedBytes):
        reader.next_frame()


def test_situation_10_hostile_payloads_are_refused_and_never_raise_anything_else() -> None:
    random = Random(10)
    world = World(4)
    whole = encode(world.verified(world.make_proposal(["a"])).signed)
    nested = [opening * 100_000 for opening in (b"\x91", b"\x81\xa1x", b"\xdc\x00\x01")]
    huge = [
        b"\xdd\xff\xff\xff\xff",
        b"\xc6\xff\xff\xff\xff",
        b"\xdb\xff\xff\xff\xff",
        b"\xdf\xff\xff\xff\xff",
    ]
    noise = [random.randbytes(random.randrange(200)) for _ in range(300)]
    bent = [
        whole[:at] + bytes([whole[at] ^ 1 << random.randrange(8)]) + whole[at + 1 :]
        for at in range(len(whole))
    ]
    for payload in [*nested, *huge, *noise]:
        with pytest.raises(MalformedBytes):
            decode_frame(payload)
    for payload in [*nested, *huge, *noise, *bent]:
        with pytest.raises(InvalidInput):
            verify_message(
                SUITE, world.validators, world.chain_id, SignedMessage(payload, SIGNERS[0].sign(payload[1:]))
            )


# Certificates (57): the handshake of two contexts in memory, without a network or a wait.

NOW = datetime.now(UTC)
DAY = timedelta(days=1)


@pytest.fixture(scope="module")
def authority() -> PemPair:
    return make_authority()


def write(folder: Path, authority: PemPair, name: str, *, issued: datetime) -> TlsFiles:
    files = make_tls_files(folder, authority, name)
    write_certificate(files, authority, name, now=issued, days=2)
    return files


def shake_hands(client: ssl.SSLContext, server: ssl.SSLContext) -> None:
    """A whole handshake and one byte each way.

    Raises:
        ssl.SSLError: One end refuses the other.
    """
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    one = client.wrap_bio(to_client, to_server)
    other = server.wrap_bio(to_server, to_client, server_side=True)
    waiting = [one.do_handshake, other.do_handshake]
    for _ in range(8):
        still = []
        for step in waiting:
            try:
                step()
            except ssl.SSLWantReadError:
                still.append(step)
        waiting = still
    assert not waiting
    other.write(b"x")
    assert one.read(1) == b"x"


def test_situation_57_an_ended_certificate_is_refused_at_both_ends_and_a_renewed_one_is_taken(
    tmp_path: Path, authority: PemPair
) -> None:
    alpha = TlsContexts(write(tmp_path / "alpha", authority, "alpha", issued=NOW))
    files = write(tmp_path / "beta", authority, "beta", issued=NOW - 10 * DAY)
    beta = TlsContexts(files)
    assert beta.expires_at < NOW < alpha.expires_at
    for client, server in ((alpha.client, beta.server), (beta.client, alpha.server)):
        with pytest.raises(ssl.SSLError):
            shake_hands(client, server)
    write(tmp_path / "beta", authority, "beta", issued=NOW)
    beta.reload()
    assert beta.expires_at > NOW
    shake_hands(alpha.client, beta.server)
    shake_hands(beta.client, alpha.server)


def test_situation_57_files_that_do_not_belong_together_leave_the_old_certificate_in_use(
    tmp_path: Path, authority: PemPair
) -> None:
    alpha = TlsContexts(write(tmp_path / "alpha", authority, "alpha", issued=NOW))
    files = write(tmp_path / "beta", authority, "beta", issued=NOW)
    beta = TlsContexts(files)
    ends = beta.expires_at
    half = issue_certificate(authority, "beta", hosts=[], now=NOW, days=9)
    files.certificate.write_bytes(half.certificate)
    with pytest.raises(ConfigError):
        beta.reload()
    assert beta.expires_at == ends
    shake_hands(alpha.client, beta.server)
