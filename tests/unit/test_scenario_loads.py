"""Loads of several kinds of records, and of rates from a file: what is drawn, refused and denied."""

from __future__ import annotations

import asyncio
from collections import Counter
from pathlib import Path

import pytest

from govchain.codec import decode
from govchain.crypto import suite
from govchain.errors import ConfigError
from govchain.ledger.kinds import PAYLOADS
from govchain.model import Transaction, TransactionBody
from govchain.scenario import Result, SimBackend, parse_scenario, rehearse, run_scenario
from govchain.scenario.load_records import load_verbs
from govchain.scenario.pace import pace_of
from govchain.scenario.rate_trace import parse_trace
from govchain.scenario.traffic import Clerk, clerks_of
from govchain.scenario.workload import Load, Rate

MS = 1_000_000
WORLD = """\
govchain: 1
meta: {title: A mixture}
organisations:
  - {id: evp, code: 91990100MA0XX00Y57, name: Platform, roles: [evidence-platform], validators: 4}
  - {id: court, code: 11990100MA0XX00K0L, name: Court, roles: [court]}
people:
  - {id: clerk, org: evp}
network: {latency: {fixed: 20ms}}
protocol: {view_timeout: 500ms}
"""
CASE = 'do: case.open, with: {matter: sale, parties: ["${court}", "${evp.code}"]}'
MIX = f"[{{do: evidence.deposit, ratio: 3, size: 2kB}}, {{{CASE}}}]"


def load(rate: str, *, mix: str = "", to: str = "3s") -> str:
    mixture = f"    mix: {mix}\n" if mix else ""
    return f"{WORLD}workload:\n  - org: evp\n    rate: {rate}\n    to: {to}\n{mixture}"


def clerk_of(text: str, seed: int = 1) -> Clerk:
    (clerk,) = clerks_of(rehearse(parse_scenario(text, "s.yaml", Path()), seed))
    return clerk


def body_of(transaction: Transaction) -> TransactionBody:
    return decode(transaction.body, TransactionBody)


def problem(text: str, folder: Path = Path()) -> str:
    with pytest.raises(ConfigError) as caught:
        parse_scenario(text, "s.yaml", folder)
    return str(caught.value)


def play(text: str, folder: Path = Path()) -> tuple[Result, SimBackend]:
    backend = SimBackend()
    return asyncio.run(run_scenario(parse_scenario(text, "s.yaml", folder), backend)), backend


def test_a_mixture_is_drawn_from_the_seed_by_its_ratios_and_filled_up() -> None:
    text = load("{fixed: 20/s}", mix=MIX)
    made = [clerk_of(text).next_record(0)[1] for _ in range(2)]
    assert made[0] == made[1]
    clerk, other = clerk_of(text), clerk_of(text, seed=2)
    bodies = [body_of(clerk.next_record(0)[1]) for _ in range(400)]
    kinds = [body.kind for body in bodies]
    assert kinds.count("evidence.deposit") == pytest.approx(300, abs=30), "three to one"
    assert kinds.count("case.open") == 400 - kinds.count("evidence.deposit")
    assert kinds != [body_of(other.next_record(0)[1]).kind for _ in range(400)]
    sizes = {body.kind: Counter[int]() for body in bodies}
    for body in bodies:
        sizes[body.kind][len(body.payload)] += 1
    assert set(sizes["evidence.deposit"]) == {2_000}
    assert max(sizes["case.open"]) < 600, "as large as it is"


def test_a_mixture_is_final_everywhere_and_each_kind_is_applied() -> None:
    result, backend = play(load("{fixed: 20/s}", mix=MIX))
    assert [each for each in (*result.expectations, *result.invariants) if not each.ok] == []
    assert result.workload is not None
    assert result.workload.denied == 0
    chain = backend.cluster.running()[0].chain
    blocks = [chain.block(height) for height in range(1, result.height + 1)]
    found = Counter(
        body_of(each).kind for block in blocks if block is not None for each in block.transactions
    )
    assert found["evidence.deposit"] + found["case.open"] == result.workload.acknowledged
    assert min(found["evidence.deposit"], found["case.open"]) > 5


def test_a_clerk_has_the_roles_that_its_records_need() -> None:
    enter = '{do: accreditation.enter, with: {issuer: "${evp}", type_code: x, area: "110000", from_date: x}}'
    genesis = rehearse(parse_scenario(load("{fixed: 1/s}", mix=f"[{enter}]"), "s.yaml", Path()), 1).genesis
    (roles,) = [key.roles for key in genesis.keys if key.person == "load-0"]
    assert roles == ("maker",)


def test_records_of_a_load_that_a_rule_denies_fail_it_unless_the_file_says_so() -> None:
    nobody = "[{do: case.open, with: {matter: Sale, parties: []}}]"
    result, _ = play(load("{fixed: 5/s}", mix=nobody))
    (failed,) = [each for each in result.expectations if not each.ok]
    assert (result.verdict, failed.name) == ("fail", "workload")
    assert failed.measured == "16 final, 0 waiting, 0 refused, 16 denied (G1 E_PAYLOAD)"
    assert result.workload is not None
    assert result.denials == {"G1": result.workload.denied} == {"G1": 16}
    wanted, _ = play(load("{fixed: 5/s}", mix=nobody) + "expect: {records: [{denials: {E_PAYLOAD: 16}}]}\n")
    assert wanted.verdict == "pass"


def test_each_verb_of_a_load_makes_a_new_object_and_no_member() -> None:
    verbs = load_verbs()
    assert {"evidence.deposit", "case.open", "consent.give"} <= set(verbs) <= set(PAYLOADS)
    assert not {"key.add", "validator.add", "validator.accuse", "evidence.transfer"} & set(verbs)


BAD = [
    ("[{do: evidence.transfer}]", "14: no verb of a load; found 'evidence.transfer'"),
    ("[{do: case.opne}]", "14: no verb of a load; found 'case.opne'; expected 'case.open'"),
    ("[{do: case.open, ratio: 0}]", "14: workload[0].mix[0].ratio: not allowed"),
    ("[{do: case.open, size: 61kB}]", "14: too large for a record; found 61000; expected at most 60000"),
    ("[{do: case.open, with: {matter: x}}]", "14: case.open: wrong or missing value; expected key 'parties'"),
    ("[{do: case.open, with: {mater: x}}]", "14: unknown key for case.open; found 'mater'"),
    ("[{do: evidence.deposit, with: {object_id: x}}]", "14: the engine fills this in for each record"),
    ('[{do: case.open, with: {parties: ["${work}"]}}]', "14: a load refers to parties only; found '${work}'"),
    ('[{do: case.open, with: {matter: "${evp.key}"}}]', "14: a load refers to parties only"),
    ("[{do: case.open}]\n    do: evidence.deposit", "11: both do and mix"),
]


@pytest.mark.parametrize(("mix", "message"), BAD)
def test_an_impossible_mixture_names_its_place(mix: str, message: str) -> None:
    assert problem(load("{fixed: 5/s}", mix=mix)).startswith(f"s.yaml:{message}")


def due_ms(trace: str, to_ms: int) -> list[float]:
    made = Load(org="evp", rate=Rate(trace="t.csv"), to=to_ms * MS)  # type: ignore[arg-type]
    pace, at_ns, found = pace_of(made, 0, suite(), 1, parse_trace(trace, "t.csv")), 0, []
    while at_ns < to_ms * MS:
        found.append(at_ns / MS)
        at_ns += pace(at_ns)
    return found


def test_a_trace_has_as_many_records_as_its_rates_say() -> None:
    text = "# office hours\n0s, 4/s\n\n1s, 10/s # busy\n2s, 0/s\n3s, 2/s\n"
    times = due_ms(text, 5_000)
    assert times == [0, 250, 500, 750, *range(1_000, 2_000, 100), 3_000, 3_500, 4_000, 4_500]
    assert due_ms("0s, 1/s\n500ms, 10/s\n", 800) == [0, 550, 650, 750], "half a record is carried over"
    assert due_ms("0s,1/s\n1ms,0/s", 400) == [0]


def test_a_load_follows_its_trace(tmp_path: Path) -> None:
    (tmp_path / "rates.csv").write_text("0s, 20/s\n1s, 0/s\n2s, 40/s\n", encoding="utf-8")
    result, _ = play(load("{trace: rates.csv}"), tmp_path)
    assert result.verdict == "pass"
    assert result.workload is not None
    assert result.workload.acknowledged == 20 + 40 + 1, "and one in the end"


@pytest.mark.parametrize(
    ("trace", "message"),
    [
        ("", "t.csv: an empty trace; expected a time and a rate, for example 30s, 50/s"),
        ("0s 5/s", "t.csv:1: no line of a trace; found '0s 5/s'"),
        ("0s, 5", "t.csv:1: no line of a trace"),
        ("0s, -5/s", "t.csv:1: no line of a trace"),
        ("0s, 5/s\n1, 5/s", "t.csv:2: no line of a trace"),
        ("1s, 5/s", "t.csv:1: not the first line; found '1s, 5/s'; expected 0s and a rate above zero"),
        ("0s, 0/s", "t.csv:1: not the first line"),
        ("0s, 5/s\n2s, 6/s\n\n2s, 7/s", "t.csv:4: times do not grow; found '2s, 7/s'"),
        ("0s, 5/s\n" + "x" * 5_000, "t.csv:2: no line of a trace"),
    ],
)
def test_a_broken_trace_names_its_line(trace: str, message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        parse_trace(trace, "t.csv")
    assert str(caught.value).startswith(message)
    assert len(str(caught.value)) < 300


def test_a_trace_is_bounded_and_below_the_scenario(tmp_path: Path) -> None:
    long = "".join(f"{second}s, 1/s\n" for second in range(20_001))
    with pytest.raises(ConfigError, match=r"t\.csv:20001: the trace is too long"):
        parse_trace(long, "t.csv")
    (tmp_path / "big.csv").write_bytes(b"#" * 1_048_577)
    (tmp_path / "odd.csv").write_bytes(b"\xff\xfe\x00")
    for name, expected in (
        ("big.csv", "s.yaml:12: the file is too large"),
        ("../x", "s.yaml:12: the file is outside the scenario's folder"),
        ("no.csv", "s.yaml:12: no such file"),
        ("odd.csv", "odd.csv:1: no line of a trace"),
    ):
        assert problem(load(f"{{trace: {name}}}"), tmp_path).startswith(expected)
    endless = load("{trace: no.csv}").replace("    to: 3s\n", "")
    assert problem(endless, tmp_path).startswith("s.yaml:11: a trace has an end; expected to: 30s")
