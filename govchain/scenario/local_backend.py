"""A scenario on real processes of this machine: the network is made, started, played on and taken down again.

Everything that is asked of the chain goes through its HTTP API, as in `remote_backend`, and gateways are
processes too. Faults are in `local_faults`.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from govchain.client import Client
from govchain.errors import Unavailable
from govchain.gateway import GatewayPort
from govchain.gateway.http_client import RemoteGateway
from govchain.scenario.backend import Rehearsal
from govchain.scenario.builder import EXPIRY_BLOCKS
from govchain.scenario.fault_port import FaultPort
from govchain.scenario.loaded import LoadedScenario
from govchain.scenario.local_faults import LocalFaults
from govchain.scenario.rehearsal import gateway_holdings, gateway_offers, network_plan
from govchain.scenario.remote_backend import RemoteBackend, require_pbft
from govchain.scenario.timing import story_end_ns
from govchain.testnet import Addresses, LocalNetwork, free_ports, init_network
from govchain.testnet.gateways import LocalGateways, init_gateways

CLOCK_TOLERANCE: Final = timedelta(minutes=4)
"""How far claimed times may run ahead of this machine's clock; the chain allows five minutes (rule G9)."""


class LocalBackend(RemoteBackend):
    """Validator processes in a folder.

    Args:
        directory: Where the network is made; must not hold anything.
        now: This machine's time, for certificates and to see whether the story is not in the future.
        ports: (API, peer) port of each validator; free ones are taken without it.
    """

    def __init__(
        self, directory: Path, *, now: datetime, ports: tuple[tuple[int, int], ...] | None = None
    ) -> None:
        super().__init__((), name="local")
        self._directory = directory
        self._now = now
        self._ports = ports
        self._network: LocalNetwork | None = None
        self._processes: LocalGateways | None = None
        self._sessions = contextlib.AsyncExitStack()
        self._remote_gateways: dict[str, RemoteGateway] = {}

    async def start(self, rehearsal: Rehearsal) -> Rehearsal:
        require_pbft(rehearsal.loaded, self.name)
        _require_past(rehearsal.loaded, self._now)
        plan = network_plan(rehearsal.loaded, rehearsal.seed)
        ports = self._ports or _pairs(free_ports(2 * len(plan.validators)))
        addresses = Addresses(ports=ports)
        init_network(self._directory, plan, now=self._now, addresses=addresses, is_rehearsal=True)
        self._network = LocalNetwork(self._directory)
        await asyncio.to_thread(self._network.start)
        self._urls = self._network.urls
        return await super().start(rehearsal)

    @property
    def urls(self) -> tuple[str, ...]:
        """Addresses of the validators, once started."""
        return self._urls

    def faults(self) -> FaultPort:
        clients = dict(zip(self.network.names, self._clients, strict=True))
        return LocalFaults(self.network, clients, self._admit, self._processes, now=self._now)

    async def _admit(self, url: str) -> Client:
        """A validator was added: it is looked at in the end as all others are."""
        self._urls = (*self._urls, url)
        return await self._connect(url)

    def invariants(self) -> Mapping[str, str]:
        return {"no-double-vote": "; ".join(self.network.double_votes())}

    def gateway(self, org: str) -> GatewayPort:
        return self._remote_gateways[org]

    async def _open_gateways(self, rehearsal: Rehearsal) -> None:
        """A process for each gateway of the scenario."""
        init_gateways(self._directory, offers=gateway_offers(rehearsal.loaded), expiry_height=EXPIRY_BLOCKS)
        self._processes = LocalGateways(self._directory)
        await asyncio.to_thread(self._processes.start)
        for org, holdings in gateway_holdings(rehearsal.loaded).items():
            remote = self._processes.remote(self._processes.of(org))
            self._remote_gateways[org] = await self._sessions.enter_async_context(remote)
            await remote.hold(holdings)

    async def stop(self) -> None:
        await self._sessions.aclose()
        if self._processes is not None:
            await asyncio.to_thread(self._processes.stop)
        await super().stop()
        if self._network is not None:
            await asyncio.to_thread(self._network.stop)

    @property
    def network(self) -> LocalNetwork:
        """The processes, once started."""
        if self._network is None:
            raise Unavailable("the network was not started")
        return self._network


def _require_past(loaded: LoadedScenario, now: datetime) -> None:
    """Block times are real here, and the chain refuses records of the future (rule G9)."""
    end = loaded.start + timedelta(microseconds=story_end_ns(loaded.scenario) // 1000)
    if end > now + CLOCK_TOLERANCE:
        raise loaded.source.error(
            "the story lies in the future of this machine's clock",
            "start",
            found=end.isoformat(),
            expected=f"an end before {now.isoformat(timespec='seconds')}",
            hint="give an earlier start, or play it with --backend sim",
        )


def _pairs(ports: list[int]) -> tuple[tuple[int, int], ...]:
    return tuple(zip(ports[::2], ports[1::2], strict=True))
