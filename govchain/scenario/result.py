"""What a run gives back: verdict, expectations, invariants, steps. The JSON that `govchain replay` prints.

Values only; the keys are stable (add freely, never rename).
"""

from __future__ import annotations

from typing import Literal

import msgspec

Verdict = Literal["pass", "fail", "undecided"]


class Expectation(msgspec.Struct, frozen=True):
    """One thing that the scenario demands."""

    name: str
    ok: bool
    expected: str
    measured: str
    undecided: bool = False
    """True when a limit was reached before it could be judged."""


class InvariantResult(msgspec.Struct, frozen=True):
    """One promise of the chain."""

    name: str
    ok: bool
    detail: str = ""


class ExchangeEntry(msgspec.Struct, frozen=True):
    """One question from gateway to gateway; what was told is not in it."""

    number: str
    provider: str
    """Organisation id of the department that was asked."""
    item: str
    fields: tuple[str, ...]
    mode: str
    purpose: str
    grant: str
    consent: str
    records: tuple[tuple[str, str], ...] = ()
    """Verb and transaction id of what the chain holds of it, in order."""


class StepResult(msgspec.Struct, frozen=True):
    """What became of one step."""

    number: int
    id: str
    by: str
    do: str
    en: str
    zh: str
    ok: bool
    outcome: Literal["applied", "denied", "rejected", "answered", "pending", "failed"]
    expected: str
    measured: str
    rule: str = ""
    code: str = ""
    detail: str = ""
    detail_zh: str = ""
    """The same in Chinese; empty where there is none."""
    transaction: str = ""
    object: str = ""
    height: int = 0
    latency_ms: float = 0.0
    at_ms: float = 0.0
    """When it was handed in or asked, since the run began."""
    story_time: str = ""
    """The story's clock at this step, RFC 3339."""
    state: str = ""
    """State of its object after it was applied."""
    exchange: ExchangeEntry | None = None
    """What was asked, by a `gateway.ask` step."""

    def records(self) -> dict[str, str]:
        """Label and transaction id of all that it put on the chain; the last is called like the step."""
        if self.outcome not in ("applied", "denied"):
            return {}
        found = () if self.exchange is None else self.exchange.records
        others = [(verb.partition(".")[2], id_) for verb, id_ in found if id_ != self.transaction]
        return {**{f"{self.id}.{name}": id_ for name, id_ in others}, self.id: self.transaction}


class ReceiptEntry(msgspec.Struct, frozen=True):
    """A receipt that was fetched and verified offline."""

    step: str
    transaction: str
    verified: bool
    detail: str = ""


class Percentiles(msgspec.Struct, frozen=True):
    """Latency from handing in to final, milliseconds."""

    p50: float
    p95: float
    p99: float


class FaultEntry(msgspec.Struct, frozen=True):
    """Something that went wrong."""

    do: str
    targets: tuple[str, ...]
    began_ms: float
    ended_ms: float | None
    """None: it lasted until the end."""
    how: str = ""
    """How a validator cheats, what is left of its disk, whether it joins or leaves."""


class WorkloadResult(msgspec.Struct, frozen=True):
    """What became of the background load."""

    acknowledged: int
    waiting: int
    refused: int
    latency_ms: Percentiles
    finalised_per_s: float = 0.0
    """Of those final before the load ended, over the time in which there was load."""
    drained_ms: float = 0.0
    """From the end of the load until nothing waited any more."""
    by_org: dict[str, int] = {}
    """Organisation id to how many of its records were acknowledged."""
    denied: int = 0
    """How many of the acknowledged ones a rule denied."""


class Result(msgspec.Struct, frozen=True):
    """Result of one run."""

    scenario: str
    title: str
    seed: int
    backend: str
    verdict: Verdict
    expectations: tuple[Expectation, ...]
    invariants: tuple[InvariantResult, ...]
    digest: str
    height: int
    state_root: str
    records: int
    """Final transactions of the story."""
    denials: dict[str, int]
    """Rule to number of denials."""
    latency_ms: Percentiles
    finalised_per_s: float
    duration_s: float
    receipts: tuple[ReceiptEntry, ...]
    steps: tuple[StepResult, ...]
    version: str
    workload: WorkloadResult | None = None
    happened: dict[str, int] = {}
    """Kind of fault, and `view_change`, to how often it happened."""
    faults: tuple[FaultEntry, ...] = ()
    """What went wrong, in order."""
    states: dict[str, str] = {}
    """Every record that a step made or changed, as `type/id`, to its state at the end."""
    unused: tuple[str, ...] = ()
    """Blocks of the file that have no effect where it was played: real lines and disks are what they are."""

    def to_json(self) -> bytes:
        """The result as JSON, for people and programs."""
        return msgspec.json.format(msgspec.json.encode(self), indent=2) + b"\n"

    @property
    def exit_status(self) -> int:
        """0 it holds, 1 it does not, 3 undecided."""
        return {"pass": 0, "fail": 1, "undecided": 3}[self.verdict]


def percentiles(values: list[float]) -> Percentiles:
    """Nearest-rank percentiles; zeros for no values."""
    ordered = sorted(values)

    def at(percent: int) -> float:
        if not ordered:
            return 0.0
        rank = max(1, -(-percent * len(ordered) // 100))
        return round(ordered[rank - 1], 3)

    return Percentiles(at(50), at(95), at(99))
