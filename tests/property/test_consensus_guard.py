"""Disks wiped or put back to an old copy, in the middle of crashes, loss and view changes (rules RC-1, RC-2).

The judge inside `World` watches every step: no validator contradicts what it signed before it forgot.
"""

from __future__ import annotations

from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.property.test_consensus_view_change import ViewStorm, judge
from tests.support.consensus_world import Disk

MORE_ROUNDS = 9
"""Heights after the storm: enough to pass whatever somebody voted on before it forgot."""


class DiskStorm(ViewStorm):
    """A storm in which some validators lose their disks again and again."""

    def __init__(self, n: int, seed: int, *, loss: float, forgetful: int) -> None:
        super().__init__(n, seed, loss=loss, with_crashes=True)
        self.forgetful = self.random.sample(range(n), forgetful)
        self.backups: dict[int, list[Disk]] = {index: [] for index in self.forgetful}
        self.losses = 0

    def _step(self) -> None:
        dice = self.random.random()
        if self.forgetful and dice < 0.03:
            index = self.random.choice(self.forgetful)
            self.backups[index].append(self.world.members[index].disk.copy())
        elif self.forgetful and dice < 0.05:
            self._lose_disk(self.random.choice(self.forgetful))
        else:
            super()._step()

    def _lose_disk(self, index: int) -> None:
        if self.world.members[index].replica is not None:
            self.world.crash(index)
        self.world.replace_disk(index, self.random.choice([None, *self.backups[index]]))
        self.losses += 1
        self.world.restart(index)

    def go_on(self) -> None:
        """The network is healthy and has something to do."""
        for _ in range(MORE_ROUNDS):
            name = f"t{len(self.submitted)}"
            self.world.submit(name)
            self.submitted.append(name)
            self.finish()


@settings(max_examples=10, deadline=None)
@given(n=st.integers(4, 7), seed=st.integers(0, 2**32), loss=st.sampled_from([0.0, 0.1, 0.4]))
@example(n=4, seed=3, loss=0.1)
@example(n=7, seed=4, loss=0.4)
def test_situation_45_46_RC2_as_many_as_may_be_faulty_lose_their_disks_and_vote_again(
    n: int, seed: int, loss: float
) -> None:
    storm = DiskStorm(n, seed, loss=loss, forgetful=(n - 1) // 3)
    storm.rage(300)
    storm.heal(0)
    storm.finish()
    storm.go_on()
    judge(storm)
    assert [member.replica.status().silent_to for member in storm.world.members if member.replica] == [0] * n


@settings(max_examples=10, deadline=None)
@given(n=st.integers(1, 7), seed=st.integers(0, 2**32), loss=st.sampled_from([0.0, 0.1, 0.4]))
@example(n=4, seed=5, loss=0.1)
def test_situation_46_RC2_all_lose_their_disks_and_nobody_contradicts_anything(
    n: int, seed: int, loss: float
) -> None:
    storm = DiskStorm(n, seed, loss=loss, forgetful=n)
    storm.rage(300)
    storm.heal(0)
    storm.world.advance(20_000)


def test_RC2_the_storm_does_lose_disks_that_voted() -> None:
    storm = DiskStorm(4, 6, loss=0.1, forgetful=1)
    storm.rage(600)
    silenced = [note for member in storm.world.members for note in member.notes if note.event == "silenced"]
    assert storm.losses > 3
    assert len(silenced) > 1
