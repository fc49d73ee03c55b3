"""Background load of a scenario as typed values: who hands in how many records, and when.

Values only; `traffic` hands them in.
"""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal

import msgspec

from govchain.config import DurationNs, SizeBytes

DEPOSIT: Final = "evidence.deposit"
"""What a load hands in that names nothing else."""
SIZE_MAX: Final = 60_000
"""Bytes of a payload that may be asked for; a transaction has at most 65 536."""

PerSecond = Annotated[str, msgspec.Meta(pattern=r"^[1-9][0-9]{0,4}/s$")]
"""Records a second, for example `50/s`."""


class Ramp(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename={"from_": "from"}):
    """A rate that changes evenly from the beginning of a load to its end."""

    from_: PerSecond
    to: PerSecond


class Share(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename={"with_": "with"}):
    """One kind of record of a mixture."""

    do: str
    """Verb that makes an object's first record."""
    ratio: Annotated[int, msgspec.Meta(ge=1, le=1_000)] = 1
    """How often it comes, beside the ratios of the others."""
    size: SizeBytes | None = None
    """Its payload is filled up to so many bytes; without it, as large as it is."""
    with_: dict[str, Any] = {}
    """Values of the verb that are the same in every record."""


class Rate(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Exactly one of these. But for a closed loop, nobody waits until the records before are final."""

    fixed: PerSecond | None = None
    """Records a second, at equal distances."""
    poisson: PerSecond | None = None
    """So many a second on average, each independent of the others, drawn from the seed."""
    ramp: Ramp | None = None
    """More and more records a second, or fewer and fewer."""
    trace: str | None = None
    """File with rates over time, below the scenario's folder; see `rate_trace`."""
    closed_loop: Annotated[int, msgspec.Meta(ge=1, le=256)] | None = None
    """Clients that each hand in the next record when the one before is final."""

    @property
    def per_s(self) -> int:
        """Records a second of a fixed rate."""
        assert self.fixed is not None
        return per_second(self.fixed)


class Load(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename={"from_": "from"}):
    """Records of one organisation, signed by a clerk of its own whom genesis knows."""

    org: str
    """Organisation id."""
    rate: Rate
    do: Literal["evidence.deposit"] | None = None
    """What it hands in; nothing else can be said here, and without a mixture it need not be said."""
    mix: tuple[Share, ...] = ()
    """Several kinds of records, drawn for each record from the seed."""
    from_: DurationNs = DurationNs(0)
    """Time since start of the run."""
    to: DurationNs | None = None
    """Time since start; without it, until the timeline is over."""

    @property
    def shares(self) -> tuple[Share, ...]:
        """Kinds of records that it hands in."""
        return self.mix or (Share(DEPOSIT),)


def per_second(text: PerSecond) -> int:
    """The number in a rate."""
    return int(text.removesuffix("/s"))


def load_person(index: int) -> str:
    """Person who signs the records of that entry of `workload`."""
    return f"load-{index}"
