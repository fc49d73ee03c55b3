"""Handlers of transactions, receipts and keys: what a department's system calls.

Bytes are read in `requests`; whether a transaction is admitted is the validator's judgement.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

import msgspec
from aiohttp import web

from govchain.api.context import JSON, MSGPACK, ApiContext, Asked, json_response
from govchain.api.problems import Refusal, problem_response
from govchain.api.requests import read_json, read_msgpack
from govchain.client.answers import Admission, TransactionStatus
from govchain.codec import to_readable
from govchain.legal import explain
from govchain.model import Transaction
from govchain.receipt import write_receipt


async def submit(context: ApiContext, request: web.Request, asked: Asked) -> web.StreamResponse:
    """POST /v1/transactions."""
    transactions = await _read_submission(context, request)
    admissions = context.service.submit(transactions)
    assert len(admissions) == len(transactions), "one answer to each transaction"
    wait_ms: int | None = asked["wait"]
    finals = (
        await _wait_all(context, admissions, wait_ms) if wait_ms is not None else [None] * len(admissions)
    )
    # The readable form of `SubmitAnswer`, written out: this is the one answer that is as long as a batch.
    answer = [
        {
            "id": each.id.hex(),
            "status": each.status,
            "code": each.code,
            "detail": each.detail,
            "final": None if final is None else to_readable(_explained(final)),
        }
        for each, final in zip(admissions, finals, strict=True)
    ]
    rejected = [each for each in admissions if each.status == "rejected"]
    if len(rejected) == len(admissions):
        return _refused(rejected, answer)
    all_final = wait_ms is not None and all(final is not None and final.status == "final" for final in finals)
    return json_response({"transactions": answer}, status=200 if rejected or all_final else 202)


async def show_transaction(context: ApiContext, request: web.Request, asked: Asked) -> web.StreamResponse:
    """GET /v1/transactions/{transaction_id}."""
    wanted: bytes = asked["transaction_id"]
    if asked["wait"] is None:
        status = context.service.transaction(wanted)
    else:
        status = await context.service.wait_final(wanted, asked["wait"])
    if status is None:
        raise _unknown(wanted)
    return json_response(_explained(status))


def _explained(status: TransactionStatus) -> TransactionStatus:
    """With the reason, where it was denied."""
    result = status.result
    if result is None or result.applied:
        return status
    return msgspec.structs.replace(status, explanation=explain(result.rule, result.code, result.detail))


async def show_receipt(context: ApiContext, request: web.Request, asked: Asked) -> web.StreamResponse:
    """GET /v1/receipts/{transaction_id}: the file's exact bytes."""
    wanted: bytes = asked["transaction_id"]
    receipt = context.service.receipt(wanted)
    if receipt is None:
        if context.service.transaction(wanted) is None:
            raise _unknown(wanted)
        raise Refusal("not-final", f"transaction {wanted.hex()} has no certificate here yet; ask again")
    return web.Response(
        body=write_receipt(receipt),
        content_type=JSON,
        headers={"Content-Disposition": f'inline; filename="receipt-{wanted.hex()[:16]}.json"'},
    )


async def show_key(context: ApiContext, request: web.Request, asked: Asked) -> web.StreamResponse:
    """GET /v1/keys/{key_id}."""
    answer = context.service.key(asked["key_id"])
    if answer is None:
        raise Refusal("not-found", f"the chain does not know key {asked['key_id'].hex()}")
    return json_response(answer)


async def _read_submission(context: ApiContext, request: web.Request) -> Sequence[Transaction]:
    encoding = request.headers.get("Content-Encoding", "identity")
    if encoding.lower() != "identity":
        raise Refusal("unsupported-media-type", f"content encoding {encoding[:40]!r}; send the body as it is")
    readers = {MSGPACK: read_msgpack, JSON: read_json}
    reader = readers.get(request.content_type)
    if reader is None or "Content-Type" not in request.headers:
        found = request.headers.get("Content-Type", "absent")[:80]
        raise Refusal(
            "unsupported-media-type",
            f"content type {found!r}; expected {MSGPACK} or {JSON}",
            headers={"Accept-Post": f"{MSGPACK}, {JSON}"},
        )
    try:
        async with asyncio.timeout(context.limits.body_timeout_s):
            data = await request.read()
    except TimeoutError as error:
        raise Refusal(
            "request-timeout", f"the body did not arrive within {context.limits.body_timeout_s} s"
        ) from error
    return reader(data, context.limits.transactions_max)


async def _wait_all(
    context: ApiContext, admissions: Sequence[Admission], wait_ms: int
) -> list[TransactionStatus | None]:
    """Status of each at the end of one common wait. In turn: what is final already costs no waiting."""
    loop = asyncio.get_running_loop()
    deadline_s = loop.time() + wait_ms / 1000
    finals: list[TransactionStatus | None] = []
    for admission in admissions:
        if admission.status == "rejected":
            finals.append(None)
            continue
        remaining_ms = max(0, int((deadline_s - loop.time()) * 1000))
        finals.append(await context.service.wait_final(admission.id, remaining_ms))
    return finals


def _refused(rejected: Sequence[Admission], listed: list[dict[str, Any]]) -> web.Response:
    codes = sorted({each.code for each in rejected})
    if len(codes) == 1:
        detail = (
            rejected[0].detail
            if len(rejected) == 1
            else f"all {len(rejected)} transactions: {rejected[0].detail}"
        )
        return problem_response(codes[0], detail, transactions=listed)
    return problem_response(
        "batch-refused", f"{len(rejected)} transactions refused: {', '.join(codes)}", transactions=listed
    )


def _unknown(transaction_id: bytes) -> Refusal:
    return Refusal(
        "unknown-transaction",
        f"{transaction_id.hex()} is not known here; it may be on its way, or with another validator",
    )
