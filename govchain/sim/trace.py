"""Everything observable in a simulated run, as events and as one digest over all of them.

Equal scenario, seed and version give an equal digest on every machine, Python version and hash seed.
The rule: the canonical bytes of the events, `BATCH_EVENTS` at a time and the rest at the end, are each hashed
together with the digest of all before them. Nothing here decides anything.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from govchain.codec import encode
from govchain.crypto import Suite

Fact = str | int | bytes


BATCH_EVENTS: Final = 256
"""Events that are hashed together."""


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
    """

    def __init__(self, suite: Suite, listener: Callable[[TraceEvent], None] | None = None) -> None:
        self.steps = 0
        self._hash = suite.hasher()
        self._listener = listener
        self._chained = self._hash(b"govchain.trace/1")
        self._batch: list[bytes] = []

    @property
    def digest(self) -> bytes:
        """Digest of all events so far; reading it changes nothing."""
        return self._hash(self._chained + b"".join(self._batch)) if self._batch else self._chained

    def add(self, time_ns: int, node: int, kind: str, facts: tuple[tuple[str, Fact], ...]) -> None:
        """Record one event. The order of facts counts."""
        assert time_ns >= 0
        self.steps += 1
        self._batch.append(encode((time_ns, node, kind, facts)))
        if len(self._batch) == BATCH_EVENTS:
            self._chained = self.digest
            self._batch = []
        if self._listener is not None:
            self._listener(TraceEvent(self.steps, time_ns, node, kind, facts))
