"""Department gateways of a network folder: their folders, and their processes on this machine.

`gateways/NAME/` holds all that one gateway needs. Exchanges are asked over its HTTP interface.
"""

from __future__ import annotations

import ssl
import time
from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime
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
from govchain.node.clocks import unix_ms
from govchain.node.config import split_address
from govchain.testnet.certificates import LOOPBACK, read_authority, write_certificate
from govchain.testnet.health import answers, free_ports, is_port_free
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
        ports: Two for each gateway: of `listen` and of `peer_listen`; free ones without.
        expiry_height: Of every transaction, in a rehearsal that must repeat exactly.

    Returns:
        Names of the gateways: the ids of their key holders.

    Raises:
        ConfigError: A gateway's folder is there already, or the folder's authority is not.
    """
    root = Path(directory)
    manifest = load_manifest(root)
    holders = gateway_keys(manifest, offers or ())
    # Read first: without the authority not even a part of a folder is made.
    authority = read_authority(root)
    if not holders:
        return ()
    listed = tuple(ports or free_ports(2 * len(holders)))
    if len(listed) != 2 * len(holders):
        raise ConfigError(
            "ports of gateways", found=len(listed), expected=f"{2 * len(holders)}, two for each"
        )
    places = tuple(zip(holders, listed[::2], listed[1::2], strict=True))
    urls = {who.org: f"https://{LOOPBACK}:{peer_port}" for who, _, peer_port in places}
    now = datetime.fromtimestamp(unix_ms() / 1000, UTC)
    for who, port, peer_port in places:
        folder = root / GATEWAYS_NAME / who.id
        if folder.exists():
            raise ConfigError("a gateway is there already, and keys are never overwritten", path=str(folder))
        folder.mkdir(mode=0o700, parents=True)
        is_rehearsal = manifest.seed is not None
        secret = new_secret() if manifest.seed is None else derive_secret(manifest.seed, f"gateway/{who.org}")
        write_key_file(folder / "secret.key", manifest.suite, secret)
        write_private(folder / "desk.token", new_token().encode() + b"\n")
        write_certificate(root, folder, who.org, LOOPBACK, now)
        (folder / "ca.crt").write_bytes(authority.certificate)
        config = GatewayConfig(
            org=who.org,
            genesis=f"../../{GENESIS_NAME}",
            key=f"../../{who.key}",
            secret="secret.key",
            desk_token="desk.token",
            listen=f"{LOOPBACK}:{port}",
            peer_listen=f"{LOOPBACK}:{peer_port}",
            tls_certificate="tls.crt",
            tls_key="tls.key",
            tls_authority="ca.crt",
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
        return RemoteGateway(self.url(name), token, self.tls(name))

    def url(self, name: str) -> str:
        """Address of a gateway for its department's own systems and people."""
        return f"https://{self._configs[name].listen}"

    def peer_url(self, name: str) -> str:
        """Address of a gateway for other departments."""
        return f"https://{self._configs[name].peer_listen}"

    def tls(self, name: str) -> ssl.SSLContext:
        """For clients of a gateway: trusts the authority of its certificate."""
        return ssl.create_default_context(cafile=self._configs[name].tls_authority)

    def start(self, *, timeout_s: float = READY_TIMEOUT_S) -> None:
        """Start every gateway that does not run, and wait until all answer.

        Raises:
            Unavailable: A port is taken, or a gateway ended; what had been started is stopped again.
            Indeterminate: Not all answered in time.
        """
        try:
            for name, process in self._processes.items():
                if process.find() is None:
                    self._require_free(name)
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
            waiting = [name for name in waiting if not self._answers(name)]
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

    def _answers(self, name: str) -> bool:
        return answers(*split_address(self._configs[name].listen), self.tls(name))

    def _require_free(self, name: str) -> None:
        config = self._configs[name]
        for key, address in (("listen", config.listen), ("peer_listen", config.peer_listen)):
            host, port = split_address(address)
            if not is_port_free(host, port):
                raise Unavailable(
                    f"port {port} is taken by another program, and gateway {name} needs it ({key} in "
                    f"{self._processes[name].folder / CONFIG_NAME}); stop that program, or change the address"
                )
