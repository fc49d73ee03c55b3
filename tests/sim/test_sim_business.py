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
from govchain.sim.policy import ROWS
from tests.support.ledger_world import (
    AMR,
    COURT,
    HASHES,
    NOTARY,
    SM3,
    SUITE,
    TAX,
    LedgerWorld,
    invoice_fields,
    invoice_number,
    licence_fields,
    licence_id,
    make_genesis,
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


def issue_own_draft(world: JudgedWorld) -> None:
    world.do("licence.enter", "amr-c", licence_id(), licence_fields())
    world.do("licence.issue", "amr-c", licence_id(), {})


def enter_unaccredited(world: JudgedWorld) -> None:
    world.do("licence.enter", "amr-b-checker", licence_id(), licence_fields())


def suspend_anothers(world: JudgedWorld) -> None:
    world.make_licence(licence_id())
    world.do("licence.suspend", "amr-b-checker", licence_id(), ORDER)


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


def hand_over_what_one_has_not(world: JudgedWorld) -> None:
    world.deposit("E-1")
    fields = {"to_org": NOTARY, "action": "copy", "raw_hash": HASHES}
    world.do("evidence.transfer", "bank-a", "E-1", fields)


def receive_what_another_was_handed(world: JudgedWorld) -> None:
    world.deposit("E-1")
    world.submit(
        "evidence.transfer", "evp-a", "E-1", {"to_org": NOTARY, "action": "copy", "raw_hash": HASHES}
    )
    world.do("evidence.receive", "bank-a", "E-1", {"raw_hash": HASHES})


def hand_over_other_bytes(world: JudgedWorld) -> None:
    world.deposit("E-1")
    fields = {"to_org": NOTARY, "action": "copy", "raw_hash": OTHER_HASHES}
    world.do("evidence.transfer", "evp-a", "E-1", fields)


def admit_a_mismatch(world: JudgedWorld) -> None:
    world.deposit("E-1")
    world.submit("evidence.submit", "evp-a", "E-1", {"case_no": "（2026）京0491民初99号"})
    world.submit("evidence.verify", "court-a", "E-1", {"raw_hash": OTHER_HASHES, "size_bytes": 1024})
    world.do("evidence.rule", "court-a", "E-1", {"ruling": "ADMITTED"})


def rule_without_looking(world: JudgedWorld) -> None:
    world.deposit("E-1")
    world.do("evidence.rule", "court-a", "E-1", {"ruling": "EXCLUDED", "reason": "late"})


def sell_for_another(world: JudgedWorld) -> None:
    world.do("invoice.issue", "beta-a", invoice_number(), invoice_fields(invoice_number()))


def book_for_another(world: JudgedWorld) -> None:
    world.issue_invoice(invoice_number())
    world.do("invoice.book", "acme-a", invoice_number(), {"voucher_no": "V-1"})


def take_back_too_much(world: JudgedWorld) -> None:
    world.issue_invoice(invoice_number())
    fields = invoice_fields(invoice_number(2), net="2000.00", corrects=[invoice_number()])
    world.do("invoice.red", "acme-a", invoice_number(2), fields)


def take_back_what_is_booked(world: JudgedWorld) -> None:
    world.issue_invoice(invoice_number())
    world.book(invoice_number())
    fields = invoice_fields(invoice_number(2), corrects=[invoice_number()])
    world.do("invoice.red", "acme-a", invoice_number(2), fields)


def revoke_anothers_key(world: JudgedWorld) -> None:
    key_id = SUITE.key_id(next(key for key in world.genesis.keys if key.person == "tax-a").public_key)
    world.do("key.revoke", "amr-admin", key_id.hex(), {"reason": "lost"})


def remove_alone(world: JudgedWorld) -> None:
    world.do("validator.remove", "tax-admin", "GC-1", {"validator": "validator-3", "reason": "over"})


PLANTED = [
    ("licence.issue", "g6_checker_differs", issue_own_draft, "its maker checks it"),
    ("licence.enter", "l4_issuer_is_accredited", enter_unaccredited, "not accredited"),
    ("licence.suspend", "l4_issuer_writes", suspend_anothers, "another organisation issued"),
    ("licence.suspend", "i5_roles_allow", suspend_as_maker, "no role checker"),
    ("licence.resume", "g3_state_allows", resume_what_is_valid, "leads from VALID to VALID"),
    ("licence.suspend", "g4_version_continues", skip_a_version, "for version 9 made 3"),
    ("licence.suspend", "g4_version_continues", forget_the_record_before, "does not name the record before"),
    ("evidence.deposit", "i5_roles_allow", deposit_as_anybody, "no role court or depositor"),
    ("evidence.transfer", "e2_sender_has_custody", hand_over_what_one_has_not, "does not hold the evidence"),
    ("evidence.receive", "e2_receiver_is_named", receive_what_another_was_handed, "nobody handed it"),
    ("evidence.transfer", "e2_hash_is_equal", hand_over_other_bytes, "not the deposited ones"),
    ("evidence.rule", "e6_mismatch_needs_reason", admit_a_mismatch, "without a reason"),
    ("evidence.rule", "g3_state_allows", rule_without_looking, "leads from DEPOSITED to EXCLUDED"),
    ("invoice.issue", "i5_seller_records", sell_for_another, "is not the seller"),
    ("invoice.book", "t6_booker_is_buyer", book_for_another, "is not the buyer"),
    ("invoice.red", "t3_red_within_blue", take_back_too_much, "more is taken back than the invoice had"),
    ("invoice.red", "t4_not_booked", take_back_what_is_booked, "takes back a booked invoice"),
    ("key.revoke", "i5_key_is_own", revoke_anothers_key, "no active key of its organisation"),
    ("validator.remove", "i2_voter_asks", remove_alone, "runs no validator"),
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
        return require(self, body, msgspec.structs.replace(key, active=True))

    monkeypatch.setattr(Execution, "_require_signer", forgive)
    assert world.enter_licence(licence_id()).applied
    assert [name for name, _ in world.problems] == [POLICY]
    assert "its key is revoked" in world.problems[0][1]


def test_too_few_approvals_are_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("govchain.ledger.membership.approvals_needed", lambda *args: 1)
    world = JudgedWorld(make_genesis((AMR, AMR, TAX, COURT)))
    world.do("validator.remove", "amr-admin", "GC-1", {"validator": "validator-3", "reason": "over"})
    assert [problem.partition(": ")[2] for _, problem in world.problems] == [
        "change/GC-1 became ADOPTED, expected PROPOSED"
    ]


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


def test_the_twin_knows_every_kind_and_calls_no_rule() -> None:
    assert ROWS.keys() == VERBS.keys()
    for name in ("business", "policy"):
        tree = ast.parse((PROJECT / "govchain" / "sim" / f"{name}.py").read_text(encoding="utf-8"))
        imported = [node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
        assert not any((module or "").endswith("rules") for module in imported)
