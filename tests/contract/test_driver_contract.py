"""What stands on `Output`, case by case, on every driver."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from govchain.codec import encode
from govchain.consensus import (
    CancelTimer,
    FetchTransactions,
    LogEntry,
    Note,
    Output,
    Send,
    SetTimer,
    TimerFired,
    TimerKind,
)
from govchain.consensus.output import VIEW_ENTRY_SEQ
from govchain.errors import Diverged
from tests.contract.drivers import Driver, GoldenDriver, NodeDriver, SimDriver


@pytest_asyncio.fixture(params=["golden", "simulator", "node"])
async def driver(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> AsyncIterator[Driver]:
    match request.param:
        case "golden":
            made: Driver = GoldenDriver(monkeypatch)
        case "simulator":
            made = SimDriver(monkeypatch)
        case _:
            made = await NodeDriver(monkeypatch, tmp_path).start()
    yield made
    await made.close()


def output_of(*entries: LogEntry, to: int | None = None) -> Output:
    """Persist these votes and send them."""
    return Output(persist=list(entries), send=[Send(entry.signed, to) for entry in entries])


def fired(driver: Driver) -> list[TimerFired]:
    return [event for event in driver.core.events if isinstance(event, TimerFired)]


async def test_RC1_votes_are_durable_before_they_leave(driver: Driver) -> None:
    first, second = driver.prepare(1), driver.prepare(2)
    await driver.give(output_of(first, second))
    assert [(each.body, each.to) for each in driver.sent] == [
        (first.signed.body, None),
        (second.signed.body, None),
    ]
    assert all(each.is_durable for each in driver.sent)


async def test_RC1_a_vote_for_one_peer_goes_to_that_peer(driver: Driver) -> None:
    vote = driver.prepare(1)
    await driver.give(output_of(vote, to=1))
    assert [(each.body, each.to, each.is_durable) for each in driver.sent] == [(vote.signed.body, 1, True)]


async def test_RC1_what_is_persisted_and_not_sent_is_durable_too(driver: Driver) -> None:
    vote = driver.prepare(4)
    await driver.give(Output(persist=[vote]))
    assert driver.vote_in_store(4, 0, "prepare") == vote.signed.body
    assert driver.sent == []


async def test_NC6_decisions_are_executed_in_order_each_once(driver: Driver) -> None:
    ids = await driver.hold(3)
    decisions = [driver.decision(1, ids[:1]), driver.decision(2, ids[1:])]
    await driver.give(Output(decide=decisions))
    await driver.until(lambda: len(driver.executed()) >= 2)
    await driver.give(Output())
    headers = driver.executed()
    assert [header.height for header in headers] == [1, 2]
    assert [header.transactions_root for header in headers] == [
        each.batch.transactions_root for each in decisions
    ]


async def test_CP1_a_certificate_is_durable_before_its_height_is_announced(driver: Driver) -> None:
    ids = await driver.hold(2)
    await driver.give(Output(decide=[driver.decision(1, ids[:1]), driver.decision(2, ids[1:])]))
    await driver.until(lambda: len(driver.executed()) == 2)
    assert driver.announced == []
    first, second = map(driver.certificate, driver.executed())
    await driver.give(Output(certificates=[first]))
    assert driver.announced == [(1, True)]
    await driver.give(Output(certificates=[second]))
    assert driver.announced == [(1, True), (2, True)]
    assert driver.certified(1)
    assert driver.certified(2)


async def test_VC4_a_timer_comes_back_once_with_its_generation(driver: Driver) -> None:
    await driver.give(Output(timers=[SetTimer(TimerKind.RETRANSMIT, 2, 7)]))
    await driver.until(lambda: fired(driver) != [])
    await driver.give(Output(timers=[SetTimer(TimerKind.BATCH_AGE, 20, 1)]))
    await driver.until(lambda: len(fired(driver)) > 1)
    assert fired(driver) == [TimerFired(TimerKind.RETRANSMIT, 7), TimerFired(TimerKind.BATCH_AGE, 1)]


async def test_VC4_setting_a_timer_again_replaces_it(driver: Driver) -> None:
    await driver.give(
        Output(
            timers=[SetTimer(TimerKind.REQUEST, 5, 1), SetTimer(TimerKind.REQUEST, 20, 2)],
        )
    )
    await driver.until(lambda: fired(driver) != [])
    assert fired(driver) == [TimerFired(TimerKind.REQUEST, 2)]


async def test_VC4_a_cancelled_timer_stays_silent_and_others_run_on(driver: Driver) -> None:
    await driver.give(
        Output(
            timers=[
                SetTimer(TimerKind.REQUEST, 5, 1),
                SetTimer(TimerKind.VIEW_CHANGE, 20, 2),
                CancelTimer(TimerKind.REQUEST),
                CancelTimer(TimerKind.BATCH_AGE),
            ]
        )
    )
    await driver.until(lambda: fired(driver) != [])
    assert fired(driver) == [TimerFired(TimerKind.VIEW_CHANGE, 2)]


async def test_NC2_missing_transactions_are_asked_for_at_the_named_peer(driver: Driver) -> None:
    wanted = (bytes([1]) * 32, bytes([2]) * 32)
    await driver.give(Output(fetch=[FetchTransactions(wanted, 2)]))
    await driver.until(lambda: driver.fetched != [])
    assert driver.fetched == [(wanted, 2)]


async def test_RQ3_waiting_transactions_are_told_to_the_named_peer_again(driver: Driver) -> None:
    if not driver.honours_forward:
        pytest.skip("in the golden world transactions travel by the test's hand")
    ids = await driver.hold(2)
    await driver.give(Output(forward=[(id_, 1) for id_ in ids]))
    await driver.until(lambda: len(driver.forwarded) >= 2)
    assert driver.forwarded[:2] == [(id_, 1) for id_ in ids]


async def test_RC1_a_restart_hands_back_the_same_bytes(driver: Driver) -> None:
    votes = [driver.prepare(1), driver.prepare(2), driver.prepare(2, view=1)]
    change = LogEntry(VIEW_ENTRY_SEQ, "view-change", 0, driver.prepare(9).signed)
    newer = LogEntry(VIEW_ENTRY_SEQ, "view-change", 0, driver.prepare(10).signed)
    await driver.give(Output(persist=[*votes, change]))
    await driver.give(Output(persist=[newer]))
    restored = await driver.restart()
    assert restored is not None
    found = {(each.seq, each.view, each.phase): encode(each.signed) for each in restored.entries}
    expected = {(each.seq, each.view, each.phase): encode(each.signed) for each in [*votes, newer]}
    assert found == expected
    assert restored.head is None


async def test_RC1_votes_are_kept_until_the_certificate_and_not_longer(driver: Driver) -> None:
    ids = await driver.hold(2)
    await driver.give(Output(persist=[driver.prepare(1), driver.prepare(2)]))
    await driver.give(Output(decide=[driver.decision(1, ids[:1]), driver.decision(2, ids[1:])]))
    await driver.until(lambda: len(driver.executed()) == 2)
    first, second = driver.executed()
    await driver.give(Output(certificates=[driver.certificate(first)]))
    restored = await driver.restart()
    assert restored is not None
    assert [(each.seq, each.phase) for each in restored.entries] == [(2, "prepare")]
    assert restored.head == second
    assert [header.height for header in restored.uncertified] == [2]
    assert restored.certified is not None
    assert restored.certified[0] == first


async def test_CP3_a_divergence_ends_the_work_and_keeps_the_data(driver: Driver) -> None:
    before, after = driver.prepare(1), driver.prepare(2)
    await driver.give(output_of(before))
    note = Note("diverged", (("height", 1), ("own", "aa"), ("quorum", "bb")))
    if isinstance(driver, NodeDriver):
        driver.core.next = Output(notes=[note])
        driver.poke()
        with pytest.raises(Diverged, match="CP-3"):
            await driver.node.run_until_stopped()
        assert not driver.node.is_alive()
    else:
        await driver.give(Output(notes=[note]))
        # These drivers go on turning; the core answers nothing any more.
        await driver.give(output_of(after))
    assert [each.body for each in driver.sent] == [before.signed.body]
    assert driver.vote_in_store(1, 0, "prepare") == before.signed.body
