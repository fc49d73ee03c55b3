"""Faults of the network and of machines, by situation: nothing is lost, nobody disagrees, all recover."""

from __future__ import annotations

from itertools import pairwise

import pytest

from govchain.crypto import suite
from govchain.model.link_fault import LinkFault
from govchain.scenario import Result
from govchain.sim.links import Links
from tests.support.scenario_texts import play

WORLD = """\
govchain: 1
meta: {title: Faults}
organisations:
  - {id: evp, code: 91990100MA0XX00Y57, name: Platform, roles: [evidence-platform], validators: 4}
  - {id: notary, code: 31990100MA0XX00L9F, name: Notary, roles: [notary, depositor]}
network: {latency: {fixed: 30ms}}
protocol: {view_timeout: 500ms, checkpoint: 4}
stop: {at: 30s}
workload: [{org: evp, rate: {closed_loop: 1}, to: 4s}]
expect: {liveness: [{within: 8s, after: heal_all}]}
timeline:
"""


def fails(result: Result) -> list[object]:
    return [each for each in (*result.expectations, *result.invariants) if not each.ok]


def play_faults(*faults: str, changes: tuple[str, str] = ("", "")) -> Result:
    lines = "".join(f"  - {{{fault}}}\n" for fault in faults)
    result = play(WORLD.replace(*changes) + lines if changes[0] else WORLD + lines)
    assert fails(result) == []
    assert sum(count for kind, count in result.happened.items() if kind != "view_change") >= len(faults)
    return result


PARTITIONS = {
    "2|2": "[validator-0, validator-1], rest",
    "3|1": "[validator-0], rest",
    "1|1|2": "[validator-0], [validator-1], rest",
    "bridge": "[validator-0, validator-3], [validator-1, validator-2, validator-3]",
}


@pytest.mark.parametrize("groups", PARTITIONS.values(), ids=PARTITIONS)
@pytest.mark.parametrize("begins", ["at: 30ms", "at: 75ms", 'when: "height >= 3"', 'when: "view >= 1"'])
def test_situation_58_a_partition_heals_whenever_it_came(groups: str, begins: str) -> None:
    fault = f"{begins}, do: partition, groups: [{groups}], for: 1300ms"
    silent = "at: 500ms, do: byzantine, target: validator-0, behaviour: silent, for: 900ms"
    result = play_faults(fault, *([silent] if "view" in begins else []))
    if "rest" in groups and groups.startswith("[validator-0, "):
        assert result.workload is not None
        assert result.workload.latency_ms.p99 > 1000, "two of four decide nothing"


@pytest.mark.parametrize("for_ms", [400, 560, 700, 1100, 1900, 3300])
def test_situation_58_two_halves_heal_in_every_phase_of_a_view_change(for_ms: int) -> None:
    groups = "[validator-0, validator-2], rest"
    play_faults(f"at: 75ms, do: partition, groups: [{groups}], for: {for_ms}ms")


@pytest.mark.parametrize(
    "fault",
    [
        "do: drop, target: primary, direction: in",
        "do: drop, target: primary, direction: out",
        "do: partition, groups: [[validator-0, validator-1], rest], direction: out",
        "do: clog, target: primary",
        "do: clog, target: all",
        "do: clog, target: validator-3, direction: in",
        "do: drop, target: all, percent: 20",
        "do: delay, target: all, jitter: 500ms",
        "do: duplicate, target: all, percent: 100",
        "do: reorder, target: all, percent: 60",
        "do: delay, target: validator-3, direction: in, by: 2s",
        "do: clock_skew, target: validator-1, ahead: 10m",
        "do: clock_skew, target: primary, ahead: 10m",
        "do: clock_skew, target: primary, behind: 10m",
    ],
)
def test_situation_58_bad_lines_and_clocks(fault: str) -> None:
    play_faults(f"at: 200ms, {fault}, for: 2s")


def test_situation_31_two_of_four_pause_beyond_every_window_and_go_on() -> None:
    result = play_faults(
        "at: 100ms, do: pause, target: validator-3, for: 3500ms",
        "at: 2200ms, do: pause, target: validator-0, for: 1400ms",
    )
    assert result.height > 3 * 4, "the window of two checkpoints was passed"


def test_situation_47_all_restart_at_once_and_one_in_a_loop() -> None:
    play_faults(
        "at: 400ms, do: crash, target: all, for: 100ms",
        "every: {exactly: 100ms}, times: 10, do: crash, target: validator-2, for: 100ms",
    )


def test_situation_12_an_equivocating_primary_splits_nobody() -> None:
    play_faults("at: 10ms, do: byzantine, target: primary, behaviour: equivocate, for: 3s")


def test_situation_12_an_equivocating_backup_splits_nobody() -> None:
    play_faults("at: 10ms, do: byzantine, target: one, behaviour: equivocate, for: 3s")


def test_situation_29_huge_views_move_nobody() -> None:
    result = play_faults("at: 10ms, do: byzantine, target: one, behaviour: huge_views, for: 3s")
    assert result.happened["view_change"] < 10


def test_situation_50_a_primary_just_under_the_time_out_is_slow_and_nothing_else() -> None:
    result = play_faults("at: 10ms, do: byzantine, target: primary, behaviour: slow, by: 350ms, for: 3s")
    assert result.height > 4


def test_situation_49_a_department_that_the_primary_keeps_out_gets_through() -> None:
    loads = (
        "workload:\n  - {org: evp, rate: {closed_loop: 1}, to: 5s}\n"
        "  - {org: notary, rate: {closed_loop: 1}, from: 500ms, to: 5s}\n"
    )
    result = play_faults(
        "at: 100ms, do: byzantine, target: primary, behaviour: {censor: notary}",
        changes=("workload: [{org: evp, rate: {closed_loop: 1}, to: 4s}]\n", loads),
    )
    assert result.happened["view_change"] >= 1
    assert result.workload is not None
    assert result.workload.latency_ms.p99 < 4000


def test_the_judge_sees_acknowledged_records_that_were_lost() -> None:
    alone = WORLD.replace("validators: 4", "validators: 1").replace("closed_loop: 1", "fixed: 10/s")
    result = play(alone + "  - {at: 1s, do: crash, target: all, for: 100ms, disk: wipe}\n")
    assert result.verdict == "fail"
    assert "acknowledged" in [each.name for each in result.invariants if not each.ok]


TWO_ORGANISATIONS = WORLD.replace("validators: 4", "validators: 3, region: north").replace(
    "roles: [notary, depositor]", "roles: [notary, depositor], validators: 1, region: south"
)


@pytest.mark.parametrize(
    ("fault", "hit"),
    [
        ("do: pause, target: org(notary)", ["validator-3"]),
        ("do: pause, target: region(south)", ["validator-3"]),
        ("do: clog, target: region(south)", ["validator-3"]),
        ("do: partition, groups: [[org(notary)], rest]", ["validator-3"]),
        ("do: partition, groups: [[region(south), validator-0], [region(north)]]", ["validator-3"]),
        ("do: partition, groups: [[org(notary)], [org(evp)]]", ["validator-3"]),
    ],
)
def test_faults_hit_the_validators_of_an_organisation_or_a_region(fault: str, hit: list[str]) -> None:
    result = play(TWO_ORGANISATIONS + f"  - {{at: 100ms, {fault}, for: 1s}}\n")
    assert fails(result) == []
    assert list(result.faults[0].targets) == hit


def test_what_a_clogged_line_holds_comes_when_it_opens_and_in_order() -> None:
    links = Links(suite(), 1)
    links.faults = {(0, 1): LinkFault(held_until_ms=500)}
    held = [links.arrivals(0, 1, due_ns) for due_ns in (100, 200, 600 * 1_000_000)]
    assert held == [[500_000_000], [500_000_000], [600_000_000]]
    assert links.arrivals(1, 0, 100) == [100]


def test_between_two_of_a_recurring_fault_is_half_the_mean_at_least() -> None:
    result = play(
        WORLD + "  - {every: {mean: 400ms}, times: 12, do: pause, target: minority, for: 100ms}\n", seed=3
    )
    assert fails(result) == []
    gaps = [after.began_ms - (before.ended_ms or 0) for before, after in pairwise(result.faults)]
    assert len(gaps) == 11
    assert 200 <= min(gaps) < 300 < max(gaps) <= 600


def test_equal_seeds_draw_equal_faults_and_other_seeds_others() -> None:
    text = WORLD + (
        "  - {every: {mean: 300ms}, between: [0s, 3s], do: drop, target: minority, percent: 50, for: 200ms}\n"
        "  - {every: {mean: 500ms}, times: 3, do: pause, target: {count: max_faulty}, for: 300ms}\n"
    )
    one, same, other = (play(text, seed=seed) for seed in (1, 1, 2))
    assert fails(one) == fails(other) == []
    assert one.digest == same.digest
    assert one.digest != other.digest
