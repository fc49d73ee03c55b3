"""A validator that runs twice with one key, as after the copy of a virtual machine (situation 45).

The twin starts from the same disk and guard and is as honest as its original, but knows nothing of it: both
hear everything, one speaks to validators with an even index, the other to the rest.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from govchain.consensus import SetTimer, SignedMessage, TimerKind
from govchain.crypto import Signer, Suite
from govchain.model import Genesis
from govchain.sim.disk import SimDisk
from govchain.sim.execution import SharedExecution
from govchain.sim.network import Frame
from govchain.sim.node import SimNode
from govchain.sim.trace import Fact
from govchain.sim.world import World
from govchain.storage import MemoryGuard


@dataclass(frozen=True, slots=True)
class Original:
    """A validator's machine, and the world around it."""

    index: int
    signers: Sequence[Signer]
    disk: SimDisk
    guard: MemoryGuard
    world: World


class Twins:
    """The original's side of the wires, with the twin behind it; questions both may ask of everybody."""

    def __init__(self, original: Original, genesis: Genesis, suite: Suite) -> None:
        self._index = original.index
        self._is_twin_speaking = False
        self._world = TwinWorld(original.world, self)
        self._twin = SimNode(
            original.index,
            genesis,
            suite=suite,
            signers=original.signers,
            disk=SimDisk(original.disk.copy(), None),
            guard=MemoryGuard(original.guard.records),
            world=self._world,
            is_restart=True,
        )
        self._is_started = False

    def sends(self, target: int, frame: Frame) -> list[Frame]:
        is_common = not isinstance(frame, SignedMessage)
        return [frame] if is_common or (target % 2 == 1) == self._is_twin_speaking else []

    def takes(self, source: int, frame: Frame) -> bool:
        if not self._is_started:
            self._is_started = True
            self._twin.start()
        for kind, generation in self._world.take_due(self._index):
            self._twin.fire(kind, generation)
        self._twin.receive(source, frame)
        return True

    def speak(self, world: World, target: int | None, frame: Frame) -> None:
        """The twin sends something."""
        self._is_twin_speaking = True
        world.send(self._index, target, frame)
        self._is_twin_speaking = False


class TwinWorld:
    """What the twin sees of the world.

    Its timers are looked at whenever a frame comes, which is often enough; its traces have other names.
    """

    def __init__(self, world: World, twins: Twins) -> None:
        self.names = world.names
        self.is_traced = world.is_traced
        self.checks = world.checks
        self.door = world.door
        self.forms = world.forms
        self.protocol = world.protocol
        self.execution: SharedExecution | None = None
        self._world = world
        self._twins = twins
        self._timers: dict[TimerKind, tuple[int, int]] = {}

    def now_ms(self, node: int) -> int:
        return self._world.now_ms(node)

    def send(self, source: int, target: int | None, frame: Frame) -> None:
        self._twins.speak(self._world, target, frame)

    def arm(self, node: int, timer: SetTimer) -> None:
        self._timers[timer.kind] = (self.now_ms(node) + timer.delay_ms, timer.generation)

    def cancel(self, node: int, kind: TimerKind) -> None:
        self._timers.pop(kind, None)

    def take_due(self, node: int) -> list[tuple[TimerKind, int]]:
        """Timers that have run out, with their generations; each is given once."""
        now_ms = self.now_ms(node)
        due = [(kind, generation) for kind, (at_ms, generation) in self._timers.items() if at_ms <= now_ms]
        for kind, _ in due:
            del self._timers[kind]
        return due

    def record(self, node: int, kind: str, **facts: Fact) -> None:
        self._world.record(node, f"twin-{kind}", **facts)

    def node_of(self, public_key: bytes) -> int:
        return self._world.node_of(public_key)

    def spend_apply(self, node: int, transactions: int) -> None:
        """Nothing: the twin has a processor of its own, which nobody measures."""
