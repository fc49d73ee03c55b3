"""The dashboard: complete in itself, deaf to markup, in two languages, and true to the routes it reads."""

from __future__ import annotations

import base64
import hashlib
import re

import aiohttp
import pytest

from govchain.api.dashboard import SCRIPTS
from govchain.api.routes import ROUTES
from govchain.ledger.kinds import VERBS
from tests.architecture.sources import ROOT

FOLDER = ROOT / "govchain" / "api" / "dashboard"
CODE = "\n".join((FOLDER / name).read_text(encoding="utf-8") for name in SCRIPTS if name != "words.js")
PAIR = re.compile(r'(\w+): \["((?:[^"\\]|\\.)*)", "((?:[^"\\]|\\.)*)"\]')
WORDS = {key: (en, zh) for key, en, zh in PAIR.findall((FOLDER / "words.js").read_text(encoding="utf-8"))}


async def test_the_page_loads_nothing_and_runs_only_its_own_scripts(http: aiohttp.ClientSession) -> None:
    async with http.get("/") as response:
        text = await response.text()
        policy = response.headers["Content-Security-Policy"]
    assert "https://" not in text
    assert set(re.findall(r"http://[^\"']+", text)) == {"http://www.w3.org/2000/svg"}
    assert policy.startswith("default-src 'none'")
    scripts = re.findall(r"<script>(.*?)</script>", text, re.DOTALL)
    assert len(scripts) == len(SCRIPTS)
    for script in scripts:
        assert base64.b64encode(hashlib.sha256(script.encode()).digest()).decode() in policy


def test_no_markup_is_ever_read_from_data() -> None:
    assert not re.search(r"innerHTML|outerHTML|insertAdjacent|document\.write|eval\(|new Function", CODE)


def test_every_word_is_there_in_both_languages_and_is_used() -> None:
    names = set(re.findall(r'(?<![\w.])t\("(\w+)"', CODE))
    named = set(re.findall(r'"(\w+)"', CODE)) & set(WORDS)
    assert names <= set(WORDS), names - set(WORDS)
    assert set(WORDS) == named, set(WORDS) - named
    for key, (en, zh) in WORDS.items():
        assert sorted(re.findall(r"\{\d\}", en)) == sorted(re.findall(r"\{\d\}", zh)), key
        assert key in ("validator_version", "language") or re.search(r"[\u4e00-\u9fff]", zh), key


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
