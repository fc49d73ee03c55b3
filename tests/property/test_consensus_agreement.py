"""Random delivery, loss, duplication, execution delay and crashes: nobody disagrees, and healing decides all.

Two phases: first anything may go wrong, then the world heals and progress is demanded.
"""

from __future__ import annotations

from random import Random

from hypothesis import example, given, settings
from hypothesis import strategies as st

from govchain.consensus import TimerKind
from tests.support.consensus_world import Envelope, World, small_parameters

HEALING_ROUNDS_MAX = 60


class Storm:
    """Drives a world by a seeded dice."""

    def __init__(self, n: int, seed: int, *, loss: float, with_crashes: bool) -> None:
        self.world = World(n, parameters=small_parameters(), executes=False)
        self.random = Random(seed)
        self.loss = loss
        self.with_crashes = with_crashes
        self.submitted: list[str] = []
        self.lost = 0
        self.crashes = 0

    def rage(self, steps: int) -> None:
        """Anything may happen, in any order."""
        for _ in range(steps):
            self._step()

    def heal(self) -> None:
        """Nothing is lost any more: everybody up, everything delivered, timers fire."""
        world = self.world
        for member in world.members:
            if member.replica is None:
                world.restart(member.index)
        for name in self.submitted:  # Gossip and pools are not under test: everybody gets every transaction.
            world.submit(name)
        for _ in range(HEALING_ROUNDS_MAX):
            self._settle()
            if all(len(world.order(member.index)) == len(self.submitted) for member in world.members):
                break
            for member in world.members:
                world.fire(member.index, TimerKind.RETRANSMIT)
                world.fire(member.index, TimerKind.BATCH_AGE)

    def certify(self) -> None:
        """Let the last certificates complete."""
        for _ in range(HEALING_ROUNDS_MAX):
            self._settle()
            if all(not self.world.replica(member.index).status().stall for member in self.world.members):
                return
            for member in self.world.members:
                self.world.fire(member.index, TimerKind.RETRANSMIT)

    def _settle(self) -> None:
        busy = True
        while busy:
            self.world.deliver_all()
            busy = any([self.world.execute(member.index) for member in self.world.members])

    def _step(self) -> None:
        world, random = self.world, self.random
        index = random.randrange(len(world.members))
        dice = random.random()
        if dice < 0.06:
            self._submit()
        elif dice < 0.16:
            world.execute(index)
        elif dice < 0.20:
            world.fire(index, random.choice([TimerKind.RETRANSMIT, TimerKind.BATCH_AGE]))
        elif dice < 0.22 and self.with_crashes:
            self._crash_or_restart(index)
        elif world.wire:
            self._carry(world.wire[random.randrange(len(world.wire))])

    def _submit(self) -> None:
        name = f"t{len(self.submitted)}"
        everyone = range(len(self.world.members))
        lucky = [index for index in everyone if self.random.random() < 0.8]
        up = [index for index in lucky if self.world.members[index].replica is not None]
        self.world.submit(name, to=up)
        self.submitted.append(name)

    def _carry(self, envelope: Envelope) -> None:
        dice = self.random.random()
        if dice < self.loss:
            self.world.wire.remove(envelope)
            self.lost += 1
        elif dice < self.loss + 0.1:
            self.world.receive(envelope)  # A duplicate: it stays on the wire.
        else:
            self.world.deliver(envelope)

    def _crash_or_restart(self, index: int) -> None:
        if self.world.members[index].replica is None:
            self.world.restart(index)
        else:
            self.world.crash(index)
            self.crashes += 1


def judge(storm: Storm) -> None:
    """Everybody executed the same, everything, each once, with certificates."""
    world = storm.world
    orders = [world.order(member.index) for member in world.members]
    assert all(order == orders[0] for order in orders)
    assert sorted(orders[0]) == sorted(storm.submitted)
    for member in world.members:
        assert world.replica(member.index).status().stall == ""
        assert world.rejections(member.index).count("equivocation") == 0
        assert world.accused(member.index) == []
        assert len({header.parent for header in member.disk.headers}) == len(member.disk.headers)


@settings(max_examples=25)
@given(
    n=st.integers(1, 7),
    seed=st.integers(0, 2**32),
    loss=st.sampled_from([0.0, 0.1, 0.4]),
    with_crashes=st.booleans(),
)
@example(n=4, seed=1, loss=0.4, with_crashes=True)
def test_NC6_agreement_and_progress_after_any_storm(
    n: int, seed: int, loss: float, with_crashes: bool
) -> None:
    storm = Storm(n, seed, loss=loss, with_crashes=with_crashes)
    storm.rage(300)
    storm.heal()
    storm.certify()
    judge(storm)


def test_VC6_the_storm_does_lose_messages_and_crash_validators() -> None:
    """The property test would prove little if its dice never hurt anybody."""
    storm = Storm(4, 7, loss=0.4, with_crashes=True)
    storm.rage(600)
    assert storm.lost > 20
    assert storm.crashes > 1
    assert len(storm.submitted) > 10
