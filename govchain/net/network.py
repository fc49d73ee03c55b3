"""The peer network of one validator: frames to others over own connections, frames from others over theirs.

A payload is opaque; loss, delay and repetition are allowed by the protocol above. Nothing is verified here
but who is at the other end.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping

from govchain.net.faults import FaultyLinks
from govchain.net.inbound import Listener, ListenerHooks
from govchain.net.outbound import LinkHooks, OutboundLink
from govchain.net.tls import TlsContexts
from govchain.observe import Logger, NodeMetrics, Throttle


class PeerNetwork:
    """Every other validator, by name.

    Args:
        own: This validator's name.
        tls: Contexts of its certificate.
        jitter: A number in [0, 1), for the back-off of reconnection.
        clock: Seconds, monotonic.

    Attributes:
        tls: The contexts in use; a renewed certificate is taken by their `reload`.
        is_link_open: Tests replace it to cut a link: frames to and from a peer vanish while it is False.
        faults: What is wrong with the links to peers in a rehearsal; None outside of one.
    """

    def __init__(
        self,
        own: str,
        tls: TlsContexts,
        *,
        jitter: Callable[[], float],
        clock: Callable[[], float],
        log: Logger,
        metrics: NodeMetrics,
    ) -> None:
        self._own = own
        self.tls = tls
        self._jitter = jitter
        self._log = log
        self._metrics = metrics
        self._throttle = Throttle(clock)
        self._links: dict[str, OutboundLink] = {}
        self._listener: Listener | None = None
        self._hooks: LinkHooks | None = None
        self.is_link_open: Callable[[str], bool] = _always
        self.faults: FaultyLinks | None = None
        self.on_change: Callable[[], None] = _nothing
        """Called when an outbound connection was made or lost."""

    async def listen(
        self,
        host: str,
        port: int,
        peers: Iterable[str],
        *,
        on_open: Callable[[str], None],
        on_frames: Callable[[str, list[bytes]], None],
    ) -> int:
        """Accept these validators; returns the port.

        Args:
            on_open: Called when a peer has connected anew; its next payload is its greeting.
            on_frames: Called with a peer and its payloads, in order of arrival.

        Raises:
            Unavailable: The address cannot be bound.
        """

        def opened(peer: str) -> None:
            on_open(peer)
            if peer in self._links:
                self._links[peer].hurry()

        hooks = ListenerHooks(
            on_open=opened,
            on_frames=on_frames,
            on_refused=self._refused,
            is_open=self._is_open,
        )
        self._listener = Listener(self._own, list(peers), lambda: self.tls.server, hooks)
        return await self._listener.start(host, port)

    def dial(self, addresses: Mapping[str, tuple[str, int]], *, greeting: Callable[[], bytes]) -> None:
        """Connect to these validators, now and whenever a connection is lost.

        Args:
            greeting: First payload on every connection.
        """
        self._hooks = LinkHooks(
            greeting=greeting,
            jitter=self._jitter,
            on_change=self._link_changed,
            on_dropped=self._dropped,
            on_refused=self._refused,
        )
        for peer, address in addresses.items():
            self._connect(peer, address)

    def meet(self, peer: str, address: tuple[str, int]) -> None:
        """Dial and accept one more peer, from now on; call it after `dial`."""
        assert peer not in self._links
        self._connect(peer, address)
        if self._listener is not None:
            self._listener.accept_peer(peer)

    def _connect(self, peer: str, address: tuple[str, int]) -> None:
        assert self._hooks is not None, "dial comes first"
        link = OutboundLink(
            self._own, peer, address, context=lambda: self.tls.client, hooks=self._hooks, log=self._log
        )
        self._links[peer] = link
        link.start()

    async def stop(self) -> None:
        """Close everything."""
        await asyncio.gather(*(link.stop() for link in self._links.values()))
        if self._listener is not None:
            await self._listener.stop()

    def send(self, peer: str, payload: bytes, *, is_urgent: bool = False) -> None:
        """Queue a payload for a peer, before all that are not urgent. Never waits; a full queue drops it.

        So does a peer that is not known (yet): validators come and go.
        """
        link = self._links.get(peer)
        if link is None or not self.is_link_open(peer):
            return
        if self.faults is None:
            link.send(payload, is_urgent=is_urgent)
        else:
            self.faults.carry(peer, lambda: link.send(payload, is_urgent=is_urgent))

    def broadcast(self, payload: bytes, *, is_urgent: bool = False) -> None:
        """Queue a payload for every peer."""
        for peer in self._links:
            self.send(peer, payload, is_urgent=is_urgent)

    def connected(self) -> dict[str, bool]:
        """Every peer, and whether frames can be sent to it now."""
        return {peer: link.is_connected for peer, link in self._links.items()}

    def queue_bytes(self, peer: str) -> int:
        """Bytes that wait to be sent to a peer."""
        return self._links[peer].queue_bytes if peer in self._links else 0

    def pause(self, peer: str) -> None:
        """Stop reading what a peer sends, until `resume`."""
        if self._listener is not None:
            self._listener.pause(peer)

    def resume(self, peer: str) -> None:
        """Read on."""
        if self._listener is not None:
            self._listener.resume(peer)

    def disconnect(self, peer: str) -> None:
        """Close the connection over which a peer sends; it may dial again."""
        if self._listener is not None:
            self._listener.disconnect(peer)

    def _is_open(self, peer: str) -> bool:
        return self.is_link_open(peer)

    def _link_changed(self, peer: str, is_connected: bool) -> None:
        self._metrics.gauge("govchain_peers").set(sum(self.connected().values()))
        self._log.info("peer-connected" if is_connected else "peer-lost", peer=peer)
        self.on_change()

    def _dropped(self, peer: str, frames: int) -> None:
        self._metrics.counter("govchain_dropped_frames_total").inc(frames)
        self._tell("frames-dropped", peer=peer, frames=frames)

    def _refused(self, where: str, code: str, problem: str) -> None:
        self._metrics.reject(code)
        self._tell("connection-refused", peer=where, code=code, problem=problem)

    def _tell(self, event: str, **facts: str | int) -> None:
        is_allowed, suppressed = self._throttle.allow(event)
        if is_allowed:
            self._log.warning(event, suppressed=suppressed, **facts)


def _always(_peer: str) -> bool:
    return True


def _nothing() -> None:
    return None
