"""Bodies of requests to a gateway, within bounds, and JSON answers; what they mean is known elsewhere."""

from __future__ import annotations

import asyncio
import re
from typing import Any, Final, Protocol, TypeVar

import msgspec
from aiohttp import web

from govchain.api.context import JSON
from govchain.api.problems import Refusal
from govchain.errors import MalformedBytes

T = TypeVar("T")
_PLACE: Final = re.compile(r" - at `(\$[A-Za-z0-9_.\[\]]*)`$")
"""How msgspec ends a message with the place that does not fit."""


class Patience(Protocol):
    """How long a server waits for a body."""

    body_timeout_s: float


async def read_body(server: Patience, request: web.Request, most: int) -> bytes:
    """The body, at most so many bytes; raises Refusal when it is larger or does not come."""
    try:
        async with asyncio.timeout(server.body_timeout_s):
            data = await request.read()
    except TimeoutError:
        raise Refusal("request-timeout", "the body did not arrive in time") from None
    if len(data) > most:
        raise Refusal("body-too-large", f"the body has more than {most} bytes")
    return data


async def read_json(server: Patience, request: web.Request, kind: type[T]) -> T:
    """The body as JSON of that type; raises MalformedBytes."""
    data = await read_body(server, request, request.client_max_size)
    try:
        return msgspec.json.decode(data, type=kind)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        # The library's message may quote a value; its place is made of our own names and of numbers.
        place = _PLACE.search(str(error))
        raise MalformedBytes(
            f"the body is no JSON of the shape {getattr(kind, '__name__', 'list')}"
            + (f", at {place[1]}" if place is not None else "")
        ) from None


def encoded(value: Any) -> web.Response:
    """A JSON answer."""
    return web.Response(body=msgspec.json.encode(value), content_type=JSON)
