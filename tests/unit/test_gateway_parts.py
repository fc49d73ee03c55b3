"""Parts of a gateway alone: vault, database, tokens, configuration, and its routes over HTTP."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import pytest

from govchain.client import Client, KeyAnswer
from govchain.crypto.vault import Vault, seal_to
from govchain.errors import BadProof, ConfigError, InvalidInput, MalformedBytes, StorageFailure
from govchain.gateway.client_chain import ClientChain
from govchain.gateway.config import load_gateway_config
from govchain.gateway.store import Exchange, GatewayStore
from govchain.gateway.tokens import VALID_S_MAX, PortalTokens
from tests.support.ledger_world import make_genesis
from tests.support.sharing_world import CA, HPF

DESK = "d" * 64
OTHER_VARIABLE = "GOVCHAIN_TEST_DATABASE"
OTHER_DATABASE = os.environ.get(OTHER_VARIABLE, "")
"""SQLAlchemy URL of an empty PostgreSQL database."""


def test_a_vault_opens_rows_only_where_they_were_sealed() -> None:
    vault, other = Vault(b"a" * 32), Vault(b"b" * 32)
    sealed = vault.seal(b"row", "here")
    assert vault.open(sealed, "here") == b"row"
    assert vault.seal(b"row", "here") != sealed
    for broken, place, with_ in (
        (sealed, "there", vault),
        (sealed, "here", other),
        (sealed[:-1], "here", vault),
        (b"", "here", vault),
    ):
        with pytest.raises(StorageFailure, match="does not open"):
            with_.open(broken, place)
    assert vault.index("a", "b") != vault.index("ab")
    assert vault.index("a") != vault.derive("a").hex() != other.derive("a").hex()
    assert "a" * 8 not in repr(vault)
    with pytest.raises(ConfigError, match="32 bytes"):
        Vault(b"short")


def test_an_answer_opens_for_its_receiver_alone() -> None:
    vault = Vault(b"a" * 32)
    sealed = seal_to(vault.answer_key, b"told")
    assert vault.open_answer(sealed) == b"told"
    for broken, receiver in ((sealed, Vault(b"b" * 32)), (sealed[:-1], vault), (b"", vault)):
        with pytest.raises(BadProof, match="does not open"):
            receiver.open_answer(broken)
    with pytest.raises(MalformedBytes, match="32 bytes"):
        seal_to(b"short", b"told")


def test_a_database_belongs_to_one_gateway_and_nobody_else_reads_it(tmp_path: Path) -> None:
    path = tmp_path / "sub" / "gateway.db"
    GatewayStore(f"sqlite:///{path}", "chain A").close()
    assert path.stat().st_mode & 0o077 == 0
    with pytest.raises(ConfigError, match="another gateway"):
        GatewayStore(f"sqlite:///{path}", "chain B")
    path.chmod(0o644)
    with pytest.raises(ConfigError, match="others can read"):
        GatewayStore(f"sqlite:///{path}", "chain A")
    for url in ("no url", "nosuch://x"):
        with pytest.raises(ConfigError, match="cannot be opened"):
            GatewayStore(url, "chain A")
    path.chmod(0o600)
    path.write_bytes(b"no database" * 1000)
    with pytest.raises(StorageFailure, match="failed"):
        GatewayStore(f"sqlite:///{path}", "chain A")


@pytest.mark.parametrize(
    "url",
    [
        "sqlite://",
        pytest.param(
            OTHER_DATABASE,
            marks=pytest.mark.skipif(not OTHER_DATABASE, reason=f"{OTHER_VARIABLE} names no database"),
        ),
    ],
)
def test_every_database_keeps_the_same(url: str) -> None:
    store = GatewayStore(url, "test")
    row = Exchange(
        side="gave", exchange="X-1", state="RECEIVED", person="p", at_ms=2**40, document=b"\x00\xff"
    )
    for state, unfinished in (("RECEIVED", ["X-1"]), ("LOGGED", [])):
        store.put_exchange(replace(row, state=state), next_nonce=7)
        assert store.exchange("gave", "X-1") == replace(row, state=state)
        assert [each.exchange for each in store.unfinished()] == unfinished
    assert store.meta("next-nonce") == "7"
    store.close()


def test_a_token_of_a_person_ends_and_opens_no_other_person() -> None:
    store = GatewayStore("sqlite://", "chain A")
    tokens = PortalTokens(store, Vault(b"a" * 32))
    token = tokens.issue("wang", 10, now_ms=1_000)
    assert tokens.person(token, 10_999) == "wang"
    assert tokens.person(token, 11_000) == ""
    assert tokens.person(token[:-1] + "x", 2_000) == ""
    assert tokens.person("", 2_000) == ""
    for person, valid_s in (("", 10), ("wang", 0), ("wang", VALID_S_MAX + 1), ("w" * 129, 10)):
        with pytest.raises(InvalidInput, match="expected a pseudonym"):
            tokens.issue(person, valid_s, now_ms=0)
    store.close()


def test_a_database_that_was_removed_or_replaced_takes_no_more(tmp_path: Path) -> None:
    path, aside = tmp_path / "gateway.db", tmp_path / "aside.db"
    store = GatewayStore(f"sqlite:///{path}", "owner")
    store.set_meta("a", "1")
    path.rename(aside)
    for _ in range(2):
        with pytest.raises(StorageFailure, match="removed or replaced"):
            store.set_meta("a", "2")
        path.write_bytes(aside.read_bytes())
    path.unlink()
    aside.rename(path)
    store.set_meta("a", "3")
    assert store.meta("a") == "3"
    store.close()


def test_a_full_database_says_so_and_goes_on_when_there_is_room(tmp_path: Path) -> None:
    store = GatewayStore(f"sqlite:///{tmp_path / 'gateway.db'}", "owner")
    with store._engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA max_page_count=20")
    facts = [(str(number), bytes(4_096)) for number in range(100)]
    with pytest.raises(StorageFailure, match="the database failed: SQLITE_FULL"):
        store.put_facts(facts)
    assert store.fact("0") is None
    with store._engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA max_page_count=10000")
    store.put_facts([("later", b"x")])
    assert store.fact("later") == b"x"
    store.close()


def test_a_damaged_database_is_named_with_what_to_do(tmp_path: Path) -> None:
    path = tmp_path / "gateway.db"
    path.write_bytes(b"no database" * 1_000)
    path.chmod(0o600)
    with pytest.raises(StorageFailure, match=r"gateway\.db: .*SQLITE_NOTADB; .*backup"):
        GatewayStore(f"sqlite:///{path}", "owner")


def _key(**changes: Any) -> KeyAnswer:
    fitting = {"key_id": b"k", "public_key": b"p", "org": CA, "person": "g", "roles": ("gateway",)}
    life = {"is_active": True, "state": "ACTIVE", "revoked_since_ms": 0, "history": ()}
    return KeyAnswer(**(fitting | life | {"height": 1, "next_nonce": 0} | changes))


@pytest.mark.parametrize(
    ("answer", "problem"),
    [
        (_key(), ""),
        (None, "unknown-key"),
        (_key(org=HPF), "key-of-another-organisation"),
        (_key(roles=("maker",)), "key-without-the-role-gateway"),
        (_key(is_active=False), "key-not-active"),
    ],
)
async def test_a_key_that_the_chain_would_refuse_is_told_apart(
    answer: KeyAnswer | None, problem: str
) -> None:
    class Chain:
        async def key(self, key_id: bytes) -> KeyAnswer | None:
            assert key_id == b"k"
            return answer

    chain = ClientChain(cast(Client, Chain()), make_genesis(), lambda: 0)
    assert await chain.unfit(b"k", CA) == problem


def test_a_configuration_says_what_is_wrong(tmp_path: Path) -> None:
    path = tmp_path / "gateway.yaml"
    good = (
        f"org: {CA}\ngenesis: g\nkey: k\nsecret: s\ndesk_token: t\nlisten: 127.0.0.1:1\n"
        "peer_listen: 127.0.0.1:2\ntls_certificate: c\ntls_key: tk\ntls_authority: ca\n"
        f"validators: [http://v]\npeers: {{{HPF}: https://h:3}}\n"
    )
    path.write_text(good)
    config = load_gateway_config(path)
    assert (config.key, config.tls_key) == (str(tmp_path / "k"), str(tmp_path / "tk"))
    assert config.database == f"sqlite:///{tmp_path / 'gateway.db'}"
    for wrong, problem in (
        (good.replace(CA, "X"), "credit code"),
        (good.replace("[http://v]", "[]"), "no validator"),
        (good + "more: 1\n", "more"),
        (good.replace("https://h", "http://h"), f"peers.*{HPF}|over TLS only"),
        (good.replace("tls_key: tk\n", ""), "tls_key"),
        (good + "items: [{item: A, fields: []}, {item: A, fields: []}]\n", "served twice; found 'A'"),
        (good + "items: [{item: A, fields: [{name: x}, {name: x}]}]\n", "served twice; found 'x'"),
    ):
        path.write_text(wrong)
        with pytest.raises(ConfigError, match=problem):
            load_gateway_config(path)
