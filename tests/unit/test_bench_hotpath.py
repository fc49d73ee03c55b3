"""The hot path bench measures every operation and describes the machine without naming it."""

from __future__ import annotations

import json
import platform

from govchain.bench.hotpath import measure_hotpath
from govchain.bench.machine import describe_machine


def test_every_operation_has_a_rate_and_a_reference() -> None:
    found = {figure.name.split(" in ")[0]: figure for figure in measure_hotpath(0.001)}
    assert {
        "sign",
        "verify",
        "digest of 1024 bytes",
        "transaction id",
        "append to history",
        "state update",
    } <= found.keys()
    assert len(found) == 11
    for figure in found.values():
        assert figure.per_s > 0
        assert figure.reference_per_s > 0


def test_the_machine_is_described_and_not_named() -> None:
    machine = describe_machine()
    assert machine["cores"] >= 1
    assert {"cpu", "python", "platform", "govchain", "libraries"} <= machine.keys()
    assert platform.node() not in json.dumps(machine)
