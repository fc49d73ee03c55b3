"""What a run showed: steps, receipts, nodes and faults as they were seen. Nothing is judged here."""

from __future__ import annotations

from dataclasses import dataclass, field

from govchain.scenario.backend import NodeFacts
from govchain.scenario.director import Happening
from govchain.scenario.result import StepResult
from govchain.scenario.traffic import LoadSeen


@dataclass(slots=True)
class Observation:
    """Everything that a run showed, for the judge.

    Attributes:
        steps: What became of each step.
        receipts: Step label and receipt file of each final transaction.
        witnesses: What is proven, by whom, and the receipt file, where everybody was asked.
        records: `type/object id` as expected in the file to the state found; `ABSENT` when there is none.
        nodes: The validators at the end.
        happenings: Faults, in order.
        progress_ns: Times at which a transaction became final, rising.
        healed_ns: When everything was mended at the end.
        load: What became of the workload; None without one.
        lost: Validator to how many acknowledged records its ledger lacks.
        states: Every record that a step made or changed, as `type/id`, to its state at the end.
        height: Height of the chain at the end.
        duration_ns: From the first step to the last.
        is_enough: What was to end loads and timeline early did.
    """

    steps: list[StepResult] = field(default_factory=list)
    receipts: dict[str, tuple[str, bytes]] = field(default_factory=dict)
    witnesses: list[tuple[str, str, bytes]] = field(default_factory=list)
    records: dict[str, str] = field(default_factory=dict)
    nodes: list[NodeFacts] = field(default_factory=list)
    height: int = 0
    duration_ns: int = 0
    is_enough: bool = False
    happenings: list[Happening] = field(default_factory=list)
    progress_ns: list[int] = field(default_factory=list)
    healed_ns: int = 0
    load: LoadSeen | None = None
    lost: dict[str, int] = field(default_factory=dict)
    states: dict[str, str] = field(default_factory=dict)
