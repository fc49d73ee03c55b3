"""Everything observable in a simulated run, as events and as one digest over all of them.

Equal scenario, seed and version give an equal digest on every machine, Python version and hash seed.
Nothing here decides anything.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from govchain.codec import encode
from govchain.crypto import Suite

Fact = str | int | bytes


@dataclass(frozen=True, slots=True)
class TraceEvent:
    """One observable event: when (virtual nanoseconds), where (validator index, -1 for the world), what."""

    step: int
    time_ns: int
    node: int
    kind: str
    facts: tuple[tuple[str, Fact], ...]


class Trace:
    """Running digest over events; hands each to a listener as well.

    Attributes:
        steps: Events so far.
        digest: Digest of the last event chained to all before it.
    """

    def __init__(self, suite: Suite, listener: Callable[[TraceEvent], None] | None = None) -> None:
        self.steps = 0
        self._hash = suite.hasher()
        self._listener = listener
        self.digest = self._hash(b"govchain.trace/1")

    def add(self, time_ns: int, node: int, kind: str, **facts: Fact) -> None:
        """Record one event. The order of facts is the order in the call."""
        assert time_ns >= 0
        self.steps += 1
        named = tuple(facts.items())
        self.digest = self._hash(self.digest + encode((time_ns, node, kind, named)))
        if self._listener is not None:
            self._listener(TraceEvent(self.steps, time_ns, node, kind, named))
