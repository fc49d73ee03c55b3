"""One question, simulated and on real processes, gateways included: equal outcomes and state roots."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

from govchain.gateway import GatewayPort
from govchain.scenario.backend import Rehearsal
from govchain.scenario.local_backend import LocalBackend
from govchain.scenario.sim_backend import SimBackend
from govchain.testnet.gateways import LocalGateways, init_gateways
from tests.support.gateway_story import EXPIRY_HEIGHT, in_memory, play
from tests.support.gateway_world import OFFERS
from tests.support.sharing_world import CA, HPF


async def test_gateways_as_processes_write_what_gateways_of_a_simulation_write(tmp_path: Path) -> None:
    directory = tmp_path / "net"

    @asynccontextmanager
    async def open_(rehearsal: Rehearsal, now_ms: int) -> AsyncIterator[Callable[[str], GatewayPort]]:
        init_gateways(directory, offers={CA: OFFERS}, expiry_height=EXPIRY_HEIGHT)
        with LocalGateways(directory) as gateways:
            await asyncio.to_thread(gateways.start)
            async with AsyncExitStack() as stack:
                opened = {
                    org: await stack.enter_async_context(gateways.remote(gateways.of(org)))
                    for org in (CA, HPF)
                }
                yield opened.__getitem__

    local = LocalBackend(directory, now=datetime.now(UTC))
    try:
        live = await play(local, open_)
    finally:
        await local.stop()
    simulated = SimBackend()
    assert live == await play(simulated, in_memory(simulated))
