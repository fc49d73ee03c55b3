"""What a simulated validator may ask of the world around it; `SimCluster` is it.

A port and nothing else: whatever happens, happens in the cluster.
"""

from __future__ import annotations

from typing import Protocol

from govchain.consensus import SetTimer, TimerKind
from govchain.sim.checks import Checks
from govchain.sim.door import Door
from govchain.sim.execution import SharedExecution
from govchain.sim.forms import SharedForms
from govchain.sim.network import Frame
from govchain.sim.protocol import ConsensusProtocol
from govchain.sim.trace import Fact


class World(Protocol):
    """What a validator asks of the simulated world; `SimCluster` is it."""

    names: tuple[str, ...]
    is_traced: bool
    protocol: ConsensusProtocol
    checks: Checks
    door: Door
    forms: SharedForms | None
    execution: SharedExecution | None

    def now_ms(self, node: int) -> int: ...

    def send(self, source: int, target: int | None, frame: Frame) -> None: ...

    def arm(self, node: int, timer: SetTimer) -> None: ...

    def cancel(self, node: int, kind: TimerKind) -> None: ...

    def record(self, node: int, kind: str, **facts: Fact) -> None: ...

    def node_of(self, public_key: bytes) -> int: ...

    def spend_apply(self, node: int, transactions: int) -> None: ...
