"""One scenario on two backends: the simulator and a network behind HTTP give equal ids and state roots."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest

from govchain.api import ApiLimits, serve
from govchain.crypto import write_key_file
from govchain.errors import ConfigError
from govchain.scenario import (
    LoadedScenario,
    LocalBackend,
    RemoteBackend,
    SimBackend,
    parse_scenario,
    rehearse,
    run_scenario,
)
from tests.support.fake_validator import FakeNetwork
from tests.support.scenario_texts import PROJECT, SMALL

SEED = 7
"""The seed with which the fake network certifies."""
START = "start: 2026-02-02T09:00:00+08:00\n"
SHIPPED = PROJECT / "scenarios" / "040-company-opens.yaml"
FLAT = PROJECT / "scenarios" / "303-flat-sold.yaml"


def company() -> LoadedScenario:
    text = SHIPPED.read_text(encoding="utf-8").replace("2026-11-02", "2026-02-02")
    return parse_scenario(START + text, str(SHIPPED), SHIPPED.parent)


def flat() -> LoadedScenario:
    """A story whose departments ask through gateways."""
    text = (
        FLAT.read_text(encoding="utf-8")
        .replace("2026-10-12", "2026-02-02")
        .replace("2026-10-01", "2026-02-01")
    )
    return parse_scenario(text, str(FLAT), FLAT.parent)


@asynccontextmanager
async def network_of(loaded: LoadedScenario, seed: int = SEED) -> AsyncIterator[list[str]]:
    """HTTP addresses of a fake network whose genesis is the scenario's."""
    network = FakeNetwork(rehearse(loaded, seed).genesis, instant=True)
    limits = ApiLimits(shutdown_timeout_s=0.5)
    servers = [await serve(validator, "127.0.0.1", 0, limits) for validator in network.validators()]
    try:
        yield [server.url for server in servers]
    finally:
        for server in servers:
            await server.close()


@pytest.mark.parametrize("scenario", [company, flat])
async def test_simulator_and_network_give_equal_ids_and_state_roots(
    scenario: Callable[[], LoadedScenario],
) -> None:
    loaded = scenario()
    simulated = await run_scenario(loaded, SimBackend(), seed=SEED)
    async with network_of(loaded) as urls:
        remote = await run_scenario(loaded, RemoteBackend(urls), seed=SEED)
    assert [each for each in remote.expectations if not each.ok] == []
    assert [each for each in remote.invariants if not each.ok] == []
    assert (simulated.verdict, remote.verdict) == ("pass", "pass")
    assert remote.state_root == simulated.state_root
    assert [step.transaction for step in remote.steps] == [step.transaction for step in simulated.steps]
    assert [entry.verified for entry in remote.receipts] == [True] * remote.records


async def test_another_seed_is_another_chain_and_is_refused() -> None:
    loaded = company()
    async with network_of(loaded) as urls:
        with pytest.raises(ConfigError, match="another chain than this scenario"):
            await run_scenario(loaded, RemoteBackend(urls), seed=8)


async def test_keys_from_a_folder_play_on_a_chain_that_knows_them(tmp_path: Path) -> None:
    loaded = parse_scenario(START + SMALL.replace("2026-11-02T", "2026-02-01T"), "s.yaml", PROJECT)
    rehearsal = rehearse(loaded, SEED)
    async with network_of(loaded) as urls:
        with pytest.raises(ConfigError, match="no key of clerk"):
            await run_scenario(loaded, RemoteBackend(urls, keys=tmp_path), seed=1)
        for folder, person in (("evp", "clerk"), ("11990100MA0XX00K0L", "judge")):
            (tmp_path / folder).mkdir()
            path = tmp_path / folder / f"{person}.key"
            write_key_file(path, rehearsal.genesis.suite, rehearsal.secrets[f"person/{person}"])
        result = await run_scenario(loaded, RemoteBackend(urls, keys=tmp_path), seed=1)
    assert result.verdict == "pass"


async def test_a_fault_that_an_address_cannot_produce_is_refused() -> None:
    text = START + SMALL.replace("2026-11-02T", "2026-02-01T")
    text += "timeline:\n  - {after: deposit, do: crash, target: one}\n"
    loaded = parse_scenario(text, "s.yaml", PROJECT)
    async with network_of(loaded) as urls:
        with pytest.raises(ConfigError, match="cannot produce this fault"):
            await run_scenario(loaded, RemoteBackend(urls), seed=SEED)


def test_a_story_of_the_future_is_refused_on_real_clocks(tmp_path: Path) -> None:
    loaded = parse_scenario(SMALL, "s.yaml", PROJECT)
    backend = LocalBackend(tmp_path / "network", now=datetime(2026, 11, 1, tzinfo=UTC))
    with pytest.raises(ConfigError, match="lies in the future of this machine's clock"):
        asyncio.run(run_scenario(loaded, backend))
    assert not (tmp_path / "network").exists()
