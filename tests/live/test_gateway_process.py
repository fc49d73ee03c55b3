"""Two gateways as processes over a real validator: exchanges, and gateways killed in the middle of one."""

from __future__ import annotations

import asyncio
import json
import signal
import stat
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import aiohttp
import msgspec
import pytest

from govchain.client import Client
from govchain.codec import encode
from govchain.crypto import read_key_file
from govchain.errors import GovchainError
from govchain.gateway import Answered, Refused, Use
from govchain.gateway.portal import UseView
from govchain.ledger.identifiers import format_rfc3339
from govchain.ledger.payloads import encode_payload
from govchain.model import Organisation, TransactionResult
from govchain.testnet import (
    Addresses,
    LocalNetwork,
    NetworkPlan,
    PlannedPerson,
    PlannedValidator,
    free_ports,
    init_network,
)
from govchain.testnet.gateways import LocalGateways, init_gateways
from tests.support.gateway_world import OFFERS, holding, question
from tests.support.sharing_world import CA, DATA, HPF, MARRIAGE, PSB, catalog_fields, request_fields

PEOPLE = {
    "ca-maker": (CA, "maker"),
    "ca-checker": (CA, "checker"),
    "ca-approver": (CA, "approver"),
    "ca-gateway": (CA, "gateway"),
    "hpf-maker": (HPF, "maker"),
    "hpf-gateway": (HPF, "gateway"),
    "data-checker": (DATA, "checker"),
    "wang-at-hpf": (PSB, "citizen"),
}
ORGANISATIONS = (
    Organisation(PSB, "Public security", ("citizen-portal",)),
    Organisation(HPF, "Housing fund", ("data-requester",)),
    Organisation(CA, "Civil affairs", ("data-provider",)),
    Organisation(DATA, "Data bureau", ("data-authority",)),
)


class Running:
    """A network, its two gateways, and a clock of records."""

    def __init__(self, network: LocalNetwork, gateways: LocalGateways) -> None:
        self.network = network
        self.gateways = gateways

    async def submit(
        self, client: Client, kind: str, person: str, object_id: str, fields: Mapping[str, Any]
    ) -> TransactionResult:
        transaction = await self.build(client, kind, person, object_id, fields)
        result = (await client.submit_and_wait(transaction)).result
        assert result is not None
        return result

    async def build(
        self, client: Client, kind: str, person: str, object_id: str, fields: Mapping[str, Any]
    ) -> Any:
        known = None
        if kind != "catalog.draft":  # Before the first block nothing can be proven.
            known = (await client.record(kind.partition(".")[0], object_id)).state
        envelope: dict[str, Any] = {
            "object_id": object_id,
            "object_version": 1 if known is None else known.version + 1,
            "claimed_time": format_rfc3339(int(datetime.now(UTC).timestamp() * 1000)),
        }
        if known is not None:
            envelope["prev_record_hash"] = known.last_record_hash.hex()
        holder = self.network.manifest.person(person)
        signer = await client.open_signer(holder.org, read_key_file(self.network.directory / holder.key))
        return signer.build(kind, encode_payload(envelope, dict(fields)), expiry_height=5_000)


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    directory = tmp_path_factory.mktemp("gateways") / "net"
    api, peer, *ports = free_ports(6)
    now = datetime.now(UTC)
    plan = NetworkPlan(
        name="gateways",
        time_ms=int(now.timestamp() * 1000) - 3_600_000,
        validators=(PlannedValidator("validator-0", DATA),),
        organisations=ORGANISATIONS,
        people=tuple(PlannedPerson(name, org, (role,)) for name, (org, role) in PEOPLE.items()),
    )
    init_network(directory, plan, now=now, addresses=Addresses(ports=((api, peer),)))
    init_gateways(directory, offers={CA: OFFERS, HPF: ()}, ports=ports)
    with LocalNetwork(directory) as network, LocalGateways(directory) as gateways:
        network.start()
        gateways.start()
        found = Running(network, gateways)
        asyncio.run(_open(found))
        yield found


async def _open(running: Running) -> None:
    today = datetime.now(UTC).date()
    period = {
        "valid_from": today.replace(day=1).isoformat(),
        "valid_to": today.replace(year=today.year + 1, day=1).isoformat(),
    }
    async with Client(running.network.urls, genesis=running.network.genesis) as client:
        for kind, person, number, fields in (
            ("catalog.draft", "ca-maker", MARRIAGE, catalog_fields()),
            ("catalog.review", "data-checker", MARRIAGE, {}),
            ("catalog.publish", "ca-checker", MARRIAGE, {}),
            ("grant.request", "hpf-maker", "G-1", request_fields(**period)),
            ("grant.approve", "ca-approver", "G-1", {}),
            ("consent.give", "wang-at-hpf", "C-1", _consent()),
        ):
            result = await running.submit(client, kind, person, number, fields)
            assert result.applied, result
    async with running.gateways.remote("ca-gateway") as gateway:
        await gateway.hold([holding()])


def _consent() -> dict[str, Any]:
    return {
        "subject_ref": "wang-at-hpf",
        "audience": HPF,
        "purpose": "hpf-loan",
        "fields": [f"{MARRIAGE}/status"],
        "expires_at": "2099-01-01T00:00:00+08:00",
        "max_uses": 9,
    }


async def _state(running: Running, exchange: str) -> Any:
    async with Client(running.network.urls, genesis=running.network.genesis) as client:
        return (await client.record("exchange", exchange, level="latest")).state


async def _until(running: Running, exchange: str, *states: str) -> Any:
    """Polls the chain: the only signal that a process of its own gives."""
    async with asyncio.timeout(30):
        while True:
            record = await _state(running, exchange)
            if record is not None and record.state in states:
                return record
            await asyncio.sleep(0.05)


async def _uses(running: Running, at_least: int) -> Sequence[Use]:
    """What the provider shows to wang, once it is so much: it follows the chain in its own time."""
    async with running.gateways.remote("ca-gateway") as gateway, asyncio.timeout(30):
        while True:
            if len(found := await gateway.uses("wang-at-ca")) >= at_least:
                return found
            await asyncio.sleep(0.05)


async def test_a_person_sees_who_asked_and_revokes(running: Running) -> None:
    async with running.gateways.remote("hpf-gateway") as gateway:
        outcome = await gateway.ask(question(exchange="P-1", consent="C-1"))
        assert isinstance(outcome, Answered), outcome
        assert outcome.told == {"status": True}
        token = await gateway.portal_token("wang-at-hpf", 600)
        url = running.gateways.url("hpf-gateway")
        trust = aiohttp.TCPConnector(ssl=running.gateways.tls("hpf-gateway"))
        headers = {"Authorization": f"Bearer {token}"}
        async with aiohttp.ClientSession(connector=trust, headers=headers) as session:
            async with session.get(f"{url}/v1/portal/uses") as response:
                uses = msgspec.json.decode(await response.read(), type=list[UseView])
            assert [(view.use.exchange, view.use.outcome) for view in uses] == [("P-1", "answered")]
            assert "C-1" in uses[0].sentence_zh
            async with Client(running.network.urls, genesis=running.network.genesis) as client:
                revoke = await running.build(client, "consent.revoke", "wang-at-hpf", "C-1", {})
            async with session.post(f"{url}/v1/portal/revocations", data=encode(revoke)) as response:
                assert (await response.json())["applied"] is True
        refused = await gateway.ask(question(exchange="P-2", consent="C-1"))
        assert isinstance(refused, Refused)
        assert (refused.rule, refused.code) == ("D11", "E_CONSENT_MISSING")
    # The provider got no message of it, and shows it all the same.
    assert [(use.side, use.exchange, use.code) for use in await _uses(running, 2)] == [
        ("denied", "P-2", "E_CONSENT_MISSING"),
        ("gave", "P-1", ""),
    ]


async def test_a_provider_killed_with_a_query_before_it_answers_once(running: Running) -> None:
    provider = running.gateways.process("ca-gateway")
    provider.signal(signal.SIGSTOP)
    async with running.gateways.remote("hpf-gateway") as gateway:
        asking = asyncio.create_task(gateway.ask(question(exchange="K-1")))
        await _until(running, "K-1", "QUERIED")
        provider.kill()
        with pytest.raises(GovchainError):
            await asking
        running.gateways.start()
        outcome = await gateway.ask(question(exchange="K-1"))
    assert isinstance(outcome, Answered), outcome
    record = await _until(running, "K-1", "CONFIRMED")
    assert [entry.kind for entry in record.timeline].count("exchange.answer") == 1


async def test_a_requester_killed_in_the_middle_goes_on_by_itself(running: Running) -> None:
    requester = running.gateways.process("hpf-gateway")
    async with running.gateways.remote("hpf-gateway") as gateway:
        asking = asyncio.create_task(gateway.ask(question(exchange="K-2")))
        await _until(running, "K-2", "QUERIED", "ANSWERED", "CONFIRMED")
        requester.kill()
        await asyncio.gather(asking, return_exceptions=True)
    running.gateways.start()
    record = await _until(running, "K-2", "CONFIRMED")
    assert [entry.kind for entry in record.timeline] == [
        "exchange.query",
        "exchange.answer",
        "exchange.confirm",
    ]


async def test_files_and_logs_of_gateways_hold_no_name_and_no_secret(running: Running) -> None:
    folder = running.gateways.directory
    secrets = [json.loads(path.read_bytes())["secret"] for path in folder.glob("*/secret.key")]
    tokens = [path.read_text().strip() for path in folder.glob("*/desk.token")]
    for path in folder.rglob("*"):
        if path.is_dir() or path.name in ("secret.key", "desk.token", "gateway.yaml"):
            continue
        data = path.read_bytes()
        for word in ("wang-at", "married", *secrets, *tokens):
            assert word.encode() not in data, (path, word)
    for path in [*folder.glob("*/*.key"), *folder.glob("*/*.token"), *folder.glob("*/*.db*")]:
        assert stat.S_IMODE(path.stat().st_mode) == 0o600, path


async def test_only_tokens_open_what_is_not_public(running: Running) -> None:
    url = running.gateways.url("ca-gateway")
    trust = aiohttp.TCPConnector(ssl=running.gateways.tls("ca-gateway"))
    async with aiohttp.ClientSession(connector=trust) as session:
        for method, path in (
            ("POST", "/v1/asks"),
            ("POST", "/v1/holdings"),
            ("POST", "/v1/uses"),
            ("GET", "/v1/portal/uses"),
        ):
            async with session.request(method, url + path, data=b"{}") as response:
                assert response.status == 401
                assert (await response.json())["code"] == "not-authorised"
        async with session.get(f"{url}/metrics") as response:
            assert "govchain_gateway_exchanges" in await response.text()
