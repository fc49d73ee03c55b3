"""Gateways inside a simulation: the same code as in processes, and equal records for equal seeds."""

from __future__ import annotations

from govchain.gateway import Answered
from govchain.scenario.sim_backend import SimBackend
from tests.support.gateway_story import Ended, in_memory, play


async def play_simulated() -> Ended:
    backend = SimBackend()
    return await play(backend, in_memory(backend))


async def test_gateways_of_a_simulation_exchange_and_repeat_to_the_byte() -> None:
    first = await play_simulated()
    assert isinstance(first.outcome, Answered), first.outcome
    assert first.outcome.told == {"status": True}
    assert first.timeline == ("exchange.query", "exchange.answer", "exchange.confirm")
    assert first.uses == 1
    assert len(first.state_roots) == 1
    assert await play_simulated() == first
