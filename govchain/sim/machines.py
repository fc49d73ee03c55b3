"""The computers of the simulated validators: a processor and a disk each, with what work and syncs cost.

Which validator works, loses power or gets another disk is decided by the cluster.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Generic, Literal, TypeVar

from govchain.consensus import SignedMessage
from govchain.crypto import Signer, Suite
from govchain.sim.costed import CostedSuite
from govchain.sim.cpu import Costs, Cpu
from govchain.sim.disk import SimDisk, SimGuard
from govchain.sim.happenings import Arrival, Errand
from govchain.sim.host import SLICE_NS, Host
from govchain.sim.network import Frame, seeded_stream
from govchain.storage import MemoryGuard, MemoryStore

Work = TypeVar("Work")
Unsynced = Literal["keep", "lose", "tear"]
"""What a power cut does to writes that no sync confirmed."""


class Machines(Generic[Work]):
    """One computer a validator.

    Attributes:
        costs: What work costs on each.
        are_free: Nothing costs anything, so nothing is charged and nobody waits.
        host: The machine whose cores all share; None when each has a processor of its own.
        cpus: Processors, by validator; the last one is that of the clients (`OUTSIDE`).
        disks: Disks, by validator.
        guards: What each remembers to have signed, apart from its disk.
        backups: The copy of its disk that each made last; empty ones at first.
        lives: How often each lost power; timers and queues of another life count for nothing.
    """

    def __init__(self, suite: Suite, seed: int, count: int, costs: Costs) -> None:
        self.costs = costs
        self.are_free = costs.are_none
        self.host = Host(costs.shared_cores) if costs.shared_cores else None
        self.cpus: list[Cpu[Work]] = [Cpu() for _ in range(count + 1)]
        self.disks = [self._disk(index, MemoryStore()) for index in range(count)]
        self.backups = [MemoryStore() for _ in range(count)]
        self.guards: list[MemoryGuard] = [self._guard(index) for index in range(count)]
        self.lives = [0] * (count + 1)
        self._suite = suite
        self._seed = seed

    def power_on(self, index: int, signers: Sequence[Signer]) -> tuple[Suite, Sequence[Signer]]:
        """Suite and signers with which a validator works on this machine from now on."""
        if self.are_free:
            return self._suite, signers
        costed = CostedSuite(self._suite, self.costs, self.cpus[index].spend)
        return costed, [costed.costed(signer) for signer in signers]

    def run_errand(self, index: int, errand: Errand) -> None:
        """Let somebody work for a client, or a client for itself."""
        self.cpus[index].request_ends += errand.ends
        self.cpus[index].spend(errand.cost_ns)
        errand.action(self.cpus[index].free_ns)

    def charge_send(self, source: int, targets: Sequence[int], frame: Frame) -> int:
        """Charge for telling peers something; the time that this has reached."""
        for each in targets:
            self.cpus[source].tell(each, _kind(frame), self.costs.message_ns)
        return self.cpus[source].free_ns

    def charge_arrival(self, index: int, arrival: Arrival) -> None:
        """Charge for hearing a peer, and for a look at what it signed, whoever really verifies that."""
        if self.are_free:
            return
        self.cpus[index].hear(arrival.source, _kind(arrival.frame), arrival.turn, self.costs.message_ns)
        if isinstance(arrival.frame, SignedMessage):
            self.cpus[index].spend(self.costs.verify_ns + self.costs.hash_ns(len(arrival.frame.body)))

    def charge_apply(self, index: int, transactions: int) -> None:
        """Charge for the execution of a block, which is then written by itself."""
        if not self.are_free:
            self.cpus[index].execute(self.costs.block_ns + self.costs.apply_ns * transactions)

    def charge_start(self, index: int, left_ns: int) -> tuple[int, int]:
        """Let a process that starts go on for a slice; the time that this has reached, and what is left."""
        slice_ns = min(left_ns, SLICE_NS)
        self.cpus[index].spend(slice_ns)
        return self.cpus[index].free_ns, left_ns - slice_ns

    def cut_power(self, index: int, unsynced: Unsynced) -> int:
        """Forget what is not on the disk; how many writes no sync had confirmed."""
        worked_ns = self.cpus[index].busy_ns
        self.cpus[index] = Cpu()
        self.cpus[index].busy_ns = worked_ns
        self.lives[index] += 1
        disk = self.disks[index]
        found = disk.unsynced
        if unsynced != "keep":
            draw = next(seeded_stream(self._suite, self._seed, f"disk:{index}:{self.lives[index]}"))
            disk.lose_power(kept=draw % (found + 1) if unsynced == "tear" else 0)
        return found

    def back_up(self, index: int) -> None:
        """Keep a copy of a disk as it is now."""
        self.backups[index] = self.disks[index].copy()

    def replace_disk(self, index: int, store: MemoryStore) -> None:
        """Put another disk in."""
        self.disks[index] = self._disk(index, store)

    def _disk(self, index: int, store: MemoryStore) -> SimDisk:
        return SimDisk(store, self._sync_of(index, "store"))

    def _guard(self, index: int) -> SimGuard:
        return SimGuard(self._sync_of(index, "guard"))

    def _sync_of(self, index: int, disk: str) -> Callable[[], None] | None:
        """What charges a validator for a sync; None when nothing costs anything."""
        if self.are_free:
            return None
        return lambda: self.cpus[index].sync(disk)


def _kind(frame: Frame) -> str:
    """Frames of one kind are put together (`govchain.node.peers`)."""
    return type(frame).__name__
