"""Costs as `govchain bench hotpath` measured them: rates of operations into nanoseconds of a processor.

Figures in, costs out. Which run of the benchmark counts is for the caller to say.
"""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from importlib import resources
from typing import Final

import msgspec

from govchain.errors import ConfigError
from govchain.sim.cpu import Costs

_APPLY: Final = (
    # What executing one record takes: read it, name it, keep it, and change its object and its key's nonces.
    ("transaction id", 1),
    ("decode transaction", 1),
    ("decode transaction body", 1),
    ("append to history", 1),
    ("state update", 2),
)
_NS_PER_S: Final = 1_000_000_000


class _Operation(msgspec.Struct, frozen=True):
    name: str
    per_s: float


class _Report(msgspec.Struct, frozen=True):
    operations: tuple[_Operation, ...] = ()
    costs: Costs | None = None


def parse_costs(data: bytes, path: str, *, sync_ns: int) -> Costs:
    """Costs from the JSON that `govchain bench hotpath --json` or `govchain bench fidelity --json` writes.

    Args:
        data: Content of the file.
        path: Its name, for errors.
        sync_ns: Of a synced write; where it is 0 and the file knows one, that counts.

    Raises:
        ConfigError: It is no such report, or an operation is missing.
    """
    try:
        report = msgspec.json.decode(data, type=_Report)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        expected = "what govchain bench hotpath --json or bench fidelity --json writes"
        raise ConfigError("no measured costs", path=path, found=str(error), expected=expected) from error
    if report.costs is not None:
        return replace(report.costs, sync_ns=sync_ns or report.costs.sync_ns)
    # Longer names tell the conditions: `state update in blocks of 500 at 20000 records`.
    rates = {each.name.split(" in ")[0].split(" over ")[0]: each.per_s for each in report.operations}

    def cost_ns(name: str) -> int:
        rate = rates.get(name, 0.0)
        if not 1 <= rate <= 1e12:
            hint = "run govchain bench hotpath --json again"
            raise ConfigError(
                "an operation is not measured", path=path, found=name, expected="a rate", hint=hint
            )
        return round(_NS_PER_S / rate)

    return Costs(
        verify_ns=cost_ns("verify"),
        sign_ns=cost_ns("sign"),
        apply_ns=sum(times * cost_ns(name) for name, times in _APPLY),
        hash_kib_ns=cost_ns("digest of 1024 bytes"),
        sync_ns=sync_ns,
    )


@cache
def shipped_costs(sync_ns: int) -> Costs:
    """The costs on the machine of the shipped baseline."""
    data = resources.files("govchain.sim").joinpath("data", "hotpath.json").read_bytes()
    return parse_costs(data, "hotpath.json", sync_ns=sync_ns)
