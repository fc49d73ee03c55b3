"""Submission in both encodings, batches, waiting, receipts and keys."""

from __future__ import annotations

import asyncio
from typing import Any

import aiohttp
import msgspec
import pytest

from govchain.codec import decode, decode_json, encode, to_readable
from govchain.crypto import transaction_id
from govchain.model import Transaction, TransactionBody
from govchain.receipt import verify_receipt
from tests.support.fake_validator import (
    AMR,
    CLERK,
    COURT,
    MAKER,
    STRANGER,
    SUITE,
    FakeNetwork,
    FakeValidator,
    deposit_payload,
    enter_payload,
    licence_id,
    make_genesis,
)

MSGPACK = {"Content-Type": "application/msgpack"}


def deposit(network: FakeNetwork, nonce: int = 0, object_id: str = "") -> Transaction:
    payload = deposit_payload(object_id or f"EV-{nonce}")
    return network.signer(COURT, CLERK).build("evidence.deposit", payload, expiry_height=100, nonce=nonce)


def as_json(transaction: Transaction) -> dict[str, Any]:
    body = decode(transaction.body, TransactionBody)
    return {
        "body": {**to_readable(body), "payload": decode_json(body.payload)},
        "signature": transaction.signature.hex(),
    }


def id_hex(transaction: Transaction) -> str:
    return transaction_id(SUITE, transaction).hex()


async def test_one_transaction_as_msgpack_is_admitted(
    network: FakeNetwork, http: aiohttp.ClientSession
) -> None:
    transaction = deposit(network)
    async with http.post("/v1/transactions", data=encode(transaction), headers=MSGPACK) as response:
        assert response.status == 202
        (answer,) = (await response.json())["transactions"]
    assert answer == {
        "id": id_hex(transaction),
        "status": "admitted",
        "code": "",
        "detail": "",
        "final": None,
    }


async def test_json_and_msgpack_make_the_same_transaction(
    network: FakeNetwork, validator: FakeValidator, http: aiohttp.ClientSession
) -> None:
    transaction = deposit(network)
    async with http.post("/v1/transactions", json=as_json(transaction)) as response:
        assert response.status == 202
        assert (await response.json())["transactions"][0]["id"] == id_hex(transaction)
    async with http.post("/v1/transactions", data=encode((transaction,)), headers=MSGPACK) as response:
        assert response.status == 202
        assert (await response.json())["transactions"][0]["status"] == "known"
    assert [list(sent) for sent in validator.submissions] == [[transaction], [transaction]]


async def test_json_payload_in_any_key_order_is_the_same_transaction(
    network: FakeNetwork, http: aiohttp.ClientSession
) -> None:
    transaction = deposit(network)
    given = as_json(transaction)
    payload = given["body"]["payload"]
    given["body"]["payload"] = {name: payload[name] for name in sorted(payload, reverse=True)}
    async with http.post("/v1/transactions", json=given) as response:
        assert (await response.json())["transactions"][0]["id"] == id_hex(transaction)


async def test_mixed_batch_answers_each_in_order(network: FakeNetwork, http: aiohttp.ClientSession) -> None:
    good, forged = deposit(network, 1), deposit(network, 2)
    forged = Transaction(forged.body, bytes(64))
    garbage = Transaction(b"\xc1", bytes(64))
    async with http.post(
        "/v1/transactions", data=encode((good, forged, garbage)), headers=MSGPACK
    ) as response:
        assert response.status == 200
        answers = (await response.json())["transactions"]
    assert [answer["status"] for answer in answers] == ["admitted", "rejected", "rejected"]
    assert [answer["code"] for answer in answers] == ["", "bad-signature", "malformed"]
    assert answers[2]["id"] == ""


def rejected_transactions(network: FakeNetwork) -> dict[str, Transaction]:
    other = FakeNetwork(make_genesis("another chain"))
    foreign = network.signer(AMR, STRANGER).build("evidence.deposit", deposit_payload("EV"), expiry_height=9)
    wide = network.signer(COURT, CLERK)
    big = enter_payload(licence_id(), name="x" * 70_000)
    return {
        "wrong-chain": deposit(other),
        "unknown-key": foreign,
        "unknown-organisation": network.signer("91990100MA0XX00W9H", STRANGER).build(
            "evidence.deposit", deposit_payload("EV"), expiry_height=9
        ),
        "expired": wide.build("evidence.deposit", deposit_payload("EV"), expiry_height=0),
        "expiry-too-far": wide.build("evidence.deposit", deposit_payload("EV"), expiry_height=99_999),
        "too-large": network.signer(AMR, MAKER).build("licence.enter", big, expiry_height=9),
        "bad-signature": Transaction(deposit(network, 7).body, bytes(64)),
        "malformed": Transaction(b"\x91\x01", bytes(64)),
    }


STATUSES = {
    "wrong-chain": 422,
    "unknown-key": 403,
    "unknown-organisation": 403,
    "expired": 422,
    "expiry-too-far": 422,
    "too-large": 413,
    "bad-signature": 403,
    "malformed": 400,
}


@pytest.mark.parametrize("code", STATUSES)
async def test_RQ1_refused_transaction_is_a_problem_with_its_code(
    code: str, network: FakeNetwork, http: aiohttp.ClientSession
) -> None:
    transaction = rejected_transactions(network)[code]
    async with http.post("/v1/transactions", data=encode(transaction), headers=MSGPACK) as response:
        assert response.status == STATUSES[code]
        assert response.content_type == "application/problem+json"
        problem = await response.json()
    assert problem["code"] == code
    assert problem["definite"] is True
    assert [each["code"] for each in problem["transactions"]] == [code]


async def test_RQ5_full_pool_is_unavailable_and_definite() -> None:
    from govchain.api import serve

    network = FakeNetwork(make_genesis(pool_records_max=1, pool_records_per_org_max=1))
    server = await serve(network.validators()[0], "127.0.0.1", 0)
    async with aiohttp.ClientSession(server.url) as http:
        body = encode((deposit(network, 1), deposit(network, 2)))
        async with http.post("/v1/transactions", data=body, headers=MSGPACK) as response:
            assert response.status == 200
        async with http.post(
            "/v1/transactions", data=encode(deposit(network, 3)), headers=MSGPACK
        ) as response:
            problem = await response.json()
            assert (response.status, problem["code"], problem["definite"]) == (503, "pool-full", True)
            assert problem["retry"] is True
            assert response.headers["Retry-After"] == "1"
    await server.close()


async def test_batch_refused_for_different_reasons(network: FakeNetwork, http: aiohttp.ClientSession) -> None:
    refused = rejected_transactions(network)
    body = encode((refused["expired"], refused["wrong-chain"]))
    async with http.post("/v1/transactions", data=body, headers=MSGPACK) as response:
        problem = await response.json()
    assert (response.status, problem["code"]) == (422, "batch-refused")
    assert [each["code"] for each in problem["transactions"]] == ["expired", "wrong-chain"]


async def test_wait_answers_when_all_are_final(network: FakeNetwork, http: aiohttp.ClientSession) -> None:
    network.instant = True
    batch = (deposit(network, 1), deposit(network, 2, "EV-1"))
    async with http.post("/v1/transactions?wait=5000", data=encode(batch), headers=MSGPACK) as response:
        assert response.status == 200
        first, second = (await response.json())["transactions"]
    assert first["final"]["result"]["applied"] is True
    assert second["final"]["result"]["applied"] is False, "the second deposit of one number is denied"
    assert second["final"]["explanation"]["detail_zh"] == "该证据编号已使用；更正须用新编号"
    assert second["final"]["result"]["rule"] == "E1"


async def test_wait_that_ends_early_answers_what_is_known(
    network: FakeNetwork, http: aiohttp.ClientSession
) -> None:
    async with http.post(
        "/v1/transactions?wait=1", data=encode(deposit(network)), headers=MSGPACK
    ) as response:
        assert response.status == 202
        assert (await response.json())["transactions"][0]["final"]["status"] == "pending"


async def test_get_waits_until_final(network: FakeNetwork, http: aiohttp.ClientSession) -> None:
    transaction = deposit(network)
    network.admit(transaction)

    async def ask() -> dict[str, Any]:
        async with http.get(f"/v1/transactions/{id_hex(transaction)}?wait=20000") as response:
            return dict(await response.json())

    asking = asyncio.create_task(ask())
    async with http.get(f"/v1/transactions/{id_hex(transaction)}") as response:
        assert (await response.json())["status"] == "pending"
    network.finalise()
    answer = await asking
    assert (answer["status"], answer["height"], answer["position"]) == ("final", 1, 0)


async def test_unknown_transaction_is_not_definite(http: aiohttp.ClientSession) -> None:
    async with http.get(f"/v1/transactions/{'ab' * 32}") as response:
        problem = await response.json()
    assert (response.status, problem["code"]) == (404, "unknown-transaction")
    assert problem["definite"] is False, "another validator may have it"


async def test_receipt_is_the_exact_file_that_verifies(
    network: FakeNetwork, http: aiohttp.ClientSession
) -> None:
    transaction = deposit(network)
    network.admit(transaction)
    async with http.get(f"/v1/receipts/{id_hex(transaction)}") as response:
        assert (response.status, (await response.json())["code"]) == (409, "not-final")
    network.finalise()
    async with http.get(f"/v1/receipts/{id_hex(transaction)}") as response:
        assert response.status == 200
        report = verify_receipt(await response.read(), network.genesis)
    assert report.transaction_id.hex() == id_hex(transaction)
    async with http.get(f"/v1/receipts/{'00' * 32}") as response:
        assert (response.status, (await response.json())["code"]) == (404, "unknown-transaction")


async def test_key_tells_its_next_nonce(network: FakeNetwork, http: aiohttp.ClientSession) -> None:
    path = f"/v1/keys/{CLERK.key_id.hex()}"
    async with http.get(path) as response:
        assert (await response.json())["next_nonce"] == 0
    network.admit(deposit(network, 0))
    network.finalise()
    async with http.get(path) as response:
        answer = await response.json()
    assert (answer["next_nonce"], answer["org"], answer["is_active"]) == (1, COURT, True)
    async with http.get(f"/v1/keys/{STRANGER.key_id.hex()}") as response:
        assert (response.status, (await response.json())["code"]) == (404, "not-found")


async def test_an_organisation_tells_its_name(network: FakeNetwork, http: aiohttp.ClientSession) -> None:
    async with http.get(f"/v1/organisations/{COURT}") as response:
        answer = await response.json()
    (court,) = [org for org in network.genesis.organisations if org.id == COURT]
    assert (answer["org"], answer["name"], answer["standing"]) == (COURT, court.name, "ACTIVE")
    async with http.get("/v1/organisations/nobody") as response:
        assert (response.status, (await response.json())["code"]) == (404, "not-found")


JSON_MISTAKES = {
    "no object": ([], 'expected {"transactions"'),
    "empty": ({"transactions": []}, "at least one"),
    "list of numbers": ({"transactions": [1]}, "transactions[0]: expected an object"),
    "unknown field": ({"body": {}, "signature": "", "more": 1}, "unknown field 'more'"),
    "upper case hex": ({"signature": "AA", "body": {}}, "lower-case hex"),
    "body without fields": ({"body": {}, "signature": "aa"}, "chain_id"),
}


@pytest.mark.parametrize("case", JSON_MISTAKES)
async def test_json_mistake_names_the_field(case: str, http: aiohttp.ClientSession) -> None:
    value, expected = JSON_MISTAKES[case]
    async with http.post("/v1/transactions", json=value) as response:
        problem = await response.json()
    assert (response.status, problem["code"], problem["definite"]) == (400, "malformed", True)
    assert expected in problem["detail"]


BODY_MISTAKES = {
    "nonce as text": ({"nonce": "1"}, "body.nonce: expected int"),
    "nonce true": ({"nonce": True}, "body.nonce: expected int"),
    "nonce negative": ({"nonce": -1}, "body.nonce: expected 0 to"),
    "nonce too large": ({"nonce": 2**64}, "body.nonce"),
    "payload with a fraction": ({"payload": {"amount": 1.5}}, "float"),
    "payload as text": ({"payload": "{}"}, "body.payload: expected an object"),
}


@pytest.mark.parametrize("case", BODY_MISTAKES)
async def test_json_body_mistake_names_the_field(
    case: str, network: FakeNetwork, validator: FakeValidator, http: aiohttp.ClientSession
) -> None:
    change, expected = BODY_MISTAKES[case]
    given = as_json(deposit(network))
    given["body"].update(change)
    async with http.post("/v1/transactions", json=given) as response:
        problem = await response.json()
    assert (response.status, problem["code"]) == (400, "malformed")
    assert expected in problem["detail"]
    assert not validator.submissions


async def test_deep_payload_is_refused(network: FakeNetwork, http: aiohttp.ClientSession) -> None:
    given = as_json(deposit(network))
    deep: Any = {}
    for _ in range(30):
        deep = {"in": deep}
    given["body"]["payload"] = deep
    async with http.post("/v1/transactions", json=given) as response:
        assert (response.status, (await response.json())["code"]) == (400, "malformed")
    bomb = b'{"body":{"payload":' + b"[" * 100_000
    async with http.post(
        "/v1/transactions", data=bomb, headers={"Content-Type": "application/json"}
    ) as response:
        assert (response.status, (await response.json())["code"]) == (400, "malformed")


@pytest.mark.parametrize("data", [b"", b"\xc1", b"\x90", b"\x92\x01\x02", b"\x81\x01\x02", b"\x92\xc4\x01a"])
async def test_msgpack_that_is_no_submission_is_refused(data: bytes, http: aiohttp.ClientSession) -> None:
    async with http.post("/v1/transactions", data=data, headers=MSGPACK) as response:
        assert (response.status, (await response.json())["code"]) == (400, "malformed")


async def test_msgpack_in_another_spelling_is_refused(
    network: FakeNetwork, validator: FakeValidator, http: aiohttp.ClientSession
) -> None:
    canonical = encode(deposit(network))
    # The same array of two with a 16-bit length.
    assert canonical[0] == 0x92
    spelled = b"\xdc\x00\x02" + canonical[1:]
    assert msgspec.msgpack.decode(spelled) == msgspec.msgpack.decode(canonical)
    async with http.post("/v1/transactions", data=spelled, headers=MSGPACK) as response:
        assert (response.status, (await response.json())["code"]) == (400, "malformed")
    assert not validator.submissions
