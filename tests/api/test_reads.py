"""Blocks, records, validators, genesis, status, health, metrics and the page."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import aiohttp
import pytest
from yarl import URL

from govchain.codec import decode, encode, from_readable
from govchain.crypto import transaction_id, verify_finality
from govchain.errors import Unavailable
from govchain.model import Block, FinalityCertificate, Genesis, Transaction
from govchain.receipt import record_proof_from_plain, verify_record_proof
from tests.support.fake_validator import (
    AMR,
    CHECKER,
    CLERK,
    COURT,
    MAKER,
    SUITE,
    FakeNetwork,
    FakeValidator,
    deposit_payload,
    enter_payload,
    issue_payload,
    licence_id,
    revoke_payload,
)

LICENCE = licence_id()


@pytest.fixture
def licence(network: FakeNetwork) -> str:
    """A licence that was entered, issued, and revoked on 1 February."""
    maker, checker = network.signer(AMR, MAKER), network.signer(AMR, CHECKER)

    def run(transaction: Transaction) -> bytes:
        network.admit(transaction)
        network.finalise()
        result = network.chain.result(transaction_id(SUITE, transaction))
        assert result is not None
        assert result.applied, result
        return result.transaction_id

    entered = run(maker.build("licence.enter", enter_payload(LICENCE), expiry_height=99))
    issued = run(checker.build("licence.issue", issue_payload(LICENCE, entered), expiry_height=99))
    run(checker.build("licence.revoke", revoke_payload(LICENCE, issued), expiry_height=99))
    return LICENCE


async def get(http: aiohttp.ClientSession, path: str, status: int = 200) -> Any:
    async with http.get(path) as response:
        assert response.status == status, await response.text()
        return await response.json()


async def test_RD1_certified_record_with_proof_verifies(
    licence: str, network: FakeNetwork, http: aiohttp.ClientSession
) -> None:
    answer = await get(http, f"/v1/records/licence/{licence}?proof")
    assert (answer["level"], answer["height"], answer["is_present"]) == ("certified", 3, True)
    assert answer["record"]["state"] == "REVOKED"
    assert answer["history"] is None
    proof = record_proof_from_plain(answer["proof"])
    key = network.chain.record_key("licence", licence)
    verify_record_proof(proof, network.genesis, key=key)


async def test_RD1_absence_is_an_answer_with_a_proof(
    licence: str, network: FakeNetwork, http: aiohttp.ClientSession
) -> None:
    answer = await get(http, "/v1/records/licence/none?proof=true")
    assert (answer["is_present"], answer["record"], answer["licence_at"]) == (False, None, None)
    verify_record_proof(record_proof_from_plain(answer["proof"]), network.genesis)


async def test_RD1_local_level_has_no_certificate(licence: str, http: aiohttp.ClientSession) -> None:
    answer = await get(http, f"/v1/records/licence/{licence}?level=local&proof")
    assert answer["level"] == "local"
    assert answer["proof"]["certificate"] is None


async def test_RD1_latest_level_is_proven_and_names_itself(
    licence: str, network: FakeNetwork, http: aiohttp.ClientSession
) -> None:
    answer = await get(http, f"/v1/records/licence/{licence}?level=latest&proof")
    assert (answer["level"], answer["height"]) == ("latest", network.ledger.height)
    verify_record_proof(record_proof_from_plain(answer["proof"]), network.genesis)


async def test_history_lists_every_change(licence: str, http: aiohttp.ClientSession) -> None:
    answer = await get(http, f"/v1/records/licence/{licence}?history")
    assert [entry["kind"] for entry in answer["history"]] == [
        "licence.enter",
        "licence.issue",
        "licence.revoke",
    ]
    assert answer["record"]["last_record_hash"] == answer["history"][-1]["transaction_id"]


@pytest.mark.parametrize(
    ("moment", "expected"),
    [
        ("2026-01-05T00:00:00Z", "UNKNOWN"),
        ("2026-01-05T09:30:00+08:00", "DRAFT"),
        ("2026-01-05T12:00:00+08:00", "NOT_YET"),
        ("2026-01-10T00:00:00+08:00", "VALID"),
        ("2026-02-01T10:00:00+08:00", "REVOKED"),
    ],
)
async def test_L3_licence_at_a_moment(
    moment: str, expected: str, licence: str, http: aiohttp.ClientSession
) -> None:
    answer = await get(http, f"/v1/records/licence/{licence}?at={quote(moment, safe='')}")
    assert answer["licence_at"]["answer"] == expected


@pytest.mark.parametrize("moment", ["yesterday", "2026-01-05T09:30:00", "2026-01-05T09:30:00+08:00"])
async def test_moment_without_a_right_offset_is_refused(
    moment: str, licence: str, http: aiohttp.ClientSession
) -> None:
    # The third one reaches the server with a space for its plus sign, as a careless caller sends it.
    async with http.get(f"/v1/records/licence/{licence}?at={moment}") as response:
        problem = await response.json()
    assert (response.status, problem["code"]) == (400, "invalid-parameter")
    assert problem["detail"].startswith("at: ")


async def test_only_a_licence_has_a_moment(http: aiohttp.ClientSession) -> None:
    problem = await get(http, "/v1/records/evidence/EV-1?at=2026-01-05T00:00:00Z", 400)
    assert problem["code"] == "invalid-parameter"


@pytest.mark.parametrize("object_id", ["91990100MA0XX00U2T/INV-1", "a.b.c/d/e", "证据-1", "50%25", "a+b&c=d"])
async def test_object_id_may_hold_slashes_dots_and_more(
    object_id: str, network: FakeNetwork, http: aiohttp.ClientSession
) -> None:
    network.admit(
        network.signer(COURT, CLERK).build("evidence.deposit", deposit_payload(object_id), expiry_height=9)
    )
    network.finalise()
    answer = await get(http, f"/v1/records/evidence/{quote(object_id)}")
    assert (answer["object_id"], answer["is_present"]) == (object_id, True)
    path = URL(f"/v1/records/evidence/{quote(object_id, safe='')}", encoded=True)
    async with http.get(path) as response:
        assert (await response.json())["object_id"] == object_id


async def test_record_before_the_first_block_is_unavailable(http: aiohttp.ClientSession) -> None:
    problem = await get(http, "/v1/records/licence/x", 503)
    assert (problem["code"], problem["definite"]) == ("unavailable", True)


async def test_block_readable_and_canonical(
    licence: str, network: FakeNetwork, http: aiohttp.ClientSession
) -> None:
    answer = await get(http, "/v1/blocks/1")
    (transaction,) = answer["transactions"]
    assert transaction["body"]["kind"] == "licence.enter"
    assert transaction["body"]["payload"]["object_id"] == licence
    assert transaction["id"] == answer["results"][0]["transaction_id"]
    async with http.get("/v1/blocks/1", headers={"Accept": "application/msgpack"}) as response:
        assert response.content_type == "application/msgpack"
        block, certificate = decode(await response.read(), tuple[Block, FinalityCertificate])
    verify_finality(SUITE, network.genesis.validators, certificate, block.header)


async def test_payload_that_is_no_json_is_shown_as_hex(
    network: FakeNetwork, http: aiohttp.ClientSession
) -> None:
    network.admit(network.signer(COURT, CLERK).build("evidence.deposit", b"\xff\x00", expiry_height=9))
    network.finalise()
    body = (await get(http, "/v1/blocks/1"))["transactions"][0]["body"]
    assert (body["payload"], body["payload_hex"]) == (None, "ff00")


async def test_blocks_are_paged_newest_first(network: FakeNetwork, http: aiohttp.ClientSession) -> None:
    assert (await get(http, "/v1/blocks")) == {"final_height": 0, "blocks": [], "next_before": None}
    for _ in range(5):
        network.finalise()
    first = await get(http, "/v1/blocks?limit=3")
    assert [block["height"] for block in first["blocks"]] == [5, 4, 3]
    second = await get(http, f"/v1/blocks?limit=3&before={first['next_before']}")
    assert [block["height"] for block in second["blocks"]] == [2, 1]
    assert second["next_before"] is None
    assert (await get(http, "/v1/blocks?before=1"))["blocks"] == []


async def test_missing_block_names_the_last_one(network: FakeNetwork, http: aiohttp.ClientSession) -> None:
    network.finalise()
    problem = await get(http, "/v1/blocks/2", 404)
    assert problem["code"] == "not-found"
    assert "the last one is 1" in problem["detail"]


async def test_genesis_comes_back_as_it_was(network: FakeNetwork, http: aiohttp.ClientSession) -> None:
    assert from_readable(await get(http, "/v1/genesis"), Genesis) == network.genesis
    async with http.get("/v1/genesis", headers={"Accept": "application/msgpack"}) as response:
        assert await response.read() == encode(network.genesis)


async def test_validators_and_status(
    network: FakeNetwork, validator: FakeValidator, http: aiohttp.ClientSession
) -> None:
    answer = await get(http, "/v1/validators")
    assert (answer["quorum_size"], answer["max_faulty"], len(answer["members"])) == (3, 1, 4)
    assert all(member["is_connected"] for member in answer["members"])
    status = await get(http, "/v1/status")
    assert (status["name"], status["chain_id"]) == ("validator-0", network.chain_id.hex())


async def test_health_readiness_and_metrics(validator: FakeValidator, http: aiohttp.ClientSession) -> None:
    assert await get(http, "/healthz") == {"status": "ok"}
    assert (await get(http, "/readyz"))["ready"] is True
    validator.ready = False
    assert (await get(http, "/readyz", 503))["ready"] is False
    async with http.get("/metrics") as response:
        assert response.content_type == "text/plain"
        assert "govchain_height 0" in await response.text()


async def test_healthz_answers_while_the_validator_fails(
    validator: FakeValidator, http: aiohttp.ClientSession
) -> None:
    validator.failure = Unavailable("starting")
    assert await get(http, "/healthz") == {"status": "ok"}
    assert (await get(http, "/v1/status", 503))["code"] == "unavailable"
