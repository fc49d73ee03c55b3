"""One seed, one run: equal digests over everything observable for every hash seed and Python version."""

from __future__ import annotations

import os
import subprocess
import sys
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

import pytest

from tests.support import pythons
from tests.support.scenario_texts import PROJECT, SMALL, digest_of_run, play

PHYSICS = """\
network:
  latency: {matrix: cn-provinces}
  jitter: {dist: lognormal, median: 2ms, sigma: 0.7}
  loss: 0.05
  nic: {up: 2Mbit, down: 2Mbit, queue: 16kB}
  links: [{from: validator-0, to: all, latency: 30ms, bandwidth: 1Mbit}]
cpu: {costs: measured}
disk: {sync: 1ms}
timeline:
  - {after: deposit, do: crash, target: validator-3, disk: corrupt, for: 1s}
"""
SCENARIO = PROJECT / "scenarios" / "050-validator-crashes.yaml"
PROGRAM = """
import asyncio, sys
from govchain.scenario import SimBackend, load_scenario, run_scenario
for path in sys.argv[1:]:
    result = asyncio.run(run_scenario(load_scenario(path), SimBackend()))
    print(result.verdict, result.digest, result.state_root)
"""
COMPILED_PROGRAM = "from govchain.bench.machine import is_compiled; assert is_compiled()" + PROGRAM
BUSY = """\
protocol: {view_timeout: 500ms, checkpoint: 4}
network: {latency: {fixed: 20ms}}
workload: [{org: evp, rate: {closed_loop: 2}, to: 1s}]
timeline:
  - {at: 100ms, do: byzantine, target: one, behaviour: equivocate, for: 500ms}
  - {every: {mean: 300ms}, times: 3, do: drop, target: minority, percent: 50, for: 200ms}
  - {when: "height >= 6", do: crash, target: primary, for: 300ms}
  - {at: 700ms, do: partition, groups: [[validator-0, validator-1], rest], for: 300ms}
"""


@pytest.fixture(scope="module")
def scenarios(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """A crash on an ideal network; all that lines, processors and disks do; load, lies, chance and cuts."""
    folder = tmp_path_factory.mktemp("scenarios")
    texts = {
        "physics": SMALL.replace("validators: 4", "validators: 4, region: 四川") + PHYSICS,
        "busy": SMALL + BUSY,
    }
    for name, text in texts.items():
        (folder / f"{name}.yaml").write_text(text, encoding="utf-8")
    return [str(SCENARIO), *(str(folder / f"{name}.yaml") for name in texts)]


def start(python: str, hash_seed: str, scenarios: list[str]) -> subprocess.Popen[str]:
    return run_program(python, PROGRAM, scenarios, {"PYTHONHASHSEED": hash_seed, "PYTHONPATH": str(PROJECT)})


def run_program(
    python: str, program: str, scenarios: list[str], environment: dict[str, str]
) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [python, "-c", program, *scenarios],
        env={**os.environ, **environment},
        cwd=PROJECT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def digests(scenarios: list[str], *runs: tuple[str, str]) -> list[str]:
    """What the runs print, each (interpreter, hash seed) in a process of its own, side by side."""
    return [process.communicate()[0] for process in [start(*run, scenarios) for run in runs]]


@pytest.mark.parametrize("version", pythons.OTHERS)
def test_R6_a_python_version_that_is_here_is_set_up(version: str) -> None:
    if pythons.prepared(version) is None:
        found = pythons.find(version)
        assert found is None, f"{found} is here and not set up: make setup-pythons"
        pytest.skip(f"this machine has no Python {version}")


def test_R6_equal_digests_under_every_hash_seed_and_python_version(scenarios: list[str]) -> None:
    others = [str(python) for python in map(pythons.prepared, pythons.OTHERS) if python is not None]
    # The others differ in their hash seed besides.
    runs = [(sys.executable, "0"), (sys.executable, "1"), (sys.executable, "2")]
    runs += [(python, str(number)) for number, python in enumerate(others, 1)]
    first, *rest = digests(scenarios, *runs)
    assert [line.split()[0] for line in first.splitlines()] == ["pass"] * len(scenarios)
    for run, other in zip(runs[1:], rest, strict=True):
        assert other == first, run


def test_R6_compiled_modules_show_the_same(scenarios: list[str]) -> None:
    environment = pythons.compiled()
    if environment is None:
        pytest.skip("these sources are not compiled: make compiled")
    both = [
        run_program(sys.executable, COMPILED_PROGRAM, scenarios, environment),
        start(sys.executable, "0", scenarios),
    ]
    compiled, plain = (process.communicate()[0] for process in both)
    assert compiled == plain


def test_another_seed_is_another_run() -> None:
    text = SCENARIO.read_text(encoding="utf-8")
    one, same, other = (play(text, seed=seed) for seed in (1, 1, 2))
    assert one.digest == same.digest
    assert one.state_root == same.state_root
    assert one.digest != other.digest


def test_R6_serial_and_pooled_runs_have_equal_digests() -> None:
    seeds = [1, 2]
    with ProcessPoolExecutor(max_workers=2, mp_context=get_context("spawn")) as pool:
        running = [pool.submit(digest_of_run, SCENARIO, seed) for seed in seeds]
        # The second of two runs in one process finds caches and counters that the first one left.
        serial = [digest_of_run(SCENARIO, seed) for seed in seeds]
        again = [digest_of_run(SCENARIO, seed) for seed in reversed(seeds)][::-1]
        pooled = [each.result() for each in running]
    assert serial == pooled == again
    assert serial[0] != serial[1]
