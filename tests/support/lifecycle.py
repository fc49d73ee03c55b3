"""A machine that throws requests at one chain, and what holds after each of any kind.

Subclasses bring the requests and the invariants of their kinds. `GOVCHAIN_LIFECYCLE_RUNS=1000 pytest
tests/property/test_lifecycles*` runs as many random orders of each as the domain asks for; without it a few.
"""

from __future__ import annotations

import itertools
import os
from typing import Any, ClassVar

from hypothesis import settings
from hypothesis.stateful import RuleBasedStateMachine, invariant

from govchain.ledger import RecordState
from govchain.ledger.kinds import KINDS
from govchain.ledger.state import denial_key, nonces_key
from tests.support.ledger_world import PEOPLE, SUITE, LedgerWorld, signer_of

RUNS = settings(
    max_examples=int(os.environ.get("GOVCHAIN_LIFECYCLE_RUNS", "25")), stateful_step_count=25, deadline=None
)


class Machine(RuleBasedStateMachine):
    """A world, and what holds after every transaction of any kind."""

    record_type = ""
    more_types: ClassVar[tuple[str, ...]] = ()
    """Other types of record that its requests change."""

    def __init__(self) -> None:
        super().__init__()
        self.world = self.make_world()
        self.denied = 0

    def make_world(self) -> LedgerWorld:
        return LedgerWorld()

    def org_of(self, person: str) -> str | None:
        """Organisation that somebody signs for; None: as the world knows."""
        return PEOPLE[person][0]

    def ask(self, kind: str, person: str, object_id: str, fields: Any, **envelope: Any) -> bool:
        """Submit one transaction and check what it changed."""
        world = self.world
        before = world.store.state()
        payload = world.payload(kind, object_id, fields, **envelope)
        transaction = world.sign(kind, person, payload, org=self.org_of(person))
        (result,) = world.execute([transaction]).block.results
        if not result.applied:
            self.denied += 1
            after = world.store.state()
            changed = {key for key in before.keys() | after.keys() if before.get(key) != after.get(key)}
            expected = {denial_key(SUITE.digest(transaction.body)), nonces_key(signer_of(person).key_id)}
            assert changed == expected, result
        return result.applied

    def known(self, record_type: str = "") -> list[RecordState]:
        """Every record of a type; of the machine's own without one."""
        wanted = record_type or self.record_type
        prefix = f"record/{wanted}/".encode()
        ids = [key.decode().split("/", 2)[2] for key in self.world.store.state() if key.startswith(prefix)]
        return [self.world.record(wanted, object_id) for object_id in ids]

    @property
    def types(self) -> tuple[str, ...]:
        return (self.record_type, *self.more_types)

    @invariant()
    def test_G3_only_listed_changes(self) -> None:
        for record_type in self.types:
            kind = KINDS[record_type]
            rows = kind.transitions
            listed = {(old, new) for row in rows for old in row.from_states for new in row.to_states}
            listed |= {("", new) for row in rows if not row.from_states for new in row.to_states}
            listed |= set(kind.side_changes)
            for record in self.known(record_type):
                states = ["", *(entry.state for entry in record.timeline)]
                assert states[-1] == record.state
                assert len(record.timeline) == record.version
                for change in itertools.pairwise(states):
                    assert change in listed, f"{record.object_id}: {change}"

    @invariant()
    def test_G9_timelines_never_run_back(self) -> None:
        for record in itertools.chain.from_iterable(map(self.known, self.types)):
            times = [entry.claimed_time_ms for entry in record.timeline]
            assert times == sorted(times)

    @invariant()
    def test_G8_every_denial_is_counted(self) -> None:
        assert sum(self.world.ledger.denial_counts.values()) == self.denied
