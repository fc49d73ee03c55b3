"""What goes wrong in a scenario, and when: the `timeline` of a file as typed values.

Values only. Which validators a fault hits and what happens to them is decided in `director`.
"""

from __future__ import annotations

import typing
from typing import Annotated, Final, Literal

import msgspec

from govchain.config import DurationNs
from govchain.model.link_fault import Percent

FaultKind = Literal[
    "crash",
    "restart",
    "pause",
    "resume",
    "backup",
    "partition",
    "clog",
    "delay",
    "drop",
    "duplicate",
    "reorder",
    "clock_skew",
    "byzantine",
    "membership",
    "rotate_key",
    "revoke_key",
    "kill_gateway",
    "heal_all",
]

LINK_FAULTS: Final = ("clog", "delay", "drop", "duplicate", "reorder")
"""Faults of the links of a target."""

CHANGES: Final = ("membership", "rotate_key")
"""Changes of the validators: nothing breaks, organisations decide (rules MB-1 to MB-5)."""

DECIDED: Final = (*CHANGES, "revoke_key")
"""What is a record, or several, and breaks nothing by itself."""

Behaviour = Literal[
    "silent",
    "slow",
    "equivocate",
    "huge_views",
    "replay",
    "mutate",
    "twins",
    "wrong_execution",
    "lying_sync",
]
"""How a validator cheats, but for `{censor: org}`."""
BEHAVIOURS: Final[tuple[str, ...]] = typing.get_args(Behaviour)

DISTURBING: Final = ("silent", "slow")
"""Those of them that any honest validator may show: its links are disturbed, whatever its protocol is."""


ALWAYS: Final = ("do", "at", "after", "when", "every", "between", "times")
"""Keys that every fault may have; the trigger and what belongs to it."""
KEYS: Final[dict[str, tuple[str, ...]]] = {
    "crash": ("target", "for", "disk"),
    "restart": ("target",),
    "pause": ("target", "for"),
    "resume": ("target",),
    "backup": ("target",),
    "partition": ("groups", "for", "direction"),
    "clog": ("target", "for", "direction"),
    "delay": ("target", "for", "direction", "by", "jitter"),
    "drop": ("target", "for", "direction", "percent"),
    "duplicate": ("target", "for", "direction", "percent"),
    "reorder": ("target", "for", "direction", "percent"),
    "clock_skew": ("target", "for", "ahead", "behind"),
    "byzantine": ("target", "for", "behaviour", "by"),
    "membership": ("change", "target", "org", "denied"),
    "rotate_key": ("target", "denied"),
    "revoke_key": ("person", "denied"),
    "kill_gateway": ("org", "for"),
    "heal_all": (),
}
"""Keys that a kind of fault has besides."""


class OneOf(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One of several kinds of fault, drawn anew each time that it happens."""

    one_of: Annotated[tuple[FaultKind, ...], msgspec.Meta(min_length=2)]


class Every(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A fault that comes again and again; the time counts from the end of one to the next."""

    mean: DurationNs | None = None
    """Drawn anew each time, evenly between half of it and one and a half."""
    exactly: DurationNs | None = None


RUN_NS_MAX: Final = 86_400_000_000_000
"""A day: latest time since the start, and greatest length, of a fault or load. Runs get there in steps."""
EVERY_NS_MIN: Final = 1_000_000
"""Shortest time of `every`: without one a fault comes again before anything else can happen."""


class FaultyCount(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """So many validators, drawn from the seed."""

    count: Annotated[int, msgspec.Meta(ge=1, le=64)] | Literal["max_faulty"]


class Censoring(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A validator that never hears of one organisation's transactions."""

    censor: str
    """Organisation id."""


class Fault(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename={"for_": "for"}):
    """Something that goes wrong. Exactly one of `at`, `after`, `when` and `every`."""

    do: FaultKind | OneOf
    target: str | FaultyCount = ""
    """Whom it hits; see `TARGETS`."""
    at: DurationNs | None = None
    """Time since start."""
    after: str | None = None
    """Step id; happens when that step is over."""
    when: str | None = None
    """Comparison with `view`, `height` or `finalised`, for example `"view >= 2"`; happens once."""
    every: Every | None = None
    between: Annotated[tuple[DurationNs, ...], msgspec.Meta(min_length=2, max_length=2)] | None = None
    """With `every`: only from the first time since start to the second."""
    times: Annotated[int, msgspec.Meta(ge=1, le=10_000)] | None = None
    """With `every`: that often at most."""
    for_: DurationNs | None = None
    """How long it lasts; without it, until the end or `heal_all`."""
    disk: Literal["keep", "lose_unsynced", "corrupt", "wipe", "restore_old"] = "keep"
    """What is left of the disk of a crashed validator: all, what was synced, that and a part of what was not,
    nothing, or the copy that `backup` made."""
    groups: tuple[tuple[str, ...] | Literal["rest"], ...] = ()
    """Of a partition: whoever shares a group hears each other."""
    direction: Literal["both", "out", "in"] = "both"
    """Which way a target's links, or a partition's first group, are affected."""
    percent: Percent | None = None
    """Of frames: dropped (default 100), doubled or overtaken (default 20)."""
    by: DurationNs | None = None
    """How late a `delay` or a `slow` validator makes frames (slow: four fifths of a view timeout)."""
    jitter: DurationNs | None = None
    """Up to that much more for a `delay`."""
    ahead: DurationNs | None = None
    """How far a skewed clock runs ahead."""
    behind: DurationNs | None = None
    """How far a skewed clock runs behind."""
    behaviour: Behaviour | Censoring | None = None
    """How a byzantine validator cheats."""
    change: Literal["join", "leave"] | None = None
    """Of a `membership`: the target is added to the validators, or removed from them."""
    org: str = ""
    """Organisation id: who will run a validator that joins; whose gateway is killed."""
    person: str = ""
    """Person id: whose key is revoked."""
    denied: str = ""
    """Of a change or a revocation: rule id or denial code that must refuse it; without it, it must be
    installed, or applied."""

    @property
    def kinds(self) -> tuple[FaultKind, ...]:
        """What it may be: one kind, but for `one_of`."""
        return self.do.one_of if isinstance(self.do, OneOf) else (self.do,)

    @property
    def is_endless(self) -> bool:
        """It comes again until the run is over, and nobody waits for it."""
        return self.every is not None and self.times is None and self.between is None

    def as_kind(self, kind: FaultKind) -> Fault:
        """This fault as one of its kinds, without the keys that only the others have."""
        foreign = {
            field.name: field.default
            for field in msgspec.structs.fields(self)
            if field.encode_name not in (*ALWAYS, *KEYS[kind])
        }
        return msgspec.structs.replace(self, do=kind, **foreign)


TARGETS: Final[dict[str, str]] = {
    "primary": "the primary of that moment",
    "backups": "all but the primary",
    "one": "a running backup: the last one",
    "minority": "as many as may be faulty, drawn",
    "majority": "more than half, drawn",
    "all": "everybody",
    "each_in_turn": "one after the other, from the last to the first, with `every`",
}
"""Word to whom it means, besides validator names, `org(id)` and `{count: …}`."""
