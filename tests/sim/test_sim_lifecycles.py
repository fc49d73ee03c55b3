"""Random interleavings of life cycles on validators of which the primary crashes, or one cheats.

The machines are those of `tests/property`; what comes on top is in `tests.support.faulted_lives`.
`GOVCHAIN_LIFECYCLE_RUNS=1000 pytest --timeout 0 tests/sim/test_sim_lifecycles.py` plays as many of each.
"""

from __future__ import annotations

import pytest
from hypothesis import Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.property.test_lifecycles_evidence import EvidenceLife
from tests.property.test_lifecycles_identity import (
    AccreditationMachine,
    KeyMachine,
    LicenceLifeMachine,
    MemberMachine,
)
from tests.property.test_lifecycles_joint import SaleLife
from tests.property.test_lifecycles_offices import DirectoryLife, RegistrationLife, RiskLife, SubsidyLife
from tests.property.test_lifecycles_tax import InvoiceLife, TaxpayerLife
from tests.property.test_sharing_lifecycles import SharingMachine
from tests.support.faulted_lives import FAULTED_RUNS, UnderTrouble, WithACrash, WithATraitor
from tests.support.lifecycles import Machine
from tests.support.planted_bugs import BUGS

MACHINES: tuple[type[Machine], ...] = (
    LicenceLifeMachine,
    MemberMachine,
    KeyMachine,
    AccreditationMachine,
    EvidenceLife,
    InvoiceLife,
    TaxpayerLife,
    RiskLife,
    DirectoryLife,
    SharingMachine,
    SaleLife,
    RegistrationLife,
    SubsidyLife,
)


def both(trouble: type[UnderTrouble], machine: type[Machine]) -> type[UnderTrouble]:
    return type(f"{machine.__name__}{trouble.__name__}", (trouble, machine), {})


@pytest.mark.parametrize("machine", MACHINES, ids=lambda machine: machine.__name__)
@pytest.mark.parametrize("trouble", [WithACrash, WithATraitor], ids=lambda trouble: trouble.__name__)
def test_a_life_cycle_survives(trouble: type[UnderTrouble], machine: type[Machine]) -> None:
    run_state_machine_as_test(both(trouble, machine), settings=FAULTED_RUNS)


@pytest.mark.parametrize("bug", ["quorum minus one", "a restart forgets votes", "nobody complains"])
def test_a_mistake_of_the_validators_is_seen(bug: str, monkeypatch: pytest.MonkeyPatch) -> None:
    BUGS[bug](monkeypatch)
    trouble = WithATraitor if bug == "quorum minus one" else WithACrash
    found_by = settings(FAULTED_RUNS, max_examples=40, phases=[Phase.generate])
    with pytest.raises(AssertionError):
        run_state_machine_as_test(both(trouble, TaxpayerLife), settings=found_by)
