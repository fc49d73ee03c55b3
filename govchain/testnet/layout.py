"""Makes a network folder: keys, a certificate authority, genesis, and one folder for each validator.

Writes files and starts nothing. A folder that holds anything is never written to.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from govchain.codec.genesis_file import write_genesis
from govchain.crypto import chain_id_of, suite
from govchain.crypto.authority import PemPair, create_authority, issue_certificate
from govchain.crypto.keys import derive_secret, new_secret, write_key_file
from govchain.errors import ConfigError
from govchain.model import Genesis
from govchain.testnet.certificates import AUTHORITY_NAME, LOOPBACK, hosts_of
from govchain.testnet.manifest import (
    GENESIS_NAME,
    MANIFEST_NAME,
    ManifestOrganisation,
    ManifestPerson,
    ManifestValidator,
    NetworkManifest,
    format_manifest,
    format_mapping,
)
from govchain.testnet.plan import NetworkPlan, build_genesis, person_label, validator_label

BASE_PORT: Final = 7100
PEER_PORT_OFFSET: Final = 100
EVERY_ADDRESS: Final = "0.0.0.0"
DATA_NAME: Final = "data"
REHEARSAL_NAME: Final = "rehearsal"


@dataclass(frozen=True, slots=True)
class Addresses:
    """Where validators listen and how others reach them.

    Attributes:
        base_port: API port of the first validator; its peer port lies 100 above.
        host_pattern: Host of each validator; `{name}` stands for its name. When every validator has its own
            host, all use the same two ports and listen on every address.
        ports: (API port, peer port) of each validator, instead of those that follow from `base_port`.
    """

    base_port: int = BASE_PORT
    host_pattern: str = LOOPBACK
    ports: tuple[tuple[int, int], ...] | None = None

    def host(self, name: str) -> str:
        """Name or address under which others reach a validator."""
        return self.host_pattern.replace("{name}", name)

    @property
    def listen_host(self) -> str:
        """Address that a validator binds."""
        return EVERY_ADDRESS if self._has_own_hosts else self.host_pattern

    def ports_of(self, index: int) -> tuple[int, int]:
        """API port and peer port of a validator."""
        if self.ports is not None:
            return self.ports[index]
        first = self.base_port + (0 if self._has_own_hosts else index)
        return first, first + PEER_PORT_OFFSET

    @property
    def _has_own_hosts(self) -> bool:
        return "{name}" in self.host_pattern


def init_network(
    directory: Path | str,
    plan: NetworkPlan,
    *,
    now: datetime,
    addresses: Addresses | None = None,
    is_rehearsal: bool = False,
) -> NetworkManifest:
    """Make a network folder.

    Args:
        now: Time from which the certificates are valid.
        is_rehearsal: Validators may be disturbed through a folder of theirs, and record their votes in it.

    Raises:
        ConfigError: The folder holds files already, a port does not exist, or the plan describes no network.
    """
    root = Path(directory)
    places = addresses or Addresses()
    require_empty(root)
    _require_ports(places, len(plan.validators))
    built = build_genesis(plan)
    manifest = _manifest(plan, built.genesis, places)
    _make_folder(root)
    genesis = write_genesis(built.genesis)
    _write_new(root / GENESIS_NAME, genesis, mode=0o644)
    authority = create_authority(f"govchain {plan.name}"[:64], now=now)
    _write_authority(root / AUTHORITY_NAME, authority)
    for member in manifest.validators:
        folder = root / member.folder
        _make_folder(folder)
        write_key_file(folder / "validator.key", plan.suite, built.secrets[validator_label(member.name)])
        certificate = issue_certificate(authority, member.name, hosts=hosts_of(member.host), now=now)
        _write_new(folder / "tls.crt", certificate.certificate, mode=0o644)
        _write_new(folder / "tls.key", certificate.key, mode=0o600)
        # Each folder holds all that its validator needs, so it can be handed to whoever runs it.
        _write_new(folder / "ca.crt", authority.certificate, mode=0o644)
        _write_new(folder / GENESIS_NAME, genesis, mode=0o644)
        config = _node_config(manifest, member, places, is_rehearsal=is_rehearsal)
        _write_new(folder / "node.yaml", config.encode(), mode=0o644)
    _write_people(root, plan, manifest, built.secrets)
    # Last, so that a folder with a manifest is a complete one.
    _write_new(root / MANIFEST_NAME, format_manifest(manifest).encode(), mode=0o644)
    return manifest


def salt_file(org: str) -> str:
    """Where a network folder keeps the secret salt of an organisation's commitments (rule I3)."""
    return f"people/{org}/commitment.salt"


def require_empty(directory: Path) -> None:
    """Refuse a folder that holds any file; folders without files (mount points) do not count.

    Raises:
        ConfigError: Names what is there.
    """
    if directory.exists() and not directory.is_dir():
        raise ConfigError("not a folder", path=str(directory))
    found = next((path for path in directory.rglob("*") if not path.is_dir()), None)
    if found is not None:
        complete = (directory / MANIFEST_NAME).is_file()
        raise ConfigError(
            "a network is there already, and keys are never overwritten"
            if complete
            else "the folder is not empty, and nothing is ever overwritten",
            path=str(directory),
            found=str(found.relative_to(directory)),
            expected="a folder that does not exist, or an empty one",
            hint="choose another with --out, or remove this one yourself",
        )


def _manifest(plan: NetworkPlan, genesis: Genesis, places: Addresses) -> NetworkManifest:
    validators = []
    for index, member in enumerate(plan.validators):
        api_port, peer_port = places.ports_of(index)
        validators.append(
            ManifestValidator(
                name=member.name,
                org=member.org,
                folder=f"nodes/{member.name}",
                host=places.host(member.name),
                api_port=api_port,
                peer_port=peer_port,
            )
        )
    return NetworkManifest(
        govchain_network=1,
        name=plan.name,
        chain_id=chain_id_of(suite(genesis.suite), genesis).hex(),
        suite=plan.suite,
        seed=plan.seed,
        validators=tuple(validators),
        organisations=tuple(ManifestOrganisation(id=org.id, name=org.name) for org in plan.organisations),
        people=tuple(
            ManifestPerson(id=who.id, org=who.org, key=f"people/{who.org}/{who.id}.key", roles=who.roles)
            for who in plan.people
        ),
    )


def _node_config(
    manifest: NetworkManifest, member: ManifestValidator, places: Addresses, *, is_rehearsal: bool
) -> str:
    """Text of one validator's `node.yaml`."""
    values: dict[str, Any] = {
        "name": member.name,
        "genesis": GENESIS_NAME,
        "key": "validator.key",
        "tls_certificate": "tls.crt",
        "tls_key": "tls.key",
        "tls_authority": "ca.crt",
        "guard": "validator.guard",
        "data_dir": DATA_NAME,
        "peer_listen": f"{places.listen_host}:{member.peer_port}",
        "api_listen": f"{places.listen_host}:{member.api_port}",
        "peers": {
            other.name: f"{other.host}:{other.peer_port}"
            for other in manifest.validators
            if other.name != member.name
        },
    }
    if is_rehearsal:
        values["rehearsal"] = REHEARSAL_NAME
    about = f"# Validator {member.name} of {manifest.name}. Paths are relative to this file.\n"
    return about + format_mapping(values)


def _write_authority(folder: Path, authority: PemPair) -> None:
    _make_folder(folder)
    _write_new(folder / "ca.crt", authority.certificate, mode=0o644)
    _write_new(folder / "ca.key", authority.key, mode=0o600)


def _write_people(
    root: Path, plan: NetworkPlan, manifest: NetworkManifest, secrets: Mapping[str, bytes]
) -> None:
    for person in manifest.people:
        path = root / person.key
        _make_folder(path.parent)
        write_key_file(path, plan.suite, secrets[person_label(person.id)])
    for org in dict.fromkeys(person.org for person in manifest.people):
        label = f"salt/{org}"
        salt = new_secret() if plan.seed is None else derive_secret(plan.seed, label)
        _write_new(root / salt_file(org), salt, mode=0o600)


def _require_ports(places: Addresses, validators: int) -> None:
    for index in range(validators):
        for port in places.ports_of(index):
            if not 1024 <= port <= 65_535:
                raise ConfigError(
                    "a validator's port does not exist",
                    found=port,
                    expected="1024 to 65535",
                    hint="choose another --base-port",
                )
    if validators > PEER_PORT_OFFSET:
        raise ConfigError("too many validators for one machine", found=validators, expected="at most 100")


def _make_folder(folder: Path) -> None:
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)


def _write_new(path: Path, data: bytes, *, mode: int) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)
