"""The dashboard is true to the routes that it reads. What every live page keeps is in `test_webpages`."""

from __future__ import annotations

import re

import aiohttp
import pytest

from govchain.api.routes import ROUTES
from govchain.ledger.kinds import VERBS
from tests.support.webpages import DASHBOARD

CODE = DASHBOARD.code


def test_every_route_that_the_page_reads_exists() -> None:
    paths = {route.path.split("{")[0] for route in ROUTES}
    asked = {re.split(r"[?$]", path)[0] for path in re.findall(r'[("`](/v1/[^"`)]*)', CODE)}
    assert len(asked) >= 8
    assert asked <= paths, asked - paths


async def test_kinds_tell_what_moves_a_record(http: aiohttp.ClientSession) -> None:
    async with http.get("/v1/kinds") as response:
        answer = await response.json()
    verbs = {verb["verb"]: verb for kind in answer["kinds"] for verb in kind["verbs"]}
    assert set(verbs) == set(VERBS)
    assert verbs["licence.issue"]["to_states"] == ["VALID"]
    assert "{who}" in verbs["licence.issue"]["sentence_zh"]
    licence = next(kind for kind in answer["kinds"] if kind["record_type"] == "licence")
    assert {"name": "VALID", "name_zh": "有效"} in licence["states"]


@pytest.mark.parametrize("path", ["/dashboard", "/main.js", "/page.html"])
async def test_the_page_has_no_parts_of_its_own(http: aiohttp.ClientSession, path: str) -> None:
    async with http.get(path) as response:
        assert response.status == 404
