"""The pool's traffic of a validator: what is told to the primary again, and when."""

from __future__ import annotations

import io
from pathlib import Path

from govchain.node.parts import assemble
from govchain.node.pool import PoolTraffic
from govchain.observe import open_log
from govchain.storage import MemoryStore
from tests.support.node_world import NodeWorld, signer


def test_situation_47_RQ3_what_waited_through_two_looks_is_told_again() -> None:
    world = NodeWorld(Path())
    parts = assemble(
        world.genesis,
        "validator-1",
        [signer("validator/validator-1")],
        MemoryStore(),
        log=open_log("validator-1", io.StringIO()),
        clock=lambda: 0.0,
        now_ms=lambda: 0,
    )
    pool = PoolTraffic(parts)
    first, second = world.deposits(2)
    pool.submit([first], 0.0)
    assert pool.forwardable() == [], "it may be on its way into a batch"
    # Not an own submission: whoever took it may be gone, and the primary has forgotten it.
    pool.receive("validator-2", [second], 100)
    pool.admit_waiting(10)
    assert pool.forwardable() == [first]
    assert pool.forwardable() == [first, second]
