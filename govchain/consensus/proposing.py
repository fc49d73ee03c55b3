"""When the primary proposes and what (rule NC-7).

The primary's own proposal runs through the same acceptance as everybody's. No vote is judged here.
"""

from __future__ import annotations

from govchain.consensus.events import TimerKind
from govchain.consensus.messages import Proposal
from govchain.consensus.output import CancelTimer, Output, Send, SetTimer
from govchain.consensus.slots import ProposalEntry
from govchain.consensus.state import ReplicaState, note
from govchain.consensus.voting import accept
from govchain.crypto import compute_root, digest_of
from govchain.model import Batch

EXECUTION_LAG_FACTOR = 2
"""Proposals run ahead of the executed head by at most this many pipelines: a slow executor is waited for."""


def try_propose(state: ReplicaState, now_ms: int, output: Output) -> None:
    """Propose while there is something ready and room for it, then see to the batch age timer (rule NC-7)."""
    while is_batch_ready(state) and may_propose(state) and is_room(state):
        _propose(state, now_ms, output)
    _arm_age(state, output)


def may_propose(state: ReplicaState) -> bool:
    """This is the primary of a view that runs, and has taken over what it must (rules NC-1, VC-3, RC-2)."""
    is_free = not state.is_changing and not state.is_silent
    return state.is_primary and is_free and state.tip >= state.carried_to


def is_room(state: ReplicaState) -> bool:
    """Fewer than `pipeline` in flight, execution not left behind, inside the window (rules NC-7, CP-2)."""
    next_seq = state.tip + 1
    pipeline = state.parameters.pipeline
    return (
        state.tip - state.decided < pipeline
        and next_seq - state.head.height <= EXECUTION_LAG_FACTOR * pipeline
        and next_seq <= state.vote_high
    )


def is_batch_ready(state: ReplicaState) -> bool:
    """Something is pending, and it is enough, old enough, or nothing else is in flight (rule NC-7)."""
    pending = state.transactions
    if pending.pending_count == 0:
        return False
    return (
        state.tip == state.decided
        or state.is_batch_due
        or pending.pending_count >= state.parameters.batch_records_max
        or pending.pending_bytes >= state.parameters.batch_bytes_max
    )


def on_batch_age(state: ReplicaState, generation: int) -> None:
    """The oldest pending transaction has waited long enough; a stale generation does nothing (rule NC-7)."""
    if generation == state.age_generation and state.is_age_armed:
        state.is_age_armed = False
        state.is_batch_due = state.transactions.pending_count > 0


def _propose(state: ReplicaState, now_ms: int, output: Output) -> None:
    before = state.position_at(state.tip)
    seq = state.tip + 1
    ids = state.transactions.next_batch(state.parameters.batch_records_max, state.parameters.batch_bytes_max)
    assert ids, "no empty proposals (NC-7)"
    batch = Batch(
        chain_id=state.chain_id,
        epoch=state.validators.epoch,
        seq=seq,
        time_ms=max(now_ms, before.time_ms),
        proposer=state.index,
        transactions_root=compute_root(state.suite, ids),
        transaction_count=len(ids),
    )
    message = Proposal(
        chain_id=state.chain_id,
        epoch=state.validators.epoch,
        validator=state.index,
        view=state.view,
        seq=seq,
        parent=before.batch_digest,
        batch=batch,
        transaction_ids=ids,
    )
    signed = state.sign(message)
    state.is_batch_due = False
    output.send.append(Send(signed))
    note(output, "proposed", view=state.view, seq=seq, transactions=len(ids))
    accept(state, state.slot(seq), ProposalEntry(message, signed, digest_of(state.suite, batch)), output)


def _arm_age(state: ReplicaState, output: Output) -> None:
    """One age timer runs while transactions wait behind proposals in flight."""
    is_waiting = may_propose(state) and state.transactions.pending_count > 0 and not state.is_batch_due
    if is_waiting and not state.is_age_armed:
        state.age_generation += 1
        state.is_age_armed = True
        delay_ms = state.parameters.batch_age_ms
        output.timers.append(SetTimer(TimerKind.BATCH_AGE, delay_ms, state.age_generation))
    elif state.is_age_armed and not is_waiting:
        state.is_age_armed = False
        output.timers.append(CancelTimer(TimerKind.BATCH_AGE))
