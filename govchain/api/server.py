"""The HTTP server of one validator: the application, its error boundary and its bounds.

Routes are data (`routes`), errors are data (`problems`), limits are data (`limits`); this module joins them
with aiohttp. It knows the validator only through `ValidatorService`.
"""

from __future__ import annotations

import asyncio
import logging
import socket
import ssl
import traceback
from collections.abc import Awaitable, Callable, Collection
from typing import Final, cast

import msgspec
from aiohttp import web
from aiohttp.http import HttpProcessingError
from aiohttp.typedefs import Middleware

from govchain.api.context import CONTEXT, JSON, ApiContext
from govchain.api.limits import ApiLimits, TokenBuckets
from govchain.api.listener import TlsListener
from govchain.api.openapi import DOCUMENT_PATH, build_openapi
from govchain.api.parameters import read_parameters
from govchain.api.ports import ValidatorService
from govchain.api.problems import Refusal, error_response, problem_body, problem_response
from govchain.api.routes import ROUTES, Route
from govchain.errors import GovchainError, StorageFailure, Unavailable
from govchain.legal import detail_in_chinese, legal_bases

_RawHandler = Callable[[web.Request], Awaitable[web.StreamResponse]]
_log = logging.getLogger("govchain.api")
_http_log = logging.getLogger("govchain.api.http")

_HTTP_CODES: Final = {404: "not-found", 405: "method-not-allowed", 413: "body-too-large"}
"""What aiohttp refuses by itself, in our words."""

_FREE: Final = tuple(route.path for route in ROUTES if route.is_free)


def create_app(service: ValidatorService, limits: ApiLimits | None = None) -> web.Application:
    """The application of one validator, with every route of the table."""
    limits = limits or ApiLimits()
    # Read now: the first denial must not wait for a file.
    legal_bases()
    detail_in_chinese("")
    app = web.Application(
        client_max_size=limits.body_bytes_max,
        middlewares=[error_boundary, rate_limit(limits, _FREE)],
    )
    app[CONTEXT] = ApiContext(service, limits)
    for route in ROUTES:
        app.router.add_route(route.method, route.path, _bind(route))
    app.router.add_route("GET", DOCUMENT_PATH, _openapi_handler(limits))
    app.on_response_prepare.append(add_headers)
    app.on_shutdown.append(_end_streams)
    return app


class ApiServer:
    """A running API server. `close` ends it; running requests get `shutdown_timeout_s` to finish."""

    def __init__(self, runner: web.AppRunner, host: str, port: int, scheme: str) -> None:
        self._runner = runner
        self._scheme = scheme
        self.host = host
        self.port = port
        """The port it listens on, also when 0 was asked for."""

    @property
    def url(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self._scheme}://{host}:{self.port}"

    async def close(self) -> None:
        """Stop listening, end event streams, let running requests finish."""
        await self._runner.cleanup()


async def serve(
    service: ValidatorService, host: str, port: int, limits: ApiLimits | None = None
) -> ApiServer:
    """Listen and serve until closed. Port 0 takes a free one.

    Raises:
        Unavailable: The address cannot be listened on; the message names it and says what to do.
    """
    limits = limits or ApiLimits()
    return await listen(create_app(service, limits), host, port, limits)


async def listen(
    app: web.Application, host: str, port: int, limits: ApiLimits, tls: ssl.SSLContext | None = None
) -> ApiServer:
    """Listen and serve an application within these limits; raises as `serve` does.

    Args:
        tls: For https; without it plain HTTP.
    """
    runner = web.AppRunner(
        app,
        access_log=None,
        auto_decompress=False,
        handler_cancellation=True,
        logger=_http_log,
        keepalive_timeout=limits.idle_timeout_s,
        lingering_time=limits.shutdown_timeout_s,
        max_line_size=limits.header_bytes_max,
        max_field_size=limits.header_bytes_max,
        max_headers=limits.headers_max,
        shutdown_timeout=limits.shutdown_timeout_s,
    )
    await runner.setup()
    site = _BoundedSite(runner, host, port, limits, tls)
    try:
        await site.start()
    except OSError as error:
        await runner.cleanup()
        raise Unavailable(
            f"cannot listen on {host}:{port}: {error.strerror or error}; stop the program that holds the "
            "port (`ss -ltnp` names it), or set another HTTP address in the configuration"
        ) from error
    scheme = "http" if tls is None else "https"
    return ApiServer(runner, host, int(runner.addresses[0][1]), scheme)


def _is_our_concern(record: logging.LogRecord) -> bool:
    """False for bytes that are no HTTP: they are answered with 400, and must not fill the log."""
    kind = record.exc_info[0] if record.exc_info else None
    return kind is None or not issubclass(kind, HttpProcessingError)


_http_log.addFilter(_is_our_concern)


class _BoundedSite(web.BaseSite):
    """A listener that refuses connections over the limit before a request is read from them."""

    __slots__ = ("_host", "_limits", "_port")

    def __init__(
        self, runner: web.AppRunner, host: str, port: int, limits: ApiLimits, tls: ssl.SSLContext | None
    ) -> None:
        super().__init__(runner, ssl_context=tls)
        self._host = host
        self._port = port
        self._limits = limits

    @property
    def name(self) -> str:
        return f"{self._host}:{self._port}"

    async def start(self) -> None:
        await super().start()
        server = self._runner.server
        assert server is not None

        def accept() -> asyncio.Protocol:
            if len(server.connections) >= self._limits.connections_max:
                return _RefusedConnection()
            return server()

        if self._ssl_context is None:
            loop = asyncio.get_running_loop()
            self._server = await loop.create_server(accept, self._host, self._port)
        else:
            family = socket.AF_INET6 if ":" in self._host else socket.AF_INET
            listening = socket.create_server(
                (self._host, self._port), family=family, backlog=self._limits.connections_max
            )
            listening.setblocking(False)
            # The runner asks a server for its sockets, and to close; this one has no more.
            self._server = cast(asyncio.AbstractServer, TlsListener(listening, self._ssl_context, accept))


class _RefusedConnection(asyncio.Protocol):
    """Says that the server is full and hangs up, without reading."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.WriteTransport)
        body = msgspec.json.encode(problem_body("too-many-connections", "try another validator, or later"))
        head = (
            "HTTP/1.1 503 Service Unavailable\r\nContent-Type: application/problem+json\r\n"
            f"Content-Length: {len(body)}\r\nRetry-After: 1\r\nConnection: close\r\n\r\n"
        )
        transport.write(head.encode("ascii") + body)
        transport.close()


def _bind(route: Route) -> _RawHandler:
    async def handle(request: web.Request) -> web.StreamResponse:
        context = request.app[CONTEXT]
        return await route.handler(
            context, request, read_parameters(request, route.parameters, context.limits)
        )

    return handle


def _openapi_handler(limits: ApiLimits) -> _RawHandler:
    document = msgspec.json.encode(build_openapi(limits))

    async def show_openapi(request: web.Request) -> web.StreamResponse:
        return web.Response(body=document, content_type=JSON)

    return show_openapi


@web.middleware
async def error_boundary(request: web.Request, handler: _RawHandler) -> web.StreamResponse:
    """The only place where an error becomes an HTTP answer."""
    try:
        return await handler(request)
    except GovchainError as error:
        if isinstance(error, StorageFailure):
            # Whoever asked cannot mend it; whoever reads the log can.
            _log.error("%s %s failed: %s", request.method, request.path, error)
        return error_response(error)
    except web.HTTPException as error:
        code = _HTTP_CODES.get(error.status, "internal" if error.status >= 500 else "malformed")
        allow = {"Allow": error.headers["Allow"]} if "Allow" in error.headers else None
        return problem_response(code, _http_detail(request, error), headers=allow)
    except ConnectionError:
        raise
    except Exception as error:
        # Neither message nor values: either may quote a payload.
        where = "".join(traceback.format_tb(error.__traceback__)[-4:])
        _log.error("%s %s failed: %s at\n%s", request.method, request.path, type(error).__name__, where)
        return problem_response("internal", "an error in this program; the log of this validator has more")


def _http_detail(request: web.Request, error: web.HTTPException) -> str:
    match error.status:
        case 404:
            return f"no resource at {request.path[:80]!r}; {DOCUMENT_PATH} lists them"
        case 405:
            return (
                f"{request.method[:20]} is not possible here; possible: {error.headers.get('Allow', 'none')}"
            )
        case 413:
            limit = request.client_max_size
            return f"the body has more than {limit} bytes; send less in one request"
        case _:
            return error.reason


def rate_limit(limits: ApiLimits, free: Collection[str]) -> Middleware:
    """Bounds what one address asks; paths in `free` cost nothing."""
    buckets = TokenBuckets(
        per_s=limits.requests_per_s, burst=limits.requests_burst, clients_max=limits.clients_max
    )

    @web.middleware
    async def limit(request: web.Request, handler: _RawHandler) -> web.StreamResponse:
        if request.path not in free:
            wait_s = buckets.take(request.remote or "", asyncio.get_running_loop().time())
            if wait_s > 0:
                raise Refusal(
                    "rate-limited",
                    f"more than {limits.requests_per_s:g} requests a second; send batches, "
                    f"or wait {wait_s:.3f} s",
                    headers={"Retry-After": str(int(wait_s) + 1)},
                )
        return await handler(request)

    return limit


async def add_headers(request: web.Request, response: web.StreamResponse) -> None:
    """Headers of every answer."""
    response.headers["Server"] = "govchain"
    response.headers.setdefault("X-Content-Type-Options", "nosniff")
    response.headers.setdefault("Cache-Control", "no-store")


async def _end_streams(app: web.Application) -> None:
    streams = tuple(app[CONTEXT].streams)
    for task in streams:
        task.cancel()
    await asyncio.gather(*streams, return_exceptions=True)
