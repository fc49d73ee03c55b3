"""Handlers for operators and machines: health, readiness, metrics, and a page for people.

What they show comes from the validator as it is; no figure is computed here.
"""

from __future__ import annotations

from aiohttp import web

from govchain.api.answers import HealthAnswer, ReadyAnswer
from govchain.api.context import ApiContext, Asked, json_response
from govchain.api.dashboard import dashboard_page

METRICS_TYPE = "text/plain; version=0.0.4; charset=utf-8"


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
    """GET /: the dashboard."""
    page = dashboard_page()
    return web.Response(
        body=page.body,
        content_type="text/html",
        charset="utf-8",
        headers=page.headers,
    )
