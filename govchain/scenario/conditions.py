"""What is normal in the simulated network: lines, processors, disks, as a scenario file writes them.

Values only; `physics` gives them to the simulator. What goes wrong is in `timeline`.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Literal

import msgspec

from govchain.config import BitsPerSecond, DurationNs, SizeBytes

Loss = Annotated[Decimal, msgspec.Meta(ge=0, le=0.9)]
"""Part of the frames that must be sent again."""


class Latency(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Delays between validators."""

    fixed: DurationNs = DurationNs(20_000_000)
    """One-way delay of every link, without a matrix."""
    matrix: Literal["aws", "cn-provinces", "file"] | None = None
    """Delays by the regions of the organisations instead."""
    file: str | None = None
    """With `matrix: file`: a table of round trips in milliseconds, below the scenario's folder."""
    one_way: Literal["half"] = "half"
    """What a measured round trip makes one way."""


class Jitter(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is added to the delay of each frame, drawn from the seed."""

    dist: Literal["normal", "lognormal", "pareto", "empirical"]
    sd: DurationNs | None = None
    """Of `normal`: standard deviation."""
    median: DurationNs | None = None
    """Of `lognormal`."""
    sigma: Annotated[Decimal, msgspec.Meta(gt=0, le=4)] | None = None
    """Of `lognormal`: standard deviation of the logarithm."""
    scale: DurationNs | None = None
    """Of `pareto`."""
    shape: Annotated[Decimal, msgspec.Meta(ge=1, le=100)] | None = None
    """Of `pareto`; the lower, the heavier its tail."""
    p90: DurationNs | None = None
    """Of `empirical`: how far the 90th percentile lies above the median; without it, as the matrix has it."""


class NetworkCard(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The network card of every validator."""

    up: BitsPerSecond
    down: BitsPerSecond
    queue: SizeBytes | None = None
    """What may wait for it, each way; without it, any amount."""


class LinkEntry(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename={"from_": "from"}):
    """Links that differ, in one direction; a later entry wins."""

    from_: str
    """Validator, `org(id)` or `all`."""
    to: str
    latency: DurationNs | None = None
    loss: Loss | None = None
    bandwidth: BitsPerSecond | None = None


class Network(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The wires between validators. On real processes they are what they are."""

    latency: Latency = Latency()
    jitter: Jitter | None = None
    loss: Loss = Decimal(0)
    nic: NetworkCard | None = None
    links: tuple[LinkEntry, ...] = ()


class WorkCosts(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Time of one processor, by hand or from a measurement."""

    verify: DurationNs = DurationNs(0)
    """One signature."""
    sign: DurationNs = DurationNs(0)
    apply: DurationNs = DurationNs(0)
    """One transaction of a block."""
    block: DurationNs = DurationNs(0)
    """A block, whatever is in it."""
    hash_kb: DurationNs = DurationNs(0)
    """1024 bytes."""
    sync: DurationNs = DurationNs(0)
    """A synced write, beside what the disk takes."""
    start: DurationNs = DurationNs(0)
    """From the start of a validator's process until it takes part again."""
    message: DurationNs = DurationNs(0)
    """A frame, at either end: what one turn tells one peer."""
    request: DurationNs = DurationNs(0)
    """A request of a client, at the validator; each record takes two."""
    client: DurationNs = DurationNs(0)
    """The same at the client."""
    client_turn: DurationNs = DurationNs(0)
    """Waking up the clients, who are one process, for whatever waits."""
    file: str | None = None
    """What `govchain bench hotpath --json` or `govchain bench fidelity --json` wrote, below the scenario's
    folder; instead of all others."""


class Cpu(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The processor of every validator, which does one thing at a time."""

    costs: Literal["measured"] | WorkCosts = WorkCosts()
    cores: Annotated[int, msgspec.Meta(ge=1, le=1024)] | None = None
    """With `shared: host`: how many the machine has."""
    shared: Literal["host"] | None = None
    """All validators and the clients of `workload` run on one machine, and share its cores."""


class Disk(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The disk of every validator."""

    sync: DurationNs = DurationNs(0)
    """What a synced write takes, while the validator waits."""
    waits: Annotated[int, msgspec.Meta(ge=1, le=100)] = 1
    """How often it gives up its core for that; with `shared: host` it queues for one again each time."""
