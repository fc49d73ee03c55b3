"""One validator's frames to one other: a bounded queue, one connection, dialled again when it breaks.

Payloads are opaque here, and nothing is read: what arrives comes over connections that others dialled.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from govchain.codec import frame
from govchain.errors import ProtocolViolation
from govchain.net.tls import peer_name
from govchain.observe import Logger

HANDSHAKE_TIMEOUT_S: Final = 5.0
CONNECT_TIMEOUT_S: Final = 5.0
CLOSE_TIMEOUT_S: Final = 1.0
BACKOFF_FIRST_S: Final = 0.05
BACKOFF_MAX_S: Final = 2.0
SETTLED_AFTER_S: Final = 1.0
"""A connection that lived that long was accepted by the other end: the back-off starts anew."""
QUEUE_BYTES_MAX: Final = 32 * 1024 * 1024
BULK_BYTES_MAX: Final = 24 * 1024 * 1024
QUEUE_FRAMES_MAX: Final = 4_096
OFFLINE_FRAMES_MAX: Final = 64
"""Frames kept for a validator that is not connected: what it can use when it is back are only the newest."""
WRITE_BYTES_MAX: Final = 1024 * 1024
"""Frames joined into one write."""
UNACKNOWLEDGED_MS_MAX: Final = 10_000
"""A peer whose machine vanished is noticed after this time."""


@dataclass(frozen=True, slots=True)
class LinkHooks:
    """What a link asks of its network.

    Attributes:
        greeting: First payload on every new connection.
        jitter: A number in [0, 1) for the back-off.
        on_change: The connection was made or lost.
        on_dropped: That many frames were not sent.
        on_refused: A connection failed for this code, with a sentence.
    """

    greeting: Callable[[], bytes]
    jitter: Callable[[], float]
    on_change: Callable[[str, bool], None]
    on_dropped: Callable[[str, int], None]
    on_refused: Callable[[str, str, str], None]


class OutboundLink:
    """Frames to one peer. `send` never waits and never raises; what does not fit is counted and dropped.

    Dropping is safe: consensus sends again, transactions and blocks are asked for again.
    """

    def __init__(
        self,
        own: str,
        peer: str,
        address: tuple[str, int],
        *,
        context: Callable[[], ssl.SSLContext],
        hooks: LinkHooks,
        log: Logger,
    ) -> None:
        self.peer = peer
        self._own = own
        self._address = address
        self._context = context
        self._hooks = hooks
        self._log = log
        self._urgent: deque[bytes] = deque()
        self._bulk: deque[bytes] = deque()
        self._queue_bytes = 0
        self._connection: _Writer | None = None
        self._is_flush_scheduled = False
        self._dialler: asyncio.Task[None] | None = None
        self._was_open = False
        self._opened_at_s = 0.0
        self._is_peer_back = asyncio.Event()

    @property
    def is_connected(self) -> bool:
        return self._connection is not None

    @property
    def queue_bytes(self) -> int:
        """Bytes that wait here, without what the transport holds."""
        return self._queue_bytes

    def start(self) -> None:
        """Dial, now and whenever the connection is lost."""
        assert self._dialler is None
        self._dialler = asyncio.get_running_loop().create_task(self._dial_forever(), name=f"dial {self.peer}")

    def hurry(self) -> None:
        """The peer has dialled us, so it is there: do not wait long before dialling it."""
        self._is_peer_back.set()

    async def stop(self) -> None:
        """Send what is queued as far as the connection takes it at once, and close."""
        if self._dialler is not None:
            self._dialler.cancel()
            await asyncio.gather(self._dialler, return_exceptions=True)
        connection = self._connection
        if connection is not None:
            self.flush()
            await connection.close()

    def send(self, payload: bytes, *, is_urgent: bool = False) -> None:
        """Queue one frame; it leaves with others at the end of this turn of the loop, urgent ones first."""
        data = frame(payload)
        queue = self._urgent if is_urgent else self._bulk
        if self._connection is None:
            self._keep_offline(queue, data)
            return
        # Bulk leaves a part of the room to votes, which must get through when gossip does not.
        bytes_max = QUEUE_BYTES_MAX if is_urgent else BULK_BYTES_MAX
        if len(queue) >= QUEUE_FRAMES_MAX or self._queue_bytes + len(data) > bytes_max:
            # The newest goes: older frames are the ones that the peer waits for.
            self._hooks.on_dropped(self.peer, 1)
            return
        queue.append(data)
        self._queue_bytes += len(data)
        if not self._is_flush_scheduled:
            self._is_flush_scheduled = True
            asyncio.get_running_loop().call_soon(self.flush)

    def flush(self) -> None:
        """Hand queued frames to the transport until it has enough; many frames make one write."""
        self._is_flush_scheduled = False
        connection = self._connection
        while connection is not None and connection.can_write and (self._urgent or self._bulk):
            parts, size = [], 0
            while size < WRITE_BYTES_MAX and (self._urgent or self._bulk):
                data = (self._urgent or self._bulk).popleft()
                parts.append(data)
                size += len(data)
            self._queue_bytes -= size
            connection.write(parts[0] if len(parts) == 1 else b"".join(parts))

    def _keep_offline(self, queue: deque[bytes], data: bytes) -> None:
        queue.append(data)
        self._queue_bytes += len(data)
        while queue and (len(queue) > OFFLINE_FRAMES_MAX or self._queue_bytes > QUEUE_BYTES_MAX):
            self._queue_bytes -= len(queue.popleft())
            self._hooks.on_dropped(self.peer, 1)

    async def _dial_forever(self) -> None:
        loop = asyncio.get_running_loop()
        backoff_s = BACKOFF_FIRST_S
        while True:
            self._was_open = False
            await self._dial_once()
            if self._was_open and loop.time() - self._opened_at_s > SETTLED_AFTER_S:
                backoff_s = BACKOFF_FIRST_S
            try:
                async with asyncio.timeout(backoff_s * (0.5 + self._hooks.jitter())):
                    await self._is_peer_back.wait()
                await asyncio.sleep(BACKOFF_FIRST_S)
            except TimeoutError:
                backoff_s = min(backoff_s * 2, BACKOFF_MAX_S)
            self._is_peer_back.clear()

    async def _dial_once(self) -> None:
        loop = asyncio.get_running_loop()
        host, port = self._address
        connection = _Writer(self)
        try:
            async with asyncio.timeout(CONNECT_TIMEOUT_S + HANDSHAKE_TIMEOUT_S):
                transport, _ = await loop.create_connection(
                    lambda: connection,
                    host,
                    port,
                    ssl=self._context(),
                    server_hostname="",
                    ssl_handshake_timeout=HANDSHAKE_TIMEOUT_S,
                )
        except ssl.SSLError as error:
            self._hooks.on_refused(self.peer, "tls-handshake", f"dialling {host}:{port}: {error}")
            return
        except (OSError, TimeoutError) as error:
            self._log.debug("dial-failed", peer=self.peer, problem=str(error))
            return
        if not self._is_peer(transport):
            transport.abort()
            return
        _set_socket_options(transport)
        connection.open(transport)
        self._open(connection)
        await connection.lost.wait()

    def _is_peer(self, transport: asyncio.Transport) -> bool:
        try:
            name = peer_name(transport.get_extra_info("peercert"), [self.peer, self._own], self._own)
        except ProtocolViolation as error:
            self._hooks.on_refused(self.peer, error.code, str(error))
            return False
        assert name == self.peer
        return True

    def _open(self, connection: _Writer) -> None:
        if connection.lost.is_set():
            return
        self._connection = connection
        self._was_open, self._opened_at_s = True, asyncio.get_running_loop().time()
        connection.write(frame(self._hooks.greeting()))
        self._hooks.on_change(self.peer, True)
        self.flush()

    def connection_lost(self, connection: _Writer) -> None:
        """Called by the connection itself."""
        if self._connection is not connection:
            return
        self._connection = None
        # What the old connection did not take is stale when the next one stands.
        dropped = len(self._urgent) + len(self._bulk)
        self._urgent.clear()
        self._bulk.clear()
        self._queue_bytes = 0
        if dropped:
            self._hooks.on_dropped(self.peer, dropped)
        self._hooks.on_change(self.peer, False)


class _Writer(asyncio.Protocol):
    """The transport's view of a link. Bytes from the other end are not expected and not kept."""

    def __init__(self, link: OutboundLink) -> None:
        self._link = link
        self._transport: asyncio.Transport | None = None
        self.can_write = True
        self.lost = asyncio.Event()

    def open(self, transport: asyncio.Transport) -> None:
        self._transport = transport
        transport.set_write_buffer_limits(high=2 * WRITE_BYTES_MAX, low=WRITE_BYTES_MAX)

    def write(self, data: bytes) -> None:
        assert self._transport is not None
        self._transport.write(data)

    async def close(self) -> None:
        """Let the transport send what it holds, as long as that is quick."""
        assert self._transport is not None
        self._transport.close()
        try:
            async with asyncio.timeout(CLOSE_TIMEOUT_S):
                await self.lost.wait()
        except TimeoutError:
            self._transport.abort()
            await self.lost.wait()

    def pause_writing(self) -> None:
        self.can_write = False

    def resume_writing(self) -> None:
        self.can_write = True
        self._link.flush()

    def connection_lost(self, exc: Exception | None) -> None:
        self.can_write = False
        self.lost.set()
        self._link.connection_lost(self)


def _set_socket_options(transport: asyncio.Transport) -> None:
    connected = transport.get_extra_info("socket")
    option = getattr(socket, "TCP_USER_TIMEOUT", None)
    if connected is not None and option is not None:
        connected.setsockopt(socket.IPPROTO_TCP, option, UNACKNOWLEDGED_MS_MAX)
        connected.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
