"""Whoever wants to watch a run as it happens: the command line, a test. Observers see, and change nothing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from govchain.ledger import Text
from govchain.scenario.result import Result, StepResult


class Observer(Protocol):
    """Is told what happens, in order."""

    def run_started(self, title: Text, steps: int, backend: str) -> None:
        """The network is up."""
        ...

    def step_started(self, number: int, text: Text) -> None:
        """A step begins; `number` counts from 1."""
        ...

    def step_finished(self, step: StepResult) -> None:
        """A step is over, as expected or not."""
        ...

    def fault_happened(self, do: str, targets: Sequence[str], at_ns: int) -> None:
        """Something goes wrong, that long after the run began."""
        ...

    def run_finished(self, result: Result) -> None:
        """The verdict is known."""
        ...


class SilentObserver:
    """Watches without a word."""

    def run_started(self, title: Text, steps: int, backend: str) -> None:
        pass

    def step_started(self, number: int, text: Text) -> None:
        pass

    def step_finished(self, step: StepResult) -> None:
        pass

    def fault_happened(self, do: str, targets: Sequence[str], at_ns: int) -> None:
        pass

    def run_finished(self, result: Result) -> None:
        pass
