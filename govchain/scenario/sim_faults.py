"""Faults in virtual time: each is one call of the simulated world."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final, Literal

from govchain.crypto import chain_id_of, derive_secret
from govchain.crypto.possession import prove_vote_key
from govchain.model.link_fault import LinkFault
from govchain.scenario.fault_port import Disk, Glance
from govchain.sim import SimCluster
from govchain.storage import MemoryStore
from govchain.testnet.joining import rotation_label
from govchain.testnet.plan import validator_label

if TYPE_CHECKING:
    from govchain.scenario.gateways import MemoryGateways

PEER_PORT: Final = 7200
"""In the addresses of newcomers, which nobody dials here."""

_UNSYNCED: Final[dict[Disk, Literal["lose", "tear"]]] = {"lose_unsynced": "lose", "corrupt": "tear"}


class SimFaults:
    """Breaks a simulated network."""

    def __init__(self, cluster: SimCluster, gateways: MemoryGateways | None) -> None:
        self._cluster = cluster
        self._gateways = gateways
        self._names = list(cluster.names)

    async def crash(self, name: str, disk: Disk) -> None:
        index = self._names.index(name)
        if not self._cluster.is_down(index):
            self._cluster.crash(index, unsynced=_UNSYNCED.get(disk, "keep"))
        if disk == "wipe":
            self._cluster.replace_disk(index, MemoryStore())
        elif disk == "restore_old":
            self._cluster.replace_disk(index, self._cluster.backup(index))

    async def restart(self, name: str) -> None:
        index = self._names.index(name)
        if self._cluster.is_down(index):
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

    async def kill_gateway(self, org: str) -> None:
        assert self._gateways is not None, "the check refused it"
        self._gateways.kill(org)

    async def start_gateway(self, org: str) -> None:
        assert self._gateways is not None, "the check refused it"
        self._gateways.start(org)

    async def join(self, name: str, org: str) -> Mapping[str, str]:
        await self.restart(name)
        address = {"validator": name, "org": org, "peer_address": f"{name}:{PEER_PORT}"}
        return address | self._prove(name, validator_label(name))

    async def prepare_rotation(self, name: str, number: int) -> Mapping[str, str]:
        label = rotation_label(name, number)
        self._cluster.add_key(self._names.index(name), derive_secret(self._cluster.seed, label))
        return {"validator": name, "reason": "rotation", **self._prove(name, label)}

    async def finish_rotation(self, name: str) -> None:
        """Nothing: a simulated validator keeps its old keys, and no set has them."""

    def _prove(self, name: str, label: str) -> dict[str, str]:
        suite, genesis = self._cluster.suite, self._cluster.genesis
        signer = suite.signer(derive_secret(self._cluster.seed, label))
        return prove_vote_key(signer, chain_id_of(suite, genesis), name)

    async def glance(self) -> Glance:
        running = self._cluster.running()
        awake = [node for node in running if not self._cluster.is_paused(node.index)]
        latest = max((node.replica.validators for node in running), key=lambda each: each.epoch, default=None)
        epoch = 0 if latest is None else latest.epoch
        views = [node.replica.status().view for node in running if node.replica.validators.epoch == epoch]
        return Glance(
            view=max(views, default=0),
            height=max((node.ledger.height for node in running), default=0),
            finalised=max((node.ledger.transaction_count for node in running), default=0),
            running=tuple(self._names[node.index] for node in awake),
            epoch=epoch,
            members=() if latest is None else latest.members,
        )
