"""What goes wrong under a seed: every kind of fault that the simulator has, at drawn times, for drawn times.

Lying and losing a disk hit at most as many validators as may be faulty, always the same ones; all the rest
may hit anybody, and any number at once. Faults come in bursts, with calm between them in which blocks are
made: what goes wrong in a network that stands still shows nothing (ADR 0061).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from govchain.swarm.dice import Dice

Entry = dict[str, Any]
"""One entry of a timeline as plain values."""

FAULTS: Final = (20, 60)
"""How many go wrong in one run."""
FIRST_MS: Final = 200
"""Nothing goes wrong before."""
BURST: Final = (1, 8)
"""How many of them begin together."""
BURST_MS: Final = (50, 700)
"""Within how long they do."""
CALM_MS: Final = (200, 1_400)
"""From the last beginning of one burst to the first of the next."""
LENGTH_MS_MIN: Final = 50
LENGTH_MS_MAX: Final = 3_000
"""Of a fault that goes on through the calm; others end in its first half."""
LONG_PERCENT: Final = 12
OPEN_PERCENT: Final = 2
"""Of faults: those that last until all is mended."""
KINDS_PERCENT: Final = 60
"""Of the kinds of faults: those that one case has. What never happens cannot hide what others do."""
LIES_PERCENT: Final = 50
"""Of networks: those in which somebody lies. The judge holds nothing against a liar, so in the others a
validator that lost its disk is watched."""
CHANGES_PERCENT: Final = 20
"""Of networks large enough: those whose validators change."""
CHANGE_SIZE_MIN: Final = 4
STALLS_PERCENT: Final = 30
"""Of networks with a validator that may lie and no long view timeout: those that stand still in the end,
until all is mended."""
STALL_TIMEOUTS: Final = 40
"""For so many view timeouts: until no wait for a view grows any more."""
STALL_MS_MAX: Final = 20_000
"""Longer ones are not drawn: nearly all of what a seed takes more would be theirs."""
CLOCK_ALL_PERCENT: Final = 50
"""Of wrong clocks: those of everybody, who may all ask one time server."""


@dataclass(frozen=True, slots=True)
class Cast:
    """Who may be hit by what.

    Attributes:
        names: All validators.
        faulty: Those that may lie or lose their disks.
    """

    names: tuple[str, ...]
    faulty: tuple[str, ...]


def draw_change(dice: Dice, size: int) -> list[Entry]:
    """At most one change of the validators, as the first things of a timeline."""
    if size < CHANGE_SIZE_MIN or not dice.chance("change", CHANGES_PERCENT):
        return []
    at = f"{dice.between('change', 200, 1_500)}ms"
    kind = dice.among("change", ("join", "leave", "rotate"))
    victim = f"validator-{dice.below('change', size)}"
    if kind == "join":
        joins = {"target": f"validator-{size}", "org": dice.among("change", ("evp", "notary", "court"))}
        return [{"at": at, "do": "membership", "change": "join", **joins}]
    if kind == "leave":
        return [{"at": at, "do": "membership", "change": "leave", "target": victim}]
    return [{"at": at, "do": "rotate_key", "target": victim}]


def draw_faults(dice: Dice, size: int, change: list[Entry], view_timeout_ms: int) -> tuple[list[Entry], int]:
    """Everything that goes wrong before it is mended, in order of time, and when all is to be mended."""
    names = tuple(f"validator-{index}" for index in range(size))
    # A set that shrinks tolerates what the smaller one does.
    least = size - (bool(change) and change[0].get("change") == "leave")
    cast = Cast(names, tuple(dice.some("faulty", names, (least - 1) // 3)))
    kinds = _draw_kinds(dice, cast)
    drawn = list(change)
    left, begin_ms = dice.between("faults", *FAULTS), FIRST_MS
    while left:
        burst = min(left, dice.between("burst", *BURST))
        burst_ms, calm_ms = dice.between("burst", *BURST_MS), dice.between("calm", *CALM_MS)
        for _ in range(burst):
            drawn += _draw_fault(dice, cast, kinds, begin_ms + dice.below("at", burst_ms), calm_ms)
        begin_ms += burst_ms + calm_ms
        left -= burst
    stall_ms = STALL_TIMEOUTS * view_timeout_ms
    if cast.faulty and stall_ms <= STALL_MS_MAX and dice.chance("stall", STALLS_PERCENT):
        drawn += _draw_stall(dice, cast, begin_ms)
        begin_ms += stall_ms
    # Equal times keep their order, so a copy of a disk is made before it is put back.
    return sorted(drawn, key=lambda entry: int(entry["at"].removesuffix("ms"))), begin_ms


def _draw_kinds(dice: Dice, cast: Cast) -> list[str]:
    """The kinds of faults of one case, each as often as it weighs."""
    possible = [kind for kind in KINDS if cast.faulty or kind not in NEED_FAULTY]
    if len(cast.names) == 1:
        possible = [kind for kind in possible if kind not in NEED_OTHERS]
    if not dice.chance("lies", LIES_PERCENT):
        possible = [kind for kind in possible if kind not in LIES]
    chosen = [kind for kind in possible if dice.chance("kinds", KINDS_PERCENT)]
    return [kind for kind in chosen or possible for _ in range(WEIGHTS.get(kind, 1))]


def _draw_fault(dice: Dice, cast: Cast, kinds: list[str], at_ms: int, calm_ms: int) -> list[Entry]:
    kind = dice.among("kind", kinds)
    entries = KINDS[kind](dice, cast)
    entries[-1] = {"at": f"{at_ms}ms", **entries[-1], **_length(dice, kind, calm_ms)}
    for before in entries[:-1]:
        before["at"] = f"{dice.between('before', at_ms // 2, at_ms)}ms"
    return entries


def _draw_stall(dice: Dice, cast: Cast, at_ms: int) -> list[Entry]:
    """No quorum is left, and a liar that asked for huge views before it went down keeps the others changing.

    Those whom the others do not hear stay behind: who is in which view differs more and more, until all is
    mended.
    """
    liar = dice.among("stall", cast.faulty)
    others = [name for name in cast.names if name != liar]
    apart = dice.some("stall", others, (len(cast.names) - 1) // 3)
    return [
        {"at": f"{at_ms}ms", "do": "byzantine", "target": liar, "behaviour": "huge_views"},
        {"at": f"{at_ms + dice.between('stall', *BURST_MS)}ms", "do": "crash", "target": liar},
        {
            "at": f"{at_ms + dice.between('stall', *BURST_MS)}ms",
            "do": "partition",
            "groups": [apart, "rest"],
            "direction": "both",
        },
    ]


def _length(dice: Dice, kind: str, calm_ms: int) -> Entry:
    """For how long; now and then until all is mended."""
    if kind in ("restart", "resume") or (kind != "clog" and dice.chance("open", OPEN_PERCENT)):
        return {}
    longest = LENGTH_MS_MAX if dice.chance("long", LONG_PERCENT) else LENGTH_MS_MIN + calm_ms // 2
    return {"for": f"{dice.between('length', LENGTH_MS_MIN, longest)}ms"}


def _crash(disks: tuple[str, ...]) -> Callable[[Dice, Cast], list[Entry]]:
    def draw(dice: Dice, cast: Cast) -> list[Entry]:
        names = cast.faulty if disks[0] in ("wipe", "restore_old") else cast.names
        target = dice.among("target", names)
        entry = {"do": "crash", "target": target, "disk": dice.among("disk", disks)}
        return ([{"do": "backup", "target": target}] if disks[0] == "restore_old" else []) + [entry]

    return draw


def _simple(do: str) -> Callable[[Dice, Cast], list[Entry]]:
    return lambda dice, cast: [{"do": do, "target": dice.among("target", cast.names)}]


def _link(do: str) -> Callable[[Dice, Cast], list[Entry]]:
    def draw(dice: Dice, cast: Cast) -> list[Entry]:
        entry = {
            "do": do,
            "target": dice.among("target", cast.names),
            "direction": dice.among("direction", ("both", "out", "in")),
        }
        if do == "clog":
            return [entry]
        if do == "delay":
            late = {"by": f"{dice.between('by', 10, 800)}ms", "jitter": f"{dice.between('by', 0, 300)}ms"}
            return [entry | late]
        return [entry | {"percent": dice.between("percent", 10, 100 if do == "drop" else 60)}]

    return draw


def _partition(directions: tuple[str, ...]) -> Callable[[Dice, Cast], list[Entry]]:
    def draw(dice: Dice, cast: Cast) -> list[Entry]:
        cut = dice.some("groups", cast.names, dice.between("groups", 1, max(1, len(cast.names) // 2)))
        return [{"do": "partition", "groups": [cut, "rest"], "direction": dice.among("way", directions)}]

    return draw


def _clock(dice: Dice, cast: Cast) -> list[Entry]:
    way = dice.among("way", ("ahead", "behind"))
    if dice.chance("all", CLOCK_ALL_PERCENT):
        # What all share shows only when it jumps far.
        return [{"do": "clock_skew", "target": "all", way: dice.among("skew", ("1m", "20m"))}]
    skew = dice.among("skew", ("200ms", "2s", "1m", "20m"))
    return [{"do": "clock_skew", "target": dice.among("target", cast.names), way: skew}]


def _power_cut(dice: Dice, cast: Cast) -> list[Entry]:
    return [{"do": "crash", "target": "all", "disk": dice.among("disk", ("keep", "lose_unsynced"))}]


def _traitor(behaviour: Any) -> Callable[[Dice, Cast], list[Entry]]:
    return lambda dice, cast: [
        {"do": "byzantine", "target": dice.among("target", cast.faulty), "behaviour": behaviour}
    ]


KINDS: Final[dict[str, Callable[[Dice, Cast], list[Entry]]]] = {
    "crash": _crash(("keep",)),
    "power cut": _power_cut,
    "torn disk": _crash(("lose_unsynced", "corrupt")),
    "wiped disk": _crash(("wipe",)),
    "old disk": _crash(("restore_old",)),
    "restart": _simple("restart"),
    "pause": _simple("pause"),
    "resume": _simple("resume"),
    "partition": _partition(("both",)),
    "one-way partition": _partition(("in", "out")),
    "clog": _link("clog"),
    "delay": _link("delay"),
    "drop": _link("drop"),
    "duplicate": _link("duplicate"),
    "reorder": _link("reorder"),
    "clock": _clock,
    "silent": _traitor("silent"),
    "slow": _traitor("slow"),
    "equivocate": _traitor("equivocate"),
    "huge views": _traitor("huge_views"),
    "censor": _traitor({"censor": "evp"}),
    "replay": _traitor("replay"),
    "mutate": _traitor("mutate"),
    "twins": _traitor("twins"),
    "wrong execution": _traitor("wrong_execution"),
    "lying sync": _traitor("lying_sync"),
}
"""Kind of fault to what draws one; the last entry is the fault, what stands before it prepares it."""

NEED_FAULTY: Final = (
    "wiped disk",
    "old disk",
    "silent",
    "slow",
    "equivocate",
    "huge views",
    "censor",
    "replay",
    "mutate",
    "twins",
    "wrong execution",
    "lying sync",
)
NEED_OTHERS: Final = ("partition", "one-way partition", "clog", "delay", "drop", "duplicate", "reorder")

LIES: Final = (
    "equivocate",
    "huge views",
    "censor",
    "replay",
    "mutate",
    "twins",
    "wrong execution",
    "lying sync",
)

WEIGHTS: Final = {
    "crash": 3,
    "torn disk": 2,
    "wiped disk": 2,
    "old disk": 3,
    "pause": 3,
    "partition": 3,
    "one-way partition": 2,
    "drop": 2,
    "clock": 3,
    "equivocate": 4,
}
"""Kinds that are drawn more often than once in as many as there are."""
