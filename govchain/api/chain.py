"""Handlers of what the chain is: blocks, validators, genesis, status. Reads only; nothing is decided here."""

from __future__ import annotations

from aiohttp import web

from govchain.api.answers import BlockAnswer, BlockPage, BlockSummary, BodyView, TransactionView
from govchain.api.context import MSGPACK, ApiContext, Asked, accepts, json_response
from govchain.api.problems import Refusal
from govchain.client.answers import ValidatorsAnswer, ValidatorView
from govchain.codec import decode, decode_json, encode
from govchain.errors import MalformedBytes
from govchain.model import Block, FinalityCertificate, Transaction, TransactionBody


async def list_blocks(context: ApiContext, request: web.Request, asked: Asked) -> web.StreamResponse:
    """GET /v1/blocks."""
    final_height = context.service.status().final_height
    newest = final_height if asked["before"] is None else min(asked["before"] - 1, final_height)
    oldest = max(1, newest - asked["limit"] + 1)
    blocks = []
    for height in range(newest, oldest - 1, -1):
        found = context.service.block(height)
        # A validator that joined by snapshot has no older blocks; the page ends where its ledger begins.
        if found is None:
            break
        blocks.append(_summary(*found))
    lowest = blocks[-1].height if blocks else 1
    page = BlockPage(
        final_height=final_height, blocks=tuple(blocks), next_before=lowest if lowest > 1 else None
    )
    return json_response(page)


async def show_block(context: ApiContext, request: web.Request, asked: Asked) -> web.StreamResponse:
    """GET /v1/blocks/{height}; as MessagePack the canonical `[block, certificate]`."""
    found = context.service.block(asked["height"])
    if found is None:
        final_height = context.service.status().final_height
        raise Refusal("not-found", f"no final block {asked['height']} here; the last one is {final_height}")
    if accepts(request, MSGPACK):
        return web.Response(body=encode(found), content_type=MSGPACK)
    return json_response(_block(*found))


async def show_validators(context: ApiContext, request: web.Request, asked: Asked) -> web.StreamResponse:
    """GET /v1/validators."""
    validators, status = context.service.validators, context.service.status()
    members = tuple(
        ValidatorView(
            index=index,
            name=member.name,
            org=member.org,
            public_key=member.public_key,
            is_connected=index == status.index or status.peers.get(member.name, False),
        )
        for index, member in enumerate(validators.members)
    )
    return json_response(
        ValidatorsAnswer(
            epoch=validators.epoch,
            quorum_size=validators.quorum_size,
            max_faulty=validators.max_faulty,
            members=members,
            changes=context.service.validator_changes(),
            policy=context.service.member_policy(),
        )
    )


async def show_organisation(context: ApiContext, request: web.Request, asked: Asked) -> web.StreamResponse:
    """GET /v1/organisations/{org}."""
    answer = context.service.organisation(asked["org"])
    if answer is None:
        raise Refusal("not-found", f"the chain does not know organisation {asked['org'][:32]!r}")
    return json_response(answer)


async def show_genesis(context: ApiContext, request: web.Request, asked: Asked) -> web.StreamResponse:
    """GET /v1/genesis; as MessagePack the canonical bytes whose digest is the chain id."""
    if accepts(request, MSGPACK):
        return web.Response(body=encode(context.service.genesis), content_type=MSGPACK)
    return json_response(context.service.genesis)


async def show_status(context: ApiContext, request: web.Request, asked: Asked) -> web.StreamResponse:
    """GET /v1/status."""
    return json_response(context.service.status())


def _summary(block: Block, certificate: FinalityCertificate) -> BlockSummary:
    return BlockSummary(
        height=block.header.height,
        digest=certificate.header_digest,
        time_ms=block.header.time_ms,
        proposer=block.header.proposer,
        transaction_count=block.header.transaction_count,
        denied=sum(1 for result in block.results if not result.applied),
        votes=len(certificate.votes),
        state_root=block.header.state_root,
    )


def _block(block: Block, certificate: FinalityCertificate) -> BlockAnswer:
    return BlockAnswer(
        header=block.header,
        certificate=certificate,
        batch=block.batch,
        transactions=tuple(
            _transaction(transaction, result.transaction_id)
            for transaction, result in zip(block.transactions, block.results, strict=True)
        ),
        results=block.results,
    )


def _transaction(transaction: Transaction, transaction_id: bytes) -> TransactionView:
    body = decode(transaction.body, TransactionBody)
    try:
        payload, payload_hex = decode_json(body.payload), b""
    except MalformedBytes:
        payload, payload_hex = None, body.payload
    view = BodyView(
        chain_id=body.chain_id,
        kind=body.kind,
        org=body.org,
        key_id=body.key_id,
        nonce=body.nonce,
        expiry_height=body.expiry_height,
        payload=payload,
        payload_hex=payload_hex,
    )
    return TransactionView(id=transaction_id, body=view, signature=transaction.signature)
