"""Routes of a gateway, as data with their handlers: server, reference and OpenAPI read the same table.

Handlers read a request, call the gateway and write the answer; nothing is decided here but who may ask.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Final

import msgspec
from aiohttp import web
from prometheus_client import generate_latest

from govchain.api.problems import Refusal
from govchain.codec import decode
from govchain.disclosure.status_list import LIST_PATH
from govchain.errors import InvalidInput, MalformedBytes
from govchain.gateway.bodies import encoded, read_body, read_json
from govchain.gateway.callers import (
    ANYONE,
    DEPARTMENTS,
    DESK,
    PERSON,
    GatewayContext,
    person_of,
    require_sender,
)
from govchain.gateway.documents import MESSAGE_BYTES_MAX
from govchain.gateway.http_client import BINARY
from govchain.gateway.openapi import (
    CERTIFICATE,
    STATUS_LIST,
    TOKEN,
    Described,
    Html,
    ListText,
    build_openapi,
)
from govchain.gateway.portal import UseView, view_of
from govchain.gateway.portal_page import portal_page
from govchain.gateway.ports import Answered, Ask, Holding, Refused, Use
from govchain.legal import detail_in_chinese
from govchain.model import Transaction, TransactionBody

Handler = Callable[[GatewayContext, web.Request], Awaitable[web.StreamResponse]]


class PersonAsked(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Whose uses are asked for."""

    person: str


class TokenAsked(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """For whom a token is asked, and for how long."""

    person: str
    valid_s: int = 3_600


class ResultView(msgspec.Struct, frozen=True):
    """What the chain said about a record."""

    transaction_id: str
    applied: bool
    rule: str
    code: str
    detail: str
    detail_zh: str = ""


@dataclass(frozen=True, slots=True)
class Route:
    """One method of one path."""

    method: str
    path: str
    handler: Handler
    who: str
    """`anyone`, `departments` (a certificate and a signed query), `desk` or `person` (a bearer token)."""
    summary: str
    summary_zh: str
    body: str = ""
    """What is sent; empty for none."""
    answer: str = ""
    problems: tuple[str, ...] = ()
    body_kind: Any = None
    """Type of a JSON body; bytes for a binary one."""
    answer_kind: Any = dict[str, str]
    """Type of the JSON answer; bytes for a binary one, str for text."""


async def answer_exchange(context: GatewayContext, request: web.Request) -> web.StreamResponse:
    """POST /v1/exchanges: another department's signed query."""
    message = await read_body(context, request, MESSAGE_BYTES_MAX)
    require_sender(request, message)
    answer = await context.gateway.handle(message)
    response = web.StreamResponse(headers={"Content-Type": BINARY, "Content-Length": str(len(answer))})
    await response.prepare(request)
    await response.write(answer)
    await response.write_eof()
    context.gateway.delivered(message)
    return response


async def ask_other(context: GatewayContext, request: web.Request) -> web.StreamResponse:
    """POST /v1/asks."""
    ask = await read_json(context, request, Ask)
    outcome = await context.gateway.ask(ask)
    context.metrics.count(outcome)
    return encoded(outcome)


async def show_uses(context: GatewayContext, request: web.Request) -> web.StreamResponse:
    """POST /v1/uses: a body, so that no pseudonym stands in an address."""
    asked = await read_json(context, request, PersonAsked)
    return encoded(list(await context.gateway.uses(asked.person)))


async def hold(context: GatewayContext, request: web.Request) -> web.StreamResponse:
    """POST /v1/holdings."""
    holdings = await read_json(context, request, list[Holding])
    await context.gateway.hold(holdings)
    return encoded({"held": len(holdings)})


async def correct(context: GatewayContext, request: web.Request) -> web.StreamResponse:
    """POST /v1/corrections."""
    return encoded({"source_key": await context.gateway.correct(await read_json(context, request, Holding))})


async def issue_token(context: GatewayContext, request: web.Request) -> web.StreamResponse:
    """POST /v1/portal/tokens."""
    asked = await read_json(context, request, TokenAsked)
    token = context.tokens.issue(asked.person, asked.valid_s, context.chain.now_ms())
    return encoded({"token": token})


async def show_own_uses(context: GatewayContext, request: web.Request) -> web.StreamResponse:
    """GET /v1/portal/uses."""
    person = person_of(context, request)
    return encoded([view_of(use, context.names) for use in await context.gateway.uses(person)])


async def revoke_consent(context: GatewayContext, request: web.Request) -> web.StreamResponse:
    """POST /v1/portal/revocations: the person's own signed record is handed on, and nothing else."""
    data = await read_body(context, request, MESSAGE_BYTES_MAX)
    transaction = decode(data, Transaction)
    kind = decode(transaction.body, TransactionBody).kind
    if kind != "consent.revoke":
        raise InvalidInput("expected a signed consent.revoke, and no other record")
    result = await context.chain.submit(transaction)
    chinese = detail_in_chinese(result.detail)
    return encoded(
        ResultView(
            result.transaction_id.hex(), result.applied, result.rule, result.code, result.detail, chinese
        )
    )


async def show_portal(context: GatewayContext, request: web.Request) -> web.StreamResponse:
    """GET /portal: the page itself knows nobody; it asks with the token that is typed into it."""
    page = portal_page()
    return web.Response(body=page.body, content_type="text/html", charset="utf-8", headers=page.headers)


async def keep_list(context: GatewayContext, request: web.Request) -> web.StreamResponse:
    """POST /v1/status-lists."""
    data = await read_body(context, request, request.client_max_size)
    try:
        text = data.decode("ascii").strip()
    except UnicodeDecodeError:
        raise MalformedBytes("a status list is ASCII text") from None
    return encoded({"address": await context.lists.keep(text)})


async def show_list(context: GatewayContext, request: web.Request) -> web.StreamResponse:
    """GET /v1/status-lists/{issuer}/{name}: whatever else the address says is not read."""
    found = context.lists.find(request.match_info["issuer"], request.match_info["name"])
    if found is None:
        raise Refusal("not-found", "no fresh status list of this issuer and name is here")
    text, left_s = found
    headers = {"Content-Type": STATUS_LIST, "Cache-Control": f"public, max-age={left_s}"}
    return web.Response(body=text.encode("ascii"), headers=headers)


async def show_health(context: GatewayContext, request: web.Request) -> web.StreamResponse:
    """GET /healthz."""
    return encoded({"status": "ok"})


async def show_metrics(context: GatewayContext, request: web.Request) -> web.StreamResponse:
    """GET /metrics."""
    context.metrics.show(context.gateway.counts())
    body = generate_latest(context.metrics.registry)
    return web.Response(body=body, headers={"Content-Type": "text/plain; version=0.0.4; charset=utf-8"})


async def show_openapi(context: GatewayContext, request: web.Request) -> web.StreamResponse:
    """GET /openapi.json."""
    return encoded(describe_routes())


_SECURITY: Final = {ANYONE: "", DEPARTMENTS: CERTIFICATE, DESK: TOKEN, PERSON: TOKEN}


def describe_routes() -> dict[str, Any]:
    """The OpenAPI document of the table."""
    return build_openapi(
        tuple(
            Described(
                method=route.method,
                path=route.path,
                name=route.handler.__name__,
                summary=route.summary,
                security=_SECURITY[route.who],
                body_kind=route.body_kind,
                answer_kind=route.answer_kind,
                problems=route.problems,
            )
            for route in ROUTES
        )
    )


_BODY: Final = ("malformed", "body-too-large", "request-timeout")
_CHAIN: Final = ("unavailable", "indeterminate", "bad-proof")

ROUTES: Final = (
    Route(
        "POST",
        "/v1/exchanges",
        answer_exchange,
        DEPARTMENTS,
        "Answer another department. The answer is sealed to it; whatever the reason for none, the refusal is "
        "the same bytes. Sending the same query again is safe: the answer is the same.",
        "答复其他部门的查询。答复仅对方可以解密；不予答复时，无论原因为何，返回的字节完全相同。"
        "同一查询可重复发送，答复不变。",
        body="`govchain.gateway-signed/1`, at most 16384 bytes",
        answer="a sealed `govchain.gateway-answer/2`, or the refusal",
        problems=(*_BODY, *_CHAIN, "wrong-certificate"),
        body_kind=bytes,
        answer_kind=bytes,
    ),
    Route(
        "POST",
        "/v1/asks",
        ask_other,
        DESK,
        "Ask another department. Returns once the outcome is on the chain and kept here. With the same "
        "exchange number the outcome is the same.",
        "向其他部门查询。结果上链并在本机保存后返回；交换编号相同，结果相同。",
        body="`Ask`",
        answer="`Answered` or `Refused`, by `type`",
        problems=(*_BODY, *_CHAIN, "invalid-input", "not-authorised"),
        body_kind=Ask,
        answer_kind=Answered | Refused,
    ),
    Route(
        "POST",
        "/v1/uses",
        show_uses,
        DESK,
        "List who used a person's data, newest first.",
        "列出某人的数据由谁使用，最近的在前。",
        body="`PersonAsked`",
        answer="list of `Use`",
        problems=(*_BODY, "not-authorised"),
        body_kind=PersonAsked,
        answer_kind=list[Use],
    ),
    Route(
        "POST",
        "/v1/holdings",
        hold,
        DESK,
        "Keep data of this department, at most 1000 entries at a time, all or none.",
        "保存本部门的数据，每次至多 1000 条，全部成功或全部不变。",
        body="list of `Holding`",
        answer="`held`: how many",
        problems=(*_BODY, "invalid-input", "not-authorised"),
        body_kind=list[Holding],
        answer_kind=dict[str, int],
    ),
    Route(
        "POST",
        "/v1/corrections",
        correct,
        DESK,
        "Replace a wrong value. The answer holds the source key that `objection.correct` reveals.",
        "更正错误数据。返回 `objection.correct` 须公开的来源密钥。",
        body="`Holding`",
        answer="`source_key`, hex",
        problems=(*_BODY, "invalid-input", "not-authorised"),
        body_kind=Holding,
    ),
    Route(
        "POST",
        "/v1/portal/tokens",
        issue_token,
        DESK,
        "Issue a token for a person whom the department has signed in.",
        "为已由本部门完成身份核验的个人签发令牌。",
        body="`TokenAsked`",
        answer="`token`",
        problems=(*_BODY, "invalid-input", "not-authorised"),
        body_kind=TokenAsked,
    ),
    Route(
        "GET",
        "/v1/portal/uses",
        show_own_uses,
        PERSON,
        "Who used my data, for what, under which rule, and what was refused; in English and Chinese.",
        "谁使用了我的数据、用于何事、依据哪条规则，以及哪些查询被拒绝；中英文。",
        answer="list of `UseView`",
        problems=("not-authorised",),
        answer_kind=list[UseView],
    ),
    Route(
        "POST",
        "/v1/portal/revocations",
        revoke_consent,
        PERSON,
        "Revoke a consent: the person's own signed `consent.revoke` is put on the chain.",
        "撤回同意：将本人签名的 `consent.revoke` 提交上链。",
        body="a transaction in MessagePack",
        answer="`ResultView`",
        problems=(*_BODY, *_CHAIN, "invalid-input", "not-authorised"),
        body_kind=bytes,
        answer_kind=ResultView,
    ),
    Route(
        "GET",
        "/portal",
        show_portal,
        ANYONE,
        "The portal, a page for people: with their token, who used their data; and the way to revoke.",
        "个人门户页面：输入令牌即可查看谁使用了本人数据，并可撤回同意。",
        answer="the page",
        answer_kind=Html,
    ),
    Route(
        "POST",
        "/v1/status-lists",
        keep_list,
        DESK,
        "Keep a status list of licences, of this department or of another one, and hand it out. Kept is what "
        "verifies and whose digest the chain holds.",
        "保存并对外提供证照状态列表，可为本部门或其他部门的列表。仅保存验证通过且其摘要已上链的列表。",
        body="the list as its issuer signed it (`statuslist+jwt`)",
        answer="`address`",
        problems=(*_BODY, *_CHAIN, "bad-credential", "not-authorised"),
        body_kind=ListText,
    ),
    Route(
        "GET",
        LIST_PATH,
        show_list,
        ANYONE,
        "A whole status list, for whoever checks a licence: no question names the licence or its place.",
        "完整的证照状态列表，供任何核验者获取；请求中不含所核验的证照及其位置。",
        answer="the list (`statuslist+jwt`), until it is over",
        problems=("not-found",),
        answer_kind=ListText,
    ),
    Route(
        "GET", "/healthz", show_health, ANYONE, "The process answers.", "进程正常响应。", answer="`status`"
    ),
    Route(
        "GET",
        "/metrics",
        show_metrics,
        ANYONE,
        "Metrics for Prometheus.",
        "Prometheus 指标。",
        answer_kind=str,
    ),
    Route(
        "GET",
        "/openapi.json",
        show_openapi,
        ANYONE,
        "This interface as OpenAPI 3.1.",
        "本接口的 OpenAPI 3.1 文档。",
        answer_kind=dict[str, Any],
    ),
)
