"""Live events over WebSocket and server-sent events: order, resume, bounds, ends."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Any

import aiohttp
import msgspec
import pytest

from govchain.api import ApiLimits, ApiServer, serve
from govchain.client import FinalEvent
from govchain.codec import from_readable
from govchain.errors import Unavailable
from tests.api.test_transactions import deposit
from tests.support.fake_validator import STREAM_EVENTS_MAX, FakeNetwork, FakeValidator

SSE = {"Accept": "text/event-stream"}


async def read_sse(response: aiohttp.ClientResponse) -> AsyncIterator[dict[str, str]]:
    """Events of a stream as dicts of their fields; comments come as {"": text}."""
    fields: dict[str, str] = {}
    async for line in response.content:
        text = line.decode().rstrip("\n")
        if text:
            name, _, value = text.partition(":")
            fields[name] = value.strip()
        else:
            yield fields
            fields = {}


async def test_sse_replays_from_a_height_and_goes_on_live(
    network: FakeNetwork, http: aiohttp.ClientSession
) -> None:
    network.admit(deposit(network))
    network.finalise()
    network.finalise()
    async with http.get("/v1/events?from=1", headers=SSE) as response:
        assert response.content_type == "text/event-stream"
        stream = read_sse(response)
        assert await anext(stream) == {"": "alive"}
        first, second = await anext(stream), await anext(stream)
        network.finalise()
        third = await anext(stream)
    assert [each["id"] for each in (first, second, third)] == ["1", "2", "3"]
    assert first["event"] == "block"
    event = from_readable(msgspec.json.decode(first["data"]), FinalEvent)
    assert event.kinds == ("evidence.deposit",)
    assert event.results[0].applied


async def test_sse_resumes_after_last_event_id(network: FakeNetwork, http: aiohttp.ClientSession) -> None:
    for _ in range(3):
        network.finalise()
    async with http.get("/v1/events", headers={**SSE, "Last-Event-ID": "2"}) as response:
        stream = read_sse(response)
        await anext(stream)
        assert (await anext(stream))["id"] == "3"
        network.finalise()
        assert (await anext(stream))["id"] == "4"


async def test_sse_without_a_height_begins_with_the_next_block(
    network: FakeNetwork, http: aiohttp.ClientSession
) -> None:
    network.finalise()
    async with http.get("/v1/events", headers=SSE) as response:
        stream = read_sse(response)
        await anext(stream)
        await network.until(lambda: len(network.streams) == 1)
        network.finalise()
        assert (await anext(stream))["id"] == "2"


async def test_sse_shows_a_sign_of_life_while_nothing_happens(validator: FakeValidator) -> None:
    server = await serve(validator, "127.0.0.1", 0, ApiLimits(heartbeat_s=0.01, shutdown_timeout_s=0.5))
    async with aiohttp.ClientSession(server.url) as http, http.get("/v1/events", headers=SSE) as response:
        stream = read_sse(response)
        assert [await anext(stream) for _ in range(3)] == [{"": "alive"}] * 3
    await server.close()


async def test_websocket_replays_and_goes_on_live(network: FakeNetwork, http: aiohttp.ClientSession) -> None:
    network.finalise()
    async with http.ws_connect("/v1/events?from=1") as websocket:
        assert (await websocket.receive_json())["height"] == 1
        network.finalise()
        assert (await websocket.receive_json())["height"] == 2


async def test_reader_that_falls_behind_is_ended_and_can_resume(
    network: FakeNetwork, http: aiohttp.ClientSession
) -> None:
    async with http.ws_connect("/v1/events?from=1") as websocket:
        await network.until(lambda: len(network.streams) == 1)
        # Blocks in one burst, faster than the stream's task can run.
        for _ in range(STREAM_EVENTS_MAX + 2):
            network.finalise()
        heights = []
        while (message := await websocket.receive()).type == aiohttp.WSMsgType.TEXT:
            heights.append(msgspec.json.decode(message.data)["height"])
        assert message.type == aiohttp.WSMsgType.CLOSE
        assert message.data == aiohttp.WSCloseCode.TRY_AGAIN_LATER
    assert heights == list(range(1, len(heights) + 1))
    assert len(heights) < STREAM_EVENTS_MAX + 2
    async with http.ws_connect(f"/v1/events?from={len(heights) + 1}") as websocket:
        assert (await websocket.receive_json())["height"] == len(heights) + 1


async def test_client_that_closes_frees_its_slot(validator: FakeValidator, network: FakeNetwork) -> None:
    server = await serve(validator, "127.0.0.1", 0, ApiLimits(streams_max=1, shutdown_timeout_s=0.5))
    async with aiohttp.ClientSession(server.url) as http:
        for _ in range(3):
            websocket = await _connect_when_free(http)
            async with http.get("/v1/events", headers=SSE) as response:
                problem = await response.json()
                assert (response.status, problem["code"]) == (503, "too-many-streams")
            await websocket.close()
            await network.until(lambda: not network.streams)
    await server.close()


async def _connect_when_free(http: aiohttp.ClientSession) -> aiohttp.ClientWebSocketResponse:
    # The validator sees a stream end a moment before the server has its slot back.
    for _ in range(100):
        with suppress(aiohttp.WSServerHandshakeError):
            return await http.ws_connect("/v1/events?from=1")
    raise AssertionError("the slot never became free")


async def test_sse_client_that_goes_frees_its_slot(network: FakeNetwork, http: aiohttp.ClientSession) -> None:
    async with http.get("/v1/events", headers=SSE) as response:
        await anext(read_sse(response))
        await network.until(lambda: len(network.streams) == 1)
    await network.until(lambda: not network.streams)


async def test_open_streams_end_when_the_server_closes(
    validator: FakeValidator, network: FakeNetwork
) -> None:
    server = await serve(validator, "127.0.0.1", 0, ApiLimits(shutdown_timeout_s=30.0))
    async with (
        aiohttp.ClientSession(server.url) as http,
        http.ws_connect("/v1/events") as websocket,
        http.get("/v1/events", headers=SSE) as response,
    ):
        stream = read_sse(response)
        await anext(stream)
        await server.close()
        assert (await websocket.receive()).type in (aiohttp.WSMsgType.CLOSE, aiohttp.WSMsgType.CLOSED)
        with pytest.raises((aiohttp.ClientError, StopAsyncIteration)):
            await anext(stream)
    assert not network.streams


async def test_validator_that_cannot_stream_says_so(
    validator: FakeValidator, http: aiohttp.ClientSession
) -> None:
    validator.failure = Unavailable("catching up")
    async with http.get("/v1/events", headers=SSE) as response:
        events = [each async for each in read_sse(response)]
    assert events[-1]["event"] == "problem"
    assert msgspec.json.decode(events[-1]["data"])["code"] == "unavailable"
    async with http.ws_connect("/v1/events") as websocket:
        message = await websocket.receive()
        assert (message.data, message.extra) == (aiohttp.WSCloseCode.TRY_AGAIN_LATER, "catching up")


@pytest.mark.parametrize(
    ("path", "headers", "status", "code"),
    [
        ("/v1/events", {}, 406, "not-acceptable"),
        ("/v1/events?from=0", SSE, 400, "invalid-parameter"),
        ("/v1/events", {**SSE, "Last-Event-ID": "x"}, 400, "invalid-parameter"),
        ("/v1/events", {"Upgrade": "websocket"}, 400, "malformed"),
    ],
)
async def test_request_that_opens_no_stream(
    path: str, headers: dict[str, Any], status: int, code: str, server: ApiServer
) -> None:
    async with aiohttp.ClientSession(server.url) as http, http.get(path, headers=headers) as response:
        assert (response.status, (await response.json())["code"]) == (status, code)
