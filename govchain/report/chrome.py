"""A simulated run in the Chrome trace format: `trace.chrome.json`, for Perfetto and chrome://tracing.

A track group for each validator: one span for each seq from proposal to final with its phases inside,
instants for view changes and faults, counters for height and view. Times are microseconds of the run.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import msgspec

from govchain.scenario import FaultEntry
from govchain.sim import TraceEvent

NS_PER_US: Final = 1_000
WORLD_PID: Final = 1
"""Track group of what happens to the network; validator i has the group after it, plus i."""
SPAN: Final = "seq"
"""Of all spans from proposal to final: viewers lay spans of one name into one track. The seq is in `args`."""

_PHASES: Final = {"note-prepared": "prepared", "note-committed": "committed", "execute": "executed"}
"""Event to the phase that begins with it; the first phase is `proposed`."""
_INSTANTS: Final = {
    "note-view-change-started": "view change started",
    "note-view-changed": "view changed",
    "note-equivocation": "equivocation",
    "note-diverged": "diverged",
    "note-silenced": "silenced",
    "crash": "crash",
    "restart": "restart",
    "pause": "pause",
    "resume": "resume",
    "betray": "begins to cheat",
}


class ChromeTrace:
    """Collects the events of one run."""

    def __init__(self) -> None:
        self._events: list[dict[str, Any]] = []
        self._open: dict[tuple[int, int], str] = {}
        """(validator, seq) to its running phase."""
        self._finished: set[tuple[int, int]] = set()
        self._end_us = 0.0

    def add_event(self, event: TraceEvent) -> None:
        """Note a trace event."""
        at_us = event.time_ns / NS_PER_US
        self._end_us = max(self._end_us, at_us)
        facts = dict(event.facts)
        place = (event.node, int(facts.get("seq", facts.get("height", 0))))
        match event.kind:
            case "note-proposed":
                self._enter(place, "proposed", at_us, facts)
            case "persist" if facts["phase"] == "proposal":
                self._enter(place, "proposed", at_us, facts)
            case "note-prepared" | "note-committed" | "execute":
                self._enter(place, _PHASES[event.kind], at_us, facts)
                if event.kind == "execute":
                    self._count(event.node, "executed", "height", at_us, place[1])
            case "final":
                self._leave(place, at_us)
                self._count(event.node, "final", "height", at_us, place[1])
            case kind if kind in _INSTANTS:
                self._add("i", event.node, _INSTANTS[kind], at_us, cat="note", s="p", args=_plain(facts))
                if kind == "note-view-changed":
                    self._count(event.node, "view", "number", at_us, int(facts["view"]))

    def to_json(self, names: list[str], faults: tuple[FaultEntry, ...]) -> bytes:
        """The whole file.

        Args:
            names: Validators by index.
            faults: What went wrong; spans of the network's own group.
        """
        for place in sorted(self._open):
            self._leave(place, self._end_us)
        whole = [*self._names(names), *self._faults(faults), *self._events]
        return msgspec.json.encode({"displayTimeUnit": "ms", "traceEvents": whole}) + b"\n"

    def _enter(self, place: tuple[int, int], phase: str, at_us: float, facts: dict[str, Any]) -> None:
        running = self._open.get(place)
        if running == phase or place in self._finished:
            return
        node, seq = place
        if running is None:
            args = {**_plain(facts), "seq": seq}
            self._add("b", node, SPAN, at_us, cat="seq", id2=_span_id(place), args=args)
        else:
            self._add("e", node, running, at_us, cat="seq", id2=_span_id(place))
        self._add("b", node, phase, at_us, cat="seq", id2=_span_id(place))
        self._open[place] = phase

    def _leave(self, place: tuple[int, int], at_us: float) -> None:
        running = self._open.pop(place, None)
        self._finished.add(place)
        if running is not None:
            self._add("e", place[0], running, at_us, cat="seq", id2=_span_id(place))
            self._add("e", place[0], SPAN, at_us, cat="seq", id2=_span_id(place))

    def _count(self, node: int, name: str, unit: str, at_us: float, value: int) -> None:
        # Viewers call a counter by both names.
        self._add("C", node, name, at_us, cat="state", args={unit: value})

    def _add(self, phase: str, node: int, name: str, at_us: float, **more: Any) -> None:
        pid = WORLD_PID + 1 + node
        self._events.append({"ph": phase, "pid": pid, "tid": pid, "name": name, "ts": at_us, **more})

    def _names(self, names: list[str]) -> Iterator[dict[str, Any]]:
        for place, name in enumerate(["network", *names]):
            pid = WORLD_PID + place
            yield {"ph": "M", "pid": pid, "tid": pid, "name": "process_name", "args": {"name": name}}
            yield {
                "ph": "M",
                "pid": pid,
                "tid": pid,
                "name": "process_sort_index",
                "args": {"sort_index": pid},
            }

    def _faults(self, faults: tuple[FaultEntry, ...]) -> Iterator[dict[str, Any]]:
        for number, fault in enumerate(faults):
            began_us = fault.began_ms * 1000
            ended_us = self._end_us if fault.ended_ms is None else fault.ended_ms * 1000
            place = {"pid": WORLD_PID, "tid": WORLD_PID, "cat": "fault"}
            where = {**place, "name": fault.do, "args": {"targets": fault.targets}}
            if ended_us > began_us:
                span = {"id2": {"local": f"fault-{number}"}}
                yield {"ph": "b", "ts": began_us, **where, **span}
                yield {"ph": "e", "ts": ended_us, **where, **span}
            else:
                yield {"ph": "i", "ts": began_us, "s": "g", **where}


def _span_id(place: tuple[int, int]) -> dict[str, str]:
    # Spans of a global id are shown in a group of their own, and not below their validator.
    return {"local": f"{place[0]}-{place[1]}"}


def _plain(facts: dict[str, Any]) -> dict[str, Any]:
    return {name: fact.hex() if isinstance(fact, bytes) else fact for name, fact in facts.items()}
