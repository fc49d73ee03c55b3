"""A listening socket that shakes hands over TLS with a bounded number of callers at a time.

Who called is judged by the context, what they say by the protocol. Each handshake holds a quarter of a
megabyte, and nobody has shown anything by then: so the oldest one makes room for a new one. Honest callers
are done long before.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Callable
from typing import Final

HANDSHAKES_MAX: Final = 128
HANDSHAKE_TIMEOUT_S: Final = 10.0
"""A handshake, and the goodbye, must be over by then."""
ACCEPT_PAUSE_S: Final = 0.1
"""After a failure to accept, for example because the process has no file descriptors left."""


class TlsListener:
    """Listens until it is closed.

    Args:
        protocol: Makes the protocol of one connection.
    """

    def __init__(
        self, listening: socket.socket, tls: ssl.SSLContext, protocol: Callable[[], asyncio.BaseProtocol]
    ) -> None:
        self.sockets = (listening,)
        self._tls = tls
        self._protocol = protocol
        self._handshakes: dict[asyncio.Task[None], None] = {}
        self._accepting = asyncio.get_running_loop().create_task(self._accept_forever(listening))
        # Not before the loop has let go of it: its number would be given to another one meanwhile.
        self._accepting.add_done_callback(lambda done: listening.close())

    def close(self) -> None:
        """Close the port, and what has not shaken hands yet."""
        for task in (self._accepting, *self._handshakes):
            task.cancel()

    async def _accept_forever(self, listening: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        while True:
            try:
                accepted, _ = await loop.sock_accept(listening)
            except OSError:
                await asyncio.sleep(ACCEPT_PAUSE_S)
                continue
            if len(self._handshakes) >= HANDSHAKES_MAX:
                oldest = next(iter(self._handshakes))
                del self._handshakes[oldest]
                oldest.cancel()
            task = loop.create_task(self._shake_hands(accepted))
            self._handshakes[task] = None
            task.add_done_callback(lambda done: self._handshakes.pop(done, None))

    async def _shake_hands(self, accepted: socket.socket) -> None:
        try:
            await asyncio.get_running_loop().connect_accepted_socket(
                self._protocol,
                accepted,
                ssl=self._tls,
                ssl_handshake_timeout=HANDSHAKE_TIMEOUT_S,
                ssl_shutdown_timeout=HANDSHAKE_TIMEOUT_S,
            )
        except OSError:
            # A failed handshake and one that took too long are errors of this kind; strangers fill no log.
            accepted.close()
        except asyncio.CancelledError:
            accepted.close()
            raise
