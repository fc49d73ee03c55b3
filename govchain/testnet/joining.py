"""Changes of a network folder's validators: a folder for one that joins, a new key for one that stays.

Each leaves a proposal, a record file for `govchain submit`; members decide on the chain (rules MB-1, MB-4).
Nothing is sent and no process is started here.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import msgspec

from govchain.config import load_yaml
from govchain.crypto import suite
from govchain.crypto.keys import derive_secret, new_secret, write_key_file
from govchain.crypto.possession import prove_vote_key
from govchain.errors import ConfigError
from govchain.testnet.certificates import write_certificate
from govchain.testnet.manifest import (
    MANIFEST_NAME,
    ManifestValidator,
    NetworkManifest,
    format_manifest,
    format_mapping,
    load_manifest,
)
from govchain.testnet.plan import validator_label

KEY_NAME: Final = "validator.key"
NEXT_KEY_NAME: Final = "validator-next.key"


@dataclass(frozen=True, slots=True)
class Proposal:
    """A change that was prepared.

    Attributes:
        number: Of the change on the chain, for `change.approve`.
        path: The record file; an admin of an organisation with validators submits it.
        fields: Of the record.
    """

    number: str
    path: Path
    fields: dict[str, str]


def rotation_label(name: str, number: int) -> str:
    """What a rehearsal's next key of a validator is derived from."""
    return f"{validator_label(name)}/{number}"


def prepare_join(directory: Path, member: ManifestValidator, *, now: datetime) -> Proposal:
    """Make the folder of a validator that is to join, and the proposal.

    The validator may be started at once: it follows the chain when the proposal is adopted, and votes when a
    checkpoint installs it.

    Raises:
        ConfigError: The name or a port is taken, or the organisation is not in the network folder.
    """
    manifest = load_manifest(directory)
    _require_room(manifest, member)
    folder = directory / member.folder
    folder.mkdir(mode=0o700, parents=True)
    secret = _secret(manifest, validator_label(member.name))
    write_key_file(folder / KEY_NAME, manifest.suite, secret)
    write_certificate(directory, folder, member.name, member.host, now)
    for name in ("ca.crt", "genesis.json"):
        (folder / name).write_bytes((directory / manifest.validators[0].folder / name).read_bytes())
    _write_text(folder / "node.yaml", _joining_config(directory, manifest, member))
    joined = msgspec.structs.replace(manifest, validators=(*manifest.validators, member))
    _write_text(directory / MANIFEST_NAME, format_manifest(joined))
    fields = {
        "validator": member.name,
        "org": member.org,
        "peer_address": f"{member.host}:{member.peer_port}",
        **_proven_key(manifest, member.name, secret),
    }
    return _write_proposal(directory, "validator.add", f"join-{member.name}", fields, now)


def prepare_rotation(directory: Path, name: str, *, now: datetime, rehearsal_label: str = "") -> Proposal:
    """Make the next vote key and a new certificate of a validator, and the proposal.

    The validator takes up the new certificate at SIGHUP or at its next start, and the key, which its
    configuration names as `next_key`, at its next start: restart it before the checkpoint.

    Args:
        rehearsal_label: What a rehearsal's key is derived from; without it, the time.

    Raises:
        ConfigError: No such validator, or its last rotation was not finished.
    """
    manifest = load_manifest(directory)
    member = manifest.validator(name)
    folder = directory / member.folder
    if (folder / NEXT_KEY_NAME).exists():
        raise ConfigError(
            f"{name} has a next key already",
            path=str(folder / NEXT_KEY_NAME),
            hint="finish that rotation first, once the chain has installed the key",
        )
    secret = _secret(manifest, rehearsal_label or rotation_label(name, int(now.timestamp())))
    write_key_file(folder / NEXT_KEY_NAME, manifest.suite, secret)
    write_certificate(directory, folder, member.name, member.host, now)
    config = load_yaml(folder / "node.yaml", dict[str, Any])
    _write_text(folder / "node.yaml", _config_text(manifest, name, {**config, "next_key": NEXT_KEY_NAME}))
    fields = {"validator": name, "reason": "rotation", **_proven_key(manifest, name, secret)}
    return _write_proposal(directory, "validator.rotate", f"rotate-{name}", fields, now)


def finish_rotation(directory: Path, name: str) -> None:
    """After the checkpoint: the next key becomes the key from the next start on; the old one goes.

    Call it once the validator itself is in the new epoch. It is a `candidate` from then on: with an empty
    disk it begins at the genesis, which does not know the key, and follows to the set that does.

    Raises:
        ConfigError: No such validator, or no rotation was prepared.
    """
    manifest = load_manifest(directory)
    folder = directory / manifest.validator(name).folder
    if not (folder / NEXT_KEY_NAME).is_file():
        raise ConfigError(f"{name} has no next key", path=str(folder), expected=NEXT_KEY_NAME)
    config = load_yaml(folder / "node.yaml", dict[str, Any])
    config.pop("next_key", None)
    config["candidate"] = True
    (folder / NEXT_KEY_NAME).replace(folder / KEY_NAME)
    _write_text(folder / "node.yaml", _config_text(manifest, name, config))


def _require_room(manifest: NetworkManifest, member: ManifestValidator) -> None:
    taken = {each.name for each in manifest.validators}
    if member.name in taken:
        raise ConfigError("there is such a validator already", found=member.name)
    orgs = [org.id for org in manifest.organisations]
    if member.org not in orgs:
        raise ConfigError("unknown organisation", found=member.org, expected=f"one of: {', '.join(orgs)}")
    used = {(each.host, port) for each in manifest.validators for port in (each.api_port, each.peer_port)}
    for port in (member.api_port, member.peer_port):
        if (member.host, port) in used:
            raise ConfigError(
                "another validator of this network listens there", found=f"{member.host}:{port}"
            )


def _joining_config(directory: Path, manifest: NetworkManifest, member: ManifestValidator) -> str:
    """As that of the first validator, with its own name and addresses, and everybody as a peer."""
    config = load_yaml(directory / manifest.validators[0].folder / "node.yaml", dict[str, Any])
    listen_host = str(config["peer_listen"]).rpartition(":")[0]
    config |= {
        "name": member.name,
        "candidate": True,
        "peer_listen": f"{listen_host}:{member.peer_port}",
        "api_listen": f"{listen_host}:{member.api_port}",
        "peers": {each.name: f"{each.host}:{each.peer_port}" for each in manifest.validators},
    }
    return _config_text(manifest, member.name, config)


def _config_text(manifest: NetworkManifest, name: str, config: dict[str, Any]) -> str:
    about = f"# Validator {name} of {manifest.name}. Paths are relative to this file.\n"
    return about + format_mapping(config)


def _secret(manifest: NetworkManifest, label: str) -> bytes:
    return new_secret() if manifest.seed is None else derive_secret(manifest.seed, label)


def _proven_key(manifest: NetworkManifest, name: str, secret: bytes) -> dict[str, str]:
    return prove_vote_key(suite(manifest.suite).signer(secret), bytes.fromhex(manifest.chain_id), name)


def _write_proposal(directory: Path, kind: str, what: str, fields: dict[str, str], now: datetime) -> Proposal:
    number = f"GC-{now:%Y%m%dT%H%M%S}-{what}"
    path = directory / "changes" / f"{what}.yaml"
    path.parent.mkdir(exist_ok=True)
    _write_text(path, format_mapping({"kind": kind, "object_id": number, "fields": fields}))
    return Proposal(number, path, fields)


def _write_text(path: Path, text: str) -> None:
    """Replace a file whole, so that nobody reads half of it."""
    beside = path.with_suffix(path.suffix + ".new")
    beside.write_text(text, encoding="utf-8")
    beside.replace(path)
