"""The HTTPS servers of one gateway, one for other departments and one for its own people and systems.

Routes, who may ask, the error boundary and bounds of the validators' API. What an exchange is, is not known
here.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Final

from aiohttp import web

from govchain.api.limits import ApiLimits
from govchain.api.server import ApiServer, add_headers, error_boundary, listen, rate_limit
from govchain.gateway.callers import ANYONE, CONTEXT, DEPARTMENTS, GatewayContext, require_allowed
from govchain.gateway.routes import ROUTES, Route
from govchain.gateway.tls import GatewayTls

LIMITS: Final = ApiLimits(
    body_bytes_max=1_048_576, connections_max=256, requests_per_s=100.0, requests_burst=200
)
"""Tighter than those of a validator: a gateway serves a few departments and one portal."""

_FREE: Final = tuple(route.path for route in ROUTES if route.who == ANYONE)


async def serve_departments(
    context: GatewayContext, tls: GatewayTls, host: str, port: int, limits: ApiLimits = LIMITS
) -> ApiServer:
    """Serve other departments, who show a certificate, until closed; raises as `api.serve` does."""
    routes = [route for route in ROUTES if route.who == DEPARTMENTS]
    return await listen(_app(context, routes, limits), host, port, limits, tls.departments)


async def serve_people(
    context: GatewayContext, tls: GatewayTls, host: str, port: int, limits: ApiLimits = LIMITS
) -> ApiServer:
    """Serve the department's own systems and people until closed; raises as `api.serve` does."""
    routes = [route for route in ROUTES if route.who != DEPARTMENTS]
    return await listen(_app(context, routes, limits), host, port, limits, tls.people)


def _app(context: GatewayContext, routes: Sequence[Route], limits: ApiLimits) -> web.Application:
    app = web.Application(
        client_max_size=limits.body_bytes_max, middlewares=[error_boundary, rate_limit(limits, _FREE)]
    )
    app[CONTEXT] = context
    for route in routes:
        app.router.add_route(route.method, route.path, _bind(route))
    app.on_response_prepare.append(add_headers)
    return app


def _bind(route: Route) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    async def handle(request: web.Request) -> web.StreamResponse:
        context = request.app[CONTEXT]
        # Before the body is read: nobody's bytes are taken who may not ask.
        require_allowed(context, request, route.who)
        return await route.handler(context, request)

    return handle
