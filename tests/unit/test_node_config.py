"""A validator's configuration: strict, relative to its file, and in keeping with the genesis."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from govchain.errors import ConfigError
from govchain.node import load_node_config
from govchain.node.config import split_address, validate_against_genesis
from govchain.node.process import load_genesis
from tests.support.node_world import make_genesis

TEXT = """\
name: validator-0
genesis: ../genesis.json
key: validator.key
tls_certificate: tls.crt
tls_key: tls.key
tls_authority: ca.crt
data_dir: data
peer_listen: 127.0.0.1:7200
api_listen: 127.0.0.1:7100
peers:
  validator-1: 127.0.0.1:7201
  validator-2: "[::1]:7202"
  validator-3: node-3.example:7203
"""


def write(folder: Path, text: str = TEXT) -> Path:
    path = folder / "node.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def test_paths_are_relative_to_the_file(tmp_path: Path) -> None:
    config = load_node_config(write(tmp_path))
    assert Path(config.data_dir) == tmp_path / "data"
    assert Path(config.genesis).resolve() == tmp_path.parent / "genesis.json"
    assert config.log == ""
    assert Path(config.guard) == tmp_path / "validator.guard", "beside the key file"
    assert config.store == "rocks"


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("name: validator-0", "nane: validator-0", "nane"),
        ("data_dir: data\n", "", "data_dir"),
        ("api_listen: 127.0.0.1:7100", "api_listen: 127.0.0.1", "not an address"),
        ("127.0.0.1:7201", "127.0.0.1:72010", "not an address"),
        ("127.0.0.1:7201", "::1:7201", "not an address"),
        ("peers:", "store: paper\npeers:", "store"),
        ("peers:", "guard: data/validator.guard\npeers:", "inside data_dir"),
    ],
)
def test_mistakes_name_the_file(tmp_path: Path, old: str, new: str, problem: str) -> None:
    path = write(tmp_path, TEXT.replace(old, new))
    with pytest.raises(ConfigError, match=problem) as caught:
        load_node_config(path)
    assert str(path) in str(caught.value)


def test_addresses() -> None:
    assert split_address("[::1]:7202") == ("::1", 7202)
    assert split_address("host.example:1") == ("host.example", 1)


def test_peers_must_be_the_other_validators(tmp_path: Path) -> None:
    config = load_node_config(write(tmp_path))
    validate_against_genesis(config, make_genesis(4))
    with pytest.raises(ConfigError, match="peers are not"):
        validate_against_genesis(config, make_genesis(5))
    validate_against_genesis(config, make_genesis(3))  # One of the peers may join later.
    stranger = load_node_config(write(tmp_path, TEXT.replace("name: validator-0", "name: validator-9")))
    with pytest.raises(ConfigError, match="not a validator"):
        validate_against_genesis(stranger, make_genesis(4))


def test_MB2_a_candidate_is_not_in_the_genesis(tmp_path: Path) -> None:
    text = TEXT.replace("name: validator-0", "name: validator-9\ncandidate: true\nnext_key: next.key")
    config = load_node_config(write(tmp_path, text))
    assert config.next_key == str(tmp_path / "next.key")
    with pytest.raises(ConfigError, match="peers are not"):
        validate_against_genesis(config, make_genesis(5))
    validate_against_genesis(
        msgspec.structs.replace(config, peers={**config.peers, "validator-0": "h:1"}), make_genesis(4)
    )


def test_unreadable_genesis_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"absent\.json"):
        load_genesis(tmp_path / "absent.json")
    (tmp_path / "bad.json").write_text("{}")
    with pytest.raises(ConfigError, match=r"bad\.json"):
        load_genesis(tmp_path / "bad.json")
