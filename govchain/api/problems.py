"""Every error that the API answers, as data: code, HTTP status, titles in two languages, definite or not.

The table answers requests, prints docs/reference/errors.md (`reference`), and is compared with
`errors.py` and the mempool's rejections by a test. What an error means is decided here and nowhere else;
nothing here knows a route.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import msgspec
from aiohttp import web

from govchain.errors import GovchainError, NotPermitted

CONTENT_TYPE: Final = "application/problem+json"


class Problem(msgspec.Struct, frozen=True):
    """One row of the table."""

    code: str
    status: int
    """HTTP status."""
    title: str
    title_zh: str
    definite: bool = True
    """True: what was asked certainly did not happen. False: it may have; ask again by id."""
    retry: bool = False
    """True: the same request may succeed later, here or on another validator."""


_ROWS: Final = (
    # Requests that cannot be understood, whatever they ask.
    Problem("malformed", 400, "The bytes do not decode", "数据无法解码"),
    Problem("unknown-version", 400, "Unknown format or version", "格式或版本未知"),
    Problem("invalid-input", 400, "A value is wrong", "输入值有误"),
    Problem("invalid-parameter", 400, "A query parameter is wrong", "查询参数有误"),
    Problem("not-authorised", 401, "The token is missing, wrong or over", "令牌缺失、错误或已过期"),
    Problem("not-found", 404, "No such resource", "资源不存在"),
    Problem("method-not-allowed", 405, "This resource has other methods", "该资源不支持此方法"),
    Problem("not-acceptable", 406, "None of the accepted formats can be given", "无法提供客户端可接受的格式"),
    Problem("request-timeout", 408, "The body did not arrive in time", "请求体接收超时", retry=True),
    Problem("body-too-large", 413, "The body is over the limit", "请求体超出上限"),
    Problem("batch-too-large", 413, "Too many transactions in one request", "单次请求的交易过多"),
    Problem("unsupported-media-type", 415, "The body is in another format", "请求体格式不受支持"),
    # Bounds of this server.
    Problem("rate-limited", 429, "Too many requests from this address", "该地址请求过于频繁", retry=True),
    Problem("too-many-connections", 503, "All connections are taken", "连接数已满", retry=True),
    Problem("too-many-streams", 503, "All event streams are taken", "事件流数已满", retry=True),
    # What may be asked of this validator, and when.
    Problem("not-final", 409, "Not final yet", "尚未最终确认", definite=False, retry=True),
    Problem(
        "unknown-transaction",
        404,
        "This validator does not know the transaction",
        "本节点未见该交易",
        definite=False,
        retry=True,
    ),
    Problem("batch-refused", 422, "Every transaction of the batch was refused", "该批交易全部被拒绝"),
    # Transactions that may not enter the pool (rule RQ-1).
    Problem("wrong-chain", 422, "Meant for another chain", "交易属于另一条链"),
    Problem(
        "plain-identifier",
        422,
        "Holds a plain identity or mobile number (rule I3)",
        "含有明文身份证号或手机号（规则 I3）",
    ),
    Problem("expired", 422, "The expiry height has passed", "已超过截止高度"),
    Problem("expiry-too-far", 422, "The expiry height is too far ahead", "截止高度过远"),
    Problem("too-large", 413, "The transaction is over the size limit", "交易超出大小上限"),
    Problem("unknown-organisation", 403, "The chain does not know the organisation", "链上无此机构"),
    Problem("organisation-suspended", 403, "The organisation is suspended", "机构已被暂停"),
    Problem("unknown-key", 403, "The chain does not know the key", "链上无此密钥"),
    Problem("key-not-active", 403, "The key is not active", "密钥未处于启用状态"),
    Problem(
        "wrong-certificate",
        403,
        "The certificate is not that of who signed",
        "证书所载机构与签名机构不一致",
    ),
    Problem("bad-signature", 403, "The signature does not verify", "签名验证失败"),
    Problem("duplicate", 409, "Already admitted or executed", "交易已受理或已执行", definite=False),
    Problem("nonce-used", 409, "The key's nonce is used", "该密钥的防重放序号已被使用"),
    Problem("nonce-too-far", 409, "The nonce is too far ahead of the key's others", "防重放序号超前过多"),
    Problem("pool-full", 503, "The pool is full", "交易池已满", retry=True),
    # Rules and proofs.
    Problem("invalid-document", 422, "A document breaks a rule of its standard", "单据违反其标准规则"),
    Problem("not-permitted", 403, "A rule refuses", "规则不允许"),
    Problem("bad-credential", 422, "A credential does not verify", "凭证验证失败"),
    Problem("bad-timestamp", 422, "A timestamp token does not verify", "时间戳验证失败"),
    Problem("bad-proof", 422, "A proof does not verify", "证明验证失败"),
    Problem("protocol-violation", 400, "Not a message that a correct peer sends", "不符合协议的消息"),
    # The validator itself.
    Problem("unavailable", 503, "Certainly not done; try later", "确定未执行，请稍后重试", retry=True),
    Problem(
        "indeterminate",
        504,
        "It may have happened; ask by id",
        "结果未定，请按编号查询",
        definite=False,
        retry=True,
    ),
    Problem("config", 500, "The validator's configuration is wrong", "节点配置有误"),
    Problem("storage", 500, "The store failed; the validator stops", "存储故障，节点停止", definite=False),
    Problem(
        "diverged",
        500,
        "This validator differs from the quorum; it stops",
        "与法定数量节点的结果不一致，节点停止",
        definite=False,
    ),
    Problem("simulation", 500, "A simulated run broke an invariant", "模拟运行违反不变式", definite=False),
    Problem("error", 500, "The request failed", "请求失败", definite=False),
    Problem("internal", 500, "An error in this program", "程序内部错误", definite=False),
)

PROBLEMS: Final[Mapping[str, Problem]] = {row.code: row for row in _ROWS}
"""Code to row."""

assert len(PROBLEMS) == len(_ROWS), "a code appears twice"


class Refusal(GovchainError):
    """A request that the API refuses by itself.

    Attributes:
        code: One of the codes in `PROBLEMS`.
        headers: HTTP headers that the answer must carry.
    """

    def __init__(self, code: str, detail: str, *, headers: Mapping[str, str] | None = None) -> None:
        assert code in PROBLEMS, code
        self.code = code
        self.definite = PROBLEMS[code].definite
        self.headers = dict(headers or {})
        super().__init__(detail)


def problem_body(code: str, detail: str, **more: Any) -> dict[str, Any]:
    """Members of a problem+json object (RFC 9457). Codes that the table does not have read as `error`."""
    row = PROBLEMS.get(code, PROBLEMS["error"])
    return {
        "type": f"/docs/reference/errors#{row.code}",
        "title": row.title,
        "title_zh": row.title_zh,
        "status": row.status,
        "code": code,
        "detail": detail,
        "definite": row.definite,
        "retry": row.retry,
        **more,
    }


def problem_response(
    code: str, detail: str, *, headers: Mapping[str, str] | None = None, **more: Any
) -> web.Response:
    """The HTTP answer of a code."""
    body = problem_body(code, detail, **more)
    sent = dict(headers or {})
    if body["retry"]:
        sent.setdefault("Retry-After", "1")
    return web.Response(
        status=body["status"], body=msgspec.json.encode(body), content_type=CONTENT_TYPE, headers=sent
    )


def error_response(error: GovchainError) -> web.Response:
    """The HTTP answer of a deliberate error."""
    headers = error.headers if isinstance(error, Refusal) else None
    if isinstance(error, NotPermitted):
        return problem_response(error.code, str(error), headers=headers, rule=error.rule, denial=error.denial)
    return problem_response(error.code, str(error), headers=headers)
