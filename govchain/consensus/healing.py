"""Lost messages: send own ones again, ask for those of others, notice being left behind (rules VC-6, CU-1).

One timer, one period. What lies open for a whole period is sent again; nothing here votes anew.
"""

from __future__ import annotations

from govchain.consensus.events import TimerKind
from govchain.consensus.messages import Progress, SignedMessage
from govchain.consensus.output import Output, Send, SetTimer
from govchain.consensus.slots import Slot
from govchain.consensus.state import ReplicaState, note
from govchain.consensus.voting import fetch_missing

RESEND_EXTRA = 2
"""Seqs sent again in one period beyond the pipeline."""
QUESTIONS_MAX = 10
"""Periods in which a restarted replica asks again: one frame may be lost, or come before the connections."""


def on_retransmit(state: ReplicaState, generation: int, output: Output) -> None:
    """A period is over: send again what stayed open through it; stale timers do nothing (rule VC-6)."""
    if generation != state.period or not state.is_retransmit_armed:
        return
    state.is_retransmit_armed = False
    state.answered.clear()
    if state.own_view_change is not None:
        output.send.append(Send(state.own_view_change))
    limit = state.parameters.pipeline + RESEND_EXTRA
    slots = [slot for slot in _open_slots(state) if slot.born < state.period]
    for slot in slots[:limit]:
        for signed in own_messages(state, slot):
            output.send.append(Send(signed))
        fetch_missing(state, slot, output)
    heights = [height for height in _uncertified(state) if state.heights[height].born < state.period]
    for height in heights[:limit]:
        own = state.heights[height].own
        assert own is not None
        output.send.append(Send(own))
        if state.heights[height].born < state.period - 1:
            # Attestations did not help: whoever certified it has forgotten its own, but has the certificate.
            note(output, "uncertified", height=height, peer=peer_of_period(state))
    is_stuck = state.moved < state.period and state.decided == state.head.height
    is_starved = is_stuck and (state.transactions.pending_count > 0 or state.quorum_ahead > state.head.height)
    is_open = bool(slots or heights or is_starved or is_asking(state) or state.is_changing)
    if is_open and state.validators.size > 1:
        output.send.append(Send(progress(state)))
    state.questions = max(0, state.questions - 1)
    if is_stuck:
        note_behind(state, output)


def on_progress(state: ReplicaState, message: Progress, output: Output) -> None:
    """Send a peer what it lacks and we hold, once a period and peer (rule VC-6).

    The claim itself changes nothing here (rule CU-1): a liar gets a bounded answer.
    """
    peer = message.validator
    if peer in state.answered:
        return
    state.answered[peer] = None
    if message.view < state.view and state.new_view is not None and peer != state.primary:
        # It speaks for itself, whoever sends it (situation 28).
        output.send.append(Send(state.new_view, to=peer))
    limit = state.parameters.pipeline + RESEND_EXTRA
    above = range(message.head + 1, message.head + 1 + limit)
    for seq in above:
        if (slot := state.slots.get(seq)) is not None:
            output.send.extend(Send(signed, to=peer) for signed in held_messages(state, slot, peer))
    late = [
        height for height in range(message.final + 1, message.final + 1 + limit) if height <= message.head
    ]
    # Our newest attestation is evidence for a peer that fell out of the logs (CU-1).
    for height in dict.fromkeys([*late, *above, state.head.height]):
        record = state.heights.get(height)
        if record is not None and record.own is not None:
            output.send.append(Send(record.own, to=peer))


def note_behind(state: ReplicaState, output: Output) -> None:
    """A weak quorum executed heights that we cannot decide: the driver must fetch blocks (rule CU-1)."""
    height = state.quorum_ahead
    if height <= state.head.height:
        return
    # Votes sent again are the cheaper cure: they get one more period, unless the logs have passed us by.
    is_far = state.is_syncing or height - state.head.height > state.parameters.checkpoint_interval
    if not is_far and state.moved >= state.period - 1:
        return
    attested = state.highest_attested
    peers = [peer for peer in sorted(attested) if attested[peer] >= height and peer != state.index]
    peer = peers[state.period % len(peers)] if peers else peer_of_period(state)
    note(output, "behind", height=height, peer=peer)


def own_messages(state: ReplicaState, slot: Slot) -> list[SignedMessage]:
    """Own proposal, prepare and commit of a slot, the same bytes as ever (rule RC-1)."""
    messages = []
    if slot.proposal is not None and slot.proposal.message.validator == state.index:
        messages.append(slot.proposal.signed)
    return messages + [vote for vote in (slot.own_prepare, slot.own_commit) if vote is not None]


def held_messages(state: ReplicaState, slot: Slot, peer: int) -> list[SignedMessage]:
    """The accepted proposal, unless the peer signed it itself, and the own votes on it."""
    entry = slot.proposal
    if entry is not None and entry.message.view != state.view:
        return []  # Settled before this view began: the peer gets the block instead.
    proposal = entry.signed if entry is not None and entry.message.validator != peer else None
    return [signed for signed in (proposal, slot.own_prepare, slot.own_commit) if signed is not None]


def arm_retransmit(state: ReplicaState, output: Output) -> None:
    """One timer runs while anything is open; when nothing is, the last one fires idly and ends."""
    if state.is_retransmit_armed or state.diverged_at or not is_anything_open(state):
        return
    state.period += 1
    state.is_retransmit_armed = True
    output.timers.append(SetTimer(TimerKind.RETRANSMIT, state.parameters.retransmit_ms, state.period))


def is_anything_open(state: ReplicaState) -> bool:
    """Something may still have to be sent again, asked for or answered."""
    return bool(
        state.answered
        or state.is_changing
        or is_asking(state)
        or state.transactions.pending_count
        or state.quorum_ahead > state.head.height
        or _uncertified(state)
        or _open_slots(state)
    )


def ask_after_restart(state: ReplicaState, output: Output) -> None:
    """Ask everybody for what was missed, and again until a quorum was heard (rule RC-4)."""
    if state.validators.size > 1:
        output.send.append(Send(progress(state)))
        state.questions = QUESTIONS_MAX


def is_asking(state: ReplicaState) -> bool:
    """Restarted, and with those that told their height since, this one is no quorum yet (rule RC-4)."""
    return state.questions > 0 and len(state.highest_attested) + 1 < state.validators.quorum_size


def _open_slots(state: ReplicaState) -> list[Slot]:
    """Slots above the last decision, lowest first."""
    return [state.slots[seq] for seq in sorted(seq for seq in state.slots if seq > state.decided)]


def _uncertified(state: ReplicaState) -> list[int]:
    """Executed heights that still wait for their certificate, lowest first."""
    heights = range(state.final + 1, state.head.height + 1)
    records = state.heights
    return [height for height in heights if height in records and not records[height].is_certified]


def peer_of_period(state: ReplicaState) -> int:
    """Another peer every period, so that a silent or lying one is not asked for ever (rule CU-5)."""
    others = [peer for peer in range(state.validators.size) if peer != state.index]
    return others[state.period % len(others)]


def progress(state: ReplicaState) -> SignedMessage:
    """Our own `Progress`, signed."""
    return state.sign(
        Progress(
            chain_id=state.chain_id,
            epoch=state.validators.epoch,
            validator=state.index,
            view=state.view,
            head=state.head.height,
            final=state.final,
        )
    )
