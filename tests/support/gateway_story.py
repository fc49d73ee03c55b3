"""The story of one question, played on a backend up to the consent; then gateways ask for real."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass

from govchain.gateway import Ask, GatewayPort, Holding, Outcome
from govchain.ledger.identifiers import parse_time_ms
from govchain.scenario import load_scenario
from govchain.scenario.backend import Backend, Rehearsal
from govchain.scenario.builder import Builder
from govchain.scenario.gateways import MemoryGateways
from govchain.scenario.rehearsal import rehearse
from tests.architecture.sources import ROOT
from tests.support.gateway_world import OFFERS
from tests.support.sharing_world import CA, HPF, MARRIAGE

STORY = ROOT / "scenarios" / "045-one-question-between-departments.yaml"
EXPIRY_HEIGHT = 5_000
NS_PER_S = 1_000_000_000

Open = Callable[[Rehearsal, int], AbstractAsyncContextManager[Callable[[str], GatewayPort]]]
"""Opens gateways for a rehearsal, at a moment of the story; gives them by organisation."""


@dataclass(frozen=True)
class Ended:
    outcome: Outcome
    timeline: tuple[str, ...]
    state_roots: frozenset[bytes]
    uses: int


def in_memory(backend: Backend) -> Open:
    @asynccontextmanager
    async def open_(rehearsal: Rehearsal, now_ms: int) -> AsyncIterator[Callable[[str], GatewayPort]]:
        gateways = MemoryGateways(
            rehearsal, backend, lambda: now_ms, expiry_height=EXPIRY_HEIGHT, offers={CA: OFFERS}
        )
        yield gateways.of
        gateways.close()

    return open_


async def play(backend: Backend, open_: Open) -> Ended:
    loaded = load_scenario(STORY)
    rehearsal = await backend.start(rehearse(loaded))
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
    async with open_(rehearsal, now_ms) as gateway_of:
        giving, asking = gateway_of(CA), gateway_of(HPF)
        known_as = {HPF: "wang-at-hpf"}
        held = Holding(item=MARRIAGE, person="wang-at-ca", values={"status": "married"}, known_as=known_as)
        await giving.hold([held])
        outcome = await asking.ask(
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
        uses = await giving.uses("wang-at-ca")
    record = await backend.record("exchange", "X-2026-1")
    await backend.settle(30 * NS_PER_S)
    assert record is not None
    roots = frozenset(node.state_root for node in await backend.nodes())
    return Ended(outcome, tuple(entry.kind for entry in record.timeline), roots, len(uses))
