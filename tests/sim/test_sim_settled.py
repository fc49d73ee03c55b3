"""The core settles nothing after a vote that was only counted; here it does, in vain (NC-8)."""

from __future__ import annotations

import pytest

from govchain.consensus import NOTHING, Event, Output, Replica
from tests.support.scenario_texts import PROJECT, play

SCENARIOS = ["050-validator-crashes", "120-equivocation", "131-bad-lines"]


@pytest.mark.parametrize("name", SCENARIOS)
def test_NC8_a_counted_vote_makes_nothing_possible(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    text = (PROJECT / "scenarios" / f"{name}.yaml").read_text(encoding="utf-8")
    usual = play(text, is_symbolic=True)
    handle, counted = Replica.handle, []

    def settle_always(replica: Replica, event: Event, now_ms: int) -> Output:
        output = handle(replica, event, now_ms)
        if output is NOTHING:
            counted.append(event)
            replica._settle(now_ms, more := Output())
            assert more.is_empty, f"{event} was taken as counted only"
        return output

    monkeypatch.setattr(Replica, "handle", settle_always)
    assert play(text, is_symbolic=True).digest == usual.digest
    assert len(counted) > 50
    assert NOTHING.is_empty
