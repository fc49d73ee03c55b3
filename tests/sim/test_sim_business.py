"""The judge of meaning: silent on an honest ledger, and not on one that lost a rule."""

from __future__ import annotations

import ast
import dataclasses
from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from govchain.codec import decode, encode
from govchain.ledger import RecordState
from govchain.ledger.execution import Execution
from govchain.ledger.kinds import VERBS
from govchain.ledger.state import KeyState, record_key
from govchain.model import Genesis, Space
from govchain.sim.business import BUSINESS, LIFE_CYCLES, POLICY
from tests.support.ledger_world import (
    SM3,
    SUITE,
    LedgerWorld,
    licence_id,
)
from tests.support.scenario_texts import PROJECT, SMALL, play

ORDER = {"reason": "order", "basis_document": "D-1"}
OTHER_HASHES = {"sha256": "c" * 64, "sm3": SM3}


class JudgedWorld(LedgerWorld):
    """A ledger that may be wrong, and whose blocks a test may change before they are judged."""

    def __init__(self, genesis: Genesis | None = None) -> None:
        super().__init__(genesis)
        self.may_be_wrong = True

    def do(self, kind: str, person: str, object_id: str, fields: Any, **envelope: Any) -> None:
        result = self.submit(kind, person, object_id, fields, **envelope)
        assert result.applied, f"the planted fault lets it pass: {result}"


def suspend_as_maker(world: JudgedWorld) -> None:
    world.make_licence(licence_id())
    world.do("licence.suspend", "amr-a", licence_id(), ORDER)


def resume_what_is_valid(world: JudgedWorld) -> None:
    world.make_licence(licence_id())
    world.do("licence.resume", "amr-b", licence_id(), ORDER)


def skip_a_version(world: JudgedWorld) -> None:
    world.make_licence(licence_id())
    world.do("licence.suspend", "amr-b", licence_id(), ORDER, object_version=9)


def forget_the_record_before(world: JudgedWorld) -> None:
    world.make_licence(licence_id())
    world.do("licence.suspend", "amr-b", licence_id(), ORDER, prev_record_hash="")


def deposit_as_anybody(world: JudgedWorld) -> None:
    world.do("evidence.deposit", "bank-a", "E-1", world.deposit_fields())


def rule_without_looking(world: JudgedWorld) -> None:
    world.deposit("E-1")
    world.do("evidence.rule", "court-a", "E-1", {"ruling": "EXCLUDED", "reason": "late"})


PLANTED = [
    ("licence.suspend", "i5_roles_allow", suspend_as_maker, "no role checker"),
    ("licence.resume", "g3_state_allows", resume_what_is_valid, "leads from VALID to VALID"),
    ("licence.suspend", "g4_version_continues", skip_a_version, "for version 9 made 3"),
    ("licence.suspend", "g4_version_continues", forget_the_record_before, "does not name the record before"),
    ("evidence.deposit", "i5_roles_allow", deposit_as_anybody, "no role court or depositor"),
    ("evidence.rule", "g3_state_allows", rule_without_looking, "leads from DEPOSITED to EXCLUDED"),
]


def switch_off(patch: pytest.MonkeyPatch, kind: str, name: str) -> None:
    """Take one rule out of one kind of record."""
    row = VERBS[kind].transition
    rules = tuple(rule for rule in row.rules if rule.__name__ != name)
    assert len(rules) == len(row.rules) - 1, f"{kind} has no rule {name}"
    patch.setitem(
        VERBS, kind, dataclasses.replace(VERBS[kind], transition=dataclasses.replace(row, rules=rules))
    )


@pytest.mark.parametrize(
    ("kind", "rule", "act", "says"), PLANTED, ids=[f"{kind}-{act.__name__}" for kind, _, act, _ in PLANTED]
)
def test_a_ledger_that_lost_a_rule_is_reported(
    kind: str, rule: str, act: Callable[[JudgedWorld], None], says: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(AssertionError, match="the planted fault lets it pass"):
        act(JudgedWorld())
    switch_off(monkeypatch, kind, rule)
    world = JudgedWorld()
    act(world)
    assert any(says in problem for _, problem in world.problems), world.problems
    assert {name for name, _ in world.problems} <= BUSINESS.keys()


def test_a_suspended_state_that_no_record_made_is_reported() -> None:
    world = JudgedWorld()
    world.make_licence(licence_id())
    key = record_key("licence", licence_id())

    data = world.store.get(Space.STATE, key)
    assert data is not None
    changed = encode(msgspec.structs.replace(decode(data, RecordState), state="REVOKED"))
    executed = world.execute([])
    problems = world.judge.take(
        msgspec.structs.replace(executed, writes=[*executed.writes, (Space.STATE, key, changed)])
    )
    assert [name for name, problem in problems if licence_id() in problem] == [LIFE_CYCLES, LIFE_CYCLES]


def test_a_denial_that_changes_an_object_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    apply = Execution._apply

    def settle_first(self: Execution, *args: Any) -> None:
        try:
            apply(self, *args)
        except Exception:
            # What the denied transaction is about is changed all the same.
            record = self._access.record("licence", licence_id())
            assert record is not None
            self._view.put(record_key("licence", licence_id()), encode(record))
            self._view.commit()
            raise

    world = JudgedWorld()
    world.make_licence(licence_id())
    monkeypatch.setattr(Execution, "_apply", settle_first)
    assert not world.submit("licence.resume", "amr-b", licence_id(), ORDER).applied
    assert [problem.partition(": ")[2] for _, problem in world.problems] == [
        f"licence/{licence_id()} changed without a record"
    ]


def test_a_revoked_key_that_still_signs_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    world = JudgedWorld()
    key_id = SUITE.key_id(next(key for key in world.genesis.keys if key.person == "amr-a").public_key)
    world.do("key.revoke", "amr-admin", key_id.hex(), {"reason": "lost"})
    assert not world.enter_licence(licence_id()).applied
    assert world.problems == []
    require = Execution._require_signer

    def forgive(self: Execution, body: Any, key: KeyState) -> Any:
        return require(self, body, msgspec.structs.replace(key, state="ACTIVE"))

    monkeypatch.setattr(Execution, "_require_signer", forgive)
    assert world.enter_licence(licence_id()).applied
    assert [name for name, _ in world.problems] == [POLICY]
    assert "its key is revoked" in world.problems[0][1]


def test_the_simulator_ends_at_the_block_that_broke_a_policy(monkeypatch: pytest.MonkeyPatch) -> None:
    text = SMALL.replace("by: clerk", "by: stranger").replace(
        "people:\n", "people:\n  - {id: stranger, org: shop}\n"
    )
    shop = "  - {id: shop, code: 91990100MA0XX00T40, name: Shop}\n"
    text = text.replace("people:\n", f"{shop}people:\n")
    denied = play(text)
    assert [each.name for each in denied.invariants if not each.ok] == []
    switch_off(monkeypatch, "evidence.deposit", "i5_roles_allow")
    result = play(text)
    (broken,) = [each for each in result.invariants if not each.ok]
    assert (broken.name, result.verdict) == (POLICY, "fail")
    assert broken.detail.startswith("height 1: evidence.deposit of evidence/EVP-1 was applied although")


def test_the_judge_calls_no_rule() -> None:
    tree = ast.parse((PROJECT / "govchain" / "sim" / "business.py").read_text(encoding="utf-8"))
    imported = [node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
    assert not any((module or "").startswith("govchain.ledger.rules") for module in imported)
