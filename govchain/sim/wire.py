"""The sound network: how long a frame takes from one validator to another, with everything that is normal.

Propagation, jitter, loss that a stream repairs, bandwidth. What somebody breaks is in `links`. Integers only;
one generator a purpose and link, so that traffic on one link never disturbs the draws of another.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Final

from govchain.crypto import Suite
from govchain.sim.network import FixedLatency, LatencyModel, seeded_stream
from govchain.sim.quantiles import Quantiles

NS_PER_S: Final = 1_000_000_000
RTO_FLOOR_NS: Final = 200_000_000
"""What a sender waits beyond a round trip before it sends again (RFC 6298; the floor of common systems)."""
RETRANSMISSIONS_MAX: Final = 6
"""After so many the next one arrives: a connection that loses everything is a fault, not a line."""

Link = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Nic:
    """The card of every validator.

    Attributes:
        queue_bytes: What waits for the card at most; 0 for any amount. Beyond it a sender drops the frame, as
            full outgoing queues do; on the receiving side it is lost in the switch and sent again.
    """

    up_bits_per_s: int
    down_bits_per_s: int
    queue_bytes: int = 0


@dataclass(frozen=True, slots=True)
class LinkConditions:
    """One direction of one link where it differs from the others."""

    one_way_ns: int | None = None
    loss: Decimal | None = None
    bits_per_s: int | None = None


@dataclass(frozen=True, slots=True)
class LineConditions:
    """What is normal on all lines.

    Attributes:
        jitter: Added to the latency of each frame.
        link_jitter: The same for single links, instead of `jitter`.
        loss: Part of the frames that must be sent again.
        links: Exceptions, by (source, target).
    """

    jitter: Quantiles | None = None
    link_jitter: Mapping[Link, Quantiles] = field(default_factory=dict)
    loss: Decimal = Decimal(0)
    nic: Nic | None = None
    links: Mapping[Link, LinkConditions] = field(default_factory=dict)


PLAIN_LINES: Final = LineConditions()


class BandwidthQueue:
    """Frames that wait for one sender of bits; first come, first served.

    Attributes:
        dropped: Frames for which there was no room.
        free_ns: When everything that was taken is through.
    """

    __slots__ = ("_bits_per_s", "_queue_ns", "dropped", "free_ns")

    def __init__(self, bits_per_s: int, queue_bytes: int = 0) -> None:
        assert bits_per_s > 0
        self._bits_per_s = bits_per_s
        self._queue_ns = self.transmission_ns(queue_bytes) if queue_bytes else None
        self.dropped = 0
        self.free_ns = 0

    def transmission_ns(self, size_bytes: int) -> int:
        """How long so many bytes take, rounded up."""
        return -(-size_bytes * 8 * NS_PER_S // self._bits_per_s)

    def take(self, size_bytes: int, now_ns: int) -> int | None:
        """When the frame's last bit is through; None when the queue has no room for it.

        A frame that finds the queue empty is taken whatever its size.
        """
        waits_ns = max(0, self.free_ns - now_ns)
        need_ns = self.transmission_ns(size_bytes)
        if self._queue_ns is not None and waits_ns and waits_ns + need_ns > self._queue_ns:
            self.dropped += 1
            return None
        self.free_ns = now_ns + waits_ns + need_ns
        return self.free_ns


class Wire:
    """All links and cards of one network.

    Attributes:
        retransmissions: Frames that a stream had to send again, for loss or for want of room.
        equal_ns: What every frame takes on every link, when nothing makes a difference; else None.
        needs_size: Whether it matters how long frames are.
        has_ports: Whether frames queue where they arrive; then `receive` comes before delivery.
    """

    def __init__(
        self, suite: Suite, seed: int, validators: int, latency: LatencyModel, lines: LineConditions
    ) -> None:
        self._suite = suite
        self._seed = seed
        self._latency = latency
        self._lines = lines
        nic = lines.nic
        self._up: list[BandwidthQueue] = []
        self._down: list[BandwidthQueue] = []
        if nic is not None:
            self._up = [BandwidthQueue(nic.up_bits_per_s, nic.queue_bytes) for _ in range(validators)]
            self._down = [BandwidthQueue(nic.down_bits_per_s, nic.queue_bytes) for _ in range(validators)]
        self._narrow = {
            link: BandwidthQueue(each.bits_per_s) for link, each in lines.links.items() if each.bits_per_s
        }
        is_plain = lines.jitter is None and not (lines.link_jitter or lines.loss or nic or lines.links)
        self._draws: dict[tuple[str, Link], Iterator[int]] = {}
        self._last_ns: dict[Link, int] = {}
        self._stalled_ns: dict[Link, int] = {}
        self.retransmissions = 0
        self._is_plain = is_plain
        self.equal_ns = latency.one_way_ns if is_plain and isinstance(latency, FixedLatency) else None
        self.needs_size = nic is not None or bool(self._narrow)
        self.has_ports = nic is not None

    @property
    def dropped(self) -> int:
        """Frames that found an outgoing queue full, and are gone."""
        return sum(queue.dropped for queue in self._up)

    def arrival_ns(self, source: int, target: int, size_bytes: int, now_ns: int) -> int | None:
        """When a frame that is sent now reaches the target's card; None when the sender's queue is full."""
        latency_ns = self._latency.delay_ns(source, target)
        if self._is_plain:
            return now_ns + latency_ns
        link = (source, target)
        leaves_ns = now_ns
        if self._up:
            through_ns = self._up[source].take(size_bytes, now_ns)
            if through_ns is None:
                return None
            leaves_ns = through_ns
        if link in self._narrow:
            narrow_ns = self._narrow[link].take(size_bytes, leaves_ns)
            assert narrow_ns is not None, "a link without a queue limit has room"
            leaves_ns = narrow_ns
        own = self._lines.links.get(link)
        if own is not None and own.one_way_ns is not None:
            latency_ns = own.one_way_ns
        loss = self._lines.loss if own is None or own.loss is None else own.loss
        travel_ns = max(0, latency_ns + self._jitter_ns(link))
        due_ns = leaves_ns + travel_ns + self._repair_ns(link, latency_ns, loss)
        # A stream keeps its order: whatever comes after a lost or late frame waits for it.
        due_ns = max(due_ns, self._last_ns.get(link, 0))
        self._last_ns[link] = due_ns
        return due_ns

    def receive(self, source: int, target: int, size_bytes: int, now_ns: int) -> tuple[int, bool]:
        """When a frame is through the target's card, and True; or when it comes again, and False."""
        link = (source, target)
        stalled_ns = self._stalled_ns.get(link, 0)
        if now_ns < stalled_ns:
            # What the stream lost comes before what was sent behind it.
            return stalled_ns, False
        through_ns = self._down[target].take(size_bytes, now_ns)
        if through_ns is not None:
            return through_ns, True
        self.retransmissions += 1
        self._stalled_ns[link] = now_ns + RTO_FLOOR_NS + 2 * self._latency.delay_ns(source, target)
        return self._stalled_ns[link], False

    def _jitter_ns(self, link: Link) -> int:
        table = self._lines.link_jitter.get(link, self._lines.jitter)
        return 0 if table is None else table.at(self._draw("jitter", link))

    def _repair_ns(self, link: Link, latency_ns: int, loss: Decimal) -> int:
        """How much later a frame comes because it was lost and sent again, each time after a doubled wait."""
        if not loss:
            return 0
        threshold = int(loss * (1 << 64))
        wait_ns, repair_ns = RTO_FLOOR_NS + 2 * latency_ns, 0
        for _ in range(RETRANSMISSIONS_MAX):
            if self._draw("loss", link) >= threshold:
                break
            self.retransmissions += 1
            repair_ns += wait_ns
            wait_ns *= 2
        return repair_ns

    def _draw(self, purpose: str, link: Link) -> int:
        key = (purpose, link)
        if key not in self._draws:
            name = f"wire:{purpose}:{link[0]}:{link[1]}"
            self._draws[key] = seeded_stream(self._suite, self._seed, name)
        return next(self._draws[key])
