"""Gateways inside a simulation: the same code as in processes, and equal records for equal seeds."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from govchain.gateway import Answered, Ask, Outcome
from govchain.gateway.holdings import Holding
from govchain.ledger.identifiers import parse_time_ms
from govchain.scenario import load_scenario
from govchain.scenario.builder import Builder
from govchain.scenario.gateways import MemoryGateways
from govchain.scenario.rehearsal import rehearse
from govchain.scenario.sim_backend import SimBackend
from tests.architecture.sources import ROOT
from tests.support.gateway_world import OFFERS
from tests.support.sharing_world import CA, HPF, MARRIAGE

STORY = ROOT / "scenarios" / "045-one-question-between-departments.yaml"
EXPIRY = 5_000
NS_PER_S = 1_000_000_000


@dataclass(frozen=True)
class Ended:
    outcome: Outcome
    timeline: tuple[str, ...]
    state_root: bytes
    calls: int


async def play(path: Path) -> Ended:
    """The story up to the consent; then its gateways ask for real."""
    loaded = load_scenario(path)
    rehearsal, backend = rehearse(loaded), SimBackend()
    await backend.start(rehearsal)
    builder = Builder(rehearsal, backend)
    at_ns = 0
    for step in loaded.scenario.steps:
        at_ns += 10 * NS_PER_S
        await backend.advance(at_ns)
        if step.id == "query":
            break
        built = await builder.build(step, at_ns)
        status = await backend.submit(built.transaction, 30 * NS_PER_S)
        assert status.result is not None
        if status.result.applied and step.save:
            builder.save(step.save, built)
    now_ms = parse_time_ms(loaded.claimed_time(at_ns))
    gateways = MemoryGateways(rehearsal, backend, lambda: now_ms, expiry_height=EXPIRY, offers={CA: OFFERS})
    await gateways.of(CA).hold(
        [
            Holding(
                item=MARRIAGE,
                person="wang-at-ca",
                values={"status": "married"},
                known_as={HPF: "wang-at-hpf"},
            )
        ]
    )
    outcome = await gateways.of(HPF).ask(
        Ask(
            exchange="X-2026-1",
            item=MARRIAGE,
            provider=CA,
            grant="G-2026-1",
            purpose="hpf-loan",
            fields=("status",),
            mode="yes-no",
            subject_ref="wang-at-hpf",
            consent="C-2026-1",
            claimed_time_ms=now_ms,
        )
    )
    record = await backend.record("exchange", "X-2026-1")
    uses = await gateways.of(CA).uses("wang-at-ca")
    gateways.close()
    await backend.settle(30 * NS_PER_S)
    assert record is not None
    return Ended(
        outcome,
        tuple(entry.kind for entry in record.timeline),
        (await backend.nodes())[0].state_root,
        len(uses),
    )


async def test_gateways_of_a_simulation_exchange_and_repeat_to_the_byte() -> None:
    first = await play(STORY)
    assert isinstance(first.outcome, Answered), first.outcome
    assert first.outcome.told == {"status": True}
    assert first.timeline == ("exchange.query", "exchange.answer", "exchange.confirm")
    assert first.calls == 1
    assert await play(STORY) == first
