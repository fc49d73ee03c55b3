"""The verdict: an expectation that does not hold makes it fail, a limit that came first, undecided."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest

from govchain.cli.narrative import Narrator
from govchain.cli.terminal import Terminal
from govchain.errors import ConfigError
from govchain.receipt import verify_receipt
from govchain.scenario import RunFolder, SimBackend, parse_scenario, rehearse, run_scenario
from govchain.scenario.comparison import parse_comparison
from govchain.scenario.result import percentiles
from tests.support.scenario_texts import PROJECT, SMALL, play

AGAIN = """\
  - id: again
    by: clerk
    do: evidence.deposit
    with:
      object_id: EVP-1
      evidence_kind: log
      content: other text
      collected_at: "2026-11-02T08:00:00+08:00"
"""


def test_a_story_as_written_passes() -> None:
    result = play(SMALL)
    assert (result.verdict, result.exit_status) == ("pass", 0)
    assert (result.records, result.denials, result.height) == (1, {}, 1)
    assert [invariant.name for invariant in result.invariants if not invariant.ok] == []
    assert result.receipts[0].verified


def test_an_unexpected_denial_fails_and_names_step_rule_and_detail() -> None:
    result = play(SMALL + AGAIN)
    assert (result.verdict, result.exit_status) == ("fail", 1)
    (failed,) = [expectation for expectation in result.expectations if not expectation.ok]
    assert failed.name == "again: evidence.deposit"
    assert failed.expected == "applied"
    assert failed.measured.startswith("denied E1 E_DUP_ID: this evidence number is used already")


@pytest.mark.parametrize("denied", ["E1", "E_DUP_ID"])
def test_an_expected_denial_passes_by_rule_or_code(denied: str) -> None:
    assert play(SMALL + AGAIN + f"    expect: {{denied: {denied}}}\n").verdict == "pass"


def test_an_expected_denial_by_another_rule_fails() -> None:
    assert play(SMALL + AGAIN + "    expect: {denied: E3}\n").verdict == "fail"


def test_an_expected_denial_that_says_something_else_fails() -> None:
    assert play(SMALL + AGAIN + "    expect: {denied: E1, says: tomorrow}\n").verdict == "fail"


def test_an_expected_denial_that_does_not_come_fails() -> None:
    result = play(SMALL.replace("    save: work\n", "    save: work\n    expect: {denied: E1}\n"))
    assert result.verdict == "fail"
    assert result.steps[0].measured == "applied"


@pytest.mark.parametrize(
    ("expect", "verdict"),
    [
        ("records: [{record: 'evidence/${work}', state: DEPOSITED}]", "pass"),
        ("records: [{record: 'evidence/${work}', state: ADMITTED}]", "fail"),
        ("records: [{record: evidence/EVP-2, state: ABSENT}]", "pass"),
        ("records: [{record: evidence/EVP-1, state: ABSENT}]", "fail"),
        ("records: [{denials: {E1: 0}}]", "pass"),
        ("records: [{denials: {E1: 1}}]", "fail"),
        ("liveness: [{finalised: '>= 1'}]", "pass"),
        ("liveness: [{finalised: '> 1'}]", "fail"),
        ("outcome: {fail: agreement}", "fail"),
    ],
)
def test_expectations_decide(expect: str, verdict: str) -> None:
    assert play(SMALL + f"expect:\n  {expect}\n").verdict == verdict


def test_without_a_quorum_the_verdict_is_undecided() -> None:
    faults = "".join(f"  - {{at: 1s, do: crash, target: validator-{index}}}\n" for index in (2, 3))
    result = play(SMALL + "timeline:\n" + faults + "stop: {at: 5s}\n")
    assert (result.verdict, result.exit_status) == ("undecided", 3)
    assert result.steps[0].outcome == "pending"


def test_a_key_that_the_chain_does_not_know_is_refused_by_the_pool() -> None:
    text = SMALL.replace("{id: clerk, org: evp}", "{id: clerk, org: evp, genesis: false}")
    result = play(text)
    assert (result.steps[0].outcome, result.steps[0].code) == ("rejected", "unknown-key")
    assert play(text + "    expect: {denied: unknown-key}\n").verdict == "pass"


def test_I5_a_key_added_by_a_step_signs_afterwards() -> None:
    text = SMALL.replace(
        "{id: clerk, org: evp}",
        "{id: boss, org: evp, roles: [admin]}\n  - {id: clerk, org: evp, genesis: false}",
    ).replace(
        "steps:\n",
        "steps:\n"
        "  - by: boss\n    do: key.add\n    with: {object_id: '${clerk}', public_key: '${clerk.public_key}',"
        " possession: '${clerk.possession}',"
        " person: clerk, roles: [maker]}\n",
    )
    text += (
        "  - {by: boss, do: key.revoke, with: {object_id: '${clerk}', reason: left}}\n"
        "  - {by: clerk, do: evidence.submit, with: {object_id: '${work}', case_no: （2026）京0491民初99号},"
        " expect: {denied: key-not-active}}\n"
    )
    result = play(text)
    assert [step.measured for step in result.steps if not step.ok] == []


def test_a_run_folder_holds_the_story_and_its_proofs(tmp_path: Path) -> None:
    loaded = parse_scenario(SMALL, "small.yaml", PROJECT)
    folder = RunFolder(tmp_path, loaded.name, 7)
    backend = SimBackend(folder.add_event)
    result = asyncio.run(run_scenario(loaded, backend, seed=7, folder=folder))
    assert folder.path == tmp_path / "small" / "7"
    assert (folder.path / "scenario.yaml").read_text(encoding="utf-8") == SMALL
    stored = json.loads((folder.path / "results.json").read_bytes())
    assert stored["verdict"] == result.verdict == "pass"
    receipt = (folder.path / "receipts" / "deposit.json").read_bytes()
    assert verify_receipt(receipt, rehearse(loaded, 7).genesis).applied
    events = [json.loads(line) for line in (folder.path / "trace.jsonl").read_bytes().splitlines()]
    assert [event["step"] for event in events] == list(range(1, len(events) + 1))


def test_result_json_has_the_stable_keys() -> None:
    keys = set(json.loads(play(SMALL).to_json()))
    stable = "scenario seed backend verdict expectations invariants digest height records denials latency_ms"
    assert set(f"{stable} finalised_per_s duration_s receipts".split()) <= keys


class Processes(SimBackend):
    """The simulator under the name of a backend that has real lines."""

    name = "local"


@pytest.mark.parametrize(
    ("more", "unused"),
    [("", ()), ("network: {latency: {fixed: 50ms}}\ndisk: {sync: 1ms}\n", ("network", "disk"))],
)
def test_what_real_machines_do_not_have_is_said(
    more: str, unused: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    loaded = parse_scenario(SMALL + more, "s.yaml", PROJECT)
    result = asyncio.run(run_scenario(loaded, Processes(), observer=Narrator(Terminal())))
    assert result.unused == unused
    assert ("only the simulator has them: network, disk." in capsys.readouterr().out) == bool(unused)
    assert play(SMALL + more).unused == ()


def test_percentiles_are_nearest_rank() -> None:
    found = percentiles([float(value) for value in range(1, 101)])
    assert (found.p50, found.p95, found.p99) == (50.0, 95.0, 99.0)
    assert percentiles([]).p99 == 0.0


@pytest.mark.parametrize(("text", "holds"), [(">= 3", True), ("3", True), ("< 3", False), ("==4", False)])
def test_comparisons(text: str, holds: bool) -> None:
    comparison = parse_comparison(text)
    assert comparison is not None
    assert comparison.holds(3) is holds


def test_no_comparison() -> None:
    assert parse_comparison("about 3") is None


def test_a_fault_that_hits_nobody_is_refused() -> None:
    faults = "".join(f"  - {{at: 1s, do: crash, target: validator-{index}}}\n" for index in range(4))
    with pytest.raises(ConfigError, match="no validator is running"):
        play(SMALL + "timeline:\n" + faults + "  - {at: 2s, do: crash, target: one}\n")


def test_a_step_that_makes_no_record_fails_and_so_do_those_that_refer_to_it() -> None:
    text = SMALL.replace("content: text", "content: text\n      payload_hash: ${evp}")
    text += (
        "  - {by: clerk, do: evidence.submit, with: {object_id: '${work}', case_no: x}}\n"
        "  - {by: judge, do: evidence.legal_report, with: {evidence: '${work}'}}\n"
        "expect: {records: [{record: 'evidence/${work}', state: ABSENT}]}\n"
    )
    result = play(text)
    assert result.verdict == "fail"
    assert [step.outcome for step in result.steps] == ["failed", "failed", "failed"]
    assert "payload_hash" in result.steps[0].detail
    assert "made no record" in result.steps[1].detail


@pytest.mark.parametrize(
    ("wanted", "measured"),
    [
        ("evidence: '${work}', content: text, says: [is not presumed]", "1 records hold"),
        ("evidence: '${work}', content: test", "step file failed"),
        ("evidence: '${work}', timestamp: scenarios/files/captured-page.tsr", "step timestamp failed"),
        ("evidence: '${work}', says: [intact]", "a report that does not say 'intact'"),
        ("evidence: EVP-9", "no such evidence"),
    ],
)
def test_E7_reports_what_a_bundle_of_evidence_proves_and_never_more(wanted: str, measured: str) -> None:
    result = play(SMALL + f"  - {{by: judge, do: evidence.bundle, with: {{{wanted}}}}}\n")
    assert result.steps[1].measured == measured
    assert result.verdict == ("pass" if "hold" in measured else "fail")


TOGETHER = """\
  - id: denied
    together: true
    by: judge
    do: evidence.rule
    with: {object_id: EVP-9, ruling: ADMITTED}
    expect: {denied: E_STATE}
  - id: unmade
    together: true
    by: clerk
    do: evidence.deposit
    with:
      object_id: EVP-3
      evidence_kind: log
      content: text
      collected_at: "2026-11-02T08:00:00+08:00"
      payload_hash: ${evp}
  - id: second
    together: true
    by: clerk
    do: evidence.deposit
    with:
      object_id: EVP-2
      evidence_kind: log
      content: text
      collected_at: "2026-11-02T08:00:00+08:00"
"""


def test_steps_of_one_moment_are_handed_in_at_once_and_none_holds_up_another() -> None:
    result = play(SMALL + TOGETHER)
    assert [step.outcome for step in result.steps] == ["applied", "denied", "failed", "applied"]
    assert len({step.at_ms for step in result.steps}) == 1
    assert len({step.story_time for step in result.steps}) == 1
    assert result.height < 3, "two records are in one block"
    assert play(SMALL + TOGETHER).digest == result.digest


def test_who_joins_in_a_story_is_called_by_name_from_then_on() -> None:
    code = "11990200MA0XX004X4"
    later = f"""\
  - id: join
    by: clerk
    do: organisation.add
    with:
      {{object_id: GC-1, org: {code}, display_name: Transport, roles: [], accredited_for: [],
       public_key: "", possession: "", person: x}}
    expect: {{denied: G1}}
  - id: leave
    by: clerk
    do: organisation.suspend
    with: {{object_id: GC-2, org: {code}, reason: test}}
    expect: {{denied: I9}}
"""
    result = play(SMALL + later)
    assert [step.en.partition(") ")[2] for step in result.steps[1:]] == [
        "proposes Transport as a member",
        "proposes to suspend Transport (test)",
    ]
