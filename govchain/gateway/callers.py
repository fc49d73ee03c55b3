"""Who is calling a gateway, by certificate or token, and whether a route is open to them.

No route and no exchange is known here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from aiohttp import web

from govchain.api.problems import Refusal
from govchain.errors import MalformedBytes
from govchain.gateway.documents import read_query
from govchain.gateway.gateway import Gateway
from govchain.gateway.metrics import GatewayMetrics
from govchain.gateway.ports import ChainPort
from govchain.gateway.status_lists import StatusLists
from govchain.gateway.tls import organisation_of
from govchain.gateway.tokens import PortalTokens, is_same

ANYONE: Final = "anyone"
DEPARTMENTS: Final = "departments"
DESK: Final = "desk"
PERSON: Final = "person"


@dataclass(slots=True, eq=False, repr=False)
class GatewayContext:
    """One gateway server."""

    gateway: Gateway
    chain: ChainPort
    tokens: PortalTokens
    lists: StatusLists
    desk_token: str
    metrics: GatewayMetrics
    body_timeout_s: float
    names: Mapping[str, str]
    """Organisation (USCC) to its name, for people."""


CONTEXT: Final = web.AppKey("gateway", GatewayContext)


def require_allowed(context: GatewayContext, request: web.Request, who: str) -> None:
    """Raises Refusal unless a request has the token, or came with the certificate, that a route needs."""
    if who == DEPARTMENTS and not _sender(request):
        raise Refusal("wrong-certificate", "expected a certificate that names one organisation (USCC)")
    if who == DESK and not is_same(_bearer(request), context.desk_token):
        raise _unauthorised("the token of the department's own systems")
    if who == PERSON:
        person_of(context, request)


def person_of(context: GatewayContext, request: web.Request) -> str:
    """The person whose token a request has; raises Refusal without one."""
    person = context.tokens.person(_bearer(request), context.chain.now_ms())
    if not person:
        raise _unauthorised("a person's token that is not over")
    return person


def _sender(request: web.Request) -> str:
    """The organisation at the other end, by its certificate."""
    transport = request.transport
    return "" if transport is None else organisation_of(transport.get_extra_info("peercert"))


def require_sender(request: web.Request, message: bytes) -> None:
    """Raises Refusal when a department hands in what another one signed."""
    try:
        _, query = read_query(message)
    except MalformedBytes:
        return  # The gateway's own refusal tells no more about it.
    if query.requester != (sender := _sender(request)):
        raise Refusal(
            "wrong-certificate", f"the query is of {query.requester[:18]}, the certificate of {sender}"
        )


def _unauthorised(expected: str) -> Refusal:
    return Refusal(
        "not-authorised", f"expected {expected} as bearer token", headers={"WWW-Authenticate": "Bearer"}
    )


def _bearer(request: web.Request) -> str:
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""
