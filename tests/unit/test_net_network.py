"""Two or three peer networks on 127.0.0.1: who gets through, what is dropped, what comes back."""

from __future__ import annotations

import asyncio
import contextlib
import io
import ssl
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from govchain.codec import FRAME_BYTES_MAX, frame
from govchain.crypto import PemPair
from govchain.errors import ConfigError, ProtocolViolation, Unavailable
from govchain.net import PeerNetwork, TlsContexts, TlsFiles
from govchain.net.outbound import BULK_BYTES_MAX, OFFLINE_FRAMES_MAX
from govchain.net.tls import peer_name
from govchain.observe import NodeMetrics, open_log
from tests.support.tls_files import make_authority, make_tls_files

NAMES = ["alpha", "beta", "gamma"]


class End:
    """One network with what it received, and conditions to wait for."""

    def __init__(self, name: str, files: TlsFiles) -> None:
        self.name = name
        self.frames: list[tuple[str, bytes]] = []
        self.opened: list[str] = []
        self.metrics = NodeMetrics()
        self.log = io.StringIO()
        self.port = 0
        self._changed = asyncio.Event()
        self.network = PeerNetwork(
            name,
            TlsContexts(files),
            jitter=lambda: 0.0,
            clock=asyncio.get_running_loop().time,
            log=open_log(name, self.log),
            metrics=self.metrics,
        )
        self.network.on_change = self._changed.set
        self._reject = self.metrics.reject
        self.metrics.reject = self._count_reject  # type: ignore[method-assign]

    async def listen(self, peers: list[str] | None = None) -> None:
        others = [name for name in peers or NAMES if name != self.name]
        self.port = await self.network.listen(
            "127.0.0.1", self.port, others, on_open=self._on_open, on_frames=self._on_frames
        )

    def dial(self, other: End) -> None:
        self.network.dial({other.name: ("127.0.0.1", other.port)}, greeting=self.greet)

    def greet(self) -> bytes:
        return b"hello from " + self.name.encode()

    async def until(self, condition: Callable[[], bool]) -> None:
        async with asyncio.timeout(10):
            while not condition():
                self._changed.clear()
                await self._changed.wait()

    def rejected(self, code: str) -> float:
        value = self.metrics.registry.get_sample_value("govchain_rejected_total", {"code": code})
        return value or 0.0

    def payloads(self, peer: str) -> list[bytes]:
        return [payload for name, payload in self.frames if name == peer]

    def _on_frames(self, peer: str, payloads: list[bytes]) -> None:
        self.frames += [(peer, payload) for payload in payloads]
        self._changed.set()

    def _on_open(self, peer: str) -> None:
        self.opened.append(peer)
        self._changed.set()

    def _count_reject(self, code: str, count: int = 1) -> None:
        self._reject(code, count)
        self._changed.set()


@pytest.fixture(scope="module")
def authority() -> PemPair:
    return make_authority()


@asynccontextmanager
async def ends(folder: Path, authority: PemPair, *names: str) -> AsyncIterator[list[End]]:
    made = [End(name, make_tls_files(folder / name, authority, name)) for name in names]
    try:
        yield made
    finally:
        for end in made:
            await end.network.stop()


async def test_greeting_comes_first_and_frames_keep_their_order(tmp_path: Path, authority: PemPair) -> None:
    async with ends(tmp_path, authority, "alpha", "beta") as (alpha, beta):
        await beta.listen()
        alpha.dial(beta)
        await alpha.until(lambda: alpha.network.connected() == {"beta": True})
        sent = [bytes([number % 256]) * (number * 50 + 1) for number in range(500)]
        for payload in sent:
            alpha.network.send("beta", payload)
        await beta.until(lambda: len(beta.frames) == 501)
        assert beta.payloads("alpha") == [b"hello from alpha", *sent]
        assert beta.opened == ["alpha"]


async def test_largest_frame_passes(tmp_path: Path, authority: PemPair) -> None:
    async with ends(tmp_path, authority, "alpha", "beta") as (alpha, beta):
        await beta.listen()
        alpha.dial(beta)
        alpha.network.send("beta", bytes(FRAME_BYTES_MAX))
        await beta.until(lambda: len(beta.frames) == 2)
        assert len(beta.frames[1][1]) == FRAME_BYTES_MAX


@pytest.mark.parametrize(
    "noise", [b"\x00" * 64, b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", b"\x16\x03\x01\xff\xff"]
)
async def test_noise_on_the_port_is_dropped_and_counted(
    tmp_path: Path, authority: PemPair, noise: bytes
) -> None:
    async with ends(tmp_path, authority, "alpha", "beta") as (alpha, beta):
        await beta.listen()
        reader, writer = await asyncio.open_connection("127.0.0.1", beta.port)
        writer.write(noise)
        writer.write_eof()
        await reader.read()
        await beta.until(lambda: beta.rejected("tls-handshake") == 1)
        await hang_up(writer)
        alpha.dial(beta)
        await beta.until(lambda: beta.opened == ["alpha"])


async def test_too_many_handshakes_at_once_are_turned_away_and_counted(
    tmp_path: Path, authority: PemPair, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("govchain.net.inbound.HANDSHAKES_MAX", 1)
    async with ends(tmp_path, authority, "alpha", "beta") as (alpha, beta):
        await beta.listen()
        _, silent = await asyncio.open_connection("127.0.0.1", beta.port)
        reader, writer = await asyncio.open_connection("127.0.0.1", beta.port)
        await beta.until(lambda: beta.rejected("too-many-handshakes") == 1)
        assert await reader.read() == b""
        await hang_up(writer)
        await hang_up(silent)
        alpha.dial(beta)
        await beta.until(lambda: beta.opened == ["alpha"])


async def test_a_connection_that_cannot_be_taken_is_counted_and_the_next_one_is(
    tmp_path: Path, authority: PemPair, monkeypatch: pytest.MonkeyPatch
) -> None:
    loop = asyncio.get_running_loop()
    genuine, failures = loop.sock_accept, iter([OSError("too many open files")])

    async def accept(listener: Any) -> Any:
        for failure in failures:
            raise failure
        return await genuine(listener)

    monkeypatch.setattr(loop, "sock_accept", accept)
    async with ends(tmp_path, authority, "alpha", "beta") as (alpha, beta):
        await beta.listen()
        await beta.until(lambda: beta.rejected("accept") == 1)
        alpha.dial(beta)
        await beta.until(lambda: beta.opened == ["alpha"])


async def raw_connection(files: TlsFiles, port: int) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    return await asyncio.open_connection(
        "127.0.0.1", port, ssl=TlsContexts(files).client, server_hostname="validator"
    )


async def hang_up(writer: asyncio.StreamWriter) -> None:
    writer.transport.abort()
    with contextlib.suppress(OSError):
        await writer.wait_closed()


async def test_certificate_of_another_authority_is_refused(tmp_path: Path, authority: PemPair) -> None:
    stranger = make_authority("another authority")
    files = make_tls_files(tmp_path / "stranger", stranger, "alpha", trusts=authority)
    async with ends(tmp_path, authority, "beta") as (beta,):
        await beta.listen()
        reader, writer = await raw_connection(files, beta.port)
        with contextlib.suppress(ssl.SSLError, ConnectionError):
            assert await reader.read() == b""
        await beta.until(lambda: beta.rejected("tls-handshake") == 1)
        assert beta.opened == []
        await hang_up(writer)


async def test_connection_without_certificate_is_refused(tmp_path: Path, authority: PemPair) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    async with ends(tmp_path, authority, "beta") as (beta,):
        await beta.listen()
        _, writer = await asyncio.open_connection("127.0.0.1", beta.port, ssl=context, server_hostname="x")
        await beta.until(lambda: beta.rejected("tls-handshake") == 1)
        await hang_up(writer)


async def test_older_tls_is_refused(tmp_path: Path, authority: PemPair) -> None:
    files = make_tls_files(tmp_path / "old", authority, "alpha")
    context = TlsContexts(files).client
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    async with ends(tmp_path, authority, "beta") as (beta,):
        await beta.listen()
        with pytest.raises((ssl.SSLError, ConnectionError)):
            await asyncio.open_connection("127.0.0.1", beta.port, ssl=context, server_hostname="x")
        await beta.until(lambda: beta.rejected("tls-handshake") == 1)


@pytest.mark.parametrize(("name", "code"), [("mallory", "unknown-peer"), ("beta", "own-name")])
async def test_certificate_of_a_stranger_or_of_ourselves_is_refused(
    tmp_path: Path, authority: PemPair, name: str, code: str
) -> None:
    files = make_tls_files(tmp_path / "raw", authority, name)
    async with ends(tmp_path, authority, "beta") as (beta,):
        await beta.listen()
        _, writer = await raw_connection(files, beta.port)
        await beta.until(lambda: beta.rejected(code) == 1)
        assert beta.opened == []
        await hang_up(writer)


async def test_dialled_validator_with_another_name_gets_nothing(tmp_path: Path, authority: PemPair) -> None:
    async with ends(tmp_path, authority, "alpha", "gamma") as (alpha, gamma):
        await gamma.listen()
        alpha.network.dial({"beta": ("127.0.0.1", gamma.port)}, greeting=alpha.greet)
        await alpha.until(lambda: alpha.rejected("unknown-peer") >= 1)
        assert alpha.network.connected() == {"beta": False}
        assert gamma.payloads("alpha") == []


def test_peer_name_wants_exactly_one_validator() -> None:
    certificate = {"subjectAltName": (("DNS", "alpha"), ("DNS", "beta"), ("IP Address", "127.0.0.1"))}
    with pytest.raises(ProtocolViolation, match="exactly one"):
        peer_name(certificate, NAMES, "gamma")
    with pytest.raises(ProtocolViolation, match="exactly one"):
        peer_name(None, NAMES, "gamma")
    assert peer_name({"subjectAltName": (("DNS", "x"), ("DNS", "beta"))}, NAMES, "alpha") == "beta"


async def test_frame_that_announces_too_much_closes_the_connection(
    tmp_path: Path, authority: PemPair
) -> None:
    files = make_tls_files(tmp_path / "raw", authority, "alpha")
    async with ends(tmp_path, authority, "beta") as (beta,):
        await beta.listen()
        reader, writer = await raw_connection(files, beta.port)
        writer.write(frame(b"good") + (FRAME_BYTES_MAX + 1).to_bytes(4, "big") + b"x")
        await beta.until(lambda: beta.rejected("bad-frame") == 1)
        assert beta.payloads("alpha") == [b"good"]
        assert await reader.read() == b""
        await hang_up(writer)


async def test_newest_connection_of_a_peer_replaces_the_old(tmp_path: Path, authority: PemPair) -> None:
    files = make_tls_files(tmp_path / "raw", authority, "alpha")
    async with ends(tmp_path, authority, "beta") as (beta,):
        await beta.listen()
        old_reader, old_writer = await raw_connection(files, beta.port)
        await beta.until(lambda: beta.opened == ["alpha"])
        _, new_writer = await raw_connection(files, beta.port)
        assert await old_reader.read() == b""
        new_writer.write(frame(b"new"))
        await beta.until(lambda: beta.payloads("alpha") == [b"new"])
        await hang_up(old_writer)
        await hang_up(new_writer)


async def test_peer_that_comes_back_is_dialled_again(tmp_path: Path, authority: PemPair) -> None:
    async with ends(tmp_path, authority, "alpha", "beta") as (alpha, beta):
        await beta.listen()
        alpha.dial(beta)
        await alpha.until(lambda: alpha.network.connected()["beta"])
        await beta.network.stop()
        await alpha.until(lambda: not alpha.network.connected()["beta"])
        again = End("beta", make_tls_files(tmp_path / "again", authority, "beta"))
        again.port = beta.port
        await again.listen()
        await alpha.until(lambda: alpha.network.connected()["beta"])
        alpha.network.send("beta", b"back")
        await again.until(lambda: b"back" in again.payloads("alpha"))
        await again.network.stop()


async def test_peer_that_dials_is_dialled_at_once(tmp_path: Path, authority: PemPair) -> None:
    async with ends(tmp_path, authority, "alpha", "beta") as (alpha, beta):
        alpha.network._jitter = lambda: 1e6  # By itself it would try again tomorrow.
        await beta.listen()
        await alpha.listen()
        alpha.dial(beta)
        await alpha.until(lambda: alpha.network.connected()["beta"])
        await beta.network.stop()
        await alpha.until(lambda: not alpha.network.connected()["beta"])
        again = End("beta", make_tls_files(tmp_path / "again", authority, "beta"))
        again.port = beta.port
        await again.listen()
        again.dial(alpha)
        await alpha.until(lambda: alpha.network.connected()["beta"])
        await again.network.stop()


async def test_absent_peer_costs_bounded_memory(tmp_path: Path, authority: PemPair) -> None:
    async with ends(tmp_path, authority, "alpha", "beta") as (alpha, beta):
        await beta.listen()
        alpha.dial(beta)
        for number in range(10 * OFFLINE_FRAMES_MAX):
            alpha.network.send("beta", number.to_bytes(4, "big"))
        newest = [n.to_bytes(4, "big") for n in range(9 * OFFLINE_FRAMES_MAX, 10 * OFFLINE_FRAMES_MAX)]
        await beta.until(lambda: len(beta.frames) == OFFLINE_FRAMES_MAX + 1)
        assert beta.payloads("alpha")[1:] == newest


async def test_slow_reader_costs_bounded_memory_and_reads_on(tmp_path: Path, authority: PemPair) -> None:
    async with ends(tmp_path, authority, "alpha", "beta") as (alpha, beta):
        await beta.listen()
        beta.network.pause("alpha")
        alpha.dial(beta)
        await alpha.until(lambda: alpha.network.connected()["beta"])
        payload, dropped = bytes(1024 * 1024), 0.0
        for _ in range(200):
            alpha.network.send("beta", payload)
            await asyncio.sleep(0)
            assert alpha.network.queue_bytes("beta") <= BULK_BYTES_MAX
            dropped = alpha.metrics.registry.get_sample_value("govchain_dropped_frames_total") or 0.0
            if dropped:
                break
        assert dropped
        alpha.network.send("beta", b"a vote", is_urgent=True)
        beta.network.resume("alpha")
        await beta.until(lambda: len(beta.payloads("alpha")) > 20)
        assert b"a vote" in beta.payloads("alpha")[:20], "urgent frames pass what waits"


async def test_cut_link_loses_frames_in_both_directions(tmp_path: Path, authority: PemPair) -> None:
    async with ends(tmp_path, authority, "alpha", "beta") as (alpha, beta):
        await beta.listen()
        alpha.dial(beta)
        await beta.until(lambda: len(beta.frames) == 1)
        alpha.network.is_link_open = lambda peer: False
        alpha.network.send("beta", b"lost on the way out")
        alpha.network.is_link_open = lambda peer: True
        beta.network.is_link_open = lambda peer: False
        alpha.network.send("beta", b"discarded on arrival")
        await asyncio.sleep(0)
        beta.network.is_link_open = lambda peer: True
        alpha.network.send("beta", b"after")
        await beta.until(lambda: b"after" in beta.payloads("alpha"))
        assert b"lost on the way out" not in beta.payloads("alpha")


async def test_taken_port_is_reported(tmp_path: Path, authority: PemPair) -> None:
    async with ends(tmp_path, authority, "alpha", "beta") as (alpha, beta):
        await beta.listen()
        alpha.port = beta.port
        with pytest.raises(Unavailable, match=str(beta.port)):
            await alpha.listen()


def test_key_file_that_others_can_read_is_refused(tmp_path: Path, authority: PemPair) -> None:
    files = make_tls_files(tmp_path, authority, "alpha")
    files.key.chmod(0o640)
    with pytest.raises(ConfigError, match="others can read") as caught:
        TlsContexts(files)
    assert caught.value.found == "mode 0640"


@pytest.mark.parametrize("missing", ["certificate", "key", "authority"])
def test_missing_or_malformed_file_is_named(tmp_path: Path, authority: PemPair, missing: str) -> None:
    files = make_tls_files(tmp_path, authority, "alpha")
    path: Path = getattr(files, missing)
    path.write_bytes(b"not PEM")
    with pytest.raises(ConfigError) as caught:
        TlsContexts(files)
    assert str(path.parent) in str(caught.value)
    path.unlink()
    with pytest.raises(ConfigError) as caught:
        TlsContexts(files)
    assert str(path.parent) in str(caught.value)


async def test_renewed_certificate_is_used_for_new_connections(tmp_path: Path, authority: PemPair) -> None:
    files = make_tls_files(tmp_path, authority, "alpha")
    contexts = TlsContexts(files)
    before = contexts.server
    make_tls_files(tmp_path, authority, "alpha")
    contexts.reload()
    assert contexts.server is not before
    files.key.write_bytes(b"broken")
    after = contexts.server
    with pytest.raises(ConfigError):
        contexts.reload()
    assert contexts.server is after


@pytest.mark.parametrize(
    "case",
    [
        test_greeting_comes_first_and_frames_keep_their_order,
        test_largest_frame_passes,
        test_certificate_of_another_authority_is_refused,
        test_connection_without_certificate_is_refused,
        test_frame_that_announces_too_much_closes_the_connection,
        test_newest_connection_of_a_peer_replaces_the_old,
        test_peer_that_comes_back_is_dialled_again,
        test_slow_reader_costs_bounded_memory_and_reads_on,
    ],
)
def test_the_faster_loop_behaves_alike(
    tmp_path: Path, authority: PemPair, case: Callable[[Path, PemPair], Coroutine[Any, Any, None]]
) -> None:
    uvloop = pytest.importorskip("uvloop")
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(case(tmp_path, authority))
