"""Cases: who opens them under which number, and with what they close."""

from __future__ import annotations

from typing import Any

import pytest

from govchain.ledger.kinds.case import CaseData
from tests.support.ledger_world import ACME, BETA, SHA256, LedgerWorld, denial

NUMBER = "（2026）京0491民初99号"
OPEN = {"matter": "copyright", "parties": [ACME, BETA]}


@pytest.fixture
def world() -> LedgerWorld:
    world = LedgerWorld()
    assert world.submit("case.open", "court-a", NUMBER, OPEN).applied
    return world


def close(world: LedgerWorld, person: str = "court-a", **fields: Any) -> Any:
    return world.submit("case.close", person, NUMBER, {"outcome": "settled", **fields})


def test_G3_allows_one_case_a_number_and_one_end(world: LedgerWorld) -> None:
    world.deposit("EV-1")
    assert close(world, results=["evidence/EV-1"], document_hash=SHA256).applied
    data = world.record("case", NUMBER).data_as(CaseData)
    assert (data.outcome, data.results) == ("settled", ("evidence/EV-1",))


def test_G3_denies_second_opening_second_end_and_unknown_results(world: LedgerWorld) -> None:
    assert denial(world.submit("case.open", "court-a", NUMBER, OPEN)) == ("G3", "E_DUP_ID")
    assert denial(close(world, results=["evidence/EV-9"])) == ("G3", "E_STATE")
    assert close(world).applied
    assert denial(close(world)) == ("G3", "E_STATE")


def test_I5_allows_an_office_its_own_numbers(world: LedgerWorld) -> None:
    fields = {"matter": "company-setup", "parties": [ACME]}
    assert world.submit("case.open", "amr-a", "AMR-2026-1", fields).applied


def test_I5_denies_courts_numbers_to_others_and_ending_a_foreign_case(world: LedgerWorld) -> None:
    other = "（2026）京0491民初7号"
    assert denial(world.submit("case.open", "amr-a", other, OPEN)) == ("I5", "E_ROLE")
    assert denial(close(world, "notary-a")) == ("I5", "E_ROLE")


@pytest.mark.parametrize(
    ("number", "fields"),
    [
        ("(2026)京0491民初7号", OPEN),
        ("（2026）京0491民初号", OPEN),
        ("C-1", {**OPEN, "matter": "Copy Right"}),
        ("C-1", {**OPEN, "parties": []}),
        ("C-1", {**OPEN, "parties": [ACME, ACME]}),
        ("C-1", {**OPEN, "parties": ["张 三"]}),
    ],
)
def test_G1_denies_malformed_case(world: LedgerWorld, number: str, fields: dict[str, Any]) -> None:
    assert denial(world.submit("case.open", "court-a", number, fields)) == ("G1", "E_PAYLOAD")


@pytest.mark.parametrize("fields", [{"outcome": ""}, {"results": ["evidence"]}, {"document_hash": "abc"}])
def test_G1_denies_malformed_end(world: LedgerWorld, fields: dict[str, Any]) -> None:
    assert denial(close(world, **fields)) == ("G1", "E_PAYLOAD")
