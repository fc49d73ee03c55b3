"""Nothing is refused in silence: every code of core, pool, node and network has a counter and a test."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from govchain.consensus import REJECTION_CODES, Note, Output
from govchain.errors import (
    BadProof,
    BadSignature,
    InvalidInput,
    InvalidTransaction,
    MalformedBytes,
    ProtocolViolation,
    UnknownVersion,
)
from govchain.mempool import REJECTIONS
from govchain.model import Transaction
from govchain.node import NodeRuntime
from tests.support.node_world import NodeWorld

ROOT = Path(__file__).resolve().parents[2]
BY_CLASS = {error.code for error in (MalformedBytes, UnknownVersion, BadSignature, BadProof)}
"""Codes that an error brings along."""
KNOWN_BEFORE = "duplicate"
"""Of the pool: the answer to a client is `known`, and gossip that crosses gossip is no fault of anybody."""
ORDINARY = (KNOWN_BEFORE, "nonce-used")
"""Of the pool: what gossip that crosses gossip or execution gives."""


def own_codes() -> set[str]:
    """Codes that node and network name in their source."""
    found = set(BY_CLASS)
    for package in ("node", "net"):
        for path in sorted((ROOT / "govchain" / package).glob("*.py")):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Call):
                    found |= set(codes_of(node))
    return found


def codes_of(call: ast.Call) -> Iterator[str]:
    name = call.func.attr if isinstance(call.func, ast.Attribute) else ""
    places = {"reject": 0, "on_refused": 1, "_drop": 0}
    named = [keyword.value for keyword in call.keywords if keyword.arg == "code"]
    for value in [*call.args[places[name] : places[name] + 1], *named] if name in places else named:
        if isinstance(value, ast.Constant) and isinstance(value.value, str):
            yield value.value


OWN_CODES = sorted(own_codes())
TESTS = "\n".join(path.read_text(encoding="utf-8") for path in sorted((ROOT / "tests").rglob("test_*.py")))


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> NodeRuntime:
    """A validator that was never started."""
    return NodeWorld(tmp_path_factory.mktemp("node"))._make("validator-0")


def counted(node: NodeRuntime, code: str) -> float:
    found = node._parts.metrics.registry.get_sample_value("govchain_rejected_total", {"code": code})
    return found or 0.0


@pytest.mark.parametrize("code", OWN_CODES)
def test_every_code_of_node_and_network_is_explained_and_tested(code: str) -> None:
    pages = [ROOT / "docs" / "reference" / name for name in ("metrics.md", "metrics.zh.md")]
    if code not in REJECTION_CODES and code not in REJECTIONS:
        assert all(f"`{code}`" in page.read_text(encoding="utf-8") for page in pages)
    assert f'"{code}"' in TESTS, f"no test speaks of {code}"


@pytest.mark.parametrize("code", REJECTION_CODES)
def test_the_driver_counts_every_rejection_of_the_core(code: str, node: NodeRuntime) -> None:
    before = counted(node, code)
    node._owner._honour([Output(notes=[Note("rejected", (("code", code), ("peer", 1)))])])
    assert counted(node, code) == before + 1


@pytest.mark.parametrize("code", REJECTION_CODES)
def test_the_door_counts_every_rejection_of_a_message(code: str, node: NodeRuntime) -> None:
    before = counted(node, code)
    node._verifier.refuse("validator-1", ProtocolViolation("validator-1", "MS-1", "a test", code=code))
    assert counted(node, code) == before + 1


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (MalformedBytes("a test"), "malformed"),
        (UnknownVersion("govchain.block/9", "govchain.block/1"), "unknown-version"),
        (BadSignature("a test"), "bad-signature"),
        (BadProof("a test"), "bad-proof"),
    ],
)
def test_the_door_counts_what_does_not_decode_or_verify(
    error: InvalidInput, code: str, node: NodeRuntime
) -> None:
    before = counted(node, code)
    node._verifier.refuse("validator-1", error)
    assert counted(node, code) == before + 1


@pytest.mark.parametrize("code", REJECTIONS)
def test_every_rejection_of_the_pool_is_counted(
    code: str, node: NodeRuntime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        node._parts.mempool, "admit_many", lambda some: [InvalidTransaction(code, "a test") for _ in some]
    )
    transactions = [Transaction(b"body", b"signature")]
    before = counted(node, code)
    (answer,) = node._pool.submit(transactions, 0.0)
    from_clients = counted(node, code) - before
    assert (answer.status, from_clients) == (("known", 0) if code == KNOWN_BEFORE else ("rejected", 1))
    node._inbox.put_frames("validator-1", [])
    node._pool.receive("validator-1", transactions, 0)
    node._pool.admit_waiting(1)
    from_peers = counted(node, code) - before - from_clients
    assert from_peers == (0 if code in ORDINARY else 1)
