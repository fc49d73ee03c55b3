"""A gateway over HTTPS: who may ask what at which of its two addresses, and what each is told."""

from __future__ import annotations

import asyncio
import contextlib
import io
import json
import shutil
import ssl
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import aiohttp
import pytest

from govchain.api import listener
from govchain.api.limits import ApiLimits
from govchain.codec import encode
from govchain.errors import ConfigError, InvalidInput, Unavailable
from govchain.gateway import Answered, process, tls
from govchain.gateway.callers import DEPARTMENTS
from govchain.gateway.client_chain import ClientChain
from govchain.gateway.config import GatewayConfig
from govchain.gateway.documents import MESSAGE_BYTES_MAX, REFUSAL
from govchain.gateway.http_client import HttpPeers
from govchain.gateway.ports import Point
from govchain.gateway.routes import ROUTES
from govchain.gateway.tls import GatewayTls, organisation_of
from govchain.net import TlsFiles
from govchain.observe import open_log
from tests.support.gateway_server import DESK, ServedGateway, serving
from tests.support.gateway_world import PowerCut, holding, question
from tests.support.sharing_world import CA, HPF, PSB
from tests.support.tls_files import make_authority, make_tls_files
from tests.support.webpages import PORTAL


@pytest.fixture
async def served(tmp_path: Path) -> AsyncIterator[ServedGateway]:
    async with serving(tmp_path) as found:
        yield found


def visitor(served: ServedGateway, headers: Mapping[str, str] | None = None) -> aiohttp.ClientSession:
    """A person or system without a certificate."""
    return aiohttp.ClientSession(connector=aiohttp.TCPConnector(ssl=served.trust()), headers=headers)


async def test_an_exchange_over_https(served: ServedGateway) -> None:
    world = served.world
    async with served.peers() as peers, served.desk() as desk, visitor(served) as session:
        world.asking._requester._peers = peers
        outcome = await world.asking.ask(question())
        assert isinstance(outcome, Answered)
        assert outcome.told == {"status": True}
        assert world.answers_on_chain() == 1
        (use,) = await desk.uses("wang-at-ca")
        assert (use.requester, use.outcome) == (HPF, "answered")
        assert list(await desk.own_uses("wang-at-ca")) == [use], "the portal tells the person the same"
        assert list(await desk.own_uses("chen-at-ca")) == [], "and nobody else anything"
        assert len(await desk.correct(holding(status="divorced"))) == 64
        assert await peers.send(CA, b"x") == REFUSAL
        with pytest.raises(Unavailable, match="body-too-large"):
            await peers.send(CA, b"x" * (MESSAGE_BYTES_MAX + 1))
        with pytest.raises(Unavailable, match="no address"):
            await peers.send(HPF, b"x")
        async with session.get(f"{served.url}/metrics") as response:
            assert 'govchain_gateway_exchanges{side="gave",state="DELIVERED"} 1.0' in await response.text()


async def test_every_route_wants_its_token_and_says_what_it_expects(served: ServedGateway) -> None:
    async with visitor(served) as session:
        for route in ROUTES:
            async with session.request(route.method, served.url + route.path, data=b"") as response:
                assert (response.status == 401) == (route.who in ("desk", "person")), route.path
                assert response.status == 404 or route.who != DEPARTMENTS, "not at this address"
        headers = {"Authorization": f"Bearer {DESK}"}
        for body in (b"", b"{", b"[]", b'{"exchange": 1}', b'{"person": "secret-name", "x": 1}'):
            async with session.post(f"{served.url}/v1/asks", data=body, headers=headers) as response:
                assert response.status == 400
                assert "secret-name" not in await response.text()
        wrong = b'[{"item": "A", "person": "p", "values": {"secret-name": [1]}}]'
        async with session.post(f"{served.url}/v1/holdings", data=wrong, headers=headers) as response:
            text = await response.text()
            assert "at $[0].values[...]" in text
            assert "secret-name" not in text
    async with served.desk("wrong") as desk:
        with pytest.raises(InvalidInput, match="bearer token"):
            await desk.hold([holding()])


async def test_D11_the_portal_hands_on_revocations_and_nothing_else(served: ServedGateway) -> None:
    world = served.world.world
    world.consent()
    async with served.desk() as desk:
        token = await desk.portal_token("wang-at-ca", 600)
    url = f"{served.url}/v1/portal/revocations"
    payload = world.payload("consent.revoke", "C-1", {})
    revoke = world.sign("consent.revoke", "wang-at-hpf", payload, org=PSB)
    withdrawal = world.payload("grant.revoke", "G-1", {"reason": "x"})
    other = world.sign("grant.revoke", "ca-approver", withdrawal, org=CA)
    async with visitor(served, {"Authorization": f"Bearer {token}"}) as session:
        for data in (encode(other), b"x"):
            async with session.post(url, data=data) as response:
                assert response.status == 400
        async with session.post(url, data=encode(revoke)) as response:
            assert (await response.json())["applied"] is True
        again = world.sign(
            "consent.revoke", "wang-at-hpf", world.payload("consent.revoke", "C-1", {}), org=PSB
        )
        async with session.post(url, data=encode(again)) as response:
            denied = await response.json()
            assert (denied["rule"], denied["detail_zh"]) == (
                "G3",
                "consent.revoke 要求状态为 GIVEN；当前为 REVOKED",
            )
    assert world.record("consent", "C-1").state == "REVOKED"
    assert world.record("grant", "G-1").state == "ACTIVE"


async def test_the_portal_s_page_is_handed_to_anybody_and_says_nothing_of_anybody(
    served: ServedGateway,
) -> None:
    async with visitor(served) as session, session.get(f"{served.url}/portal") as response:
        assert (response.status, response.content_type) == (200, "text/html")
        assert "connect-src 'self'" in response.headers["Content-Security-Policy"]
        assert await response.read() == PORTAL.page.body
        assert response.cookies == {}
    async with (
        aiohttp.ClientSession(connector=aiohttp.TCPConnector(ssl=served.department(HPF))) as session,
        session.get(f"{served.peer_url}/portal") as response,
    ):
        assert response.status == 404, "people are not served where departments ask"


async def test_one_address_asks_so_often_and_no_more(tmp_path: Path) -> None:
    async with (
        serving(tmp_path, ApiLimits(requests_per_s=0.001, requests_burst=2)) as served,
        served.peers() as peers,
    ):
        for _ in range(2):
            assert await peers.send(CA, b"x") == REFUSAL
        with pytest.raises(Unavailable, match="rate-limited"):
            await peers.send(CA, b"x")


# Departments are known by their certificates.


async def query_of(served: ServedGateway) -> bytes:
    """A query that HPF signed and put on the chain, and that was not answered yet."""
    world = served.world
    world.kill_at(HPF, Point.QUERY_OUTCOME_STORED)
    with pytest.raises(PowerCut):
        await world.asking.ask(question())
    row = world.asking._office.store.exchange("asked", "X-1")
    assert row is not None
    return world.asking._office.vault.open(row.message, "asked/X-1/message")


async def test_a_query_under_another_department_s_certificate_is_refused(served: ServedGateway) -> None:
    message = await query_of(served)
    async with served.peers(PSB) as thief, served.peers() as owner:
        with pytest.raises(Unavailable, match=f"wrong-certificate: .*{HPF}.*{PSB}"):
            await thief.send(CA, message)
        assert served.world.giving.counts() == {}, "nothing was kept of it"
        assert len(await owner.send(CA, message)) > 0
    assert served.world.giving.counts() == {("gave", "DELIVERED"): 1}


async def test_a_certificate_that_names_no_department_is_refused(served: ServedGateway) -> None:
    message = await query_of(served)
    for name, hosts in (("validator-0", ()), (HPF, (PSB,))):
        async with HttpPeers({CA: served.peer_url}, served.client(name, hosts=hosts)) as peers:
            with pytest.raises(Unavailable, match="names one organisation"):
                await peers.send(CA, message)
    assert served.world.giving.counts() == {}


async def test_a_stranger_gets_no_line_to_where_departments_ask(served: ServedGateway) -> None:
    stranger = served.client(HPF, by=make_authority("another"))
    for client in (stranger, served.trust()):
        async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(ssl=client)) as session:
            with pytest.raises(aiohttp.ClientError):
                # The handshake is refused: no path, body or token of theirs is ever read.
                await session.get(f"{served.peer_url}/healthz", server_hostname=CA)
    async with served.peers() as peers:
        status, _ = await peers.request("GET", f"{served.peer_url}/v1/portal/uses", name=CA)
        assert status == 404, "what people may ask is not there"


async def test_whoever_asks_wants_the_provider_s_certificate(served: ServedGateway) -> None:
    async with HttpPeers({PSB: served.peer_url}, served.department(HPF)) as peers:
        with pytest.raises(Unavailable, match=f"certificate is not valid for '{PSB}'"):
            await peers.send(PSB, b"x")
    untrusting = served.department(HPF, trusts=make_authority("another"))
    async with HttpPeers({CA: served.peer_url}, untrusting) as peers:
        with pytest.raises(Unavailable, match="self-signed certificate in certificate chain"):
            await peers.send(CA, b"x")


async def test_plain_http_is_answered_at_neither_address(served: ServedGateway) -> None:
    for url in (served.url, served.peer_url):
        host, port = url.removeprefix("https://").split(":")
        reader, writer = await asyncio.open_connection(host, int(port))
        writer.write(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
        answer = await reader.read()
        assert b"HTTP" not in answer
        writer.close()


async def test_a_handshake_that_says_nothing_is_ended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listener, "HANDSHAKE_TIMEOUT_S", 0.05)
    async with serving(tmp_path) as served:
        host, port = served.peer_url.removeprefix("https://").split(":")
        reader, writer = await asyncio.open_connection(host, int(port))
        async with asyncio.timeout(10):
            assert await reader.read() == b""
        writer.close()


async def test_silent_handshakes_make_room_for_whoever_shakes_hands(
    served: ServedGateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listener, "HANDSHAKES_MAX", 2)
    host, port = served.peer_url.removeprefix("https://").split(":")
    silent = [await asyncio.open_connection(host, int(port)) for _ in range(4)]
    async with served.peers() as peers, asyncio.timeout(listener.HANDSHAKE_TIMEOUT_S / 2):
        assert await peers.send(CA, b"x") == REFUSAL
        for reader, writer in silent[:3]:
            # Cut off by those that came after; nothing was read from them.
            with contextlib.suppress(ConnectionResetError):
                assert await reader.read() == b""
            writer.close()
    silent[3][1].close()


def test_certificate_files_are_judged_before_anything_starts(tmp_path: Path) -> None:
    authority = make_authority()
    files = make_tls_files(tmp_path / "good", authority, CA)
    assert GatewayTls(files, CA).expires_at.year > 2026
    with pytest.raises(ConfigError, match=f"found '{CA}'.*DNS:{HPF}"):
        GatewayTls(files, HPF)
    both = make_tls_files(tmp_path / "both", authority, CA, hosts=[HPF])
    with pytest.raises(ConfigError, match="this department alone"):
        GatewayTls(both, CA)
    open_key = tmp_path / "open.key"
    shutil.copy(files.key, open_key)
    open_key.chmod(0o640)
    with pytest.raises(ConfigError, match=r"mode 0640.*chmod 600"):
        GatewayTls(TlsFiles(files.certificate, open_key, files.authority), CA)
    with pytest.raises(ConfigError, match=r"nowhere\.crt"):
        GatewayTls(TlsFiles(tmp_path / "nowhere.crt", files.key, files.authority), CA)


def test_situation_57_files_that_change_while_they_are_read_are_an_error_of_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    authority = make_authority()
    files = make_tls_files(tmp_path / "tls", authority, CA)
    contexts = GatewayTls(files, CA)
    other = make_tls_files(tmp_path / "other", authority, CA)
    judge = tls._require_named

    def judge_and_change(*judged: Any) -> None:
        judge(*judged)
        files.key.write_bytes(other.key.read_bytes())

    monkeypatch.setattr(tls, "_require_named", judge_and_change)
    with pytest.raises(ConfigError, match="changed while they were read"):
        contexts.reload()
    files.certificate.write_bytes(other.certificate.read_bytes())
    contexts.reload()


async def test_an_unfit_key_is_told_once_for_each_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process, "RESUME_INTERVAL_S", 0)
    answers = iter(["", "unknown-key", "unknown-key", "", "key-not-active"])

    class Chain:
        async def unfit(self, key_id: bytes, org: str) -> str:
            try:
                return next(answers)
            except StopIteration:
                raise asyncio.CancelledError from None

    config = SimpleNamespace(org=CA, key="gateway.key")
    stream = io.StringIO()
    log = open_log("gateway", stream)
    with pytest.raises(asyncio.CancelledError):
        await process._look_at_key(b"k", cast(GatewayConfig, config), cast(ClientChain, Chain()), log)
    told = [json.loads(line) for line in stream.getvalue().splitlines()]
    assert [(each["event"], each["problem"]) for each in told] == [
        ("own-key-unfit", "unknown-key"),
        ("own-key-unfit", "key-not-active"),
    ]


async def test_work_beside_the_servers_goes_on_after_a_mistake_in_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process, "RESUME_INTERVAL_S", 0)
    begun, person = 0, f"p-{17}"

    async def work() -> None:
        nonlocal begun
        begun += 1
        if begun == 1:
            raise KeyError(person)
        raise asyncio.CancelledError

    stream = io.StringIO()
    with pytest.raises(asyncio.CancelledError):
        await process._keep_up("tend", work, open_log("gateway", stream))
    assert begun == 2
    assert "KeyError" in stream.getvalue()
    assert person not in stream.getvalue()


async def test_situation_57_renewed_certificates_serve_the_lines_made_afterwards(
    served: ServedGateway,
) -> None:
    host, port = served.url.removeprefix("https://").split(":")
    seen = []
    for _ in range(2):
        seen.append(await asyncio.to_thread(ssl.get_server_certificate, (host, int(port))))
        renewed = served.own
        make_tls_files(renewed.certificate.parent, served.authority, CA)
        served.own_tls.reload()
    assert seen[0] != seen[1]
    make_tls_files(renewed.certificate.parent, served.authority, HPF)
    with pytest.raises(ConfigError, match="this department alone"):
        served.own_tls.reload()
    async with served.desk() as desk, served.peers() as peers:
        assert await desk.uses("nobody") == ()
        assert await peers.send(CA, b"x") == REFUSAL


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        ((CA, "127.0.0.1"), CA),
        (("validator-0",), ""),
        ((CA, HPF), ""),
        ((CA[:-1] + "0",), ""),
        ((), ""),
    ],
)
def test_a_certificate_names_one_organisation(names: tuple[str, ...], expected: str) -> None:
    decoded = {"subjectAltName": tuple(("DNS", name) for name in names)}
    assert organisation_of(decoded) == expected
    assert organisation_of({"subjectAltName": (("IP Address", CA),)}) == organisation_of(None) == ""
