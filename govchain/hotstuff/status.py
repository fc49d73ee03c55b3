"""A validator under HotStuff at a glance. For people and reports; nothing may be decided on it."""

from __future__ import annotations

from dataclasses import dataclass

from govchain.hotstuff.state import HotStuffState


@dataclass(frozen=True, slots=True)
class HotStuffStatus:
    """Answer of `HotStuff.status`."""

    view: int
    view_changes: int
    """Views that ended with timeouts."""
    head_height: int
    stall: str
    """What the next height waits for; empty when nothing is waiting."""


def compute_status(state: HotStuffState) -> HotStuffStatus:
    """The status now."""
    return HotStuffStatus(state.view, state.timed_out_views, state.head, _explain(state))


def _explain(state: HotStuffState) -> str:
    if state.diverged_at:
        return f"stopped: a quorum attested another header of height {state.diverged_at}"
    if state.is_silent:
        return f"not voting until a certificate of view {state.locked_view} is known here"
    if not state.view_timer:
        return ""
    leader = state.validators.members[state.leader(state.view)].name
    if state.own_timeout is not None:
        given_up = sum(each.view == state.view for each in state.timeouts.values())
        return f"view {state.view}: {given_up} of {state.validators.quorum_size} gave it up"
    if state.candidate is None:
        return f"view {state.view}: no block from {leader}"
    if state.voted_view < state.view:
        return f"view {state.view}: what the block of {leader} stands on is missing"
    return f"view {state.view}: waiting for the certificate of its block"
