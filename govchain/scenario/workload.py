"""Background load of a scenario as typed values: who hands in how many records, and when.

Values only; `traffic` hands them in.
"""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

from govchain.config import DurationNs


class Rate(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Exactly one of both."""

    fixed: Annotated[str, msgspec.Meta(pattern=r"^[1-9][0-9]{0,4}/s$")] | None = None
    """Records a second, for example `50/s`, whether or not the ones before are final."""
    closed_loop: Annotated[int, msgspec.Meta(ge=1, le=256)] | None = None
    """Clients that each hand in the next record when the one before is final."""

    @property
    def per_s(self) -> int:
        """Records a second of a fixed rate."""
        assert self.fixed is not None
        return int(self.fixed.removesuffix("/s"))


class Load(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename={"from_": "from"}):
    """Records of one organisation, signed by a clerk of its own whom genesis knows."""

    org: str
    """Organisation id."""
    rate: Rate
    do: Literal["evidence.deposit"] = "evidence.deposit"
    from_: DurationNs = DurationNs(0)
    """Time since start of the run."""
    to: DurationNs | None = None
    """Time since start; without it, until the timeline is over."""


def load_person(index: int) -> str:
    """Person who signs the records of that entry of `workload`."""
    return f"load-{index}"
