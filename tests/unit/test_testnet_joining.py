"""Folders of validators that join, and keys that follow: complete, private, proven by their proposals."""

from __future__ import annotations

import stat
from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

from govchain.config import load_yaml
from govchain.crypto import read_key_file, suite
from govchain.crypto.possession import VoteKeyPossession, verify_possession
from govchain.errors import ConfigError
from govchain.ledger.kinds.change.fields import ValidatorAdd, ValidatorRotate
from govchain.node import load_node_config
from govchain.node.config import validate_against_genesis
from govchain.testnet import finish_rotation, init_network, load_network, prepare_join, prepare_rotation
from govchain.testnet.manifest import ManifestValidator
from tests.unit.test_testnet_layout import NOW, ORG, PLAN

NEWCOMER = ManifestValidator("validator-9", ORG, "nodes/validator-9", "127.0.0.1", 7150, 7250)


@pytest.fixture
def network(tmp_path: Path) -> Path:
    init_network(tmp_path / "net", PLAN, now=NOW)
    return tmp_path / "net"


def check_possession(network: Path, fields: ValidatorAdd | ValidatorRotate, key_file: Path) -> None:
    """The proposal holds the key in the file and its signature (rule I10)."""
    manifest, _ = load_network(network)
    public_key = read_key_file(key_file).public_key
    assert fields.public_key == public_key.hex()
    said = VoteKeyPossession(bytes.fromhex(manifest.chain_id), fields.validator, public_key)
    verify_possession(suite(), said, fields.possession)


def read_fields(
    path: Path, kind: type[ValidatorAdd] | type[ValidatorRotate]
) -> ValidatorAdd | ValidatorRotate:
    record = load_yaml(path, dict[str, Any])
    return msgspec.convert(record["fields"], kind)


def test_MB1_a_folder_to_join_is_complete_and_its_proposal_proves_the_key(network: Path) -> None:
    proposal = prepare_join(network, NEWCOMER, now=NOW)
    manifest, genesis = load_network(network)
    assert manifest.validator("validator-9") == NEWCOMER
    folder = network / NEWCOMER.folder
    config = load_node_config(folder / "node.yaml")
    validate_against_genesis(config, genesis)
    assert config.candidate
    assert sorted(config.peers) == ["validator-0", "validator-1", "validator-2"]
    for private in ("validator.key", "tls.key"):
        assert stat.S_IMODE((folder / private).stat().st_mode) == 0o600
    fields = read_fields(proposal.path, ValidatorAdd)
    assert isinstance(fields, ValidatorAdd)
    assert fields.peer_address == "127.0.0.1:7250"
    check_possession(network, fields, folder / "validator.key")


@pytest.mark.parametrize(
    ("problem", "changes"),
    [
        ("such a validator already", {"name": "validator-1"}),
        ("unknown organisation", {"org": "11990100MA0XX00B72"}),
        ("listens there", {"api_port": 7101}),
    ],
)
def test_a_folder_is_not_made_for_what_is_taken(
    network: Path, problem: str, changes: dict[str, object]
) -> None:
    with pytest.raises(ConfigError, match=problem):
        prepare_join(network, msgspec.structs.replace(NEWCOMER, **changes), now=NOW)
    assert not (network / "nodes/validator-9").exists()


def test_MB4_a_rotation_leaves_both_keys_until_it_is_finished(network: Path) -> None:
    folder = network / "nodes/validator-1"
    old, certificate = read_key_file(folder / "validator.key"), (folder / "tls.crt").read_bytes()
    proposal = prepare_rotation(network, "validator-1", now=NOW + timedelta(days=1))
    assert read_key_file(folder / "validator.key").public_key == old.public_key
    config = load_node_config(folder / "node.yaml")
    assert config.next_key == str(folder / "validator-next.key")
    assert (folder / "tls.crt").read_bytes() != certificate
    check_possession(network, read_fields(proposal.path, ValidatorRotate), folder / "validator-next.key")
    new = read_key_file(folder / "validator-next.key")
    with pytest.raises(ConfigError, match="next key already"):
        prepare_rotation(network, "validator-1", now=NOW)
    finish_rotation(network, "validator-1")
    assert read_key_file(folder / "validator.key").public_key == new.public_key
    assert load_node_config(folder / "node.yaml").next_key == ""
    with pytest.raises(ConfigError, match="no next key"):
        finish_rotation(network, "validator-1")
