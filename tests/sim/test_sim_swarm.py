"""The swarm: what it draws, that equal seeds show equal things, that planted bugs are found and shrunk."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from govchain.cli.app import run
from govchain.cli.swarm import parse_seeds
from govchain.errors import ConfigError
from govchain.swarm import (
    Broken,
    Case,
    Outcome,
    case_name,
    draw_case,
    fault_count,
    load_case,
    run_case,
    run_swarm,
    shrink,
    write_case,
)
from govchain.swarm import swarm as swarm_module
from govchain.swarm.case import CASE_EVENTS_MAX
from govchain.swarm.draw_faults import KINDS, NEED_FAULTY, STALL_TIMEOUTS
from govchain.sweep import open_engine
from tests.support.planted_bugs import BUGS, hunt

QUICK = 22  # Seeds from here on take little time.


def size_of(case: Case) -> int:
    return sum(org["validators"] for org in case["organisations"])


def test_a_seed_always_draws_the_same_scenario_and_it_is_a_possible_one() -> None:
    for seed in range(12):
        case = draw_case(seed)
        assert case == draw_case(seed)
        assert load_case(case).scenario.seed == seed
    assert draw_case(1) != draw_case(2) | {"seed": 1}


def test_everything_is_drawn_sooner_or_later() -> None:
    cases = [draw_case(seed) for seed in range(150)]
    faults = [entry for case in cases for entry in case["timeline"]]
    assert {size_of(case) for case in cases} == set(range(1, 8))
    assert {entry["do"] for entry in faults} >= {"membership", "rotate_key", "backup", "heal_all"}
    assert {entry.get("disk") for entry in faults} >= {
        "keep",
        "wipe",
        "restore_old",
        "lose_unsynced",
        "corrupt",
    }
    assert {str(entry.get("behaviour")) for entry in faults} >= {
        "silent",
        "slow",
        "equivocate",
        "huge_views",
        "{'censor': 'evp'}",
        "replay",
        "mutate",
        "twins",
        "wrong_execution",
        "lying_sync",
    }
    assert {entry.get("direction") for entry in faults if entry["do"] == "partition"} == {"both", "in", "out"}
    assert len(KINDS) == 26


def test_no_more_validators_lie_or_lose_their_disks_than_may_be_faulty() -> None:
    assert set(NEED_FAULTY) < set(KINDS)
    for seed in range(150):
        case = draw_case(seed)
        hit = {
            entry["target"]
            for entry in case["timeline"]
            if entry["do"] == "byzantine" or entry.get("disk") in ("wipe", "restore_old")
        }
        leaves = any(entry.get("change") == "leave" for entry in case["timeline"])
        assert len(hit) <= (size_of(case) - leaves - 1) // 3, seed


# A pool of processes is started.
def test_serial_and_pooled_the_same_seeds_show_the_same() -> None:
    results = []
    for jobs in (1, 2):
        with open_engine("process", jobs=jobs, cluster=None) as spread:
            results.append(run_swarm(QUICK, QUICK + 3, spread))
    assert results[0] == results[1]
    assert results[0].violations == ()
    assert results[0].runs == 3
    assert "memberships" in results[0].missing


def test_the_second_protocol_has_the_same_networks_without_what_it_cannot_do() -> None:
    for seed in range(40):
        pbft, hotstuff = draw_case(seed), draw_case(seed, "hotstuff")
        assert hotstuff["protocol"].pop("consensus") == "hotstuff"
        changes = [each for each in pbft["timeline"] if each["do"] in ("membership", "rotate_key")]
        assert not [each for each in hotstuff["timeline"] if each["do"] in ("membership", "rotate_key")]
        if not changes:
            assert pbft == hotstuff
    assert case_name(draw_case(7)) == "swarm-7"
    assert case_name(draw_case(7, "hotstuff")) == "hotstuff-7"


def broken(seed: int, problem: str, invariant: str = "agreement") -> Outcome:
    return Outcome(seed, (Broken(invariant, problem),), 10, {"crashes": 1})


def test_one_cause_is_reported_once(monkeypatch: pytest.MonkeyPatch) -> None:
    found = {
        1: broken(1, "height 7: validators 0 and 1 have different blocks"),
        2: broken(2, "height 12: validators 3 and 2 have different blocks"),
        3: broken(3, "height 7: 0123456789abcdef was never submitted", "validity"),
        4: broken(4, "height 9: fedcba9876543210 was never submitted", "validity"),
    }
    monkeypatch.setattr(
        swarm_module, "run_seed", lambda seed, protocol_name: found.get(seed, Outcome(seed, (), 1, {}))
    )

    def spread(function: Any, values: Any) -> Any:
        return map(function, values)

    result = run_swarm(0, 6, spread, keep_going=True, is_shrinking=False)
    assert [(each.invariant, each.seeds) for each in result.violations] == [
        ("agreement", (1, 2)),
        ("validity", (3, 4)),
    ]
    assert (result.runs, result.events, result.coverage["crashes"], result.exit_status) == (6, 42, 4, 1)
    first = run_swarm(0, 6, spread, is_shrinking=False)
    assert (first.runs, first.seeds, len(first.violations)) == (2, (0, 2), 1)
    ended = run_swarm(0, None, spread, is_shrinking=False, keep_going=True, is_over=lambda: True)
    assert ended.runs == swarm_module.BATCH


def test_what_has_no_end_is_no_smaller_case_unless_the_drawn_one_had_none(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    limits = []

    def run_without_end(case: Case, events_max: int) -> Outcome:
        limits.append(events_max)
        return Outcome(1, (Broken("failure", "no end"),), events_max + 1, {})

    monkeypatch.setattr(swarm_module, "run_case", run_without_end)
    left = []
    for events in (100, CASE_EVENTS_MAX + 1):
        found = Outcome(1, (Broken("failure", "no end"),), events, {})
        monkeypatch.setattr(swarm_module, "run_seed", lambda seed, protocol_name, found=found: found)
        result = run_swarm(1, 2, map)
        left.append(result.violations[0].faults)
    assert left == [fault_count(draw_case(1)), 0]
    assert set(limits) == {swarm_module.LEAST_EVENTS, CASE_EVENTS_MAX}


def test_a_run_without_end_is_a_find() -> None:
    (found,) = run_case(draw_case(QUICK), events_max=50).broken
    assert (found.invariant, "no end after 50 events" in found.problem) == ("failure", True)


def test_attempts_to_shrink_cost_no_more_than_so_many_events(monkeypatch: pytest.MonkeyPatch) -> None:
    events, limits = iter([9_000_000, 40_000, 100_000, 500, 70_000, 9_000_000]), []

    def run_same(case: Case, events_max: int) -> Outcome:
        limits.append(events_max)
        return Outcome(1, (Broken("agreement", "7"),), next(events), {})

    monkeypatch.setattr(swarm_module, "run_case", run_same)
    attempts = swarm_module._Attempts(Outcome(1, (Broken("agreement", "9"),), 100_000, {}))
    case = draw_case(1)
    assert [attempts(case) for _ in range(7)] == [False, True, True, True, False, False, False]
    assert limits == [400_000, 400_000, 160_000, 160_000, 50_000, 50_000], (
        "four times the smallest, at least so many"
    )
    assert sum((9_000_000, 40_000, 100_000, 500, 70_000, 9_000_000)) > swarm_module.SHRINK_EVENTS_MAX
    other = swarm_module._Attempts(Outcome(1, (Broken("validity", "9"),), 100_000, {}))
    monkeypatch.setattr(
        swarm_module, "run_case", lambda *args: Outcome(1, (Broken("agreement", "7"),), 1, {})
    )
    assert not other(case), "another promise"


PAUSES = [
    *(
        {"at": f"{at}ms", "do": "pause", "target": f"validator-{at % 4}", "for": "50ms"}
        for at in range(1, 10)
    ),
    {"at": "5ms", "do": "backup", "target": "validator-1"},
    {"at": "3000ms", "do": "heal_all"},
]


def case_of_pauses() -> Case:
    return draw_case(next(seed for seed in range(100) if size_of(draw_case(seed)) == 4)) | {
        "timeline": PAUSES
    }


def test_shrinking_takes_out_what_is_left_by_chance_under_other_seeds_and_times() -> None:
    case = case_of_pauses()
    tried: list[int] = []

    def fails(each: Case) -> bool:
        load_case(each)
        tried.append(each["seed"])
        faults = [entry for entry in each["timeline"] if entry["do"] == "pause"]
        if each["seed"] == case["seed"]:
            return len(faults) >= 5
        # Elsewhere two are enough, if they are not where they were.
        return len(faults) >= 2 and all(int(entry["at"].removesuffix("ms")) > 9 for entry in faults)

    small = shrink(case, fails)
    assert fault_count(small) == 2
    assert small["seed"] != case["seed"]
    assert load_case(small).scenario.seed == small["seed"]
    assert shrink(case, fails) == small, "drawn, and always the same"
    tried.clear()
    assert fault_count(shrink(case, fails, attempts_max=30)) >= 2
    assert len(tried) <= 30


def test_shrinking_takes_out_what_belongs_together_and_what_hides_each_other() -> None:
    def together(each: Case) -> bool:
        # All of one victim or none: neither a half nor one alone goes.
        hit = [entry["target"] for entry in each["timeline"] if entry["do"] == "pause"]
        return all(hit.count(name) in (0, 2, 3) for name in hit) and "validator-3" in hit

    def hidden(each: Case) -> bool:
        pauses = sum(entry["do"] == "pause" for entry in each["timeline"])
        return pauses in (9, 5, 1) and each["seed"] == case_of_pauses()["seed"]

    assert fault_count(shrink(case_of_pauses(), together)) == 2
    assert fault_count(shrink(case_of_pauses(), hidden)) == 1


def test_shrinking_leaves_what_is_needed_and_nothing_else() -> None:
    case = next(
        each for each in map(draw_case, range(100)) if size_of(each) == 7 and len(each["workload"]) == 2
    )
    case["timeline"] = [
        *({"at": f"{at}ms", "do": "pause", "target": f"validator-{at % 7}"} for at in range(1, 12)),
        {"at": "3000ms", "do": "heal_all"},
    ]

    def fails(each: Case) -> bool:
        load_case(each)
        kept = {entry["at"] for entry in each["timeline"]}
        return {"3ms", "8ms"} <= kept and size_of(each) >= 4

    small = shrink(case, fails)
    assert [entry["at"] for entry in small["timeline"]] == ["3ms", "8ms", "1008ms"], "mended soon after"
    assert fault_count(small) == 2
    assert size_of(small) == 4
    assert len(small["workload"]) == 1
    assert not {"cpu", "disk"} & small.keys()
    assert set(small["network"]) == {"latency"}
    assert fault_count(shrink(case, fails, attempts_max=1)) == 11


# Takes a second each: the attempts of shrinking are runs.
@pytest.mark.parametrize(
    ("name", "seed", "invariant"),
    [
        ("no persist before send", 0, "durable-votes"),
        ("a restart forgets votes", 3, "no-double-vote"),
    ],
)
def test_a_planted_bug_is_found_and_shrunk(name: str, seed: int, invariant: str, tmp_path: Path) -> None:
    (found,) = hunt(BUGS[name], seed, seed + 1).violations
    assert found.invariant == invariant
    assert found.faults_drawn >= 20
    assert found.faults <= found.faults_drawn / 10, "a tenth of what went wrong is left at most"
    path = write_case(found.case, tmp_path)
    assert path.name == f"swarm-{seed}.yaml"
    assert run(["replay", str(path), "-q"]) == 0, "without the bug it holds"
    with pytest.MonkeyPatch.context() as patch:
        BUGS[name](patch)
        assert run_case(found.case).broken[0].invariant == invariant
        assert run(["replay", str(path), "-q"]) == 1, "the file alone shows it again"


@pytest.mark.parametrize(
    ("name", "seed", "invariant"),
    [("quorum minus one", 3, "agreement"), ("clocks must agree", 7, "progress")],
)
def test_other_planted_bugs_break_other_promises(name: str, seed: int, invariant: str) -> None:
    (found,) = hunt(BUGS[name], seed, seed + 1, is_shrinking=False).violations
    assert found.invariant == invariant


def test_a_stall_is_an_end_in_which_no_quorum_is_left_and_a_liar_was_heard() -> None:
    stalled = 0
    for case in map(draw_case, range(100)):
        *_, last, heal = case["timeline"]
        ends = [
            each for each in case["timeline"] if each.get("behaviour") == "huge_views" and "for" not in each
        ]
        timeout_ms, size = int(case["protocol"]["view_timeout"].removesuffix("ms")), size_of(case)
        healed_ms = int(heal["at"].removesuffix("ms"))
        begins_ms = healed_ms - STALL_TIMEOUTS * timeout_ms
        liars = [each["target"] for each in ends if int(each["at"].removesuffix("ms")) == begins_ms]
        if not liars:
            continue
        stalled += 1
        down = next(
            each
            for each in case["timeline"]
            if each["do"] == "crash"
            and each["target"] == liars[0]
            and int(each["at"].removesuffix("ms")) > begins_ms
        )
        assert "for" not in down
        assert last["do"] in ("partition", "crash")
        (apart,) = [
            each["groups"][0]
            for each in case["timeline"]
            if each["do"] == "partition"
            and "for" not in each
            and int(each["at"].removesuffix("ms")) > begins_ms
        ]
        quorum = size - (size - 1) // 3
        assert size - 1 - len(apart) < quorum <= size - len(apart), (
            "with the liar's word they go on, without it not"
        )
        assert liars[0] not in apart
    assert stalled >= 5


def test_what_the_program_itself_stumbles_over_is_a_find(monkeypatch: pytest.MonkeyPatch) -> None:
    def stumble(self: Any, *args: Any) -> None:
        raise AssertionError("height 17 is not there")

    monkeypatch.setattr("govchain.sim.node.SimNode._execute", stumble)
    (found,) = run_case(draw_case(QUICK)).broken
    assert found.invariant == "failure"
    assert found.cause[1].endswith("stumble: height N is not there")


def test_the_command_tells_what_happened_and_what_never_did(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    target = tmp_path / "swarm.json"
    arguments = ["swarm", "--seeds", f"{QUICK}:{QUICK + 1}", "--jobs", "1", "--json", str(target)]
    assert run([*arguments, "--out", str(tmp_path)]) == 0
    value = json.loads(target.read_text(encoding="utf-8"))
    assert value["seeds"] == [QUICK, QUICK + 1]
    assert value["runs"] == 1
    assert value["violations"] == []
    assert value["events"] > 0
    assert value["missing"] == [name for name, count in value["coverage"].items() if not count]
    shown = capsys.readouterr().out
    assert run([*arguments, "--protocol", "hotstuff"]) == 0
    assert "memberships" not in json.loads(target.read_text(encoding="utf-8"))["coverage"]
    assert "never happened" in shown
    assert "events/s" in shown
    assert run([*arguments, "--minutes", "0"]) == 3, "over, and most kinds of faults were never tried"


def test_the_command_writes_down_what_it_finds(tmp_path: Path) -> None:
    target = tmp_path / "swarm.json"
    arguments = ["swarm", "--seeds", f"{QUICK}:{QUICK + 9}", "--jobs", "1", "--json", str(target), "-q"]
    with pytest.MonkeyPatch.context() as patch:
        BUGS["no persist before send"](patch)
        assert run([*arguments, "--out", str(tmp_path), "--report", str(tmp_path / "runs")]) == 1
    (violation,) = json.loads(target.read_text(encoding="utf-8"))["violations"]
    assert violation["seeds"] == [QUICK]
    assert Path(violation["file"]).is_file()
    assert (tmp_path / "runs" / f"swarm-{QUICK}" / str(QUICK) / "report.html").is_file()


@pytest.mark.parametrize("text", ["7", "5:5", "9:3", "a:b", "-1:4", "3:"])
def test_a_range_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(ConfigError, match="--seeds"):
        parse_seeds(text, is_timed=False)


def test_time_alone_may_end_a_swarm() -> None:
    assert parse_seeds(None, is_timed=False) == (0, 100)
    assert parse_seeds(None, is_timed=True) == (0, None)
    assert parse_seeds("7:", is_timed=True) == (7, None)
    assert parse_seeds("7:9", is_timed=True) == (7, 9)
