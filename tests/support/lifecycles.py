"""The machine under random interleavings of life cycles, and what holds after every transaction.

Which requests it throws, and what its records must keep, is for the tests. `GOVCHAIN_LIFECYCLE_RUNS=1000
pytest --timeout 0 tests/property/test_*lifecycles*` runs as many random orders of each as the domain asks,
in some minutes; without it a few.
"""

from __future__ import annotations

import functools
import itertools
import os
from typing import Any

from hypothesis import settings
from hypothesis.stateful import INVARIANT_MARKER, RuleBasedStateMachine, invariant

from govchain.ledger import RecordState
from govchain.ledger.kinds import KINDS
from govchain.ledger.state import denial_key, nonces_key
from govchain.model import Space
from tests.support.ledger_world import SUITE, LedgerWorld, signer_of

RUNS = settings(
    max_examples=int(os.environ.get("GOVCHAIN_LIFECYCLE_RUNS", "25")), stateful_step_count=25, deadline=None
)


class Machine(RuleBasedStateMachine):
    """A world, and what holds after every transaction of any kind."""

    record_types: tuple[str, ...] = ()

    def __init__(self) -> None:
        super().__init__()
        self.world = self.make_world()
        self.states: dict[str, str] = {}
        self.denied = 0

    def make_world(self) -> LedgerWorld:
        return LedgerWorld()

    def org_of(self, person: str) -> str | None:
        """Organisation that somebody signs for; None: as the world knows."""
        return None

    def ask(self, kind: str, person: str, object_id: str, fields: Any) -> bool:
        """Submit one transaction and check what it changed."""
        world = self.world
        payload = world.payload(kind, object_id, fields)
        transaction = world.sign(kind, person, payload, org=self.org_of(person))
        executed = world.execute([transaction])
        (result,) = executed.block.results
        if not result.applied:
            self.denied += 1
            changed = {key for space, key, _ in executed.writes if space is Space.STATE}
            expected = {denial_key(SUITE.digest(transaction.body)), nonces_key(signer_of(person).key_id)}
            assert changed == expected, result
        return result.applied

    def known(self, *record_types: str) -> list[RecordState]:
        """Every record of these types; of all that the machine is about without any."""
        found = []
        for space, key in self.world.store.rows:
            if space is Space.STATE and key.startswith(b"record/"):
                _, record_type, object_id = key.decode().split("/", 2)
                if record_type in (record_types or self.record_types):
                    found.append(self.world.record(record_type, object_id))
        return found

    def hold_invariants(self) -> None:
        """Ask every invariant of the machine once more."""
        checks = [getattr(type(self), name) for name in dir(type(self))]
        for check in checks:
            if hasattr(check, INVARIANT_MARKER):
                check(self)

    @invariant()
    def test_G3_only_listed_changes(self) -> None:
        for record in self.known():
            listed = listed_changes(record.record_type)
            states = ["", *(entry.state for entry in record.timeline)]
            assert states[-1] == record.state
            assert len(record.timeline) == record.version
            for change in itertools.pairwise(states):
                assert change in listed, f"{record.object_id}: {change}"

    @invariant()
    def test_G9_timelines_never_run_back(self) -> None:
        for record in self.known():
            times = [entry.claimed_time_ms for entry in record.timeline]
            assert times == sorted(times)

    @invariant()
    def test_G8_every_denial_is_counted(self) -> None:
        assert sum(self.world.ledger.denial_counts.values()) == self.denied


@functools.cache
def listed_changes(record_type: str) -> set[tuple[str, str]]:
    """Changes of state that a kind of record lists; the first one starts from the empty state."""
    kind = KINDS[record_type]
    rows = kind.transitions
    listed = {(old, new) for row in rows for old in row.from_states for new in row.to_states}
    listed |= {("", new) for row in rows if not row.from_states for new in row.to_states}
    return listed | set(kind.side_changes)
