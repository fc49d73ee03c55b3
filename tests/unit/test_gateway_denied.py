"""Queries that the chain denied: the person sees them where the data is, and nobody else's."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from govchain.codec import decode
from govchain.gateway import Answered
from govchain.gateway.denied import DeniedQuery
from govchain.gateway.documents import MESSAGE_BYTES_MAX
from govchain.gateway.portal import view_of
from govchain.ledger.payloads import encode_payload
from govchain.model import TransactionBody
from tests.support.gateway_world import GatewayWorld, question
from tests.support.sharing_world import CA, HPF, MARRIAGE, query_fields


@pytest.fixture
def world(tmp_path: Path) -> Iterator[GatewayWorld]:
    world = GatewayWorld(tmp_path)
    yield world
    world.close()


def denied_query(
    world: GatewayWorld, number: str = "X-1", by: str = "hpf-gateway", **fields: Any
) -> DeniedQuery:
    """A query that the chain denies, put there by a requester's own means."""
    payload = world.world.payload("exchange.query", number, query_fields(**fields))
    transaction = world.world.sign("exchange.query", by, payload, org=HPF)
    (result,) = world.world.execute([transaction]).block.results
    assert not result.applied
    return DeniedQuery(decode(transaction.body, TransactionBody), result, world.world.now_ms)


async def test_G8_a_person_sees_at_the_provider_what_the_chain_denied(world: GatewayWorld) -> None:
    await world.open_item()
    denied = denied_query(world, purpose="marketing")
    assert world.giving.keep_denied(denied)
    assert world.giving.keep_denied(denied)
    (use,) = await world.giving.uses("wang-at-ca")
    assert (use.side, use.exchange, use.requester, use.purpose) == ("denied", "X-1", HPF, "marketing")
    assert (use.outcome, use.rule, use.code) == ("refused", "D2", "E_PURPOSE")
    view = view_of(use, {HPF: "住房公积金管理中心"})
    assert view.sentence.startswith(f"住房公积金管理中心 ({HPF}) asked {CA} for status")
    assert "refused by rule D2 (E_PURPOSE)" in view.sentence
    assert "未提供任何数据" in view.sentence_zh
    # Its number is not used up by that.
    assert isinstance(await world.asking.ask(question()), Answered)
    assert [use.side for use in await world.giving.uses("wang-at-ca")] == ["gave", "denied"]
    world.restart(world.giving.org)
    assert len(await world.giving.uses("wang-at-ca")) == 2


async def test_G8_what_concerns_nobody_here_is_not_kept(world: GatewayWorld) -> None:
    await world.open_item()
    wrong = {"purpose": "marketing"}
    for fields in (
        {**wrong, "subject_ref": "nobody-at-hpf"},
        {**wrong, "item": "CA.births"},
        {"subject_ref": "wang-at-ca", **wrong},
    ):
        assert not world.giving.keep_denied(denied_query(world, **fields))
    assert world.giving.counts() == {}


async def test_I1_a_query_that_nobody_known_signed_is_held_against_nobody(world: GatewayWorld) -> None:
    await world.open_item()
    denied = denied_query(world, by="stranger", purpose="marketing")
    assert (denied.result.rule, denied.body.org) == ("I1", HPF)
    assert not world.giving.keep_denied(denied)


async def test_G8_a_query_that_the_chain_took_is_not_kept_as_denied(world: GatewayWorld) -> None:
    await world.open_item()
    denied = denied_query(world, purpose="marketing")
    taken = msgspec.structs.replace(denied.result, applied=True)
    assert not world.giving.keep_denied(msgspec.structs.replace(denied, result=taken))
    other = msgspec.structs.replace(denied.body, kind="exchange.answer")
    assert not world.giving.keep_denied(msgspec.structs.replace(denied, body=other))
    assert await world.giving.uses("wang-at-ca") == []


async def test_what_is_no_query_or_too_long_to_show_is_not_kept(world: GatewayWorld) -> None:
    await world.open_item()
    names = [f"field-{number:060}" for number in range(MESSAGE_BYTES_MAX // 60)]
    assert not world.giving.keep_denied(denied_query(world, fields=names))
    envelope = {"object_id": "X-2", "object_version": 1, "claimed_time": "2026-11-02T09:00:00+08:00"}
    transaction = world.world.sign(
        "exchange.query", "hpf-gateway", encode_payload(envelope, {"item": MARRIAGE}), org=HPF
    )
    (result,) = world.world.execute([transaction]).block.results
    body = decode(transaction.body, TransactionBody)
    assert not world.giving.keep_denied(DeniedQuery(body, result, 0))
    assert await world.giving.uses("wang-at-ca") == []
