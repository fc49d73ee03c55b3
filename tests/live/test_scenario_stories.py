"""The stories on real processes: states, denials and state root of the simulator; no disk names anybody.

One story is played with every `make test`, all six by `make stories`.
"""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from pathlib import Path

import pytest

from govchain.crypto import chain_id_of, suite
from govchain.scenario import LoadedScenario, LocalBackend, load_scenario, rehearse, run_scenario
from govchain.storage import RocksStore
from tests.support.personal_scan import find_people, held_texts, log_bytes, names_of, store_bytes
from tests.support.stories import STORIES, played

ALWAYS = "302"


@pytest.mark.parametrize(
    "path",
    [
        pytest.param(path, id=path.stem, marks=() if path.stem.startswith(ALWAYS) else pytest.mark.stories)
        for path in STORIES
    ],
)
def test_a_story_on_processes_ends_as_in_virtual_time_and_names_nobody(path: Path, tmp_path: Path) -> None:
    loaded = load_scenario(path)
    live = asyncio.run(run_scenario(loaded, LocalBackend(tmp_path / "network", now=datetime.now(UTC))))
    simulated = played(int(path.name[:3])).result
    assert [each for each in (*live.expectations, *live.invariants) if not each.ok] == []
    assert live.verdict == simulated.verdict == "pass"
    for name in ("outcome", "rule", "code", "transaction"):
        found, wanted = ([getattr(step, name) for step in run.steps] for run in (live, simulated))
        assert found == wanted, name
    assert live.states == simulated.states
    assert live.state_root == simulated.state_root

    rehearsal = rehearse(loaded)
    chain_id = chain_id_of(suite(rehearsal.genesis.suite), rehearsal.genesis)
    names = names_of(loaded)
    stores = [each.parent for each in (tmp_path / "network").rglob("CURRENT")]
    assert len(stores) == sum(org.validators for org in loaded.scenario.organisations)
    for store_path in stores:
        store = RocksStore(store_path, chain_id)
        assert [found for data in store_bytes(store) for found in find_people(data, names)] == []
        store.close()
    logs = list((tmp_path / "network").rglob("*.log"))
    assert any(each.stat().st_size for each in logs)
    assert [found for each in logs for data in log_bytes(each) for found in find_people(data, names)] == []
    scan_gateways(loaded, tmp_path / "network" / "gateways")


def scan_gateways(loaded: LoadedScenario, folder: Path) -> None:
    """Every gateway was a process with a log and a database, and neither shows what it holds, and of whom."""
    secrets = [*names_of(loaded), *held_texts(loaded)]
    folders = sorted(folder.iterdir()) if loaded.scenario.gateways else []
    assert len(folders) == len(loaded.scenario.gateways)
    everything = b"".join(path.read_bytes() for each in folders for path in each.glob("gateway.db*"))
    numbers = [step.with_["exchange"].encode() for step in loaded.scenario.steps if step.do == "gateway.ask"]
    assert all(number in everything for number in numbers), "the databases are read, and numbers no secret"
    for each in folders:
        (log,) = each.glob("*.log")
        assert b'"started"' in log.read_bytes()
        assert [found for data in log_bytes(log) for found in find_people(data, secrets)] == []
        databases = list(each.glob("gateway.db*"))
        assert sum(path.stat().st_size for path in databases) > 0
        assert [found for path in databases for found in find_people(path.read_bytes(), secrets)] == []
