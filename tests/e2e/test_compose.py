"""The compose network of docker-compose.yml: healthy, replays, survives a kill, leaves nothing behind.

Runs with `make e2e`; needs a Docker engine. PYTHON_IMAGE names another base image than the public one.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from typing import Any

import pytest

from tests.architecture.sources import ROOT

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(1200)]

PROJECT = "govchain-e2e"
LOCAL_IMAGE = "govchain-python:local"
PORTS = (7100, 7101, 7102, 7103)
SCENARIO = "scenarios/040-company-opens.yaml"
UP_TIMEOUT_S = 120.0


def compose_command() -> list[str] | None:
    """`docker-compose`, else the plugin, else None."""
    if shutil.which("docker-compose"):
        return ["docker-compose"]
    if shutil.which("docker"):
        plugin = subprocess.run(["docker", "compose", "version"], capture_output=True, check=False)
        if plugin.returncode == 0:
            return ["docker", "compose"]
    return None


def docker(*arguments: str) -> str:
    answer = subprocess.run(["docker", *arguments], capture_output=True, text=True, check=False)
    return answer.stdout if answer.returncode == 0 else ""


def compose(*arguments: str, check: bool = True) -> subprocess.CompletedProcess[str]:
    command = compose_command()
    assert command is not None
    environment = dict(os.environ)
    if "PYTHON_IMAGE" not in environment and docker("image", "ls", "-q", LOCAL_IMAGE):
        environment["PYTHON_IMAGE"] = LOCAL_IMAGE
    answer = subprocess.run(
        [*command, "-p", PROJECT, *arguments],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert not check or answer.returncode == 0, f"{arguments}: {answer.stdout}{answer.stderr}"
    return answer


def status(port: int) -> dict[str, Any] | None:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/v1/status", timeout=2) as answer:
            found: dict[str, Any] = json.loads(answer.read())
            return found
    except OSError:
        return None


def is_ready(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=2) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


def wait_until(condition: Any, what: str) -> None:
    deadline = time.monotonic() + UP_TIMEOUT_S
    while not condition():
        assert time.monotonic() < deadline, f"{what}\n{compose('ps', check=False).stdout}"
        time.sleep(0.5)


def leftovers() -> list[str]:
    label = f"label=com.docker.compose.project={PROJECT}"
    found = docker("ps", "-aq", "--filter", label) + docker("volume", "ls", "-q", "--filter", label)
    return (found + docker("network", "ls", "-q", "--filter", label)).split()


@pytest.fixture(scope="module")
def network() -> Iterator[None]:
    if compose_command() is None or not docker("info", "--format", "{{.ServerVersion}}"):
        pytest.skip("no Docker engine or no compose")
    compose("down", "-v", "--remove-orphans", check=False)
    try:
        compose("up", "--build", "-d")
        wait_until(lambda: all(is_ready(port) for port in PORTS), "validators are not ready")
        yield
    finally:
        compose("down", "-v", "--remove-orphans", check=False)
    assert leftovers() == [], "down -v left something behind"


def test_containers_are_healthy_and_none_runs_as_root(network: None) -> None:
    ids = docker("ps", "-q", "--filter", f"label=com.docker.compose.project={PROJECT}").split()
    assert len(ids) == 4
    wait_until(
        lambda: docker("inspect", "-f", "{{.State.Health.Status}}", *ids).split() == ["healthy"] * 4,
        "not healthy",
    )
    assert docker("inspect", "-f", "{{.Config.User}}", *ids).split() == ["govchain"] * 4


def test_scenario_is_replayed_with_exit_status_0(network: None) -> None:
    urls = [f"--url=http://validator-{i}:7100" for i in range(1, 4)]
    keys = ["--keys", "/network/people"]
    answer = compose(
        "run", "--rm", "-T", "cli", "replay", SCENARIO, "--backend", "http://validator-0:7100", *urls, *keys
    )
    assert "PASS" in answer.stdout


def test_killed_validator_catches_up_to_the_same_state(network: None) -> None:
    compose("kill", "validator-3")
    wait_until(lambda: status(7103) is None, "the killed validator still answers")
    before = status(7100)
    assert before is not None
    compose(
        "run",
        "--rm",
        "-T",
        "cli",
        "anchor",
        "README.md",
        "LICENSE",
        "--network",
        "/network",
        "--as",
        "evp-clerk",
    )
    compose("start", "validator-3")

    def is_level() -> bool:
        first, last = status(7100), status(7103)
        return (
            first is not None
            and last is not None
            and first["final_height"] > before["final_height"]
            and last["final_height"] == first["final_height"]
            and last["state_root"] == first["state_root"]
        )

    wait_until(is_level, "the validator did not catch up")


def test_second_start_keeps_keys_and_chain(network: None) -> None:
    chain = (status(7100) or {})["chain_id"]
    compose("stop")
    compose("up", "-d")
    wait_until(lambda: all(is_ready(port) for port in PORTS), "validators are not ready again")
    assert (status(7102) or {})["chain_id"] == chain
