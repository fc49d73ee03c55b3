"""Network, processors and disks of a scenario: what the simulator is told, what is refused and where."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path

import pytest

from govchain.errors import ConfigError
from govchain.scenario import parse_scenario
from govchain.scenario.physics import Physics, build_physics
from govchain.sim import LinkConditions
from govchain.sim.regions import aws_matrix
from tests.support.scenario_texts import PROJECT, SMALL, play

MS = 1_000_000
HALF = 1 << 63
P90 = 9 * 2**64 // 10
SPREAD = SMALL.replace("validators: 4", "validators: 2, region: us-east-1").replace(
    "roles: [court]}", "roles: [court], validators: 2, region: eu-west-1}"
)
EVERYTHING = (
    SPREAD
    + """\
network:
  latency: {matrix: aws}
  jitter: {dist: empirical}
  loss: 0.02
  nic: {up: 10Mbit, down: 20Mbit, queue: 64kB}
  links: [{from: validator-0, to: all, latency: 90ms, loss: 0.1, bandwidth: 1Mbit}]
cpu: {costs: measured}
disk: {sync: 2ms}
timeline:
  - {at: 200ms, do: crash, target: validator-3, disk: lose_unsynced, for: 1s}
"""
)


def physics(text: str, folder: Path = PROJECT) -> Physics:
    return build_physics(parse_scenario(text, "s.yaml", folder))


def test_without_keys_links_are_equal_and_work_costs_nothing() -> None:
    found = physics(SMALL)
    assert found.latency.delay_ns(0, 3) == 20 * MS
    assert found.costs.are_none
    assert (found.lines.jitter, found.lines.loss, found.lines.nic, found.lines.links) == (None, 0, None, {})


def test_validators_stand_where_their_organisations_are() -> None:
    found = physics(EVERYTHING)
    there = aws_matrix().one_way_ns
    assert found.latency.delay_ns(0, 1) == there["us-east-1", "us-east-1"]
    assert found.latency.delay_ns(1, 2) == there["us-east-1", "eu-west-1"]
    assert found.lines.link_jitter[1, 2].at(P90) == aws_matrix().spread_ns["us-east-1", "eu-west-1"]
    assert found.lines.links == {
        (0, other): LinkConditions(90 * MS, Decimal("0.1"), 1_000_000) for other in (1, 2, 3)
    }
    nic = found.lines.nic
    assert nic is not None
    assert (nic.up_bits_per_s, nic.down_bits_per_s, nic.queue_bytes) == (10_000_000, 20_000_000, 64_000)
    assert 10_000 < found.costs.verify_ns < 1_000_000
    assert found.costs.sync_ns == 2 * MS


def test_a_later_link_wins_and_chinese_provinces_are_known() -> None:
    text = SPREAD.replace("us-east-1", "浙江省").replace("eu-west-1", "Tibet")
    links = "[{from: all, to: org(court), loss: 0.1}, {from: validator-0, to: validator-2, loss: 0}]"
    found = physics(text + f"network: {{latency: {{matrix: cn-provinces}}, links: {links}}}\n")
    assert found.latency.delay_ns(0, 2) == found.latency.delay_ns(2, 0)
    assert found.lines.links[0, 2].loss == 0
    assert found.lines.links[1, 2].loss == found.lines.links[3, 2].loss == Decimal("0.1")
    assert (2, 0) not in found.lines.links


@pytest.mark.parametrize(
    ("jitter", "at_half"),
    [
        ("{dist: normal, sd: 3ms}", 0),
        ("{dist: lognormal, median: 2ms, sigma: 0.5}", 2 * MS),
        ("{dist: pareto, scale: 1ms, shape: 1}", MS),
        ("{dist: empirical, p90: 4ms}", 0),
    ],
)
def test_every_distribution_can_be_written(jitter: str, at_half: int) -> None:
    table = physics(SMALL + f"network: {{jitter: {jitter}}}\n").lines.jitter
    assert table is not None
    assert table.at(HALF) == pytest.approx(at_half, abs=1)


def test_tables_and_costs_may_come_from_files_of_the_folder(tmp_path: Path) -> None:
    (tmp_path / "delays.csv").write_text("from\\to,us-east-1,eu-west-1\nus-east-1,1,80\neu-west-1,90,2\n")
    shipped = json.loads((PROJECT / "benchmarks" / "baselines" / "hotpath.json").read_text("utf-8"))
    shipped["operations"][1]["per_s"] = 10_000.0
    (tmp_path / "costs.json").write_text(json.dumps(shipped))
    network = "network: {latency: {matrix: file, file: delays.csv}}\ncpu: {costs: {file: costs.json}}\n"
    found = physics(SPREAD + network, tmp_path)
    assert [found.latency.delay_ns(*link) for link in ((0, 2), (2, 0))] == [40 * MS, 45 * MS]
    assert found.costs.verify_ns == 100_000


REFUSED = [
    ("network: {latency: {matrix: aws}}", "s.yaml:4: organisation evp: no such region in aws"),
    ("network: {latency: {matrix: file}}", "s.yaml:19: no table"),
    ("network: {latency: {matrix: file, file: none.csv}}", "s.yaml:19: no such file"),
    ("network: {latency: {matrix: file, file: ../x.csv}}", "s.yaml:19: the file is outside"),
    ("network: {latency: {file: x.csv}}", "s.yaml:19: a table that nothing reads"),
    ("network: {jitter: {dist: normal, p90: 1ms}}", "s.yaml:19: normal needs other parameters"),
    ("network: {jitter: {dist: empirical}}", "s.yaml:19: nothing was measured"),
    ("network: {jitter: {dist: empirical, sd: 1ms}}", "s.yaml:19: empirical has no such parameter"),
    ("network: {jitter: {dist: gamma}}", "s.yaml:19: network.jitter.dist: unknown value"),
    ("network: {loss: 1}", "s.yaml:19: network.loss: not allowed"),
    ("network: {nic: {up: 0bit, down: 1Mbit}}", "s.yaml:19: a card without bandwidth"),
    ("network: {links: [{from: all, to: all}]}", "s.yaml:19: a link like all others"),
    (
        "network: {links: [{from: org(evp), to: evp, loss: 0.1}]}",
        "s.yaml:19: no such validators; found 'evp'",
    ),
    ("network: {links: [{from: all, to: all, bandwidth: 0bit}]}", "s.yaml:19: a link without bandwidth"),
    ("cpu: {costs: {file: LICENSE}}", "LICENSE: no measured costs"),
    ("cpu: {costs: {file: LICENSE, sign: 1us}}", "s.yaml:19: costs by hand and from a file"),
    ("cpu: {cores: 2}", "s.yaml:19: cores that nobody shares, or nobody counts"),
    ("cpu: {shared: host}", "s.yaml:19: cores that nobody shares, or nobody counts"),
    ("cpu: {cores: 0, shared: host}", "s.yaml:19: cpu.cores: not allowed"),
    ("cpu: {costs: guessed}", "s.yaml:19: cpu.costs: unknown value"),
]


@pytest.mark.parametrize(("added", "message"), REFUSED, ids=[added[:60] for added, _ in REFUSED])
def test_impossible_physics_name_their_place(added: str, message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        physics(SMALL + added + "\n")
    assert str(caught.value).startswith(message)


def test_an_unknown_region_is_answered_with_the_nearest() -> None:
    text = SPREAD.replace("eu-west-1", "eu-west-9") + "network: {latency: {matrix: aws}}\n"
    with pytest.raises(ConfigError, match=r"s\.yaml:5: .*found 'eu-west-9'; expected 'eu-west-"):
        physics(text)


def test_a_run_with_all_of_it_keeps_every_promise_and_is_equal_each_time() -> None:
    one, again, other = (play(EVERYTHING, seed=seed) for seed in (1, 1, 2))
    assert one.verdict == other.verdict == "pass"
    assert one.digest == again.digest != other.digest
