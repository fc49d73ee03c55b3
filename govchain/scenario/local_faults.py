"""Faults on processes: signals, data directories, and the control file in each rehearsal folder."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping
from datetime import datetime
from typing import Final, TypeVar

from govchain.client import Client
from govchain.errors import ConfigError, GovchainError, Indeterminate
from govchain.model import Validator
from govchain.model.link_fault import LinkFault
from govchain.node.rehearsal import Rehearsed
from govchain.scenario.fault_port import Disk, Glance
from govchain.testnet import LocalNetwork, finish_rotation, free_ports, prepare_join, prepare_rotation
from govchain.testnet.certificates import LOOPBACK
from govchain.testnet.gateways import LocalGateways
from govchain.testnet.joining import rotation_label
from govchain.testnet.manifest import ManifestValidator

Answer = TypeVar("Answer")
RESTART_TIMEOUT_S: Final = 20.0
"""How long a fault waits for a validator that comes back; a cut-off one is not ready, and need not be."""


class LocalFaults:
    """Breaks the validator processes of this machine.

    Args:
        clients: A client for each validator, in genesis order.
        admit: Makes the client of a validator that joins, by its address.
        gateways: Processes of the gateways; None without any.
        now: From when new certificates are valid.
    """

    def __init__(
        self,
        network: LocalNetwork,
        clients: Mapping[str, Client],
        admit: Callable[[str], Awaitable[Client]],
        gateways: LocalGateways | None,
        *,
        now: datetime,
    ) -> None:
        self._network = network
        self._clients = dict(clients)
        self._admit = admit
        self._gateways = gateways
        self._now = now
        self._members: dict[int, tuple[Validator, ...]] = {0: network.genesis.validators.members}
        self._links: dict[str, dict[str, LinkFault]] = {}
        self._clocks_ms: dict[str, int] = {}
        self._paused: dict[str, None] = {}

    async def crash(self, name: str, disk: Disk) -> None:
        if disk in ("lose_unsynced", "corrupt"):
            raise ConfigError(
                "the machine keeps what a killed process wrote",
                found=f"crash {name}, disk: {disk}",
                expected="disk keep, wipe or restore_old, or --backend sim",
            )
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
        if any(fault.held_until_ms for fault in faults.values()):
            raise ConfigError(
                "lines of processes cannot be clogged", found="clog", expected="delay, or --backend sim"
            )
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

    async def kill_gateway(self, org: str) -> None:
        assert self._gateways is not None, "the check refused it"
        await asyncio.to_thread(self._gateways.process(self._gateways.of(org)).kill)

    async def start_gateway(self, org: str) -> None:
        assert self._gateways is not None, "the check refused it"
        await asyncio.to_thread(self._gateways.process(self._gateways.of(org)).start)

    async def join(self, name: str, org: str) -> Mapping[str, str]:
        api_port, peer_port = free_ports(2)
        member = ManifestValidator(name, org, f"nodes/{name}", LOOPBACK, api_port, peer_port)
        directory = self._network.directory
        proposal = await asyncio.to_thread(prepare_join, directory, member, now=self._now)
        self._network.admit()
        self._clients[name] = await self._admit(member.url)
        # Not waited for: the others let it in once its proposal is adopted, and it follows from then on.
        await asyncio.to_thread(self._network.start_validator, name)
        return proposal.fields

    async def prepare_rotation(self, name: str, number: int) -> Mapping[str, str]:
        label = rotation_label(name, number)
        directory = self._network.directory
        proposal = await asyncio.to_thread(
            prepare_rotation, directory, name, now=self._now, rehearsal_label=label
        )
        return proposal.fields

    async def finish_rotation(self, name: str) -> None:
        await asyncio.to_thread(finish_rotation, self._network.directory, name)

    async def glance(self) -> Glance:
        names = [name for name in self._network.names if name not in self._paused]
        answers = await asyncio.gather(*(self._ask(self._clients[name].status) for name in names))
        known = {name: status for name, status in zip(names, answers, strict=True) if status is not None}
        epoch = max((status.epoch for status in known.values()), default=0)
        latest = {name: status for name, status in known.items() if status.epoch == epoch}
        return Glance(
            view=max((status.view for status in latest.values()), default=0),
            height=max((status.height for status in known.values()), default=0),
            finalised=max((status.finalised for status in known.values()), default=0),
            running=tuple(known),
            epoch=epoch,
            members=await self._members_of(epoch, latest) if known else (),
        )

    async def _members_of(self, epoch: int, names: Iterable[str]) -> tuple[Validator, ...]:
        """The members of an epoch, as one of the validators says who are in it; none when none answers."""
        for name in names:
            if epoch in self._members:
                break
            answer = await self._ask(self._clients[name].validators)
            if answer is not None:
                members = tuple(Validator(each.name, each.org, each.public_key) for each in answer.members)
                self._members[answer.epoch] = members
        return self._members.get(epoch, ())

    async def _disturb(self, name: str) -> None:
        wanted = Rehearsed(links=self._links.get(name, {}), clock_ms=self._clocks_ms.get(name, 0))
        await asyncio.to_thread(self._network.disturb, name, wanted)

    async def _ask(self, question: Callable[[], Awaitable[Answer]]) -> Answer | None:
        try:
            return await question()
        except GovchainError:
            return None
