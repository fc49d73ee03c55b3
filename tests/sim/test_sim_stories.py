"""The stories of the domain: what must hold beyond their own expectations, under faults too; nobody is named.

That each passes as written is tested with all shipped scenarios.
"""

from __future__ import annotations

import asyncio
import json
import os
import re
import subprocess
import sys
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from govchain.analysis.invoice_rings import InvoiceEdge, RingRule, find_rings
from govchain.cli.invoices import from_receipt
from govchain.codec.genesis_file import write_genesis
from govchain.documents import read_invoice, write_invoice
from govchain.ledger.amounts import parse_cents
from govchain.ledger.identifiers import parse_time_ms
from govchain.ledger.kinds.decision.fields import DecisionData
from govchain.ledger.kinds.exchange.fields import ExchangeData
from govchain.ledger.kinds.invoice.fields import InvoiceData
from govchain.ledger.kinds.objection.fields import ObjectionData
from govchain.ledger.kinds.payment import PaymentData
from govchain.ledger.kinds.realty.fields import RealtyData
from govchain.ledger.kinds.registration import RegistrationData
from govchain.model import Space
from govchain.receipt import EvidenceBundle, write_evidence_bundle
from govchain.report import Reporter
from govchain.scenario import SimBackend, load_scenario, reads, run_scenario
from govchain.scenario.result import ExchangeEntry
from tests.support.en16931 import find_problems
from tests.support.personal_scan import find_people, held_texts, log_bytes, names_of, store_bytes
from tests.support.scenario_texts import PROJECT
from tests.support.stories import STORIES, Played, play, played, story
from tests.support.story_tokens import FOLDER, PAGE, story_files

NUMBERS = [int(path.name[:3]) for path in STORIES]
SIGNED_BY_BOTH = ["exchange.query", "exchange.answer", "exchange.confirm"]
HOUR_MS = 3_600_000
BUYER = "nr-c6f310"


def test_there_are_six_stories_and_every_denial_has_its_law_or_is_technical() -> None:
    assert NUMBERS == [301, 302, 303, 305, 306, 307]
    wanted = {301: 6, 302: 7, 303: 7, 305: 7, 306: 5, 307: 9}
    for number, count in wanted.items():
        told = {step_id for step_id, _, _ in played(number).refusals}
        assert {f"d{i}" for i in range(1, count + 1)} <= {re.sub(r"-.*", "", each) for each in told}


@pytest.mark.parametrize("number", NUMBERS)
def test_I3_denies_nothing_since_no_person_is_in_blocks_state_or_trace(number: int, tmp_path: Path) -> None:
    loaded = load_scenario(story(number))
    reporter = Reporter(tmp_path, loaded.name, loaded.scenario.seed)
    backend = SimBackend(reporter.add_event, reporter.add_frame)
    asyncio.run(run_scenario(loaded, backend, folder=reporter))
    assert bool(names_of(loaded)) == (number != 307), "only the story of invoices has no person"
    assert bool(held_texts(loaded)) == bool(loaded.scenario.gateways)
    names = [*names_of(loaded), *held_texts(loaded)]
    for node in backend.cluster.running():
        assert [found for data in store_bytes(node.disk) for found in find_people(data, names)] == []
    written = [path for path in reporter.path.rglob("*") if path.is_file() and path.name != "scenario.yaml"]
    assert any(path.name == "trace.jsonl" and path.stat().st_size for path in written)
    assert [found for path in written for data in log_bytes(path) for found in find_people(data, names)] == []


def test_the_scan_finds_a_name_in_a_record_and_numbers_in_a_store() -> None:
    leaky = play(story(305), ("interest: author of the work", "interest: Lin Jiu"))
    names = names_of(leaky.loaded)
    disk = next(iter(leaky.backend.cluster.running())).disk
    found = {name for data in store_bytes(disk) for name in find_people(data, names)}
    assert found == {"Lin Jiu"}
    disk.write([(Space.META, b"x", "持证人 990101199001011230 电话 13800138000".encode())], sync=True)
    found = {name for data in store_bytes(disk) for name in find_people(data, names)}
    assert found == {"Lin Jiu", "990101199001011230", "13800138000"}


def test_S01_six_results_on_one_day_from_one_licence_and_the_same_answer_everywhere() -> None:
    run = played(301)
    done = [run.step(name) for name in ("issue", "seal", "taxpayer", "insurance", "fund", "account", "close")]
    began = parse_time_ms(run.step("open-case").story_time)
    assert len({step.at_ms for step in done[1:6]}) == 1, "five results on the licence, in one moment"
    assert all(parse_time_ms(step.story_time) - began <= 8 * HOUR_MS for step in done)
    licence = f"licence/{run.step('issue').object.partition('/')[2]}"
    for name in ("seal", "insurance", "fund", "account"):
        record = run.ledger.record("registration", run.step(name).object.partition("/")[2])
        assert record is not None
        assert licence in record.data_as(RegistrationData).rests_on
    nodes = list(run.backend.cluster.running())
    assert len(nodes) == 7
    found = {node.ledger.record("licence", licence.partition("/")[2]) for node in nodes}
    assert {record.state for record in found if record is not None} == {"VALID"}
    assert len({node.ledger.state_root for node in nodes}) == 1
    assert play(story(301)).result.digest == run.result.digest, "the same seed gives the same last block"


def exchanges(run: Played) -> list[ExchangeEntry]:
    """Every question of a story that was answered, from gateway to gateway."""
    asked = [step for step in run.result.steps if step.exchange is not None and step.outcome == "applied"]
    return [step.exchange for step in asked if step.exchange is not None]


def test_S01_each_datum_is_collected_once() -> None:
    asked = []
    for exchange in exchanges(played(301)):
        data = played(301).record("exchange", exchange.number).data_as(ExchangeData)
        asked += [(data.item, field, data.subject_ref) for field in data.fields]
    assert len(asked) == len(set(asked)) == 4


def test_S02_nothing_is_told_by_value_and_the_decision_lists_its_exchanges() -> None:
    run = played(302)
    asked = exchanges(run)
    assert all([verb for verb, _ in each.records] == SIGNED_BY_BOTH for each in asked)
    data = [run.record("exchange", each.number).data_as(ExchangeData) for each in asked]
    assert {each.mode for each in data} == {"yes-no", "threshold"}
    assert all(each.query_sha256 and each.answer_sha256 for each in data)
    decision = run.record("decision", "LOAN-2026-0001").data_as(DecisionData)
    assert len(decision.exchanges) == 6
    assert decision.amounts == (("loan", "800000.00"),)
    assert {decision.subject_ref}.isdisjoint({BUYER}), "the land registry knows another pseudonym"


def test_S02_a_correction_reaches_the_fund_and_only_the_fund() -> None:
    notices = played(302).record("objection", "OBJ-2026-01").data_as(ObjectionData).notices
    assert [(notice.org, notice.count) for notice in notices] == [("12990100MA0XX00E1F", 1)]


def certificates(run: Played) -> list[str]:
    return [
        run.record("licence", run.step(name).object.partition("/")[2]).state
        for name in ("enter-old", "draft-new")
    ]


def test_S03_one_certificate_is_valid_and_the_tax_is_that_of_the_formula() -> None:
    run = played(303)
    assert certificates(run) == ["SUPERSEDED", "VALID"]
    taxes = run.record("decision", "TAX-2026-0001").data_as(DecisionData)
    assert taxes.amounts == (("deed-tax", "30000.00"), ("income-tax", "20000.00"))
    old, new = (
        run.record("licence", run.step(name).object.partition("/")[2]) for name in ("enter-old", "draft-new")
    )
    assert old.last_record_hash == new.last_record_hash, "both changed in one transaction"
    assert new.last_record_hash == run.record("payment", "ESCROW-2026-0001").last_record_hash


def test_S03_a_flat_that_stays_frozen_changes_nothing() -> None:
    text = story(303).read_text(encoding="utf-8")
    release = next(part for part in re.split(r"\n(?=  - )", text) if "do: realty.release" in part)
    run = play(story(303), (release + "\n", ""))
    assert run.step("transfer").code == "E_LOCKED"
    assert certificates(run) == ["VALID", "DRAFT"]
    unit = run.record("realty", run.step("register").object.partition("/")[2]).data_as(RealtyData)
    assert BUYER not in "".join(unit.owners)
    assert run.record("payment", "ESCROW-2026-0001").state == "ORDERED"


def test_S05_order_of_deposits_day_of_enforcement_and_what_is_not_presumed() -> None:
    run = played(305)
    assert 0 < run.step("deposit-work").height < run.step("deposit-page").height
    assert run.step("enforce").story_time == "2026-10-26T00:00:00+08:00"
    reports = [step for step in run.result.steps if step.do == "evidence.legal_report"]
    assert all("is not presumed" in step.detail for step in reports)
    assert all("不作推定" in step.detail_zh and "presumed" not in step.detail_zh for step in reports)


@pytest.mark.parametrize("number", NUMBERS)
def test_every_answer_and_every_refusal_is_told_in_chinese(number: int) -> None:
    told = [step for step in played(number).result.steps if step.detail]
    assert told
    assert not [step.id for step in told if not re.search(r"[\u3400-\u9fff]", step.detail_zh)]


def test_S06_amounts_are_the_formula_and_both_branches_end() -> None:
    run = played(306)
    award = run.record("decision", "AWARD-2026-0001").data_as(DecisionData)
    assert dict(award.amounts) == {
        "unpaid-wages": "21605.83",
        "compensation": "12963.50",
        "wage-tax-withheld": "-756.20",
        "insurance-top-up": "3564.96",
    }
    assert award.due_cents == 3_381_313
    paid = [run.record("payment", f"PAY-2026-010{n}").data_as(PaymentData) for n in (1, 2, 3)]
    assert [each.amount for each in paid] == ["33813.13", "3564.96", "756.20"]
    assert [each.line for each in paid] == ["", "insurance-top-up", "wage-tax-withheld"]
    assert run.record("decision", "AWARD-2026-0002").data_as(DecisionData).amounts == (
        ("overtime", "4346.13"),
    )


def invoices(run: Played) -> list[InvoiceData]:
    numbers = [name for name in run.result.states if name.startswith("invoice/")]
    return [run.record("invoice", name.partition("/")[2]).data_as(InvoiceData) for name in numbers]


def test_S07_sums_bookings_and_deductions_agree() -> None:
    every = invoices(played(307))
    for buyer in {data.buyer_ref for data in every}:
        own = [data for data in every if data.buyer_ref == buyer]
        blue = sum(parse_cents(data.net) for data in own if not data.is_red)
        red = sum(parse_cents(data.net) for data in own if data.is_red)
        assert red == sum(parse_cents(data.red_net) for data in own)
        assert blue - red == sum(
            parse_cents(data.net) - parse_cents(data.red_net) for data in own if not data.is_red
        )
    deducted = [data for data in every if data.use == "DEDUCTED"]
    assert sum(parse_cents(data.tax) - parse_cents(data.transferred_out) for data in deducted) == 81_200
    booked = [step.object for step in played(307).result.steps if step.do == "invoice.book" and step.state]
    assert len(booked) == len(set(booked)) == 2


def test_S07_the_ring_is_found_and_nothing_else() -> None:
    edges = [
        InvoiceEdge(
            data.number,
            data.seller_ref,
            data.buyer_ref,
            Decimal(data.gross),
            date.fromisoformat(data.issue_date),
        )
        for data in invoices(played(307))
        if not data.is_red
    ]
    rings = find_rings(edges, RingRule(window_days=10, ratio_min=Decimal("0.97"))).rings
    assert [set(ring.invoices) for ring in rings] == [{f"269910000000000000{n}" for n in (11, 12, 13, 14)}]


def test_S07_every_invoice_is_exported_as_ubl_and_what_was_taken_back_mirrors_it() -> None:
    run = played(307)
    exported = {}
    for step in run.result.steps:
        if step.do in ("invoice.issue", "invoice.red") and step.outcome == "applied":
            receipt = asyncio.run(run.backend.receipt(bytes.fromhex(step.transaction)))
            assert receipt is not None
            document = write_invoice(from_receipt(receipt, run.backend.cluster.genesis))
            assert find_problems(document) == []
            exported[step.object.partition("/")[2]] = read_invoice(document)
    assert len(exported) == 10
    for number, document in exported.items():
        data = run.record("invoice", number).data_as(InvoiceData)
        taken = [other for other in exported.values() if number in other.corrects]
        assert all(other.is_credit_note for other in taken)
        assert document.is_credit_note == data.is_red
        assert sum(other.totals.payable for other in taken) == Decimal(data.red_gross)
    whole, back = exported["26991000000000000003"], exported["26991000000000000009"]
    assert (whole.totals.net, whole.totals.tax) == (back.totals.net, back.totals.tax)
    assert (whole.is_credit_note, back.is_credit_note) == (False, True)


CRASH = {
    number: f"{{after: {step}, do: crash, target: primary, for: 70s, disk: keep}}"
    for number, step in (
        (301, "enter"),
        (302, "enter-decision"),
        (303, "freeze"),
        (305, "verify-work"),
        (306, "first-signs"),
        (307, "red-1"),
    )
}
TRAITOR = "{at: 1s, do: byzantine, target: primary, behaviour: equivocate}"


@pytest.mark.parametrize("number", NUMBERS)
def test_a_primary_that_crashes_changes_neither_states_nor_denials(number: int) -> None:
    run = play(story(number), timeline=CRASH[number])
    assert run.result.verdict == "pass"
    assert run.result.happened["crash"] == 1
    assert run.result.happened["view_change"] >= 1
    assert run.result.states == played(number).result.states
    assert run.refusals == played(number).refusals
    assert run.result.state_root == played(number).result.state_root


@pytest.mark.parametrize("number", NUMBERS)
def test_a_primary_that_lies_changes_neither_states_nor_denials(number: int) -> None:
    run = play(story(number), timeline=TRAITOR)
    assert run.result.verdict == "pass"
    assert run.result.happened["view_change"] >= 1
    assert run.result.states == played(number).result.states
    assert run.refusals == played(number).refusals


def test_E3_allows_in_the_stories_tokens_that_the_test_authority_made() -> None:
    for name, data in story_files().items():
        assert (FOLDER / name).read_bytes() == data, "python -m tests.support.story_tokens writes them"


OUTSIDER = """
import sys
from govchain.cli.app import run
print([int(run([*asked.split(), "--genesis", "genesis.json"])) for asked in sys.argv[1:]])
"""
TAKE = """\
  - id: bundle-early
    by: lawyer
    do: evidence.bundle
    with: {evidence: "${page}", timestamp: files/captured-page.tsr, authorities: files/timestamp-root.crt}

  # 3 Custody"""


def test_S05_what_was_taken_before_and_after_new_vote_keys_verifies_in_another_process_without_a_store(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    taken: list[bytes] = []

    def take(bundle: EvidenceBundle) -> bytes:
        taken.append(write_evidence_bundle(bundle))
        return taken[-1]

    monkeypatch.setattr(reads, "write_evidence_bundle", take)
    admins = "".join(
        f"  - {{id: {org}-admin, org: {org}, roles: [admin]}}\n" for org in ("court", "notary", "evp")
    )
    run = play(
        story(305),
        ("people:\n", f"protocol: {{checkpoint: 2}}\nstop: {{at: 1800s}}\n\npeople:\n{admins}"),
        ("  # 3 Custody", TAKE),
        timeline="{after: open-case, do: rotate_key, target: primary}",
    )
    assert run.result.verdict == "pass"
    assert run.result.happened["epoch"] >= 1, "the validator set has changed since"
    receipt = asyncio.run(run.backend.receipt(bytes.fromhex(run.step("deposit-work").transaction)))
    assert receipt is not None
    early, late = taken
    assert [json.loads(bundle)["record"]["header"]["epoch"] > 0 for bundle in taken] == [False, True]
    files = {
        "receipt.json": receipt,
        "early.json": early,
        "late.json": late,
        "genesis.json": write_genesis(run.backend.cluster.genesis),
        "roots.crt": (FOLDER / "timestamp-root.crt").read_bytes(),
        "melody.txt": (FOLDER / "melody.txt").read_bytes(),
        "changed.txt": (FOLDER / "melody.txt").read_bytes().replace(b"m", b"n", 1),
        "page.html": PAGE,
        "other.html": PAGE + b" ",
    }
    for name, data in files.items():
        (tmp_path / name).write_bytes(data)
    asked = {
        "verify receipt.json --file melody.txt": 0,
        "verify receipt.json --file changed.txt": 1,
        "evidence verify early.json --authorities roots.crt --file page.html": 0,
        "evidence verify late.json --authorities roots.crt --file page.html": 0,
        "evidence verify late.json --file other.html": 1,
    }
    done = subprocess.run(
        [sys.executable, "-c", OUTSIDER, *asked],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(PROJECT)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    told, _, answers = done.stdout.rstrip().rpartition("\n")
    assert answers == str(list(asked.values())), told + done.stderr
    assert told.count("is not presumed") == 2
