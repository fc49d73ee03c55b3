"""A network folder: complete, private, never overwritten, and the same again from the same seed."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from govchain.crypto import read_key_file, suite
from govchain.errors import ConfigError
from govchain.model import Organisation
from govchain.node.config import load_node_config, validate_against_genesis
from govchain.testnet import (
    Addresses,
    NetworkPlan,
    PlannedPerson,
    PlannedValidator,
    init_network,
    load_network,
    load_organisations,
    plan_network,
    salt_file,
)
from tests.architecture.sources import ROOT

NOW = datetime(2026, 11, 2, 1, 0, tzinfo=UTC)
ORG = "11990100MA0XX00A97"
PLAN = NetworkPlan(
    name="unit",
    time_ms=int(NOW.timestamp() * 1000),
    validators=tuple(PlannedValidator(f"validator-{i}", ORG) for i in range(3)),
    organisations=(Organisation(id=ORG, name='市场监管局 "A" #1'),),
    people=(PlannedPerson("amr-a", ORG, ("maker",)),),
)


def test_folder_holds_what_the_genesis_says(tmp_path: Path) -> None:
    made = init_network(tmp_path / "net", PLAN, now=NOW)
    manifest, genesis = load_network(tmp_path / "net")
    assert manifest == made
    assert [member.name for member in manifest.validators] == ["validator-0", "validator-1", "validator-2"]
    for index, member in enumerate(manifest.validators):
        config = load_node_config(tmp_path / "net" / member.folder / "node.yaml")
        validate_against_genesis(config, genesis)
        assert read_key_file(config.key).public_key == genesis.validators.members[index].public_key
        assert Path(config.tls_authority).is_file()
        assert config.peer_listen == f"127.0.0.1:{7200 + index}"
    person = manifest.person("amr-a")
    key = read_key_file(tmp_path / "net" / person.key)
    assert [suite().key_id(record.public_key) for record in genesis.keys] == [key.key_id]


def test_secrets_are_readable_by_their_owner_alone(tmp_path: Path) -> None:
    init_network(tmp_path / "net", PLAN, now=NOW)
    keys = list((tmp_path / "net").rglob("*.key"))
    assert keys
    for path in keys:
        assert path.stat().st_mode & 0o077 == 0, path
        assert path.parent.stat().st_mode & 0o077 == 0, path.parent


def test_organisation_with_people_has_a_secret_salt_of_its_own(tmp_path: Path) -> None:
    for name in ("net", "other"):
        init_network(tmp_path / name, PLAN, now=NOW)
    salt, other = (tmp_path / name / salt_file(ORG) for name in ("net", "other"))
    assert (salt.stat().st_mode & 0o777, salt.stat().st_size) == (0o600, 32)
    assert salt.read_bytes() != other.read_bytes()


def test_a_folder_with_anything_in_it_is_never_written_to(tmp_path: Path) -> None:
    (tmp_path / "letter.txt").write_text("mine")
    with pytest.raises(ConfigError, match="not empty"):
        init_network(tmp_path, PLAN, now=NOW)
    assert [path.name for path in tmp_path.iterdir()] == ["letter.txt"]


def test_an_existing_network_is_never_overwritten(tmp_path: Path) -> None:
    init_network(tmp_path / "net", PLAN, now=NOW)
    before = (tmp_path / "net" / "genesis.json").read_bytes()
    with pytest.raises(ConfigError, match="never overwritten"):
        init_network(tmp_path / "net", PLAN, now=NOW)
    assert (tmp_path / "net" / "genesis.json").read_bytes() == before


def test_folders_without_files_do_not_count_as_content(tmp_path: Path) -> None:
    (tmp_path / "net" / "nodes" / "validator-0").mkdir(parents=True)
    init_network(tmp_path / "net", PLAN, now=NOW)
    assert (tmp_path / "net" / "network.yaml").is_file()


def test_a_seed_makes_the_same_chain_and_says_so(tmp_path: Path) -> None:
    plan = replace(PLAN, seed=42)
    first = init_network(tmp_path / "a", plan, now=NOW)
    second = init_network(tmp_path / "b", plan, now=NOW)
    assert first.chain_id == second.chain_id
    assert "REHEARSAL ONLY" in (tmp_path / "a" / "network.yaml").read_text(encoding="utf-8")
    assert first.chain_id != init_network(tmp_path / "c", replace(PLAN, seed=43), now=NOW).chain_id


def test_without_a_seed_every_network_has_its_own_keys(tmp_path: Path) -> None:
    first = init_network(tmp_path / "a", PLAN, now=NOW)
    assert first.seed is None
    assert "seed" not in (tmp_path / "a" / "network.yaml").read_text(encoding="utf-8")
    assert first.chain_id != init_network(tmp_path / "b", PLAN, now=NOW).chain_id


def test_hosts_of_their_own_share_ports_and_listen_everywhere(tmp_path: Path) -> None:
    manifest = init_network(tmp_path / "net", PLAN, now=NOW, addresses=Addresses(host_pattern="{name}"))
    assert {member.url for member in manifest.validators} == {f"http://validator-{i}:7100" for i in range(3)}
    config = load_node_config(tmp_path / "net" / "nodes" / "validator-1" / "node.yaml")
    assert config.api_listen == "0.0.0.0:7100"
    assert config.peers == {"validator-0": "validator-0:7200", "validator-2": "validator-2:7200"}


def test_ports_that_do_not_exist_are_refused_before_anything_is_written(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="port"):
        init_network(tmp_path / "net", PLAN, now=NOW, addresses=Addresses(base_port=65_500))
    assert not (tmp_path / "net").exists()


def test_manifest_and_genesis_of_different_chains_are_refused(tmp_path: Path) -> None:
    init_network(tmp_path / "a", PLAN, now=NOW)
    init_network(tmp_path / "b", PLAN, now=NOW)
    (tmp_path / "a" / "genesis.json").write_bytes((tmp_path / "b" / "genesis.json").read_bytes())
    with pytest.raises(ConfigError, match="different chains"):
        load_network(tmp_path / "a")


def test_organisations_file_names_the_person_whose_organisation_is_unknown(tmp_path: Path) -> None:
    path = tmp_path / "orgs.yaml"
    path.write_text(
        f"organisations:\n  - {{id: amr, code: {ORG}, name: A}}\npeople:\n  - {{id: a, org: amt}}\n",
        encoding="utf-8",
    )
    with pytest.raises(ConfigError, match=r"orgs\.yaml:4: person a: unknown organisation"):
        load_organisations(path)


@pytest.mark.parametrize(
    ("second", "people", "problem"),
    [
        (f"{{id: psb, code: {ORG}, name: B}}", "", r"orgs\.yaml:3: code is taken"),
        ("{id: amr, code: 11990100MA0XX00B72, name: B}", "", r"orgs\.yaml:3: id is taken"),
        ("{id: psb, code: 11990100MA0XX00B7X, name: B}", "", r"orgs\.yaml:3: .*social credit code"),
        (
            "{id: psb, code: 11990100MA0XX00B72, name: B}",
            "people:\n  - {id: a, org: amr}\n  - {id: a, org: psb}\n",
            r"orgs\.yaml:6: id is taken",
        ),
    ],
)
def test_organisations_file_that_contradicts_itself_is_refused_with_its_line(
    tmp_path: Path, second: str, people: str, problem: str
) -> None:
    path = tmp_path / "orgs.yaml"
    first = f"organisations:\n  - {{id: amr, code: {ORG}, name: A}}\n"
    path.write_text(f"{first}  - {second}\n{people}", encoding="utf-8")
    with pytest.raises(ConfigError, match=problem):
        load_organisations(path)


@pytest.mark.parametrize("name", ["../../evil", "a/b", ".hidden", "", "x" * 65])
def test_name_that_leads_out_of_the_folder_is_refused_before_anything_is_made(
    tmp_path: Path, name: str
) -> None:
    plan = replace(PLAN, people=(PlannedPerson(name, ORG, ()),))
    with pytest.raises(ConfigError, match="cannot name a file"):
        init_network(tmp_path / "net", plan, now=NOW)
    assert not (tmp_path / "net").exists()


def test_validators_are_spread_over_the_organisations_that_run_any(tmp_path: Path) -> None:
    file = load_organisations(ROOT / "nodes" / "organisations.yaml")
    plan = plan_network(file, time_ms=0, validators=6)
    hosts = [member.org for member in plan.validators]
    assert hosts[:4] == [entry.code for entry in file.organisations if entry.validators]
    assert hosts[4:] == hosts[:2]


def test_sample_of_the_package_is_the_file_of_the_compose_network() -> None:
    sample = ROOT / "govchain" / "testnet" / "sample.yaml"
    assert sample.read_bytes() == (ROOT / "nodes" / "organisations.yaml").read_bytes()
