"""Scenario files: what cannot be run as written is refused with its place; nothing is silently ignored."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from govchain.config import load_document
from govchain.errors import ConfigError
from govchain.scenario import load_scenario, parse_scenario, scenario_schema
from govchain.scenario.catalogue import list_scenarios
from govchain.scenario.references import find_references, resolve
from govchain.scenario.schema import documented_keys
from tests.support.scenario_texts import PROJECT, SHIPPED, SMALL, play

FREE_KEYS = {"with", "denials", "happened", "values", "known_as", "answer"}
"""Below these stand names of the file's own, or of records."""
STEP = "  - {id: more, by: clerk, do: evidence.submit, with: {object_id: '${work}', case_no: x}}\n"


def problem(text: str) -> str:
    with pytest.raises(ConfigError) as caught:
        parse_scenario(text, "s.yaml", PROJECT)
    return str(caught.value)


BAD = [
    ("validators: 4", "validators: 0", "s.yaml:3: the network has no validator"),
    ("validators: 4", "validators: -1", "s.yaml:4: organisations[0].validators: not allowed"),
    (
        "validators: 4",
        "gateway: true",
        "s.yaml:4: unknown key in organisations[0]; found 'gateway'",
    ),
    ("id: court,", "id: evp,", "s.yaml:5: the name is taken; found 'evp'; expected a new name"),
    (
        "11990100MA0XX00K0L",
        "11990100MA0XX00K0M",
        "s.yaml:5: organisation court: not a unified social credit code",
    ),
    ("11990100MA0XX00K0L", "91990100MA0XX00Y57", "s.yaml:5: organisation court: the code is taken"),
    (
        "org: court",
        "org: cuort",
        "s.yaml:8: person judge: unknown organisation; found 'cuort'; expected 'court'",
    ),
    ("id: judge", "id: clerk", "s.yaml:8: the name is taken; found 'clerk'"),
    ("by: clerk", "by: clark", "s.yaml:11: unknown person; found 'clark'; expected 'clerk'"),
    ("do: evidence.deposit", "do: evidence.deposi", "s.yaml:12: unknown verb; found 'evidence.deposi'"),
    (
        "do: evidence.deposit",
        "do: ebl.issue",
        "not yet supported by this version: do: ebl.issue at s.yaml:12",
    ),
    ("save: work", "save: judge", "s.yaml:13: the name is taken; found 'judge'"),
    ("content: text", "contents: text", "s.yaml:17: unknown key for evidence.deposit; found 'contents'"),
    ("content: text", "file: none.txt", "s.yaml:17: no such file; found 'none.txt'"),
    ("content: text", "file: ../x", "s.yaml:17: the file is outside the scenario's folder"),
    ("content: text", "file: [a]", "s.yaml:17: file: wrong type"),
    (
        "    save: work\n",
        "    save: work\n    at: 99999999999d\n",
        "s.yaml:9: the story ends after the year 9999",
    ),
    ("      object_id: EVP-1\n", "", "s.yaml:14: evidence.deposit: no object_id"),
    ("      evidence_kind: log\n", "", "s.yaml:14: evidence.deposit: wrong or missing value; expected key"),
    ("evidence_kind: log", "evidence_kind: [log]", "s.yaml:16: evidence.deposit: wrong or missing value"),
    ("EVP-1", "${wrok}", "s.yaml:15: unknown saved name; found 'wrok'"),
    ("EVP-1", "${work}", "s.yaml:15: unknown saved name; found 'work'"),
    ("EVP-1", "${evp.key}", "s.yaml:15: evp is a organisation without this property; found 'key'"),
    ("EVP-1", '"${a + b}"', "s.yaml:15: not a reference; found '${a + b}'"),
    (
        "title: A deposit",
        "titel: A deposit",
        "s.yaml:2: unknown key in meta; found 'titel'; expected 'title'",
    ),
    ("govchain: 1", "govchain: 2", "s.yaml:1: govchain: unknown value; found '2'"),
]


@pytest.mark.parametrize(("old", "new", "message"), BAD, ids=[message[:60] for _, _, message in BAD])
def test_an_impossible_scenario_names_its_place(old: str, new: str, message: str) -> None:
    assert old in SMALL
    assert problem(SMALL.replace(old, new, 1)).startswith(message)


ADDED = [
    ("start: yesterday", "s.yaml:19: start: not a time"),
    ("start: 2026-11-02", "s.yaml:19: start: not a time"),
    ("start: 2026-11-02T09:00:00", "s.yaml:19: start: not a time"),
    ("workload: [{org: evp}]", "s.yaml:19: key 'rate' is missing in workload[0]"),
    ("workload: [{org: ev, rate: {fixed: 5/s}}]", "s.yaml:19: unknown organisation; found 'ev'"),
    ("workload: [{org: evp, rate: {}}]", "s.yaml:19: a load has one rate"),
    ("workload: [{org: evp, rate: {fixed: '5'}}]", "s.yaml:19: workload[0].rate.fixed: not allowed"),
    ("workload: [{org: evp, rate: {fixed: 5/s, poisson: 5/s}}]", "s.yaml:19: a load has one rate; found"),
    ("workload: [{org: evp, rate: {poisson: 5}}]", "s.yaml:19: workload[0].rate.poisson: not allowed"),
    ("workload: [{org: evp, rate: {ramp: {from: 1/s, to: 9/s}}}]", "s.yaml:19: a ramp has an end"),
    (
        "workload: [{org: evp, rate: {max_search: {}}}]",
        "not yet supported by this version: workload.rate.max_search at s.yaml:19; "
        "the highest rate is looked for by `govchain sweep --search max_rate`",
    ),
    (
        "workload: [{org: evp, rate: {closed_loop: 1}, from: 2s, to: 1s}]",
        "s.yaml:19: the load ends before it begins",
    ),
    ("repeat: {seeds: 0}", "s.yaml:19: repeat.seeds: not allowed"),
    ("repeat: {seeds: 3, ci: 99%}", "s.yaml:19"),
    ("stop: {when: soon}", "s.yaml:19: not a condition; found 'soon'"),
    ("stop: {height: 3, when: view > 2}", "s.yaml:19: both height and when"),
    (
        "protocol: {suite: sm2}",
        "not yet supported by this version: protocol.suite: sm2 at s.yaml:19; none of the libraries",
    ),
    (
        "protocol: {suite: mldsa65}",
        "not yet supported by this version: protocol.suite: mldsa65 at s.yaml:19; equal messages must",
    ),
    ("protocol: {pipeline: 0}", "s.yaml:19: protocol.pipeline: not allowed; found '0'; expected at least 1"),
    (
        "timeline:\n  - {at: 1s, do: {one_of: [pause, heal_all]}, target: one}",
        "s.yaml:20: one_of draws between different things that go wrong; found 'heal_all'",
    ),
    (
        "timeline:\n  - {at: 1s, do: {one_of: [pause, pause]}, target: one}",
        "s.yaml:20: one_of draws between different things that go wrong; found 'pause'",
    ),
    (
        "timeline:\n  - {at: 1s, do: {one_of: [pause, delay]}, target: one}",
        "s.yaml:20: a delay of nothing",
    ),
    (
        "timeline:\n  - {at: 1s, do: {one_of: [pause, crash]}, target: one, by: 1s}",
        "s.yaml:20: pause or crash has no by",
    ),
    (
        "timeline:\n  - {every: {mean: 1s}, do: {one_of: [restart, pause]}, target: validator-1}",
        "s.yaml:20: a fault that comes again must end",
    ),
    (
        "timeline:\n  - {at: 1s, do: restart, target: majority}",
        "s.yaml:20: a restart needs a validator's name",
    ),
    ("timeline:\n  - {at: 1s, do: partition}", "s.yaml:20: a partition needs groups"),
    (
        "timeline:\n  - {at: 1s, do: partition, groups: [[validator-9], rest]}",
        "s.yaml:20: unknown validator; found 'validator-9'",
    ),
    ("timeline:\n  - {at: 1s, do: pause, target: one, disk: wipe}", "s.yaml:20: pause has no disk"),
    ("timeline:\n  - {at: 1s, do: delay, target: one}", "s.yaml:20: a delay of nothing"),
    ("timeline:\n  - {at: 1s, do: clock_skew, target: one}", "s.yaml:20: a clock is ahead or behind"),
    ("timeline:\n  - {at: 1s, do: byzantine, target: one}", "s.yaml:20: a traitor needs a behaviour"),
    (
        "timeline:\n  - {at: 1s, do: byzantine, target: one, behaviour: {censor: ev}}",
        "s.yaml:20: unknown organisation; found 'ev'",
    ),
    (
        "timeline:\n  - {at: 1s, do: byzantine, target: one, behaviour: twin}",
        "s.yaml:20",
    ),
    ("timeline:\n  - {when: height, do: crash, target: one}", "s.yaml:20: not a condition; found 'height'"),
    ("timeline:\n  - {every: {mean: 1s}, do: crash, target: one}", "s.yaml:20: a fault that comes again"),
    ("timeline:\n  - {every: {}, do: heal_all}", "s.yaml:20: every has one time"),
    ("timeline:\n  - {every: {mean: 0s}, do: heal_all}", "s.yaml:20: every has no time between"),
    ("timeline:\n  - {every: {exactly: 9us}, do: heal_all}", "s.yaml:20: every has no time between"),
    ("timeline:\n  - {at: 25h, do: heal_all}", "s.yaml:20: no run lasts so long; expected at most 1d"),
    ("timeline:\n  - {at: 1s, do: pause, target: one, for: 2d}", "s.yaml:20: no run lasts so long"),
    ("timeline:\n  - {every: {mean: 1h}, between: [0s, 2d], do: heal_all}", "s.yaml:20: no run lasts so"),
    ("workload: [{org: evp, rate: {closed_loop: 1}, to: 9999d}]", "s.yaml:19: no run lasts so long"),
    ("timeline:\n  - {at: 1s, do: crash, target: one, times: 3}", "s.yaml:20: between and times belong to"),
    ("timeline:\n  - {at: 1s, do: crash, target: each_in_turn}", "s.yaml:20: one after the other needs"),
    (
        "timeline:\n  - {at: 1s, do: crash, target: one, disk: restore_old}",
        "s.yaml:20: no old disk to restore",
    ),
    ("timeline:\n  - {do: crash, target: validator-0}", "s.yaml:20: a fault needs exactly one trigger"),
    (
        "timeline:\n  - {at: 1s, after: deposit, do: crash, target: validator-0}",
        "s.yaml:20: a fault needs exactly one trigger",
    ),
    ("timeline:\n  - {at: 1s, do: crash, target: validator-9}", "s.yaml:20: unknown target"),
    ("timeline:\n  - {after: depsit, do: crash, target: one}", "s.yaml:20: unknown step; found 'depsit'"),
    ("timeline:\n  - {at: 1s, do: restart, target: one}", "s.yaml:20: a restart needs a validator's name"),
    ("expect: {performance: [{latency_p95: 1s}]}", "s.yaml:19: not a limit; found '1s'"),
    ("expect: {performance: [{latency_p95: <= 1s, after: crash}]}", "s.yaml:19: no_progress and after"),
    ("expect: {performance: [{latency_p95: <= 1s, at: median}]}", "s.yaml:19: at belongs to no_progress"),
    ("expect: {performance: [{finalised_per_s: many}]}", "s.yaml:19: not a comparison; found 'many'"),
    ("expect: {performance: [{finalised_per_s: within 10 of 5}]}", "s.yaml:19: not a comparison"),
    ("expect: {performance: [{finalised_per_s: '> 1'}]}", "s.yaml:19: there is no load to measure"),
    ("expect: {performance: [{no_progress: <= 1s}]}", "s.yaml:19: no_progress and after belong together"),
    ("expect: {performance: [{after: crash}]}", "s.yaml:19: one figure each"),
    ("expect: {performance: [{no_progress: soon, after: crash}]}", "s.yaml:19: not a limit; found 'soon'"),
    ("expect: {performance: [{no_progress: <= 1s, after: crush}]}", "s.yaml:19: no such fault"),
    ("expect: {happened: [{crashes: '1'}]}", "s.yaml:19: nothing that is counted; found 'crashes'"),
    ("expect: {happened: [{crash: often}]}", "s.yaml:19: not a comparison; found 'often'"),
    ("expect: {liveness: [{within: 1s}]}", "s.yaml:19: within and after belong together"),
    ("expect: {liveness: [{after: crash}]}", "s.yaml:19: neither or both of finalised and within"),
    ('expect: {liveness: [{finalised: "many"}]}', "s.yaml:19: not a comparison; found 'many'"),
    ("expect: {records: [{denials: {T99: 1}}]}", "s.yaml:19: no such rule or denial code; found 'T99'"),
    ("expect: {records: [{record: work, state: X}]}", "s.yaml:19: not a record; found 'work'"),
    ("expect: {records: [{record: evidence/x}]}", "s.yaml:19: a record without a state"),
    ("expect: {records: [{state: X}]}", "s.yaml:19: neither or both of record and denials"),
    ("expect: {outcome: {fail: agreemnt}}", "s.yaml:19: unknown invariant; found 'agreemnt'"),
]


@pytest.mark.parametrize(("added", "message"), ADDED, ids=[added[:50] for added, _ in ADDED])
def test_an_impossible_or_unsupported_block_names_its_place(added: str, message: str) -> None:
    assert problem(SMALL + added + "\n").startswith(message)


@pytest.mark.parametrize(
    ("step", "message"),
    [
        (STEP.replace("id: more", "id: deposit"), "s.yaml:19: two steps have one id; found 'deposit'"),
        (
            STEP.replace("}}", "}, expect: {denied: E99}}"),
            "s.yaml:19: no such rule or denial code; found 'E99'",
        ),
        (STEP.replace("}}", "}, expect: {says: no}}"), "s.yaml:19: says without denied"),
        (
            "  - {by: judge, do: receipt.check, with: {step: depsit}}\n",
            "s.yaml:19: unknown step; found 'depsit'; expected 'deposit'",
        ),
        (
            "  - {by: judge, do: receipt.check, save: x, with: {step: deposit}}\n",
            "s.yaml:19: receipt.check saves nothing",
        ),
        (STEP.replace("by: clerk", "together: true, at: 1h, by: clerk"), "s.yaml:19: together: the time is"),
        (
            "  - {together: true, by: judge, do: evidence.legal_report, with: {evidence: x}}\n",
            "s.yaml:19: together: only records are handed in; found 'evidence.legal_report'",
        ),
        (
            STEP.replace("by: clerk", "together: true, by: clerk"),
            "s.yaml:19: together: made in the same moment; found '${work}'",
        ),
        (
            STEP.replace("by: clerk", "together: true, by: clerk").replace("${work}", "EVP-1"),
            "s.yaml:19: together: one record twice",
        ),
        (
            "  - {by: judge, do: evidence.bundle, with: {evidence: x, timestamp: no.tsr}}\n",
            "s.yaml:19: no such file; found 'no.tsr'",
        ),
        (
            "  - {by: judge, do: evidence.bundle, with: {evidence: x, authorities: ../../etc/hosts}}\n",
            "s.yaml:19: the file is outside the scenario's folder",
        ),
        (
            "  - {by: judge, do: evidence.bundle, with: {evidence: x, timestamp: {file: a}}}\n",
            "s.yaml:19: timestamp: wrong type",
        ),
        (
            "  - {by: judge, do: licence.verify, with: {licence: x, answer: YES}}\n",
            "s.yaml:19: licence.verify: wrong or missing value",
        ),
    ],
)
def test_an_impossible_step_names_its_place(step: str, message: str) -> None:
    assert problem(SMALL + step).startswith(message)


def test_the_first_step_is_together_with_none() -> None:
    found = problem(SMALL.replace("    by: clerk\n", "    by: clerk\n    together: true\n", 1))
    assert found.startswith("s.yaml:12: together: there is no step before")


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_a_shipped_scenario_loads_and_has_a_chinese_title(path: Path) -> None:
    scenario = load_scenario(path).scenario
    assert scenario.meta.title_zh
    assert scenario.meta.why
    assert scenario.meta.why_zh


def test_scenarios_are_listed_and_a_broken_one_is_not_left_out(tmp_path: Path) -> None:
    (tmp_path / "010-good.yaml").write_text(SMALL, encoding="utf-8")
    (tmp_path / "020-bad.yaml").write_text("govchain: 1\n", encoding="utf-8")
    good, bad = list_scenarios(tmp_path)
    assert (good.title, good.problem) == ("A deposit", "")
    assert "key 'meta' is missing" in bad.problem


def test_references_keep_the_type_of_a_whole_value() -> None:
    values = {"a": "${x}", "b": ["no. ${x}"], "c": 3}
    found = [(where, reference.name) for where, reference in find_references(values)]
    assert found == [(("a",), "x"), (("b", 0), "x")]
    assert resolve(values, lambda _: 7) == {"a": 7, "b": ["no. 7"], "c": 3}


def test_the_schema_covers_every_key_that_the_shipped_scenarios_use() -> None:
    schema = scenario_schema()["$defs"]
    for path in SHIPPED:
        for where in load_document(path, Any).lines:
            key = where[-1] if where else None
            if isinstance(key, str) and not FREE_KEYS & set(where[:-1]):
                assert any(key in definition["properties"] for definition in schema.values()), (path, where)


@pytest.mark.parametrize("name", ["scenario.md", "scenario.zh.md"])
def test_every_key_is_documented(name: str) -> None:
    text = (PROJECT / "docs" / "reference" / name).read_text(encoding="utf-8")
    missing = [key for key in documented_keys() if f"`{key}`" not in text]
    assert not missing, f"docs/reference/{name} does not mention {missing}"


@pytest.mark.parametrize("name", ["write-a-scenario.md", "write-a-scenario.zh.md"])
def test_the_scenario_of_the_guide_passes_as_it_grows(name: str) -> None:
    text = (PROJECT / "docs" / "howto" / name).read_text(encoding="utf-8")
    first, submit, denied, expect, fault = re.findall(r"```yaml\n(.*?)```", text, flags=re.DOTALL)
    assert play(first).verdict == "pass"
    assert play(first + submit + denied + expect + fault).verdict == "pass"
