"""How fast the simulator is: message deliveries a second of one process, with every invariant checked.

A delivery is one consensus message that arrives at one validator and is taken by its core. Gossip, blocks
and timers are events and no deliveries. Reads a clock and nothing else; printing is the caller's work.
"""

from __future__ import annotations

import gc
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import msgspec

from govchain.bench.load import prepare_load
from govchain.config import DurationNs
from govchain.crypto import Suite, chain_id_of, suite
from govchain.errors import SimulationFailure
from govchain.model import Organisation
from govchain.sim import FixedLatency, SimCluster
from govchain.sim.symbolic import SymbolicSuite
from govchain.testnet.plan import (
    GenesisWithSecrets,
    NetworkPlan,
    PlannedPerson,
    PlannedValidator,
    build_genesis,
    person_label,
    validator_label,
)

ORG: Final = "91990100MA0XX00Y57"
TIME_MS: Final = 1_793_581_200_000
CLAIMED_TIME: Final = "2026-11-01T00:00:00Z"
NS_PER_MS: Final = 1_000_000
NS_PER_S: Final = 1_000_000_000
EXPIRY_HEIGHT: Final = 9_000
EVENTS_MAX: Final = 1_000_000_000
YOUNG_OBJECTS: Final = 1_000_000
"""New objects after which the collector looks for cycles among them."""
DRAIN_NS: Final = 10 * NS_PER_S
"""Virtual time in which the last records must become final."""


class SimBench(msgspec.Struct, frozen=True):
    """One run: so many validators on links of one latency, a record every few milliseconds."""

    validators: int
    simulated_s: float
    is_traced: bool = False
    is_symbolic: bool = True
    is_execution_shared: bool = True
    latency_ms: int = 20
    record_every_ms: int = 50


class SimFigures(msgspec.Struct, frozen=True):
    """What one run came to. Rates are per second of this machine; `simulated_s` is virtual."""

    validators: int
    traced: bool
    signatures: str
    """`symbolic`, or the name of the suite."""
    execution_shared: bool
    """Whether equal validators executed each block once together."""
    latency_ms: int
    simulated_s: float
    wall_s: float
    blocks: int
    deliveries: int
    deliveries_per_s: float
    events: int
    events_per_s: float
    violations: int
    """Always 0: a run in which an invariant was broken has no figures."""
    digest: str
    """Of the trace; empty when it was not traced."""


def measure_simulation(bench: SimBench) -> SimFigures:
    """Run one network and measure it; keys and records are made before the clock starts.

    Raises:
        SimulationFailure: An invariant was broken, or the records did not become final.
    """
    made = _network(bench)
    real = suite(made.genesis.suite)
    chosen: Suite = SymbolicSuite(real) if bench.is_symbolic else real
    cluster = SimCluster(
        made.genesis,
        {v.name: made.secrets[validator_label(v.name)] for v in made.genesis.validators.members},
        suite=chosen,
        latency=FixedLatency(DurationNs(bench.latency_ms * NS_PER_MS)),
        is_traced=bench.is_traced,
        is_execution_shared=bench.is_execution_shared,
        events_max=EVENTS_MAX,
    )
    gap_ns = bench.record_every_ms * NS_PER_MS
    count = max(1, round(bench.simulated_s * NS_PER_S / gap_ns))
    load = prepare_load(
        chain_id_of(chosen, made.genesis),
        [(ORG, chosen.signer(made.secrets[person_label("clerk")]))],
        count,
        claimed_time=CLAIMED_TIME,
        expiry_height=EXPIRY_HEIGHT,
    )
    with _rare_collection():
        began_s = time.perf_counter()
        for number, record in enumerate(load.transactions):
            cluster.run_to(number * gap_ns)
            cluster.submit(record, to=0)
        cluster.run_to(count * gap_ns)
        wall_s = time.perf_counter() - began_s
    deliveries, events, blocks = cluster.deliveries, cluster.events, cluster.node(0).ledger.height
    digest = cluster.digest.hex()
    _require_sound(cluster, count)
    return SimFigures(
        validators=bench.validators,
        traced=bench.is_traced,
        signatures="symbolic" if bench.is_symbolic else made.genesis.suite,
        execution_shared=bench.is_execution_shared,
        latency_ms=bench.latency_ms,
        simulated_s=count * gap_ns / NS_PER_S,
        wall_s=round(wall_s, 3),
        blocks=blocks,
        deliveries=deliveries,
        deliveries_per_s=round(deliveries / wall_s, 1),
        events=events,
        events_per_s=round(events / wall_s, 1),
        violations=len(cluster.checks.violations),
        digest=digest,
    )


@contextmanager
def _rare_collection() -> Iterator[None]:
    """Frames and votes form no cycles, so looking for some all the time is wasted."""
    usual = gc.get_threshold()
    gc.collect()
    gc.freeze()
    gc.set_threshold(YOUNG_OBJECTS, *usual[1:])
    try:
        yield
    finally:
        gc.set_threshold(*usual)
        gc.unfreeze()


def _require_sound(cluster: SimCluster, count: int) -> None:
    def is_done() -> bool:
        return all(node.ledger.transaction_count == count for node in cluster.running()) and all(
            node.final_height == node.ledger.height for node in cluster.running()
        )

    is_final = cluster.run_until(is_done, limit_ns=cluster.now_ns + DRAIN_NS)
    violations = cluster.finish()
    if violations:
        raise SimulationFailure(cluster.seed, cluster.events, violations[0].problem)
    if not is_final:
        raise SimulationFailure(cluster.seed, cluster.events, "the records did not become final")


def _network(bench: SimBench) -> GenesisWithSecrets:
    return build_genesis(
        NetworkPlan(
            name="bench",
            time_ms=TIME_MS,
            validators=tuple(PlannedValidator(f"validator-{i}", ORG) for i in range(bench.validators)),
            organisations=(Organisation(ORG, "Platform", roles=("evidence-platform",)),),
            people=(PlannedPerson("clerk", ORG, ()),),
            seed=1,
        )
    )
