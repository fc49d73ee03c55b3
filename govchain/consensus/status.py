"""A replica at a glance: where it stands and, in one line, what the next height waits for.

For people and dashboards. Nothing may be decided on it.
"""

from __future__ import annotations

from dataclasses import dataclass

from govchain.consensus.slots import Slot
from govchain.consensus.state import ReplicaState
from govchain.consensus.tally import Tally


@dataclass(frozen=True, slots=True)
class ReplicaStatus:
    """Answer of `Replica.status`."""

    epoch: int
    index: int
    """In the validator set of the epoch; -1 for an observer."""
    view: int
    head_height: int
    """Last executed height."""
    next_seq: int
    """First seq without an accepted proposal."""
    in_flight: int
    """Accepted proposals that are not decided."""
    silent_to: int
    """It signs nothing until this height is certified here (rule RC-2); 0 when it votes."""
    stall: str
    """What the lowest unfinished height waits for; empty when nothing is waiting."""

    @property
    def view_changes(self) -> int:
        """Views that ended: a view lasts as long as its primary works (rule VC-1)."""
        return self.view


def compute_status(state: ReplicaState) -> ReplicaStatus:
    """The status now."""
    return ReplicaStatus(
        epoch=state.validators.epoch,
        index=state.index,
        view=state.view,
        head_height=state.head.height,
        next_seq=state.tip + 1,
        in_flight=state.tip - state.decided,
        silent_to=state.silent_to if state.is_silent else 0,
        stall=compute_stall(state),
    )


def compute_stall(state: ReplicaState) -> str:
    """One line on the lowest unfinished height; empty when nothing is waiting."""
    if state.diverged_at:
        return f"stopped: a quorum attested another header of height {state.diverged_at}"
    if state.is_silent:
        wanted, now = state.silent_to, state.base_height
        return f"not voting until height {wanted} is certified here (now {now}): {state.forgot}"
    if state.is_changing:
        return _explain_change(state)
    if not state.is_member:
        ahead = state.quorum_ahead
        return f"observing, behind height {ahead}" if ahead > state.head.height else ""
    seq = state.decided + 1
    slot = state.slots.get(seq)
    is_paused = state.next_validators is not None
    if not is_paused and (slot is not None or _has_open(state, seq)):
        return f"seq {seq} view {state.view}: {_explain_slot(state, slot)}"
    if state.decided > state.head.height:
        return f"height {state.head.height + 1}: decided, not executed yet"
    for height in range(state.final + 1, state.head.height + 1):
        record = state.heights.get(height)
        if record is not None and not record.is_certified:
            waits = _explain_votes(state, record.votes, record.header_digest, "attestations")
            return f"height {height}: {waits}"
    return ""


def _has_open(state: ReplicaState, seq: int) -> bool:
    return any(above > seq for above in state.slots) or state.transactions.pending_count > 0


def _explain_change(state: ReplicaState) -> str:
    """For example `view 3: waiting for new view from validator-3, 2 of 3 view-changes, missing …`."""
    view, size = state.target, state.validators.size
    voters = [index for index in range(size) if index in state.wanted and state.wanted[index].view == view]
    missing = ", ".join(_name(state, index) for index in range(size) if index not in voters)
    votes = f"{len(voters)} of {state.validators.quorum_size} view-changes, missing {missing or 'nobody'}"
    return f"view {view}: waiting for new view from {_name(state, view % size)}, {votes}"


def _explain_slot(state: ReplicaState, slot: Slot | None) -> str:
    entry = None if slot is None else slot.proposal or slot.parked
    if slot is None or entry is None:
        return f"no proposal from {_name(state, state.primary)}"
    missing = state.transactions.missing(entry.message.transaction_ids)
    if missing:
        return f"{len(missing)} of {len(entry.message.transaction_ids)} transactions missing"
    if slot.proposal is None:
        return "its proposal is parked"
    if not slot.is_prepared:
        return _explain_votes(state, slot.prepares, entry.digest, "prepares", proposer=state.primary)
    return _explain_votes(state, slot.commits, entry.digest, "commits")


def _explain_votes(
    state: ReplicaState, tally: Tally, digest: bytes, phase: str, *, proposer: int | None = None
) -> str:
    """For example `2 of 3 prepares, missing validator-3`; the proposal counts as the primary's prepare."""
    voters = [voter for voter, _ in tally.votes(digest)]
    if proposer is not None:
        voters.append(proposer)
    missing = [_name(state, index) for index in range(state.validators.size) if index not in voters]
    return f"{len(voters)} of {state.validators.quorum_size} {phase}, missing {', '.join(missing)}"


def _name(state: ReplicaState, index: int) -> str:
    return state.validators.members[index].name
