"""What the validators of a simulated run said and did, kept small enough for one page.

Watches trace events and frames; plain integers come out, times in microseconds. Nothing is judged or drawn.
"""

from __future__ import annotations

from typing import Any, Final

import msgspec

from govchain.consensus import SignedMessage
from govchain.sim import TraceEvent, WireFrame

MESSAGES_MAX: Final = 24_000
"""More messages than this are thinned out: only every second seq is kept, then every fourth, and so on."""
MARKS_MAX: Final = 24_000
STRIDE_MAX: Final = 2**16
NS_PER_US: Final = 1_000
LOST: Final = -1

_MARKS: Final = {
    "note-proposed": "proposed",
    "note-prepared": "prepared",
    "note-committed": "committed",
    "execute": "executed",
    "final": "final",
    "note-view-change-started": "view-change",
    "note-view-changed": "new-view",
    "note-rejected": "rejected",
    "note-equivocation": "equivocation",
    "note-diverged": "diverged",
    "note-silenced": "silenced",
    "note-stable-checkpoint": "checkpoint",
}
MARKS: Final = tuple(_MARKS.values())
_DOWN: Final = {"crash": "crash", "pause": "pause"}
_UP: Final = ("restart", "resume")


class Film:
    """One run of a number of validators."""

    def __init__(self) -> None:
        self._kinds: dict[str, int] = {}
        self._messages = _Thinned(MESSAGES_MAX, seq_at=6)
        self._marks = _Thinned(MARKS_MAX, seq_at=4)
        self._views: dict[int, list[tuple[int, int, int]]] = {}
        self._heights: dict[int, list[tuple[int, int, int]]] = {}
        self._down: dict[int, list[list[Any]]] = {}
        self._end_us = 0
        self._last: tuple[SignedMessage, tuple[str, int, int]] | None = None

    def add_event(self, event: TraceEvent) -> None:
        """Note a trace event."""
        at_us = event.time_ns // NS_PER_US
        self._end_us = max(self._end_us, at_us)
        facts = dict(event.facts)
        node = event.node
        if event.kind in _DOWN:
            self._down.setdefault(node, []).append([at_us, LOST, _DOWN[event.kind]])
        elif event.kind in _UP:
            for span in self._down.get(node, [])[-1:]:
                span[1] = at_us
        if event.kind not in _MARKS:
            return
        name = _MARKS[event.kind]
        view = int(facts.get("view", LOST))
        seq = int(facts.get("seq", facts.get("height", LOST)))
        self._marks.add((at_us, node, MARKS.index(name), view, seq))
        if name in ("view-change", "new-view"):
            self._views.setdefault(node, []).append((at_us, view, int(name == "view-change")))
        elif name in ("executed", "final"):
            self._note_height(node, at_us, seq, is_final=name == "final")

    def add_frame(self, sent: WireFrame) -> None:
        """Note a frame: consensus messages only, everything else is bulk."""
        if not isinstance(sent.frame, SignedMessage):
            return
        name, view, seq = self._read(sent.frame)
        kind = self._kinds.setdefault(name, len(self._kinds))
        sent_us = sent.sent_ns // NS_PER_US
        for arrival_us in [each // NS_PER_US for each in sent.arrivals_ns] or [LOST]:
            self._messages.add((sent_us, arrival_us, sent.source, sent.target, kind, view, seq))

    def to_plain(self, nodes: int) -> dict[str, Any]:
        """The film as JSON values, for the page."""
        return {
            "kinds": list(self._kinds),
            "marks": self._marks.rows,
            "mark_names": MARKS,
            "messages": self._messages.rows,
            "messages_total": self._messages.total,
            "every": max(self._messages.stride, self._marks.stride),
            "views": [self._views.get(node, []) for node in range(nodes)],
            "heights": [self._heights.get(node, []) for node in range(nodes)],
            "down": [self._down.get(node, []) for node in range(nodes)],
            "end_us": self._end_us,
        }

    def _note_height(self, node: int, at_us: int, height: int, *, is_final: bool) -> None:
        rows = self._heights.setdefault(node, [])
        _, executed, final = rows[-1] if rows else (0, 0, 0)
        rows.append((at_us, executed, height) if is_final else (at_us, height, final))

    def _read(self, signed: SignedMessage) -> tuple[str, int, int]:
        """Name, view and seq of a message. A broadcast is one object sent several times."""
        if self._last is None or self._last[0] is not signed:
            self._last = (signed, read_message(signed.body))
        return self._last[1]


def read_message(body: bytes) -> tuple[str, int, int]:
    """Name, view and seq of a message's bytes; -1 where it has none. A traitor may send anything."""
    try:
        fields = msgspec.msgpack.decode(body)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        return "unknown", LOST, LOST
    if not isinstance(fields, list) or len(fields) < 5 or not isinstance(fields[0], str):
        return "unknown", LOST, LOST
    name = fields[0].removeprefix("govchain.").partition("/")[0]
    match name:
        case "attestation":
            view, seq = LOST, fields[3]
        case "proposal" | "prepare" | "commit" if len(fields) > 5:
            view, seq = fields[4], fields[5]
        case "view-change" | "new-view" | "progress" | "hotstuff-vote" | "hotstuff-timeout":
            view, seq = fields[4], LOST
        case "hotstuff-proposal" if isinstance(fields[4], list) and len(fields[4]) > 1:
            view, seq = fields[4][:2]
        case "hotstuff-request" if len(fields) > 5:
            view, seq = LOST, fields[5]
        case _:
            return "unknown", LOST, LOST
    name = name.removeprefix("hotstuff-")
    return (name, view, seq) if isinstance(view, int) and isinstance(seq, int) else ("unknown", LOST, LOST)


class _Thinned:
    """Rows, at most so many: when they are too many, those of every second kept seq go.

    Rows without a seq count as one each, in their order, so that a storm of them is bounded as well.
    """

    def __init__(self, rows_max: int, *, seq_at: int) -> None:
        self.total = 0
        self.stride = 1
        self._kept: list[tuple[int, tuple[int, ...]]] = []
        self._rows_max = rows_max
        self._seq_at = seq_at
        self._without_seq = 0

    @property
    def rows(self) -> list[tuple[int, ...]]:
        return [row for _, row in self._kept]

    def add(self, row: tuple[int, ...]) -> None:
        self.total += 1
        number = row[self._seq_at]
        if number == LOST:
            number = self._without_seq
            self._without_seq += 1
        if number % self.stride == 0:
            self._kept.append((number, row))
        while len(self._kept) > self._rows_max and self.stride < STRIDE_MAX:
            self.stride *= 2
            self._kept = [each for each in self._kept if each[0] % self.stride == 0]
        # What repeats one seq without end cannot be thinned out by it.
        del self._kept[self._rows_max :]
