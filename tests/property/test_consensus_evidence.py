"""Storms of crashes, loss and views with a traitor among the validators: every piece of evidence names it.

The storms without one are in the two modules beside this: they end without any evidence.
"""

from __future__ import annotations

from random import Random

from hypothesis import example, given, settings
from hypothesis import strategies as st

from govchain.consensus.messages import ConsensusMessage
from tests.property.test_consensus_view_change import ViewStorm
from tests.support.consensus_world import SUITE

STEPS = 400


class TraitorStorm(ViewStorm):
    """One validator follows the protocol and signs, besides, whatever contradicts it."""

    def __init__(self, n: int, seed: int, *, loss: float, traitor: int) -> None:
        super().__init__(n, seed, loss=loss, with_crashes=True)
        self.traitor = traitor
        self.lies = Random(seed + 1)

    def _step(self) -> None:
        super()._step()
        if self.lies.random() < 0.2:
            self._lie()

    def _lie(self) -> None:
        """Sign something for a place where others are, and tell one of them."""
        world, dice = self.world, self.lies
        honest = [each for each in world.members if each.index != self.traitor and each.replica is not None]
        if not honest:
            return
        target = dice.choice(honest)
        status = world.replica(target.index).status()
        seq = status.head_height + dice.randrange(1, 4)
        world.inject(target.index, self._contradiction(status.view + dice.randrange(2), seq))

    def _contradiction(self, view: int, seq: int) -> ConsensusMessage:
        world, dice, traitor = self.world, self.lies, self.traitor
        noise = SUITE.digest(bytes([dice.randrange(3)]))
        proposal = world.make_proposal(
            [f"t{dice.randrange(max(1, len(self.submitted)))}"], seq=seq, sender=traitor, view=view
        )
        match dice.randrange(6):
            case 0:
                return world.prepare(traitor, noise, seq=seq, view=view)
            case 1:
                return world.commit(traitor, noise, seq=seq, view=view)
            case 2:
                return world.attestation(traitor, noise, seq)
            case 3:
                return world.view_change(traitor, view + 1)
            case 4:
                # What it shows names others too, with votes that they never signed.
                shown = world.prepared(proposal, [])
                return world.view_change(traitor, view + 1, prepared=(shown,))
            case _:
                return proposal


def run(n: int, seed: int, loss: float, traitor: int) -> TraitorStorm:
    storm = TraitorStorm(n, seed, loss=loss, traitor=traitor % n)
    storm.rage(STEPS)
    storm.heal(0)
    for member in storm.world.members:
        assert all(validator == storm.traitor for validator, _ in storm.world.accused(member.index))
    return storm


@settings(max_examples=15, deadline=None)
@given(
    n=st.integers(4, 7),
    seed=st.integers(0, 2**32),
    loss=st.sampled_from([0.0, 0.1, 0.4]),
    traitor=st.integers(0, 6),
)
@example(n=4, seed=1, loss=0.1, traitor=0)
@example(n=4, seed=2, loss=0.4, traitor=3)
@example(n=5, seed=140, loss=0.1, traitor=0)  # Tells a liar what the new view of its own took over.
def test_EV2_after_any_storm_every_piece_of_evidence_names_the_traitor(
    n: int, seed: int, loss: float, traitor: int
) -> None:
    run(n, seed, loss, traitor)


def test_EV1_the_storm_finds_contradictions_of_every_phase() -> None:
    """The property would prove little if nobody were ever accused."""
    storms = [run(4, seed, 0.1, seed) for seed in range(8)]
    found = {phase for storm in storms for index in range(4) for _, phase in storm.world.accused(index)}
    assert found >= {"proposal", "prepare", "commit", "attestation", "view-change"}
