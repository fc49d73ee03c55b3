"""The configuration of one validator: where its files are, where it listens, whom it dials.

Only values and their checks. Nothing is opened, no port is bound; key files are read elsewhere.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final, Literal

import msgspec

from govchain.config import load_document
from govchain.errors import ConfigError
from govchain.model import Genesis

PEERS_MAX: Final = 255
SNAPSHOT_BLOCKS: Final = 4096
GUARD_NAME: Final = "validator.guard"
"""Of the guard beside the key file, whatever that is called: a rotation keeps it (rule RC-2)."""


class NodeConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One `node.yaml`. Paths are relative to the file; addresses are `host:port`."""

    name: str
    """Which validator of the genesis this is."""
    genesis: str
    key: str
    """Key file of its votes, mode 0600."""
    next_key: str = ""
    """Key file that a rotation will install, mode 0600; empty when none is planned (rule MB-4)."""
    candidate: bool = False
    """True when the stored chain may not know its name or key yet: it follows until it is added (MB-2)."""
    tls_certificate: str
    tls_key: str
    """Mode 0600."""
    tls_authority: str
    """Certificates of the authority that all validators share."""
    data_dir: str
    guard: str = ""
    """Where it remembers what it signed (rule RC-2), apart from `data_dir`; empty: beside the key file."""
    peer_listen: str
    """Where other validators connect."""
    api_listen: str
    """Where clients connect."""
    peers: dict[str, str] = {}
    """Every other validator and its peer address."""
    log: str = ""
    """Log file; empty for standard error."""
    store: Literal["rocks", "memory"] = "rocks"
    """`memory` forgets everything at the end, votes included: only for rehearsals."""
    rehearsal: str = ""
    """Folder through which it may be disturbed, and where it records its votes; empty: no rehearsal."""
    snapshot_blocks: int = SNAPSHOT_BLOCKS
    """So many blocks behind, the state is fetched instead (rule CU-3); 0: never."""


def load_node_config(path: Path | str) -> NodeConfig:
    """The configuration in a file, with every path made absolute.

    Raises:
        ConfigError: The file, a key in it, or an address is wrong; names file and line.
    """
    loaded = load_document(path, NodeConfig)
    config, folder = loaded.value, Path(path).resolve().parent
    try:
        for address in (config.peer_listen, config.api_listen, *config.peers.values()):
            split_address(address)
    except ConfigError as error:
        raise ConfigError(
            error.problem, path=str(path), found=error.found, expected=error.expected
        ) from error
    changes: dict[str, Any] = {
        name: str(folder / getattr(config, name))
        for name in ("genesis", "key", "tls_certificate", "tls_key", "tls_authority", "data_dir")
    }
    for name in ("log", "next_key", "rehearsal"):
        if getattr(config, name):
            changes[name] = str(folder / getattr(config, name))
    guard = folder / config.guard if config.guard else Path(changes["key"]).with_name(GUARD_NAME)
    if guard.resolve().is_relative_to(Path(changes["data_dir"]).resolve()):
        raise ConfigError(
            "the guard lies inside data_dir, so both would be lost or restored together",
            path=str(path),
            found=config.guard,
            expected="a file elsewhere, for example beside the key file",
        )
    return msgspec.structs.replace(config, **changes, guard=str(guard))


def split_address(address: str) -> tuple[str, int]:
    """Host and port of `host:port`; an IPv6 host stands in brackets.

    Raises:
        ConfigError: It is no such address.
    """
    host, colon, port = address.rpartition(":")
    if host.startswith("[") and host.endswith("]"):
        host = host[1:-1]
    elif ":" in host:
        host = ""
    if not colon or not host or not port.isascii() or not port.isdigit() or int(port) > 65_535:
        raise ConfigError("not an address", found=address, expected="host:port, for example 127.0.0.1:7200")
    return host, int(port)


def validate_against_genesis(config: NodeConfig, genesis: Genesis) -> None:
    """The peers of a configuration are at least the other validators of the genesis; more may join later.

    Raises:
        ConfigError: The name is no validator and no candidate, or a validator is missing in `peers`.
    """
    names = [member.name for member in genesis.validators.members]
    if config.name not in names and not config.candidate:
        raise ConfigError(
            "name is not a validator of the genesis",
            found=config.name,
            expected=_list(names),
            hint="a validator that is to join later says `candidate: true`",
        )
    others = [name for name in names if name != config.name]
    missing = [name for name in others if name not in config.peers]
    if missing or config.name in config.peers:
        raise ConfigError(
            "peers are not the other validators of the genesis",
            found=_list(list(config.peers)) or "none",
            expected=_list(others) or "none",
        )


def _list(names: list[str]) -> str:
    shown = ", ".join(names[:8])
    return shown if len(names) <= 8 else f"{shown} and {len(names) - 8} more"
