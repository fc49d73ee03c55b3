"""The configuration of one gateway: whose it is, where its files are, what it serves, whom it asks.

Only values and their checks. Nothing is opened and no port is bound.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import msgspec

from govchain.config import Loaded, load_document
from govchain.errors import ConfigError
from govchain.gateway.ports import ItemOffer
from govchain.ledger.identifiers import is_credit_code


class GatewayConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One `gateway.yaml`. Paths are relative to the file."""

    org: str
    """The department (USCC)."""
    genesis: str
    key: str
    """Key file of its key with the role `gateway`, mode 0600."""
    secret: str
    """Key file of the secret that protects its data, mode 0600. Without it the database cannot be read."""
    desk_token: str
    """File with the token of the department's own systems, mode 0600."""
    database: str = "sqlite:///gateway.db"
    """SQLAlchemy URL; a relative SQLite path is relative to this file."""
    listen: str
    """`host:port` for the department's own systems and people."""
    peer_listen: str
    """`host:port` for other departments' gateways, who show a certificate."""
    tls_certificate: str
    """PEM; its alternative names hold the department's code, and the hosts of `listen`."""
    tls_key: str
    """PEM, mode 0600."""
    tls_authority: str
    """PEM of the authorities of other departments' certificates, and of validators with https addresses."""
    validators: tuple[str, ...]
    """HTTP addresses of validators: at least one more than may be faulty, for level `latest`."""
    peers: dict[str, str] = {}
    """Organisation (USCC) to the https address of its gateway's `peer_listen`."""
    items: tuple[ItemOffer, ...] = ()
    """Catalog items that it serves."""
    log: str = ""
    """Log file; empty for standard error."""
    rehearsal: bool = False
    """Whether a question may claim another time than now. Only where every key follows from a seed."""
    expiry_height: int = 0
    """Of every transaction of a rehearsal; 0: some blocks ahead."""


_PATHS: Final = ("genesis", "key", "secret", "desk_token", "tls_certificate", "tls_key", "tls_authority")


def load_gateway_config(path: Path | str) -> GatewayConfig:
    """The configuration in a file, with every path made absolute.

    Raises:
        ConfigError: The file or a value in it is wrong; names file and line.
    """
    loaded = load_document(path, GatewayConfig)
    config, folder = loaded.value, Path(path).resolve().parent
    for org in (config.org, *config.peers):
        if not is_credit_code(org):
            raise ConfigError(
                "not a unified social credit code",
                path=str(path),
                found=org,
                expected="18 characters with the right check character (GB 32100-2015)",
            )
    if not config.validators:
        raise loaded.error("no validator to ask", "validators", expected="at least one http address")
    _require_different(loaded, [item.item for item in config.items], "items")
    for number, item in enumerate(config.items):
        _require_different(loaded, [field.name for field in item.fields], "items", number)
    for org, address in config.peers.items():
        if not address.startswith("https://"):
            raise loaded.error(
                "a gateway is asked over TLS only", "peers", org, found=address, expected="https://host:port"
            )
    changes: dict[str, Any] = {name: str(folder / getattr(config, name)) for name in _PATHS}
    if config.log:
        changes["log"] = str(folder / config.log)
    prefix = "sqlite:///"
    if config.database.startswith(prefix):
        changes["database"] = prefix + str(folder / config.database.removeprefix(prefix))
    return msgspec.structs.replace(config, **changes)


def _require_different(loaded: Loaded[GatewayConfig], names: list[str], *where: str | int) -> None:
    for name in names:
        if names.count(name) > 1:
            raise loaded.error("served twice", *where, found=name, expected="each item and field once")
