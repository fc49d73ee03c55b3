"""The doctor on a chain whose validators changed: who votes, who joins, who left, who has a new key."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from govchain.codec.genesis_file import write_genesis
from govchain.crypto import chain_id_of, write_key_file
from govchain.doctor import Finding, Verdict, examine
from govchain.model import Space
from govchain.node.guard import GUARD_MARK, guard_owner
from govchain.storage import GuardFile, MemoryStore, RocksStore
from govchain.testnet import Addresses, free_ports, init_network, prepare_join
from govchain.testnet.manifest import ManifestValidator
from tests.sim.test_sim_cluster import EVP, plan_of
from tests.sim.test_sim_membership import Network, join, rotate, secret_of
from tests.support.ledger_world import SUITE

Disks = dict[tuple[str, int], tuple[MemoryStore, tuple[bytes, ...]]]


@pytest.fixture(scope="module")
def chain() -> tuple[Network, Disks]:
    """validator-9 joins with epoch 1, validator-1 has a new key in epoch 2, validator-0 leaves with epoch 3.

    Kept are the disks and guards of these three in every epoch.
    """
    network, disks = Network(4), {}
    changes = (
        network.deposit,
        lambda: join(network),
        lambda: rotate(network, "validator-1"),
        lambda: network.adopt("validator.remove", "GC-3", {"validator": "validator-0", "reason": "leaves"}),
    )
    for epoch, change in enumerate(changes):
        change()
        network.to_epoch(epoch)
        network.deposit()
        network.cluster.run_to(network.cluster.now_ns + 2_000_000_000)
        for index, name in enumerate(network.cluster.names):
            guard = tuple(network.cluster.machines.guards[index].records)
            disks[name, epoch] = network.cluster.node(index).disk.copy(), guard
    return network, disks


def look(
    root: Path,
    chain: tuple[Network, Disks],
    name: str,
    epoch: int | None,
    *,
    keys: str = "key",
    candidate: bool = False,
) -> tuple[Finding, ...]:
    """What the doctor finds at a validator that stopped in an epoch, or that has no disk, with these keys."""
    network, disks = chain
    now = datetime.fromtimestamp(network.genesis.time_ms / 1000, UTC) + timedelta(days=1)
    ports = free_ports(8)
    places = Addresses(ports=tuple((ports[2 * i], ports[2 * i + 1]) for i in range(4)))
    init_network(root, plan_of(4), now=now, addresses=places)
    if name == "validator-9":
        prepare_join(root, ManifestValidator(name, EVP, f"nodes/{name}", "127.0.0.1", 7150, 7250), now=now)
    folder = root / "nodes" / name
    (folder / "genesis.json").write_bytes(write_genesis(network.genesis))
    (folder / "validator.key").unlink()
    owned = {"key": secret_of(name), "next": secret_of(f"{name}-next")}
    for number, key in enumerate(keys.split("+")):
        write_key_file(folder / ("validator.key", "next.key")[number], SUITE.name, owned[key])
    config = folder / "node.yaml"
    more = ("next_key: next.key\n" if "+" in keys else "") + ("candidate: true\n" if candidate else "")
    config.write_text(config.read_text() + more)
    if epoch is not None:
        disk, records = disks[name, epoch]
        store = RocksStore(folder / "data", chain_id_of(SUITE, network.genesis))
        store.write([(space, key, value) for space in Space for key, value in disk.scan(space)], sync=True)
        store.write([(Space.META, GUARD_MARK, b"\x01")], sync=True)
        store.close()
        guard = GuardFile(folder / "validator.guard", guard_owner(network.genesis, name))
        guard.append(records)
        guard.close()
    return examine(config, now=now, deep=True).findings


def troubles(findings: tuple[Finding, ...]) -> list[tuple[str, Verdict]]:
    return [(each.check, each.verdict) for each in findings if each.verdict is not Verdict.OK]


@pytest.mark.parametrize(
    ("name", "epoch", "keys"),
    [
        ("validator-2", 3, "key"),
        ("validator-9", 0, "key"),
        ("validator-9", 1, "key"),
        ("validator-9", 3, "key"),
        ("validator-1", 1, "key+next"),
        ("validator-1", 2, "key+next"),
        ("validator-0", 3, "key"),
    ],
    ids=["member", "candidate", "newcomer", "member by now", "before rotation", "after it", "observer"],
)
def test_MB2_whoever_follows_a_chain_with_epochs_is_well(
    tmp_path: Path, chain: tuple[Network, Disks], name: str, epoch: int, keys: str
) -> None:
    found = look(tmp_path / "net", chain, name, epoch, keys=keys)
    assert troubles(found) == []
    assert {"blocks", "votes", "guard"} <= {each.check for each in found}


def test_MB4_a_finished_rotation_is_well(tmp_path: Path, chain: tuple[Network, Disks]) -> None:
    found = look(tmp_path / "net", chain, "validator-1", 2, keys="next")
    assert troubles(found) == [("key", Verdict.WARNING)], "it is in no validator set of the genesis"


@pytest.mark.parametrize(
    ("epoch", "keys"),
    [(2, "key"), (1, "next"), (None, "next")],
    ids=["replaced since", "not known yet", "empty disk"],
)
def test_MB4_a_key_with_which_the_validator_would_not_start_is_a_problem(
    tmp_path: Path, chain: tuple[Network, Disks], epoch: int | None, keys: str
) -> None:
    """The data directory is not to blame: nobody is told to put it away."""
    found = look(tmp_path / "net", chain, "validator-1", epoch, keys=keys)
    problems = [each for each in found if each.verdict is Verdict.PROBLEM]
    assert [each.check for each in problems] == ["key"]
    assert "votes with another key now" in problems[0].found.en
    assert "next_key" in problems[0].advice.en


@pytest.mark.parametrize("epoch", [1, None])
def test_MB2_a_candidate_may_wait_for_a_set_that_its_chain_does_not_know(
    tmp_path: Path, chain: tuple[Network, Disks], epoch: int | None
) -> None:
    found = look(tmp_path / "net", chain, "validator-1", epoch, keys="next", candidate=True)
    assert [each for each in found if each.verdict is Verdict.PROBLEM] == []
