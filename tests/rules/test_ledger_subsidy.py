"""Subsidy payments: budget, double draws, separation of duties and the public notice (B1, B5, B6, B7)."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from govchain.ledger.kinds.subsidy import SubsidyData
from govchain.model import KeyRecord, Organisation, TransactionResult
from tests.support.ledger_world import ACME, BETA, INSP, LedgerWorld, denial, make_genesis, signer_of

FIN = "11990100MA0XX00N57"
DRC = "11990100MA0XX0023C"
DAY_MS = 86_400_000
STAFF = {
    "fin-maker": (FIN, "maker"),
    "fin-checker": (FIN, "checker"),
    "fin-approver": (FIN, "approver"),
    "fin-payer": (FIN, "payer"),
    "drc-maker": (DRC, "maker"),
}


@pytest.fixture
def world() -> LedgerWorld:
    genesis = make_genesis()
    organisations = (
        Organisation(FIN, "Finance bureau", ("subsidy-department",)),
        Organisation(DRC, "Development and reform", ("subsidy-department",)),
    )
    keys = [
        KeyRecord(signer_of(person).public_key, org, person, (role,)) for person, (org, role) in STAFF.items()
    ]
    # One person with every role, for separation of duties.
    keys.append(
        KeyRecord(signer_of("fin-all").public_key, FIN, "fin-all", ("maker", "checker", "approver", "payer"))
    )
    return LedgerWorld(
        msgspec.structs.replace(
            genesis, organisations=(*genesis.organisations, *organisations), keys=(*genesis.keys, *keys)
        )
    )


def act(
    world: LedgerWorld, verb: str, person: str, number: str = "POL-1", **fields: Any
) -> TransactionResult:
    org = {"insp-a": INSP}.get(person) or STAFF.get(person, (FIN, ""))[0]
    return world.submit(f"subsidy.{verb}", person, number, fields, org=org)


AWARDS = [
    {"project": "P-1", "payee": ACME, "amount": "600.00"},
    {"project": "P-2", "payee": BETA, "amount": "400.00"},
]


def match(
    world: LedgerWorld, number: str = "POL-1", person: str = "fin-maker", **fields: Any
) -> TransactionResult:
    assert act(world, "publish", person, number, policy_kind="new-hire", budget="1000.00").applied
    return act(world, "match", person, number, **{"awards": AWARDS, **fields})


def put_on_notice(world: LedgerWorld) -> None:
    assert match(world).applied
    assert act(world, "review", "fin-checker").applied
    assert act(world, "notice", "fin-checker").applied


def approve(world: LedgerWorld) -> None:
    put_on_notice(world)
    world.now_ms += 8 * DAY_MS
    assert act(world, "approve", "fin-approver").applied


def pay_all(world: LedgerWorld) -> None:
    approve(world)
    assert act(world, "pay", "fin-payer", project="P-1", amount="600.00").applied
    assert act(world, "pay", "fin-payer", project="P-2", amount="400.00").applied


def test_G3_allows_the_whole_life(world: LedgerWorld) -> None:
    pay_all(world)
    assert act(world, "audit", "insp-a").applied
    assert act(world, "claw", "fin-payer", project="P-2", amount="150.00").applied
    record = world.record("subsidy", "POL-1")
    assert [entry.state for entry in record.timeline] == [
        *("PUBLISHED", "MATCHED", "REVIEWED", "NOTICE", "APPROVED", "APPROVED", "PAID", "AUDITED", "CLAWED")
    ]
    assert [(each.paid, each.clawed) for each in record.data_as(SubsidyData).awards] == [
        ("600.00", "0.00"),
        ("400.00", "150.00"),
    ]


def test_B1_allows_awards_of_the_whole_budget_and_denies_a_cent_more(world: LedgerWorld) -> None:
    more = [AWARDS[0], {**AWARDS[1], "amount": "400.01"}]
    assert denial(match(world, awards=more)) == ("B1", "E_BUDGET")
    assert act(world, "match", "fin-maker", awards=AWARDS).applied


def test_B1_denies_paying_more_than_approved_and_clawing_more_than_paid(world: LedgerWorld) -> None:
    approve(world)
    assert denial(act(world, "pay", "fin-payer", project="P-1", amount="600.01")) == ("B1", "E_BUDGET")
    assert denial(act(world, "pay", "fin-payer", project="P-9", amount="1.00")) == ("B1", "E_BUDGET")
    assert act(world, "pay", "fin-payer", project="P-1", amount="600.00").applied
    assert act(world, "pay", "fin-payer", project="P-2", amount="400.00").applied
    assert act(world, "audit", "insp-a").applied
    assert denial(act(world, "claw", "fin-payer", project="P-2", amount="400.01")) == ("B1", "E_BUDGET")


def test_B5_denies_a_second_draw_by_another_department(world: LedgerWorld) -> None:
    approve(world)
    result = match(world, "POL-2", "drc-maker")
    assert denial(result) == ("B5", "E_DOUBLE_USE")
    assert "POL-1" in result.detail


def test_B5_allows_other_projects(world: LedgerWorld) -> None:
    approve(world)
    assert match(world, "POL-2", "drc-maker", awards=[{**AWARDS[0], "project": "P-3"}]).applied


@pytest.mark.parametrize("step", ["review", "approve", "pay"])
def test_B6_allows_another_person_and_denies_the_same(world: LedgerWorld, step: str) -> None:
    assert match(world, person="fin-all").applied
    steps = [
        ("review", "fin-checker", {}),
        ("approve", "fin-approver", {}),
        ("pay", "fin-payer", {"project": "P-1", "amount": "1.00"}),
    ]
    for verb, person, fields in steps:
        if verb == step:
            assert denial(act(world, verb, "fin-all", **fields)) == ("B6", "E_SOD")
        assert act(world, verb, person, **fields).applied
        if verb == "review":
            assert act(world, "notice", "fin-checker").applied
            world.now_ms += 8 * DAY_MS


def test_B7_denies_approval_before_five_working_days_are_over(world: LedgerWorld) -> None:
    put_on_notice(world)
    # Noticed on a Monday morning: the fifth working day after it is the next Monday, to its end.
    world.now_ms += 7 * DAY_MS
    assert denial(act(world, "approve", "fin-approver")) == ("B7", "E_STATE")


def test_B7_allows_approval_on_the_day_after(world: LedgerWorld) -> None:
    put_on_notice(world)
    world.now_ms += 8 * DAY_MS
    assert act(world, "approve", "fin-approver").applied


def test_I5_denies_another_departments_policy(world: LedgerWorld) -> None:
    assert act(world, "publish", "fin-maker", policy_kind="new-hire", budget="1.00").applied
    assert denial(act(world, "match", "drc-maker", awards=AWARDS)) == ("I5", "E_ROLE")


def test_G3_denies_a_policy_number_twice(world: LedgerWorld) -> None:
    fields = {"policy_kind": "new-hire", "budget": "1.00"}
    assert act(world, "publish", "fin-maker", **fields).applied
    assert denial(act(world, "publish", "fin-maker", **fields)) == ("G3", "E_DUP_ID")


@pytest.mark.parametrize(
    "changes",
    [{"amount": "0"}, {"amount": "1.234"}, {"payee": "ACME"}, {"project": "P/1"}, {"project": "P-1"}],
)
def test_G1_denies_malformed_awards(world: LedgerWorld, changes: dict[str, str]) -> None:
    assert denial(match(world, awards=[AWARDS[0], {**AWARDS[1], **changes}])) == ("G1", "E_PAYLOAD")


@pytest.mark.parametrize("changes", [{"budget": "-1"}, {"policy_kind": "a b"}])
def test_G1_denies_a_malformed_policy(world: LedgerWorld, changes: dict[str, str]) -> None:
    fields = {"policy_kind": "new-hire", "budget": "1.00", **changes}
    assert denial(act(world, "publish", "fin-maker", **fields)) == ("G1", "E_PAYLOAD")
