"""Department gateways of a network folder: their folders, and their processes on this machine.

`gateways/NAME/` holds all that one gateway needs. Exchanges are asked over its HTTP interface.
"""

from __future__ import annotations

import time
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Final, Self

import msgspec

from govchain.config import write_yaml
from govchain.crypto.keys import derive_secret, new_secret, write_key_file, write_private
from govchain.errors import ConfigError, Indeterminate, Unavailable
from govchain.gateway.config import GatewayConfig, load_gateway_config
from govchain.gateway.http_client import RemoteGateway
from govchain.gateway.ports import ItemOffer
from govchain.gateway.tokens import new_token
from govchain.ledger.sharing import GATEWAY
from govchain.testnet.health import Health, free_ports, is_port_free, probe
from govchain.testnet.manifest import GENESIS_NAME, ManifestPerson, NetworkManifest, load_manifest
from govchain.testnet.process import ValidatorProcess

GATEWAYS_NAME: Final = "gateways"
CONFIG_NAME: Final = "gateway.yaml"
READY_TIMEOUT_S: Final = 30.0
_POLL_INTERVAL_S: Final = 0.1


def gateway_keys(manifest: NetworkManifest, orgs: Collection[str] = ()) -> tuple[ManifestPerson, ...]:
    """Key holders with the role `gateway`, the first of each organisation.

    Args:
        orgs: Organisations (USCC) that are meant; all without.
    """
    found: dict[str, ManifestPerson] = {}
    for person in manifest.people:
        if GATEWAY in person.roles and (not orgs or person.org in orgs):
            found.setdefault(person.org, person)
    return tuple(found.values())


def init_gateways(
    directory: Path | str,
    *,
    offers: Mapping[str, Sequence[ItemOffer]] | None = None,
    ports: Sequence[int] | None = None,
    expiry_height: int = 0,
) -> tuple[str, ...]:
    """Make the folders of gateways of organisations with a gateway key; never overwrites.

    Args:
        offers: Organisation (USCC) to what its gateway serves; those without an entry get no gateway. Without
            offers every organisation gets one, and serves nothing yet.
        ports: One for each gateway; free ones without.
        expiry_height: Of every transaction, in a rehearsal that must repeat exactly.

    Returns:
        Names of the gateways: the ids of their key holders.

    Raises:
        ConfigError: A gateway's folder is there already.
    """
    root = Path(directory)
    manifest = load_manifest(root)
    holders = gateway_keys(manifest, offers or ())
    listed = tuple(ports or free_ports(len(holders)))
    if len(listed) != len(holders):
        raise ConfigError("ports of gateways", found=len(listed), expected=f"{len(holders)}, one for each")
    urls = {who.org: f"http://127.0.0.1:{port}" for who, port in zip(holders, listed, strict=True)}
    for who, port in zip(holders, listed, strict=True):
        folder = root / GATEWAYS_NAME / who.id
        if folder.exists():
            raise ConfigError("a gateway is there already, and keys are never overwritten", path=str(folder))
        folder.mkdir(mode=0o700, parents=True)
        is_rehearsal = manifest.seed is not None
        secret = new_secret() if manifest.seed is None else derive_secret(manifest.seed, f"gateway/{who.org}")
        write_key_file(folder / "secret.key", manifest.suite, secret)
        write_private(folder / "desk.token", new_token().encode() + b"\n")
        config = GatewayConfig(
            org=who.org,
            genesis=f"../../{GENESIS_NAME}",
            key=f"../../{who.key}",
            secret="secret.key",
            desk_token="desk.token",
            listen=f"127.0.0.1:{port}",
            validators=manifest.urls,
            # Its own address too: one office of a department may ask another office of the same.
            peers=urls,
            items=tuple((offers or {}).get(who.org, ())),
            rehearsal=is_rehearsal,
            expiry_height=expiry_height if is_rehearsal else 0,
        )
        about = f"# Gateway of {who.org} in {manifest.name}. Paths are relative to this file.\n"
        (folder / CONFIG_NAME).write_text(about + write_yaml(msgspec.to_builtins(config)), encoding="utf-8")
    return tuple(who.id for who in holders)


class LocalGateways:
    """The gateways of a network folder as processes; none when the folder has none.

    As a context manager it stops on exit whatever it finds running.
    """

    def __init__(self, directory: Path | str) -> None:
        self.directory = Path(directory) / GATEWAYS_NAME
        folders = sorted(path.parent for path in self.directory.glob(f"*/{CONFIG_NAME}"))
        self._configs = {folder.name: load_gateway_config(folder / CONFIG_NAME) for folder in folders}
        self._processes = {
            folder.name: ValidatorProcess(f"gateway {folder.name}", folder, "gateway") for folder in folders
        }

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def names(self) -> tuple[str, ...]:
        """Gateways, by the ids of their key holders."""
        return tuple(self._processes)

    def of(self, org: str) -> str:
        """Name of an organisation's gateway.

        Raises:
            ConfigError: It has none.
        """
        for name, config in self._configs.items():
            if config.org == org:
                return name
        raise ConfigError("this organisation has no gateway", found=org)

    def remote(self, name: str) -> RemoteGateway:
        """The gateway as the department's own systems use it; open it with `async with`."""
        token = Path(self._configs[name].desk_token).read_text(encoding="ascii").strip()
        return RemoteGateway(self.url(name), token)

    def url(self, name: str) -> str:
        """Address of a gateway."""
        return f"http://{self._configs[name].listen}"

    def start(self, *, timeout_s: float = READY_TIMEOUT_S) -> None:
        """Start every gateway that does not run, and wait until all answer.

        Raises:
            Unavailable: A port is taken, or a gateway ended; what had been started is stopped again.
            Indeterminate: Not all answered in time.
        """
        try:
            for name, process in self._processes.items():
                host, port = self._address(name)
                if process.find() is None and not is_port_free(host, port):
                    raise Unavailable(
                        f"port {port} is taken by another program, and gateway {name} needs it (listen in "
                        f"{process.folder / CONFIG_NAME}); stop that program, or change the address"
                    )
                process.start()
            self.wait_ready(timeout_s=timeout_s)
        except BaseException:
            self.stop()
            raise

    def wait_ready(self, *, timeout_s: float = READY_TIMEOUT_S) -> None:
        """Wait until every gateway answers; raises as `start` does."""
        waiting = list(self._processes)
        deadline = time.monotonic() + timeout_s
        while waiting:
            for name in waiting:
                if self._processes[name].find() is None:
                    raise self._processes[name].ended()
            waiting = [name for name in waiting if probe(*self._address(name)) is Health.SILENT]
            if waiting and time.monotonic() > deadline:
                tail = self._processes[waiting[0]].log_tail(4)
                raise Indeterminate(f"not ready after {timeout_s:g} s: {', '.join(waiting)}\n{tail}")
            if waiting:
                time.sleep(_POLL_INTERVAL_S)

    def process(self, name: str) -> ValidatorProcess:
        """The process of one gateway."""
        return self._processes[name]

    def stop(self) -> int:
        """Stop whatever runs; returns how many that were."""
        running = [process for process in self._processes.values() if process.find() is not None]
        for process in running:
            process.ask_to_end()
        for process in running:
            process.wait_ended()
        return len(running)

    def _address(self, name: str) -> tuple[str, int]:
        host, _, port = self._configs[name].listen.rpartition(":")
        return host, int(port)
