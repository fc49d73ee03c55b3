"""The scenario file as typed values: what this version understands of the format, and nothing else.

No file is read here and nothing is looked up; `load` does both.
Every key is documented in docs/reference/scenario.md, and a test compares.
"""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal

import msgspec

from govchain.config import DurationNs
from govchain.gateway import Told
from govchain.gateway.ports import ItemOffer
from govchain.scenario.conditions import Cpu, Disk, Network
from govchain.scenario.timeline import Fault
from govchain.scenario.workload import Load

Name = Annotated[str, msgspec.Meta(pattern=r"^[a-z][a-z0-9_-]{0,39}$")]
"""Lower-case letters, digits, hyphen and underscore, for ids inside a scenario."""

Tier = Literal["", "observer", "verify", "consensus"]
"""Tier of a member (rule I5)."""

REPEATS_MAX: Final = 1_000
"""Seeds for each combination of a sweep."""
DEFAULT_START: Final = "2026-11-02T09:00:00+08:00"


class Meta(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the scenario is about, for people."""

    title: str
    title_zh: str = ""
    why: str = ""
    """One or two sentences: what it shows."""
    why_zh: str = ""
    tags: tuple[str, ...] = ()
    refs: tuple[str, ...] = ()
    """Stories, rules and standards that it stands on."""


class Stop(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """When the run is given up. Virtual time in the simulator, real time on processes."""

    at: DurationNs = DurationNs(120_000_000_000)
    """Longest wait for one step to become final; what is not final by then is undecided."""
    height: Annotated[int, msgspec.Meta(ge=1)] | None = None
    """Once the steps are over: loads and timeline end as soon as the chain is so high."""
    when: str | None = None
    """The same as a comparison with `view`, `height` or `finalised`, for example `"finalised >= 5000"`."""
    grace: DurationNs | None = None
    """Longest wait, after all was mended, for what was handed in to be final everywhere; without it `at`."""

    @property
    def condition(self) -> str | None:
        """What ends loads and timeline early, as a comparison."""
        return self.when if self.height is None else f"height >= {self.height}"

    @property
    def patience(self) -> DurationNs:
        """The wait after all was mended."""
        return self.at if self.grace is None else self.grace


class OrganisationEntry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One organisation of the story."""

    id: Name
    """Short name inside this file."""
    code: str
    """Unified social credit code (GB 32100-2015), 18 characters."""
    name: str
    name_zh: str = ""
    region: str = ""
    """Where its validators stand; matters with a latency matrix."""
    roles: tuple[str, ...] = ()
    """Roles on the chain, for example `licence-issuer`."""
    accredited_for: tuple[str, ...] = ()
    """Licence type codes that the root grants it (rules L4 and I7)."""
    tier: Tier = ""
    """observer, verify or consensus; empty: consensus for whoever runs a validator, verify for others."""
    org_type: str = ""
    """What it is, for example `department`."""
    area: str = ""
    """Area code of its seat, six digits."""
    validators: Annotated[int, msgspec.Meta(ge=0, le=64)] = 0
    """How many validators it runs."""


class PersonEntry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One key holder of the story, by pseudonym."""

    id: Name
    org: str
    """Organisation id of this file."""
    roles: tuple[str, ...] = ()
    """Roles inside the organisation, for example `maker` or `checker`."""
    name: str = ""
    """What the narrative calls the person. Stays in the narrative: nothing of it goes on the chain."""
    name_zh: str = ""
    genesis: bool = True
    """False: has a key that the chain does not know until a `key.add` step."""


class HeldEntry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Sample data that a department holds of one person, or of an organisation or thing, for one item."""

    item: str
    person: str
    """Pseudonym by which this department knows whom it is about."""
    values: dict[str, bool | int | str]
    """Field to what is held. Leaves the gateway only as far as a grant and the mode of a question allow."""
    known_as: dict[str, str] = {}
    """Organisation id to the pseudonym by which that one asks about the same person."""


class GatewayEntry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One department's gateway. It signs with its organisation's first key of the role `gateway`."""

    org: str
    """Organisation id of this file."""
    items: tuple[ItemOffer, ...] = ()
    """Catalog items that it serves."""
    holdings: tuple[HeldEntry, ...] = ()
    """What it holds when the story begins."""


class Batching(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How proposals are filled (rule NC-7)."""

    records: Annotated[int, msgspec.Meta(ge=1, le=100_000)] = 512
    age: DurationNs = DurationNs(20_000_000)


class Protocol(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The shared parameters of the chain."""

    consensus: Literal["pbft", "hotstuff"] = "pbft"
    """How validators agree on an order; real ones by PBFT alone."""
    suite: Literal["ed25519"] = "ed25519"
    batch: Batching = Batching()
    pipeline: Annotated[int, msgspec.Meta(ge=1, le=64)] = 4
    checkpoint: Annotated[int, msgspec.Meta(ge=1, le=100_000)] = 128
    view_timeout: DurationNs = DurationNs(2_000_000_000)


class StepExpect(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a step must lead to; without it a step must be applied."""

    denied: str = ""
    """Rule id or denial code that must refuse it."""
    says: str = ""
    """Text that the denial's sentence must contain."""
    answer: dict[str, Told] | None = None
    """What `gateway.ask` must be told of each field: a value; true or false for yes and no; or null when the
    provider does not know."""


class Step(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename={"with_": "with"}):
    """One step of the story: a transaction, or a question that anybody may ask."""

    by: str
    """Person id."""
    do: str
    """Verb: a kind of transaction, or a reading verb."""
    id: Name | None = None
    title: str = ""
    """A sentence of your own instead of the one that the program makes."""
    title_zh: str = ""
    with_: dict[str, Any] = {}
    """Values of the verb; `${name}` refers to what earlier steps saved."""
    save: Name | None = None
    """Name under which later steps refer to the object."""
    at: DurationNs | None = None
    """Time since start at which it happens; default: one minute after the step before."""
    together: bool = False
    """Handed in in the same moment as the step before, which it does not wait for."""
    expect: StepExpect = StepExpect()


class LivenessExpect(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Progress that must be made: a number of transactions, or the next one soon after a fault is over."""

    finalised: str | None = None
    """Comparison for the number of final transactions, of steps and workload, for example `">= 10"`."""
    within: DurationNs | None = None
    """The next transaction must be final that long after `after`."""
    after: str | None = None
    """Kind of fault, counted from the end of each one, or `heal_all`, from when all was healed."""


class PerformanceExpect(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How fast the network must be, or how long it may stand still: one of the first three keys."""

    latency_p95: str | None = None
    """At most so long, `<= 450ms` or `<= 0.5 view timeouts`: from handing in to final, for 95 of 100
    transactions of steps and workload."""
    finalised_per_s: str | None = None
    """Comparison, `>= 100`, or `within 10% of 1200`, for the records of the workload that became final a
    second while there was load."""
    no_progress: str | None = None
    """At most so long, `<= 5s` or `<= 2.5 view timeouts`: the longest time without a final transaction that
    begins within a view timeout after the fault."""
    after: str | None = None
    """With `no_progress`: kind of fault; with ` primary` behind it, only those that hit the primary of that
    moment."""
    at: Literal["median", "max"] = "max"
    """Over all such faults of the run."""


class RecordExpect(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """State of one record, or numbers of denials by rule, at the end."""

    record: str | None = None
    """`type/object id`; `${name}` may stand for the id."""
    state: str | None = None
    """State of that record; `ABSENT` when it must not exist."""
    denials: dict[str, int] | None = None
    """Rule id or denial code to the exact number of denials of the run."""


class FailOutcome(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The scenario documents a break: this invariant must be broken."""

    fail: str


class Expect(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What must hold at the end."""

    invariants: Literal["all"] = "all"
    liveness: tuple[LivenessExpect, ...] = ()
    performance: tuple[PerformanceExpect, ...] = ()
    happened: tuple[dict[str, str], ...] = ()
    """Kind of fault, or `view_change`, to a comparison with how often it happened; `epoch` and `validators`
    to one with the number of the last validator set, and of its members."""
    records: tuple[RecordExpect, ...] = ()
    outcome: Literal["pass"] | FailOutcome = "pass"


class Repeat(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How often a sweep plays each combination; a replay plays one seed."""

    seeds: Annotated[int, msgspec.Meta(ge=1, le=REPEATS_MAX)] = 3
    """Counted up from `seed`."""
    ci: Literal["95%"] = "95%"
    """Of the confidence intervals."""


class Scenario(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A whole scenario file."""

    govchain: Literal[1]
    """Version of the format."""
    meta: Meta
    organisations: Annotated[tuple[OrganisationEntry, ...], msgspec.Meta(min_length=1)]
    people: tuple[PersonEntry, ...] = ()
    gateways: tuple[GatewayEntry, ...] = ()
    """Gateways through which `gateway.ask` steps go: inside the simulation, or processes of their own."""
    seed: Annotated[int, msgspec.Meta(ge=0, le=2**53 - 1)] = 42
    """Every key and every choice of a rehearsal follows from it."""
    start: str = DEFAULT_START
    """RFC 3339 time with offset: genesis time, and the clock of the story."""
    stop: Stop = Stop()
    network: Network = Network()
    cpu: Cpu = Cpu()
    disk: Disk = Disk()
    protocol: Protocol = Protocol()
    workload: tuple[Load, ...] = ()
    steps: tuple[Step, ...] = ()
    timeline: tuple[Fault, ...] = ()
    expect: Expect = Expect()
    repeat: Repeat = Repeat()


RESERVED: Final[dict[str, str]] = {
    "workload.*.rate.max_search": "the highest rate is looked for by `govchain sweep --search max_rate`",
}
"""Keys of the format that this version does not carry out, each with what to do instead, or why; a file with
one is refused, not half obeyed."""

RESERVED_WORDS: Final[dict[str, dict[str, str]]] = {
    "protocol.suite": {
        "sm2": "none of the libraries in use signs with SM2",
        "mldsa65": "equal messages must have equal signatures (RC-1), and the library draws ML-DSA's anew",
    },
}
"""Words that this version does not carry out, by the key whose value they are; each with why."""

RESERVED_VERBS: Final[tuple[str, ...]] = (
    "share.",
    "ebl.",
    "epcis.",
    "lot.",
    "data.",
    "dp.",
    "psi.",
    "fund.",
    "sandbox.",
    "xchain.",
    "clock.",
    "fault.",
    "identity.",
)
"""Beginnings of verbs of the format that this version does not carry out."""
