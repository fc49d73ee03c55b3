"""One seed, one run: equal digests over everything observable for every hash seed and Python version."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

import pytest

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
IMPORTS = "import aiohttp, cryptography, msgspec, nacl, rocksdict, stdnum, yaml"


@pytest.fixture(scope="module")
def scenarios(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """Two files: a crash on an ideal network, and one with all that lines, processors and disks do."""
    path = tmp_path_factory.mktemp("scenarios") / "physics.yaml"
    path.write_text(SMALL.replace("validators: 4", "validators: 4, region: 四川") + PHYSICS, encoding="utf-8")
    return [str(SCENARIO), str(path)]


def start(python: str, hash_seed: str, scenarios: list[str]) -> subprocess.Popen[str]:
    environment = {**os.environ, "PYTHONHASHSEED": hash_seed, "PYTHONPATH": str(PROJECT)}
    return subprocess.Popen(
        [python, "-c", PROGRAM, *scenarios],
        env=environment,
        cwd=PROJECT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def digests(scenarios: list[str], *runs: tuple[str, str]) -> list[str]:
    """What the runs print, each (interpreter, hash seed) in a process of its own, side by side."""
    return [process.communicate()[0] for process in [start(*run, scenarios) for run in runs]]


def test_R6_equal_digests_under_three_hash_seeds(scenarios: list[str]) -> None:
    first, second, third = digests(scenarios, *((sys.executable, seed) for seed in ("0", "1", "2")))
    assert [line.split()[0] for line in first.splitlines()] == ["pass", "pass"]
    assert first == second == third


@pytest.mark.parametrize("version", ["3.12", "3.13"])
def test_R6_equal_digests_on_other_python_versions(version: str, scenarios: list[str]) -> None:
    python = shutil.which(f"python{version}")
    if python is None or subprocess.run([python, "-c", IMPORTS], capture_output=True, check=False).returncode:
        pytest.skip(f"no Python {version} with the dependencies here")
    other, own = digests(scenarios, (python, "0"), (sys.executable, "0"))
    assert own.count("pass ") == 2
    assert other == own


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
