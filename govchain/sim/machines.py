"""The computers of the simulated validators: a processor and a disk each, with what work and syncs cost.

Which validator works, loses power or gets another disk is decided by the cluster.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Generic, Literal, TypeVar

from govchain.crypto import Signer, Suite
from govchain.sim.cpu import NO_COSTS, CostedSuite, Costs, Cpu
from govchain.sim.disk import SimDisk
from govchain.sim.network import seeded_stream
from govchain.storage import MemoryStore

Work = TypeVar("Work")
Unsynced = Literal["keep", "lose", "tear"]
"""What a power cut does to writes that no sync confirmed."""


class Machines(Generic[Work]):
    """One computer a validator.

    Attributes:
        costs: What work costs on each.
        cpus: Processors, by validator.
        disks: Disks, by validator.
        backups: The copy of its disk that each made last; empty ones at first.
        lives: How often each lost power; timers and queues of another life count for nothing.
    """

    def __init__(self, suite: Suite, seed: int, count: int, costs: Costs) -> None:
        self.costs = NO_COSTS if costs.are_none else costs
        self.cpus: list[Cpu[Work]] = [Cpu() for _ in range(count)]
        self.disks = [self._disk(index, MemoryStore()) for index in range(count)]
        self.backups = [MemoryStore() for _ in range(count)]
        self.lives = [0] * count
        self._suite = suite
        self._seed = seed

    def power_on(self, index: int, signers: Sequence[Signer], now_ns: int) -> tuple[Suite, Sequence[Signer]]:
        """Suite and signers with which a validator works on this machine from now on."""
        self.cpus[index].begin(now_ns)
        if self.costs.are_none:
            return self._suite, signers
        costed = CostedSuite(self._suite, self.costs, self.cpus[index].spend)
        return costed, [costed.costed(signer) for signer in signers]

    def charge_message(self, index: int, size_bytes: int) -> None:
        """Charge for a look at a signed message, whoever really verified it."""
        self.cpus[index].spend(self.costs.verify_ns + self.costs.hash_ns(size_bytes))

    def cut_power(self, index: int, unsynced: Unsynced) -> int:
        """Forget what is not on the disk; how many writes no sync had confirmed."""
        self.cpus[index] = Cpu()
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
        return SimDisk(store, lambda: self.cpus[index].spend(self.costs.sync_ns))
