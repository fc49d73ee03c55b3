"""Handlers for operators and machines: health, readiness, metrics, and a page for people.

What they show comes from the validator as it is; no figure is computed here.
"""

from __future__ import annotations

from functools import lru_cache
from importlib import resources

from aiohttp import web

from govchain.api.answers import HealthAnswer, ReadyAnswer
from govchain.api.context import ApiContext, Asked, json_response

METRICS_TYPE = "text/plain; version=0.0.4; charset=utf-8"
PAGE_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
"""The page loads nothing from anywhere else."""


async def show_health(context: ApiContext, request: web.Request, asked: Asked) -> web.StreamResponse:
    """GET /healthz."""
    return json_response(HealthAnswer("ok"))


async def show_readiness(context: ApiContext, request: web.Request, asked: Asked) -> web.StreamResponse:
    """GET /readyz: 503 while the validator cannot take part."""
    ready = context.service.is_ready()
    answer = ReadyAnswer(ready=ready, final_height=context.service.status().final_height)
    return json_response(answer, status=200 if ready else 503)


async def show_metrics(context: ApiContext, request: web.Request, asked: Asked) -> web.StreamResponse:
    """GET /metrics."""
    return web.Response(body=context.service.metrics(), headers={"Content-Type": METRICS_TYPE})


async def show_page(context: ApiContext, request: web.Request, asked: Asked) -> web.StreamResponse:
    """GET /: one page that reads /v1/status and follows /v1/events."""
    return web.Response(
        body=_page(),
        content_type="text/html",
        charset="utf-8",
        headers={"Content-Security-Policy": PAGE_POLICY, "Cache-Control": "no-cache"},
    )


@lru_cache(maxsize=1)
def _page() -> bytes:
    return resources.files("govchain.api").joinpath("page.html").read_bytes()
