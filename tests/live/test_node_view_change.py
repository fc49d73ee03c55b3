"""The primary of four validators in one loop stops under load: the others replace it, and it joins them."""

from __future__ import annotations

from pathlib import Path

import msgspec

from tests.support.node_world import FAST, running

IMPATIENT = msgspec.structs.replace(FAST, view_timeout_ms=400, retransmit_ms=100)


async def test_VC1_the_primary_stops_under_load_and_joins_the_new_view(tmp_path: Path) -> None:
    async with running(tmp_path, durable=True, parameters=IMPATIENT) as world:
        early = world.deposits(30)
        world.node(0).submit(early)
        await world.until_final(early)
        under_way = world.deposits(40)
        world.node(1).submit(under_way)
        await world.stop("validator-0")
        late = world.deposits(40)
        world.node(2).submit(late)
        await world.until_final(under_way + late)
        views = [world.node(index).status().view for index in (1, 2, 3)]
        assert min(views) >= 1
        await world.until(lambda: world.sample("validator-3", "govchain_view") >= 1)
        await world.start(["validator-0"])
        await world.until_final(early + under_way + late)
        await world.until(lambda: world.node(0).status().view >= min(views))
        last = world.deposits(20)
        world.node(0).submit(last)
        await world.until_final(last)
        world.require_equal()


async def test_situation_36_the_next_primary_restarts_in_its_view(tmp_path: Path) -> None:
    async with running(tmp_path, durable=True, parameters=IMPATIENT) as world:
        await world.stop("validator-0")
        first = world.deposits(20)
        world.node(2).submit(first)
        await world.until_final(first)
        view = world.node(1).status().view
        assert view >= 1
        await world.start(["validator-0"])
        await world.until(lambda: world.node(0).status().view >= view)
        await world.stop("validator-1")
        await world.start(["validator-1"])
        assert world.node(1).status().view >= view
        second = world.deposits(20)
        world.node(3).submit(second)
        await world.until_final(first + second)
        world.require_equal()


async def test_a_validator_without_a_quorum_says_that_it_is_stuck_and_why(tmp_path: Path) -> None:
    parameters = msgspec.structs.replace(FAST, view_timeout_ms=100, retransmit_ms=50)
    async with running(tmp_path, parameters=parameters, start=[0, 1]) as world:
        world.node(0).submit(world.deposits(1))
        await world.until(lambda: world.sample("validator-0", "govchain_stalled") == 1)
        line = next(text for text in world.logs["validator-0"].getvalue().splitlines() if '"stalled"' in text)
        assert "missing validator-2, validator-3" in line
        assert "missing validator-2, validator-3" in world.node(0).status().stall
        await world.start(["validator-2"])
        await world.until(lambda: world.sample("validator-0", "govchain_stalled") == 0)
        assert world.node(0).status().final_height == 1
