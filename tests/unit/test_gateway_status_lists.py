"""Status lists over HTTP: anybody gets a whole list of any gateway, which keeps what is anchored (L9)."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from govchain.disclosure import ListedStatus, TokenKey, issue_status_list, token_signer, verify_status_list
from govchain.disclosure.status_list import digest_statuses, pack_statuses
from govchain.ledger.kinds.status_list import PLACES_MIN
from tests.support.gateway_server import ServedGateway, serving
from tests.support.gateway_world import GatewayWorld
from tests.support.ledger_world import AMR, AMR_B, rfc3339, signer_of

DESK = {"Authorization": "Bearer " + "d" * 64}
PATH = f"/v1/status-lists/{AMR}/business-1"
ADDRESS = f"https://lists.example.org{PATH}"
PLACE = 7
PACKED = pack_statuses(PLACES_MIN, {PLACE: ListedStatus.INVALID})
TTL_S = 600


@dataclass
class Lists:
    """A gateway of civil affairs that serves, and the chain that it reads."""

    world: GatewayWorld
    served: ServedGateway

    @property
    def now_s(self) -> int:
        return self.world.chain.now_ms() // 1_000

    def anchor(self, packed: bytes = PACKED, address: str = ADDRESS, person: str = "amr-b") -> None:
        digest = digest_statuses(address, packed)
        fresh = rfc3339(self.world.world.now_ms + TTL_S * 1_000)
        fields = {"digest": digest, "places": PLACES_MIN, "fresh_until": fresh}
        result = self.world.world.submit("licence.publish_list", person, address, fields)
        assert result.applied, result

    def token(self, packed: bytes = PACKED, *, person: str = "amr-b", **changes: Any) -> str:
        signer = signer_of(person)
        wanted = {
            "issuer": AMR,
            "key_id": signer.key_id.hex(),
            "uri": ADDRESS,
            "issued_s": self.now_s,
            "expires_s": self.now_s + 86_400,
            "ttl_s": TTL_S,
            **changes,
        }
        return issue_status_list(token_signer(signer), packed, **wanted)

    def visitor(self) -> aiohttp.ClientSession:
        return aiohttp.ClientSession(connector=aiohttp.TCPConnector(ssl=self.served.trust()))

    async def post(self, text: str | bytes, headers: dict[str, str] = DESK) -> tuple[int, Any]:
        async with (
            self.visitor() as session,
            session.post(f"{self.served.url}/v1/status-lists", data=text, headers=headers) as response,
        ):
            return response.status, await response.json()

    async def get(self, path: str = PATH) -> tuple[int, str, dict[str, str]]:
        async with self.visitor() as session, session.get(self.served.url + path) as response:
            return response.status, await response.text(), dict(response.headers)


@pytest.fixture
async def lists(tmp_path: Path) -> AsyncIterator[Lists]:
    async with serving(tmp_path) as served:
        yield Lists(served.world, served)


async def test_L9_answers_anybody_with_the_whole_list_of_another_department(lists: Lists) -> None:
    assert (await lists.get())[0] == 404
    lists.anchor()
    text = lists.token()
    assert await lists.post(text) == (200, {"address": ADDRESS})
    status, found, headers = await lists.get()
    assert (status, found) == (200, text)
    assert headers["Content-Type"] == "application/statuslist+jwt"
    assert headers["Cache-Control"] == f"public, max-age={TTL_S}"
    key = TokenKey("EdDSA", signer_of("amr-b").public_key)
    told = verify_status_list(found, lambda *_: key, issuer=AMR, uri=ADDRESS, now_s=lists.now_s)
    assert [told.status_at(place) for place in (PLACE, 8)] == [ListedStatus.INVALID, ListedStatus.VALID]


async def test_L9_never_learns_which_licence_is_meant_and_answers_the_same_whatever_is_added(
    lists: Lists,
) -> None:
    lists.anchor()
    await lists.post(lists.token())
    plain = (await lists.get())[:2]
    assert (await lists.get(f"{PATH}?idx={PLACE}&licence=x"))[:2] == plain
    assert (await lists.get(f"{PATH}/{PLACE}"))[0] == 404


async def test_L9_answers_with_the_newest_list_until_it_is_over(lists: Lists) -> None:
    lists.anchor()
    await lists.post(lists.token())
    newer = pack_statuses(PLACES_MIN, {9: ListedStatus.SUSPENDED})
    lists.anchor(newer)
    text = lists.token(newer)
    assert (await lists.post(text))[0] == 200
    assert (await lists.get())[1] == text
    lists.world.world.now_ms += (TTL_S - 1) * 1_000
    assert (await lists.get())[2]["Cache-Control"] == "public, max-age=1"
    lists.world.world.now_ms += 1_000
    assert (await lists.get())[0] == 404


async def test_L9_refuses_what_its_issuer_did_not_sign_and_anchor(lists: Lists) -> None:
    lists.anchor()
    stale = {"issued_s": lists.now_s - TTL_S, "expires_s": lists.now_s}
    elsewhere = "https://lists.example.org/business/1"
    of_another = ADDRESS.replace(AMR, AMR_B)
    for text, reason in (
        (lists.token(pack_statuses(PLACES_MIN, {})), "wrong-list"),
        (lists.token(uri=elsewhere), "wrong-list"),
        (lists.token(uri=of_another), "wrong-list"),
        (lists.token(uri=ADDRESS + "2"), "wrong-list"),
        (lists.token(person="beta-a"), "unknown-issuer"),
        (lists.token(key_id="no hex"), "unknown-issuer"),
        (lists.token(**stale), "stale-list"),
        (lists.token()[:-4] + "AAAA", "bad-signature"),
        ("a.b", "malformed"),
    ):
        status, problem = await lists.post(text)
        assert (status, problem["code"]) == (422, "bad-credential")
        assert problem["detail"].startswith(reason), problem["detail"]
    assert (await lists.post("é".encode()))[0] == 400
    assert (await lists.post(lists.token(), {}))[0] == 401
    assert (await lists.get())[0] == 404


async def test_L9_refuses_a_list_that_somebody_else_anchored_at_the_address(
    lists: Lists, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The chain denies such an anchor; the gateway does not rely on that.
    monkeypatch.setattr("govchain.ledger.kinds.status_list.is_credit_code", lambda text: False)
    lists.anchor(person="amr-b-checker")
    status, problem = await lists.post(lists.token())
    assert (status, problem["code"]) == (422, "bad-credential")
