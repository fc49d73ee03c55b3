"""What every handler gets, the shape of a handler, and how JSON leaves.

No handler lives here, and nothing that knows a route.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import msgspec
from aiohttp import web

from govchain.api.limits import ApiLimits
from govchain.api.ports import ValidatorService
from govchain.codec import to_readable

MSGPACK: Final = "application/msgpack"
JSON: Final = "application/json"


@dataclass(slots=True, eq=False)
class ApiContext:
    """One API server: the validator it shows, its limits, its open streams."""

    service: ValidatorService
    limits: ApiLimits
    streams: set[asyncio.Task[Any]] = field(default_factory=set)
    """Tasks of open event streams; cancelled when the server closes."""


CONTEXT: Final = web.AppKey("context", ApiContext)

Asked = Mapping[str, Any]
"""Parameters of a request by name, read and judged by its route."""

Handler = Callable[[ApiContext, web.Request, Asked], Awaitable[web.StreamResponse]]


def json_response(value: Any, *, status: int = 200, headers: Mapping[str, str] | None = None) -> web.Response:
    """A value in readable JSON: named fields, bytes as lower-case hex. A dict is readable already."""
    return web.Response(
        status=status,
        body=msgspec.json.encode(value if isinstance(value, dict) else to_readable(value)),
        content_type=JSON,
        headers=dict(headers or {}),
    )


def accepts(request: web.Request, media_type: str) -> bool:
    """True when the Accept header names the media type itself (wildcards ask for nothing in particular)."""
    offered = request.headers.get("Accept", "")
    return any(part.split(";")[0].strip().lower() == media_type for part in offered.split(","))
