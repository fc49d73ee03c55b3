"""Faults on processes: signals, data directories, and the control file in each rehearsal folder."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Final

from govchain.client import Client, ValidatorStatus
from govchain.errors import ConfigError, GovchainError, Indeterminate
from govchain.model.link_fault import LinkFault
from govchain.node.rehearsal import Rehearsed
from govchain.scenario.fault_port import Disk, Glance
from govchain.testnet import LocalNetwork

RESTART_TIMEOUT_S: Final = 20.0
"""How long a fault waits for a validator that comes back; a cut-off one is not ready, and need not be."""


class LocalFaults:
    """Breaks the validator processes of this machine.

    Args:
        clients: A client for each validator, in genesis order.
    """

    def __init__(self, network: LocalNetwork, clients: Mapping[str, Client]) -> None:
        self._network = network
        self._clients = clients
        self._links: dict[str, dict[str, LinkFault]] = {}
        self._clocks_ms: dict[str, int] = {}
        self._paused: dict[str, None] = {}

    async def crash(self, name: str, disk: Disk) -> None:
        await asyncio.to_thread(self._network.kill, name)
        self._paused.pop(name, None)
        if disk == "wipe":
            await asyncio.to_thread(self._network.wipe, name)
        elif disk == "restore_old":
            await asyncio.to_thread(self._network.restore_backup, name)

    async def restart(self, name: str) -> None:
        await asyncio.to_thread(self._network.start_validator, name)
        try:
            await asyncio.to_thread(self._network.wait_ready, [name], timeout_s=RESTART_TIMEOUT_S)
        except Indeterminate:
            # It lives and is cut off from a quorum; whether it joins is judged at the end.
            return

    async def pause(self, name: str) -> None:
        self._paused[name] = None
        await asyncio.to_thread(self._network.pause, name)

    async def resume(self, name: str) -> None:
        self._paused.pop(name, None)
        await asyncio.to_thread(self._network.resume, name)

    async def back_up(self, name: str) -> None:
        await asyncio.to_thread(self._network.kill, name)
        await asyncio.to_thread(self._network.back_up, name)
        await self.restart(name)

    async def set_links(self, faults: Mapping[tuple[str, str], LinkFault]) -> None:
        links: dict[str, dict[str, LinkFault]] = {name: {} for name in self._network.names}
        for (source, target), fault in faults.items():
            links[source][target] = fault
        self._links = links
        for name in self._network.names:
            await self._disturb(name)

    async def set_clock(self, name: str, offset_ms: int) -> None:
        self._clocks_ms[name] = offset_ms
        await self._disturb(name)

    async def betray(self, name: str, behaviour: str, org: str) -> None:
        raise ConfigError(
            "a validator process cannot be made to lie",
            found=f"byzantine {behaviour} {name}",
            expected="behaviour silent or slow, or --backend sim",
        )

    async def glance(self) -> Glance:
        names = [name for name in self._network.names if name not in self._paused]
        answers = await asyncio.gather(*(self._ask(self._clients[name].status) for name in names))
        known = {name: status for name, status in zip(names, answers, strict=True) if status is not None}
        return Glance(
            view=max((status.view for status in known.values()), default=0),
            height=max((status.height for status in known.values()), default=0),
            finalised=max((status.finalised for status in known.values()), default=0),
            running=tuple(known),
        )

    async def _disturb(self, name: str) -> None:
        wanted = Rehearsed(links=self._links.get(name, {}), clock_ms=self._clocks_ms.get(name, 0))
        await asyncio.to_thread(self._network.disturb, name, wanted)

    async def _ask(self, question: Callable[[], Awaitable[ValidatorStatus]]) -> ValidatorStatus | None:
        try:
            return await question()
        except GovchainError:
            return None
