"""What the judge counts beside the tables: a ledger that lost one rule is reported, by the right promise."""

from __future__ import annotations

import ast
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import msgspec
import pytest

from govchain.ledger import membership
from govchain.ledger.kinds.evidence import custody
from govchain.model import KeyRecord, Organisation, TransactionResult
from govchain.sim.books import APPROVALS, CUSTODY, KEPT, SINGLE_USE, SUMS
from tests.sim.test_sim_business import switch_off
from tests.support.identity_world import IdentityWorld
from tests.support.joint_world import BUYER, PAIR, PSB, SELLER, UNIT, JointWorld
from tests.support.ledger_world import (
    ACME,
    BANK,
    HASHES,
    NOTARY,
    LedgerWorld,
    invoice_number,
    licence_id,
    make_genesis,
    rfc3339,
    signer_of,
)
from tests.support.scenario_texts import PROJECT
from tests.support.sharing_world import FIN, MARRIAGE, SharingWorld

HAND_OVER = {"to_org": NOTARY, "action": "seal", "raw_hash": HASHES}
BLUE, RED, SECOND_RED = (invoice_number(number) for number in (1, 2, 3))


def receive_for_another() -> LedgerWorld:
    world = LedgerWorld()
    world.deposit("EV-1")
    done(world.submit("evidence.transfer", "evp-a", "EV-1", HAND_OVER))
    last(world, "evidence.receive", "court-a", "EV-1", {"raw_hash": HASHES})
    return world


def hand_over_what_another_has() -> LedgerWorld:
    world = LedgerWorld()
    world.deposit("EV-1")
    last(world, "evidence.transfer", "bank-a", "EV-1", HAND_OVER)
    return world


def award_beyond_the_budget() -> LedgerWorld:
    genesis = make_genesis()
    office = Organisation(FIN, "Finance", ("subsidy-department",))
    key = KeyRecord(signer_of("fin-maker").public_key, office.id, "fin-maker", ("maker",))
    world = LedgerWorld(
        msgspec.structs.replace(
            genesis, organisations=(*genesis.organisations, office), keys=(*genesis.keys, key)
        )
    )
    policy = {"policy_kind": "rent", "budget": "100.00"}
    done(world.submit("subsidy.publish", "fin-maker", "POL-1", policy, org=office.id))
    awards = [{"project": "P-1", "payee": ACME, "amount": "100.01"}]
    last(world, "subsidy.match", "fin-maker", "POL-1", {"awards": awards}, org=office.id)
    return world


def take_back_too_much() -> LedgerWorld:
    world = LedgerWorld()
    done(world.issue_invoice(BLUE))
    done(world.red_invoice(RED, BLUE, "600.00"))
    allow(world)
    fields = {"net": "600.00", "corrects": [BLUE]}
    require(world.red_invoice(SECOND_RED, BLUE, fields["net"]))
    return world


def pay_twice() -> LedgerWorld:
    world = JointWorld()
    world.form(due="100.00", due_at="2026-11-03T00:00:00+08:00")
    price = {"payer": "beta", "payee": ACME, "amount": "100.00", "pays": "contract/K-1"}
    for number in ("P-1", "P-2"):
        world.must("payment.order", "fund-a", number, **price)
    world.must("payment.settle", "fund-a", "P-1")
    last(world, "payment.settle", "fund-a", "P-2", {})
    return world


def book_for_another() -> LedgerWorld:
    world = LedgerWorld()
    done(world.issue_invoice(BLUE))
    last(world, "invoice.book", "bank-a", BLUE, {"voucher_no": "V-1"})
    return world


def book_twice() -> LedgerWorld:
    world = LedgerWorld()
    done(world.issue_invoice(BLUE))
    done(world.book(BLUE))
    last(world, "invoice.book", "beta-a", BLUE, {"voucher_no": "V-2"})
    return world


def deduct_twice() -> LedgerWorld:
    world = LedgerWorld()
    done(world.issue_invoice(BLUE))
    for _ in range(2):
        last(world, "invoice.confirm_use", "beta-a", BLUE, {"use": "DEDUCTED"})
    return world


def shared(**limits: int) -> SharingWorld:
    world = SharingWorld()
    world.publish(needs_consent=True)
    world.grant(**limits)
    done(world.consent(max_uses=2))
    for number in range(2):
        done(world.query(f"X-{number}", consent="C-1"))
    return world


def query_beyond_the_day() -> LedgerWorld:
    world = shared(rate_per_day=2)
    done(world.consent("C-2"))
    allow(world)
    require(world.query("X-9", consent="C-2"))
    return world


def query_beyond_the_consent() -> LedgerWorld:
    world = shared()
    allow(world)
    require(world.query("X-9", consent="C-1"))
    return world


def use_beyond_the_authorisation() -> LedgerWorld:
    world = LedgerWorld()
    world.make_licence(licence_id())
    wanted = {"licence": licence_id(), "audience": BANK, "purpose": "loan", "fields": ["name"]}
    limits = {"expires": rfc3339(world.now_ms + 3_600_000), "max_uses": 1}
    done(world.submit("licence.authorise", "acme-a", "AU-1", wanted | limits))
    for _ in range(2):
        last(world, "licence.use", "bank-a", "AU-1", {"purpose": "loan", "fields": ["name"]})
    return world


def two_licences_for_one_holder() -> LedgerWorld:
    world = LedgerWorld()
    for serial in (1, 2):
        done(world.enter_licence(licence_id(serial)))
    done(world.issue_licence(licence_id(1)))
    last(world, "licence.issue", "amr-b", licence_id(2), {})
    return world


def two_units_of_one_certificate() -> LedgerWorld:
    world = JointWorld()
    fields = {"certificate": world.register_unit(), "owners": [SELLER]}
    last(world, "realty.register", "nr-maker", f"{UNIT[:-1]}2", fields)
    return world


def sell_twice_under_one_voucher() -> LedgerWorld:
    world = JointWorld()
    world.register_unit()
    world.pay_taxes()
    world.sell("seller", "buyer")
    world.escrow()
    done(world.transfer(world.title(2, "buyer")))
    back = {"matter": "sale", **PAIR, "parties": [SELLER, BUYER], "subject": f"realty/{UNIT}"}
    due = {"due": "1000.00", "due_at": "2026-12-01T00:00:00+08:00"}
    world.must("contract.offer", "nr-maker", "S-2", **back, **due)
    for person in ("seller", "buyer"):
        world.must("contract.sign", person, "S-2", **PAIR)
    price = {"payer": "seller", "payee": f"{PSB}:buyer", "amount": "1000.00", "pays": "contract/S-2"}
    world.must("payment.order", "fund-a", "P-2", **price, escrow=f"realty/{UNIT}")
    certificate = world.title(3, "seller")
    allow(world)
    require(world.transfer(certificate, contract="S-2", escrow="P-2", new_owners=[SELLER]))
    return world


def transfer_what_one_entered() -> LedgerWorld:
    world = JointWorld()
    world.register_unit()
    world.pay_taxes()
    world.sell("seller", "buyer")
    world.escrow()
    certificate = world.title(2, "buyer")
    allow(world)
    require(world.transfer(certificate, person="nr-maker"))
    return world


def issue_ones_own() -> LedgerWorld:
    world = LedgerWorld()
    done(world.enter_licence(licence_id(), person="amr-c"))
    last(world, "licence.issue", "amr-c", licence_id(), {})
    return world


def publish_ones_own() -> LedgerWorld:
    world = SharingWorld()
    done(world.draft(person="ca-all"))
    world.must("catalog.review", "data-checker", MARRIAGE)
    last(world, "catalog.publish", "ca-all", MARRIAGE, {})
    return world


def approve_ones_own() -> LedgerWorld:
    world = SharingWorld()
    world.publish()
    done(world.request(person="ca-all"))
    last(world, "grant.approve", "ca-all", "G-1", {})
    return world


@dataclass(frozen=True)
class Planted:
    """A rule that a verb loses, what passes then, and what is said of it."""

    verb: str
    rules: tuple[str, ...]
    act: Callable[[], LedgerWorld]
    promise: str
    says: str


PLANTED = [
    Planted(*row)
    for row in (
        ("evidence.receive", ("e2_receiver_is_named",), receive_for_another, CUSTODY, "did not sign for it"),
        (
            "evidence.transfer",
            ("e2_sender_has_custody",),
            hand_over_what_another_has,
            CUSTODY,
            "hands over what",
        ),
        ("subsidy.match", ("b1_awards_within_budget",), award_beyond_the_budget, SUMS, "exceed the budget"),
        ("invoice.red", ("t3_red_within_blue",), take_back_too_much, SUMS, "its red invoices say 1200.00"),
        ("payment.settle", ("j3_still_unpaid",), pay_twice, SUMS, "is paid by"),
        ("invoice.book", ("t6_booker_is_buyer",), book_for_another, SINGLE_USE, "which is not its buyer"),
        ("invoice.book", ("t6_booked_once", "g3_state_allows"), book_twice, SINGLE_USE, "is booked again"),
        ("invoice.confirm_use", ("t5_used_once",), deduct_twice, SINGLE_USE, "is used again"),
        ("exchange.query", ("d2_rate_is_kept",), query_beyond_the_day, SINGLE_USE, "more than 2 queries on"),
        (
            "exchange.query",
            ("d11_consent_has_uses_left",),
            query_beyond_the_consent,
            SINGLE_USE,
            "consent/C-1: 3 queries",
        ),
        (
            "licence.use",
            ("l6_authorisation_is_open", "g3_state_allows"),
            use_beyond_the_authorisation,
            SINGLE_USE,
            "2 uses",
        ),
        ("licence.issue", ("l2_holder_is_free",), two_licences_for_one_holder, SINGLE_USE, "is that of"),
        (
            "realty.register",
            ("n5_title_is_a_first_draft",),
            two_units_of_one_certificate,
            SINGLE_USE,
            "certificate",
        ),
        (
            "realty.transfer",
            ("n3_taxes_are_paid",),
            sell_twice_under_one_voucher,
            SINGLE_USE,
            "tax voucher of an earlier sale",
        ),
        (
            "realty.transfer",
            ("n4_new_certificate_follows",),
            transfer_what_one_entered,
            APPROVALS,
            "entered what realty.transfer issues",
        ),
        ("licence.issue", ("g6_checker_differs",), issue_ones_own, APPROVALS, "signed licence.enter before"),
        (
            "catalog.publish",
            ("g6_drafter_differs",),
            publish_ones_own,
            APPROVALS,
            "signed catalog.draft before",
        ),
        ("grant.approve", ("g6_approver_differs",), approve_ones_own, APPROVALS, "signed grant.request or"),
    )
]


def done(result: TransactionResult) -> None:
    assert result.applied, result


def require(result: TransactionResult) -> None:
    assert result.applied, f"the planted fault lets it pass: {result}"


def allow(world: LedgerWorld) -> None:
    """From here on the ledger may be wrong."""
    world.may_be_wrong = True


def last(world: LedgerWorld, kind: str, person: str, object_id: str, fields: Any, **more: Any) -> None:
    allow(world)
    require(world.submit(kind, person, object_id, fields, **more))


@pytest.mark.parametrize("planted", PLANTED, ids=[planted.act.__name__ for planted in PLANTED])
def test_a_ledger_that_lost_a_rule_is_reported(planted: Planted, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(AssertionError, match="the planted fault lets it pass"):
        planted.act()
    for rule in planted.rules:
        switch_off(monkeypatch, planted.verb, rule)
    found = [problem for name, problem in planted.act().problems if name == planted.promise]
    assert any(planted.says in problem for problem in found), found


def test_evidence_with_other_hashes_than_at_first_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    keep = custody._keep
    monkeypatch.setattr(
        custody, "_keep", lambda attempt, **changes: keep(attempt, sha256="f" * 64, **changes)
    )
    world = LedgerWorld()
    world.deposit("EV-1")
    last(world, "evidence.transfer", "evp-a", "EV-1", HAND_OVER)
    assert [name for name, problem in world.problems if "other hashes" in problem] == [CUSTODY]


def test_members_that_change_with_too_few_approvals_are_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    world = IdentityWorld()
    suspended = {"org": BANK, "reason": "r"}
    done(world.ask("organisation.suspend", "amr-admin", "GC-1", suspended))
    assert world.record("change", "GC-1").state == "PROPOSED"
    monkeypatch.setattr(membership, "approvals_needed", lambda *_: 1)
    allow(world)
    done(world.ask("organisation.suspend", "amr-admin", "GC-2", suspended))
    assert [name for name, problem in world.problems if "1 approvals of 2" in problem] == [APPROVALS]


def test_every_promise_of_the_books_is_broken_by_some_fault() -> None:
    assert {planted.promise for planted in PLANTED} == KEPT.keys()


def test_the_books_call_no_rule() -> None:
    tree = ast.parse((PROJECT / "govchain" / "sim" / "books.py").read_text(encoding="utf-8"))
    imported = [node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
    names = {alias.name for node in imported for alias in node.names if "kinds" in (node.module or "")}
    assert names
    assert all(name.endswith("Data") for name in names), "states of records, and nothing that judges them"
    assert not any("rules" in (node.module or "") for node in imported)
