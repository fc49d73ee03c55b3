"""How long a primary may keep something waiting, and how long a new one may take (rules RQ-3, VC-4).

One timer runs at a time and only while there is something to wait for. What follows from it is a view change.
"""

from __future__ import annotations

from collections.abc import Sequence

from govchain.consensus.events import TimerKind
from govchain.consensus.output import CancelTimer, Output, SetTimer
from govchain.consensus.slots import Watch
from govchain.consensus.state import ReplicaState

BACKOFF_DOUBLINGS_MAX = 4
"""The time doubles with every failed view up to sixteen times `view_timeout_ms`."""
COMPLAINT_PHASE = 2
"""Half periods without progress after which a replica complains; one that is behind waits one more."""


def on_progress_made(state: ReplicaState, output: Output, ids: Sequence[bytes] = ()) -> None:
    """A decision or a certified block: a view that works has no failed ones before it (rule VC-4).

    Args:
        ids: What was decided.
    """
    state.failed_views = 0
    begin_anew(state, output, ids)


def begin_anew(state: ReplicaState, output: Output, ids: Sequence[bytes] = ()) -> None:
    """Something moved: whoever waits begins to count anew.

    Not so the transaction that has waited longest: what others got is no help to it (rule RQ-3).
    """
    watch = state.watch
    if watch is None or not state.transactions.is_pending(watch.id):
        disarm_request(state, output)
        return
    state.request_phase = 0
    if watch.beside is not None and any(id_ not in watch.beside for id_ in ids):
        watch.is_overtaken = True


def arm_deadline(state: ReplicaState, output: Output) -> None:
    """The right timer runs, or none (rules RQ-3, VC-4; situation 33)."""
    if not state.peers or state.diverged_at:
        return
    is_changing = state.is_changing
    if is_changing and is_new_view_due(state):
        if not state.is_change_armed:
            state.is_change_armed = True
            _set(state, TimerKind.VIEW_CHANGE, timeout_ms(state), output)
    elif state.is_change_armed:
        disarm_change(state, output)
    if not is_changing and is_anything_due(state):
        if not state.is_request_armed:
            state.is_request_armed = True
            oldest = state.transactions.oldest
            if state.watch is None and oldest is not None and state.request_phase == 0:
                state.watch = Watch(oldest)
            _set(state, TimerKind.REQUEST, max(1, timeout_ms(state) // 2), output)
    elif state.is_request_armed:
        disarm_request(state, output)


def is_anything_due(state: ReplicaState) -> bool:
    """Something waits to be ordered or to be certified. Expects that a view runs.

    An executed height without certificate means that too few decided it: only a new view, which takes it
    over, can make those vote for it who have left this view (rule VC-1).
    """
    if state.base_height < state.head.height:
        return True
    if state.next_validators is not None:
        return False  # Nothing can be ordered before the next epoch begins (MB-2).
    # Votes without a proposal are no work: anybody could make others lose patience by them.
    if state.tip > state.decided:
        return True
    # Slots stay until the next checkpoint, so they are many, and most often all are settled.
    return state.transactions.pending_count > 0 or (
        state.slots_to > state.decided
        and any(
            slot.proposal is not None or slot.parked is not None
            for seq, slot in state.slots.items()
            if seq > state.decided
        )
    )


def is_new_view_due(state: ReplicaState) -> bool:
    """A quorum wants the view that is changed to or a later one: its primary could have begun (rule VC-4)."""
    votes = sum(wanted.view >= state.target for wanted in state.wanted.values())
    return votes >= state.validators.quorum_size


def on_request_timer(state: ReplicaState, generation: int, output: Output) -> bool:
    """Half a period is over: forward first; True when it is time to complain (rule RQ-3).

    There are two reasons. Nothing was decided for a whole period; or what came long after a transaction was
    forwarded is decided before it, so the primary passes it over (situation 49).
    """
    if not state.is_request_armed or generation != state.timer_generation:
        return False
    state.is_request_armed = False
    state.request_phase += 1
    passed = 0 if state.watch is None else _watch_on(state, state.watch)
    if passed <= 1 and state.request_phase == 1:
        if not state.is_primary:
            output.forward.extend((id_, state.primary) for id_ in state.transactions.waiting())
        return False
    if state.is_syncing:
        return False  # Others go on without this replica: it has nothing to complain about (rule CU-4).
    if state.watch is not None and state.watch.is_overtaken:
        return True
    # After progress the timer was not set anew: what is left of its half period does not count.
    limit = COMPLAINT_PHASE + (passed > state.request_phase)
    is_behind = state.quorum_ahead > state.head.height
    return state.request_phase >= limit + (is_behind and state.request_phase <= limit)


def _watch_on(state: ReplicaState, watch: Watch) -> int:
    """Half periods through which the transaction has waited, this one included."""
    watch.half_periods += 1
    if watch.half_periods == COMPLAINT_PHASE:
        # It was forwarded half a period ago. An honest primary proposes in order of arrival, so nothing that
        # reaches this validator from now on comes before it, however much is waiting.
        watch.beside = state.transactions.all_pending()
    return watch.half_periods


def on_change_timer(state: ReplicaState, generation: int) -> bool:
    """The new primary was silent for too long; True when it is time for the next one (rule VC-4)."""
    if not state.is_change_armed or generation != state.timer_generation:
        return False
    state.is_change_armed = False
    return state.is_changing


def timeout_ms(state: ReplicaState) -> int:
    """`view_timeout_ms`, doubled with every view that failed in a row, up to a cap (rule VC-4)."""
    return state.parameters.view_timeout_ms << min(state.failed_views, BACKOFF_DOUBLINGS_MAX)


def disarm_request(state: ReplicaState, output: Output) -> None:
    """Stop waiting for the primary; the next wait begins with its first half."""
    state.request_phase = 0
    state.watch = None
    if state.is_request_armed:
        state.is_request_armed = False
        output.timers.append(CancelTimer(TimerKind.REQUEST))


def disarm_change(state: ReplicaState, output: Output) -> None:
    """Stop waiting for a new view."""
    if state.is_change_armed:
        state.is_change_armed = False
        output.timers.append(CancelTimer(TimerKind.VIEW_CHANGE))


def _set(state: ReplicaState, kind: TimerKind, delay_ms: int, output: Output) -> None:
    state.timer_generation += 1
    output.timers.append(SetTimer(kind, delay_ms, state.timer_generation))
