"""A network folder's table of contents: who takes part, where each one's files are and where it listens.

`network.yaml` names everything by paths relative to its own folder, so the folder may be moved.
No key is made or read here, and no process is started.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, Final

import msgspec

from govchain.codec.genesis_file import read_genesis
from govchain.config import load_yaml
from govchain.crypto import chain_id_of, suite
from govchain.errors import ConfigError, MalformedBytes
from govchain.model import Genesis

MANIFEST_NAME: Final = "network.yaml"
GENESIS_NAME: Final = "genesis.json"

Port = Annotated[int, msgspec.Meta(ge=1, le=65_535)]


class ManifestValidator(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One validator: its folder and its two addresses."""

    name: str
    org: str
    """Organisation that runs it (USCC)."""
    folder: str
    host: str
    api_port: Port
    peer_port: Port

    @property
    def url(self) -> str:
        """Address of its HTTP API."""
        return f"http://{self.host}:{self.api_port}"


class ManifestOrganisation(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One organisation."""

    id: str
    """USCC (GB 32100-2015)."""
    name: str


class ManifestPerson(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One key holder and the file of the key."""

    id: str
    org: str
    key: str
    roles: tuple[str, ...] = ()


class NetworkManifest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Content of `network.yaml`."""

    govchain_network: Annotated[int, msgspec.Meta(ge=1, le=1)]
    """Format version."""
    name: str
    chain_id: str
    suite: str
    validators: tuple[ManifestValidator, ...]
    organisations: tuple[ManifestOrganisation, ...]
    people: tuple[ManifestPerson, ...]
    seed: int | None = None
    """Set in rehearsal networks only: whoever knows it knows every key."""

    def validator(self, name: str) -> ManifestValidator:
        """The validator of that name.

        Raises:
            ConfigError: There is none.
        """
        for member in self.validators:
            if member.name == name:
                return member
        names = ", ".join(member.name for member in self.validators)
        raise ConfigError("unknown validator", found=name, expected=f"one of: {names}")

    def person(self, person: str) -> ManifestPerson:
        """The key holder of that id.

        Raises:
            ConfigError: There is none.
        """
        for member in self.people:
            if member.id == person:
                return member
        names = ", ".join(member.id for member in self.people)
        raise ConfigError("unknown person", found=person, expected=f"one of: {names}")

    @property
    def urls(self) -> tuple[str, ...]:
        """API addresses of all validators, in order."""
        return tuple(member.url for member in self.validators)


def load_manifest(directory: Path) -> NetworkManifest:
    """The manifest of a network folder.

    Raises:
        ConfigError: No such folder, or the manifest does not fit.
    """
    path = directory / MANIFEST_NAME
    if not path.is_file():
        raise ConfigError(
            "this is no network folder",
            path=str(directory),
            expected=f"a folder that holds {MANIFEST_NAME}",
            hint=f"make one with: govchain testnet init --out {directory}",
        )
    return load_yaml(path, NetworkManifest)


def load_genesis(path: Path) -> Genesis:
    """The genesis in a `genesis.json`.

    Raises:
        ConfigError: The file cannot be read, or holds no genesis.
    """
    try:
        return read_genesis(path.read_bytes())
    except OSError as error:
        raise ConfigError(
            f"cannot read the genesis: {error.strerror}",
            path=str(path),
            hint="every network folder holds one: genesis.json",
        ) from error
    except MalformedBytes as error:
        raise ConfigError(f"not a genesis: {error}", path=str(path)) from error


def load_network(directory: Path) -> tuple[NetworkManifest, Genesis]:
    """Manifest and genesis of a network folder, checked against each other.

    Raises:
        ConfigError: One of them does not fit, or they belong to different chains.
    """
    manifest = load_manifest(directory)
    genesis = load_genesis(directory / GENESIS_NAME)
    chain_id = chain_id_of(suite(genesis.suite), genesis).hex()
    if chain_id != manifest.chain_id:
        raise ConfigError(
            "manifest and genesis belong to different chains",
            path=str(directory / MANIFEST_NAME),
            found=manifest.chain_id,
            expected=f"chain_id {chain_id}",
        )
    return manifest, genesis


def format_manifest(manifest: NetworkManifest) -> str:
    """The text of `network.yaml`: block style, one line for each member."""
    lines = ["# A govchain network. Made by `govchain testnet init`; keys are in the files it names."]
    if manifest.seed is not None:
        lines += [
            "#",
            "# REHEARSAL ONLY: every key of this network is derived from the seed below.",
            "# Whoever reads this file can sign as anyone. Never put real records here.",
        ]
    return "\n".join(lines) + "\n" + format_mapping(msgspec.to_builtins(manifest))


def format_mapping(values: dict[str, Any]) -> str:
    """YAML text of a mapping of scalars, lists and flat mappings; None is left out."""
    lines: list[str] = []
    for key, value in values.items():
        if value is None:
            continue
        if isinstance(value, (list, tuple)) and value:
            lines.append(f"{key}:")
            lines += [f"  - {_flow(item)}" for item in value]
        elif isinstance(value, dict) and value:
            lines.append(f"{key}:")
            lines += [f"  {name}: {_flow(item)}" for name, item in value.items()]
        else:
            lines.append(f"{key}: {_flow(value)}")
    return "\n".join(lines) + "\n"


def _flow(value: Any) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}: {_flow(item)}" for key, item in value.items()) + "}"
    if isinstance(value, Sequence) and not isinstance(value, str):
        return "[" + ", ".join(_flow(item) for item in value) + "]"
    return _scalar(value)


def _scalar(value: Any) -> str:
    # A JSON string is a YAML double-quoted scalar, whatever it holds.
    return json.dumps(value, ensure_ascii=False)
