"""Faulty links of a rehearsal: what is lost, late, doubled or overtaken, and that nothing else is."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from random import Random

from govchain.model.link_fault import CUT, NO_FAULT, LinkFault
from govchain.net import FaultyLinks


async def carried(
    fault: LinkFault, frames: int = 200, chance: Callable[[], float] | None = None
) -> list[int]:
    """Frames in order of arrival, all sent at once over one faulty link."""
    links = FaultyLinks(chance or Random(1).random)
    links.by_peer = {"b": fault}
    arrived: list[int] = []
    for number in range(frames):
        links.carry("b", lambda number=number: arrived.append(number))  # type: ignore[misc]
    await until(lambda: not links._late)
    assert links.lost == 0 or len(arrived) + links.lost == frames
    return arrived


async def until(condition: Callable[[], bool]) -> None:
    """Let the loop turn until the condition holds."""
    async with asyncio.timeout(10):
        while not condition():  # noqa: ASYNC110
            await asyncio.sleep(0.001)


async def test_a_sound_link_passes_everything_at_once() -> None:
    assert await carried(NO_FAULT) == list(range(200))


async def test_a_cut_link_passes_nothing_and_others_are_not_touched() -> None:
    links = FaultyLinks(Random(1).random)
    links.by_peer = {"b": CUT}
    arrived: list[str] = []
    links.carry("b", lambda: arrived.append("b"))
    links.carry("c", lambda: arrived.append("c"))
    assert arrived == ["c"]
    assert links.lost == 1


async def test_a_lossy_link_loses_about_so_many() -> None:
    assert 100 < len(await carried(LinkFault(loss=20))) < 190


async def test_delay_and_jitter_keep_the_order() -> None:
    assert await carried(LinkFault(delay_ms=5, jitter_ms=30)) == list(range(200))


async def test_a_frame_after_the_delay_does_not_overtake_one_from_before() -> None:
    links = FaultyLinks(Random(1).random)
    links.by_peer = {"b": LinkFault(delay_ms=20)}
    arrived: list[str] = []
    links.carry("b", lambda: arrived.append("late"))
    links.by_peer = {}
    links.carry("b", lambda: arrived.append("early"))
    await until(lambda: len(arrived) == 2)
    assert arrived == ["late", "early"]


async def test_frames_are_doubled_and_overtaken() -> None:
    assert sorted(await carried(LinkFault(duplicate=100), 20)) == sorted([*range(20), *range(20)])
    reordered = await carried(LinkFault(reorder=50), 50)
    assert sorted(reordered) == list(range(50))
    assert reordered != list(range(50))


def test_two_faults_of_one_link_add_up() -> None:
    both = LinkFault(loss=20, delay_ms=5).with_(LinkFault(loss=10, delay_ms=7, reorder=3))
    assert both == LinkFault(loss=20, delay_ms=12, reorder=3)
