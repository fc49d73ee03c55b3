"""No field of a record stops a ledger, whatever stands in it, and what it applies is right to the judge."""

from __future__ import annotations

import pytest
from hypothesis.stateful import run_state_machine_as_test

from tests.property.test_lifecycles_joint import DecisionLife
from tests.sim.test_sim_lifecycles import MACHINES
from tests.support.faulted_lives import FAULTED_RUNS
from tests.support.lifecycles import Machine
from tests.support.strange_fields import WithStrangeFields


@pytest.mark.parametrize("machine", [*MACHINES, DecisionLife], ids=lambda machine: machine.__name__)
def test_strange_fields_are_denied_or_right(machine: type[Machine]) -> None:
    both = type(f"Strange{machine.__name__}", (WithStrangeFields, machine), {})
    run_state_machine_as_test(both, settings=FAULTED_RUNS)
