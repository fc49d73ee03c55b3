"""Faults in virtual time: each is one call of the simulated world."""

from __future__ import annotations

from collections.abc import Mapping

from govchain.model.link_fault import LinkFault
from govchain.scenario.fault_port import Disk, Glance
from govchain.sim import SimCluster
from govchain.storage import MemoryStore


class SimFaults:
    """Breaks a simulated network."""

    def __init__(self, cluster: SimCluster) -> None:
        self._cluster = cluster
        self._names = [member.name for member in cluster.genesis.validators.members]

    async def crash(self, name: str, disk: Disk) -> None:
        index = self._names.index(name)
        if self._cluster.is_running(index):
            self._cluster.crash(index)
        if disk == "wipe":
            self._cluster.replace_disk(index, MemoryStore())
        elif disk == "restore_old":
            self._cluster.replace_disk(index, self._cluster.backup(index))

    async def restart(self, name: str) -> None:
        index = self._names.index(name)
        if not self._cluster.is_running(index):
            self._cluster.restart(index)

    async def pause(self, name: str) -> None:
        index = self._names.index(name)
        if self._cluster.is_running(index):
            self._cluster.pause(index)

    async def resume(self, name: str) -> None:
        self._cluster.resume(self._names.index(name))

    async def back_up(self, name: str) -> None:
        self._cluster.back_up(self._names.index(name))

    async def set_links(self, faults: Mapping[tuple[str, str], LinkFault]) -> None:
        self._cluster.record(-1, "links", faulty=len(faults))
        self._cluster.links.faults = {
            (self._names.index(source), self._names.index(target)): fault
            for (source, target), fault in faults.items()
        }

    async def set_clock(self, name: str, offset_ms: int) -> None:
        self._cluster.set_clock(self._names.index(name), offset_ms)

    async def betray(self, name: str, behaviour: str, org: str) -> None:
        index = self._names.index(name)
        if behaviour:
            self._cluster.betray(index, behaviour, org)
        else:
            self._cluster.reform(index)

    async def glance(self) -> Glance:
        running = self._cluster.running()
        awake = [node for node in running if not self._cluster.is_paused(node.index)]
        return Glance(
            view=max((node.replica.status().view for node in running), default=0),
            height=max((node.ledger.height for node in running), default=0),
            finalised=max((node.ledger.transaction_count for node in running), default=0),
            running=tuple(self._names[node.index] for node in awake),
        )
