"""Who cheats in a simulated network, how, and how often it really did.

What each lie is stands in `traitors`, `liars` and `twins`. Who becomes a traitor is decided outside.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from govchain.crypto import Signer, Suite
from govchain.model import Genesis
from govchain.sim.disk import SimDisk
from govchain.sim.liars import Mutator, Replayer, SyncLiar, WrongExecutor
from govchain.sim.network import Frame, seeded_stream
from govchain.sim.traitors import Censor, Equivocator, HugeViews, Plot, Traitor
from govchain.sim.twins import Original, Twins
from govchain.sim.world import World
from govchain.storage import MemoryGuard


@dataclass(frozen=True, slots=True)
class Role:
    """What a traitor has to work with.

    Attributes:
        original: The validator that becomes one.
        org: Code of the organisation that it is after, if its behaviour has one.
        plot: Shared with all other equivocators.
        draws: Numbers of its own.
    """

    original: Original
    genesis: Genesis
    suite: Suite
    org: str
    plot: Plot
    draws: Iterator[int]

    @property
    def index(self) -> int:
        return self.original.index

    @property
    def signer(self) -> Signer:
        """Its first vote key."""
        return self.original.signers[0]


TRAITORS: Final[dict[str, Callable[[Role], Traitor]]] = {
    "equivocate": lambda role: Equivocator(role.index, role.suite, role.signer, role.plot),
    "huge_views": lambda role: HugeViews(role.index, role.genesis, role.suite, role.signer),
    "censor": lambda role: Censor(role.org),
    "replay": lambda role: Replayer(role.draws),
    "mutate": lambda role: Mutator(role.signer, role.draws),
    "twins": lambda role: Twins(role.original, role.genesis, role.suite),
    "wrong_execution": lambda role: WrongExecutor(role.suite, role.signer),
    "lying_sync": lambda role: SyncLiar(role.draws),
}
"""Behaviour to what makes its traitor."""


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
        behaviour: str,
        org: str,
        machine: tuple[Sequence[Signer], SimDisk, MemoryGuard],
        world: World,
    ) -> None:
        """This validator cheats from now on."""
        self._recruited += 1
        draws = seeded_stream(self._suite, self._seed, f"traitor:{self._recruited}")
        original = Original(index, *machine, world)
        role = Role(original, self._genesis, self._suite, org, self._plot, draws)
        self.traitors[index] = Counted(TRAITORS[behaviour](role), lambda: self._note_lie(index))

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
