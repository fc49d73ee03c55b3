"""A validator's port that loses answers: it reads a request, may act on it, and hangs up."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from govchain.codec import decode
from govchain.model import Transaction
from tests.support.fake_validator import FakeNetwork


@dataclass(slots=True)
class LossyPort:
    """What arrived, and where to send it."""

    url: str
    requests: list[bytes] = field(default_factory=list)
    """First line of each request."""


@asynccontextmanager
async def lossy_port(
    *, admit_to: FakeNetwork | None = None, answer: bytes | None = None
) -> AsyncIterator[LossyPort]:
    """Listen; for each request admit what it submits (or not), then send `answer` and hang up.

    Args:
        admit_to: Chain into whose pool submissions go before the connection is lost.
        answer: Raw bytes to answer; None hangs up without a word.
    """
    port = LossyPort("")

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        port.requests.append(head.split(b"\r\n", 1)[0])
        body = await reader.readexactly(_length(head))
        if admit_to is not None and body:
            for transaction in decode(body, tuple[Transaction, ...]):
                admit_to.admit(transaction)
        if answer is not None:
            writer.write(answer)
        writer.close()

    server = await asyncio.start_server(handle, "127.0.0.1", 0)
    host, number = server.sockets[0].getsockname()[:2]
    port.url = f"http://{host}:{number}"
    try:
        yield port
    finally:
        server.close()
        await server.wait_closed()


def http_answer(body: bytes, *, status: str = "200 OK", media_type: str = "application/json") -> bytes:
    """A complete HTTP answer."""
    head = f"HTTP/1.1 {status}\r\nContent-Type: {media_type}\r\nContent-Length: {len(body)}\r\n\r\n"
    return head.encode() + body


def _length(head: bytes) -> int:
    for line in head.lower().split(b"\r\n"):
        if line.startswith(b"content-length:"):
            return int(line.partition(b":")[2])
    return 0
