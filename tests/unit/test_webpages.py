"""Every live page: complete in itself, deaf to markup, in two languages."""

from __future__ import annotations

import base64
import hashlib
import re

import pytest

from tests.support.webpages import DASHBOARD, PORTAL, LivePage

pages = pytest.mark.parametrize("live", [DASHBOARD, PORTAL], ids=["dashboard", "portal"])


@pages
def test_the_page_loads_nothing_and_runs_only_its_own_scripts(live: LivePage) -> None:
    text, policy = live.page.body.decode(), live.page.policy
    assert "https://" not in text
    assert set(re.findall(r"http://[^\"']+", text)) == {"http://www.w3.org/2000/svg"}
    assert policy.startswith("default-src 'none'")
    assert "connect-src 'self'; frame-ancestors 'none'" in policy
    scripts = re.findall(r"<script>(.*?)</script>", text, re.DOTALL)
    assert len(scripts) == len(live.scripts)
    for script in scripts:
        assert base64.b64encode(hashlib.sha256(script.encode()).digest()).decode() in policy
    assert not re.search(r"<[^>]* on[a-z]+=", re.sub(r"<script>.*?</script>", "", text, flags=re.DOTALL))


@pages
def test_no_markup_is_ever_read_from_data(live: LivePage) -> None:
    assert not re.search(r"innerHTML|outerHTML|insertAdjacent|document\.write|eval\(|new Function", live.code)


@pages
def test_every_word_is_there_in_both_languages_and_is_used(live: LivePage) -> None:
    names = set(re.findall(r'(?<![\w.])t\("(\w+)"', live.code))
    named = {name for pair in re.findall(r'"(\w+)"|\b(answered|refused|open):', live.code) for name in pair}
    assert names <= set(live.words), names - set(live.words)
    assert set(live.words) <= named, set(live.words) - named
    for key, (en, zh) in live.words.items():
        assert sorted(re.findall(r"\{\d\}", en)) == sorted(re.findall(r"\{\d\}", zh)), key
        assert key in ("validator_version", "language") or re.search(r"[\u4e00-\u9fff]", zh), key


def test_the_portal_keeps_a_token_in_no_address_and_no_storage() -> None:
    """Addresses stand in logs and histories, and storage outlives the page on a shared computer."""
    code = PORTAL.code
    assert re.findall(r"Storage\.\w+\([^)]*", code) == [
        'Storage.getItem("language"',
        'Storage.setItem("language", language ? "zh" : "en"',
    ]
    assert not re.search(r"sessionStorage|indexedDB|cookie|location\b|history\b|searchParams", code)
    paths = re.findall(r'ask\(\s*"([^"]*)"', code)
    assert paths == ["/v1/portal/uses", "/v1/portal/revocations"]
    assert len(re.findall(r"\bfetch\(", code)) == 1
    assert "Authorization: `Bearer ${mine.token}`" in code
