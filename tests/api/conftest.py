"""A real server on a free port in front of a fake validator."""

from __future__ import annotations

from collections.abc import AsyncIterator

import aiohttp
import pytest

from govchain.api import ApiLimits, ApiServer, serve
from tests.support.fake_validator import FakeNetwork, FakeValidator

LIMITS = ApiLimits(shutdown_timeout_s=0.5)


@pytest.fixture
def network() -> FakeNetwork:
    return FakeNetwork()


@pytest.fixture
def validator(network: FakeNetwork) -> FakeValidator:
    return network.validators()[0]


@pytest.fixture
async def server(validator: FakeValidator) -> AsyncIterator[ApiServer]:
    running = await serve(validator, "127.0.0.1", 0, LIMITS)
    yield running
    await running.close()


@pytest.fixture
async def http(server: ApiServer) -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession(server.url) as session:
        yield session
