"""Live events: every final block, over WebSocket or as server-sent events, resumable by height.

A stream is a courtesy: a reader that is slow, silent or gone is ended, and resumes where it stopped.
"""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import Final

import msgspec
from aiohttp import WSCloseCode, web

from govchain.api.context import ApiContext, Asked, accepts
from govchain.api.problems import Refusal, problem_body
from govchain.client.answers import FinalEvent
from govchain.codec import to_readable
from govchain.errors import GovchainError

EVENT_STREAM: Final = "text/event-stream"
CLIENT_MESSAGE_BYTES_MAX: Final = 1_024
"""A WebSocket client has nothing to say but close."""

_HEIGHT: Final = re.compile(r"[0-9]{1,18}")
_log = logging.getLogger("govchain.api")


async def stream_events(context: ApiContext, request: web.Request, asked: Asked) -> web.StreamResponse:
    """GET /v1/events."""
    from_height = _from_height(request, asked)
    if request.headers.get("Upgrade", "").lower() == "websocket":
        with _stream_slot(context):
            return await _websocket(context, request, from_height)
    if accepts(request, EVENT_STREAM):
        with _stream_slot(context):
            return await _server_sent(context, request, from_height)
    raise Refusal("not-acceptable", f"open a WebSocket, or send Accept: {EVENT_STREAM}")


def event_json(event: FinalEvent) -> bytes:
    """One event as it is sent on both transports."""
    return msgspec.json.encode(to_readable(event))


def _from_height(request: web.Request, asked: Asked) -> int | None:
    """`?from=`, or the height after the Last-Event-ID with which a browser resumes."""
    last = request.headers.get("Last-Event-ID", "")
    if last:
        if not _HEIGHT.fullmatch(last):
            raise Refusal("invalid-parameter", f"Last-Event-ID: expected a height, found {last[:40]!r}")
        return int(last) + 1
    from_height: int | None = asked["from"]
    return from_height


@contextmanager
def _stream_slot(context: ApiContext) -> Iterator[None]:
    if len(context.streams) >= context.limits.streams_max:
        raise Refusal("too-many-streams", f"{context.limits.streams_max} event streams are open; try later")
    task = asyncio.current_task()
    assert task is not None
    context.streams.add(task)
    try:
        yield
    finally:
        context.streams.discard(task)


async def _server_sent(
    context: ApiContext, request: web.Request, from_height: int | None
) -> web.StreamResponse:
    response = web.StreamResponse(headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"})
    response.content_type = EVENT_STREAM
    response.charset = "utf-8"
    await response.prepare(request)

    async def send(event: FinalEvent | None) -> None:
        if event is None:
            text = b": alive\n\n"
        else:
            text = b"id: %d\nevent: block\ndata: %b\n\n" % (event.height, event_json(event))
        async with asyncio.timeout(context.limits.write_timeout_s):
            await response.write(text)

    # Sent at once, so that the reader knows the stream is open before the first block.
    error = await _pump(context, context.service.events(from_height), send, greet=True)
    if error is not None:
        data = msgspec.json.encode(problem_body(error.code, str(error)))
        await response.write(b"event: problem\ndata: %b\n\n" % data)
    await response.write_eof()
    return response


async def _websocket(
    context: ApiContext, request: web.Request, from_height: int | None
) -> web.StreamResponse:
    socket = web.WebSocketResponse(
        heartbeat=context.limits.heartbeat_s, max_msg_size=CLIENT_MESSAGE_BYTES_MAX, compress=False
    )
    if not socket.can_prepare(request).ok:
        raise Refusal("malformed", "not a WebSocket handshake")
    await socket.prepare(request)

    async def send(event: FinalEvent | None) -> None:
        # The WebSocket's own pings are the sign of life.
        if event is not None:
            async with asyncio.timeout(context.limits.write_timeout_s):
                await socket.send_str(event_json(event).decode())

    async def listen() -> None:
        async for _ in socket:
            pass

    pump = asyncio.create_task(_pump(context, context.service.events(from_height), send))
    ears = asyncio.create_task(listen())
    try:
        await asyncio.wait((pump, ears), return_when=asyncio.FIRST_COMPLETED)
        ended = pump.done()
        error = pump.result() if ended else None
    finally:
        pump.cancel()
        ears.cancel()
        await asyncio.gather(pump, ears, return_exceptions=True)
    if ended:
        reason = (
            str(error)[:100] if error is not None else "the stream ended here; resume from the next height"
        )
        await socket.close(code=WSCloseCode.TRY_AGAIN_LATER, message=reason.encode())
    return socket


async def _pump(
    context: ApiContext,
    events: AsyncIterator[FinalEvent],
    send: Callable[[FinalEvent | None], Awaitable[None]],
    *,
    greet: bool = False,
) -> GovchainError | None:
    """Send events until they end or the reader is gone; a silent interval sends a sign of life."""
    upcoming: asyncio.Task[FinalEvent | None] | None = None
    try:
        if greet:
            await send(None)
        while True:
            upcoming = upcoming or asyncio.create_task(_next(events))
            await asyncio.wait((upcoming,), timeout=context.limits.heartbeat_s)
            if not upcoming.done():
                await send(None)
                continue
            event, upcoming = upcoming.result(), None
            if event is None:
                return None
            await send(event)
    except GovchainError as error:
        return error
    except (ConnectionError, TimeoutError):
        _log.info("event stream ended: its reader is gone or takes nothing")
        return None
    finally:
        if upcoming is not None:
            upcoming.cancel()
            await asyncio.gather(upcoming, return_exceptions=True)
        close = getattr(events, "aclose", None)
        if close is not None:
            await close()


async def _next(events: AsyncIterator[FinalEvent]) -> FinalEvent | None:
    return await anext(events, None)
