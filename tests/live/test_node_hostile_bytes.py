"""Bytes that no validator sends, against one that runs: the line is cut, work goes on (situation 10)."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from collections.abc import Callable
from pathlib import Path

import pytest

from govchain.codec import FRAME_BYTES_MAX, encode, frame
from govchain.net import TlsContexts
from govchain.node.wire import Hello
from tests.support.node_world import NodeWorld, running


def huge_length(_: NodeWorld) -> bytes:
    return (FRAME_BYTES_MAX + 1).to_bytes(4, "big") + bytes(1000)


def no_length(_: NodeWorld) -> bytes:
    return bytes(4)


def noise(_: NodeWorld) -> bytes:
    return b"\xff" * 100_000


def deep_nesting(world: NodeWorld) -> bytes:
    greeting = frame(encode(Hello(world.chain_id, "0", "validator-3", 0)))
    return greeting + frame(b"\x91" * 1_000_000) * 20


@pytest.mark.parametrize(
    ("hostile", "code"),
    [
        (huge_length, "bad-frame"),
        (no_length, "bad-frame"),
        (noise, "bad-frame"),
        (deep_nesting, "malformed"),
    ],
)
async def test_situation_10_hostile_bytes_cut_the_line_and_nothing_else(
    tmp_path: Path, hostile: Callable[[NodeWorld], bytes], code: str
) -> None:
    async with running(tmp_path, start=[0, 1, 2]) as world:
        context = TlsContexts(world.tls_files("validator-3")).client
        port = world.node(0).peer_port
        reader, writer = await asyncio.open_connection("127.0.0.1", port, ssl=context, server_hostname="")
        writer.write(hostile(world))
        async with asyncio.timeout(20):
            with contextlib.suppress(ConnectionError, ssl.SSLError):  # Cut while it was still speaking.
                assert await reader.read() == b"", "the line is cut and nothing was said"
        assert world.sample("validator-0", "govchain_rejected_total", code=code) >= 1
        writer.close()
        transactions = world.deposits(6)
        world.node(0).submit(transactions)
        await world.until_final(transactions)
        world.require_equal()


async def test_situation_10_what_is_no_tls_gets_no_answer(tmp_path: Path) -> None:
    async with running(tmp_path, start=[0, 1, 2]) as world:
        reader, writer = await asyncio.open_connection("127.0.0.1", world.node(0).peer_port)
        writer.write(b"GET / HTTP/1.1\r\n\r\n" * 1000)
        async with asyncio.timeout(20):
            try:
                answer = await reader.read()
            except ConnectionError:
                answer = b""
        assert b"HTTP" not in answer
        await world.until(
            lambda: world.sample("validator-0", "govchain_rejected_total", code="tls-handshake") >= 1
        )
        writer.close()
        transactions = world.deposits(6)
        world.node(1).submit(transactions)
        await world.until_final(transactions)
