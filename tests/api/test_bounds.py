"""Bounds of the server: sizes, counts, rates, connections, and bytes that are no HTTP at all."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import msgspec
import pytest

from govchain.api import ApiLimits, ApiServer, serve
from govchain.api.limits import TokenBuckets
from govchain.codec import encode
from govchain.errors import Unavailable
from govchain.model import Transaction
from tests.support.fake_validator import FakeNetwork, FakeValidator

MSGPACK = {"Content-Type": "application/msgpack"}


@asynccontextmanager
async def serving(validator: FakeValidator, **limits: Any) -> AsyncIterator[ApiServer]:
    server = await serve(validator, "127.0.0.1", 0, ApiLimits(**{"shutdown_timeout_s": 0.5, **limits}))
    try:
        yield server
    finally:
        await server.close()


async def raw(server: ApiServer, data: bytes) -> bytes:
    """Everything that the server says to these bytes until it hangs up."""
    reader, writer = await asyncio.open_connection(server.host, server.port)
    writer.write(data)
    try:
        return await reader.read()
    finally:
        writer.close()


async def is_alive(server: ApiServer) -> bool:
    async with aiohttp.ClientSession() as http, http.get(server.url + "/healthz") as response:
        return response.status == 200


@pytest.mark.parametrize("is_chunked", [False, True])
async def test_body_over_the_limit_is_refused(is_chunked: bool, validator: FakeValidator) -> None:
    async def pieces() -> AsyncIterator[bytes]:
        for _ in range(40):
            yield bytes(100)

    async with serving(validator, body_bytes_max=2_000) as server, aiohttp.ClientSession(server.url) as http:
        data = pieces() if is_chunked else bytes(4_000)
        async with http.post("/v1/transactions", data=data, headers=MSGPACK) as response:
            problem = await response.json()
        assert (response.status, problem["code"], problem["definite"]) == (413, "body-too-large", True)
    assert not validator.submissions


@pytest.mark.parametrize("encoding", ["msgpack", "json"])
async def test_batch_over_the_limit_is_refused_whole(encoding: str, validator: FakeValidator) -> None:
    async with serving(validator, transactions_max=2) as server, aiohttp.ClientSession(server.url) as http:
        if encoding == "msgpack":
            data = encode((Transaction(b"a", b"b"),) * 3)
        else:
            data = msgspec.json.encode({"transactions": [{}, {}, {}]})
        headers = {"Content-Type": f"application/{encoding}"}
        async with http.post("/v1/transactions", data=data, headers=headers) as response:
            problem = await response.json()
        assert (response.status, problem["code"]) == (413, "batch-too-large")
    assert not validator.submissions


async def test_body_that_never_arrives_is_given_up(validator: FakeValidator) -> None:
    async with serving(validator, body_timeout_s=0.01) as server:
        head = b"POST /v1/transactions HTTP/1.1\r\nHost: x\r\nContent-Type: application/msgpack\r\n"
        reader, writer = await asyncio.open_connection(server.host, server.port)
        writer.write(head + b"Content-Length: 100\r\n\r\nabc")
        assert (await reader.readline()).startswith(b"HTTP/1.1 408")
        writer.close()


async def test_head_that_never_ends_is_hung_up_on(validator: FakeValidator) -> None:
    async with serving(validator, idle_timeout_s=0.05) as server:
        assert await raw(server, b"GET /healthz HTTP/1.1\r\nHost: x\r\nX-Slow: ") == b""


GARBAGE = {
    "TLS hello": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(range(256)),
    "zeros": bytes(4_096) + b"\r\n\r\n",
    "text": b"hello\r\n\r\n",
    "peer frame": (70_000).to_bytes(4, "big") + b"\x93\x01\x02\x03\r\n\r\n",
    "two lengths": b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\na",
    "length and chunks": (
        b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
    ),
    "long header": b"GET /healthz HTTP/1.1\r\nHost: x\r\nX: " + b"a" * 20_000 + b"\r\n\r\n",
    "many headers": b"GET /healthz HTTP/1.1\r\nHost: x\r\n" + b"X: a\r\n" * 5_000 + b"\r\n",
}


@pytest.mark.parametrize("case", GARBAGE)
async def test_garbage_is_refused_and_disturbs_nobody(
    case: str, validator: FakeValidator, caplog: pytest.LogCaptureFixture
) -> None:
    async with serving(validator) as server:
        answer = await raw(server, GARBAGE[case])
        assert answer.startswith(b"HTTP/1.0 400") or answer.startswith(b"HTTP/1.1 400"), answer[:80]
        assert await is_alive(server)
    assert "Traceback" not in caplog.text


async def test_connections_over_the_limit_are_told_and_closed(validator: FakeValidator) -> None:
    async with serving(validator, connections_max=1) as server:
        _, first = await asyncio.open_connection(server.host, server.port)
        async with aiohttp.ClientSession() as http, http.get(server.url + "/healthz") as response:
            problem = await response.json()
        assert (response.status, problem["code"], problem["retry"]) == (503, "too-many-connections", True)
        first.close()
        await first.wait_closed()


async def test_RQ5_rate_limit_by_address(validator: FakeValidator) -> None:
    limits = {"requests_per_s": 0.001, "requests_burst": 2}
    async with serving(validator, **limits) as server, aiohttp.ClientSession(server.url) as http:
        for expected in (200, 200, 429, 429):
            async with http.get("/v1/status") as response:
                assert response.status == expected
                problem = await response.json()
        assert (problem["code"], problem["definite"], problem["retry"]) == ("rate-limited", True, True)
        assert int(response.headers["Retry-After"]) > 1
        async with http.get("/healthz") as response:
            assert response.status == 200, "probes are not counted"


def test_bucket_refills_with_time_and_forgets_the_oldest() -> None:
    buckets = TokenBuckets(per_s=2.0, burst=2, clients_max=2)
    assert [buckets.take("a", 10.0) for _ in range(3)] == [0.0, 0.0, 0.5]
    assert buckets.take("a", 10.5) == 0.0
    assert buckets.take("a", 10.5) > 0
    assert buckets.take("a", 9.0) > 0, "a clock that goes back gives nothing"
    assert buckets.take("b", 10.5) == 0.0
    assert buckets.take("c", 10.5) == 0.0
    assert buckets.take("a", 10.5) == 0.0, "a was forgotten and starts full"


def test_bucket_never_holds_more_than_its_size() -> None:
    buckets = TokenBuckets(per_s=100.0, burst=3, clients_max=1)
    buckets.take("a", 0.0)
    assert [buckets.take("a", 1e9) > 0 for _ in range(4)] == [False, False, False, True]


async def test_taken_port_says_what_to_do(validator: FakeValidator) -> None:
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        port = holder.getsockname()[1]
        with pytest.raises(Unavailable) as caught:
            await serve(validator, "127.0.0.1", port)
    assert f"127.0.0.1:{port}" in str(caught.value)
    assert "stop the program that holds the port" in str(caught.value)


async def test_closing_does_not_wait_for_waiting_clients(
    validator: FakeValidator, network: FakeNetwork
) -> None:
    server = await serve(validator, "127.0.0.1", 0, ApiLimits(shutdown_timeout_s=0.05))
    network.admit(_transaction(network))
    async with aiohttp.ClientSession(server.url) as http:
        async with http.get("/healthz"):
            pass

        async def wait() -> None:
            async with http.get(f"/v1/transactions/{_id(network).hex()}?wait=30000"):
                pass

        waiting = asyncio.create_task(wait())
        await network.until(lambda: network.waiting == 1)
        await server.close()
        with pytest.raises(aiohttp.ClientError):
            await waiting


async def test_client_that_goes_ends_its_wait(validator: FakeValidator, network: FakeNetwork) -> None:
    network.admit(_transaction(network))
    async with serving(validator) as server:
        _, writer = await asyncio.open_connection(server.host, server.port)
        path = f"/v1/transactions/{_id(network).hex()}?wait=30000"
        writer.write(f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        await network.until(lambda: network.waiting == 1)
        writer.close()
        await network.until(lambda: network.waiting == 0)


def _transaction(network: FakeNetwork) -> Transaction:
    from tests.support.fake_validator import CLERK, COURT, deposit_payload

    return network.signer(COURT, CLERK).build("evidence.deposit", deposit_payload("EV-1"), expiry_height=9)


def _id(network: FakeNetwork) -> bytes:
    from govchain.crypto import transaction_id
    from tests.support.fake_validator import SUITE

    return transaction_id(SUITE, _transaction(network))
