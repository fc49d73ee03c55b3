"""What other validators send: accepted connections, each of one known peer, cut into frames.

A connection that is not TLS, not of this network's authority or not of a validator is closed and counted, and
that is all it achieves. Payloads are opaque here; reading stops while the receiver asks for it.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, cast

from govchain.codec import FrameReader
from govchain.errors import MalformedBytes, ProtocolViolation, Unavailable
from govchain.net.tls import peer_name

HANDSHAKES_MAX: Final = 64
"""Connections that have not shown a certificate yet; more are closed at once."""
HANDSHAKE_TIMEOUT_S: Final = 5.0
LISTEN_BACKLOG: Final = 128


@dataclass(frozen=True, slots=True)
class ListenerHooks:
    """What a listener tells its network.

    Attributes:
        on_open: A peer connected anew.
        on_frames: Payloads of a peer, in order.
        on_refused: Something was closed: where it came from, code, a sentence.
        is_open: False discards what this peer sends (a cut link in a rehearsal).
    """

    on_open: Callable[[str], None]
    on_frames: Callable[[str, list[bytes]], None]
    on_refused: Callable[[str, str, str], None]
    is_open: Callable[[str], bool]


class Listener:
    """Accepts connections of the validators in `peers`; a new one of the same peer replaces the old."""

    def __init__(
        self, own: str, peers: list[str], context: Callable[[], ssl.SSLContext], hooks: ListenerHooks
    ) -> None:
        self._own = own
        self._peers = peers
        self._context = context
        self._hooks = hooks
        self._connections: dict[str, _Reader] = {}
        self._readers: dict[_Reader, None] = {}
        self._paused: dict[str, None] = {}
        self._handshakes: set[asyncio.Task[None]] = set()
        self._socket: socket.socket | None = None
        self._accepting: asyncio.Task[None] | None = None

    async def start(self, host: str, port: int) -> int:
        """Listen; returns the port, also when 0 was asked for.

        Raises:
            Unavailable: The address cannot be bound; says which.
        """
        try:
            family = socket.AF_INET6 if ":" in host else socket.AF_INET
            listening = socket.create_server((host, port), family=family, backlog=LISTEN_BACKLOG)
        except OSError as error:
            raise Unavailable(
                f"cannot listen for validators on {host}:{port}: {error.strerror or error}; stop what "
                "holds the port, or set another peer_listen and tell the other validators"
            ) from error
        listening.setblocking(False)
        self._socket = listening
        self._accepting = asyncio.get_running_loop().create_task(self._accept_forever(), name="accept peers")
        return int(listening.getsockname()[1])

    async def stop(self) -> None:
        """Close the port and every connection."""
        tasks = [task for task in (self._accepting, *self._handshakes) if task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        if self._socket is not None:
            self._socket.close()
        open_readers = list(self._readers)
        for reader in open_readers:
            reader.abort()
        await asyncio.gather(*(reader.lost.wait() for reader in open_readers))

    def connected(self) -> list[str]:
        """Peers whose connection stands."""
        return list(self._connections)

    def accept_peer(self, peer: str) -> None:
        """Accept one more validator."""
        self._peers.append(peer)

    def pause(self, peer: str) -> None:
        """Stop reading from a peer; its frames wait on the wire."""
        self._paused[peer] = None
        if peer in self._connections:
            self._connections[peer].pause()

    def resume(self, peer: str) -> None:
        """Read on."""
        self._paused.pop(peer, None)
        if peer in self._connections:
            self._connections[peer].resume()

    def disconnect(self, peer: str) -> None:
        """Close a peer's connection; it may dial again."""
        if peer in self._connections:
            self._connections[peer].abort()

    async def _accept_forever(self) -> None:
        loop = asyncio.get_running_loop()
        assert self._socket is not None
        while True:
            try:
                accepted, address = await loop.sock_accept(self._socket)
            except OSError as error:
                # Out of file descriptors, or the peer was gone already: wait a little, go on.
                self._hooks.on_refused("-", "accept", str(error))
                await asyncio.sleep(0.1)
                continue
            where = f"{address[0]}:{address[1]}"
            if len(self._handshakes) >= HANDSHAKES_MAX:
                self._hooks.on_refused(
                    where, "too-many-handshakes", "too many connections without certificate"
                )
                accepted.close()
                continue
            task = loop.create_task(self._shake_hands(accepted, where))
            self._handshakes.add(task)
            task.add_done_callback(self._handshakes.discard)

    async def _shake_hands(self, accepted: socket.socket, where: str) -> None:
        loop = asyncio.get_running_loop()
        reader = _Reader(self)
        try:
            transport, _ = await loop.connect_accepted_socket(
                lambda: reader,
                accepted,
                ssl=self._context(),
                ssl_handshake_timeout=HANDSHAKE_TIMEOUT_S,
            )
        except asyncio.CancelledError:
            accepted.close()
            raise
        except (OSError, TimeoutError) as error:
            accepted.close()
            self._hooks.on_refused(where, "tls-handshake", str(error) or type(error).__name__)
            return
        try:
            peer = peer_name(transport.get_extra_info("peercert"), [*self._peers, self._own], self._own)
        except ProtocolViolation as error:
            transport.abort()
            self._hooks.on_refused(where, error.code, str(error))
            return
        if reader.lost.is_set():
            return
        old = self._connections.get(peer)
        self._connections[peer] = reader
        if old is not None:
            old.abort()
        self._hooks.on_open(peer)
        reader.open(peer, transport, is_paused=peer in self._paused)

    def frames_arrived(self, reader: _Reader, payloads: list[bytes]) -> None:
        """Called by a connection."""
        peer = reader.peer
        if self._connections.get(peer) is reader and self._hooks.is_open(peer):
            self._hooks.on_frames(peer, payloads)

    def stream_broke(self, reader: _Reader, error: MalformedBytes) -> None:
        """Called by a connection whose bytes are no frames."""
        self._hooks.on_refused(reader.peer, "bad-frame", str(error))
        reader.abort()

    def connection_made(self, reader: _Reader) -> None:
        """Called by a connection."""
        self._readers[reader] = None

    def connection_lost(self, reader: _Reader) -> None:
        """Called by a connection."""
        self._readers.pop(reader, None)
        if self._connections.get(reader.peer) is reader:
            del self._connections[reader.peer]


class _Reader(asyncio.Protocol):
    """The transport's view of one accepted connection. Keeps bytes back until its peer is known."""

    def __init__(self, listener: Listener) -> None:
        self._listener = listener
        self._frames = FrameReader()
        self._transport: asyncio.Transport | None = None
        self._is_wanted_paused = False
        self.peer = ""
        self.lost = asyncio.Event()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # The faster loop's transports have the methods, not the base class.
        self._transport = cast(asyncio.Transport, transport)
        self._listener.connection_made(self)

    def open(self, peer: str, transport: asyncio.Transport, *, is_paused: bool) -> None:
        self.peer = peer
        self._transport = transport
        if is_paused:
            self.pause()
        self._cut()

    def data_received(self, data: bytes) -> None:
        self._frames.feed(data)
        if self.peer:
            self._cut()

    def _cut(self) -> None:
        payloads: list[bytes] = []
        broken: MalformedBytes | None = None
        try:
            while (payload := self._frames.next_frame()) is not None:
                payloads.append(payload)
        except MalformedBytes as error:
            broken = error
        if payloads:
            self._listener.frames_arrived(self, payloads)
        if broken is not None:
            self._listener.stream_broke(self, broken)

    def pause(self) -> None:
        if self._transport is not None and not self._is_wanted_paused and not self._transport.is_closing():
            self._is_wanted_paused = True
            self._transport.pause_reading()

    def resume(self) -> None:
        if self._transport is not None and self._is_wanted_paused and not self._transport.is_closing():
            self._is_wanted_paused = False
            self._transport.resume_reading()

    def abort(self) -> None:
        if self._transport is not None:
            self._transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        self.lost.set()
        self._listener.connection_lost(self)
