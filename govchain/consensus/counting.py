"""Votes that are counted, and nothing follows: four of five that arrive (rule NC-8).

A short cut and no rule. What is not certainly such a vote is left alone: `voting` and `attesting` judge it,
and would do the same with those that are counted here.
"""

from __future__ import annotations

from govchain.consensus.messages import Commit, ConsensusMessage, Prepare, SignedMessage
from govchain.consensus.state import ReplicaState
from govchain.model import Attestation


def may_count(state: ReplicaState) -> bool:
    """Whether any vote may be counted as it is now."""
    # The first open vote arms the timer. During a view change no view is current (rule VC-1), and one that
    # executes differently must not take part (rule CP-3).
    return state.is_retransmit_armed and not state.target and not state.diverged_at


def is_counted(state: ReplicaState, message: ConsensusMessage, signed: SignedMessage) -> bool:
    """Count a peer's first vote if it contradicts nothing here and completes no quorum (NC-4, NC-5, CP-1).

    False when it may be anything else; nothing was changed then. Expects `may_count`.
    """
    sender = message.validator
    if message.chain_id != state.chain_id or message.epoch != state.epoch or sender not in state.peers:
        return False
    if isinstance(message, Attestation):
        return _is_attestation_counted(state, message, signed)
    is_prepare = isinstance(message, Prepare)
    if not (is_prepare or isinstance(message, Commit)) or (is_prepare and sender == state.primary):
        return False
    slot = state.slots.get(message.seq)
    if slot is None or message.view != state.view:
        return False
    if is_prepare:
        # The proposal is the primary's prepare.
        tally, is_settled, quorum_size = slot.prepares, slot.is_prepared, state.quorum_size - 1
    else:
        tally, is_settled, quorum_size = slot.commits, slot.is_committed, state.quorum_size
    entry = slot.proposal or slot.parked
    if entry is None:
        is_settled = True  # Votes come to nothing before there is a proposal.
    elif message.digest != entry.digest:
        return False
    if is_settled or len(tally.by_voter) + 1 < quorum_size:
        return tally.add_first(sender, message.digest, signed)
    return False


def _is_attestation_counted(state: ReplicaState, message: Attestation, signed: SignedMessage) -> bool:
    sender, height = message.validator, message.height
    record = state.heights.get(height)
    if record is None:
        return False
    if record.own is not None:
        if message.header_digest != record.header_digest:
            return False
        if not record.is_certified and len(record.votes.by_voter) + 1 >= state.quorum_size:
            return False
    elif record.is_certified:
        return False
    # Votes on a certified height are not kept any more.
    if not record.is_certified and not record.votes.add_first(sender, message.header_digest, signed):
        return False
    state.note_attested(sender, height)
    return True
