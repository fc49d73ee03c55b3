"""Parts of a gateway alone: vault, database, tokens, configuration, and its routes over HTTP."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import aiohttp
import pytest

from govchain.api.limits import ApiLimits
from govchain.api.server import ApiServer
from govchain.codec import encode
from govchain.crypto.vault import Vault, seal_to
from govchain.errors import BadProof, ConfigError, InvalidInput, MalformedBytes, StorageFailure, Unavailable
from govchain.gateway import Answered
from govchain.gateway.config import load_gateway_config
from govchain.gateway.documents import MESSAGE_BYTES_MAX, REFUSAL
from govchain.gateway.http_client import HttpPeers, RemoteGateway
from govchain.gateway.metrics import GatewayMetrics
from govchain.gateway.routes import ROUTES, GatewayContext
from govchain.gateway.server import LIMITS, serve_gateway
from govchain.gateway.status_lists import StatusLists
from govchain.gateway.store import Exchange, GatewayStore
from govchain.gateway.tokens import VALID_S_MAX, PortalTokens
from tests.support.gateway_world import GatewayWorld, holding, question
from tests.support.sharing_world import CA, HPF

DESK = "d" * 64
OTHER_VARIABLE = "GOVCHAIN_TEST_DATABASE"
OTHER_DATABASE = os.environ.get(OTHER_VARIABLE, "")
"""SQLAlchemy URL of an empty PostgreSQL database."""


def test_a_vault_opens_rows_only_where_they_were_sealed() -> None:
    vault, other = Vault(b"a" * 32), Vault(b"b" * 32)
    sealed = vault.seal(b"row", "here")
    assert vault.open(sealed, "here") == b"row"
    assert vault.seal(b"row", "here") != sealed
    for broken, place, with_ in (
        (sealed, "there", vault),
        (sealed, "here", other),
        (sealed[:-1], "here", vault),
        (b"", "here", vault),
    ):
        with pytest.raises(StorageFailure, match="does not open"):
            with_.open(broken, place)
    assert vault.index("a", "b") != vault.index("ab")
    assert vault.index("a") != vault.derive("a").hex() != other.derive("a").hex()
    assert "a" * 8 not in repr(vault)
    with pytest.raises(ConfigError, match="32 bytes"):
        Vault(b"short")


def test_an_answer_opens_for_its_receiver_alone() -> None:
    vault = Vault(b"a" * 32)
    sealed = seal_to(vault.answer_key, b"told")
    assert vault.open_answer(sealed) == b"told"
    for broken, receiver in ((sealed, Vault(b"b" * 32)), (sealed[:-1], vault), (b"", vault)):
        with pytest.raises(BadProof, match="does not open"):
            receiver.open_answer(broken)
    with pytest.raises(MalformedBytes, match="32 bytes"):
        seal_to(b"short", b"told")


def test_a_database_belongs_to_one_gateway_and_nobody_else_reads_it(tmp_path: Path) -> None:
    path = tmp_path / "sub" / "gateway.db"
    GatewayStore(f"sqlite:///{path}", "chain A").close()
    assert path.stat().st_mode & 0o077 == 0
    with pytest.raises(ConfigError, match="another gateway"):
        GatewayStore(f"sqlite:///{path}", "chain B")
    path.chmod(0o644)
    with pytest.raises(ConfigError, match="others can read"):
        GatewayStore(f"sqlite:///{path}", "chain A")
    for url in ("no url", "nosuch://x"):
        with pytest.raises(ConfigError, match="cannot be opened"):
            GatewayStore(url, "chain A")
    path.chmod(0o600)
    path.write_bytes(b"no database" * 1000)
    with pytest.raises(StorageFailure, match="failed"):
        GatewayStore(f"sqlite:///{path}", "chain A")


@pytest.mark.skipif(not OTHER_DATABASE, reason=f"{OTHER_VARIABLE} names no database")
def test_another_database_keeps_the_same() -> None:
    store = GatewayStore(OTHER_DATABASE, "test")
    row = Exchange(
        side="gave", exchange="X-1", state="RECEIVED", person="p", at_ms=2**40, document=b"\x00\xff"
    )
    for state in ("RECEIVED", "LOGGED"):
        store.put_exchange(replace(row, state=state), next_nonce=7)
        assert store.exchange("gave", "X-1") == replace(row, state=state)
    assert store.meta("next-nonce") == "7"
    assert [each.exchange for each in store.unfinished()] == ["X-1"]
    store.close()


def test_a_token_of_a_person_ends_and_opens_no_other_person() -> None:
    store = GatewayStore("sqlite://", "chain A")
    tokens = PortalTokens(store, Vault(b"a" * 32))
    token = tokens.issue("wang", 10, now_ms=1_000)
    assert tokens.person(token, 10_999) == "wang"
    assert tokens.person(token, 11_000) == ""
    assert tokens.person(token[:-1] + "x", 2_000) == ""
    assert tokens.person("", 2_000) == ""
    for person, valid_s in (("", 10), ("wang", 0), ("wang", VALID_S_MAX + 1), ("w" * 129, 10)):
        with pytest.raises(InvalidInput, match="expected a pseudonym"):
            tokens.issue(person, valid_s, now_ms=0)
    store.close()


def test_a_configuration_says_what_is_wrong(tmp_path: Path) -> None:
    path = tmp_path / "gateway.yaml"
    good = f"org: {CA}\ngenesis: g\nkey: k\nsecret: s\ndesk_token: t\nlisten: 127.0.0.1:1\nvalidators: [http://v]\n"
    path.write_text(good)
    config = load_gateway_config(path)
    assert config.key == str(tmp_path / "k")
    assert config.database == f"sqlite:///{tmp_path / 'gateway.db'}"
    for wrong, problem in (
        (good.replace(CA, "X"), "credit code"),
        (good.replace("[http://v]", "[]"), "no validator"),
        (good + "more: 1\n", "more"),
    ):
        path.write_text(wrong)
        with pytest.raises(ConfigError, match=problem):
            load_gateway_config(path)


@pytest.fixture
async def served(tmp_path: Path) -> AsyncIterator[tuple[GatewayWorld, ApiServer]]:
    world = GatewayWorld(tmp_path)
    await world.open_item()
    gateway = world.giving
    context = GatewayContext(
        gateway=gateway,
        chain=world.chain,
        tokens=PortalTokens(gateway._office.store, gateway._office.vault),
        lists=StatusLists(gateway._office.store, gateway._office.vault, world.chain),
        desk_token=DESK,
        metrics=GatewayMetrics(),
        body_timeout_s=5.0,
    )
    server = await serve_gateway(context, "127.0.0.1", 0, LIMITS)
    yield world, server
    await server.close()
    world.close()


async def test_an_exchange_over_http(served: tuple[GatewayWorld, ApiServer]) -> None:
    world, server = served
    async with HttpPeers({CA: server.url}) as peers, RemoteGateway(server.url, DESK) as desk:
        world.asking._requester._peers = peers
        outcome = await world.asking.ask(question())
        assert isinstance(outcome, Answered)
        assert outcome.told == {"status": True}
        assert world.answers_on_chain() == 1
        (use,) = await desk.uses("wang-at-ca")
        assert (use.requester, use.outcome) == (HPF, "answered")
        assert len(await desk.correct(holding(status="divorced"))) == 64
        assert await peers.send(CA, b"x") == REFUSAL
        with pytest.raises(Unavailable, match="status 413"):
            await peers.send(CA, b"x" * (MESSAGE_BYTES_MAX + 1))
        with pytest.raises(Unavailable, match="no address"):
            await peers.send(HPF, b"x")
    async with aiohttp.ClientSession() as session, session.get(f"{server.url}/metrics") as response:
        assert 'govchain_gateway_exchanges{side="gave",state="DELIVERED"} 1.0' in await response.text()


async def test_every_route_wants_its_token_and_says_what_it_expects(
    served: tuple[GatewayWorld, ApiServer],
) -> None:
    _, server = served
    async with aiohttp.ClientSession() as session:
        for route in ROUTES:
            async with session.request(route.method, server.url + route.path, data=b"") as response:
                assert (response.status == 401) == (route.who in ("desk", "person")), route.path
        headers = {"Authorization": f"Bearer {DESK}"}
        for body in (b"", b"{", b"[]", b'{"exchange": 1}', b'{"person": "secret-name", "x": 1}'):
            async with session.post(f"{server.url}/v1/asks", data=body, headers=headers) as response:
                assert response.status == 400
                assert "secret-name" not in await response.text()
    async with RemoteGateway(server.url, "wrong") as desk:
        with pytest.raises(InvalidInput, match="bearer token"):
            await desk.hold([holding()])


async def test_D11_the_portal_hands_on_revocations_and_nothing_else(
    served: tuple[GatewayWorld, ApiServer],
) -> None:
    world, server = served
    world.world.consent()
    async with RemoteGateway(server.url, DESK) as desk:
        token = await desk.portal_token("wang-at-ca", 60)
    headers = {"Authorization": f"Bearer {token}"}
    url = f"{server.url}/v1/portal/revocations"
    payload = world.world.payload("consent.revoke", "C-1", {})
    revoke = world.world.sign("consent.revoke", "wang-at-hpf", payload, org="11990100MA0XX00B72")
    other = world.world.sign(
        "grant.revoke", "ca-approver", world.world.payload("grant.revoke", "G-1", {"reason": "x"}), org=CA
    )
    async with aiohttp.ClientSession(headers=headers) as session:
        for data in (encode(other), b"x"):
            async with session.post(url, data=data) as response:
                assert response.status == 400
        async with session.post(url, data=encode(revoke)) as response:
            assert (await response.json())["applied"] is True
    assert world.world.record("consent", "C-1").state == "REVOKED"
    assert world.world.record("grant", "G-1").state == "ACTIVE"


async def test_one_address_asks_so_often_and_no_more(tmp_path: Path) -> None:
    world = GatewayWorld(tmp_path)
    gateway = world.giving
    context = GatewayContext(
        gateway=gateway,
        chain=world.chain,
        tokens=PortalTokens(gateway._office.store, gateway._office.vault),
        lists=StatusLists(gateway._office.store, gateway._office.vault, world.chain),
        desk_token=DESK,
        metrics=GatewayMetrics(),
        body_timeout_s=5.0,
    )
    server = await serve_gateway(context, "127.0.0.1", 0, ApiLimits(requests_per_s=0.001, requests_burst=2))
    statuses = []
    async with aiohttp.ClientSession() as session:
        for _ in range(3):
            async with session.post(f"{server.url}/v1/exchanges", data=b"x") as response:
                statuses.append(response.status)
    await server.close()
    world.close()
    assert statuses == [200, 200, 429]
