"""Who cheats in a simulated network, how, and how often it really did.

What each lie is stands in `traitors`, `liars` and `twins`. Who becomes a traitor is decided outside.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from govchain.crypto import Signer, Suite
from govchain.model import Genesis
from govchain.sim.disk import SimDisk
from govchain.sim.network import Frame, seeded_stream
from govchain.sim.protocol import MakeTraitor, Role, Traitor
from govchain.sim.traitors import Plot
from govchain.sim.twins import Original, Twins
from govchain.sim.world import World
from govchain.storage import MemoryGuard


class Treason:
    """Makes the traitors of one network, and counts.

    Attributes:
        traitors: Validator index to how it cheats.
        lies: Validator index to how many frames it sent otherwise than an honest one, or would not hear.
    """

    def __init__(self, genesis: Genesis, suite: Suite, seed: int) -> None:
        self.traitors: dict[int, Traitor] = {}
        self.lies: dict[int, int] = {}
        self._genesis = genesis
        self._suite = suite
        self._seed = seed
        self._plot = Plot(suite)
        self._recruited = 0

    def recruit(
        self,
        index: int,
        make: MakeTraitor,
        org: str,
        machine: tuple[Sequence[Signer], SimDisk, MemoryGuard],
        world: World,
    ) -> None:
        """This validator cheats from now on."""
        self._recruited += 1
        draws = seeded_stream(self._suite, self._seed, f"traitor:{self._recruited}")
        signers, disk, guard = machine
        original = Original(index, signers, disk, guard, world)
        role = Role(
            index=index,
            genesis=self._genesis,
            suite=self._suite,
            signer=signers[0],
            org=org,
            plot=self._plot,
            draws=draws,
            make_twins=lambda: Twins(original, self._genesis, self._suite),
        )
        self.traitors[index] = Counted(make(role), lambda: self._note_lie(index))

    def _note_lie(self, index: int) -> None:
        self.lies[index] = self.lies.get(index, 0) + 1


class Counted:
    """A traitor whose lies are counted."""

    def __init__(self, traitor: Traitor, note_lie: Callable[[], None]) -> None:
        self._traitor = traitor
        self._note_lie = note_lie

    def sends(self, target: int, frame: Frame) -> list[Frame]:
        sent = self._traitor.sends(target, frame)
        if sent != [frame]:
            self._note_lie()
        return sent

    def takes(self, source: int, frame: Frame) -> bool:
        is_taken = self._traitor.takes(source, frame)
        if not is_taken:
            self._note_lie()
        return is_taken
