"""Votes that are counted, and nothing follows: four of five that arrive (rule NC-8).

A short cut and no rule. What is not certainly such a vote is left alone: `voting` and `attesting` judge it,
and would do the same with those that are counted here. A real validator counts for itself alone; simulated
ones, which all get the same vote, are counted for together: none sees anything of another.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from govchain.consensus.messages import Commit, ConsensusMessage, Prepare, SignedMessage
from govchain.consensus.state import ReplicaState
from govchain.model import Attestation

_VOTES: Final = (Prepare, Commit)


def count_vote(states: Sequence[ReplicaState], message: ConsensusMessage, signed: SignedMessage) -> list[int]:
    """Count a peer's first vote where it contradicts nothing and completes no quorum (NC-4, NC-5, CP-1).

    Returns the places of the states in which it may be anything else; nothing was changed there.
    """
    if isinstance(message, Attestation):
        return _count_attestation(states, message, signed)
    if isinstance(message, _VOTES):
        return _count_vote(states, message, signed)
    return list(range(len(states)))


def _count_vote(
    states: Sequence[ReplicaState], message: Prepare | Commit, signed: SignedMessage
) -> list[int]:
    chain_id, epoch, sender = message.chain_id, message.epoch, message.validator
    view, seq, digest = message.view, message.seq, message.digest
    is_prepare = isinstance(message, Prepare)
    # This vote, and in the first phase the proposal, which is the primary's prepare.
    more = 2 if is_prepare else 1
    left = []
    for place, state in enumerate(states):
        slot = state.slots.get(seq)
        if (
            slot is not None
            and view == state.view
            and sender in state.counted
            and epoch == state.epoch
            and chain_id == state.chain_id
            and not (is_prepare and sender == state.primary)
        ):
            tally = slot.prepares if is_prepare else slot.commits
            entry = slot.proposal or slot.parked
            if entry is None:
                is_free = True  # Votes come to nothing before there is a proposal.
            elif digest != entry.digest:
                is_free = False
            else:
                is_settled = slot.is_prepared if is_prepare else slot.is_committed
                is_free = is_settled or tally.size + more < state.quorum_size
            if is_free and tally.add_first(sender, digest, signed):
                continue
        left.append(place)
    return left


def _count_attestation(
    states: Sequence[ReplicaState], message: Attestation, signed: SignedMessage
) -> list[int]:
    chain_id, epoch, sender = message.chain_id, message.epoch, message.validator
    height, digest = message.height, message.header_digest
    left = []
    for place, state in enumerate(states):
        record = state.heights.get(height)
        if (
            record is not None
            and sender in state.counted
            and epoch == state.epoch
            and chain_id == state.chain_id
            # Before the own execution there is nothing to compare with.
            and (record.own is None or digest == record.header_digest)
        ):
            if record.is_certified:
                is_counted = record.own is not None  # Votes on a certified height are not kept any more.
            else:
                is_free = record.own is None or record.votes.size + 1 < state.quorum_size
                is_counted = is_free and record.votes.add_first(sender, digest, signed)
            if is_counted:
                state.note_attested(sender, height)
                continue
        left.append(place)
    return left
