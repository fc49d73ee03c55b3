"""A replica whose key is not in the set: it follows by certified blocks and signs nothing (rules MB-2, CU-1).

It may have left, or be about to join. What it executes is the same as everybody's.
"""

from __future__ import annotations

from govchain.consensus.events import (
    BlockExecuted,
    BlockInstalled,
    Event,
    EvidenceReceived,
    TimerFired,
    TimerKind,
    TransactionsAvailable,
    TransactionsDropped,
    Verified,
)
from govchain.consensus.evidence import on_evidence
from govchain.consensus.executed import on_block_installed
from govchain.consensus.healing import note_behind
from govchain.consensus.output import Output, SetTimer
from govchain.consensus.state import ReplicaState
from govchain.model import Attestation


def observe(state: ReplicaState, event: Event, output: Output) -> None:
    """Take an event without a vote: blocks and transactions count, attestations tell (rule CU-1)."""
    assert not state.is_member
    match event:
        case BlockInstalled():
            on_block_installed(state, event, output)
        case TransactionsAvailable(entries=entries):
            state.transactions.add(entries, state.head.height)
        case TransactionsDropped(ids=ids):
            state.transactions.drop(ids)
        case Verified(message=Attestation(validator=sender, height=height)):
            state.note_attested(sender, height)
        case TimerFired(kind=TimerKind.RETRANSMIT, generation=generation):
            if state.is_retransmit_armed and generation == state.period:
                state.is_retransmit_armed = False
                note_behind(state, output)
        case EvidenceReceived():
            on_evidence(state, event, output)
        case Verified() | TimerFired() | BlockExecuted():
            pass


def arm_observer(state: ReplicaState, output: Output) -> None:
    """A timer runs while a weak quorum is ahead: then a block is asked for by a `behind` note (rule CU-1)."""
    if state.quorum_ahead > state.head.height and not state.is_retransmit_armed:
        state.period += 1
        state.is_retransmit_armed = True
        output.timers.append(SetTimer(TimerKind.RETRANSMIT, state.parameters.retransmit_ms, state.period))
